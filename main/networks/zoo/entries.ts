import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../contract/errors.ts';
import { type ZooEntry, zooEntrySchema } from '../../contract/zoo.ts';
import { zoo } from './catalogue.ts';
import { isAllowed } from './source.ts';

/** Networks of one's own institute, in the same form as the zoo's, lie in this file of the data folder. */
const ownFile = 'zoo.json';

const ownSchema = z.array(
  zooEntrySchema.extend({
    // They become names of files.
    id: z.string().regex(/^[a-z\d][a-z\d.-]*$/),
    file: z.string().regex(/^[\w][\w.-]*\.onnx$/),
    addresses: z.array(z.url().refine((address) => isAllowed(new URL(address), new URL(address)))).min(1),
  }),
);

/**
 * The networks that can be had: the published ones, and those that the data folder's `zoo.json` lists.
 *
 * @throws UserError where that file cannot be read
 */
export function zooEntries(dataFolder: string): readonly ZooEntry[] {
  const path = join(dataFolder, ownFile);
  if (!existsSync(path)) return zoo;
  return [...zoo, ...readOwn(path)];
}

function readOwn(path: string): ZooEntry[] {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new UserError(`${path}: ${reason} Mend the file, or take it away.`, { cause });
  };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return refuse(`It cannot be read: ${messageOf(error)}.`, error);
  }
  const { success, data, error } = ownSchema.safeParse(content);
  if (!success) {
    const [{ path: place, message }] = error.issues;
    return refuse(
      `Its entry ${Number(place[0] ?? 0) + 1} is not a network of a zoo: ${place.slice(1).join('.')}: ${message}.`,
    );
  }
  const ids = [...zoo, ...data].map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) return refuse(`The id ${twice} is there twice.`);
  return data;
}

/** @throws UserError for an entry that is not there, with those that are */
export function findEntry(dataFolder: string, id: string): ZooEntry {
  const entries = zooEntries(dataFolder);
  const found = entries.find((entry) => entry.id === id);
  if (found) return found;
  throw new UserError(`The zoo has no network ${id}. It has: ${entries.map((entry) => entry.id).join(', ')}.`);
}
