import path from 'node:path';
import { EngineError } from '../errors.ts';
import { readModelFile } from '../graph/read.ts';
import { formatShape } from '../graph/tensors.ts';
import type { Dimension, Model, ValueInfo } from '../graph/types.ts';
import { readCaffeModel } from '../importers/caffe.ts';
import { findCaffeFiles, isCaffePath } from '../importers/caffe-files.ts';
import { isTfjsPath, readTfjsModel } from '../importers/tfjs.ts';
import { findClassifier } from './classifier.ts';
import type { Classifier } from './classifier.ts';
import { countMultiplyAdds, countParameters } from './counts.ts';
import type { Values } from './counts.ts';
import { findFreezePoints } from './freeze-points.ts';
import type { FreezePoint } from './freeze-points.ts';
import { normaliseAtSize } from './input-size.ts';
import { recogniseScaling } from './preprocessing.ts';
import type { Preprocessing, RecognisedScaling, Scaling } from './preprocessing.ts';

export interface OpenOptions {
  /** Side of the square input, in pixels; the one that the network was trained at when absent. */
  readonly size?: number;
  /** How pixel values are scaled, where the person knows; recognised when absent. */
  readonly preprocessing?: Scaling;
  /** The file with the weights of a network of Caffe's; the one that lies beside it when absent. */
  readonly weights?: string;
  /** The mean image (.binaryproto) of a network of Caffe's, which says how its pixels are scaled. */
  readonly mean?: string;
}

/** A pretrained network at one input size. */
export interface Network {
  /** What it was read from. */
  readonly path: string;
  /** The file's or folder's name, for the person. */
  readonly name: string;
  /** Normalised for the size; its one input takes one image. */
  readonly model: Model;
  /** Type and shape of every value. */
  readonly values: Values;
  readonly input: string;
  readonly size: number;
  /** The size that the file declares; undefined where it takes any. */
  readonly pretrainedSize: number | undefined;
  /** Undefined where it is neither recognised nor given: the person has to say it before the network is used. */
  readonly preprocessing: Preprocessing | undefined;
  /** How the preprocessing was recognised; undefined where it was given or is not known. */
  readonly preprocessingReason: string | undefined;
  /** Undefined for a headless trunk. */
  readonly classifier: Classifier | undefined;
  /** The network's own output: the classifier's, where it has one. */
  readonly output: string;
  /** Of the backbone: the network without its classifier. */
  readonly freezePoints: readonly FreezePoint[];
  /** Trainable parameters, the classifier's included. */
  readonly parameters: number;
  /** For one image, the classifier's included. */
  readonly multiplyAdds: number;
}

/**
 * Opens a pretrained network: an ONNX file, a TF.js layers-model's folder or its model.json, or a .prototxt of Caffe's with its
 * .caffemodel.
 *
 * @throws EngineError that names the file and the reason: it cannot be read, does not take an image, or does not work at
 *   the wanted size
 */
export async function openNetwork(file: string, options: OpenOptions = {}): Promise<Network> {
  if (options.size !== undefined && (!Number.isInteger(options.size) || options.size < 1))
    throw new EngineError(`${options.size} is not an input size: a whole number of pixels is needed.`);
  const { model: read, pretrainedSize, scaling: known } = await readNetwork(file, options);
  const { input, layout } = imageInput(read, file);
  const size = options.size ?? pretrainedSize;
  if (size === undefined) throw new EngineError(`${file}: the network does not say its input size. Give it in pixels.`);
  const { model, values } = normaliseAtSize(withFloatPixels(read), { file, layout, size, pretrainedSize });

  const { graph } = model;
  const classifier = findClassifier(graph, values);
  const output = classifier?.output ?? graph.outputs.at(-1)!.name;
  const freezePoints = findFreezePoints(graph, values, input, classifier?.input ?? output);
  if (freezePoints.length === 0)
    throw new EngineError(`${file}: no place was found where CNN codes can be taken from this network.`);
  const recognised = options.preprocessing ? undefined : (known ?? recogniseScaling(read));
  const scaling = options.preprocessing ?? recognised?.scaling;
  return {
    path: file,
    name: nameOf(file),
    model,
    values,
    input,
    size,
    pretrainedSize,
    preprocessing: scaling && preprocessing(scaling, size, layout),
    preprocessingReason: recognised?.reason,
    classifier,
    output,
    freezePoints,
    parameters: countParameters(graph, graph.nodes),
    multiplyAdds: countMultiplyAdds(values, graph.nodes),
  };
}

interface ReadNetwork {
  readonly model: Model;
  readonly pretrainedSize: number | undefined;
  /** Where it stands beside the graph. */
  readonly scaling?: RecognisedScaling | undefined;
}

async function readNetwork(file: string, options: OpenOptions): Promise<ReadNetwork> {
  const { weights, mean } = options;
  if (isCaffePath(file)) {
    const { model, declaredSize, scaling } = await readCaffeModel(await findCaffeFiles(file, weights), options);
    return { model, pretrainedSize: declaredSize, scaling };
  }
  if (mean !== undefined)
    throw new EngineError(`${mean}: a mean image goes with a network of Caffe’s, and ${file} is none.`);
  if (await isTfjsPath(file)) {
    const { model, declaredSize } = await readTfjsModel(file, options);
    return { model, pretrainedSize: declaredSize };
  }
  const model = await readModelFile(file);
  const [height, width] = imageInput(model, file).sides;
  return { model, pretrainedSize: typeof height === 'number' && height === width ? height : undefined };
}

/** A network that takes bytes turns them into floats itself: it takes floats of the same values as well. */
function withFloatPixels(model: Model): Model {
  const inputs = model.graph.inputs.map((input): ValueInfo =>
    input.type === 'uint8' ? { ...input, type: 'float32' } : input,
  );
  return { ...model, graph: { ...model.graph, inputs } };
}

interface ImageInput {
  readonly input: string;
  readonly layout: Preprocessing['layout'];
  /** Height and width as the network declares them. */
  readonly sides: readonly Dimension[];
}

/** The network's one input, where it is one for images with three channels; the shape says where the channels are. */
function imageInput(model: Model, file: string): ImageInput {
  const inputs = model.graph.inputs.filter((input) => !model.graph.initializers.has(input.name));
  if (inputs.length !== 1)
    throw new EngineError(`${file}: the network takes ${inputs.length} inputs; one that takes one image is needed.`);
  const [{ name, type, shape }] = inputs;
  if ((type === 'float32' || type === 'uint8') && shape.length === 4) {
    if (shape[1] === 3) return { input: name, layout: 'nchw', sides: shape.slice(2) };
    if (shape[3] === 3) return { input: name, layout: 'nhwc', sides: shape.slice(1, 3) };
  }
  throw new EngineError(
    `${file}: the network's input "${name}" is ${type} ${formatShape(shape)}; one for images with three channels is needed: [N, 3, height, width] or [N, height, width, 3].`,
  );
}

function preprocessing(scaling: Scaling, size: number, layout: Preprocessing['layout']): Preprocessing {
  const { range, mean, deviation, channels } = scaling;
  return { size, range, mean, deviation, channels, layout };
}

function nameOf(file: string): string {
  const resolved = path.resolve(file);
  const isModelJson = path.basename(resolved) === 'model.json';
  const named = isModelJson ? path.dirname(resolved) : resolved;
  return path.basename(named).replace(/\.(onnx|json|prototxt|pbtxt|caffemodel)$/i, '');
}
