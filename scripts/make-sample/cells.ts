import type { Random } from '../../main/engine/random.ts';
import { fractalNoise, grains, smoothstep } from './noise.ts';
import { between, blob, crumpled, type Depth, edge, ellipse, joined, thread } from './shapes.ts';
import type { Amounts } from './stain.ts';

/** One cell, around the origin. Lengths are in micrometres; it is turned and placed by whoever paints it. */
export interface Cell {
  /** Nothing of it lies further from the origin. */
  readonly reach: number;
  /** Puts what the cell has of each dye at a point into `amounts`, and returns how much of the point it covers, from 0 to 1. */
  readonly at: (x: number, y: number, amounts: Amounts) => number;
}

export const cellKinds = {
  'red cell': redCell,
  spherocyte,
  'target cell': targetCell,
  'sickle cell': sickleCell,
  platelet,
  lymphocyte,
  neutrophil,
  eosinophil,
} as const satisfies Record<string, (random: Random) => Cell>;

export type CellKind = keyof typeof cellKinds;

const newSeed = (random: Random): number => random.integer(2 ** 30);

/**
 * A disc of haemoglobin.
 *
 * @param wobble how far the outline strays from a circle, as for `blob`
 * @param thickness at a place in the disc, from 0 in its middle to 1 at its rim
 * @param eccentric how far that middle may lie off, as a share of the radius
 */
function disc(
  random: Random,
  radius: number,
  wobble: number,
  thickness: (place: number) => number,
  eccentric: number,
): Cell {
  const outline = blob(random, radius, wobble);
  const seed = newSeed(random);
  const offsetX = eccentric * radius * random.normal();
  const offsetY = eccentric * radius * random.normal();
  // Some young cells still hold RNA, which takes the blue dye.
  const blue = random.next() < 0.06 ? between(random, 0.15, 0.35) : 0;
  return {
    reach: 1.5 * radius,
    at(x, y, amounts) {
      const depth = outline(x, y);
      const covered = edge(depth);
      if (covered === 0) return 0;
      const distance = Math.hypot(x, y);
      const rim = distance / (distance + Math.max(0, depth));
      const inner = Math.hypot(x - offsetX * (1 - rim), y - offsetY * (1 - rim)) / (distance + Math.max(0, depth));
      const shoulder = 0.72 + 0.28 * Math.sqrt(Math.max(0, 1 - rim ** 4));
      const mottle = 1 + 0.06 * fractalNoise(x, y, seed, 3);
      amounts.haemoglobin = covered * shoulder * mottle * thickness(inner);
      amounts.blue = covered * blue;
      return covered;
    },
  };
}

function redCell(random: Random): Cell {
  // The pallor is mostly a third of the cell; small dense cells on the way to spherocytes have little left of it.
  const dense = random.next() < 0.18;
  const radius = dense ? between(random, 2.9, 3.7) : between(random, 3.3, 4.2);
  const density = dense ? between(random, 0.9, 1.2) : between(random, 0.8, 1.1);
  const pallor = dense ? between(random, 0.12, 0.3) : between(random, 0.2, 0.8);
  // Some have a little haemoglobin in the middle of the pallor, on the way to target cells.
  const hub = random.next() < 0.08 ? between(random, 0.2, 0.5) : 0;
  const floor = between(random, 0.05, 0.3);
  const slope = between(random, 0.35, 0.6);
  const wobble = random.next() < 0.15 ? 0.1 : 0.04;
  return disc(
    random,
    radius,
    wobble,
    (place) =>
      density * (1 - pallor * smoothstep(floor + slope, floor, place) * (1 - hub * smoothstep(0.25, 0.05, place))),
    0.06,
  );
}

function spherocyte(random: Random): Cell {
  const density = between(random, 1, 1.35);
  const pallor = random.next() < 0.5 ? between(random, 0.03, 0.15) : 0;
  const thickness = (place: number): number =>
    density * (1.04 - 0.12 * place * place - pallor * smoothstep(0.5, 0.1, place));
  return disc(random, between(random, 2.6, 3.5), 0.025, thickness, 0.05);
}

function targetCell(random: Random): Cell {
  const density = between(random, 0.75, 1);
  const depth = between(random, 0.25, 0.75);
  const ring = between(random, 0.46, 0.58);
  const width = between(random, 0.15, 0.22);
  const hub = between(random, 0.6, 1.1);
  return disc(
    random,
    between(random, 3.6, 4.6),
    0.04,
    (place) => {
      const pale = 1 - depth * Math.exp(-(((place - ring) / width) ** 2));
      return density * (place < ring ? pale * (hub + (1 - hub) * smoothstep(0, ring, place)) : pale);
    },
    0.04,
  );
}

