import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../main/engine/graph/types.ts';
import { decodeCheckpoint, encodeCheckpoint, type Sections } from '../../main/engine/training/checkpoint.ts';
import { adamw, sgd } from '../../main/engine/training/optimizers.ts';
import { createRandom } from '../../main/engine/random.ts';
import { randomised, tailParameters } from '../../main/engine/training/parameters.ts';
import { rateOfStep } from '../../main/engine/training/schedule.ts';
import {
  type Score,
  train,
  type TrainingHooks,
  type TrainingPlan,
  type TrainingProgress,
} from '../../main/engine/training/train.ts';
import { TrainingSession } from '../../main/engine/training/training-session.ts';
import { headWeights } from '../../main/engine/training/classified-tail.ts';
import { buildStepInParts, type TrainingGraphRequest } from '../../main/engine/training/training-graph.ts';
import { rateByFit } from '../../main/trainer/fine-tuning/rate-by-fit.ts';
import { temporaryFolder } from '../support/serving.ts';
import { classCount, requestFor, residualNetwork, stripes, stripesData } from '../support/training.ts';

interface Starved {
  readonly starved: number[];
  readonly expected: number[];
  readonly notes: string[];
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

const open = (request: TrainingGraphRequest) => TrainingSession.create(request, { device: 'cpu', smoothing: 0 });

const plan: TrainingPlan = {
  epochs: 4,
  schedule: { kind: 'cosine', rate: 5e-2, warmUp: 0.1 },
  patience: undefined,
  averaging: false,
  classCount,
};

interface Log {
  readonly losses: number[];
  readonly epochs: number[];
  saved: { progress: TrainingProgress; sections: Sections } | undefined;
}

function hooks(changes: Partial<TrainingHooks> = {}): { log: Log; hooks: TrainingHooks } {
  const log: Log = { losses: [], epochs: [], saved: undefined };
  return {
    log,
    hooks: {
      onStep: ({ loss }) => void log.losses.push(loss),
      onEpoch: ({ epoch }) => void log.epochs.push(epoch),
      save: (progress, sections) => {
        log.saved = { progress, sections };
        return Promise.resolve();
      },
      isTimeToSave: () => false,
      breathe: () => Promise.resolve(),
      isFinishing: () => false,
      ...changes,
    },
  };
}

describe('a step', () => {
  test('lowers the loss of its batch, from any freeze point on, with either optimizer', async () => {
    const network = await residualNetwork();
    for (const [freeze, optimizer] of [
      [undefined, adamw],
      ['block1', sgd],
      ['block2', adamw],
    ] as const) {
      const request = requestFor(network, freeze, { optimizer });
      const session = await open(request);
      const batch = stripes(8, 1);
      const input = freeze === undefined ? batch.input : activations(request);
      const losses: number[] = [];
      for (let step = 1; step <= 60; step++) losses.push(await session.step({ ...batch, input }, step, 0.01));
      expect(losses[0]).toBeCloseTo(Math.log(classCount), 5);
      expect(losses.at(-1)).toBeLessThan(0.97 * losses[0]);
      await session.release();
    }
  });

  test('in parts, with the gradients added up, changes the parameters as the whole does', async () => {
    const network = await residualNetwork();
    const request = requestFor(network, undefined, { clip: 0.5 });
    const options = { device: 'cpu', smoothing: 0.1, classWeights: Float64Array.of(1, 2, 0.5) } as const;
    const whole = await TrainingSession.create(request, options);
    const parted = await TrainingSession.create(request, { ...options, parts: 4 });
    for (let step = 1; step <= 3; step++) {
      const batch = stripes(8, step);
      const [one, other] = [await whole.step(batch, step, 0.01), await parted.step(batch, step, 0.01)];
      expect(other).toBeCloseTo(one, 5);
    }
    const [a, b] = [await whole.read(whole.weightNames), await parted.read(parted.weightNames)];
    for (const [name, { data }] of a)
      for (const [i, value] of data.entries()) expect(b.get(name)!.data[i]).toBeCloseTo(value, 3);
    await whole.release();
    await parted.release();
  });

  test.skipIf(!hasPrlimit)(
    `whose batch does not fit into memory goes through it in parts, to the same end${hasPrlimit ? '' : ' (skipped: there is no prlimit here)'}`,
    () => {
      const script = fileURLToPath(new URL('../support/starved-training.ts', import.meta.url));
      // Too little for anything ends the process (an allocation in one of ONNX Runtime's threads), plenty changes nothing: one between does.
      let told: Starved | undefined;
      for (const megabytes of [400, 300, 500, 250, 350, 450, 600, 200]) {
        const { stdout } = spawnSync(process.execPath, [script, temporaryFolder(), String(megabytes * 1e6)]);
        const one = JSON.parse(String(stdout) || '{"notes":[]}') as Starved;
        if (one.notes.length > 0) told = one;
        if (told) break;
      }
      expect(told?.notes[0]).toMatch(
        /memory did not suffice for 8192 images at once.*parts of \d+, whose gradients are added up/,
      );
      for (const [step, loss] of told!.starved.entries()) expect(loss).toBeCloseTo(told!.expected[step], 4);
    },
  );

  test('with decay toward the pretrained weights stays nearer to them than with none', async () => {
    const network = await residualNetwork();
    const distances: number[] = [];
    for (const towardPretrained of [0, 1]) {
      const request = requestFor(network, undefined, { towardPretrained, weightDecay: 0 });
      const session = await open(request);
      for (let step = 1; step <= 20; step++) await session.step(stripes(8, step), step, 0.05);
      const after = await session.read(request.parameters.map(({ name }) => name));
      let sum = 0;
      for (const { name, initial } of request.parameters)
        for (const [i, value] of after.get(name)!.data.entries()) sum += (value - initial.data[i]) ** 2;
      distances.push(Math.sqrt(sum));
      await session.release();
    }
    expect(distances[1]).toBeLessThan(0.9 * distances[0]);
  });

  test('in two graphs has no step of its own in the first', async () => {
    const { gather, apply } = buildStepInParts(requestFor(await residualNetwork(), 'block1'));
    expect(gather.inputs).not.toContain('training/rate');
    expect(apply.inputs).toContain('training/rate');
  });
});

/** Activations of no meaning, as the tail takes them. */
function activations({ freeze, batch }: TrainingGraphRequest): Tensor {
  const random = createRandom(5);
  const shape = [batch, ...freeze!.shape];
  const length = shape.reduce((a, b) => a * b);
  return { type: 'float32', shape, data: Float32Array.from({ length }, () => Math.max(0, random.normal())) };
}

describe('parameters', () => {
  test('have rates that fall from the last blocks to the first, and below the classifier’s', async () => {
    const network = await residualNetwork();
    const rates = new Map(
      tailParameters(network, undefined, { pretrainedRate: 0.1, rateFall: 2 }).map(({ rate, shape }) => [rate, shape]),
    );
    expect([...rates.keys()]).toEqual([0.025, 0.05, 0.1]);
    const frozen = tailParameters(network, network.freezePoints[1], { pretrainedRate: 0.1, rateFall: 2 });
    expect(new Set(frozen.map(({ rate }) => rate))).toEqual(new Set([0.1]));
    expect(frozen).toHaveLength(8);
    expect(frozen.filter(({ decays }) => decays)).toHaveLength(2);
  });

  test('drawn anew have the variance that keeps activations alike through the layers', async () => {
    const network = await residualNetwork();
    const all = tailParameters(network, undefined, { pretrainedRate: 0.1, rateFall: 2 });
    const fresh = randomised(network, all, createRandom(0));
    const [weights] = fresh.filter(({ shape }) => shape.length === 4 && shape[1] === 8);
    const variance = weights.initial.data.reduce((sum, x) => sum + x * x, 0) / weights.initial.data.length;
    expect(variance).toBeGreaterThan(0.75 * (2 / 72));
    expect(variance).toBeLessThan(1.25 * (2 / 72));
    expect(fresh.every(({ rate, pretrained }) => rate === 1 && !pretrained)).toBe(true);
  });
});

describe('the rates of a classifier that was fitted first', () => {
  test('fall with what it leaves to learn, and are whole where that is a tenth or more', () => {
    for (const loss of [9, Math.log(4), Math.log(4) / 10]) expect(rateByFit({ loss, items: 100 }, 4)).toBe(1);
    expect(rateByFit({ loss: Math.log(3) / 100, items: 1e6 }, 3)).toBeCloseTo(0.1, 4);
    expect(rateByFit({ loss: Math.log(3) / 200, items: 1e6 }, 3)).toBeCloseTo(0.05, 4);
  });

  test('do not fall far where few items happen to be right', () => {
    expect(rateByFit({ loss: 0, items: 19 }, 2)).toBeCloseTo(1 / 2, 10);
    expect(rateByFit({ loss: 0, items: 9 }, 2)).toBe(1);
    expect(rateByFit({ loss: 0, items: 9999 }, 2)).toBeCloseTo(0.001, 10);
    expect(rateByFit({ loss: 0, items: 0 }, 2)).toBe(1);
  });
});

describe('the schedule', () => {
  test('rises in a straight line and falls along a cosine', () => {
    const schedule = { kind: 'cosine', rate: 1, warmUp: 0.1, steps: 100 } as const;
    expect([1, 5, 10].map((step) => rateOfStep(schedule, step))).toEqual([0.1, 0.5, 1]);
    expect(rateOfStep(schedule, 56)).toBeCloseTo(0.5, 10);
    expect(rateOfStep(schedule, 100)).toBeLessThan(0.001);
    expect(rateOfStep({ ...schedule, kind: 'constant' }, 100)).toBe(1);
    expect(rateOfStep({ ...schedule, warmUp: 0 }, 1)).toBe(1);
  });
});

describe('a run', () => {
  test('learns, keeps the best weights, and is the same every time', async () => {
    const network = await residualNetwork();
    const outcomes = [];
    for (let round = 0; round < 2; round++) {
      const session = await open(requestFor(network, undefined, { normalisation: 'batch' }));
      const { log, hooks: own } = hooks();
      outcomes.push({ ...(await train(session, stripesData(20), plan, own)), log });
      await session.release();
    }
    const [one, other] = outcomes;
    expect(one.log.epochs).toEqual([0, 1, 2, 3, 4]);
    expect(one.score!.macroF1).toBeGreaterThan(0.9);
    expect(one.ended).toBe('complete');
    expect(other.log.losses).toEqual(one.log.losses);
    expect([...other.weights]).toEqual([...one.weights]);
  });

  test('interrupted at any step goes on to the same weights, bit for bit', async () => {
    const network = await residualNetwork();
    const request = requestFor(network, undefined, { normalisation: 'batch' });
    const averaging = { ...plan, averaging: true };
    const undisturbed = await open(request);
    const whole = await train(undisturbed, stripesData(3), averaging, hooks().hooks);
    await undisturbed.release();
    for (const stop of [1, 3, 4, 8, 12]) {
      const first = await open(request);
      let breaths = 0;
      const interrupted = hooks({
        onStep: () => {
          breaths++;
        },
        breathe: () => (breaths === stop ? Promise.reject(new Error('interrupted')) : Promise.resolve()),
      });
      await expect(train(first, stripesData(3), averaging, interrupted.hooks)).rejects.toThrow('interrupted');
      await first.release();
      const { progress, sections } = interrupted.log.saved!;
      expect(progress.step).toBe(stop);
      const bytes = Buffer.concat(encodeCheckpoint(progress, sections));
      const read = decodeCheckpoint(bytes, 'checkpoint');
      const second = await open(request);
      const { hooks: own } = hooks();
      const from = { progress: read.state as TrainingProgress, sections: read.sections };
      const rest = await train(second, stripesData(3), averaging, own, from);
      await second.release();
      expect([...rest.weights]).toEqual([...whole.weights]);
      expect(rest.bestEpoch).toEqual(whole.bestEpoch);
    }
  });

  test('whose epochs are worse than its start, or the same, ends with the weights that it began with', async () => {
    const network = await residualNetwork();
    const request = requestFor(network, undefined);
    const learner = await open(request);
    const learned = await train(learner, stripesData(20), plan, hooks().hooks);
    await learner.release();
    const started = (parameters: TrainingGraphRequest['parameters']) =>
      parameters.map((parameter) => ({ ...parameter, initial: learned.weights.get(parameter.name)! }));
    const from = { ...request, parameters: started(request.parameters), head: started(request.head) };
    for (const rate of [1, 1e-30]) {
      const session = await open(from);
      const scores: (Score | undefined)[] = [];
      const { hooks: own } = hooks({ onEpoch: ({ score }) => void scores.push(score) });
      const schedule = { kind: 'constant', rate, warmUp: 0 } as const;
      const trained = await train(session, stripesData(3), { ...plan, schedule }, own);
      await session.release();
      expect(trained).toMatchObject({ ended: 'complete', epochs: 4, bestEpoch: 0, score: learned.score });
      expect([...trained.weights]).toEqual([...learned.weights]);
      if (rate === 1) expect(scores.at(-1)!.macroF1).toBeLessThan(learned.score!.macroF1);
      else expect(scores.at(-1)).toEqual(learned.score);
    }
  });

  test('goes on at the rate that it began with; a checkpoint that does not say it, at the plan’s', async () => {
    const request = requestFor(await residualNetwork(), undefined);
    const { log, hooks: own } = hooks({
      breathe: () => (log.losses.length === 2 ? Promise.reject(new Error('stop')) : Promise.resolve()),
    });
    const data = stripesData(2);
    const first = await open(request);
    await expect(train(first, data, plan, own)).rejects.toThrow('stop');
    await first.release();
    const { progress, sections } = log.saved!;
    const { rate, ...earlier } = progress;
    expect(rate).toBe(plan.schedule.rate);
    for (const [from, expected] of [
      [progress, rate!],
      [earlier, 1e-3],
    ] as const) {
      const session = await open(request);
      const rates: number[] = [];
      const other = { ...plan, schedule: { ...plan.schedule, rate: 1e-3 } };
      const rest = hooks({ onStep: (step) => void rates.push(step.rate) });
      await train(session, data, other, rest.hooks, { progress: from, sections });
      await session.release();
      expect(rates[0]).toBe(rateOfStep({ ...plan.schedule, rate: expected, steps: 8 }, 3));
    }
  });

  test('ends early without a better score, or when it is told to, with the best weights', async () => {
    const network = await residualNetwork();
    const idle = { ...plan, epochs: 20, schedule: { ...plan.schedule, rate: 1e-12 } };
    const request = requestFor(network, undefined);
    const second = await open(request);
    const patient = await train(second, stripesData(2), { ...idle, patience: 2 }, hooks().hooks);
    expect(patient.ended).toBe('patience');
    expect(patient.epochs).toBeLessThan(20);
    let steps = 0;
    const third = await open(request);
    const told = await train(
      third,
      stripesData(4),
      plan,
      hooks({
        onStep() {
          steps++;
        },
        isFinishing: () => steps >= 6,
      }).hooks,
    );
    expect(told).toMatchObject({ ended: 'stopped', steps: 6, epochs: 1 });
    expect(told.weights.size).toBe(second.weightNames.length);
    for (const one of [second, third]) await one.release();
  });

  test('that loses its numbers ends with the best weights before, and saves no others', async () => {
    const network = await residualNetwork();
    const session = await open(requestFor(network, undefined, { optimizer: sgd }));
    const { log, hooks: own } = hooks({ isTimeToSave: () => true });
    const wild = { ...plan, epochs: 30, schedule: { kind: 'constant', rate: 1e18, warmUp: 0 } } as const;
    const trained = await train(session, stripesData(4), wild, own);
    expect(trained.ended).toBe('diverged');
    expect(trained.diverged).toMatch(/no number any more.*best weights before are kept.*smaller learning rate/);
    for (const weights of [trained.weights, log.saved!.sections['state']])
      for (const { data } of weights.values()) expect(data.every(Number.isFinite)).toBe(true);
    await session.release();
  });

  test('with the batches’ statistics keeps running ones, which answer alike in the end', async () => {
    const network = await residualNetwork();
    const session = await open(requestFor(network, undefined, { normalisation: 'batch' }));
    const statistics = session.weightNames.filter((name) => !name.startsWith('head/'));
    const before = await session.read(statistics);
    const result = await train(session, stripesData(20), plan, hooks().hooks);
    const after = await session.read(statistics);
    expect([...after].some(([name, { data }]) => data.some((value, i) => value !== before.get(name)!.data[i]))).toBe(
      true,
    );
    expect(result.score!.macroF1).toBeGreaterThan(0.8);
    await session.release();
  });
});

describe('a checkpoint', () => {
  const tensors = new Map([
    [headWeights, { type: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, -0) } as const],
  ]);

  test('is read as it was written', () => {
    const bytes = Buffer.concat(encodeCheckpoint({ step: 3 }, { state: tensors, best: tensors }));
    const { state, sections } = decodeCheckpoint(bytes, 'file');
    expect(state).toEqual({ step: 3 });
    expect(sections['best'].get(headWeights)).toEqual(tensors.get(headWeights));
  });

  test('cut short, or with a single bit changed, is refused by name', () => {
    const bytes = Buffer.concat(encodeCheckpoint({ step: 3 }, { state: tensors }));
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 40] ^= 1;
    for (const bad of [bytes.subarray(0, 60), bytes.subarray(0, bytes.length - 1), flipped, Buffer.alloc(0)])
      expect(() => decodeCheckpoint(bad, 'runs/3/checkpoint.bin')).toThrow('runs/3/checkpoint.bin is damaged');
  });
});
