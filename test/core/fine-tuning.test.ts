import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EpochMetrics, FineTuning } from '../../main/contract/fine-tuning.ts';
import { int } from '../../main/engine/graph/attributes.ts';
import { readModelFile } from '../../main/engine/graph/read.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { crossValidateRecipe } from '../../main/evaluation/cross-validate.ts';
import { importItems } from '../../main/items/import.ts';
import { ensureClass } from '../../main/labels/classes.ts';
import { labelItems } from '../../main/labels/label-items.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { selectPoint, useNetwork } from '../../main/networks/project-network.ts';
import type { Project } from '../../main/projects/project.ts';
import { cachedClassifier, openClassifier } from '../../main/sharing/classifier.ts';
import { exportRun } from '../../main/sharing/export.ts';
import { predictSource } from '../../main/sharing/predict.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { fineTune, type FineTuneControl, resumeRun } from '../../main/training/fine-tune.ts';
import { fineTuningOf } from '../../main/training/fine-tuning-defaults.ts';
import { epochMetrics, stepMetrics } from '../../main/training/metrics.ts';
import type { TrainReport } from '../../main/training/recipe.ts';
import { runCheckpoint, trainedFile } from '../../main/training/run-files.ts';
import {
  crossValidationOf,
  endAbandonedRuns,
  findRun,
  fineTunedFile,
  finishedRun,
  listRuns,
  runItems,
  runSuggestions,
} from '../../main/training/runs.ts';
import { trainLinear } from '../../main/training/train-linear.ts';
import { rateByFit } from '../../main/trainer/fine-tuning/rate-by-fit.ts';
import { eventually, integrityOf, isAlive, valueOf, workshop, writeClasses } from '../support/core.ts';
import { NetworkBuilder, randomNumbers } from '../support/networks.ts';

const work = workshop();
const each = 30;
let studio: Studio;
let project: Project;
let network: StoredNetwork;
/** A run that nothing disturbed: what disturbed ones must come to as well. */
let undisturbed: TrainReport;

/** Three convolutions with BatchNormalization, and a classifier of four classes that is left out. */
function smallNetwork(): Uint8Array {
  const net = new NetworkBuilder();
  let value = net.relu('relu1', net.norm('norm1', net.conv('conv1', net.input(), 8, { stride: 2 })));
  value = net.relu('relu2', net.norm('norm2', net.conv('conv2', value, 12, { stride: 2 })));
  value = net.relu('relu3', net.norm('norm3', net.conv('conv3', value, 16)));
  value = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [value]), [-1, 16]);
  value = net.add('Softmax', 'prob', [net.dense('fc', value, 16, 4)], { axis: int(1) });
  return writeModel(net.model(value, ['N', 4]));
}

beforeAll(async () => {
  studio = work.studio();
  network = await addNetwork(studio.libraryFolder, studio.trainer, work.write('small.onnx', smallNetwork()), {
    scaling: 'unit',
  });
  await writeClasses(work.path('cells'), each);
  project = await projectOf('cells');
  undisturbed = await train(project);
}, 120_000);

async function projectOf(name: string): Promise<Project> {
  const made = work.project(name);
  await importItems(made, work.path('cells'), { labels: 'folders' });
  // One item that is left for the run to suggest a class for.
  labelItems(made, [{ itemId: 1, classId: null }]);
  network = await useNetwork(studio, made, 'small');
  return made;
}

async function train(
  of: Project,
  control: FineTuneControl = {},
  choice: Partial<FineTuning> = {},
): Promise<TrainReport> {
  const settings = fineTuningOf(network.info, 100, {
    freeze: network.info.freezePoints[0].name,
    epochs: 12,
    batchSize: 8,
    rate: 0.05,
    patience: null,
    headStart: 'zero',
    ...choice,
  });
  return fineTune(studio, of, { network, settings, seed: 0, device: 'cpu' }, control);
}

/** Acts once, when an epoch has ended. */
function afterEpoch(epoch: number, act: () => void): FineTuneControl {
  return { onEpoch: (metrics) => metrics.epoch === epoch && act() };
}

