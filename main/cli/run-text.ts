import { parts } from '../contract/images.ts';
import type { RunResult } from '../contract/runs.ts';
import { keptWeights } from '../training/kept-weights.ts';
import type { Run } from '../training/runs.ts';

/** How a run was made, in a line. */
export function describeRecipe({ config }: Run): string {
  const { method, network, point, pooling, preprocessing, fineTuning } = config;
  const classes = `${config.classes.length} classes`;
  if (fineTuning) {
    const weights = fineTuning.init === 'random' ? 'from random weights, ' : '';
    const trained = fineTuning.freeze === null ? 'all of it trained' : `frozen up to ${fineTuning.freeze}`;
    return `${method} of ${network.name}, ${weights}${trained} (${preprocessing.size} px), ${classes}`;
  }
  return `${method} on the codes of ${network.name} at ${point} (${pooling}, ${preprocessing.size} px), ${classes}`;
}

/** Where a run's training begins: before it nothing was trained. */
export function freezePointOf({ config: { fineTuning, point } }: Run): string {
  return fineTuning ? (fineTuning.freeze ?? 'none') : point;
}

/** How a fine-tuning went, in lines; nothing for other methods. */
export function describeTraining({ result }: Run): string[] {
  if (!result?.fineTuning) return [];
  const { parameters, steps, epochs, seconds, ended } = result.fineTuning;
  const why = {
    complete: '',
    patience: ', ended as nothing got better',
    stopped: ', ended when told to',
    diverged: ', ended as numbers were lost',
  }[ended];
  return [
    `Trained ${parameters.toLocaleString('en')} parameters in ${epochs} epochs, ${steps.toLocaleString('en')} steps, ${Math.round(seconds)} s${why}; kept ${keptWeights(result.fineTuning)}`,
  ];
}

/** `60 train, 20 validation, 20 test` */
export function describeCounts(counts: RunResult['counts']): string {
  return parts.map((part) => `${counts[part].toLocaleString('en')} ${part}`).join(', ');
}
