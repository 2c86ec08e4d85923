import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EpochMetrics } from '../../main/contract/fine-tuning.ts';
import type { RunConfig } from '../../main/contract/runs.ts';
import { openDatabase } from '../../main/database/open.ts';
import { projectMigrations } from '../../main/database/project-schema.ts';
import { openProject, type Project } from '../../main/projects/project.ts';
import type { LabelledData } from '../../main/trainer/labelled-data.ts';
import { epochMetrics, metricsWriter, runNotes, stepMetrics } from '../../main/training/metrics.ts';
import { fineTuningOf } from '../../main/training/fine-tuning-defaults.ts';
import { runCheckpoint } from '../../main/training/run-files.ts';
import {
  deleteRun,
  endAbandonedRuns,
  endRun,
  findRun,
  finishRun,
  listRuns,
  pausedRun,
  recordedData,
  runItems,
  runSuggestions,
  startRun,
} from '../../main/training/runs.ts';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import { integrityOf, valueOf, workshop } from '../support/core.ts';

const work = workshop();

const point = {
  index: 1,
  name: 'conv1',
  kind: 'spatial',
  shape: [8, 4, 4],
  stride: 8,
  parametersBefore: 1,
  parametersAfter: 1,
  multiplyAddsBefore: 1,
  multiplyAddsAfter: 1,
} as const;
const network: NetworkInfo = {
  hash: 'a'.repeat(64),
  name: 'tiny',
  format: 'onnx',
  file: 'model.onnx',
  preprocessing: {
    size: 32,
    range: [0, 1],
    mean: [0, 0, 0],
    deviation: [1, 1, 1],
    channels: 'rgb',
    layout: 'nchw',
  },
  preprocessingSource: 'told',
  parameters: 2,
  classes: null,
  freezePoints: [{ ...point, shape: [...point.shape] }],
  added: '2020-01-01',
};
const config: RunConfig = {
  method: 'fine-tune',
  network: { hash: network.hash, name: network.name },
  point: 'conv1',
  pooling: 'avg',
  preprocessing: network.preprocessing,
  device: 'cpu',
  seed: 3,
  split: 1,
  classes: ['red', 'green'],
  margin: 0,
  displayLimits: null,
  fineTuning: fineTuningOf(network, 1000, { freeze: 'conv1' }),
};
const data: LabelledData = {
  ids: [3, 5, 9],
  classIndices: Int32Array.of(1, 0, 1),
  parts: ['train', 'validation', 'test'],
  groups: ['image 1', 'group B', 'image 2'],
  classNames: ['red', 'green'],
};
const keys = new Map([
  [3, 'three'],
  [5, 'five'],
  [9, 'nine'],
]);

/** A run with a checkpoint in its folder. */
function withCheckpoint(project: Project, of: RunConfig = config): number {
  const id = startRun(project, of, data, keys);
  const file = runCheckpoint(project, id);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'a checkpoint');
  return id;
}

describe('the data set’s version', () => {
  it('is recorded when a run starts, and is the same when it is gone on with', () => {
    const project = work.project('version');
    const id = startRun(project, config, data, keys);
    expect(recordedData(project, findRun(project, id))).toEqual({ data, viewKeys: ['three', 'five', 'nine'] });
    expect([...runItems(project, id)].map(({ probabilities }) => probabilities)).toEqual([null, null, null]);
  });

  it('gets its answers at the end, but for items that could not be read', () => {
    const project = work.project('answers');
    const id = startRun(project, config, data);
    finishRun(project, id, data.ids, [11, 12], {
      result: { regularisation: null, grid: [], counts: { train: 1, validation: 1, test: 1 }, test: null },
      probabilities: Float32Array.of(0.25, 0.75, NaN, NaN, 0.5, 0.5),
      suggestions: { classIndices: Int32Array.of(-1, 1), probabilities: Float32Array.of(0, 0.75) },
    });
    expect([...runItems(project, id)].map(({ probabilities }) => probabilities && [...probabilities])).toEqual([
      [0.25, 0.75],
      null,
      [0.5, 0.5],
    ]);
    expect(runSuggestions(project, id)).toEqual([{ itemId: 12, classIndex: 1, probability: 0.75 }]);
    expect(findRun(project, id).status).toBe('done');
  });
});

describe('a run that a dead process left behind', () => {
  it('is paused where it has a checkpoint, and failed where it has none', () => {
    const project = work.project('abandoned');
    const [resumable, lost] = [withCheckpoint(project), startRun(project, config, data)];
    const paused = withCheckpoint(project);
    endRun(project, paused, 'paused', null);
    const again = work.reopen(project);
    endAbandonedRuns(again);
    const error = 'The studio was ended while this run was under way.';
    expect(listRuns(again).map(({ id, status, error: told }) => [id, status, told])).toEqual([
      [resumable, 'paused', error],
      [lost, 'failed', error],
      [paused, 'paused', null],
    ]);
    expect(pausedRun(again, resumable).config).toEqual(config);
    expect(() => pausedRun(again, lost)).toThrow(
      `Run ${lost} is failed. Only a run that is paused can be gone on with.`,
    );
    expect(() => pausedRun(again, 99)).toThrow('There is no run 99 in abandoned.');
  });

  it('can be removed, with all that is known of it', async () => {
    const project = work.project('removed');
    const id = withCheckpoint(project);
    const writer = metricsWriter(project, id);
    writer.take({ kind: 'step', metrics: { step: 1, epoch: 1, loss: 1, rate: 1 } });
    writer.take({ kind: 'note', text: 'a note' });
    writer.flush();
    await expect(deleteRun(project, id)).rejects.toThrow('is under way');
    endRun(project, id, 'paused', null);
    await deleteRun(project, id);
    for (const table of ['runs', 'run_items', 'run_steps', 'run_notes'])
      expect(valueOf(project, `SELECT COUNT(*) FROM ${table}`)).toBe(0);
    expect(startRun(project, config, data)).toBe(id + 1);
    expect(integrityOf(project)).toEqual(['ok']);
  });
});