const answersOf = (of: Project, id: number) =>
  [...runItems(of, id)].map(({ itemId, probabilities }) => [itemId, probabilities && [...probabilities]]);
const weightsOf = async (of: Project, id: number) => (await readModelFile(trainedFile(of, id))).graph.initializers;
const sameButTimes = (metrics: EpochMetrics[]) => metrics.map((one) => ({ ...one, seconds: 0, imagesPerSecond: null }));

/**
 * A run that was cut off came to exactly what an undisturbed one comes to, and so did its metrics.
 *
 * @param gap whether metrics may be missing that the core had not stored yet when it died
 */
function expectUndisturbed(of: Project, { run }: TrainReport, gap = false): void {
  expect(run.status).toBe('done');
  expect(run.error).toBeNull();
  expect(answersOf(of, run.id)).toEqual(answersOf(project, undisturbed.run.id));
  expect(run.result.test).toEqual(undisturbed.run.result.test);
  const [steps, epochs] = [stepMetrics(of, run.id), epochMetrics(of, run.id)];
  const expected = {
    steps: stepMetrics(project, undisturbed.run.id),
    epochs: epochMetrics(project, undisturbed.run.id),
  };
  const stored = new Set([...steps.map(({ step }) => step), ...epochs.map(({ epoch }) => -epoch)]);
  expect(steps).toEqual(expected.steps.filter(({ step }) => !gap || stored.has(step)));
  expect(sameButTimes(epochs)).toEqual(sameButTimes(expected.epochs.filter(({ epoch }) => !gap || stored.has(-epoch))));
  expect(steps.length).toBeGreaterThan(expected.steps.length / 2);
  expect(existsSync(runCheckpoint(of, run.id))).toBe(false);
  expect(integrityOf(of)).toEqual(['ok']);
}

