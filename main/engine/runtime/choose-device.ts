import type { Tensor } from '../graph/types.ts';
import { createSession, type Device, presentDevices, type Session } from './session.ts';

/** Something that was made on a device and tried there. */
export interface Trial<Made> {
  readonly made: Made;
  /** What it answered, to be compared with the CPU's. */
  readonly answers: Readonly<Record<string, Tensor>>;
  readonly milliseconds: number;
  /** Undoes the making. */
  release(): Promise<void>;
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
 * Makes something on the device that was asked for; for `auto` on the fastest of those that give the CPU's answers.
 *
 * @param make makes it on a device and tries it there, within a second or so
 * @throws EngineError when the device asked for is not to be had: another is never taken in silence
 */
export async function chooseDevice<Made>(
  wanted: Device | 'auto',
  make: (device: Device) => Promise<Trial<Made>>,
): Promise<Chosen<Made>> {
  if (wanted !== 'auto')
    return { made: (await make(wanted)).made, device: wanted, reason: `${label[wanted]}, as asked for` };
  const cpu = await make('cpu');
  let best: { device: Device; trial: Trial<Made> } = { device: 'cpu', trial: cpu };
  const notes: string[] = [];
  for (const device of presentDevices().filter((one) => one !== 'cpu')) {
    try {
      const trial = await make(device);
      const difference = largestDifference(cpu.answers, trial.answers);
      const factor = best.trial.milliseconds / trial.milliseconds;
      if (!(difference <= tolerance)) {
        await trial.release();
        notes.push(
          `${label[device]} is not used: its answers differ from the CPU's by ${(difference * 100).toFixed(1)}%`,
        );
      } else if (factor > 1) {
        await best.trial.release();
        best = { device, trial };
      } else {
        await trial.release();
        notes.push(`${label[device]} is ${(1 / factor).toFixed(1)} times as slow`);
      }
    } catch (error) {
      notes.push(`${label[device]} is not used: ${shortReason(error)}`);
    }
  }
  const gain =
    best.device === 'cpu'
      ? []
      : [`${(cpu.milliseconds / best.trial.milliseconds).toFixed(1)} times as fast as the CPU`];
  return { made: best.trial.made, device: best.device, reason: [label[best.device], ...gain, ...notes].join('; ') };
}

const timedRuns = 3;

/** Loads a network on a device (`chooseDevice`), tried on a batch of its inputs. */
export async function createSessionOn(
  wanted: Device | 'auto',
  model: string | Uint8Array,
  trial: Readonly<Record<string, Tensor>>,
): Promise<{ session: Session; device: Device; reason: string }> {
  const { made, device, reason } = await chooseDevice(wanted, async (one) => {
    const session = await createSession(model, { device: one });
    const release = (): Promise<void> => session.release();
    // Nothing to compare with where the device was asked for.
    if (wanted !== 'auto') return { made: session, answers: {}, milliseconds: 0, release };
    try {
      const answers = await session.run(trial);
      const start = performance.now();
      for (let run = 0; run < timedRuns; run++) await session.run(trial);
      return { made: session, answers, milliseconds: performance.now() - start, release };
    } catch (error) {
      await session.release();
      throw error;
    }
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
