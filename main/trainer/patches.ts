import type { Patch } from '../images/augment.ts';

/** Where the patches of items are found again, so that their images need not be decoded for each view. */
export interface PatchStore {
  /** The patch of this name, made where there is none. */
  get(name: string, make: () => Promise<Patch>): Promise<Patch>;
}

/**
 * Keeps patches until there is no room left, and none from then on. Nothing is dropped: every item is seen once an epoch, in an order
 * of the epoch's own, and whatever was dropped for another would have been wanted as soon.
 *
 * @param mostBytes that the kept patches take; without it as many as are asked for
 */
export function createPatchStore(mostBytes = Infinity): PatchStore {
  const kept = new Map<string, Promise<Patch>>();
  let bytes = 0;
  return {
    get(name, make) {
      const known = kept.get(name);
      if (known) return known;
      const made = make();
      // Kept while it is being made as well, for the other views of the same item.
      kept.set(name, made);
      made.then(
        ({ pixels }) => {
          if (bytes + pixels.data.length > mostBytes) kept.delete(name);
          else bytes += pixels.data.length;
        },
        () => kept.delete(name),
      );
      return made;
    },
  };
}
