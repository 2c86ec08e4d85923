import type { Tensor } from '../graph/types.ts';
import { createSession, type Device, type Session } from './session.ts';

export interface ChosenDevice {
  readonly session: Session;
  readonly device: Device;
  /** For the person: which device, and why not the others. */
  readonly reason: string;
}

/** Largest difference to the CPU's answers, as a share of their largest magnitude: GPUs round otherwise, no more. */
const tolerance = 1e-2;
const timedRuns = 3;

/**
 * Loads a network on the device that was asked for; `auto` takes the fastest of those that give the CPU's answers on a
 * trial batch.
 *
 * @throws EngineError when the device asked for is not to be had: another is never taken in silence
 */
export async function createSessionOn(
  wanted: Device | 'auto',
  model: string | Uint8Array,
  trial: Readonly<Record<string, Tensor>>,
): Promise<ChosenDevice> {
  if (wanted !== 'auto') {
    return {
      session: await createSession(model, { device: wanted }),
      device: wanted,
      reason: `${label[wanted]}, as asked for`,
    };
  }
  const cpu = await createSession(model, { device: 'cpu' });
  let gpu: Session | undefined;
  try {
    gpu = await createSession(model, { device: 'webgpu' });
    const [expected, answered] = [await cpu.run(trial), await gpu.run(trial)];
    const difference = largestDifference(expected, answered);
    if (!(difference <= tolerance)) {
      throw new Error(`its answers differ from the CPU's by ${(difference * 100).toFixed(1)}%`);
    }
    const [cpuTime, gpuTime] = [await timeOf(cpu, trial), await timeOf(gpu, trial)];
    const factor = cpuTime / gpuTime;
    const [kept, dropped, device]: [Session, Session, Device] = factor > 1 ? [gpu, cpu, 'webgpu'] : [cpu, gpu, 'cpu'];
    await dropped.release();
    const comparison =
      factor > 1
        ? `${factor.toFixed(1)} times as fast as the CPU`
        : `the GPU is ${(1 / factor).toFixed(1)} times as slow`;
    return { session: kept, device, reason: `${label[device]}: ${comparison}` };
  } catch (error) {
    await gpu?.release();
    return { session: cpu, device: 'cpu', reason: `CPU; WebGPU is not used: ${shortReason(error)}` };
  }
}

const label: Readonly<Record<Device, string>> = { cpu: 'CPU', webgpu: 'GPU (WebGPU)' };

/** ONNX Runtime's messages carry source paths; the sentence at their end says what is wrong. */
function shortReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const sentence = message.trim().split('. ').at(-1)!;
  return sentence.replaceAll(/\s+/g, ' ').slice(0, 200);
}

function largestDifference(expected: Record<string, Tensor>, answered: Record<string, Tensor>): number {
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

async function timeOf(session: Session, trial: Readonly<Record<string, Tensor>>): Promise<number> {
  const start = performance.now();
  for (let run = 0; run < timedRuns; run++) await session.run(trial);
  return performance.now() - start;
}
