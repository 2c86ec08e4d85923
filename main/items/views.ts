import { createHash } from 'node:crypto';
import { UserError } from '../contract/errors.ts';
import type { Box, DisplayLimits } from '../contract/images.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import type { View, ViewedImage } from '../trainer/views.ts';
import { imagePath } from '../projects/image-path.ts';

/** An item as a network is to see it. */
export interface ItemView {
  readonly id: number;
  /** Names the pixels that are seen: other crop, limits, page or content, other key. */
  readonly key: string;
}

/** The columns of an item and its image that say which pixels are seen. */
export interface ViewColumns {
  readonly contentHash: string;
  readonly path: string;
  readonly copied: number;
  readonly bytes: number;
  readonly modified: number;
  readonly page: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly kind: 'image' | 'region';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly margin: number;
}

interface Row extends ViewColumns {
  readonly id: number;
}

/** Part of every key: raised when views are rendered in another way, so that codes of the old way are made again. */
const renderingVersion = 1;

/** `ViewColumns`, for a query over `items` and `images`. */
export const viewColumns = `images.content_hash AS contentHash, images.path, images.copied, images.bytes,
  images.modified_ms AS modified, images.page, images.display_low AS low, images.display_high AS high,
  items.kind, items.x, items.y, items.width, items.height, items.margin`;

/**
 * How an item is seen: its box (absent: the whole image), the display limits (null for 8 bits), and the key that names the pixels.
 *
 * @param projectLimits the project's own display limits, if it has any
 */
export function viewOf(
  row: ViewColumns,
  projectLimits: DisplayLimits | null,
): { box: Box | undefined; limits: DisplayLimits | null; key: string } {
  const limits = limitsFor(row, projectLimits);
  const box = row.kind === 'region' ? { x: row.x, y: row.y, width: row.width, height: row.height } : undefined;
  const key = createHash('sha1')
    .update(JSON.stringify([renderingVersion, row.contentHash, row.page, box, row.margin, limits]))
    .digest('hex');
  return { box, limits, key };
}

/** The display limits of an image; null for 8 bits, which are shown as they are. */
export function limitsFor(
  { low, high }: Pick<ViewColumns, 'low' | 'high'>,
  projectLimits: DisplayLimits | null,
): DisplayLimits | null {
  return low === null || high === null ? null : (projectLimits ?? { low, high });
}

/** The keys that name what is seen of some items; those that are no more are left out. */
export function viewKeys(project: Project, ids: readonly number[]): Map<number, string> {
  const projectLimits = getSetting(project, 'displayLimits');
  const rows = project.database
    .prepare<[string], Row>(
      `SELECT items.id, ${viewColumns} FROM json_each(?) AS wanted
         JOIN items ON items.id = wanted.value JOIN images ON images.id = items.image_id`,
    )
    .all(JSON.stringify(ids));
  return new Map(rows.map((row) => [row.id, viewOf(row, projectLimits).key]));
}

/**
 * The views of all items, gathered by image.
 *
 * @param wanted keeps an item; all when absent
 * @param projectLimits display limits for all images; the project's own when absent
 */
export function listViews(
  project: Project,
  wanted: (view: ItemView) => boolean = () => true,
  projectLimits = getSetting(project, 'displayLimits'),
): { images: ViewedImage[]; keys: Map<number, string> } {
  const images = new Map<number, ViewedImage & { views: View[] }>();
  const keys = new Map<number, string>();
  const rows = project.database
    .prepare<[], Row & { imageId: number }>(
      `SELECT items.id, image_id AS imageId, ${viewColumns}
         FROM items JOIN images ON images.id = items.image_id ORDER BY image_id, items.id`,
    )
    .iterate();
  for (const row of rows) {
    const { box, limits, key } = viewOf(row, projectLimits);
    if (!wanted({ id: row.id, key })) continue;
    keys.set(row.id, key);
    let image = images.get(row.imageId);
    if (!image) {
      image = { ...shownImage(project, row, limits), views: [] };
      images.set(row.imageId, image);
    }
    image.views.push({ id: row.id, margin: row.margin, ...(box ? { box } : {}) });
  }
  return { images: [...images.values()], keys };
}

/**
 * The view of one item.
 *
 * @param projectLimits display limits for all images
 * @throws UserError when there is no such item
 */
export function viewOfItem(project: Project, itemId: number, projectLimits: DisplayLimits | null): ViewedImage {
  const row = project.database
    .prepare<[number], ViewColumns>(
      `SELECT ${viewColumns} FROM items JOIN images ON images.id = items.image_id WHERE items.id = ?`,
    )
    .get(itemId);
  if (!row) throw new UserError('This item is not in the project any more.');
  const { box, limits } = viewOf(row, projectLimits);
  return {
    ...shownImage(project, row, limits),
    views: [{ id: itemId, margin: row.margin, ...(box ? { box } : {}) }],
  };
}

function shownImage(project: Project, row: ViewColumns, limits: DisplayLimits | null): Omit<ViewedImage, 'views'> {
  const { bytes, modified, contentHash } = row;
  return {
    path: imagePath(project, row),
    page: row.page,
    ...(limits ? { limits } : {}),
    // Nobody but the project changes its own copies.
    ...(row.copied ? {} : { expected: { bytes, modified, contentHash } }),
  };
}