function sickleCell(random: Random): Cell {
  const half = between(random, 4, 6);
  const width = between(random, 0.85, 2);
  const bend = between(random, 0.03, 0.5) * half;
  const blunt = between(random, 0.6, 1);
  const lopsided = between(random, -0.3, 0.3);
  const density = between(random, 0.95, 1.3);
  const seed = newSeed(random);
  const body: Depth = (x, y) => {
    const s = x / half;
    const halfWidth = width * Math.max(0, 1 - s * s) ** blunt * (1 + lopsided * s);
    return Math.min(halfWidth - Math.abs(y - bend * (s * s - 0.4)), half - Math.abs(x));
  };
  const shape = crumpled(body, seed, 0.18, 2);
  return {
    reach: 1.15 * half,
    at(x, y, amounts) {
      const depth = shape(x, y);
      const covered = edge(depth);
      amounts.haemoglobin =
        covered * density * (0.75 + 0.3 * smoothstep(0, width, depth)) * (1 + 0.06 * fractalNoise(x, y, seed, 3));
      return covered;
    },
  };
}

function platelet(random: Random): Cell {
  const radius = random.next() < 0.12 ? between(random, 1.6, 2.8) : between(random, 0.9, 1.6);
  const seed = newSeed(random);
  const outline = crumpled(blob(random, radius, 0.1), seed, 0.18, 1);
  const heart = between(random, 0.45, 1);
  const strength = between(random, 0.35, 0.75);
  return {
    reach: 1.7 * radius,
    at(x, y, amounts) {
      const depth = outline(x, y);
      const covered = edge(depth, 0.3);
      if (covered === 0) return 0;
      const middle = smoothstep(0, heart * radius, depth);
      const granules = 0.4 + 0.6 * grains(x / 0.42, y / 0.42, seed, 0.75) + 0.25 * fractalNoise(2 * x, 2 * y, seed, 2);
      amounts.chromatin = covered * strength * middle * granules;
      amounts.blue = covered * 0.3;
      amounts.haemoglobin = covered * 0.15;
      return covered;
    },
  };
}

/** Chromatin: dense clumps with lighter lanes between them. `contrast` from smudged (0) to coarse (1). */
function chromatin(x: number, y: number, seed: number, contrast: number, scale: number): number {
  const clumps = smoothstep(-0.3, 0.3, fractalNoise(x / scale, y / scale, seed, 4));
  return 1.1 - contrast * (1 - clumps) + 0.2 * fractalNoise(2.5 * x, 2.5 * y, seed + 9, 2);
}

function lymphocyte(random: Random): Cell {
  const large = random.next() < 0.3;
  const radius = large ? between(random, 5, 6.6) : between(random, 3.9, 5);
  const seed = newSeed(random);
  const nucleusRadius = radius * (large ? between(random, 0.66, 0.8) : between(random, 0.8, 0.9));
  const slack = radius - nucleusRadius;
  const shiftX = slack * between(random, -0.6, 0.6);
  const shiftY = slack * between(random, -0.6, 0.6);
  const outline = crumpled(blob(random, radius, large ? 0.06 : 0.03), seed, 0.3, 2.2);
  const round = blob(random, nucleusRadius, 0.035);
  // Some nuclei are dented on one side.
  const dent = random.next() < 0.4 ? between(random, 0.15, 0.4) * nucleusRadius : 0;
  const bite = ellipse(1.12 * nucleusRadius, 0, dent + 0.01, 1.4 * dent + 0.01, 0);
  const nucleus = crumpled((x, y) => Math.min(round(x, y), -bite(x, y)), seed + 2, 0.22, 1.6);
  const basophilia = between(random, 0.5, 1.15);
  // A few large lymphocytes carry azurophilic granules.
  const granularity = large && random.next() < 0.5 ? 0.4 : 0;
  const contrast = large ? between(random, 0.4, 0.6) : between(random, 0.25, 0.5);
  const density = between(random, 0.75, 1);
  return {
    reach: 1.3 * radius,
    at(x, y, amounts) {
      const covered = edge(outline(x, y), 0.3);
      if (covered === 0) return 0;
      const depth = nucleus(x - shiftX, y - shiftY);
      const inNucleus = edge(depth, 0.3) * covered;
      const clearing = 1 - 0.45 * smoothstep(-1, -0.1, depth);
      amounts.chromatin =
        inNucleus * density * (0.8 + 0.2 * smoothstep(0, 1, depth)) * chromatin(x, y, seed, contrast, 1.7);
      amounts.blue = covered * basophilia * clearing * (1 + 0.3 * fractalNoise(x, y, seed + 4, 3));
      amounts.chromatin += (covered - inNucleus) * granularity * grains(x / 1.9, y / 1.9, seed, 0.17);
      return covered;
    },
  };
}

/**
 * A nucleus of lobes strung along an arc, joined by threads or broad bridges.
 *
 * @param turn angle in radians that the arc covers
 */
