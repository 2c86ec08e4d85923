import type { TrainSettings } from '../contract/training.ts';
import { currentSplit } from '../evaluation/project-split.ts';
import type { StoredNetwork } from '../networks/library.ts';
import { selectPoint } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { fineTune, type FineTuneControl } from './fine-tune.ts';
import { fineTuningOf } from './fine-tuning-defaults.ts';
import type { Recipe, TrainReport } from './recipe.ts';
import { trainLinear } from './train-linear.ts';

/** Trains as the settings say, with the defaults where they say nothing. */
export function trainAs(
  studio: Studio,
  project: Project,
  network: StoredNetwork,
  settings: TrainSettings,
  control: FineTuneControl = {},
): Promise<TrainReport> {
  const { size, seed, device } = settings;
  const recipe: Recipe = { network, seed, device, ...(size === null ? {} : { size }) };
  if (settings.method === 'fine-tune') {
    const { counts } = currentSplit(project);
    return fineTune(
      studio,
      project,
      { ...recipe, settings: fineTuningOf(network.info, counts.train, settings.choice) },
      control,
    );
  }
  const { method, pooling } = settings;
  const point = selectPoint(network, settings.point);
  return trainLinear(studio, project, { ...recipe, point, method, pooling }, control);
}
