import { beforeAll, describe, expect, it } from 'vitest';
import { computeCodes, type CodesReport } from '../../main/codes/compute.ts';
import { CancelledError } from '../../main/contract/errors.ts';
import type { Control, Progress } from '../../main/contract/progress.ts';
import { importItems } from '../../main/items/import.ts';
import { networkFile, type StoredNetwork } from '../../main/networks/library.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import type { Project } from '../../main/projects/project.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { createTrainer, type JobControl } from '../../main/trainer/client.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import type { FromTrainer, TrainerEnd } from '../../main/trainer/protocol.ts';
import type { ViewOutput } from '../../main/trainer/run-views.ts';
import { addTinyNetwork, eventually, integrityOf, isAlive, noisePng, valueOf, workshop } from '../support/core.ts';

const work = workshop();
const views = 2000;
let studio: Studio;
let network: StoredNetwork;
let image: string;

beforeAll(async () => {
  studio = work.studio();
  network = await addTinyNetwork(work, studio);
  image = work.write('slide.png', await noisePng(1, { width: 420, height: 420 }));
});

/** Views of the slide, next to each other. */
const boxes = (count: number): { x: number; y: number; width: number; height: number }[] =>
  Array.from({ length: count }, (_, at) => ({ x: (at % 40) * 10, y: Math.floor(at / 40) * 8, width: 12, height: 12 }));

/** A job of many small steps, on pixels alone: no project is needed. */
function codesJob(by: Studio, control: JobControl<ViewOutput> = {}, count = views): Promise<unknown> {
  const { freezePoints, preprocessing } = network.info;
  const viewed = boxes(count).map((box, id) => ({ id, box, margin: 0 }));
  return by.trainer.run(
    'codes',
    {
      network: networkFile(network),
      preprocessing: { ...preprocessing, size: 64 },
      points: freezePoints.map(({ name }) => name),
      pooling: 'avg',
      device: 'cpu',
      images: [{ path: image, page: 0, views: viewed }],
      total: count,
    },
    control,
  );
}

/** Acts once the job is at work. */
function midway(act: () => void, from = 0): Control {
  return {
    onProgress: ({ step, done }) => {
      if (step === 'Computing codes' && done >= from) act();
    },
  };
}

describe('a job in the trainer', () => {
  it('tells how far it is, and hands its answers on meanwhile', async () => {
    const progress: Progress[] = [];
    let answers = 0;
    await codesJob(studio, {
      onProgress: (one) => progress.push(one),
      onOutput: (output) => {
        if (output.kind === 'answers') answers += output.ids.length;
      },
    });
    expect(answers).toBe(views);
    expect(progress[0]).toEqual({ step: 'Opening the network', done: 0 });
    const steps = progress.filter(({ step }) => step === 'Computing codes');
    expect(steps.every(({ total }) => total === views)).toBe(true);
    expect(steps.map(({ done }) => done)).toEqual(steps.map(({ done }) => done).sort((a, b) => a - b));
    expect([steps[0].done, steps.at(-1)!.done]).toEqual([0, views]);
    expect(steps.at(-1)!.rate).toBeGreaterThan(0);
    expect(steps.at(-1)!.secondsLeft).toBe(0);
  });

  it('says in a sentence what it could not do, and the process goes on', async () => {
    const { pid } = studio.trainer;
    await expect(studio.trainer.run('describe-classifier', { path: work.path('none.onnx') })).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('none.onnx') as string,
    });
    await codesJob(studio, {}, 4);
    expect(studio.trainer.pid).toBe(pid);
  });

  it('waits for the one before it', async () => {
    const ends: string[] = [];
    await Promise.all([
      codesJob(studio).then(() => ends.push('long')),
      codesJob(studio, {}, 4).then(() => ends.push('short')),
    ]);
    expect(ends).toEqual(['long', 'short']);
  });
});