describe('a fine-tuning', () => {
  it('learns, is measured, and is kept with its metrics, its answers and its network', () => {
    const { run, warnings } = undisturbed;
    const { fineTuning, counts, test, regularisation } = run.result;
    expect(run.config).toMatchObject({ method: 'fine-tune', classes: ['green', 'red'], pooling: 'avg' });
    expect(warnings).toHaveLength(1);
    expect(regularisation).toBeNull();
    expect(test!.accuracy.value).toBeGreaterThan(0.8);
    expect(counts.train + counts.validation + counts.test).toBe(2 * each - 1);
    const steps = stepMetrics(project, run.id);
    expect(fineTuning).toMatchObject({ epochs: 12, steps: steps.length, ended: 'complete' });
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, at) => at + 1));
    const epochs = epochMetrics(project, run.id).filter(({ epoch }) => epoch > 0);
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    expect(epochs.at(-1)!.trainLoss!).toBeLessThan(epochs[0].trainLoss! / 2);
    for (const [, answer] of answersOf(project, run.id))
      expect((answer as number[])[0] + (answer as number[])[1]).toBeCloseTo(1, 5);
    expect(runSuggestions(project, run.id)).toEqual([
      { itemId: 1, classIndex: 0, probability: expect.any(Number) as number },
    ]);
    expect(existsSync(trainedFile(project, run.id))).toBe(true);
    expect(existsSync(runCheckpoint(project, run.id))).toBe(false);
  });

  it('repeats to the last bit', async () => {
    expectUndisturbed(project, await train(project));
  });

  it('can start with a classifier fitted to the codes, with everything trainable, or from scratch', async () => {
    const fitted = await train(project, {}, { headStart: 'fitted', epochs: 3 });
    expect(epochMetrics(project, fitted.run.id)[0]).toMatchObject({ epoch: 0, trainLoss: null });
    expect(fitted.run.result.test!.accuracy.value).toBeGreaterThan(0.8);
    const whole = await train(project, {}, { freeze: null, epochs: 2 });
    const few = fitted.run.result.fineTuning!.parameters;
    expect(whole.run.result.fineTuning!.parameters).toBeGreaterThan(few);
    const random = await train(project, {}, { freeze: null, init: 'random', epochs: 2 });
    expect(random.run.result.fineTuning!.parameters).toBe(whole.run.result.fineTuning!.parameters);
    const last = network.info.freezePoints.at(-1)!.name;
    const alone = await train(project, {}, { freeze: last, epochs: 2 });
    expect(alone.run.result.fineTuning!.parameters).toBe(16 * 2 + 2);
  });

  it('learns the slower the less the fitted classifier leaves to learn, and says so, also when it goes on', async () => {
    const choice = { headStart: 'fitted', epochs: 3, rateByFit: true, schedule: 'constant', warmUp: 0 } as const;
    const whole = await train(project, {}, choice);
    const rates = new Set(stepMetrics(project, whole.run.id).map(({ rate }) => rate));
    expect(rates.size).toBe(1);
    const [rate] = rates;
    const [fitted] = epochMetrics(project, whole.run.id);
    const heldOut = { loss: fitted.validationLoss!, items: whole.run.result.counts.validation };
    // λ was chosen with a looser tolerance than the classifier was fitted with in the end.
    expect(rate / 0.05).toBeCloseTo(rateByFit(heldOut, 2), 2);
    expect(rate).toBeLessThan(0.04);
    expect(whole.run.result.fineTuning!.notes).toEqual([expect.stringContaining('leaves little to learn')]);

    const stop = new AbortController();
    await expect(train(project, { signal: stop.signal, ...afterEpoch(1, () => stop.abort()) }, choice)).rejects.toThrow(
      'was paused',
    );
    const { run } = await resumeRun(studio, project, listRuns(project).at(-1)!.id);
    expect(answersOf(project, run.id)).toEqual(answersOf(project, whole.run.id));
    expect(stepMetrics(project, run.id)).toEqual(stepMetrics(project, whole.run.id));

    const meant = await train(project, {}, { ...choice, rateByFit: false, epochs: 1 });
    expect(stepMetrics(project, meant.run.id)[0].rate).toBe(0.05);
    expect(meant.run.result.fineTuning!.notes).toEqual([]);
  });

  it('ends well before its time when told to', async () => {
    const finish = new AbortController();
    const { run } = await train(
      project,
      { finish: finish.signal, ...afterEpoch(2, () => finish.abort()) },
      { epochs: 500 },
    );
    expect(run.result.fineTuning).toMatchObject({ ended: 'stopped' });
    expect(run.result.fineTuning!.epochs).toBeLessThan(400);
    expect(run.result.test!.items).toBeGreaterThan(0);
  });

  it('that is cancelled before there is anything to keep is cancelled', async () => {
    const stop = new AbortController();
    const job = train(project, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(job).rejects.toMatchObject({ name: 'CancelledError' });
    expect(listRuns(project).at(-1)).toMatchObject({ status: 'cancelled', result: null });
  });
});

