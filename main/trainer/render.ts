import { explain, messageOf } from '../contract/errors.ts';
import { cutPatch, type Patch, renderAugmented } from '../images/augment.ts';
import { checkBox } from '../images/boxes.ts';
import { type Pixels, readPixels } from '../images/pixels.ts';
import { checkUnchanged } from '../images/unchanged.ts';
import { viewSquare, wholeBox } from '../images/views.ts';
import { createPatchStore } from './patches.ts';
import type { View, ViewedImage, ViewFailure } from './views.ts';

/** Views of one image, as far as they could be had. Pixels are uint8 [size, size, 3], RGB. */
export interface Rendered {
  readonly views: readonly { readonly id: number; readonly pixels: Uint8Array<ArrayBuffer> }[];
  readonly failures: readonly ViewFailure[];
}

/**
 * Decodes an image once and renders its views. Nothing is thrown: what fails is listed.
 *
 * @param patches those of earlier calls; an image is not decoded where the patches of all its views are among them
 */
export async function render(image: ViewedImage, size: number, patches = createPatchStore()): Promise<Rendered> {
  let decoding: Promise<Pixels> | undefined;
  const decoded = (): Promise<Pixels> => (decoding ??= decode(image));
  const failures: ViewFailure[] = [];
  const rendered = image.views.map(async (view) => {
    try {
      const patch = await patches.get(nameOf(image, view, size), async () => cut(await decoded(), view, size));
      const own = view.augmentation ? await renderAugmented(patch, view.augmentation, size) : patch.pixels.data;
      // Copied, since memory of libvips' own can't be handed to another thread.
      return { id: view.id, pixels: new Uint8Array(own) };
    } catch (error) {
      failures.push({ id: view.id, reason: explain(error) ?? messageOf(error) });
      return undefined;
    }
  });
  return { views: (await Promise.all(rendered)).filter((view) => view !== undefined), failures };
}

async function decode({ path, page, limits, expected }: ViewedImage): Promise<Pixels> {
  if (expected) await checkUnchanged(path, expected);
  return readPixels(path, { page, ...(limits ? { limits } : {}) });
}

const reachOf = ({ augmentation }: View): number => augmentation?.reach ?? 1;

function cut(pixels: Pixels, view: View, size: number): Promise<Patch> {
  const { width, height } = pixels;
  const box = view.box ? checkBox(view.box, width, height) : wholeBox(width, height);
  return cutPatch(pixels, viewSquare(box, view.margin), size, reachOf(view));
}

/** Names what a patch is cut from and how. */
const nameOf = ({ path, page, limits }: ViewedImage, view: View, size: number): string =>
  JSON.stringify([path, page, limits, view.box, view.margin, reachOf(view), size]);
