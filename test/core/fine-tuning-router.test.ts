import { describe, expect, it } from 'vitest';
import type { RunMetrics } from '../../main/contract/api/learning.ts';
import type { StudioState } from '../../main/contract/api/studio.ts';
import { chartMetrics, metricsWriter } from '../../main/training/metrics.ts';
import { workshop } from '../support/core.ts';
import { type Desk, desk, openClasses, sentence } from '../support/studio.ts';

const work = workshop();
const common = { size: null, seed: 0, device: 'cpu' } as const;
/** Goes on until it is told to stop. */
const endless = { freeze: null, epochs: 10_000, patience: null } as const;

const none: RunMetrics = { steps: [], epochs: [], confusion: null, samples: [], rateShares: [], notes: [] };

async function until(client: Desk['client'], holds: (state: StudioState) => boolean | Promise<boolean>): Promise<void> {
  for await (const state of await client.studio.watch()) if (await holds(state)) return;
}

describe('a fine-tuning by the screens', () => {
  it('is started, watched, paused, gone on with in another studio, and finished early', async () => {
    const own = desk(work, work.path('first'));
    const { client, over, state } = own;
    await openClasses(work, own, 'tuned');
    const [network] = await client.networks.list();
    const freeze = network.freezePoints[0].name;
    const told = await client.training.fineTuning({ freeze, rate: 0.02 });
    expect(told).toMatchObject({ freeze, rate: 0.02, optimizer: 'adamw', batchSize: 16 });
    expect(await sentence(client.training.fineTuning({ freeze: 'nowhere' }))).toMatch(/no freeze point nowhere/);

    const started = await client.training.start({ ...common, method: 'fine-tune', choice: endless });
    expect((await state()).jobs.at(-1)).toMatchObject({ kind: 'train', title: 'Fine-tuning', canFinish: true });
    const metricsOf = async (desk: Desk, points = 1000) => {
      const run = (await desk.client.training.runs()).at(0);
      return run ? desk.client.training.metrics({ id: run.id, points }) : none;
    };
    await until(client, async () => (await metricsOf(own)).epochs.length > 3);
    // From its first checkpoint on, what a cancellation would keep.
    expect((await state()).jobs.at(-1)).toMatchObject({ canPause: true });
    expect((await state()).revisions.metrics).toBeGreaterThan(3);
    const [run] = await client.training.runs();
    expect(run).toMatchObject({ status: 'running', config: { fineTuning: { freeze: null, epochs: 10_000 } } });
    expect(await sentence(client.training.resume({ id: run.id }))).toMatch(/is running/);
    await client.studio.cancelJob({ id: started.job });
    expect((await over(started)).status).toBe('cancelled');
    expect((await client.training.runs())[0]).toMatchObject({ status: 'paused', error: null });
    const paused = await metricsOf(own);
    expect(paused.steps.map(({ step }) => step)).toEqual(paused.steps.map((_, at) => at + 1));
    const last = paused.epochs.at(-1)!;
    expect(paused.epochs.map(({ epoch }) => epoch)).toEqual(paused.epochs.map((_, at) => at));
    expect([paused.epochs[0].step, last.step]).toEqual([0, last.epoch * paused.epochs[1].step]);
    expect(paused.confusion?.map((row) => row.length)).toEqual([2, 2]);
    // The same items in every epoch, of both classes.
    expect(paused.samples.length).toBeGreaterThan(2);
    expect(new Set(paused.samples.map(({ truth }) => truth))).toEqual(new Set([0, 1]));
    for (const { truth, predicted, probability, truthProbability, truths } of paused.samples) {
      expect(truths).toHaveLength(paused.epochs.length);
      expect(truths.at(-1)).toBe(truthProbability);
      expect(truthProbability).toBeCloseTo(predicted === truth ? probability : 1 - probability, 5);
    }
    const { pretrainedRate, rateFall } = told;
    expect(paused.rateShares).toEqual(network.freezePoints.map((_, group) => pretrainedRate / rateFall ** group));
    const from = Math.ceil(last.step / 2);
    const part = await client.training.metrics({ id: run.id, points: 1000, range: { from, to: last.step } });
    expect(part.steps).toEqual(paused.steps.filter(({ step }) => step >= from && step <= last.step));
    await client.projects.close();

    const later = desk(work, work.path('second'));
    await later.client.projects.open({ folder: `${work.path('tuned')}.parfocal` });
    const resumed = await later.client.training.resume({ id: run.id });
    await until(later.client, async () => (await metricsOf(later)).epochs.length > paused.epochs.length + 2);
    await later.client.studio.finishJob({ id: resumed.job });
    expect((await later.over(resumed)).status).toBe('done');
    const [done] = await later.client.training.runs();
    await later.client.training.rename({ id: run.id, name: '  no blur ' });
    expect((await later.client.training.runs())[0].name).toBe('no blur');
    await later.client.training.rename({ id: run.id, name: ' ' });
    expect((await later.client.training.runs())[0].name).toBeNull();
    expect(await sentence(later.client.training.rename({ id: 99, name: 'x' }))).toMatch(/There is no run 99/);
    expect(done).toMatchObject({ id: run.id, status: 'done', result: { fineTuning: { ended: 'stopped' } } });
    const whole = await metricsOf(later);
    expect(whole.steps.slice(0, paused.steps.length)).toEqual(paused.steps);
    expect(whole.steps.length).toBe(done.result?.fineTuning?.steps);
    expect(await sentence(later.client.training.resume({ id: run.id }))).toMatch(/is done/);
    expect(await sentence(later.client.training.metrics({ id: 99, points: 10 }))).toMatch(/There is no run 99/);
  });

  it('gives its metrics thinned to as many points as are asked for, spikes and ends included', async () => {
    const own = desk(work, work.path('third'));
    const { client, done, session } = own;
    await openClasses(work, own, 'thinned', 4);
    const settings = { ...common, method: 'softmax', point: 'last', pooling: 'avg' } as const;
    await done(await client.training.start(settings));
    const [{ id }] = await client.training.runs();
    expect(await client.training.metrics({ id, points: 10 })).toEqual(none);

    let stored = 0;
    const writer = metricsWriter(session.project(), id, () => stored++);
    const loss = (step: number): number => (step === 500 ? 1001 : 1);
    for (let step = 1; step <= 1005; step++) {
      const epoch = Math.ceil(step / 15);
      writer.take({ kind: 'step', metrics: { step, epoch, loss: loss(step), rate: step } });
      const metrics = { epoch, trainLoss: 1, validationLoss: null, validationAccuracy: null, validationMacroF1: null };
      const rest = { confusion: null, seconds: step, imagesPerSecond: null, best: false };
      if (step % 15 === 0) writer.take({ kind: 'epoch', metrics: { ...metrics, ...rest } });
    }
    writer.flush();
    writer.take({ kind: 'note', text: 'A smaller batch.' });
    expect(stored).toBeGreaterThanOrEqual(68);
    const { steps, epochs, notes } = chartMetrics(session.project(), id, 10);
    expect(steps.map(({ step }) => step)).toEqual([101, 202, 303, 404, 505, 606, 707, 808, 909, 1005]);
    expect(steps.map((one) => one.loss)).toEqual(
      steps.map(({ step }) => expect.closeTo(step === 505 ? 1 + 1000 / 101 : 1, 9) as number),
    );
    expect(steps[0].rate).toBe(51);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 67]);
    expect(epochs.at(-1)?.step).toBe(1005);
    expect(notes).toEqual(['A smaller batch.']);
    expect(chartMetrics(session.project(), id, 2000).steps).toHaveLength(1005);
  });
});
