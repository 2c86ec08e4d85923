import { UserError } from '../../contract/errors.ts';
import type { FreezePoint } from '../../engine/networks/freeze-points.ts';
import type { Network } from '../../engine/networks/network.ts';
import type { HeldBatch, TrainingData } from '../../engine/training/train.ts';
import { openActivations } from '../activations/activations.ts';
import { cachedBatches } from '../batches/cached.ts';
import { type BatchOrder, endlessViews, listOrder, shuffledOrder } from '../batches/order.ts';
import { openRenderedItems } from '../batches/rendered-items.ts';
import { plainBatches, renderedBatches } from '../batches/rendered.ts';
import type { BatchSource } from '../batches/source.ts';
import type { JobContext } from '../context.ts';
import type { FineTuneOutput, FineTuneParams } from '../jobs/fine-tune.ts';
import { rowsOfPart } from '../labelled-data.ts';
import { pickViews, type ViewFailure } from '../views.ts';

/** The items of a run as the loop takes them. */
export interface TrainingItems {
  readonly data: TrainingData;
  /** The class of each item that is trained on. */
  readonly trainClasses: Int32Array;
  /** The validation items: batches name them by their place here. */
  readonly held: { readonly ids: readonly number[]; readonly classes: Int32Array };
  close(): Promise<void>;
}

/** Where items can be had from, whatever they are: activations at a freeze point, or pixels. */
interface Supply {
  /** Of each item that is trained on. */
  readonly views: number;
  /** Items that could not be read. */
  readonly failures: readonly ViewFailure[];
  readonly notes: readonly string[];
  trained(ids: readonly number[], order: BatchOrder): BatchSource;
  /** Items as they are, each once, for measuring. */
  held(ids: readonly number[], batchSize: number): BatchSource;
  close(): Promise<void>;
}

/**
 * Gets the training and validation items ready: their activations at the freeze point are computed where they are not stored, or,
 * with nothing frozen, their pixels are rendered as they are needed. What cannot be read is told of, and left out.
 *
 * @throws UserError when no item is left to train on
 */
export async function openItems(
  params: FineTuneParams,
  network: Network,
  freeze: FreezePoint | undefined,
  context: JobContext<FineTuneOutput>,
): Promise<TrainingItems> {
  const { data, settings, seed } = params;
  const [train, validation] = [rowsOfPart(data, 'train'), rowsOfPart(data, 'validation')];
  const supply = await openSupply(params, network, freeze, new Set(train.map((row) => data.ids[row])), context);
  for (const failure of supply.failures) context.output({ kind: 'failure', failure });
  for (const text of supply.notes) context.output({ kind: 'note', text });
  const failed = new Set(supply.failures.map(({ id }) => id));
  const readable = (rows: readonly number[]): number[] => rows.filter((row) => !failed.has(data.ids[row]));
  const idsOf = (rows: readonly number[]): number[] => rows.map((row) => data.ids[row]);
  const classesOf = (rows: readonly number[]): Int32Array => Int32Array.from(rows, (row) => data.classIndices[row]);

  const trained = readable(train);
  if (trained.length === 0) {
    await supply.close();
    throw new UserError(
      train.length === 0
        ? 'No labelled item is in the training part. Make another split.'
        : `None of the ${train.length} training images could be read: ${supply.failures[0].reason}`,
    );
  }
  const { batchSize } = settings;
  const trainClasses = classesOf(trained);
  const ids = idsOf(trained);
  const source = supply.trained(ids, shuffledOrder({ ids, batchSize, views: supply.views, seed }));
  const held = readable(validation);
  const heldClasses = classesOf(held);
  const heldSource = held.length ? supply.held(idsOf(held), batchSize) : undefined;
  return {
    trainClasses,
    held: { ids: idsOf(held), classes: heldClasses },
    data: {
      steps: source.steps,
      epoch: (epoch, from) => asBatches(source, trainClasses, epoch, from),
      validation: () => (heldSource ? asBatches(heldSource, heldClasses, 0, 0) : nothing()),
    },
    close: () => supply.close(),
  };
}

function openSupply(
  params: FineTuneParams,
  network: Network,
  freeze: FreezePoint | undefined,
  trained: ReadonlySet<number>,
  context: JobContext<FineTuneOutput>,
): Promise<Supply> {
  return freeze
    ? openActivationsSupply(params, network, freeze, trained, context)
    : openPixelsSupply(params, network, trained, context);
}

async function openActivationsSupply(
  { data, images, settings, device, viewKeys, cacheFolder, networkHash }: FineTuneParams,
  network: Network,
  point: FreezePoint,
  varied: ReadonlySet<number>,
  context: JobContext<FineTuneOutput>,
): Promise<Supply> {
  const { augmentation, views } = settings;
  const wanted = new Set(data.ids.filter((_, row) => data.parts[row] !== 'test'));
  const activations = await openActivations(
    {
      cacheFolder,
      network,
      networkHash,
      point,
      device,
      images: pickViews(images, (id) => wanted.has(id)),
      viewKeys,
      varied,
      augmentation,
      views,
      // One for all runs, so that they share what was computed.
      seed: 0,
    },
    context,
  );
  return {
    views: activations.views,
    failures: activations.failures,
    notes: activations.notes,
    trained: (ids, order) => cachedBatches(activations, ids, order),
    held: (ids, batchSize) => cachedBatches(activations, ids, listOrder(ids.length, batchSize)),
    close: () => activations.close(),
  };
}

async function openPixelsSupply(
  { images, settings: { augmentation }, seed }: FineTuneParams,
  { size }: Network,
  trained: ReadonlySet<number>,
  context: JobContext<FineTuneOutput>,
): Promise<Supply> {
  const items = await openRenderedItems(
    { images: pickViews(images, (id) => trained.has(id)), size, augmentation, seed },
    context,
  );
  const told = new Set<number>();
  const onFailure = (failure: ViewFailure): void => {
    if (!told.has(failure.id)) context.output({ kind: 'failure', failure });
    told.add(failure.id);
  };
  return {
    views: endlessViews,
    failures: items.failures,
    notes: [],
    trained: (ids, order) => renderedBatches(items, ids, order),
    held: (ids, batchSize) => plainBatches({ images, ids, size, batchSize, onFailure }),
    close: () => items.close(),
  };
}

async function* asBatches(
  source: BatchSource,
  classes: Int32Array,
  epoch: number,
  from: number,
): AsyncGenerator<HeldBatch> {
  for await (const { rows, data } of source.epoch(epoch, from)) {
    const shape = [rows.length, ...source.shape];
    const own = rows.map((row) => classes[row]);
    yield data instanceof Uint8Array
      ? { input: { type: 'uint8', shape, data }, classes: own, rows }
      : { input: { type: 'float32', shape, data }, classes: own, rows };
  }
}

async function* nothing(): AsyncGenerator<HeldBatch> {
  // No validation items.
}
