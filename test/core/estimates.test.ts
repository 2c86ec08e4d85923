import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StopEstimate } from '../../main/contract/estimates.ts';
import { noAugmentation } from '../../main/contract/augmentation.ts';
import { costsOfStops, unitCosts } from '../../main/estimates/cost-model.ts';
import { calibrateEstimates, estimate } from '../../main/estimates/estimate.ts';
import { importItems } from '../../main/items/import.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import type { Project } from '../../main/projects/project.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { stopsToMeasure } from '../../main/trainer/calibration/stops.ts';
import { blockWork } from '../../main/engine/networks/block-work.ts';
import { findFreezePoint } from '../../main/engine/networks/freeze-points.ts';
import { stepMemory } from '../../main/engine/training/step-memory.ts';
import { buildStep } from '../../main/engine/training/training-graph.ts';
import { fineTune } from '../../main/training/fine-tune.ts';
import { fineTuningOf } from '../../main/training/fine-tuning-defaults.ts';
import { workshop, writeClasses } from '../support/core.ts';
import { desk, openClasses } from '../support/studio.ts';
import { requestFor, residualNetwork, size as residualSize } from '../support/training.ts';

const work = workshop();
let studio: Studio;
let network: StoredNetwork;
let project: Project;

beforeAll(async () => {
  studio = work.studio();
  await residualNetwork(work.folder);
  await addNetwork(studio.libraryFolder, studio.trainer, work.path('residual.onnx'), {
    scaling: 'tf',
    size: residualSize,
  });
  await writeClasses(work.path('images'), 30);
  project = work.project('estimated');
  network = await useNetwork(studio, project, 'residual');
  await importItems(project, work.path('images'), { labels: 'folders', group: 'image' });
});

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));

describe('the cost of work', () => {
  it('is found from a few measurements, and is never below zero', () => {
    const works = [
      [10, 4],
      [6, 8],
      [1, 1],
    ];
    const [a, b] = unitCosts(
      works,
      works.map(([x, y]) => 3 * x + 0.5 * y),
    );
    expect([a, b]).toEqual([expect.closeTo(3, 6), expect.closeTo(0.5, 6)]);
    // The second measure only seems to make it cheaper.
    const never = unitCosts(
      works,
      works.map(([x, y]) => 3 * x - 0.5 * y),
    );
    expect(never[1]).toBe(0);
  });

  it('stands where it was measured, and is shared out by the work in between', () => {
    const works = [[100], [90], [40], [20], [0]];
    const measured = [
      { stop: 0, cost: 11 },
      { stop: 2, cost: 5 },
      { stop: 4, cost: 1 },
    ];
    expect(costsOfStops(works, measured)).toEqual([11, expect.closeTo(10, 9), 5, expect.closeTo(3, 9), 1]);
  });

  it('is not known before the first place that was measured', () => {
    const measured = [
      { stop: 1, cost: 5 },
      { stop: 2, cost: 1 },
    ];
    expect(costsOfStops([[3], [2], [1]], measured)).toEqual([null, 5, 1]);
  });

  it('is measured at both ends and where the work in between is parted evenly', () => {
    const block = (multiplyAdds: number) => ({ multiplyAdds, firstMultiplyAdds: multiplyAdds, values: 0 });
    const blocks = Array.from({ length: 20 }, () => block(100));
    expect(stopsToMeasure(blocks, 0)).toEqual([0, 9, 15, 18, 20]);
    expect(stopsToMeasure(blocks, 4)[0]).toBe(4);
    expect(stopsToMeasure([block(1)], 0)).toEqual([0, 1]);
  });
});

describe('what the engine says of a network', () => {
  it('its blocks hold all of its multiply-adds, and the first layer of each no more than the block', async () => {
    const opened = await residualNetwork();
    const blocks = blockWork(opened);
    expect(blocks).toHaveLength(opened.freezePoints.length);
    let before = 0;
    for (const [at, block] of blocks.entries()) {
      before += block.multiplyAdds;
      expect(before).toBe(opened.freezePoints[at].multiplyAddsBefore);
      expect(block.firstMultiplyAdds).toBeLessThanOrEqual(block.multiplyAdds);
    }
    // The stem: a convolution, its norm and a ReLU, 8 channels of 8 × 8 each.
    expect(blocks[0].values).toBeGreaterThanOrEqual(3 * 8 * 8 * 8);
    // A residual block holds two layers of the same size.
    expect(blocks[1].firstMultiplyAdds * 2).toBe(blocks[1].multiplyAdds);
  });

  it('a step holds more of a larger batch, and less where more is frozen', async () => {
    const opened = await residualNetwork();
    const memory = (freeze: string | undefined, batch: number): number =>
      stepMemory(buildStep(requestFor(opened, freeze, { batch })));
    const points = opened.freezePoints.map(({ name }) => name);
    const all = memory(undefined, 8);
    expect(memory(undefined, 16)).toBeGreaterThan(1.5 * all);
    expect(memory(points[0], 8)).toBeLessThan(all);
    expect(memory(points.at(-1), 8)).toBeLessThan(memory(points[0], 8));
    // Three activations of the stem at least are kept for the way back.
    expect(all).toBeGreaterThan(3 * 8 * 8 * 8 * 8 * 4);
    expect(findFreezePoint(opened.freezePoints, points[0]).index).toBe(1);
  });
});

