import { open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { EngineError } from '../errors.ts';
import type { TensorProto } from './proto/onnx_pb.js';

/** Bytes read in one call: the system takes less than 2 GB. */
const MAX_READ = 2 ** 30;

/**
 * Reads the weights of a tensor that lie in a file beside the model.
 *
 * @param folder the model's folder; nothing outside it is read
 * @throws EngineError when the file is outside the folder, missing or too short
 */
export async function readExternalData(tensor: TensorProto, folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  const offset = wholeNumber(tensor.name, 'offset', entries.get('offset')) ?? 0;
  const declared = wholeNumber(tensor.name, 'length', entries.get('length'));
  const file = await fileInside(tensor.name, location, folder);
  const handle = await open(file);
  try {
    const stats = await handle.stat();
    if (!stats.isFile())
      throw new EngineError(`The weights "${tensor.name}" are to be in "${location}", which is no file.`);
    const length = declared ?? stats.size - offset;
    if (length < 0 || offset + length > stats.size)
      throw new EngineError(
        `The weights "${tensor.name}" end at byte ${offset + length} of "${location}", which has only ${stats.size} bytes.`,
      );
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, MAX_READ), offset + done);
      if (bytesRead === 0) throw new EngineError(`"${location}" became shorter while it was read.`);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

function wholeNumber(name: string, key: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new EngineError(`The ${key} of the weights "${name}" is not a number of bytes: ${text}.`);
  return value;
}

/** The real path of a location, which must be inside the folder, links followed. */
async function fileInside(name: string, location: string, folder: string): Promise<string> {
  const outside = new EngineError(
    `The weights "${name}" are to be read from "${location}", which is outside the network's folder. That is not allowed.`,
  );
  // Backslashes separate folders in files written on Windows, and must not hide a way out on other systems.
  const steps = location.split(/[\\/]/);
  if (location === '' || isAbsolute(location) || /^([\\/]|[A-Za-z]:)/.test(location) || steps.includes('..'))
    throw outside;
  let root: string;
  let file: string;
  try {
    root = await realpath(folder);
    file = await realpath(join(root, ...steps));
  } catch (error) {
    throw new EngineError(`The weights "${name}" are to be in "${location}", which is not beside the network's file.`, {
      cause: error,
    });
  }
  const path = relative(root, file);
  if (path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) throw outside;
  return file;
}
