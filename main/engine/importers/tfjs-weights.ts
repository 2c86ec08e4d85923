import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { widenFloat16 } from '../graph/float16.ts';
import type { Tensor } from '../graph/types.ts';
import { Config } from './config.ts';

/** Bytes of one value as stored. */
const storedBytes: Readonly<Record<string, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** How a weight lies in its group's bytes. */
interface StoredWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of the stored values, which are narrower than the weight's own type when it was quantised. */
  readonly dtype: string;
  /** value = stored · scale + min. */
  readonly scale: number;
  readonly min: number;
}

/**
 * Reads the weights of a TF.js model: every group of the manifest, its shards put end to end, quantised values widened
 * to float32 (TF.js quantises for storage only: uint8 and uint16 by `scale` and `min`, float16 as it stands).
 *
 * @param folder where model.json lies; nothing outside it is read
 * @param manifest the `weightsManifest` field of model.json
 * @throws EngineError when a shard is missing, leaves the folder or has the wrong length, or a type is unknown
 */
export async function readTfjsWeights(
  folder: string,
  manifest: readonly unknown[],
): Promise<Map<string, Tensor<'float32'>>> {
  const weights = new Map<string, Tensor<'float32'>>();
  for (const [index, entry] of manifest.entries()) {
    const group = new Config(entry, `${folder}: weights group ${index + 1}`);
    const paths = group.list('paths').map((shard) => shardPath(folder, shard));
    const stored = group.list('weights').map((weight, i) => parseWeight(weight, `${group.where}, weight ${i + 1}`));
    const bytes = await readShards(paths, stored, group.where);
    let offset = 0;
    for (const weight of stored) {
      const length = byteLength(weight);
      weights.set(weight.name, widen(weight, bytes.subarray(offset, offset + length)));
      offset += length;
    }
  }
  return weights;
}

function shardPath(folder: string, shard: unknown): string {
  if (typeof shard !== 'string' || shard === '')
    throw new EngineError(`${folder}: a weights file in model.json has no name.`);
  const file = path.resolve(folder, shard);
  const inside = path.relative(path.resolve(folder), file);
  const leaves = inside === '' || inside.startsWith('..') || path.isAbsolute(inside);
  // Both kinds of separators, whatever the machine: the file may have been written to be opened elsewhere.
  if (leaves || path.isAbsolute(shard) || /^[a-z][a-z0-9+.-]*:|^[\\/]|(^|[\\/])\.\.([\\/]|$)/i.test(shard))
    throw new EngineError(
      `${folder}: model.json names the weights file "${shard}", which is outside its folder. It is not read. Put all files of the network into one folder.`,
    );
  return file;
}

function parseWeight(value: unknown, where: string): StoredWeight {
  const config = new Config(value, where);
  const name = config.string('name');
  const shape = config.numbers('shape');
  if (!shape.every((size) => Number.isInteger(size) && size >= 0))
    throw new EngineError(`${where} (${name}): the shape [${shape.join(', ')}] is not one of whole numbers.`);
  const quantisation = config.has('quantization') ? config.object('quantization') : undefined;
  const dtype = (quantisation ?? config).string('dtype');
  if (!(dtype in storedBytes))
    throw new EngineError(`${where} (${name}): values of type ${dtype} are not read; known are ${types()}.`);
  const byScale = quantisation !== undefined && dtype !== 'float16';
  return {
    name,
    shape,
    dtype,
    scale: byScale ? quantisation.number('scale') : 1,
    min: byScale ? quantisation.number('min') : 0,
  };
}

const types = (): string => Object.keys(storedBytes).join(', ');

const valueCount = (weight: StoredWeight): number => weight.shape.reduce((product, size) => product * size, 1);

const byteLength = (weight: StoredWeight): number => valueCount(weight) * storedBytes[weight.dtype];

async function readShards(paths: readonly string[], stored: readonly StoredWeight[], where: string): Promise<Buffer> {
  const shards: Buffer[] = [];
  for (const file of paths) {
    try {
      shards.push(await readFile(file));
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : String(error);
      throw new EngineError(`${file}: the weights file cannot be read: ${reason}. Copy all files of the network.`, {
        cause: error,
      });
    }
  }
  const expected = stored.reduce((sum, weight) => sum + byteLength(weight), 0);
  const found = shards.reduce((sum, shard) => sum + shard.length, 0);
  if (found !== expected) {
    const lengths = paths.map((file, i) => `${path.basename(file)} ${shards[i].length}`).join(', ');
    throw new EngineError(
      `${where}: its weights take ${expected} bytes, but its files hold ${found} (${lengths}). A file is cut short or belongs to another network.`,
    );
  }
  return Buffer.concat(shards, found);
}

function widen(weight: StoredWeight, bytes: Buffer): Tensor<'float32'> {
  const read = reader(weight.dtype, new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  const data = new Float32Array(valueCount(weight));
  for (let i = 0; i < data.length; i++) data[i] = read(i) * weight.scale + weight.min;
  const values = weight.dtype === 'float16' ? widenFloat16(Uint16Array.from(data)) : data;
  return { type: 'float32', shape: weight.shape, data: values };
}

/** Little-endian, as TF.js writes on every machine. Half precision is read as its bits. */
function reader(dtype: string, view: DataView): (index: number) => number {
  switch (dtype) {
    case 'float32':
      return (i) => view.getFloat32(4 * i, true);
    case 'int32':
      return (i) => view.getInt32(4 * i, true);
    case 'float16':
    case 'uint16':
      return (i) => view.getUint16(2 * i, true);
    default:
      return (i) => view.getUint8(i);
  }
}
