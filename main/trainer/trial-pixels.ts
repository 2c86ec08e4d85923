import { pixelsInput } from '../engine/networks/codes-graph.ts';

/** A batch of pixels of no meaning, the same every time. */
export function trialPixels(
  count: number,
  size: number,
): Record<string, { type: 'uint8'; shape: number[]; data: Uint8Array }> {
  const data = Uint8Array.from({ length: count * size * size * 3 }, (_, at) => (at * 2654435761) >>> 24);
  return { [pixelsInput]: { type: 'uint8', shape: [count, size, size, 3], data } };
}
