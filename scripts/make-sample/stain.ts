import { createRandom, type Random } from '../../main/engine/random.ts';
import { fractalNoise, smoothstep } from './noise.ts';
import { between } from './shapes.ts';

export const fieldWidth = 640;
export const fieldHeight = 480;
/** A 100× oil objective and a small camera. */
export const pixelsPerMicrometre = 11.5;

/** What takes up dye in a smear, each with a colour of its own. */
export const substances = ['haemoglobin', 'chromatin', 'blue', 'granules'] as const;
export type Substance = (typeof substances)[number];
/** How much of each lies at a point; 1 is a usual red cell's, nucleus's, lymphocyte's cytoplasm and eosinophil's granule. */
export type Amounts = Record<Substance, number>;
/** The amounts at every pixel of a field, row by row. */
export type Film = Readonly<Record<Substance, Float32Array>>;

type Colour = readonly [red: number, green: number, blue: number];

/** How one slide was stained, and how the microscope stood that day. */
export interface Look {
  /** Optical density (log10) of one unit of each substance. */
  readonly stain: Readonly<Record<Substance, Colour>>;
  /** What the camera gives where there is nothing, from 0 to 255. */
  readonly light: Colour;
  /** Loss of light from the brightest point outwards. */
  readonly falloff: { readonly x: number; readonly y: number; readonly depth: number };
  /** Standard deviation of the blur, in pixels. */
  readonly blur: number;
  /** Strength of the dark rims and bright halos that refraction makes. */
  readonly halo: number;
  /** Standard deviation of the camera's noise, from 0 to 255. */
  readonly noise: number;
  /** Blue stain left in the dried plasma. */
  readonly plasma: number;
  /** Specks on the camera's window: at the same place in every field of the slide. */
  readonly dust: readonly { readonly x: number; readonly y: number; readonly radius: number; readonly depth: number }[];
}

export const newFilm = (): Film => ({
  haemoglobin: new Float32Array(fieldWidth * fieldHeight),
  chromatin: new Float32Array(fieldWidth * fieldHeight),
  blue: new Float32Array(fieldWidth * fieldHeight),
  granules: new Float32Array(fieldWidth * fieldHeight),
});

const mix = (a: Colour, b: Colour, share: number): Colour => [
  a[0] + share * (b[0] - a[0]),
  a[1] + share * (b[1] - a[1]),
  a[2] + share * (b[2] - a[2]),
];
const scale = (colour: Colour, factor: number): Colour => mix([0, 0, 0], colour, factor);

/**
 * The look of a slide. The buffer's acidity moves all dyes together, as in a laboratory: acid gives brick-red cells and pale
 * nuclei, alkaline grey-mauve cells and dark blue nuclei.
 *
 * @param alkalinity from 0, acid, to 1, alkaline
 */
export function slideLook(random: Random, alkalinity: number): Look {
  const strength = between(random, 0.75, 1.25);
  const warmth = between(random, -1, 1);
  const brightness = between(random, 204, 236);
  return {
    stain: {
      haemoglobin: scale(mix([0.022, 0.17, 0.165], [0.075, 0.165, 0.115], alkalinity), strength),
      chromatin: scale(mix([0.28, 0.46, 0.17], [0.37, 0.45, 0.08], alkalinity), strength),
      blue: scale(mix([0.12, 0.11, 0.02], [0.17, 0.13, 0.015], alkalinity), strength),
      granules: scale(mix([0.03, 0.25, 0.29], [0.07, 0.27, 0.19], alkalinity), strength),
    },
    light: [brightness + 6 * warmth, brightness, brightness - 8 * warmth],
    falloff: { x: between(random, 0.25, 0.75), y: between(random, 0.25, 0.75), depth: between(random, 0.06, 0.3) },
    blur: between(random, 0.7, 1.7),
    halo: between(random, 0.25, 0.8),
    noise: between(random, 1, 3.2),
    plasma: between(random, 0.02, 0.16),
    dust: Array.from({ length: random.integer(5) }, () => ({
      x: between(random, 0, fieldWidth),
      y: between(random, 0, fieldHeight),
      radius: between(random, 3, 9),
      depth: between(random, 0.05, 0.22),
    })),
  };
}

