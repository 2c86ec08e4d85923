import { basename } from 'node:path';
import { EngineError } from '../errors.ts';
import { formatShape } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';
import { readBlob } from './caffe-blob.ts';
import { readLimited } from './caffe-files.ts';

/** The mean of the images that a network of Caffe's was trained on. */
export interface CaffeMean {
  /** Of the channels in their order, blue first, on 0 to 255. */
  readonly channels: readonly [number, number, number];
  /** The file and its size in pixels, for the person. */
  readonly what: string;
}

/** More than a mean image of 1,024 × 1,024 takes; ImageNet's has 256 × 256. */
const mostMeanBytes = 16 * 2 ** 20;

/**
 * Reads a mean image (.binaryproto), averaged over its area: one mean a channel, to a thousandth, as Caffe's own example of
 * classifying does it (caffe, examples/cpp_classification/classification.cpp, SetMean).
 *
 * @throws EngineError that names the file and the reason
 */
export async function readCaffeMean(file: string): Promise<CaffeMean> {
  const { shape, data } = meanImage(await readLimited(file, mostMeanBytes), file);
  const sides = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  if (sides.length !== 3 || sides.includes(0))
    throw new EngineError(`${file} is not one mean image: its shape is ${formatShape(shape)}.`);
  const [channels, height, width] = sides;
  if (channels !== 3)
    throw new EngineError(
      `${file} is the mean of images with ${channels} ${channels === 1 ? 'channel' : 'channels'}. Networks here take three, for colours.`,
    );
  const area = height * width;
  const means = [0, 1, 2].map((channel) => meanOf(data.subarray(channel * area, (channel + 1) * area)));
  if (!means.every(Number.isFinite)) throw new EngineError(`${file} is damaged: some of its values are not numbers.`);
  const [blue, green, red] = means;
  return { channels: [blue, green, red], what: `${basename(file)}, ${width} × ${height} pixels` };
}

function meanImage(bytes: Uint8Array, file: string): Tensor<'float32'> {
  try {
    return readBlob(bytes, 'the mean image');
  } catch (error) {
    const reason = error instanceof EngineError ? error.message : 'it is cut short, damaged or something else';
    throw new EngineError(`${file} is not a mean image of Caffe’s (.binaryproto): ${reason}.`, { cause: error });
  }
}

function meanOf(values: Float32Array): number {
  const sum = values.reduce((total, value) => total + value, 0);
  return Math.round((1000 * sum) / values.length) / 1000;
}
