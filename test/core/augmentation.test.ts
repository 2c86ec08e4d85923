import { describe, expect, test } from 'vitest';
import {
  type AugmentationSettings,
  augmentationSchema,
  defaultAugmentation,
  noAugmentation,
} from '../../main/contract/augmentation.ts';
import { variations } from '../../main/contract/variations.ts';
import { type Augmentation, cutPatch, renderAugmented, turn } from '../../main/images/augment.ts';
import type { Pixels } from '../../main/images/pixels.ts';
import { renderView, viewSquare } from '../../main/images/views.ts';
import { distinctViews, drawAugmentation } from '../../main/trainer/batches/draw-augmentation.ts';
import { render } from '../../main/trainer/render.ts';
import type { ViewedImage } from '../../main/trainer/views.ts';
import { noisePng } from '../support/core.ts';
import { temporaryFolder } from '../support/image-files.ts';
import { randomNumbers } from '../support/networks.ts';

const folder = temporaryFolder();

function noise(width: number, height: number): Pixels {
  const random = randomNumbers(width * height);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => 128 + 100 * random()) };
}

const same: Augmentation = {
  symmetry: 0,
  scale: 1,
  shift: [0, 0],
  brightness: 1,
  contrast: 1,
  gains: [1, 1, 1],
  reach: 1,
};

const symmetries = Array.from({ length: 8 }, (_, at) => at);

describe('turning and mirroring', () => {
  /** Pixel by pixel, by the definition. */
  function turned(pixels: Uint8Array, size: number, symmetry: number): Uint8Array {
    let square = Array.from({ length: size }, (_, y) =>
      Array.from({ length: size }, (_, x) => [...pixels.subarray((y * size + x) * 3, (y * size + x) * 3 + 3)]),
    );
    if (symmetry >= 4) square = square.map((row) => row.toReversed());
    for (let quarter = 0; quarter < symmetry % 4; quarter++)
      square = square.map((row, y) => row.map((_, x) => square[size - 1 - x][y]));
    return Uint8Array.from(square.flat(2));
  }

  test('is what it says, for each of the eight', () => {
    const { data } = noise(5, 5);
    for (const symmetry of symmetries) expect(turn(data, 5, symmetry)).toEqual(turned(data, 5, symmetry));
    expect(new Set(symmetries.map((symmetry) => turn(data, 5, symmetry).join())).size).toBe(8);
  });

  test('loses nothing: each has one of the eight that undoes it', () => {
    const { data } = noise(6, 6);
    for (const symmetry of symmetries) {
      const undone = symmetries.filter((other) => turn(turn(data, 6, symmetry), 6, other).join() === data.join());
      expect(undone).toHaveLength(1);
    }
  });
});

describe('a view', () => {
  const image = noise(60, 40);
  const square = viewSquare({ x: 20, y: 10, width: 16, height: 12 }, 0.1);

  for (const size of [12, 19, 40])
    test(`that is not changed is the item as it is, at ${size} pixels`, async () => {
      const plain = await renderView(image, square, size);
      for (const reach of [1, 1.3]) {
        const patch = await cutPatch(image, square, size, reach);
        expect(await renderAugmented(patch, { ...same, reach }, size)).toEqual(plain);
      }
    });

  test('is cut from the image once: moved and scaled as if from the whole image, its reflection included', async () => {
    const corner = viewSquare({ x: 0, y: 0, width: 16, height: 16 }, 0);
    const patch = await cutPatch(image, corner, 24, 1.5);
    const moved = await renderAugmented(patch, { ...same, scale: 1.25, shift: [-0.125, 0.125], reach: 1.5 }, 24);
    expect(moved).toEqual(await renderView(image, { x: -4, y: 0, side: 20 }, 24));
  });

  test('of a large item is cut from a shrunk patch, and is close to one from the image', async () => {
    const smooth = noise(300, 300);
    for (let at = 0; at < smooth.data.length; at++)
      smooth.data[at] = 128 + 100 * Math.sin((at % 900) / 90) * Math.cos(at / 900 / 40);
    const whole = viewSquare({ x: 0, y: 0, width: 300, height: 300 }, 0);
    const patch = await cutPatch(smooth, whole, 32, 1.2);
    expect(patch.pixels.width).toBeLessThan(80);
    const view = await renderAugmented(patch, { ...same, scale: 0.9, shift: [0.05, 0], reach: 1.2 }, 32);
    const direct = await renderView(smooth, { x: 30, y: 15, side: 270 }, 32);
    const worst = view.reduce((most, value, at) => Math.max(most, Math.abs(value - direct[at])), 0);
    expect(worst).toBeLessThan(12);
  });

  test('changes brightness, contrast and colour by their formula, clamped', async () => {
    const patch = await cutPatch(image, square, 16, 1);
    const plain = await renderAugmented(patch, same, 16);
    const mean = plain.reduce((sum, value) => sum + value, 0) / plain.length;
    const gains = [1.3, 1, 0.8] as const;
    const changed = await renderAugmented(patch, { ...same, brightness: 1.2, contrast: 1.5, gains }, 16);
    const expected = plain.map((value, at) =>
      Math.min(255, Math.max(0, Math.round(gains[at % 3] * 1.2 * (mean + 1.5 * (value - mean))))),
    );
    const worst = changed.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0);
    expect(worst).toBeLessThanOrEqual(1);
    expect(changed.filter((value) => value === 255).length).toBeGreaterThan(0);
  });
});

