import type { RunInfo } from '../../../main/contract/api/learning.ts';
import type { Evaluation } from '../../../main/contract/evaluation.ts';
import type { FineTuning } from '../../../main/contract/fine-tuning.ts';
import { measure } from '../charts/figures.ts';
import { count } from '../format.ts';
import { deviceNames, freezePointOf, methodNames, poolingNames } from '../runs.ts';

export interface ComparedRow {
  readonly name: string;
  /** A text for each run. */
  readonly values: readonly string[];
  /** Not all the runs have the same. */
  readonly differs: boolean;
  /** Places of the best runs where more, or less, is better and not all are equal. */
  readonly best: readonly number[];
}

type Run = RunInfo & { result: NonNullable<RunInfo['result']> };

function setting(name: string, runs: readonly Run[], text: (run: Run) => string): ComparedRow {
  const values = runs.map(text);
  return { name, values, differs: values.some((value) => value !== values[0]), best: [] };
}

function score(
  name: string,
  runs: readonly Run[],
  value: (test: Evaluation) => number | null,
  better: 'more' | 'less',
): ComparedRow {
  const numbers = runs.map(({ result }) => (result.test ? value(result.test) : null));
  const values = numbers.map(measure);
  const known = numbers.filter((number) => number !== null);
  const top = better === 'more' ? Math.max(...known) : Math.min(...known);
  const differs = values.some((text) => text !== values[0]);
  // Compared as shown: what looks equal is not told apart.
  const best = differs ? values.flatMap((text, at) => (text === measure(top) ? [at] : [])) : [];
  return { name, values, differs, best };
}

/** What the runs were told. */
export function comparedSettings(runs: readonly Run[]): ComparedRow[] {
  return [
    setting('Method', runs, ({ config }) => methodNames[config.method]),
    setting('Network', runs, ({ config }) => config.network.name),
    setting('Freeze point', runs, ({ config }) => freezePointOf(config)),
    setting('Pooling', runs, ({ config }) => (config.fineTuning ? '–' : poolingNames[config.pooling])),
    setting('Input size', runs, ({ config }) => `${config.preprocessing.size} px`),
    setting('Classes', runs, ({ config }) => config.classes.join(', ')),
    setting('Split', runs, ({ config }) => String(config.split)),
    setting('Training items', runs, ({ result }) => count(result.counts.train)),
    setting('Validation items', runs, ({ result }) => count(result.counts.validation)),
    setting('Test items', runs, ({ result }) => count(result.counts.test)),
    setting('Penalty chosen', runs, ({ result }) => result.regularisation?.toPrecision(3) ?? '–'),
    ...(runs.some(({ config }) => config.fineTuning) ? fineTuningSettings(runs) : []),
    setting('Margin around regions', runs, ({ config }) => String(config.margin)),
    setting('Seed', runs, ({ config }) => String(config.seed)),
    setting('Device', runs, ({ config }) => deviceNames[config.device]),
  ];
}

function fineTuningSettings(runs: readonly Run[]): ComparedRow[] {
  const own = (name: string, text: (told: FineTuning) => string): ComparedRow =>
    setting(name, runs, ({ config }) => (config.fineTuning ? text(config.fineTuning) : '–'));
  return [
    own('Start', ({ init }) => (init === 'random' ? 'Random weights' : 'Pretrained weights')),
    own('Optimizer', ({ optimizer }) => (optimizer === 'adamw' ? 'AdamW' : 'SGD with momentum')),
    own('Learning rate', ({ rate, rateByFit }) => `${rate}${rateByFit ? ' at most' : ''}`),
    own('Rate of pretrained layers', ({ pretrainedRate }) => `× ${pretrainedRate}`),
    own('Weight decay', ({ weightDecay }) => String(weightDecay)),
    own('Batch', ({ batchSize }) => String(batchSize)),
    own('Epochs at most', ({ epochs }) => String(epochs)),
    setting('Epochs trained', runs, ({ result }) => (result.fineTuning ? String(result.fineTuning.epochs) : '–')),
    setting('Parameters trained', runs, ({ result }) =>
      result.fineTuning ? count(result.fineTuning.parameters) : '–',
    ),
  ];
}

/** How the runs did on their held-out items; then each class's F1, for the classes that all of them know. */
export function comparedScores(runs: readonly Run[]): ComparedRow[] {
  const [first, ...others] = runs.map(({ config }) => config.classes);
  const shared = first.filter((name) => others.every((classes) => classes.includes(name)));
  return [
    score('Macro-F1', runs, ({ macroF1 }) => macroF1.value, 'more'),
    score('Balanced accuracy', runs, ({ balancedAccuracy }) => balancedAccuracy.value, 'more'),
    score('Accuracy', runs, ({ accuracy }) => accuracy.value, 'more'),
    score('Log loss', runs, ({ logLoss }) => logLoss, 'less'),
    score('Brier score', runs, ({ brier }) => brier, 'less'),
    score('Calibration error', runs, ({ calibration }) => calibration.error, 'less'),
    ...shared.map((name) =>
      score(`F1 of ${name}`, runs, (test) => test.perClass.find((one) => one.name === name)?.f1 ?? null, 'more'),
    ),
  ];
}
