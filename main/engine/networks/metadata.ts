/** Keys of `metadata_props` that our files carry beside the graph. Each value is JSON. */
export const metadataKeys = {
  /** How the weights that lie in the file expect their input: a Scaling. */
  preprocessing: 'parfocal.preprocessing',
  /** Names of the classes, in the order of the output. */
  classes: 'parfocal.classes',
  /** Where the network comes from and how it was trained. */
  provenance: 'parfocal.provenance',
  /** What its sharer says of it, what it was made with, how good it is. */
  card: 'parfocal.card',
} as const;
