import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EngineError } from '../errors.ts';
import { mostTextBytes } from './caffe-text.ts';

/** The two files of a network of Caffe's: its layers, and their weights. */
export interface CaffeFiles {
  readonly layers: string;
  readonly weights: string;
}

/** One protobuf file holds 2 GB at most. */
const mostWeightBytes = 2 ** 31 - 1;

export function isCaffePath(file: string): boolean {
  return /\.(prototxt|pbtxt|caffemodel)$/i.test(file);
}

/**
 * Finds the file that belongs to one of the two: of the same name, or the only one that lies beside it; of several with
 * layers, the one that is called deploy.
 *
 * @param weights the .caffemodel, where it lies elsewhere or there are several
 * @throws EngineError that says what to name
 */
export async function findCaffeFiles(file: string, weights?: string): Promise<CaffeFiles> {
  const isWeights = /\.caffemodel$/i.test(file);
  if (!isWeights) return { layers: file, weights: weights ?? (await findBeside(file, 'weights')) };
  return { layers: await findBeside(file, 'layers'), weights: file };
}

const kinds = {
  weights: { ending: /\.caffemodel$/i, what: '.caffemodel with the weights', preferred: /^$/ },
  layers: { ending: /\.(prototxt|pbtxt)$/i, what: '.prototxt with the layers', preferred: /deploy/i },
};

async function findBeside(file: string, kind: keyof typeof kinds): Promise<string> {
  const { ending, what, preferred } = kinds[kind];
  const folder = dirname(file);
  const names = (await readdir(folder).catch(() => [])).filter((name) => ending.test(name));
  const stem = basename(file).replace(/\.\w+$/, '');
  const same = names.find((name) => name.replace(/\.\w+$/, '') === stem);
  const likely = names.filter((name) => preferred.test(name));
  const found = same ?? (names.length === 1 ? names[0] : likely.length === 1 ? likely[0] : undefined);
  if (found !== undefined) return join(folder, found);
  throw new EngineError(
    names.length === 0
      ? `${file}: the ${what} does not lie beside it. A network of Caffe’s is two files: put both into one folder, or name both.`
      : `${file}: several files could be the ${what}: ${names.join(', ')}. Name both files.`,
  );
}

/** @throws EngineError for a file that cannot be read or is larger than such a file can be */
export async function readCaffeFiles({ layers, weights }: CaffeFiles): Promise<{ text: string; bytes: Uint8Array }> {
  const text = new TextDecoder().decode(await readLimited(layers, mostTextBytes));
  return { text, bytes: await readLimited(weights, mostWeightBytes) };
}

/** @throws EngineError for a file that cannot be read or has more bytes than `most` */
export async function readLimited(file: string, most: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > most) throw new EngineError(`it has ${size} bytes, which is more than such a file can have`);
    return await readFile(file);
  } catch (error) {
    throw new EngineError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}
