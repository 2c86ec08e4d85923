import { createHash } from 'node:crypto';
import type { DisplayLimits } from '../contract/images.ts';
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

interface Row {
  readonly id: number;
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

/** Part of every key: raised when views are rendered in another way, so that codes of the old way are made again. */
const renderingVersion = 1;

/**
 * The views of all items, gathered by image.
 *
 * @param wanted keeps an item; all when absent
 */
export function listViews(
  project: Project,
  wanted: (view: ItemView) => boolean = () => true,
): { images: ViewedImage[]; keys: Map<number, string> } {
  const projectLimits = getSetting(project, 'displayLimits');
  const images = new Map<number, ViewedImage & { views: View[] }>();
  const keys = new Map<number, string>();
  const rows = project.database
    .prepare<[], Row & { imageId: number }>(
      `SELECT items.id, image_id AS imageId, content_hash AS contentHash, path, copied, bytes, modified_ms AS modified, page, display_low AS low, display_high AS high,
              kind, x, y, items.width, items.height, margin
         FROM items JOIN images ON images.id = items.image_id ORDER BY image_id, items.id`,
    )
    .iterate();
  for (const row of rows) {
    const own: DisplayLimits | null = row.low === null || row.high === null ? null : { low: row.low, high: row.high };
    const limits = own && (projectLimits ?? own);
    const box = row.kind === 'region' ? { x: row.x, y: row.y, width: row.width, height: row.height } : undefined;
    const key = createHash('sha1')
      .update(JSON.stringify([renderingVersion, row.contentHash, row.page, box, row.margin, limits]))
      .digest('hex');
    if (!wanted({ id: row.id, key })) continue;
    keys.set(row.id, key);
    let image = images.get(row.imageId);
    if (!image) {
      const { bytes, modified, contentHash } = row;
      image = {
        path: imagePath(project, row),
        page: row.page,
        ...(limits ? { limits } : {}),
        // Nobody but the project changes its own copies.
        ...(row.copied ? {} : { expected: { bytes, modified, contentHash } }),
        views: [],
      };
      images.set(row.imageId, image);
    }
    image.views.push({ id: row.id, margin: row.margin, ...(box ? { box } : {}) });
  }
  return { images: [...images.values()], keys };
}
