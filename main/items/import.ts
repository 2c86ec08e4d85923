import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { CancelledError, explain, messageOf, UserError } from '../contract/errors.ts';
import type { ImportRecord, Refusal } from '../contract/images.ts';
import type { Control } from '../contract/progress.ts';
import { checkBox } from '../images/boxes.ts';
import { inspectImage } from '../images/decode.ts';
import { hashFile } from '../images/hash.ts';
import { openSource, type SourceOptions } from '../images/sources/index.ts';
import { type Class, ensureClass } from '../labels/classes.ts';
import { labelItems } from '../labels/label-items.ts';
import type { Project } from '../projects/project.ts';
import { imagePath } from '../projects/image-path.ts';

export interface ImportOptions extends SourceOptions {
  /** Copies the images into the project instead of referring to them where they lie. */
  readonly copy?: boolean;
  /** Context shown to the network on each side of a region, as a share of its longer side. */
  readonly margin?: number;
}

export interface ImportReport {
  readonly format: string;
  /** Items that are new in the project. */
  readonly imported: number;
  /** Items that the project had. */
  readonly alreadyThere: number;
  /** Items that got a label from the source. */
  readonly labelled: number;
  /** Items whose label in the project differs from the source's. The project's was kept. */
  readonly conflicts: readonly Refusal[];
  readonly withoutGroup: number;
  readonly refused: readonly Refusal[];
}

/** Images that are read ahead at once: more than the cores, since a part of the time is the disk's. */
const readAhead = 4;
/** Items in a transaction, or milliseconds. A killed import loses at most this much, and running it again brings it. */
const batchSize = 500;
const batchTime = 2000;

