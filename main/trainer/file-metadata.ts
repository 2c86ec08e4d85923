import { metadataKeys } from '../engine/networks/metadata.ts';

/** What a file of ours says of itself, not checked yet; undefined where it does not say it. */
export function fileMetadata(
  metadata: Readonly<Record<string, string>>,
): Readonly<Record<keyof typeof metadataKeys, unknown>> {
  const read = (key: keyof typeof metadataKeys): unknown =>
    parseJson((metadata as Partial<Record<string, string>>)[metadataKeys[key]]);
  return { preprocessing: read('preprocessing'), classes: read('classes'), provenance: read('provenance') };
}

/** The other way round: what is written into a file. */
export function asFileMetadata(
  described: Readonly<Record<keyof typeof metadataKeys, unknown>>,
): Record<string, string> {
  return {
    [metadataKeys.classes]: JSON.stringify(described.classes),
    [metadataKeys.preprocessing]: JSON.stringify(described.preprocessing),
    [metadataKeys.provenance]: JSON.stringify(described.provenance),
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