describe('a run that was cut off', () => {
  it('by the person is paused, and goes on with the items, labels and split that it began with', async () => {
    const paused = await projectOf('paused');
    const stop = new AbortController();
    await expect(train(paused, { signal: stop.signal, ...afterEpoch(4, () => stop.abort()) })).rejects.toMatchObject({
      name: 'UserError',
      message: 'Run 1 was paused.',
      onCommandLine: expect.stringContaining('--resume 1') as string,
    });
    expect(findRun(paused, 1)).toMatchObject({ status: 'paused', error: null, result: null });
    expect(epochMetrics(paused, 1).length).toBeGreaterThanOrEqual(4);
    // Whatever the person does meanwhile: other labels, more of them, another split.
    labelItems(paused, [
      { itemId: 1, classId: ensureClass(paused, 'blue').id },
      { itemId: 2, classId: ensureClass(paused, 'red').id },
    ]);
    const again = work.reopen(paused);
    endAbandonedRuns(again);
    expectUndisturbed(again, await resumeRun(studio, again, 1));
    await expect(resumeRun(studio, again, 1)).rejects.toThrow('Run 1 is done. Only a run that is paused');
  });

  it('by the death of the trainer is paused with what happened, and goes on', async () => {
    const killed = await projectOf('trainer killed');
    const job = train(
      killed,
      afterEpoch(3, () => process.kill(studio.trainer.pid!, 'SIGKILL')),
    );
    await expect(job).rejects.toThrow(/ended by the signal SIGKILL.* Run 1 is paused/);
    expect(findRun(killed, 1)).toMatchObject({
      status: 'paused',
      error: expect.stringContaining('SIGKILL') as string,
    });
    expectUndisturbed(killed, await resumeRun(studio, killed, 1));
  });

  it(
    'twenty times, at moments drawn by chance, comes to what an undisturbed one comes to',
    // Twenty starts of the trainer.
    { timeout: 900_000 },
    async () => {
      const long = { epochs: 300 };
      const plain = await projectOf('long');
      const expected = await train(plain, {}, long);
      const killed = await projectOf('killed');
      const random = randomNumbers(7);
      let kills = 0;
      /** Kills the trainer some time after it has begun to train, up to half a second. */
      const kill = (): FineTuneControl => {
        let begun = false;
        return {
          onProgress: ({ step }) => {
            if (begun || !step.startsWith('Training') || kills >= 20) return;
            begun = true;
            setTimeout(() => process.kill(studio.trainer.pid!, 'SIGKILL'), 100 * (random() + 1));
            kills++;
          },
        };
      };
      let ended = await train(killed, kill(), long).catch(() => undefined);
      while (!ended) {
        expect(findRun(killed, 1).status).toBe('paused');
        ended = await resumeRun(studio, killed, 1, kill()).catch((error: unknown) => {
          if (!String(error).includes('SIGKILL')) throw error;
          return undefined;
        });
      }
      expect(kills).toBe(20);
      expect(answersOf(killed, 1)).toEqual(answersOf(plain, expected.run.id));
      expect(await weightsOf(killed, 1)).toEqual(await weightsOf(plain, expected.run.id));
      expect(integrityOf(killed)).toEqual(['ok']);
    },
  );

  it('by the death of the core is paused when the project is opened again, and goes on', async () => {
    const dead = await projectOf('core killed');
    dead.close();
    const core = work.child(['fine-tune', dead.folder, work.path('data'), JSON.stringify(undisturbed.run.config)]);
    let trainer = 0;
    for (let epoch = 0; epoch < 5;) {
      const line = await core.nextLine();
      if (line === undefined) throw new Error((await core.ended).errors);
      [trainer, epoch] = line.split(' ').map(Number);
    }
    core.kill();
    await core.ended;
    expect(await eventually(() => !isAlive(trainer))).toBe(true);
    const again = work.reopen(dead);
    endAbandonedRuns(again);
    expect(findRun(again, 1)).toMatchObject({
      status: 'paused',
      error: expect.stringContaining('was ended') as string,
    });
    expectUndisturbed(again, await resumeRun(studio, again, 1), true);
  });

  it('is refused where its items show other pixels by now, or are gone, or its checkpoint is', async () => {
    const changed = await projectOf('changed');
    const stop = new AbortController();
    await expect(train(changed, { signal: stop.signal, ...afterEpoch(2, () => stop.abort()) })).rejects.toThrow();
    changed.database.exec('UPDATE images SET page = 1 WHERE id = 2');
    await expect(resumeRun(studio, changed, 1)).rejects.toThrow(
      `Run 1 cannot go on: 1 of its ${2 * each - 1} items were removed since it began, or show other pixels.`,
    );
    changed.database.exec('DELETE FROM items WHERE id IN (2, 3)');
    await expect(resumeRun(studio, changed, 1)).rejects.toThrow('2 of its');
    expect(findRun(changed, 1).status).toBe('paused');
    rmSync(runCheckpoint(changed, 1));
    await expect(resumeRun(studio, changed, 1)).rejects.toThrow('The checkpoint of run 1 is gone');
    expect(valueOf(changed, `SELECT COUNT(*) FROM runs WHERE status = 'running'`)).toBe(0);
  });
});

