import type { RunInfo } from '../../main/contract/api/learning.ts';
import type { Evaluation } from '../../main/contract/evaluation.ts';
import type { DeviceChoice } from '../../main/contract/devices.ts';
import type { Pooling } from '../../main/contract/networks.ts';
import type { LinearMethod, Method, RunConfig } from '../../main/contract/runs.ts';
import { measure } from './charts/figures.ts';
import { counted } from './format.ts';

export const linearMethodNames: Readonly<Record<LinearMethod, string>> = {
  softmax: 'Softmax regression',
  svm: 'Linear SVM',
};
export const methodNames: Readonly<Record<Method, string>> = { ...linearMethodNames, 'fine-tune': 'Fine-tuning' };
export const poolingNames: Readonly<Record<Pooling, string>> = {
  avg: 'Mean over the image',
  'avg+max': 'Mean and maximum',
  pyramid: 'Means of a 2 × 2 grid',
};
export const deviceNames: Readonly<Record<DeviceChoice, string>> = {
  auto: 'Fastest that gives the same results',
  cpu: 'Processor (CPU)',
  webgpu: 'Graphics card (WebGPU)',
  cuda: 'Graphics card (CUDA)',
  dml: 'Graphics card (DirectML)',
  coreml: 'Core ML',
};
/** Those that every computer may have; the others are for the command line. */
export const offeredDevices = ['auto', 'cpu', 'webgpu'] as const satisfies readonly DeviceChoice[];

/** Choices for a Select, in the order of the names. */
export function optionsOf<T extends string>(names: Readonly<Record<T, string>>): { value: T; label: string }[] {
  return (Object.keys(names) as T[]).map((value) => ({ value, label: names[value] }));
}

/** A run that ended well and was tested on items held out: what can be looked at. */
export type TestedRun = RunInfo & { result: { test: Evaluation } };

export function isTested(run: RunInfo): run is TestedRun {
  return run.result?.test != null;
}

/** Runs that ended well, newest first. */
export function finishedRuns(runs: readonly RunInfo[]): (RunInfo & { result: NonNullable<RunInfo['result']> })[] {
  return runs
    .filter((run): run is RunInfo & { result: NonNullable<RunInfo['result']> } => run.result !== null)
    .sort((a, b) => b.id - a.id);
}

/** `945 held-out items of 72 groups`; where every item stands for itself, groups are not spoken of. */
export function heldOut({ items, groups }: Evaluation): string {
  const words = counted(items, 'held-out item');
  return groups === items ? words : `${words} of ${counted(groups, 'group')}`;
}

/** The freeze point: where codes were taken, or up to where a fine-tuned network was left as it was. */
export function freezePointOf({ point, fineTuning }: RunConfig): string {
  return fineTuning ? (fineTuning.freeze ?? 'Nothing frozen') : point;
}

/** `Linear SVM at conv_dw_13`, `Fine-tuning after conv_dw_6`, `Fine-tuning of everything`. */
export function recipeOf({ method, point, fineTuning }: RunConfig): string {
  if (!fineTuning) return `${methodNames[method]} at ${point}`;
  return `${methodNames[method]} ${fineTuning.freeze === null ? 'of everything' : `after ${fineTuning.freeze}`}`;
}

/** `mobilenet at conv_dw_13`; of a fine-tuned network `mobilenet after conv_dw_6`, or its name alone where nothing was frozen. */
export function whereOf({ network, point, fineTuning }: RunConfig): string {
  if (!fineTuning) return `${network.name} at ${point}`;
  return fineTuning.freeze === null ? network.name : `${network.name} after ${fineTuning.freeze}`;
}

/** `Run 3`, or as the person calls it: `no blur (run 3)`. */
export function nameOf({ id, name }: Pick<RunInfo, 'id' | 'name'>): string {
  return name === null ? `Run ${id}` : `${name} (run ${id})`;
}

/** The same within a sentence. */
export function spokenName(run: Pick<RunInfo, 'id' | 'name'>): string {
  return run.name === null ? `run ${run.id}` : nameOf(run);
}

/** A run in a list to choose from: `Run 3 · macro-F1 0.931 · Linear SVM, mobilenet at conv_dw_13`. */
export function titleOf(run: RunInfo): string {
  const { config, result } = run;
  const score = result?.test ? `macro-F1 ${measure(result.test.macroF1.value)}` : 'not tested';
  return `${nameOf(run)} · ${score} · ${methodNames[config.method]}, ${whereOf(config)}`;
}
