import { z } from 'zod';
import type { Preprocessing } from '../contract/networks.ts';
import { layerShiftSchema, type PointProbe, pointProbeSchema, type ProbeSettings } from '../contract/probes.ts';
import type { StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import type { ShiftResult } from '../trainer/jobs/shift.ts';
import { shiftItems } from './chosen-items.ts';

const shiftSchema = z.object({ items: z.int(), layers: z.array(layerShiftSchema) });
export type Shift = Pick<ShiftResult, 'items' | 'layers'>;

/** A result as it is kept. */
export interface Kept<Result> {
  readonly madeFrom: string;
  readonly created: string;
  readonly result: Result;
}

interface Row {
  readonly point: string;
  readonly madeFrom: string;
  readonly created: string;
  readonly result: string;
}

/** How pixels become the network's input, at the size of the settings. */
export function preprocessingFor({ info }: StoredNetwork, { size }: Pick<ProbeSettings, 'size'>): Preprocessing {
  return { ...info.preprocessing, size: size ?? info.preprocessing.size };
}

function probeKey(network: StoredNetwork, settings: ProbeSettings): string {
  const { pooling, items, folds, seed } = settings;
  return JSON.stringify({ preprocessing: preprocessingFor(network, settings), pooling, items, folds, seed });
}

function shiftKey(network: StoredNetwork, settings: ProbeSettings): string {
  return JSON.stringify({
    preprocessing: preprocessingFor(network, settings),
    items: shiftItems,
    seed: settings.seed,
  });
}

/** The probes that were made with these settings, by freeze point. */
export function keptProbes(
  project: Project,
  network: StoredNetwork,
  settings: ProbeSettings,
): Map<string, Kept<PointProbe>> {
  const rows = project.database
    .prepare<[string, string], Row>(
      'SELECT point, made_from AS madeFrom, created, result FROM probes WHERE network = ? AND settings = ?',
    )
    .all(network.info.hash, probeKey(network, settings));
  return new Map(
    rows.map(({ point, madeFrom, created, result }) => [
      point,
      { madeFrom, created, result: pointProbeSchema.parse(JSON.parse(result)) },
    ]),
  );
}

/** Keeps a probe, in place of an earlier one of the same settings. */
export function keepProbe(
  project: Project,
  network: StoredNetwork,
  settings: ProbeSettings,
  point: string,
  { madeFrom, result }: Omit<Kept<PointProbe>, 'created'>,
): void {
  project.database
    .prepare(
      'INSERT OR REPLACE INTO probes (network, point, settings, made_from, created, result) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(
      network.info.hash,
      point,
      probeKey(network, settings),
      madeFrom,
      new Date().toISOString(),
      JSON.stringify(result),
    );
}

export function keptShift(project: Project, network: StoredNetwork, settings: ProbeSettings): Kept<Shift> | undefined {
  const row = project.database
    .prepare<[string, string], Row>(
      'SELECT made_from AS madeFrom, created, result FROM shifts WHERE network = ? AND settings = ?',
    )
    .get(network.info.hash, shiftKey(network, settings));
  if (!row) return undefined;
  const { madeFrom, created, result } = row;
  return { madeFrom, created, result: shiftSchema.parse(JSON.parse(result)) };
}

/** Keeps a shift, in place of an earlier one of the same settings. */
export function keepShift(
  project: Project,
  network: StoredNetwork,
  settings: ProbeSettings,
  { madeFrom, result }: Omit<Kept<Shift>, 'created'>,
): void {
  project.database
    .prepare('INSERT OR REPLACE INTO shifts (network, settings, made_from, created, result) VALUES (?, ?, ?, ?, ?)')
    .run(network.info.hash, shiftKey(network, settings), madeFrom, new Date().toISOString(), JSON.stringify(result));
}