/**
 * The picture of a film: light through the dyes (Beer–Lambert: densities add, light multiplies), the lens and the camera.
 *
 * @returns RGB, three bytes a pixel, row by row
 */
export function develop(film: Film, look: Look, seed: number): Uint8Array<ArrayBuffer> {
  const random = createRandom(seed);
  const plasma = plasmaOf(look, seed);
  // One field in five was taken a little out of focus.
  const focus = look.blur * (random.next() < 0.2 ? between(random, 1.5, 2.2) : between(random, 0.8, 1.25));
  const picture = new Uint8Array(3 * fieldWidth * fieldHeight);
  const grain = blurred(
    Float32Array.from({ length: fieldWidth * fieldHeight }, () => random.normal()),
    0.6,
  );
  for (let channel = 0; channel < 3; channel++) {
    const density = densityOf(film, plasma, look, channel);
    const soft = blurred(density, 3.5);
    for (let at = 0; at < density.length; at++)
      density[at] = 10 ** -(density[at] + look.halo * (density[at] - soft[at]));
    const light = blurred(density, focus);
    for (let y = 0, at = 0; y < fieldHeight; y++)
      for (let x = 0; x < fieldWidth; x++, at++) {
        // The camera's noise is mostly common to its channels, and spread by its own sharpening and compression.
        const noise = look.noise * (1.6 * grain[at] + 0.4 * random.normal());
        picture[3 * at + channel] = Math.min(
          255,
          Math.max(0, Math.round(light[at] * lamp(look, x, y) * look.light[channel] + noise)),
        );
      }
  }
  return picture;
}

/** Blue stain between the cells, uneven. */
function plasmaOf(look: Look, seed: number): Float32Array {
  return Float32Array.from({ length: fieldWidth * fieldHeight }, (_, at) => {
    const x = at % fieldWidth;
    const y = (at - x) / fieldWidth;
    return look.plasma * (1 + 0.6 * fractalNoise(x / 60, y / 60, seed, 4));
  });
}

function densityOf(film: Film, plasma: Float32Array, look: Look, channel: number): Float32Array {
  const density = plasma.map((amount) => amount * look.stain.blue[channel]);
  for (const substance of substances) {
    const unit = look.stain[substance][channel];
    const amounts = film[substance];
    for (let at = 0; at < density.length; at++) density[at] += unit * amounts[at];
  }
  return density;
}

function lamp({ falloff, dust }: Look, x: number, y: number): number {
  const dx = x / fieldWidth - falloff.x;
  const dy = (y / fieldHeight - falloff.y) * (fieldHeight / fieldWidth);
  let light = 1 - (falloff.depth * (dx * dx + dy * dy)) / 0.4;
  for (const speck of dust)
    light *= 1 - speck.depth * smoothstep(speck.radius * 1.6, 0, Math.hypot(x - speck.x, y - speck.y));
  return light;
}

/** Gaussian blur of a field, edges repeated. */
function blurred(plane: Float32Array, sigma: number): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma * sigma)));
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  const pass = (source: Float32Array, step: number, length: number, otherStep: number, lines: number): Float32Array => {
    const target = new Float32Array(source.length);
    for (let line = 0; line < lines; line++)
      for (let at = 0; at < length; at++) {
        let value = 0;
        for (let offset = -reach; offset <= reach; offset++) {
          const other = Math.min(length - 1, Math.max(0, at + offset));
          value += kernel[offset + reach] * source[line * otherStep + other * step];
        }
        target[line * otherStep + at * step] = value / sum;
      }
    return target;
  };
  return pass(pass(plane, 1, fieldWidth, fieldWidth, fieldHeight), fieldWidth, fieldHeight, 1, fieldWidth);
}
