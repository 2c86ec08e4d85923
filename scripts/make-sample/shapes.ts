import type { Random } from '../../main/engine/random.ts';
import { smoothstep, valueNoise } from './noise.ts';

/** Lengths are in micrometres. A depth is the distance to the border, positive inside, so that shapes can be joined and softened. */
export type Depth = (x: number, y: number) => number;

export const between = (random: Random, low: number, high: number): number => low + (high - low) * random.next();

/** How much of a border is inside, from 0 to 1, over `softness` micrometres. */
export const edge = (depth: number, softness = 0.25): number => smoothstep(-softness, softness, depth);

/**
 * A closed outline around the origin that strays from a circle by a few harmonics, as membranes do.
 *
 * @param wobble standard deviation of the second harmonic, as a share of the radius; higher ones fall off
 * @param harmonics the highest
 */
export function blob(random: Random, radius: number, wobble: number, harmonics = 5): Depth {
  const waves = Array.from({ length: harmonics - 1 }, (_, at) => ({
    order: at + 2,
    strength: (wobble * random.normal()) / (1 + at) ** 1.2,
    phase: between(random, 0, 2 * Math.PI),
  }));
  return (x, y) => {
    const angle = Math.atan2(y, x);
    let scale = 1;
    for (const { order, strength, phase } of waves) scale += strength * Math.cos(order * angle + phase);
    return radius * scale - Math.hypot(x, y);
  };
}

/** An ellipse with its middle at (x, y) and its first half axis turned by `angle`. */
export function ellipse(middleX: number, middleY: number, a: number, b: number, angle: number): Depth {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return (x, y) => {
    const along = cos * (x - middleX) + sin * (y - middleY);
    const across = cos * (y - middleY) - sin * (x - middleX);
    return Math.min(a, b) * (1 - Math.hypot(along / a, across / b));
  };
}

/** A thread between two points. */
export function thread(x0: number, y0: number, x1: number, y1: number, radius: number): Depth {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length2 = dx * dx + dy * dy;
  return (x, y) => {
    const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length2));
    return radius - Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
  };
}

/** Joins shapes with rounded inner corners (polynomial smooth maximum, Inigo Quilez). */
export function joined(shapes: readonly Depth[], roundness: number): Depth {
  return (x, y) =>
    shapes.reduce((depth, shape) => {
      const other = shape(x, y);
      const blend = Math.max(0, roundness - Math.abs(depth - other)) / roundness;
      return Math.max(depth, other) + (blend * blend * roundness) / 4;
    }, -1e3);
}

/** The shape with its plane crumpled by up to `amount` micrometres, in folds of about `scale` micrometres. */
export function crumpled(shape: Depth, seed: number, amount: number, scale: number): Depth {
  return (x, y) =>
    shape(
      x + 2 * amount * (valueNoise(x / scale, y / scale, seed) - 0.5),
      y + 2 * amount * (valueNoise(x / scale, y / scale, seed + 1) - 0.5),
    );
}