describe('cancellation', () => {
  it('reaches its caller at once, and the process is ready for the next job', async () => {
    const { pid } = studio.trainer;
    const stop = new AbortController();
    let aborted = 0;
    let later = 0;
    const job = codesJob(studio, {
      signal: stop.signal,
      ...midway(() => {
        if (stop.signal.aborted) later++;
        else aborted = performance.now();
        stop.abort();
      }),
      onOutput: () => {
        if (stop.signal.aborted) later++;
      },
    });
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    const taken = performance.now() - aborted;
    console.log(`a cancellation reached its caller in ${taken.toFixed(0)} ms`);
    expect(taken).toBeLessThan(2000);
    await codesJob(studio, {}, 4);
    expect(later).toBe(0);
    expect(studio.trainer.pid).toBe(pid);
  });

  it('reaches a job that waits for its turn', async () => {
    const stop = new AbortController();
    let ended = false;
    const long = codesJob(
      studio,
      midway(() => stop.abort()),
    ).then(() => {
      ended = true;
    });
    await expect(codesJob(studio, { signal: stop.signal })).rejects.toBeInstanceOf(CancelledError);
    expect(ended).toBe(false);
    const next = codesJob(studio, {}, 4).then(() => ended);
    await long;
    expect(await next).toBe(true);
  });

  it('before the start starts nothing', async () => {
    const idle = work.studio();
    await expect(codesJob(idle, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CancelledError);
    expect(idle.trainer.pid).toBeUndefined();
  });
});

describe('what a job is told meanwhile', () => {
  /** A trainer whose process does what the test says: `heard` are the kinds of messages that reached it. */
  function scripted(control: JobControl<ViewOutput>) {
    const heard: string[] = [];
    let answer: (message: FromTrainer) => void = () => undefined;
    let end: (end: TrainerEnd) => void = () => undefined;
    const trainer = createTrainer(() => ({
      pid: 1,
      send: (message) => void heard.push(message.kind),
      onMessage: (listener) => void (answer = listener),
      onEnd: (listener) => void (end = listener),
      kill: () => {
        heard.push('kill');
        end({ code: null, signal: 'SIGKILL', lastWords: '' });
      },
    }));
    const job = codesJob({ ...studio, trainer }, control, 1);
    return { heard, job, answer: (message: FromTrainer) => answer(message) };
  }

  it('is to end well with what it has, also where that was said before its turn', async () => {
    const finish = new AbortController();
    const later = scripted({ finish: finish.signal });
    await eventually(() => later.heard.length > 0);
    finish.abort();
    const earlier = scripted({ finish: finish.signal });
    await eventually(() => earlier.heard.length > 1);
    for (const { heard, job, answer } of [later, earlier]) {
      expect(heard).toEqual(['start', 'finish']);
      answer({ kind: 'done', id: 1, result: 'the best so far' });
      expect(await job).toBe('the best so far');
    }
  });

  it('after a cancellation it may put away what it did, while its caller waits and takes that', async () => {
    const stop = new AbortController();
    const outputs: unknown[] = [];
    const onOutput = (output: unknown): void => void outputs.push(output);
    const { heard, job, answer } = scripted({ signal: stop.signal, onOutput, putAwayTime: 60_000 });
    await eventually(() => heard.length > 0);
    stop.abort();
    answer({ kind: 'output', id: 1, value: 'a checkpoint' });
    answer({ kind: 'failed', id: 1, message: '', expected: true, cancelled: true });
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    expect(outputs).toEqual(['a checkpoint']);
    expect(heard).toEqual(['start', 'cancel']);
  });

  it('but no longer than it was given', async () => {
    const stop = new AbortController();
    const { heard, job } = scripted({ signal: stop.signal, putAwayTime: 1 });
    await eventually(() => heard.length > 0);
    stop.abort();
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    expect(await eventually(() => heard.includes('kill'))).toBe(true);
  });
});

describe('a trainer that dies', () => {
  async function projectOfViews(name: string): Promise<Project> {
    const project = work.project(name);
    const rows = boxes(views).map(({ x, y, width, height }) => `slide.png,${x},${y},${width},${height}`);
    await importItems(project, work.write(`${name}.csv`, `image,x,y,width,height\n${rows.join('\n')}\n`));
    await useNetwork(studio, project, network.info.name);
    return project;
  }
  const codesOf = (project: Project, control: Control = {}): Promise<CodesReport> =>
    computeCodes(
      studio,
      project,
      { network, points: [network.info.freezePoints.at(-1)!], pooling: 'avg', size: 128, device: 'cpu' },
      control,
    );

  it('ends the job with an error that says how; what was saved is kept, and a fresh process goes on', async () => {
    const project = await projectOfViews('killed');
    const pid = studio.trainer.pid!;
    await expect(
      codesOf(
        project,
        midway(() => isAlive(pid) && process.kill(pid, 'SIGKILL'), 1),
      ),
    ).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(
        /^The trainer process stopped in the middle of the job: it was ended by the signal SIGKILL\. The system does this when memory runs out: .* What was saved before is kept, and the job can be started again\.$/,
      ) as string,
    });
    const kept = Number(valueOf(project, 'SELECT COUNT(*) FROM codes.codes'));
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(views);
    expect(integrityOf(project)).toEqual(['ok']);
    expect(await codesOf(project)).toMatchObject({ computed: views - kept, failures: [] });
    expect(studio.trainer.pid).not.toBe(pid);
    expect(valueOf(project, 'SELECT COUNT(*) FROM codes.codes')).toBe(views);
  });

  it('by a fault of its own is told apart, with its last words', async () => {
    await codesJob(studio, {}, 4);
    const pid = studio.trainer.pid!;
    const crash = midway(() => isAlive(pid) && process.kill(pid, 'SIGSEGV'));
    await expect(codesJob(studio, crash)).rejects.toThrow(/it was ended by the signal SIGSEGV\. What was saved/);
    const spoken = createTrainer(() => {
      const started = forkTrainer();
      // A message of a kind that no trainer knows: the process fails over it as over a defect of its own.
      started.send(null as never);
      return started;
    });
    await expect(spoken.run('describe-classifier', { path: image })).rejects.toThrow(
      /it ended by itself with code 1\. .* Its last words: TypeError: /,
    );
    spoken.close();
  });

  it('with nothing to do is replaced without a word', async () => {
    await codesJob(studio, {}, 4);
    const pid = studio.trainer.pid!;
    process.kill(pid, 'SIGKILL');
    expect(await eventually(() => studio.trainer.pid === undefined)).toBe(true);
    await codesJob(studio, {}, 4);
    expect(studio.trainer.pid).not.toBe(pid);
  });

  it('or cannot be started does not keep the next job from its turn', async () => {
    let starts = 0;
    const trainer = createTrainer(() => {
      if (starts++ === 0) throw new Error('no more processes');
      return forkTrainer();
    });
    const job = (): Promise<unknown> => trainer.run('describe-classifier', { path: work.path('none.onnx') });
    const [failed, next] = await Promise.allSettled([job(), job()]);
    expect([failed, next].map((one) => one.status === 'rejected' && String(one.reason))).toEqual([
      'Error: no more processes',
      expect.stringContaining('none.onnx'),
    ]);
    trainer.close();
  });
});

