import { explain, messageOf } from '../contract/errors.ts';
import { checkBox } from '../images/boxes.ts';
import { type Pixels, readPixels } from '../images/pixels.ts';
import { checkUnchanged } from '../images/unchanged.ts';
import { renderView, viewSquare, wholeBox } from '../images/views.ts';
import type { View, ViewedImage, ViewFailure } from './views.ts';

/** Views of one image, as far as they could be had. Pixels are uint8 [size, size, 3], RGB. */
export interface Rendered {
  readonly views: readonly { readonly id: number; readonly pixels: Uint8Array<ArrayBuffer> }[];
  readonly failures: readonly ViewFailure[];
}

/** Decodes an image once and renders its views. Nothing is thrown: what fails is listed. */
export async function render({ path, page, limits, expected, views }: ViewedImage, size: number): Promise<Rendered> {
  const failures: ViewFailure[] = [];
  const fail = (failed: readonly View[], error: unknown): void => {
    const reason = explain(error) ?? messageOf(error);
    for (const { id } of failed) failures.push({ id, reason });
  };
  let pixels: Pixels;
  try {
    if (expected) await checkUnchanged(path, expected);
    pixels = await readPixels(path, { page, ...(limits ? { limits } : {}) });
  } catch (error) {
    fail(views, error);
    return { views: [], failures };
  }
  const rendered = views.map(async (view) => {
    try {
      const { width, height } = pixels;
      const box = view.box ? checkBox(view.box, width, height) : wholeBox(width, height);
      const own = await renderView(pixels, viewSquare(box, view.margin), size);
      // Copied, since memory of libvips' own can't be handed to another thread.
      return { id: view.id, pixels: new Uint8Array(own) };
    } catch (error) {
      fail([view], error);
      return undefined;
    }
  });
  return { views: (await Promise.all(rendered)).filter((view) => view !== undefined), failures };
}
