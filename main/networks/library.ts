import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../contract/errors.ts';
import { type NetworkInfo, networkInfoSchema, type Publication } from '../contract/networks.ts';
import type { Control } from '../contract/progress.ts';
import type { Trainer } from '../trainer/client.ts';
import type { PreprocessingChoice } from '../trainer/jobs/import-network.ts';
import { shareFiles } from './files.ts';

/** A network with the folder that its files lie in. */
export interface StoredNetwork {
  readonly info: NetworkInfo;
  readonly folder: string;
}

const infoFile = 'network.json';

export interface AddOptions extends PreprocessingChoice {
  /** The file's or folder's name when absent. */
  readonly name?: string;
  /** The file with the weights of a network of Caffe's; the one that lies beside it when absent. */
  readonly weights?: string;
  /** Of a network that others published. */
  readonly publication?: Publication;
}

/** The networks of this person, shared by all projects: a folder each, named by content hash. */
export function listNetworks(libraryFolder: string): StoredNetwork[] {
  if (!existsSync(libraryFolder)) return [];
  return readdirSync(libraryFolder)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => readStored(join(libraryFolder, name)))
    .sort((a, b) => a.info.name.localeCompare(b.info.name));
}

export function readStored(folder: string): StoredNetwork {
  const path = join(folder, infoFile);
  try {
    return { info: networkInfoSchema.parse(JSON.parse(readFileSync(path, 'utf8'))), folder };
  } catch (error) {
    throw new UserError(`${path} is missing or damaged. Remove the folder ${folder} and add the network again.`, {
      cause: error,
    });
  }
}

/**
 * Takes a network into the library: reads it, finds its freeze points and keeps a copy with its weights.
 *
 * @param path an ONNX file, a TensorFlow.js layers-model (its folder or its model.json), or either of the two files of a network
 *   of Caffe's
 * @throws UserError when it cannot be read, or when its preprocessing is neither known nor told
 */
export async function addNetwork(
  libraryFolder: string,
  trainer: Trainer,
  path: string,
  options: AddOptions = {},
  control: Control = {},
): Promise<StoredNetwork> {
  await mkdir(libraryFolder, { recursive: true });
  const partial = await mkdtemp(join(libraryFolder, 'adding-'));
  try {
    const { name, weights, publication, ...preprocessing } = options;
    const imported = await trainer.run(
      'import-network',
      {
        path: resolve(path),
        ...(weights === undefined ? {} : { weights: resolve(weights) }),
        target: partial,
        ...preprocessing,
        ...(preprocessing.mean === undefined ? {} : { mean: resolve(preprocessing.mean) }),
      },
      control,
    );
    const folder = join(libraryFolder, imported.hash);
    if (existsSync(join(folder, infoFile)) && name === undefined && Object.keys(preprocessing).length === 0) {
      return readStored(folder);
    }
    const info: NetworkInfo = {
      ...imported,
      name: name ?? imported.name,
      ...(publication ? { publication } : {}),
      added: new Date().toISOString(),
    };
    const namesake = listNetworks(libraryFolder).find(
      (one) => one.info.name === info.name && one.info.hash !== info.hash,
    );
    if (namesake) {
      throw new UserError(`There is another network named ${info.name} already. Give this one a name of its own.`, {
        onCommandLine: 'Do so with --name.',
      });
    }
    await writeFile(join(partial, infoFile), JSON.stringify(info, undefined, 2));
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    return { info, folder };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * One of some networks, by its name or by its hash's beginning.
 *
 * @throws UserError for a name that none of them has, with those that there are
 */
export function findNetwork(networks: readonly StoredNetwork[], name: string): StoredNetwork {
  const found = networks.find(({ info }) => info.name === name || (name.length >= 8 && info.hash.startsWith(name)));
  if (found) return found;
  const known = networks.map(({ info }) => info.name).join(', ');
  throw new UserError(
    known
      ? `There is no network ${name}. The networks at hand: ${known}.`
      : `There is no network ${name}, nor any other yet. Add one with: parfocal network add PATH`,
  );
}

/** Takes a network out of the library. Projects that use it have its files themselves. */
export async function removeNetwork(libraryFolder: string, hash: string): Promise<void> {
  const { folder } = findNetwork(listNetworks(libraryFolder), hash);
  // Out of the list at once, also where a program still reads its files.
  const removed = await mkdtemp(join(libraryFolder, 'removing-'));
  await rename(folder, join(removed, hash));
  await rm(removed, { recursive: true, force: true });
}

/**
 * Gives another folder a network too, whole or not at all: its files are linked there, or copied. Where they are there
 * already, only what is known of them is brought up to date: the network may have been told another preprocessing since.
 */
export async function copyNetwork(network: StoredNetwork, parentFolder: string): Promise<StoredNetwork> {
  const folder = join(parentFolder, network.info.hash);
  if (folder === network.folder) return network;
  if (existsSync(join(folder, infoFile))) {
    const partial = join(folder, `${infoFile}.${randomUUID()}.part`);
    await writeFile(partial, JSON.stringify(network.info, undefined, 2));
    await rename(partial, join(folder, infoFile));
    return { info: network.info, folder };
  }
  const partial = await mkdtemp(join(parentFolder, 'copying-'));
  try {
    await shareFiles(network.folder, partial, [infoFile]);
    await writeFile(join(partial, infoFile), JSON.stringify(network.info, undefined, 2));
    // At once: somebody else may be copying the same network, and what is whole is never taken away.
    if (!existsSync(join(folder, infoFile))) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(partial, folder);
    }
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return { info: network.info, folder };
}

/** The file that the engine opens. */
export function networkFile({ info, folder }: StoredNetwork): string {
  return join(folder, info.file);
}