describe('what is drawn', () => {
  const draws = (settings: AugmentationSettings, count = 400): Augmentation[] =>
    Array.from({ length: count }, (_, at) => drawAugmentation(settings, 7, at % 20, 1 + Math.floor(at / 20))!);

  test('depends on the settings, the seed, the item and the number, and on nothing else', () => {
    const draw = (seed: number, id: number, view: number): unknown =>
      drawAugmentation(defaultAugmentation, seed, id, view);
    expect(draw(1, 2, 3)).toEqual(draw(1, 2, 3));
    for (const other of [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)]) expect(other).not.toEqual(draw(1, 2, 3));
    expect(draw(1, 2, 0)).toBeUndefined();
    expect(drawAugmentation(noAugmentation, 1, 2, 3)).toBeUndefined();
  });

  test('keeps within its limits and reaches close to them', () => {
    const settings = {
      symmetries: 'all',
      scale: 0.2,
      shift: 0.1,
      brightness: 0.3,
      contrast: 0.4,
      colour: 0.05,
    } as const;
    const all = draws(settings);
    const spans = (values: number[], low: number, high: number): void => {
      const [least, most] = [Math.min(...values), Math.max(...values)];
      expect(least).toBeGreaterThanOrEqual(low);
      expect(most).toBeLessThanOrEqual(high);
      expect(least).toBeLessThan(low + 0.1 * (high - low));
      expect(most).toBeGreaterThan(high - 0.1 * (high - low));
    };
    spans(
      all.map(({ scale }) => scale),
      1 / 1.2,
      1.2,
    );
    spans(
      all.flatMap(({ shift }) => shift),
      -0.1,
      0.1,
    );
    spans(
      all.map(({ brightness }) => brightness),
      0.7,
      1.3,
    );
    spans(
      all.map(({ contrast }) => contrast),
      0.6,
      1.4,
    );
    spans(
      all.flatMap(({ gains }) => gains),
      0.95,
      1.05,
    );
    expect(new Set(all.map(({ symmetry }) => symmetry))).toEqual(new Set(symmetries));
  });

  test('eight views of an item are turned in eight ways', () => {
    const settings = { ...noAugmentation, symmetries: 'all' } as const;
    for (const id of [1, 2, 3]) {
      const turns = symmetries.map((view) => drawAugmentation(settings, 1, id, view)?.symmetry ?? 0);
      expect(new Set(turns).size).toBe(8);
    }
    const first = Array.from({ length: 30 }, (_, id) => drawAugmentation(settings, 1, id, 1)!.symmetry);
    expect(new Set(first).size).toBeGreaterThan(3);
  });

  test('what has an up is mirrored left to right, or not at all', () => {
    const ways = (settings: AugmentationSettings): number[] =>
      [1, 2, 3, 4].map((view) => drawAugmentation(settings, 1, 5, view)!.symmetry);
    expect(ways(variations.mirrored)).toEqual([4, 0, 4, 0]);
    expect(turn(Uint8Array.from([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]), 2, 4)).toEqual(
      Uint8Array.from([2, 2, 2, 1, 1, 1, 4, 4, 4, 3, 3, 3]),
    );
    expect(ways(variations.upright)).toEqual([0, 0, 0, 0]);
  });

  test('counts the views that differ', () => {
    expect(distinctViews(noAugmentation, 8)).toBe(1);
    expect(distinctViews({ ...noAugmentation, symmetries: 'all' }, 20)).toBe(8);
    expect(distinctViews({ ...noAugmentation, symmetries: 'all' }, 4)).toBe(4);
    expect(distinctViews({ ...noAugmentation, symmetries: 'mirrored' }, 20)).toBe(2);
    expect(distinctViews(defaultAugmentation, 20)).toBe(20);
  });

  test('settings and runs from before mirroring alone was a choice are read, and drawn as they were', () => {
    expect(augmentationSchema.parse({ ...defaultAugmentation, symmetries: true })).toEqual(variations.usual);
    expect(augmentationSchema.parse({ ...defaultAugmentation, symmetries: false })).toEqual(variations.upright);
    // As drawn before: what is kept of activations, and a paused run, depend on it.
    expect([1, 2, 3, 8, 9].map((view) => drawAugmentation(defaultAugmentation, 3, 5, view)!.symmetry)).toEqual([
      6, 3, 7, 0, 6,
    ]);
  });

  test('the settings that are proposed are taken', () => {
    expect(augmentationSchema.parse(defaultAugmentation)).toEqual(defaultAugmentation);
    expect(augmentationSchema.safeParse({ ...defaultAugmentation, shift: 2 }).success).toBe(false);
  });
});

describe('views of an image', () => {
  test('as they are and changed come from one decoding, each as if alone', async () => {
    const path = folder.write('cells.png', await noisePng(3, { width: 90, height: 70 }));
    const box = { x: 30, y: 20, width: 20, height: 24 };
    const views = [0, 1, 2].map((view) => {
      const augmentation = drawAugmentation(defaultAugmentation, 1, 5, view);
      return { id: view, box, margin: 0.1, ...(augmentation ? { augmentation } : {}) };
    });
    const image: ViewedImage = { path, page: 0, views };
    const { views: all, failures } = await render(image, 32);
    expect(failures).toEqual([]);
    for (const { id, pixels } of all) {
      const alone = await render({ ...image, views: [views[id]] }, 32);
      expect(alone.views[0].pixels).toEqual(pixels);
    }
    expect(new Set(all.map(({ pixels }) => pixels.join())).size).toBe(3);
  });
});
