import { rename, rm, writeFile } from 'node:fs/promises';
import type { Classifier } from '../contract/classifiers.ts';
import type { Model } from '../engine/graph/types.ts';
import { writeModel } from '../engine/graph/write.ts';
import { metadataKeys } from '../engine/networks/metadata.ts';

/** Writes a classifier whole or not at all, with all that is needed to use it without anything else. */
export async function writeClassifierFile(target: string, model: Model, description: Classifier): Promise<void> {
  const { classes, preprocessing, provenance, card } = description;
  const metadata = {
    ...model.metadata,
    [metadataKeys.classes]: JSON.stringify(classes),
    [metadataKeys.preprocessing]: JSON.stringify(preprocessing),
    [metadataKeys.provenance]: JSON.stringify(provenance),
    ...(card ? { [metadataKeys.card]: JSON.stringify(card) } : {}),
    // In plain words too, for programs that show what a file says of itself.
    ...(card?.author ? { author: card.author } : {}),
    ...(card?.licence ? { license: card.licence } : {}),
    ...(card?.notes ? { description: card.notes } : {}),
  };
  const partial = `${target}.part`;
  try {
    await writeFile(partial, writeModel({ ...model, metadata }), { flush: true });
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

/** What a file says of itself, where we wrote it: not checked yet, undefined where it does not say it. */
export function describedIn(metadata: Readonly<Record<string, string>>): Readonly<Record<keyof Classifier, unknown>> {
  const read = (key: keyof Classifier): unknown =>
    parseJson((metadata as Partial<Record<string, string>>)[metadataKeys[key]]);
  return {
    classes: read('classes'),
    preprocessing: read('preprocessing'),
    provenance: read('provenance'),
    card: read('card'),
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