interface ImageRow {
  readonly contentHash: string;
  readonly page: number;
  readonly path: string;
  readonly name: string;
  readonly copied: 0 | 1;
  readonly bytes: number;
  readonly modified: number;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly pages: number;
  readonly channels: number;
  readonly bits: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** One image file with everything that the source says of it. */
interface Bundle {
  readonly image: string;
  readonly page: number;
  readonly records: ImportRecord[];
}

type Opened =
  { readonly bundle: Bundle; readonly row: ImageRow } | { readonly bundle: Bundle; readonly reason: string };

/**
 * Takes images, items and labels from a folder or an annotation file into the project. What cannot be taken is reported
 * with its reason and the rest is in. Written in batches: a cancelled or killed import keeps what was written, and
 * running it again brings the rest.
 *
 * @throws UserError when the source as a whole cannot be read
 * @throws CancelledError after the signal; what was read until then is kept, as with every other error
 */
export async function importItems(
  project: Project,
  source: string,
  options: ImportOptions = {},
  control: Control = {},
): Promise<ImportReport> {
  const margin = options.margin ?? 0.1;
  if (!(margin >= 0 && margin <= 2)) throw new UserError(`The margin is ${margin}; it must lie between 0 and 2.`);
  const { format, records } = await openSource(source, options);
  const tally = { imported: 0, alreadyThere: 0, labelled: 0, withoutGroup: 0 };
  const refused: Refusal[] = [];
  const conflicts: Refusal[] = [];
  const write = prepareWriter(project, margin, tally, refused, conflicts);

  let batch: Opened[] = [];
  let batched = 0;
  let done = 0;
  let flushed = performance.now();
  const flush = (): void => {
    write(batch);
    batch = [];
    batched = 0;
    flushed = performance.now();
  };
  const open = (bundle: Bundle): Promise<Opened> => openImage(project, bundle, options.copy ?? false);
  try {
    for await (const opened of mapAhead(bundles(records, refused), open)) {
      batch.push(opened);
      batched += opened.bundle.records.length;
      done += opened.bundle.records.length;
      control.onProgress?.({ step: 'Importing', done });
      const cancelled = control.signal?.aborted ?? false;
      if (batched >= batchSize || performance.now() - flushed > batchTime || cancelled) flush();
      if (cancelled)
        throw new CancelledError(`The import (${tally.imported} new items are kept; run it again to go on)`);
    }
  } finally {
    // Also what was read before the source turned out to be broken, or the disk full.
    flush();
  }
  return { format, ...tally, refused, conflicts };
}

/** Gathers the records of one image that follow each other. */
async function* bundles(records: AsyncIterable<ImportRecord | Refusal>, refused: Refusal[]): AsyncGenerator<Bundle> {
  let bundle: Bundle | undefined;
  for await (const record of records) {
    if ('reason' in record) {
      refused.push(record);
      continue;
    }
    const page = record.page ?? 0;
    if (bundle?.image === record.image && bundle.page === page) {
      bundle.records.push(record);
      continue;
    }
    if (bundle) yield bundle;
    bundle = { image: record.image, page, records: [record] };
  }
  if (bundle) yield bundle;
}

/** Maps in order, with a few under way at once. */
async function* mapAhead<In, Out>(source: AsyncIterable<In>, map: (value: In) => Promise<Out>): AsyncGenerator<Out> {
  const ahead: Promise<Out>[] = [];
  try {
    for await (const value of source) {
      const mapped = map(value);
      // It may fail before its turn comes to be awaited: that is no rejection nobody handles.
      mapped.catch(() => undefined);
      ahead.push(mapped);
      if (ahead.length >= readAhead) yield await ahead.shift()!;
    }
    while (ahead.length) yield await ahead.shift()!;
  } finally {
    // Whoever stops must find that nothing goes on behind his back.
    await Promise.allSettled(ahead);
  }
}

async function openImage(project: Project, bundle: Bundle, copy: boolean): Promise<Opened> {
  let row: ImageRow;
  try {
    row = await readImage(project, bundle);
  } catch (error) {
    return { bundle, reason: explain(error) ?? messageOf(error) };
  }
  // A copy that cannot be made (a full disk) ends the import; a broken image does not.
  return {
    bundle,
    row: copy ? { ...row, path: await copyIn(project, bundle.image, row.contentHash), copied: 1 } : row,
  };
}

async function readImage(project: Project, { image: path, page }: Bundle): Promise<ImageRow> {
  const { size: bytes, mtimeMs } = await stat(path);
  const modified = Math.trunc(mtimeMs);
  const known = findUnchanged(project, path, page, bytes, modified);
  if (known) return known;
  const { displayLimits, format, width, height, pages, channels, bits } = await inspectImage(path, page);
  return {
    ...{ contentHash: await hashFile(path), page, path, name: basename(path), copied: 0, bytes, modified },
    ...{ format, width, height, pages, channels, bits },
    ...{ low: displayLimits?.low ?? null, high: displayLimits?.high ?? null },
  };
}

const imageColumns = `content_hash AS contentHash, page, path, name, copied, bytes, modified_ms AS modified, format, width, height,
  pages, channels, bits, display_low AS low, display_high AS high`;

/** The image as the project knows it, when the file has not been touched since: it need not be read again. */
function findUnchanged(
  project: Project,
  path: string,
  page: number,
  bytes: number,
  modified: number,
): ImageRow | undefined {
  return project.database
    .prepare<[string, number, number, number], ImageRow>(
      `SELECT ${imageColumns} FROM images WHERE path = ? AND page = ? AND bytes = ? AND modified_ms = ?`,
    )
    .get(path, page, bytes, modified);
}

/** Copies a file to `images/ab/HASH.ending`, whole or not at all. Returns the path below the project's folder. */
async function copyIn(project: Project, file: string, hash: string): Promise<string> {
  const relative = join(basename(project.imagesFolder), hash.slice(0, 2), hash + extname(file).toLowerCase());
  const target = join(project.folder, relative);
  if (existsSync(target)) return relative;
  await mkdir(dirname(target), { recursive: true });
  // The same content may be copied twice at once: as two files, or as two pages of one.
  const partial = `${target}.${randomUUID()}.part`;
  try {
    await copyFile(file, partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return relative;
}

function prepareWriter(
  project: Project,
  margin: number,
  tally: { imported: number; alreadyThere: number; labelled: number; withoutGroup: number },
  refused: Refusal[],
  conflicts: Refusal[],
): (batch: readonly Opened[]) => void {
  const { database } = project;
  const findImage = database.prepare<[string, number], { id: number; path: string; copied: number; modified: number }>(
    'SELECT id, path, copied, modified_ms AS modified FROM images WHERE content_hash = ? AND page = ?',
  );
  const insertImage = database.prepare<[ImageRow]>(
    `INSERT INTO images (content_hash, page, path, name, copied, bytes, modified_ms, format, width, height, pages, channels, bits, display_low, display_high)
     VALUES (@contentHash, @page, @path, @name, @copied, @bytes, @modified, @format, @width, @height, @pages, @channels, @bits, @low, @high)`,
  );
  const moveImage = database.prepare('UPDATE images SET path = ?, copied = ?, bytes = ?, modified_ms = ? WHERE id = ?');
  const findItem = database
    .prepare<[number, string, number, number, number, number], number>(
      'SELECT id FROM items WHERE image_id = ? AND kind = ? AND x = ? AND y = ? AND width = ? AND height = ?',
    )
    .pluck();
  const insertItem = database.prepare(
    'INSERT INTO items (image_id, kind, x, y, width, height, margin, group_name, part) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  // A source's last word on group and part counts: there is no other way to correct them.
  const updateItem = database.prepare(
    'UPDATE items SET group_name = COALESCE(?, group_name), part = COALESCE(?, part) WHERE id = ?',
  );
  const findLabel = database.prepare<[number], { id: number | null; name: string | null }>(
    'SELECT classes.id, classes.name FROM labels LEFT JOIN classes ON classes.id = labels.class_id WHERE item_id = ?',
  );

  const imageId = (row: ImageRow): number => {
    const found = findImage.get(row.contentHash, row.page);
    if (!found) return Number(insertImage.run(row).lastInsertRowid);
    // The same content elsewhere: the project follows it when it is copied in now, or when its old place is empty.
    const touched = row.path === found.path && row.modified !== found.modified;
    if (touched || (row.copied && !found.copied) || !existsSync(imagePath(project, found)))
      moveImage.run(row.path, row.copied, row.bytes, row.modified, found.id);
    return found.id;
  };

  return database.transaction((batch: readonly Opened[]) => {
    const labels = new Map<number, Class>();
    for (const opened of batch) {
      const { records } = opened.bundle;
      if ('reason' in opened) {
        const others = records.length > 1 ? ` All ${records.length} items of this image are left out.` : '';
        refused.push({ source: records[0].source, reason: opened.reason + others });
        continue;
      }
      const { row } = opened;
      const image = imageId(row);
      for (const record of records) {
        let box;
        try {
          box = record.box
            ? checkBox(record.box, row.width, row.height)
            : { x: 0, y: 0, width: row.width, height: row.height };
        } catch (error) {
          refused.push({ source: record.source, reason: messageOf(error) });
          continue;
        }
        const kind = record.box ? 'region' : 'image';
        const group = record.group ?? null;
        if (group === null) tally.withoutGroup++;
        let id = findItem.get(image, kind, box.x, box.y, box.width, box.height);
        if (id === undefined) {
          id = Number(
            insertItem.run(
              image,
              kind,
              box.x,
              box.y,
              box.width,
              box.height,
              record.box ? margin : 0,
              group,
              record.part ?? null,
            ).lastInsertRowid,
          );
          tally.imported++;
        } else {
          updateItem.run(group, record.part ?? null, id);
          tally.alreadyThere++;
        }
        if (record.label === undefined) continue;
        const label = ensureClass(project, record.label);
        const current = findLabel.get(id) ?? labels.get(id);
        if (!current) labels.set(id, label);
        else if (current.id !== label.id) {
          conflicts.push({
            source: record.source,
            reason: `labelled ${label.name} there and ${current.name ?? 'not at all'} in the project`,
          });
        }
      }
    }
    const changes = [...labels].map(([itemId, { id: classId }]) => ({ itemId, classId }));
    tally.labelled += labelItems(project, changes, 'import');
  });
}
