import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { DisplayLimits } from '../contract/images.ts';
import { pictureType } from '../images/encode.ts';
import type { PictureRequest } from '../images/picture.ts';
import { createPictureThreads } from '../images/picture-threads.ts';
import { checkUnchanged } from '../images/unchanged.ts';
import { imagePath } from '../projects/image-path.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import { limitsFor, type ViewColumns, viewColumns, viewOf } from './views.ts';

export interface Picture {
  /** Its media type. */
  readonly type: string;
  readonly data: Uint8Array;
}

/** What screens show of images, made when it is first asked for and kept in the project's cache. */
export interface Pictures {
  /**
   * The view of an item, as networks see it.
   *
   * @param viewKey as `describeItems` gave it
   * @throws UserError when the item is no more, is seen otherwise by now, or its image cannot be read
   */
  thumbnail(itemId: number, viewKey: string): Promise<Picture>;
  /** A whole image as it is shown: 8 bits, upright. */
  image(imageId: number): Promise<Picture>;
}

type Shown = Pick<ViewColumns, 'path' | 'copied' | 'page' | 'contentHash' | 'bytes' | 'modified' | 'low' | 'high'>;

export interface ProjectPictures extends Pictures {
  close(): void;
}

export function createPictures(project: Project): ProjectPictures {
  const threads = createPictureThreads();
  const findItem = project.database.prepare<[number], ViewColumns>(
    `SELECT ${viewColumns} FROM items JOIN images ON images.id = items.image_id WHERE items.id = ?`,
  );
  /** @param file in the cache's folder */
  async function pictureOf(file: string, request: Omit<PictureRequest, 'file'>): Promise<Picture> {
    return { type: pictureType, data: await threads.get({ ...request, file: join(project.cacheFolder, file) }) };
  }

  const requestOf = (image: Shown, limits: DisplayLimits | null): Omit<PictureRequest, 'file'> => ({
    path: imagePath(project, image),
    page: image.page,
    limits,
    // Nobody but the project changes its own copies.
    ...(image.copied ? {} : { expected: image }),
  });

  return {
    async thumbnail(itemId, viewKey) {
      const row = findItem.get(itemId);
      if (!row) throw new UserError('This item is not in the project any more.');
      const { box, limits, key } = viewOf(row, getSetting(project, 'displayLimits'));
      if (key !== viewKey) throw new UserError('This item is seen otherwise by now.');
      return pictureOf(join('thumbnails', key.slice(0, 2), `${key}.jpg`), {
        ...requestOf(row, limits),
        view: { ...(box ? { box } : {}), margin: row.margin },
      });
    },
    async image(imageId) {
      const row = project.database
        .prepare<[number], Shown & { format: string; channels: number }>(
          `SELECT path, copied, page, content_hash AS contentHash, bytes, modified_ms AS modified, display_low AS low,
                  display_high AS high, format, channels
             FROM images WHERE id = ?`,
        )
        .get(imageId);
      if (!row) throw new UserError('This image is not in the project any more.');
      const request = requestOf(row, limitsFor(row, getSetting(project, 'displayLimits')));
      const { path, limits, expected } = request;
      // A browser shows a JPEG as networks see it, and decodes it faster than it would another.
      if (row.format === 'jpeg' && row.channels === 3) {
        if (expected) await checkUnchanged(path, expected);
        return { type: 'image/jpeg', data: await readFile(path) };
      }
      const shown = limits ? `-${limits.low}-${limits.high}` : '';
      const name = `${row.contentHash}-${row.page}${shown}.jpg`;
      return pictureOf(join('images', row.contentHash.slice(0, 2), name), request);
    },
    close: () => threads.close(),
  };
}
