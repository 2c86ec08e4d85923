import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkModel } from '../graph/check.ts';
import type { Model } from '../graph/types.ts';
import { Config } from './config.ts';
import { translateLayer } from './tfjs-layers.ts';
import { LayerScope } from './tfjs-scope.ts';
import type { Activation, ImportState } from './tfjs-scope.ts';
import { declaredInputShape, parseTopology } from './tfjs-topology.ts';
import type { Layer, Reference, Topology } from './tfjs-topology.ts';
import { readTfjsWeights } from './tfjs-weights.ts';

export interface TfjsImport {
  /** Takes `input` [N, channels, size, size]; nodes bear the names of Keras' layers. */
  readonly model: Model;
  /** Side of the square image that the file declares; undefined where it takes any. */
  readonly declaredSize: number | undefined;
}

export interface TfjsOptions {
  /** Side of the square image to import the network for; the one that the file declares when absent. */
  readonly size?: number;
}

/** Whether a path is one of a TF.js model: a folder, or a JSON file. */
export async function isTfjsPath(file: string): Promise<boolean> {
  return file.toLowerCase().endsWith('.json') || (await stat(file).catch(() => undefined))?.isDirectory() === true;
}

/**
 * Reads a TF.js layers-model (a Keras model, sequential or functional, models within models flattened) as an ONNX graph
 * for one input size: TensorFlow's "same" padding depends on it. BatchNormalization is kept, dropout is left out.
 *
 * @param file model.json, or the folder that it lies in; the weights files lie beside it
 * @throws EngineError that names the file, the layer and the reason
 */
export async function readTfjsModel(file: string, options: TfjsOptions = {}): Promise<TfjsImport> {
  const isFolder = (await stat(file).catch(() => undefined))?.isDirectory() === true;
  const modelFile = isFolder ? path.join(file, 'model.json') : file;
  const description = await readDescription(modelFile);
  const topologyField = description.object('modelTopology');
  refuseGraphModel(description, topologyField, modelFile);
  // A converted Keras file wraps the model; a file that TF.js saved is the model itself.
  const topology = parseTopology(
    topologyField.has('model_config') ? topologyField.raw('model_config') : description.raw('modelTopology'),
    modelFile,
  );
  const declared = declaredInputShape(topology);
  const { size, channels, declaredSize } = inputSize(declared, options.size, modelFile);
  const weights = await readTfjsWeights(path.dirname(modelFile), description.list('weightsManifest'));

  const builder = new GraphBuilder(topology.name);
  const state: ImportState = {
    builder,
    weights,
    stored: new Map(),
    kerasVersion: topologyField.string('keras_version', ''),
    size,
    declaredSize,
  };
  const input = builder.input('input', 'float32', ['N', channels, size, size]);
  const outputs = translateModel(topology, [{ value: input, shape: [size, size, channels] }], state, modelFile);
  for (const { value, shape } of outputs) builder.output(value, 'float32', ['N', ...inGraph(shape)]);
  const model = builder.build({ producer: description.string('generatedBy', 'TensorFlow.js') });
  checkModel(model);
  return { model, declaredSize };
}

async function readDescription(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new EngineError(`${file}: ${missing ? 'there is no such file' : `it cannot be read: ${String(error)}`}.`, {
      cause: error,
    });
  }
  try {
    return new Config(JSON.parse(text), file);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError(`${file}: it is not valid JSON: ${reason}. It may be cut short; copy it again.`, {
      cause: error,
    });
  }
}

function refuseGraphModel(description: Config, topology: Config, file: string): void {
  if (description.raw('format') !== 'graph-model' && !Array.isArray(topology.raw('node'))) return;
  throw new EngineError(
    `${file}: this is a TensorFlow.js graph model, whose layers are lost. Only layers models are read. Convert the original network to ONNX instead.`,
  );
}

function inputSize(
  declared: readonly (number | undefined)[] | undefined,
  wanted: number | undefined,
  file: string,
): { size: number; channels: number; declaredSize: number | undefined } {
  const shape = declared?.map((side) => side ?? '?').join(' × ') ?? 'nothing';
  if (declared?.length !== 3) throw new EngineError(`${file}: the network takes ${shape}, not an image.`);
  const [height, width, channels] = declared;
  if (channels === undefined) throw new EngineError(`${file}: the network does not say how many channels it takes.`);
  const declaredSize = height === width ? height : undefined;
  const size = wanted ?? declaredSize;
  if (size !== undefined) return { size, channels, declaredSize };
  const reason = height === undefined ? 'does not say its input size' : `takes ${shape}, which is not square`;
  throw new EngineError(`${file}: the network ${reason}. Give the input size in pixels.`);
}

/** Keras' order of dimensions as the graph's. */
function inGraph(shape: readonly number[]): readonly number[] {
  return shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
}

function translateModel(
  model: Topology,
  inputs: readonly Activation[],
  state: ImportState,
  where: string,
): Activation[] {
  return model.kind === 'sequential'
    ? translateSequential(model, inputs, state, where)
    : translateFunctional(model, inputs, state, where);
}

function translateSequential(
  model: Topology,
  inputs: readonly Activation[],
  state: ImportState,
  where: string,
): Activation[] {
  let values = [...inputs];
  for (const layer of model.layers)
    if (layer.className !== 'InputLayer') values = translateAny(layer, values, state, where);
  return values;
}

/** Follows the values back from the model's outputs, so that layers come in the order in which they are needed. */
function translateFunctional(
  model: Topology,
  inputs: readonly Activation[],
  state: ImportState,
  where: string,
): Activation[] {
  if (model.inputs.length !== inputs.length)
    throw new EngineError(
      `${where}: the model "${model.name}" takes ${model.inputs.length} inputs; networks of one image are read.`,
    );
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  const done = new Map<string, Activation[]>(model.inputs.map((ref, i) => [`${ref.layer}:0`, [inputs[i]]]));
  const underWay = new Set<string>();

  function resolve(reference: Reference): Activation {
    const layer = layers.get(reference.layer);
    if (!layer) throw new EngineError(`${where}: a layer takes a value of "${reference.layer}", which is not there.`);
    const call = callIndex(layer, reference.call);
    const key = `${layer.name}:${call}`;
    let values = done.get(key);
    if (!values) {
      if (underWay.has(key)) throw new EngineError(`${where}: layer "${layer.name}" depends on its own result.`);
      underWay.add(key);
      const taken = (layer.calls as (readonly Reference[] | undefined)[])[call];
      if (!taken) throw new EngineError(`${where}: layer "${layer.name}" is not applied to anything.`);
      values = translateAny(layer, taken.map(resolve), state, where);
      done.set(key, values);
    }
    const value = (values as (Activation | undefined)[])[reference.output];
    if (!value) throw new EngineError(`${where}: layer "${layer.name}" has no output ${reference.output}.`);
    return value;
  }
  return model.outputs.map(resolve);
}

/** Keras counts a nested model's own making as its first call: references to its calls begin at 1. */
function callIndex(layer: Layer, call: number): number {
  return layer.nested ? Math.max(call - 1, 0) : call;
}

function translateAny(layer: Layer, inputs: readonly Activation[], state: ImportState, where: string): Activation[] {
  if (layer.nested) return translateModel(layer.nested, inputs, state, where);
  return [translateLayer(new LayerScope(layer, state), inputs)];
}
