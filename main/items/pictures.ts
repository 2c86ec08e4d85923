import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { DisplayLimits } from '../contract/images.ts';
import { type Encoded, encodeThumbnail, encodeWhole } from '../images/encode.ts';
import { type Pixels, readPixels } from '../images/pixels.ts';
import { checkUnchanged } from '../images/unchanged.ts';
import { viewSquare, wholeBox } from '../images/views.ts';
import { imagePath } from '../projects/image-path.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import { createGate } from './gate.ts';
import { limitsFor, type ViewColumns, viewColumns, viewOf } from './views.ts';

/** What screens show of images, made when it is first asked for and kept in the project's cache. */
export interface Pictures {
  /**
   * The view of an item, as networks see it.
   *
   * @param viewKey as `describeItems` gave it
   * @throws UserError when the item is no more, is seen otherwise by now, or its image cannot be read
   */
  thumbnail(itemId: number, viewKey: string): Promise<Encoded>;
  /** A whole image as it is shown: 8 bits, upright. */
  image(imageId: number): Promise<Encoded>;
}

/** Images decoded at once: libvips spreads each over the cores by itself, so that few are enough. */
const decodedAtOnce = 3;
/** Decoded images that are kept, in bytes, for the other items of the same image. */
const mostKept = 256 * 2 ** 20;

type Shown = Pick<ViewColumns, 'path' | 'copied' | 'page' | 'contentHash' | 'bytes' | 'modified'>;

export function createPictures(project: Project): Pictures {
  const inTurn = createGate(decodedAtOnce);
  const underWay = new Map<string, Promise<Encoded>>();
  const decoded = new Map<string, { pixels: Promise<Pixels>; bytes: number }>();

  /** From the cache's file where it is there; else made, once for all who ask meanwhile. */
  async function cached(name: string, type: string, make: () => Promise<Encoded>): Promise<Encoded> {
    const file = join(project.cacheFolder, name);
    try {
      return { type, data: await readFile(file) };
    } catch {
      // Not there yet, or not readable: it is made.
    }
    const known = underWay.get(file);
    if (known) return known;
    const made = make()
      .then(async (picture) => {
        await keep(file, picture.data);
        return picture;
      })
      .finally(() => underWay.delete(file));
    underWay.set(file, made);
    return made;
  }

  function decode(image: Shown, limits: DisplayLimits | null): Promise<Pixels> {
    const key = JSON.stringify([image.contentHash, image.page, limits]);
    const known = decoded.get(key);
    if (known) {
      // The one used last is the last to go.
      decoded.delete(key);
      decoded.set(key, known);
      return known.pixels;
    }
    const path = imagePath(project, image);
    const pixels = inTurn(async () => {
      // Nobody but the project changes its own copies.
      if (!image.copied) await checkUnchanged(path, image);
      return readPixels(path, { page: image.page, ...(limits ? { limits } : {}) });
    });
    const entry = { pixels, bytes: 0 };
    decoded.set(key, entry);
    pixels.then(
      ({ data }) => {
        entry.bytes = data.length;
        makeRoom();
      },
      () => decoded.delete(key),
    );
    return pixels;
  }

  function makeRoom(): void {
    let total = [...decoded.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [key, { bytes }] of decoded) {
      if (total <= mostKept) return;
      total -= bytes;
      decoded.delete(key);
    }
  }

  return {
    async thumbnail(itemId, viewKey) {
      const row = project.database
        .prepare<[number], ViewColumns>(
          `SELECT ${viewColumns} FROM items JOIN images ON images.id = items.image_id WHERE items.id = ?`,
        )
        .get(itemId);
      if (!row) throw new UserError('This item is not in the project any more.');
      const { box, limits, key } = viewOf(row, getSetting(project, 'displayLimits'));
      if (key !== viewKey) throw new UserError('This item is seen otherwise by now.');
      return cached(join('thumbnails', key.slice(0, 2), `${key}.webp`), 'image/webp', async () => {
        const pixels = await decode(row, limits);
        const square = viewSquare(box ?? wholeBox(pixels.width, pixels.height), row.margin);
        return encodeThumbnail(pixels, square);
      });
    },
    async image(imageId) {
      const row = project.database
        .prepare<[number], Shown & { low: number | null; high: number | null; format: string; channels: number }>(
          `SELECT path, copied, page, content_hash AS contentHash, bytes, modified_ms AS modified, display_low AS low,
                  display_high AS high, format, channels
             FROM images WHERE id = ?`,
        )
        .get(imageId);
      if (!row) throw new UserError('This image is not in the project any more.');
      const limits = limitsFor(row, getSetting(project, 'displayLimits'));
      // A browser shows a JPEG as networks see it, and decodes it faster than it would another.
      if (row.format === 'jpeg' && row.channels === 3) {
        const path = imagePath(project, row);
        if (!row.copied) await checkUnchanged(path, row);
        return { type: 'image/jpeg', data: await readFile(path) };
      }
      const shown = limits ? `-${limits.low}-${limits.high}` : '';
      const name = join('images', row.contentHash.slice(0, 2), `${row.contentHash}-${row.page}${shown}.jpg`);
      return cached(name, 'image/jpeg', async () => encodeWhole(await decode(row, limits)));
    },
  };
}

/** Whole or not at all. A cache that cannot be written (a full disk) takes nobody's picture away. */
async function keep(file: string, data: Uint8Array): Promise<void> {
  const partial = `${file}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(partial, data);
    await rename(partial, file);
  } catch {
    await rm(partial, { force: true });
  }
}
