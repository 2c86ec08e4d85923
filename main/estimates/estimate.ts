import type { DeviceChoice } from '../contract/devices.ts';
import { UserError } from '../contract/errors.ts';
import type { EstimateReport, StopEstimate } from '../contract/estimates.ts';
import type { FineTuning } from '../contract/fine-tuning.ts';
import type { Control } from '../contract/progress.ts';
import { plannedSplit } from '../evaluation/project-split.ts';
import { listViews } from '../items/views.ts';
import { networkFile, type StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { mostBytes, viewsThatFit } from '../trainer/activations/limit.ts';
import { distinctViews } from '../trainer/batches/draw-augmentation.ts';
import type { Calibration } from '../trainer/jobs/calibrate.ts';
import { pickViews } from '../trainer/views.ts';
import { fineTuningOf } from '../training/fine-tuning-defaults.ts';
import { costsOfStops } from './cost-model.ts';
import { keepCalibration, keptCalibration } from './store.ts';

export interface EstimateRequest {
  readonly network: StoredNetwork;
  /** What the person said of the fine-tuning; where it freezes does not matter. */
  readonly choice: Partial<FineTuning>;
  /** Side of the input in pixels; the network's own when absent. */
  readonly size?: number;
  readonly device: DeviceChoice;
}

/** What a fine-tuning would take at every stop of the freeze slider, from what was measured of it so far. */
export async function estimate(project: Project, request: EstimateRequest): Promise<EstimateReport> {
  const { network, size, settings, circumstances, split } = planned(project, request);
  const kept = await keptCalibration(project, circumstances);
  const { train, validation } = split.counts;
  const classes = new Set(split.items.map(({ classId }) => classId)).size;
  const { info } = network;
  return {
    network: { hash: info.hash, name: info.name },
    size,
    items: { train, validation },
    classes,
    batchSize: settings.batchSize,
    epochs: settings.epochs,
    measured: kept ? { created: kept.created, device: kept.result.device } : null,
    stops: stopEstimates(network, { size, settings, train, validation, classes }, kept?.result),
  };
}

/** Items of as many images as these are rendered to time it, and of each image so many. */
const measuredImages = 12;
const measuredItemsEach = 4;

/**
 * Measures what estimates rest on, on this machine: a few steps at a few freeze points, the frozen part, some of the project's
 * images.
 */
export async function calibrateEstimates(
  studio: Studio,
  project: Project,
  request: EstimateRequest,
  control: Control = {},
): Promise<{ readonly device: string }> {
  const { network, size, settings, circumstances, split } = planned(project, request);
  const { items } = split;
  if (items.length === 0)
    throw new UserError('Nothing is labelled yet, so there is nothing to train on. Label some items first.');
  const labelled = new Set(items.map(({ id }) => id));
  const { images } = listViews(project, ({ id }) => labelled.has(id));
  // Spread over the project: images of one folder are alike.
  const step = Math.max(1, Math.floor(images.length / measuredImages));
  const sample = images
    .filter((_, at) => at % step === 0)
    .slice(0, measuredImages)
    .map((image) => ({ ...image, views: image.views.slice(0, measuredItemsEach) }));
  const result = await studio.trainer.run(
    'calibrate',
    {
      network: networkFile(network),
      preprocessing: { ...network.info.preprocessing, size },
      settings,
      classCount: Math.max(2, new Set(items.map(({ classId }) => classId)).size),
      device: request.device,
      images: pickViews(sample, () => true),
      cacheFolder: project.cacheFolder,
    },
    control,
  );
  await keepCalibration(project, circumstances, result);
  return { device: result.device };
}

function planned(project: Project, { network, choice, size: wanted, device }: EstimateRequest) {
  const split = plannedSplit(project);
  const settings = fineTuningOf(network.info, split.counts.train, { ...choice, freeze: null });
  const size = wanted ?? network.info.preprocessing.size;
  return { network, size, settings, circumstances: { network: network.info.hash, size, device, settings }, split };
}

interface Extent {
  readonly size: number;
  readonly settings: FineTuning;
  readonly train: number;
  readonly validation: number;
  readonly classes: number;
}

function stopEstimates(
  { info }: StoredNetwork,
  { size, settings, train, validation, classes }: Extent,
  measured: Calibration | undefined,
): StopEstimate[] {
  const points = info.freezePoints;
  const last = points.at(-1)!;
  const scale = (size / info.preprocessing.size) ** 2;
  const lengths =
    measured?.lengths ??
    points.map(({ shape, kind }) => shape.reduce((product, side) => product * side, kind === 'spatial' ? scale : 1));
  const classifier = last.shape[0] * classes;
  const wanted = distinctViews(settings.augmentation, settings.views);
  const times = measured ? timesOf(measured, points, settings, train, validation) : undefined;
  const full = times?.(0, 0).epochSeconds ?? null;
  const most = last.multiplyAddsBefore + classifier;
  return [null, ...points].map((point, stop): StopEstimate => {
    const trained = last.parametersBefore - (point?.parametersBefore ?? 0) + (last.shape[0] + 1) * classes;
    const views = point
      ? viewsThatFit({ length: lengths[stop - 1], varied: train, plain: validation, views: wanted }, mostBytes)
      : 0;
    const rows = train * views + validation;
    const own = times?.(stop, rows);
    return {
      freeze: point?.name ?? null,
      parameters: trained,
      share:
        own?.epochSeconds && full
          ? own.epochSeconds / full
          : (last.multiplyAddsBefore - (point?.multiplyAddsBefore ?? 0) + classifier) / most,
      onceSeconds: own?.onceSeconds ?? null,
      epochSeconds: own?.epochSeconds ?? null,
      memory: own?.memory ?? null,
      disk: point ? rows * lengths[stop - 1] * Uint16Array.BYTES_PER_ELEMENT : 0,
      views,
    };
  });
}

interface StopTimes {
  readonly onceSeconds: number | null;
  readonly epochSeconds: number | null;
  readonly memory: number | null;
}

/** The times at a stop, with so many rows of activations to be made. */
function timesOf(
  measured: Calibration,
  points: StoredNetwork['info']['freezePoints'],
  settings: FineTuning,
  train: number,
  validation: number,
): (stop: number, rows: number) => StopTimes {
  const { blocks, lengths, steps, trunk, render, renderAgain, store, read, save, apart } = measured;
  const parameters = points.at(-1)!.parametersBefore;
  const stops = Array.from({ length: blocks.length + 1 }, (_, stop) => stop);
  const parametersAfter = stops.map((stop) => parameters - (stop === 0 ? 0 : points[stop - 1].parametersBefore));
  const sum = (of: (typeof blocks)[number][], what: (block: (typeof blocks)[number]) => number): number =>
    of.reduce((total, block) => total + what(block), 0);
  const after = stops.map((stop) => blocks.slice(stop));
  const before = stops.map((stop) => blocks.slice(0, stop));
  // Forward, and back by the values and by the weights; of the first trained layer nobody asks for the values' gradient.
  const stepWork = after.map((own, stop) => [
    3 * sum(own, ({ multiplyAdds }) => multiplyAdds) - (own.at(0)?.firstMultiplyAdds ?? 0),
    sum(own, ({ values }) => values),
    parametersAfter[stop],
  ]);
  const passWork = (of: typeof after): number[][] =>
    of.map((own) => [sum(own, ({ multiplyAdds }) => multiplyAdds), sum(own, ({ values }) => values)]);
  const costs = (work: readonly (readonly number[])[], of: (one: (typeof steps)[number]) => number) =>
    costsOfStops(
      work,
      steps.map((one) => ({ stop: one.stop, cost: of(one) })),
    );
  const step = costs(stepWork, (one) => one.step);
  const answer = costs(passWork(after), (one) => one.answer);
  const memory = costs(
    stops.map((stop) => [sum(after[stop], ({ values }) => values), parametersAfter[stop]]),
    (one) => one.memory,
  );
  const frozen = costsOfStops(passWork(before), [
    { stop: 0, cost: 0 },
    ...trunk.map(({ stop, seconds }) => ({ stop, cost: seconds })),
  ]);
  const stepCount = Math.ceil(train / settings.batchSize);
  const answers = validation / settings.batchSize;
  const statesEach = settings.optimizer === 'adamw' ? 3 : 2;
  /** Work beside the device's: done meanwhile where the device is another, else one after the other. */
  const beside = (computing: number, other: number): number => (apart ? Math.max(computing, other) : computing + other);
  return (stop, rows) => {
    const [ownStep, ownAnswer] = [step[stop], answer[stop]];
    if (ownStep === null || ownAnswer === null) return { onceSeconds: null, epochSeconds: null, memory: null };
    const computing = stepCount * ownStep + answers * ownAnswer;
    const taken = stepCount * settings.batchSize;
    const supply =
      stop === 0 ? taken * renderAgain + validation * render : (taken + validation) * lengths[stop - 1] * read;
    // The state, and beside it the best weights so far.
    const checkpoint = parametersAfter[stop] * Float32Array.BYTES_PER_ELEMENT * (statesEach + 1) * save;
    return {
      epochSeconds: beside(computing, supply) + checkpoint,
      onceSeconds:
        stop === 0 ? 0 : beside(rows * (frozen[stop] ?? 0), rows * render) + rows * lengths[stop - 1] * store,
      memory: memory[stop],
    };
  };
}
