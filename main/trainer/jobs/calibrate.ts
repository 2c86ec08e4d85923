import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceChoice } from '../../contract/devices.ts';
import type { FineTuning } from '../../contract/fine-tuning.ts';
import type { Preprocessing } from '../../contract/networks.ts';
import { EngineError } from '../../engine/errors.ts';
import { elementCount } from '../../engine/graph/tensors.ts';
import { type BlockWork, blockWork } from '../../engine/networks/block-work.ts';
import { type Network, openNetwork } from '../../engine/networks/network.ts';
import { tailCodes } from '../../engine/networks/tail-graph.ts';
import type { Device } from '../../engine/runtime/session.ts';
import { openTrainingSession, trialInput } from '../../engine/training/setup.ts';
import { stepMemory } from '../../engine/training/step-memory.ts';
import { checkTrainable } from '../../engine/training/trainable.ts';
import { buildStep } from '../../engine/training/training-graph.ts';
import { TrainingSession } from '../../engine/training/training-session.ts';
import { timeRendering, timeStore, timeTrunk } from '../calibration/supply.ts';
import { stopsToMeasure } from '../calibration/stops.ts';
import { secondsOf, timed } from '../calibration/timing.ts';
import type { JobContext } from '../context.ts';
import { writeCheckpoint } from '../fine-tuning/checkpoints.ts';
import { zeroHead } from '../fine-tuning/head.ts';
import { planOf } from '../fine-tuning/plan.ts';
import type { ViewedImage } from '../views.ts';

export interface CalibrateParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  /** Where it freezes does not matter. */
  readonly settings: FineTuning;
  readonly classCount: number;
  readonly device: DeviceChoice;
  /** Some items of the project, as they are. */
  readonly images: readonly ViewedImage[];
  readonly cacheFolder: string;
}

/** What was measured at one stop of the freeze slider (0: nothing frozen; i: up to freeze point i). */
export interface MeasuredStop {
  readonly stop: number;
  /** Of a step, and of an answer for as many items. */
  readonly step: number;
  readonly answer: number;
  /** Bytes that a step holds. */
  readonly memory: number;
}

/** What a network's fine-tuning takes on a machine, measured at few places. Seconds, if nothing else is said. */
export interface Calibration {
  readonly device: string;
  /** Whether the device computes while the processor's cores are free for something else. */
  readonly apart: boolean;
  readonly blocks: readonly BlockWork[];
  /** Numbers of one item's activations at each freeze point. */
  readonly lengths: readonly number[];
  /** The first stop from which everything can be trained. */
  readonly first: number;
  /** By stop. */
  readonly steps: readonly MeasuredStop[];
  /** Of one view through the frozen part up to a stop. */
  readonly trunk: readonly { readonly stop: number; readonly seconds: number }[];
  /** Of one view from its file, and anew of an item that was read before; with all cores. */
  readonly render: number;
  readonly renderAgain: number;
  /** Of one number of the activations. */
  readonly store: number;
  readonly read: number;
  /** Of one byte of a checkpoint. */
  readonly save: number;
}

/** Measures what an estimate rests on: real steps and answers at a few freeze points, the frozen part, rendering, the disk. */
export async function calibrate(params: CalibrateParams, context: JobContext): Promise<Calibration> {
  const { preprocessing, images, settings, device, cacheFolder } = params;
  context.progress('Opening the network', 0);
  const network = await openNetwork(params.network, { size: preprocessing.size, preprocessing });
  const blocks = blockWork(network);
  const first = firstTrainable(network);
  const stops = stopsToMeasure(blocks, first);
  const folder = await mkdtemp(join(cacheFolder, 'measuring-'));
  try {
    const { steps, save, ...where } = await timeSteps(params, network, stops, folder, context);
    const rest = { context, network, images, augmentation: settings.augmentation, device };
    context.progress('Measuring the frozen part', 0);
    const trunk = await timeTrunk(rest, stops);
    context.progress('Measuring how fast images are read', 0);
    const { render, renderAgain } = await timeRendering(rest);
    context.progress('Measuring the disk', 0);
    const lengths = network.freezePoints.map(({ shape }) => elementCount(shape));
    return { ...where, blocks, lengths, first, steps, trunk, render, renderAgain, save, ...(await timeStore(folder)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first stop after which every operator has a gradient. */
function firstTrainable(network: Network): number {
  const { freezePoints } = network;
  const isTrainable = (stop: number): boolean => {
    try {
      checkTrainable(network, stop === 0 ? undefined : freezePoints[stop - 1]);
      return true;
    } catch (error) {
      if (error instanceof EngineError) return false;
      throw error;
    }
  };
  let stop = 0;
  while (stop < freezePoints.length && !isTrainable(stop)) stop++;
  return stop;
}

/** From the fullest training to the least. */
async function timeSteps(
  { settings, classCount, device: wanted }: CalibrateParams,
  network: Network,
  stops: readonly number[],
  folder: string,
  context: JobContext,
): Promise<Pick<Calibration, 'device' | 'apart' | 'steps' | 'save'>> {
  const head = zeroHead(tailCodes(network).length, classCount);
  const classes = Int32Array.from({ length: settings.batchSize }, (_, item) => item % classCount);
  const steps: MeasuredStop[] = [];
  let found: { device: Device; reason: string } | undefined;
  let save = 0;
  let overhead = 1;
  for (const [at, stop] of stops.entries()) {
    context.progress('Measuring training steps', at, stops.length);
    const freeze = stop === 0 ? undefined : network.freezePoints[stop - 1];
    const { request, targets } = planOf(settings, network, freeze, head, classes, classCount, 0);
    const needed = stepMemory(buildStep(request));
    await context.breathe();
    const before = process.memoryUsage.rss();
    const opened = found
      ? { ...found, session: await TrainingSession.create(request, { ...targets, device: found.device }) }
      : await openTrainingSession(wanted, request, targets);
    const { session } = opened;
    try {
      found ??= { device: opened.device, reason: opened.reason };
      const input = trialInput(network, freeze, settings.batchSize);
      const step = await timed(context, (round) => session.step({ input, classes }, round + 1, 1e-6));
      const answer = await timed(context, () => session.answer(input));
      if (at === 0) {
        // The runtime keeps blocks that it divides anew. Of another device's memory nothing is known but what is needed.
        if (found.device === 'cpu') overhead = Math.max(1, (process.memoryUsage.rss() - before) / needed);
        save = await timeCheckpoint(session, join(folder, 'checkpoint'));
      }
      steps.push({ stop, step, answer, memory: needed * overhead });
    } finally {
      await session.release();
    }
  }
  context.progress('Measuring training steps', stops.length, stops.length);
  return { device: found!.reason, apart: found!.device !== 'cpu', steps, save };
}

async function timeCheckpoint(session: TrainingSession, file: string): Promise<number> {
  let bytes = 0;
  const seconds = await secondsOf(async () => {
    const state = await session.read(session.stateNames);
    for (const { data } of state.values()) bytes += data.byteLength;
    const progress = { step: 0, epoch: 0, lossSum: 0, best: null, averaged: 0, seconds: 0 };
    await writeCheckpoint(file, { progress, sections: { state } });
  });
  return seconds / bytes;
}
