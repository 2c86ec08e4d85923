import type { ProjectSummary, StudioState } from '../contract/api/studio.ts';
import { networkOf } from '../networks/project-network.ts';
import type { NetworkInfo } from '../contract/networks.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import { listRuns } from '../training/runs.ts';

type Revisions = StudioState['revisions'];
/** What a project holds, in a few figures. Counted anew only where the revisions say that something changed. */
export type Summary = (revisions: Revisions) => ProjectSummary;

export function createSummary(project: Project): Summary {
  const count = (sql: string): number => project.database.prepare<[], number>(sql).pluck().get()!;
  const items = remember(() => ({
    images: count('SELECT COUNT(*) FROM images'),
    items: count('SELECT COUNT(*) FROM items'),
    regions: count(`SELECT COUNT(*) FROM items WHERE kind = 'region'`),
    groups: count('SELECT COUNT(DISTINCT group_name) FROM items'),
  }));
  const labels = remember(() => ({ labelled: count('SELECT COUNT(*) FROM labels WHERE class_id IS NOT NULL') }));
  const classes = remember(() => ({ classes: count('SELECT COUNT(*) FROM present_classes') }));
  const network = remember(() => ({ network: chosenNetwork(project) }));
  const runs = remember(() => {
    const all = listRuns(project);
    const last = all.findLast((run) => run.result);
    const { value, low, high } = last?.result?.test?.macroF1 ?? { value: null, low: null, high: null };
    return { runs: all.length, lastRun: last ? { id: last.id, macroF1: value, low, high } : null };
  });
  const exports = remember(() => ({ exports: count('SELECT COUNT(*) FROM exports') }));
  return (now) => ({
    name: project.name,
    folder: project.folder,
    ...items([now.items]),
    // Labels go with their items, and with their class.
    ...labels([now.labels, now.items]),
    ...classes([now.classes, now.labels]),
    ...network([now.networks]),
    ...runs([now.runs]),
    ...exports([now.exports]),
  });
}

function remember<T>(make: () => T): (revisions: readonly number[]) => T {
  let last: { key: string; value: T } | undefined;
  return (revisions) => {
    const key = revisions.join();
    if (last?.key !== key) last = { key, value: make() };
    return last.value;
  };
}

function chosenNetwork(project: Project): ProjectSummary['network'] {
  const hash = getSetting(project, 'network');
  if (!hash) return null;
  let info: NetworkInfo;
  try {
    ({ info } = networkOf(project, hash));
  } catch {
    // Its files are damaged: what needs them says so. The summary must not fail for it.
    return null;
  }
  const { name, freezePoints } = info;
  const chosen = getSetting(project, 'point');
  const last = freezePoints.at(-1)!.name;
  if (chosen === null) return { name, hash, point: last, freeze: null, decided: true };
  // The setting may name a point of a network that was chosen before.
  const found = freezePoints.find((one) => one.name === chosen)?.name;
  const point = found ?? last;
  return { name, hash, point, freeze: point, decided: found !== undefined };
}