describe('metrics', () => {
  const epoch = (number: number): EpochMetrics => ({
    epoch: number,
    trainLoss: number === 0 ? null : 1 / number,
    validationLoss: 0.5,
    validationAccuracy: 0.75,
    validationMacroF1: 0.7,
    confusion: [1, 0, 0, 1],
    seconds: number,
    imagesPerSecond: null,
    best: number === 1,
  });

  it('of a hundred thousand steps are kept, and what was told after the last checkpoint is void', () => {
    const project = work.project('metrics');
    const id = startRun(project, config, data);
    const writer = metricsWriter(project, id);
    writer.take({ kind: 'epoch', metrics: epoch(0) });
    const start = performance.now();
    for (let step = 1; step <= 100_000; step++)
      writer.take({ kind: 'step', metrics: { step, epoch: Math.ceil(step / 1000), loss: 1 / step, rate: 1e-3 } });
    writer.take({ kind: 'checkpoint', step: 100_000 });
    console.log(`100,000 steps were stored in ${(performance.now() - start).toFixed(0)} ms`);
    expect(valueOf(project, 'SELECT COUNT(*) FROM run_steps')).toBe(100_000);
    writer.take({ kind: 'epoch', metrics: epoch(1) });
    writer.take({ kind: 'epoch', metrics: epoch(2) });
    writer.take({ kind: 'resumed', step: 1500, epoch: 1 });
    writer.take({ kind: 'step', metrics: { step: 1501, epoch: 2, loss: 7, rate: 1e-3 } });
    writer.flush();
    const steps = stepMetrics(project, id);
    expect(steps).toHaveLength(1501);
    expect(steps.at(-1)).toEqual({ step: 1501, epoch: 2, loss: 7, rate: 1e-3 });
    expect(epochMetrics(project, id)).toEqual([epoch(0), epoch(1)]);
  });

  it('keep what the person should know', () => {
    const project = work.project('notes');
    const id = startRun(project, config, data);
    metricsWriter(project, id).take({ kind: 'note', text: 'The batch was halved.' });
    expect(runNotes(project, id)).toEqual([{ time: expect.any(String) as string, text: 'The batch was halved.' }]);
  });
});

describe('a project of the version before', () => {
  it('keeps its runs; numbers of runs that were removed stay used', () => {
    const folder = work.path('before.parfocal');
    mkdirSync(folder);
    const older = openDatabase(join(folder, 'project.sqlite'), projectMigrations.slice(0, 2));
    older.exec(`
      INSERT INTO runs VALUES (4, '2020-01-01', 'done', 'hash', '${JSON.stringify({ ...config, method: 'svm' })}', '{}', NULL, NULL),
                              (7, '2020-01-01', 'failed', 'hash', '{}', '{}', NULL, NULL);
      INSERT INTO run_items VALUES (4, 1, 0, 'train', 'group A', NULL);
      DELETE FROM runs WHERE id = 7;`);
    older.close();
    const project = openProject(folder);
    expect(listRuns(project).map(({ id, status }) => [id, status])).toEqual([[4, 'done']]);
    expect([...runItems(project, 4)]).toHaveLength(1);
    expect(startRun(project, config, data)).toBe(8);
    expect(integrityOf(project)).toEqual(['ok']);
    project.close();
  });
});

describe('settings of a fine-tuning', () => {
  it('are those that are right for most, where nothing is said', () => {
    expect(fineTuningOf(network, 1000, { freeze: null })).toMatchObject({
      optimizer: 'adamw',
      rate: 1e-3,
      headStart: 'fitted',
      rateByFit: true,
    });
    const meant = [{ rate: 1e-3 }, { optimizer: 'sgd' }, { headStart: 'zero' }, { init: 'random' }] as const;
    for (const choice of meant)
      expect(fineTuningOf(network, 1000, { freeze: null, ...choice })).toMatchObject({ rateByFit: false });
    expect(fineTuningOf(network, 1000, { freeze: 'conv1', optimizer: 'sgd', rate: 0.5 })).toMatchObject({
      weightDecay: 1e-4,
      rate: 0.5,
    });
    expect(fineTuningOf(network, 1000, { freeze: null, init: 'random' })).toMatchObject({
      headStart: 'zero',
      pretrainedRate: 1,
      rateFall: 1,
      normalisation: 'batch',
    });
  });

  it('that contradict each other, or that the network does not allow, are refused', () => {
    expect(() => fineTuningOf(network, 1000, { freeze: 'conv9' })).toThrow('tiny has no freeze point conv9.');
    expect(() => fineTuningOf(network, 1000, { freeze: 'conv1', init: 'random' })).toThrow(
      'would never learn anything',
    );
    expect(() => fineTuningOf(network, 1000, { freeze: null, init: 'random', headStart: 'fitted' })).toThrow(
      'nothing pretrained',
    );
    expect(() => fineTuningOf(network, 1000, { freeze: null, rate: -1 })).toThrow(
      'The setting rate of the fine-tuning',
    );
  });
});
