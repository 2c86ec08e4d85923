import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cardSchema } from '../../contract/cards.ts';
import { classifierSchema, provenanceSchema } from '../../contract/classifiers.ts';
import { UserError } from '../../contract/errors.ts';
import type { NetworkInfo, Scaling, ScalingName } from '../../contract/networks.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { findCaffeFiles, isCaffePath } from '../../engine/importers/caffe-files.ts';
import { openNetwork, type Network } from '../../engine/networks/network.ts';
import { scalings } from '../../engine/networks/preprocessing.ts';
import type { JobContext } from '../context.ts';
import { describedIn } from '../classifier-file.ts';

/** What a person may tell of a network that its file does not say. */
export interface PreprocessingChoice {
  /** One of the field's usual ways by its name, or any other. */
  readonly scaling?: ScalingName | Scaling;
  /** Where that is written; the person said it when absent. */
  readonly scalingSource?: string;
  /** Side of the square input, where the file leaves it open or another is wanted. */
  readonly size?: number;
  /** The mean image (.binaryproto) of a network of Caffe's, where no scaling is told. */
  readonly mean?: string;
}

export interface ImportNetworkParams extends PreprocessingChoice {
  readonly path: string;
  /** The file with the weights of a network of Caffe's; the one that lies beside it when absent. */
  readonly weights?: string;
  /** An empty folder that the network's files are written to. */
  readonly target: string;
}

export type ImportNetworkResult = Omit<NetworkInfo, 'added'>;

/** Reads a network, finds out what the studio needs to know of it, and copies its files into a folder. */
export async function importNetwork(params: ImportNetworkParams, context: JobContext): Promise<ImportNetworkResult> {
  context.progress('Reading the network', 0);
  const { scaling, scalingSource } = params;
  const told = typeof scaling === 'string' ? scalings[scaling] : scaling;
  const network = await openNetwork(params.path, {
    ...(params.size === undefined ? {} : { size: params.size }),
    ...(told ? { preprocessing: told } : {}),
    ...(params.weights === undefined ? {} : { weights: params.weights }),
    ...(params.mean === undefined ? {} : { mean: params.mean }),
  });
  await context.breathe();
  if (!network.preprocessing) {
    const orMean = isCaffePath(params.path)
      ? ' Or give its mean image (.binaryproto; on the command line with --mean).'
      : '';
    throw new UserError(
      `${params.path}: how this network wants its pixels scaled is not known, and a wrong guess would spoil every result. Say which way it is (on the command line with --preprocessing): ${Object.keys(scalings).join(', ')} (the network's own documentation tells which).${orMean}`,
    );
  }
  if (!network.freezePoints.length) {
    throw new UserError(
      `${params.path}: the network has no freeze point: nowhere does one single tensor carry everything.`,
    );
  }
  const { metadata } = network.model;
  const parent = parentOf(metadata);
  const format = formatOf(params.path);
  const files = await { onnx: packOnnx, tfjs: copyTfjs, caffe: copyCaffe }[format](params);
  return {
    hash: await hashFiles(params.target, files),
    // A run's file is named as every run's is.
    name: parent ? `${parent.project}-run-${parent.run}` : network.name,
    format,
    file: files[0],
    preprocessing: network.preprocessing,
    preprocessingSource:
      scalingSource ??
      (told
        ? `told by the user${typeof scaling === 'string' ? `: ${scaling}` : ''}`
        : (network.preprocessingReason ?? 'in the file')),
    parameters: network.parameters,
    classes: network.classifier?.classes ?? null,
    freezePoints: network.freezePoints.map((point) => describePoint(point)),
    ...(parent ? { parent } : {}),
    ...sharedOf(metadata),
  };
}

/** What a classifier that was shared says of itself. */
function sharedOf(metadata: Readonly<Record<string, string>>): Pick<NetworkInfo, 'classNames' | 'card'> {
  const said = describedIn(metadata);
  const classNames = classifierSchema.shape.classes.safeParse(said.classes);
  const card = cardSchema.safeParse(said.card);
  return {
    ...(classNames.success ? { classNames: classNames.data } : {}),
    ...(card.success ? { card: card.data } : {}),
  };
}

export function formatOf(path: string): NetworkInfo['format'] {
  if (isCaffePath(path)) return 'caffe';
  return path.toLowerCase().endsWith('.onnx') ? 'onnx' : 'tfjs';
}

/** The network that this one was made from, where a run of ours made it. */
function parentOf(metadata: Readonly<Record<string, string>>): NetworkInfo['parent'] {
  const { success, data } = provenanceSchema.safeParse(describedIn(metadata).provenance);
  return success ? { ...data.network, project: data.project, run: data.run } : undefined;
}

export function describePoint(point: Network['freezePoints'][number]): NetworkInfo['freezePoints'][number] {
  const { index, name, kind, shape, stride, parametersBefore, parametersAfter, multiplyAddsBefore, multiplyAddsAfter } =
    point;
  const costs = { parametersBefore, parametersAfter, multiplyAddsBefore, multiplyAddsAfter };
  return { index, name, kind, shape: [...shape], stride: stride ?? null, ...costs };
}

/** One file, weights that lay beside it included. */
async function packOnnx({ path, target }: ImportNetworkParams): Promise<string[]> {
  const model = await readModelFile(path);
  await writeFile(join(target, 'model.onnx'), writeModel(model), { flush: true });
  return ['model.onnx'];
}

/** The model and the shards that it names; the engine has checked that they lie beside it. */
async function copyTfjs({ path, target }: ImportNetworkParams): Promise<string[]> {
  const folder = path.endsWith('.json') ? dirname(path) : path;
  const modelName = path.endsWith('.json') ? basename(path) : 'model.json';
  const model = JSON.parse(await readFile(join(folder, modelName), 'utf8')) as {
    weightsManifest: { paths: string[] }[];
  };
  const shards = model.weightsManifest.flatMap((group) => group.paths);
  for (const [from, to] of [[modelName, 'model.json'], ...shards.map((shard) => [shard, shard])] as [
    string,
    string,
  ][]) {
    await mkdir(dirname(join(target, to)), { recursive: true });
    await copyFile(join(folder, from), join(target, to));
  }
  return ['model.json', ...shards];
}

/** The layers and their weights, under names that find each other. */
async function copyCaffe({ path, weights, target }: ImportNetworkParams): Promise<string[]> {
  const found = await findCaffeFiles(path, weights);
  await copyFile(found.layers, join(target, 'model.prototxt'));
  await copyFile(found.weights, join(target, 'model.caffemodel'));
  return ['model.prototxt', 'model.caffemodel'];
}

async function hashFiles(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(join(folder, file)));
  return hash.digest('hex');
}