describe('the core', () => {
  it('that cannot take an answer ends the job with its own error, once', async () => {
    let asked = 0;
    const full = (): never => {
      asked++;
      throw new Error('the disk is full');
    };
    await expect(codesJob(studio, { onOutput: full })).rejects.toThrow('the disk is full');
    await codesJob(studio, {}, 4);
    expect(asked).toBe(1);
  });

  it('that closes ends what is under way and starts nothing more', async () => {
    const closing = work.studio();
    const jobs = [
      codesJob(
        closing,
        midway(() => closing.close()),
      ),
      codesJob(closing, {}, 4),
    ];
    const ends = await Promise.allSettled(jobs);
    expect(ends.map((one) => one.status === 'rejected' && (one.reason as Error).name)).toEqual([
      'CancelledError',
      'CancelledError',
    ]);
    expect(closing.trainer.pid).toBeUndefined();
  });

  it('that is killed takes its trainer with it, and leaves the store whole', async () => {
    const project = work.project('core killed');
    const rows = boxes(views).map(({ x, y, width, height }) => `slide.png,${x},${y},${width},${height}`);
    await importItems(project, work.write('core.csv', `image,x,y,width,height\n${rows.join('\n')}\n`));
    await useNetwork(studio, project, network.info.name);
    project.close();
    const core = work.child(['codes', project.folder, work.path('data')]);
    let trainer = 0;
    for (let done = 0; done === 0;) {
      const line = await core.nextLine();
      if (line === undefined) throw new Error((await core.ended).errors);
      [trainer, done] = line.split(' ').map(Number);
    }
    expect(isAlive(trainer)).toBe(true);
    core.kill();
    await core.ended;
    expect(await eventually(() => !isAlive(trainer))).toBe(true);
    const again = work.reopen(project);
    expect(integrityOf(again)).toEqual(['ok']);
  });
});
