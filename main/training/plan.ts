import type { Part } from '../contract/images.ts';
import type { TrainSettings } from '../contract/training.ts';
import { plannedSplit } from '../evaluation/project-split.ts';
import { listClasses } from '../labels/classes.ts';
import { starterNetwork } from '../networks/box.ts';
import { listNetworks } from '../networks/library.ts';
import { networkOf } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import type { Studio } from '../studio-parts.ts';

export interface TrainingPlan {
  readonly counts: { train: number; validation: number; test: number };
  /** Classes that have labelled items. */
  readonly classes: ({ name: string } & Record<Part, number>)[];
  readonly warnings: string[];
  /** What training is to be started with, by a plan or by the last start; null where nothing fits the network. */
  readonly settings: TrainSettings | null;
  /** Why training cannot start yet; null when it can. */
  readonly obstacle: string | null;
}

/** What training would use now. Records nothing. */
export function trainingPlan(studio: Studio, project: Project): TrainingPlan {
  const { counts, warnings, parts, items } = plannedSplit(project);
  const names = new Map(listClasses(project).map(({ id, name }) => [id, name]));
  const classes = new Map<number, TrainingPlan['classes'][number]>();
  for (const { id, classId } of items) {
    const own = classes.get(classId) ?? { name: names.get(classId)!, train: 0, validation: 0, test: 0 };
    own[parts.get(id)!]++;
    classes.set(classId, own);
  }
  const sorted = [...classes].sort(([a], [b]) => a - b).map(([, own]) => own);
  return {
    counts: { ...counts },
    classes: sorted,
    warnings: items.length ? [...warnings] : [],
    settings: settingsThatFit(project),
    obstacle: obstacle(studio, project, sorted),
  };
}

function obstacle(studio: Studio, project: Project, classes: TrainingPlan['classes']): string | null {
  if (!project.database.prepare('SELECT 1 FROM items LIMIT 1').get()) return 'There are no images yet. Add some first.';
  if (classes.length === 0) return 'Nothing is labelled yet. Label some items of two classes at least.';
  if (classes.length === 1)
    return `Only ${classes[0].name} is labelled. A classifier needs items of two classes at least.`;
  if (getSetting(project, 'network') === null) {
    const networks = listNetworks(studio.libraryFolder).length;
    if (networks === 0 && !starterNetwork(studio)) return 'There is no network yet. Add one first.';
    if (networks > 1) return 'No network is chosen yet. Choose one first.';
  }
  return null;
}

/** Those that were kept, cut where the project's network is by now; null where nothing fits it. */
function settingsThatFit(project: Project): TrainSettings | null {
  const settings = getSetting(project, 'training');
  const hash = getSetting(project, 'network');
  if (settings === null || hash === null) return null;
  const points = namesOfPoints(project, hash);
  const chosen = getSetting(project, 'point');
  const decided = chosen === null || points.includes(chosen);
  if (settings.method === 'fine-tune') {
    const { init, freeze } = settings.choice;
    // New weights are all trained, wherever the network is cut.
    const cut = decided && init !== 'random' ? chosen : freeze;
    return cut === null || points.includes(cut) ? { ...settings, choice: { ...settings.choice, freeze: cut } } : null;
  }
  const point = decided ? (chosen ?? 'last') : settings.point;
  return point === 'last' || points.includes(point) ? { ...settings, point } : null;
}

/** None where the network's files are damaged: what needs them says so. */
function namesOfPoints(project: Project, hash: string): string[] {
  try {
    return networkOf(project, hash).info.freezePoints.map(({ name }) => name);
  } catch {
    return [];
  }
}
