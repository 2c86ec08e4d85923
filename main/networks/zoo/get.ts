import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../contract/bytes.ts';
import { UserError } from '../../contract/errors.ts';
import type { Control } from '../../contract/progress.ts';
import type { ZooEntry, ZooListing } from '../../contract/zoo.ts';
import { takeLock } from '../../database/lock.ts';
import { hashFile } from '../../images/hash.ts';
import type { Studio } from '../../studio-parts.ts';
import { addNetwork, listNetworks, type StoredNetwork } from '../library.ts';
import { download, type Patience } from './download.ts';
import { zooEntries } from './entries.ts';
import { fetchedBytes, forgetPartial } from './partial.ts';
import { sourceOf } from './source.ts';

/** Kept free on the disk beside what is fetched. */
const margin = 200e6;

/** Where what is being fetched lies: beside the library's networks. */
const downloadTarget = (libraryFolder: string, { file }: Pick<ZooEntry, 'file'>): string =>
  join(libraryFolder, 'downloads', file);

/** The zoo's networks, and what is at hand of them. */
export function listZoo({ dataFolder, libraryFolder }: Pick<Studio, 'dataFolder' | 'libraryFolder'>): ZooListing[] {
  const here = new Map(listNetworks(libraryFolder).map(({ info }) => [info.publication?.zoo, info.hash]));
  return zooEntries(dataFolder).map((entry) => ({
    ...entry,
    network: here.get(entry.id) ?? null,
    fetched: fetchedBytes(downloadTarget(libraryFolder, entry)),
  }));
}

/** Removes what was fetched of an entry before its download was cut off. */
export async function forgetDownload(libraryFolder: string, entry: ZooEntry): Promise<void> {
  await forgetPartial(downloadTarget(libraryFolder, entry));
}

/**
 * Brings a network of the zoo into the library: fetches it, checks that it is what was published, and adds it with the
 * preprocessing that its documentation gives. What was fetched stays until it was added.
 *
 * @param from another source than its published addresses: see sourceOf
 * @returns the network, at once where it is in the library already
 * @throws UserError that says what went wrong and what to do; CancelledError
 */
export async function getFromZoo(
  { libraryFolder, trainer }: Pick<Studio, 'libraryFolder' | 'trainer'>,
  entry: ZooEntry,
  { from, patience, ...control }: Control & { readonly from?: string | undefined; readonly patience?: Patience } = {},
): Promise<StoredNetwork> {
  const inLibrary = (): StoredNetwork | undefined =>
    listNetworks(libraryFolder).find(({ info }) => info.publication?.zoo === entry.id);
  const here = inLibrary();
  if (here) return here;
  const source = sourceOf(entry, from);
  if ('file' in source) {
    await checkFile(source.file, entry, control);
    return add(libraryFolder, trainer, source.file, entry, control);
  }
  const target = downloadTarget(libraryFolder, entry);
  await mkdir(join(libraryFolder, 'downloads'), { recursive: true });
  const lock = takeLock(`${target}.lock`, `The download of ${entry.name}`);
  try {
    await checkSpace(libraryFolder, entry, fetchedBytes(target));
    await download(source.addresses, entry, target, control, patience);
    const added = inLibrary() ?? (await add(libraryFolder, trainer, target, entry, control));
    await rm(target, { force: true });
    return added;
  } finally {
    lock.release();
  }
}

async function add(
  libraryFolder: string,
  trainer: Studio['trainer'],
  path: string,
  entry: ZooEntry,
  control: Control,
): Promise<StoredNetwork> {
  const { id, name, scaling, scalingSource, licence, citation, documentation } = entry;
  const taken = new Set(listNetworks(libraryFolder).map(({ info }) => info.name));
  return addNetwork(
    libraryFolder,
    trainer,
    path,
    {
      name: taken.has(name) ? `${name} (zoo)` : name,
      scaling,
      scalingSource,
      publication: { zoo: id, licence, citation, documentation },
    },
    control,
  );
}

/** A local file must be the published one, as a fetched one must. */
async function checkFile(path: string, { name, file, bytes, sha256 }: ZooEntry, control: Control): Promise<void> {
  control.onProgress?.({ step: `Checking ${file}`, done: 0 });
  const { size } = await stat(path);
  if (size === bytes && (await hashFile(path)) === sha256) return;
  throw new UserError(
    `${path} is not ${file} as it was published: its ${size === bytes ? 'SHA-256' : 'length'} is another. It is damaged, or another version of ${name}. A network of your own is added as a file instead, not as one of the zoo.`,
  );
}

/** There must be room for what is still to be fetched, and for the copy that the library keeps. */
async function checkSpace(folder: string, { name, bytes }: ZooEntry, fetched: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = 2 * bytes - fetched + margin;
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new UserError(
    `${name} needs ${formatBytes(needed)} on the disk of ${folder} while it is added, and ${formatBytes(free)} are free. Free some space and try again.`,
  );
}
