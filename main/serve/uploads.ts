import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../contract/errors.ts';
import { decodePath } from './content.ts';

/** Of one file. Whole-slide images are larger; they are referred to where they lie, not sent through a browser. */
const fileLimit = 4 * 2 ** 30;
const depthLimit = 32;

/** Where the files of a batch are, once they are there: the folder to import from. */
export type TakeUpload = (path: string, body: Readable) => Promise<{ folder: string }>;

/**
 * Takes files that were dropped on the page: `/uploads/BATCH/NAME`, where NAME may have folders in it. They lie in the
 * project's cache until the next session: an import copies what it takes.
 *
 * @param cacheFolder of the open project; throws a UserError where none is open
 */
export function createUploads(cacheFolder: () => string): TakeUpload {
  const cleaned = new Set<string>();
  return async (path, body) => {
    const [batch, ...names] = parts(path);
    const uploads = join(cacheFolder(), 'uploads');
    if (!cleaned.has(uploads)) {
      // What an earlier session left: no import can be under way from it.
      rmSync(uploads, { recursive: true, force: true });
      cleaned.add(uploads);
    }
    const folder = join(uploads, batch);
    const target = join(folder, ...names);
    if (existsSync(target)) throw new UserError(`${names.join('/')} was sent twice.`);
    await mkdir(join(target, '..'), { recursive: true });
    const partial = join(uploads, `${crypto.randomUUID()}.part`);
    try {
      await pipeline(body, limited, createWriteStream(partial, { flags: 'wx' }));
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    return { folder };
  };
}

/** Batch, folders and name in an upload's address. @throws UserError where they cannot be a file's */
function parts(path: string): string[] {
  const decoded = decodePath(path) ?? '';
  const names = decoded.split('/').slice(2);
  if (!decoded.startsWith('/uploads/') || names.length < 2 || names.length > depthLimit)
    throw new UserError('This is not an address to send a file to.');
  if (!/^[\w-]{1,64}$/.test(names[0])) throw new UserError('This is not the name of a batch of files.');
  return names.map((name) => fileName(name));
}

/** A name as this system can hold it: what Windows has no room for becomes `_` there. */
function fileName(name: string, platform = process.platform): string {
  const held = platform === 'win32' ? name.replaceAll(/[<>:"|?*]|[. ]+$/g, '_') : name;
  if (held === '' || Buffer.byteLength(held) > 255) throw new UserError(`${name} is not a name for a file.`);
  return held;
}

async function* limited(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > fileLimit)
      throw new UserError('A file larger than 4 GB cannot be sent. Import it from the computer that Parfocal runs on.');
    yield chunk;
  }
}