function lobedNucleus(random: Random, lobes: number, size: number, arc: number, turn: number, seed: number): Depth {
  const start = between(random, 0, 2 * Math.PI);
  const middles = Array.from({ length: lobes }, (_, at) => {
    const angle = start + turn * (lobes > 1 ? at / (lobes - 1) : 0) + 0.16 * random.normal();
    const distance = arc * between(random, 0.82, 1.15);
    return { x: distance * Math.cos(angle), y: distance * Math.sin(angle), angle };
  });
  const shapes: Depth[] = middles.map(({ x, y, angle }) =>
    ellipse(x, y, size * between(random, 0.75, 1), size * between(random, 1, 1.4), angle + 0.4 * random.normal()),
  );
  for (let at = 1; at < lobes; at++) {
    const from = middles[at - 1];
    const to = middles[at];
    shapes.push(
      thread(from.x, from.y, to.x, to.y, random.next() < 0.3 ? between(random, 0.5, 0.9) : between(random, 0.15, 0.35)),
    );
  }
  return crumpled(joined(shapes, 0.4), seed, 0.55, 1.6);
}

/**
 * A white cell with a lobed nucleus.
 *
 * @param clumping contrast of its chromatin
 * @param fill puts what the cytoplasm has of each dye; `share` is how much cytoplasm there is, also above and below the nucleus
 */
function granulocyte(
  reach: number,
  outline: Depth,
  nucleus: Depth,
  clumping: number,
  density: number,
  seed: number,
  fill: (x: number, y: number, share: number, amounts: Amounts) => void,
): Cell {
  return {
    reach,
    at(x, y, amounts) {
      const covered = edge(outline(x, y), 0.35);
      if (covered === 0) return 0;
      const depth = nucleus(x, y);
      const inNucleus = edge(depth, 0.28) * covered;
      amounts.chromatin =
        inNucleus * density * (0.82 + 0.18 * smoothstep(0, 1, depth)) * chromatin(x, y, seed, clumping, 1.5);
      fill(x, y, covered - 0.72 * inNucleus, amounts);
      return covered;
    },
  };
}

function neutrophil(random: Random): Cell {
  const radius = between(random, 5.4, 6.8);
  const seed = newSeed(random);
  const outline = crumpled(blob(random, radius, 0.045), seed, 0.4, 2.5);
  // Mostly three or four lobes; those with two look like an eosinophil's.
  const chance = random.next();
  const lobes = chance < 0.12 ? 2 : chance < 0.5 ? 3 : chance < 0.88 ? 4 : 5;
  const size = (radius * between(random, 0.46, 0.55)) / Math.sqrt(lobes);
  const arc = radius * between(random, 0.44, 0.56);
  const nucleus = lobedNucleus(random, lobes, size, arc, between(random, 1.15, 1.5) * (lobes - 1), seed + 2);
  const clumping = between(random, 0.35, 0.6);
  const density = between(random, 0.8, 1.05);
  const pink = between(random, 0.2, 0.4);
  // Toxic granulation, in some.
  const granularity = random.next() < 0.2 ? between(random, 0.16, 0.4) : between(random, 0.05, 0.16);
  return granulocyte(1.3 * radius, outline, nucleus, clumping, density, seed, (x, y, share, amounts) => {
    const cloud = 1 + 0.35 * fractalNoise(x / 2, y / 2, seed + 4, 3);
    amounts.chromatin += share * granularity * grains(x / 0.5, y / 0.5, seed, 0.55);
    amounts.haemoglobin = share * pink * cloud;
    amounts.blue = share * 0.08 * cloud;
  });
}

function eosinophil(random: Random): Cell {
  const radius = between(random, 5.6, 7);
  const seed = newSeed(random);
  const outline = crumpled(blob(random, radius, 0.05), seed, 0.4, 2.6);
  const lobes = random.next() < 0.82 ? 2 : 3;
  const size = radius * (lobes === 2 ? between(random, 0.34, 0.4) : between(random, 0.28, 0.33));
  const arc = radius * between(random, 0.42, 0.52);
  const nucleus = lobedNucleus(random, lobes, size, arc, between(random, 1.3, 1.9) * (lobes - 1), seed + 2);
  const clumping = between(random, 0.3, 0.5);
  const density = between(random, 0.7, 0.95);
  const strength = between(random, 0.4, 1.1);
  const pitch = between(random, 0.68, 0.88);
  // Some have lost part of their granules.
  const loss = random.next() < 0.3 ? between(random, 0.3, 0.75) : 0;
  return granulocyte(1.35 * radius, outline, nucleus, clumping, density, seed, (x, y, share, amounts) => {
    const kept = 1 - loss * smoothstep(-0.1, 0.3, fractalNoise(x / 2.5, y / 2.5, seed + 6, 2));
    amounts.granules = share * strength * kept * (0.35 + 0.65 * grains(x / pitch, y / pitch, seed, 0.72));
    amounts.haemoglobin = share * 0.15;
    amounts.blue = share * 0.12;
  });
}
