import { EngineError } from '../errors.ts';
import type { Tensor } from '../graph/types.ts';
import { createSession, type Device, presentDevices, type Session } from './session.ts';

/** How something is made on a device and tried there. */
export interface Trial<Made> {
  open(device: Device): Promise<Made>;
  /** What it answers, to be compared with the CPU's, and how long it took for that; within a second or so. */
  attempt(made: Made): Promise<{ answers: Readonly<Record<string, Tensor>>; milliseconds: number }>;
  release(made: Made): Promise<void>;
}

export interface Chosen<Made> {
  readonly made: Made;
  readonly device: Device;
  /** For the person: which device, and why not the others. */
  readonly reason: string;
}

/** Largest difference to the CPU's answers, as a share of their largest magnitude: GPUs round otherwise, no more. */
const tolerance = 1e-2;

/**
 * Makes something on the device that was asked for, if it gives the CPU's answers there; for `auto` on the fastest of those that do.
 *
 * @throws EngineError when the device asked for is not to be had, or computes wrongly: another is never taken in silence
 */
export async function chooseDevice<Made>(wanted: Device | 'auto', trial: Trial<Made>): Promise<Chosen<Made>> {
  if (wanted === 'cpu') return { made: await trial.open('cpu'), device: 'cpu', reason: cpuAsAskedFor };
  const cpu = await tryOn('cpu', trial);
  if (wanted === 'auto') return fastest(cpu, trial);
  try {
    const { made } = await tryOn(wanted, trial, cpu);
    return { made, device: wanted, reason: `${label[wanted]}, as asked for` };
  } finally {
    await trial.release(cpu.made);
  }
}

interface Tried<Made> {
  readonly made: Made;
  readonly answers: Readonly<Record<string, Tensor>>;
  readonly milliseconds: number;
}

/** @throws EngineError when the answers are not those of `cpu` */
async function tryOn<Made>(device: Device, trial: Trial<Made>, cpu?: Tried<Made>): Promise<Tried<Made>> {
  const made = await trial.open(device);
  try {
    const tried = { made, ...(await trial.attempt(made)) };
    const difference = cpu ? largestDifference(cpu.answers, tried.answers) : 0;
    if (difference <= tolerance) return tried;
    throw new EngineError(
      `${label[device]} computes wrongly here. Its answers differ from the CPU's by ${(difference * 100).toFixed(1)}%`,
    );
  } catch (error) {
    await trial.release(made);
    throw error;
  }
}

async function fastest<Made>(cpu: Tried<Made>, trial: Trial<Made>): Promise<Chosen<Made>> {
  let best: { device: Device; tried: Tried<Made> } = { device: 'cpu', tried: cpu };
  const notes: string[] = [];
  for (const device of presentDevices().filter((one) => one !== 'cpu')) {
    try {
      const tried = await tryOn(device, trial, cpu);
      const factor = best.tried.milliseconds / tried.milliseconds;
      const slower = factor > 1 ? best.tried : tried;
      if (factor > 1) best = { device, tried };
      else notes.push(`${label[device]} is ${(1 / factor).toFixed(1)} times as slow`);
      await trial.release(slower.made);
    } catch (error) {
      notes.push(`${label[device]} is not used: ${shortReason(error)}`);
    }
  }
  const gain =
    best.device === 'cpu'
      ? []
      : [`${(cpu.milliseconds / best.tried.milliseconds).toFixed(1)} times as fast as the CPU`];
  return { made: best.tried.made, device: best.device, reason: [label[best.device], ...gain, ...notes].join('; ') };
}

const timedRuns = 3;

/** Loads a network on a device (`chooseDevice`), tried on a batch of its inputs. */
export async function createSessionOn(
  wanted: Device | 'auto',
  model: string | Uint8Array,
  trial: Readonly<Record<string, Tensor>>,
): Promise<{ session: Session; device: Device; reason: string }> {
  const { made, device, reason } = await chooseDevice<Session>(wanted, {
    open: (one) => createSession(model, { device: one }),
    async attempt(session) {
      const answers = await session.run(trial);
      const start = performance.now();
      for (let run = 0; run < timedRuns; run++) await session.run(trial);
      return { answers, milliseconds: performance.now() - start };
    },
    release: (session) => session.release(),
  });
  return { session: made, device, reason };
}

const label: Readonly<Record<Device, string>> = {
  cpu: 'CPU',
  webgpu: 'GPU (WebGPU)',
  cuda: 'GPU (CUDA)',
  dml: 'GPU (DirectML)',
  coreml: 'Core ML',
};

/** The reason where the CPU was asked for. */
export const cpuAsAskedFor = `${label.cpu}, as asked for`;

/** ONNX Runtime's messages carry source paths; the sentence at their end says what is wrong. */
function shortReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('Failed to load shared library')) return 'its libraries are not installed';
  const sentence = message.trim().split('. ').at(-1)!;
  return sentence.replaceAll(/\s+/g, ' ').slice(0, 200);
}

function largestDifference(
  expected: Readonly<Record<string, Tensor>>,
  answered: Readonly<Record<string, Tensor>>,
): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const other = answered[name].data;
    let magnitude = 1e-6;
    let difference = 0;
    for (let at = 0; at < data.length; at++) {
      magnitude = Math.max(magnitude, Math.abs(Number(data[at])));
      difference = Math.max(difference, Math.abs(Number(data[at]) - Number(other[at])));
      if (Number.isNaN(Number(other[at]))) return NaN;
    }
    largest = Math.max(largest, difference / magnitude);
  }
  return largest;
}