describe('estimates', () => {
  const request = () => ({ network, choice: { batchSize: 8, epochs: 2 }, device: 'cpu' as const });
  const byFreeze = (stops: readonly StopEstimate[], freeze: string | null): StopEstimate =>
    stops.find((stop) => stop.freeze === freeze)!;

  it('say parameters and disk before anything was measured, and times only after', async () => {
    const before = await estimate(project, request());
    expect(before.measured).toBeNull();
    expect(before.stops.map(({ freeze }) => freeze)).toEqual([
      null,
      ...network.info.freezePoints.map(({ name }) => name),
    ]);
    expect(before.stops.every(({ epochSeconds, memory }) => epochSeconds === null && memory === null)).toBe(true);
    expect(before.stops[0]).toMatchObject({ share: 1, disk: 0, views: 0 });
    const { train, validation } = before.items;
    const [point] = network.info.freezePoints;
    const length = point.shape.reduce((a, b) => a * b);
    expect(byFreeze(before.stops, point.name)).toMatchObject({ views: 8, disk: (8 * train + validation) * length * 2 });
    const turned = await estimate(project, { ...request(), choice: { augmentation: noAugmentation } });
    expect(byFreeze(turned.stops, point.name)).toMatchObject({ views: 1, disk: (train + validation) * length * 2 });

    const steps: string[] = [];
    await calibrateEstimates(studio, project, request(), { onProgress: ({ step }) => steps.push(step) });
    expect(new Set(steps)).toContain('Measuring training steps');
    const after = await estimate(project, request());
    expect(after.measured).toMatchObject({ device: 'CPU, as asked for' });
    for (const stop of after.stops) {
      expect(stop.epochSeconds).toBeGreaterThan(0);
      expect(stop.memory).toBeGreaterThan(0);
      if (stop.freeze !== null) expect(stop.onceSeconds).toBeGreaterThan(0);
    }
    expect(after.stops[0]).toMatchObject({ onceSeconds: 0, share: 1 });
    expect(after.stops.at(-1)!.share).toBeLessThan(1);
    expect(filesBelow(project.cacheFolder).filter((path) => path.includes('measuring'))).toEqual([]);
  });

  it('count the parameters that a run then trains, and the activations that it then stores', async () => {
    const { stops } = await estimate(project, request());
    const [, { name }] = network.info.freezePoints;
    const settings = fineTuningOf(network.info, 1, { ...request().choice, freeze: name, epochs: 1 });
    const { run } = await fineTune(studio, project, { network, settings, seed: 0, device: 'cpu' });
    expect(byFreeze(stops, name).parameters).toBe(run.result.fineTuning!.parameters);
    const stored = filesBelow(project.cacheFolder).find((path) => path.endsWith('rows.f16'))!;
    expect(statSync(stored).size).toBe(byFreeze(stops, name).disk);
  });

  it('are measured for each batch size, optimizer, size and device by itself', async () => {
    const measured = async (changes: object) =>
      (await estimate(project, { ...request(), ...changes })).measured !== null;
    expect(await measured({})).toBe(true);
    expect(await measured({ choice: { batchSize: 8, views: 3, rate: 0.1, epochs: 9 } })).toBe(true);
    expect(await measured({ choice: { batchSize: 16 } })).toBe(false);
    expect(await measured({ choice: { batchSize: 8, optimizer: 'sgd' } })).toBe(false);
    expect(await measured({ device: 'auto' })).toBe(false);
    expect(await measured({ size: 32 })).toBe(false);
  });

  it('begin anew where what was kept of them is damaged', async () => {
    const kept = work.reopen(project);
    writeFileSync(join(kept.cacheFolder, 'calibrations.json'), '{');
    expect((await estimate(kept, request())).measured).toBeNull();
    project = kept;
  });
});

describe('the screens', () => {
  it('ask for estimates, start a measurement, and are told when it is there; a cancelled one leaves nothing', async () => {
    const own = desk(work, work.path('screens-data'));
    const { client, state, done, over } = own;
    await client.projects.create({ folder: work.path('none') });
    const unlabelled = await client.estimates.measure({ network: null, device: 'cpu' });
    expect((await over(unlabelled)).error).toMatch(/^Nothing is labelled yet/);
    await openClasses(work, own, 'screens', 10);
    const cancelled = await client.estimates.measure({ network: null, device: 'cpu' });
    await client.studio.cancelJob({ id: cancelled.job });
    expect(await over(cancelled)).toMatchObject({ status: 'cancelled' });
    expect((await client.estimates.get({ network: null, device: 'cpu' }))!.measured).toBeNull();
    const { revisions } = await state();
    await done(await client.estimates.measure({ network: null, device: 'cpu' }));
    expect((await state()).revisions.estimates).toBe(revisions.estimates + 1);
    const report = await client.estimates.get({ network: null, device: 'cpu' });
    expect(report!.stops.every(({ epochSeconds }) => epochSeconds !== null)).toBe(true);
  });
});
