import type { DeviceChoice } from '../contract/devices.ts';
import type { FreezePointInfo, Pooling, Preprocessing } from '../contract/networks.ts';
import type { Control } from '../contract/progress.ts';
import { dropFromIndex } from '../database/code-index.ts';
import { dimensionsOf, vectorBytes } from '../database/codes.ts';
import type { Database } from '../database/open.ts';
import { listViews } from '../items/views.ts';
import { networkFile, type StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { ViewFailure } from '../trainer/views.ts';
import { indexLacksCodes } from './neighbours.ts';

export interface CodesRequest {
  readonly network: StoredNetwork;
  readonly points: readonly FreezePointInfo[];
  readonly pooling: Pooling;
  /** Side of the input in pixels; the network's own when absent. */
  readonly size?: number;
  readonly device?: DeviceChoice;
  /** Which items; all when absent. */
  readonly items?: ReadonlySet<number>;
}

/** The codes of all items at one freeze point, under one pooling and preprocessing. */
export interface CodeSet {
  readonly id: number;
  readonly point: string;
  /** Length of a code; 0 while there is none. */
  readonly dimensions: number;
}

export interface CodesReport {
  readonly sets: readonly CodeSet[];
  /** Items whose codes were computed now; the others had theirs. */
  readonly computed: number;
  readonly failures: readonly ViewFailure[];
  /** Where it ran and why there; absent when nothing had to be computed. */
  readonly device?: string;
}

/**
 * Computes the codes that are missing, all points in one pass, and stores them as they come: a job that is cancelled or
 * dies keeps what it made. Codes whose pixels changed since (crop, display limits, file) count as missing.
 */
export async function computeCodes(
  studio: Studio,
  project: Project,
  request: CodesRequest,
  control: Control = {},
): Promise<CodesReport> {
  const { info } = request.network;
  const preprocessing: Preprocessing = { ...info.preprocessing, size: request.size ?? info.preprocessing.size };
  const sets = request.points.map((point) => ensureSet(project, info.hash, point, request.pooling, preprocessing));

  const freshKeys = sets.map((set) => storedKeys(project, set));
  const incomplete = new Set<number>();
  const { images, keys } = listViews(project, ({ id, key }) => {
    if (request.items && !request.items.has(id)) return false;
    let missing = false;
    for (const [index, stored] of freshKeys.entries()) {
      if (stored.get(id) === key) continue;
      incomplete.add(index);
      missing = true;
    }
    return missing;
  });
  if (keys.size === 0) return { sets, computed: 0, failures: [] };

  const wanted = [...incomplete].map((index) => ({ set: sets[index], point: request.points[index] }));
  const writer = prepareWriter(
    project,
    wanted.map(({ set }) => set),
    keys,
  );
  const failures: ViewFailure[] = [];
  let computed = 0;
  const { device } = await studio.trainer.run(
    'codes',
    {
      network: networkFile(request.network),
      preprocessing,
      points: wanted.map(({ point }) => point.name),
      pooling: request.pooling,
      device: request.device ?? 'auto',
      images,
      total: keys.size,
    },
    {
      ...control,
      onOutput: (output) => {
        if (output.kind === 'failure') {
          writer.remove(output.failure.id);
          failures.push(output.failure);
        } else {
          writer.write(output.ids, output.answers);
          computed += output.ids.length;
        }
      },
    },
  );
  return {
    sets: sets.map((set) => ({ ...set, dimensions: dimensionsOf(project.database, set.id) })),
    computed,
    failures,
    device,
  };
}

function ensureSet(
  project: Project,
  network: string,
  point: FreezePointInfo,
  pooling: Pooling,
  preprocessing: Preprocessing,
): CodeSet {
  const key = [network, point.name, pooling, JSON.stringify(preprocessing)] as const;
  project.database
    .prepare(
      `INSERT INTO codes.code_sets (network, point, pooling, preprocessing) VALUES (?, ?, ?, ?)
       ON CONFLICT (network, point, pooling, preprocessing) DO NOTHING`,
    )
    .run(...key);
  const id = findSet(project, network, point, pooling, preprocessing)!;
  return { id, point: point.name, dimensions: dimensionsOf(project.database, id) };
}

/** The number of a set; undefined where no codes of its kind were ever asked for. */
export function findSet(
  project: Project,
  network: string,
  point: FreezePointInfo,
  pooling: Pooling,
  preprocessing: Preprocessing,
): number | undefined {
  return project.database
    .prepare<[string, string, string, string], number>(
      'SELECT id FROM codes.code_sets WHERE network = ? AND point = ? AND pooling = ? AND preprocessing = ?',
    )
    .pluck()
    .get(network, point.name, pooling, JSON.stringify(preprocessing));
}

/** Drops all codes of items that are no more, so that they are nobody's neighbours. */
export function forgetCodes(project: Project, itemIds: readonly number[]): void {
  const { database } = project;
  const setIds = database.prepare<[], number>('SELECT id FROM codes.code_sets').pluck().all();
  const remove = prepareRemoval(database);
  for (const setId of setIds) for (const itemId of itemIds) remove(setId, itemId);
}

/** @returns what takes an item's code away, out of the set's index too */
function prepareRemoval(database: Database): (setId: number, itemId: number) => void {
  const remove = database.prepare('DELETE FROM codes.codes WHERE set_id = ? AND item_id = ?');
  return (setId, itemId) => {
    if (remove.run(setId, itemId).changes > 0) dropFromIndex(database, setId, itemId);
  };
}

function storedKeys(project: Project, set: CodeSet): Map<number, string> {
  const rows = project.database
    .prepare<[number], [number, string]>('SELECT item_id, view_key FROM codes.codes WHERE set_id = ?')
    .raw()
    .all(set.id);
  return new Map(rows);
}

interface CodeWriter {
  /** Row i of each set's block is the code of `ids[i]`; older codes of these items are replaced. */
  write(ids: readonly number[], blocks: readonly Float32Array[]): void;
  /** Takes away what an item had: codes of pixels that it no longer shows. */
  remove(itemId: number): void;
}

function prepareWriter(project: Project, sets: readonly CodeSet[], keys: ReadonlyMap<number, string>): CodeWriter {
  const { database } = project;
  const insert = database.prepare('INSERT INTO codes.codes (set_id, item_id, view_key, vector) VALUES (?, ?, ?, ?)');
  const remove = prepareRemoval(database);
  return {
    write: database.transaction((ids: readonly number[], blocks: readonly Float32Array[]) => {
      for (const [index, set] of sets.entries()) {
        const block = blocks[index];
        const dimensions = block.length / ids.length;
        indexLacksCodes(project, set.id);
        for (const [row, itemId] of ids.entries()) {
          remove(set.id, itemId);
          const vector = block.subarray(row * dimensions, (row + 1) * dimensions);
          insert.run(set.id, itemId, keys.get(itemId)!, vectorBytes(vector));
        }
      }
    }),
    remove: database.transaction((itemId: number) => {
      for (const set of sets) remove(set.id, itemId);
    }),
  };
}