describe('after fine-tuning', () => {
  it('an exported file answers as the studio does, folded or not, and says how it was made', async () => {
    const run = finishedRun(project, undisturbed.run.id);
    const norms = async (folder: string, fold: boolean): Promise<number> => {
      const report = await exportRun(studio, project, run, { folder: work.path(folder), fold });
      expect(report.agreement.items).toBe(run.result.counts.test);
      expect(report.agreement.largestDifference).toBeLessThan(1e-5);
      const { graph } = await readModelFile(report.files[0]);
      return graph.nodes.filter(({ op }) => op === 'BatchNormalization').length;
    };
    expect([await norms('plain', false), await norms('folded', true)]).toEqual([3, 0]);
    const [card, file] = readdirSync(work.path('folded'))
      .sort()
      .map((name) => work.path('folded', name));
    expect(readFileSync(card, 'utf8')).toMatch(
      /\| Method \| fine-tuning of what comes after .*, from the pretrained weights with a classifier at zero: [\d,]+ parameters trained \|\n\| Optimizer \| AdamW, rate 0\.05/,
    );
    const opened = await openClassifier(studio, file);
    expect(opened).toMatchObject({ classes: ['green', 'red'], provenance: { method: 'fine-tune', run: run.id } });
    const ours = await predictSource(studio, await cachedClassifier(studio, project, run), work.path('cells', 'green'));
    const theirs = await predictSource(studio, opened, work.path('cells', 'green'));
    expect(theirs.predictions).toHaveLength(each);
    for (const [at, { probabilities }] of theirs.predictions.entries())
      expect(probabilities[0]).toBeCloseTo(ours.predictions[at].probabilities[0], 5);
  });

  it('the network can be that of the next project, and knows where it comes from', async () => {
    const { id } = undisturbed.run;
    const { info } = await addNetwork(studio.libraryFolder, studio.trainer, fineTunedFile(project, id));
    expect(info).toMatchObject({
      name: `cells-run-${id}`,
      classes: 2,
      preprocessing: network.info.preprocessing,
      parent: { hash: network.info.hash, name: 'small', project: 'cells', run: id },
    });
    expect(info.freezePoints.map(({ name }) => name)).toEqual(network.info.freezePoints.map(({ name }) => name));
    const next = work.project('next');
    await importItems(next, work.path('cells'), { labels: 'folders' });
    const own = await useNetwork(studio, next, info.name);
    const { run } = await trainLinear(studio, next, {
      network: own,
      point: selectPoint(own, 'last'),
      method: 'softmax',
      pooling: 'avg',
      seed: 0,
      device: 'cpu',
    });
    expect(run.result.test!.accuracy.value).toBeGreaterThan(0.8);
    expect(() => fineTunedFile(next, run.id)).toThrow(`Run ${run.id} trained a classifier alone`);
    const settings = fineTuningOf(own.info, 100, { freeze: own.info.freezePoints[1].name, epochs: 1 });
    const again = await fineTune(studio, next, { network: own, settings, seed: 0, device: 'cpu' });
    expect(again.run.result.fineTuning!.epochs).toBe(1);
  });

  it('its recipe is cross-validated, every choice inside the fold, and nothing of that stays', async () => {
    const before = readdirSync(project.cacheFolder);
    const steps = new Set<string>();
    const result = await crossValidateRecipe(studio, project, findRun(project, undisturbed.run.id), 3, {
      onProgress: ({ step }) => steps.add(step.slice(0, 11)),
    });
    expect(result).toMatchObject({ folds: 3, warnings: [] });
    expect(crossValidationOf(project, undisturbed.run.id)).toEqual(result);
    expect(result.foldScores.reduce((sum, { items }) => sum + items, 0)).toBe(2 * each - 1);
    expect(result.evaluation.items).toBe(2 * each - 1);
    expect(result.evaluation.accuracy.value).toBeGreaterThan(0.8);
    expect([...steps]).toEqual(expect.arrayContaining(['Fold 1 of 3', 'Fold 3 of 3']));
    expect(readdirSync(project.cacheFolder).filter((name) => name.startsWith('fold-'))).toEqual([]);
    expect(readdirSync(project.cacheFolder)).toEqual(expect.arrayContaining(before));
    expect(listRuns(project).every(({ status }) => status !== 'running')).toBe(true);
  });
});
