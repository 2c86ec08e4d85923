import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../contract/errors.ts';
import { resolveImage } from './paths.ts';
import type { Entry, SourceOptions } from './types.ts';

const id = z.union([z.number(), z.string()]);
const documentSchema = z.object({
  images: z.array(z.unknown()),
  annotations: z.array(z.unknown()),
  categories: z.array(z.unknown()),
});
const imageSchema = z.object({ id, file_name: z.string() });
const categorySchema = z.object({ id, name: z.string().min(1) });
const annotationSchema = z.object({
  image_id: id,
  category_id: id,
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
  segmentation: z.unknown().optional(),
});

/** Whether a parsed JSON file has the shape of a COCO data set. */
export const isCoco = (value: unknown): boolean => documentSchema.safeParse(value).success;

const faultOf = (error: z.ZodError): string => {
  const issue = error.issues[0];
  return `${issue.path.join('.') || 'it'}: ${issue.message}`;
};

/**
 * Reads a COCO data set: `images`, `annotations` with `bbox` [x, y, width, height] in pixels from the top left, and `categories`. An
 * annotation without a box or an outline labels its whole image; crowds are refused, as they are not one object.
 *
 * @param value the parsed JSON
 * @throws UserError when the file as a whole is not COCO. A faulty entry is refused alone.
 */
export function* readCoco(path: string, value: unknown, options: SourceOptions = {}): Generator<Entry> {
  const file = basename(path);
  const document = documentSchema.safeParse(value);
  if (!document.success)
    throw new UserError(
      `${path}: this is not a COCO data set, which has images, annotations and categories: ${faultOf(document.error)}.`,
    );
  const images = new Map<number | string, string>();
  const categories = new Map<number | string, string>();
  yield* index(file, 'categories', document.data.categories, categorySchema, (entry) => {
    if (categories.has(entry.id)) return `The category ${entry.id} is there twice.`;
    categories.set(entry.id, entry.name);
    return undefined;
  });
  yield* index(file, 'images', document.data.images, imageSchema, (entry) => {
    if (images.has(entry.id)) return `The image ${entry.id} is there twice.`;
    images.set(entry.id, resolveImage(options.images ?? dirname(path), entry.file_name));
    return undefined;
  });
  for (const [i, entry] of document.data.annotations.entries()) {
    const source = `${file} annotations[${i}]`;
    const found = annotationSchema.safeParse(entry);
    const annotation = found.data;
    const image = annotation && images.get(annotation.image_id);
    const label = annotation && categories.get(annotation.category_id);
    if (!annotation) yield { source, reason: `The annotation is faulty: ${faultOf(found.error)}.` };
    else if (image === undefined) yield { source, reason: `There is no image ${annotation.image_id}.` };
    else if (label === undefined) yield { source, reason: `There is no category ${annotation.category_id}.` };
    else if (annotation.iscrowd) yield { source, reason: 'It marks a crowd and not one object.' };
    else if (annotation.bbox) {
      const [x, y, width, height] = annotation.bbox;
      yield { image, box: { x, y, width, height }, label, source };
    } else if (annotation.segmentation) yield { source, reason: 'It has an outline but no bbox.' };
    else yield { image, label, source };
  }
}

/** Takes each entry of a list by `add`, which says what is wrong with it; yields the refusals. */
function* index<T>(
  file: string,
  list: string,
  entries: readonly unknown[],
  schema: z.ZodType<T>,
  add: (entry: T) => string | undefined,
): Generator<Entry> {
  for (const [i, entry] of entries.entries()) {
    const found = schema.safeParse(entry);
    let reason: string | undefined;
    try {
      reason = found.success ? add(found.data) : `The entry is faulty: ${faultOf(found.error)}.`;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reason = error.message;
    }
    if (reason !== undefined) yield { source: `${file} ${list}[${i}]`, reason };
  }
}
