import { EngineError } from '../errors.ts';
import type { Tensor } from '../graph/types.ts';
import { partsOf, readBlob } from './caffe-blob.ts';

/** The weights of every layer, in their order, by the layer's name. */
export type CaffeWeights = ReadonlyMap<string, readonly Tensor<'float32'>[]>;

const mostLayers = 20_000;
const mostBlobs = 64;

/**
 * Reads the weights out of a .caffemodel: a `NetParameter` of caffe.proto, of which only the layers' names and blobs are
 * needed.
 *
 * @throws EngineError that names the layer and the reason
 */
export function readCaffeWeights(bytes: Uint8Array, file: string): CaffeWeights {
  try {
    return readNet(bytes);
  } catch (error) {
    const reason =
      error instanceof EngineError ? error.message : 'it is not a .caffemodel, or it is cut short or damaged';
    throw new EngineError(`${file}: ${reason}.`, { cause: error });
  }
}

function readNet(bytes: Uint8Array): CaffeWeights {
  const layers = new Map<string, readonly Tensor<'float32'>[]>();
  let count = 0;
  for (const { field, bytes: layer } of partsOf(bytes)) {
    // `layer`, and `layers` of the form before.
    if ((field !== 100 && field !== 2) || layer === undefined) continue;
    if (++count > mostLayers) throw new EngineError(`it has more than ${mostLayers} layers`);
    const { name, blobs } = readLayer(layer, field === 100 ? { name: 1, blobs: 7 } : { name: 4, blobs: 6 });
    if (blobs.length === 0) continue;
    if (layers.has(name)) throw new EngineError(`it has weights for two layers of the name "${name}"`);
    layers.set(name, blobs);
  }
  return layers;
}

function readLayer(
  bytes: Uint8Array,
  fields: { readonly name: number; readonly blobs: number },
): { name: string; blobs: Tensor<'float32'>[] } {
  let name = '';
  const found: Uint8Array[] = [];
  for (const part of partsOf(bytes)) {
    if (part.bytes === undefined) continue;
    if (part.field === fields.name) name = new TextDecoder().decode(part.bytes);
    if (part.field === fields.blobs) found.push(part.bytes);
  }
  if (found.length > mostBlobs) throw new EngineError(`its layer "${name}" has more than ${mostBlobs} weights`);
  return { name, blobs: found.map((blob, at) => readBlob(blob, `the weight ${at} of its layer "${name}"`)) };
}
