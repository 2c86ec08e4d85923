import { access } from 'node:fs/promises';
import { basename, dirname, posix } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../contract/errors.ts';
import type { Box } from '../../contract/images.ts';
import { imageExtensions } from '../formats.ts';
import { resolveImage } from './paths.ts';
import type { Entry, SourceOptions } from './types.ts';

const labels = z.array(z.string());
const valueSchema = z.object({
  x: z.number().optional(),
  y: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  rotation: z.number().optional(),
  rectanglelabels: labels.optional(),
  labels: labels.optional(),
  choices: labels.optional(),
});
const resultSchema = z.object({
  id: z.string().optional(),
  type: z.string(),
  value: valueSchema,
  original_width: z.number().positive().optional(),
  original_height: z.number().positive().optional(),
});
type Result = z.infer<typeof resultSchema>;

const taskSchema = z.object({
  data: z.record(z.string(), z.unknown()),
  annotations: z.array(z.object({ result: z.array(z.unknown()), was_cancelled: z.boolean().nullish() })),
});

/** Whether a parsed JSON file has the shape of an export of Label Studio (the full one; "JSON-MIN" leaves out too much to be told). */
export const isLabelStudio = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && taskSchema.safeParse(value[0]).success;

/**
 * Reads Label Studio's JSON export. Rectangles (percent of the image) become boxes, choices label the whole image. Of several
 * annotations of a task the last that was not cancelled counts; predictions do not. Images that were uploaded or served from a folder are
 * looked for by path, then by name, in the folder of the images; the eight digits that an upload puts before a name may be missing.
 *
 * @param value the parsed JSON
 * @throws UserError when the file as a whole is no such export. A faulty task or mark is refused alone: a rotated rectangle,
 *   a polygon, an image that lies on a network.
 */
export async function* readLabelStudio(
  path: string,
  value: unknown,
  options: SourceOptions = {},
): AsyncGenerator<Entry> {
  if (!Array.isArray(value))
    throw new UserError(`${path}: this is not an export of Label Studio, which is a list of tasks.`);
  const folder = options.images ?? dirname(path);
  for (const [i, entry] of (value as unknown[]).entries()) {
    const source = `${basename(path)} task ${i + 1}`;
    const task = taskSchema.safeParse(entry);
    if (!task.success) {
      yield {
        source,
        reason:
          "This is not a task of Label Studio's JSON export, with data and annotations. Export as JSON, not as JSON-MIN.",
      };
      continue;
    }
    try {
      const image = await findImage(folder, imageName(task.data.data));
      const annotation = task.data.annotations.findLast(({ was_cancelled }) => !was_cancelled);
      if (!annotation || annotation.result.length === 0) yield { source, reason: 'The task has no annotation.' };
      else
        for (const mark of readMarks(annotation.result))
          yield { ...mark, ...('reason' in mark ? {} : { image }), source } as Entry;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      yield { source, reason: error.message };
    }
  }
}

type Mark = { readonly label?: string; readonly box?: Box } | { readonly reason: string };

function* readMarks(results: readonly unknown[]): Generator<Mark> {
  const marks = results.map((result) => resultSchema.safeParse(result));
  // With separate labels a rectangle is there twice under one id: bare, and with its label.
  const labelled = new Set(marks.map(({ data }) => (data && data.type !== 'rectangle' ? data.id : undefined)));
  for (const { data: mark } of marks) {
    if (!mark) yield { reason: 'A mark of the task is faulty: it has no type or no value.' };
    else if (mark.type === 'rectangle' && mark.id !== undefined && labelled.has(mark.id)) continue;
    else yield readMark(mark);
  }
}

function readMark({ type, value, original_width: width, original_height: height }: Result): Mark {
  const names = value.rectanglelabels ?? value.labels ?? value.choices ?? [];
  if (names.length > 1) return { reason: `It has the labels ${names.join(', ')}; an item has one class.` };
  const label = names.length === 1 ? { label: names[0] } : {};
  if (type === 'choices') return names.length === 1 ? label : { reason: 'A choice was left open.' };
  if (!['rectanglelabels', 'rectangle', 'labels'].includes(type))
    return { reason: `Marks of type ${type} are not read; rectangles and choices are.` };
  if (value.rotation)
    return { reason: `The rectangle is turned by ${value.rotation} degrees; only upright ones are read.` };
  const { x, y, width: w, height: h } = value;
  if (x === undefined || y === undefined || w === undefined || h === undefined || !width || !height)
    return { reason: 'The rectangle lacks x, y, width, height, original_width or original_height.' };
  // Percent with many digits: a hundredth of a pixel is more than anyone drew.
  const pixels = (percent: number, length: number): number => Math.round(percent * length) / 100;
  return {
    ...label,
    box: { x: pixels(x, width), y: pixels(y, height), width: pixels(w, width), height: pixels(h, height) },
  };
}

/** The task's image: the field `image`, or the only one that names a file with an image's extension. */
function imageName(data: Readonly<Record<string, unknown>>): string {
  if (typeof data.image === 'string') return data.image;
  const named = Object.values(data).filter(
    (value): value is string => typeof value === 'string' && imageExtensions.has(posix.extname(value).toLowerCase()),
  );
  if (named.length === 1) return named[0];
  throw new UserError(
    'The task names no image: there is no field "image" in its data, nor one other field with an image\'s name.',
  );
}

async function findImage(folder: string, name: string): Promise<string> {
  const local = /^\/data\/local-files\/\?d=(.*)$/.exec(name);
  const path = local ? decodeName(local[1]) : decodeName(name.replace(/^\/data\/upload\/(\d+\/)?/, ''));
  // An address is refused here, whatever it ends in.
  const candidates = [resolveImage(folder, path.replace(/^\//, '')), resolveImage(folder, posix.basename(path))];
  const bare = posix.basename(path).replace(/^[0-9a-f]{8}-/, '');
  for (const candidate of [...candidates, resolveImage(folder, bare)])
    if (
      await access(candidate).then(
        () => true,
        () => false,
      )
    )
      return candidate;
  throw new UserError(`There is no image ${posix.basename(path)} in ${folder}. Name the folder of the images.`);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
