/** Smooth random fields and the small curves that shapes are made of. Everything is a function of place, so that order does not matter. */

/** A number in [0, 1) for a point of the integer lattice: the finaliser of MurmurHash3 over the mixed coordinates. */
function lattice(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** 0 below `from`, 1 above `to`, a cubic between them. `from` may be the larger one. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Value noise in [0, 1): random values on the unit lattice, smoothly interpolated. */
export function valueNoise(x: number, y: number, seed: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const u = smoothstep(0, 1, x - left);
  const v = smoothstep(0, 1, y - top);
  const upper = lattice(left, top, seed) * (1 - u) + lattice(left + 1, top, seed) * u;
  const lower = lattice(left, top + 1, seed) * (1 - u) + lattice(left + 1, top + 1, seed) * u;
  return upper * (1 - v) + lower * v;
}

/** Fractal noise around 0, within ±1: each octave half as strong and twice as fine as the one before. */
export function fractalNoise(x: number, y: number, seed: number, octaves: number): number {
  let sum = 0;
  let reach = 0;
  for (let octave = 0; octave < octaves; octave++) {
    const strength = 0.5 ** octave;
    // Shifted, so that the lattices of the octaves do not lie on each other.
    sum += strength * (2 * valueNoise(x * 2 ** octave + 17 * octave, y * 2 ** octave - 31 * octave, seed + octave) - 1);
    reach += strength;
  }
  return sum / reach;
}

/** Grains on a jittered unit lattice: 1 in the middle of a grain, 0 between grains. `size` is a grain's radius. */
export function grains(x: number, y: number, seed: number, size: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  let best = 0;
  for (let i = column - 1; i <= column + 1; i++)
    for (let j = row - 1; j <= row + 1; j++) {
      const dx = x - i - lattice(i, j, seed);
      const dy = y - j - lattice(i, j, seed + 1);
      const radius = size * (0.7 + 0.6 * lattice(i, j, seed + 2));
      best = Math.max(best, smoothstep(radius, 0, Math.hypot(dx, dy)));
    }
  return best;
}
