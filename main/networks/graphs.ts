import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { UserError } from '../contract/errors.ts';
import { type BlockFacts, blockFactsSchema, type NetworkGraph, networkGraphSchema } from '../contract/graphs.ts';
import type { Preprocessing } from '../contract/networks.ts';
import type { Studio } from '../studio-parts.ts';
import { startThread } from '../threads/thread.ts';
import { networkFile, type StoredNetwork } from './library.ts';

/** What the thread is told: to take a network apart into a folder. */
export interface GraphRequest {
  readonly file: string;
  readonly preprocessing: Preprocessing;
  /** It is there only when all of it is. */
  readonly target: string;
}

/** Another when what is kept changes. */
const version = 1;
export const outlineFile = 'outline.json';
/** @param block its number, from 0; one more than there are for what comes after the last */
export const blockFile = (block: number): string => `block-${block}.json`;

const underWay = new Map<string, Promise<unknown>>();

/**
 * A network's graph, block by block. Made in a thread when it is first asked for, and kept in this person's cache.
 *
 * @throws UserError when the network cannot be read any more
 */
export async function readGraph(studio: Studio, network: StoredNetwork): Promise<NetworkGraph> {
  return read(await graphFolder(studio, network), outlineFile, networkGraphSchema);
}

/**
 * What there is to tell of the operators of one block.
 *
 * @param block its number, from 0; as many as there are blocks for what comes after the last
 * @throws UserError for a block that the network does not have
 */
export async function readBlock(studio: Studio, network: StoredNetwork, block: number): Promise<BlockFacts> {
  if (block > network.info.freezePoints.length) throw new UserError(`${network.info.name} has no block ${block + 1}.`);
  return read(await graphFolder(studio, network), blockFile(block), blockFactsSchema);
}

/** Drops what is kept of a network. */
export async function forgetGraphs(studio: Studio, hash: string): Promise<void> {
  const all = existsSync(cache(studio)) ? await readdir(cache(studio)) : [];
  const own = all.filter((name) => name.startsWith(hash));
  await Promise.all(own.map((name) => rm(join(cache(studio), name), { recursive: true, force: true })));
}

const cache = ({ dataFolder }: Studio): string => join(dataFolder, 'cache', 'graphs');

async function graphFolder(studio: Studio, network: StoredNetwork): Promise<string> {
  const { hash, preprocessing } = network.info;
  const { size, channels } = preprocessing;
  const target = join(cache(studio), `${hash}-${size}-${channels}-${version}`);
  if (existsSync(target)) return target;
  let making = underWay.get(target);
  if (!making) {
    making = takeApart({ file: networkFile(network), preprocessing, target }).finally(() => underWay.delete(target));
    underWay.set(target, making);
  }
  await making;
  return target;
}

/** In a thread of its own, which is not kept: it held the network's weights. */
async function takeApart(request: GraphRequest): Promise<void> {
  const thread = startThread<GraphRequest, null>(new URL('./graph-worker.ts', import.meta.url), () => undefined);
  try {
    await thread.ask(request);
  } finally {
    thread.end(new Error('The thread has ended.'));
  }
}

async function read<T extends z.ZodType>(folder: string, name: string, schema: T): Promise<z.infer<T>> {
  const file = join(folder, name);
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new UserError(`${file} is missing or damaged. Remove the folder ${folder}: it will be made anew.`, {
      cause: error,
    });
  }
}
