import { EngineError } from '../errors.ts';
import { Config, isObject } from './config.ts';

/** Which value a layer takes: output `output` of the call number `call` of another layer. */
export interface Reference {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

export interface Layer {
  readonly className: string;
  readonly name: string;
  readonly config: Config;
  /** Each time the layer is applied, the values that it takes. Empty within a sequential model. */
  readonly calls: readonly (readonly Reference[])[];
  /** The model itself, where the layer is one. */
  readonly nested?: Topology;
}

/** A Keras model as its file describes it. */
export interface Topology {
  readonly kind: 'sequential' | 'functional';
  readonly name: string;
  readonly layers: readonly Layer[];
  /** Functional only: the input layers and the values that the model gives. */
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
}

/**
 * Reads a Keras model's configuration, in the forms of Keras 2, Keras 3 and TensorFlow.js; nested models are read too.
 *
 * @param where what is read, for error messages
 * @throws EngineError when the configuration is not one of a sequential or functional model
 */
export function parseTopology(value: unknown, where: string): Topology {
  const model = new Config(value, where);
  const className = model.string('class_name');
  if (className === 'Sequential') return parseSequential(model.raw('config'), where);
  if (className === 'Functional' || className === 'Model') return parseFunctional(model.object('config'), where);
  throw new EngineError(
    `${where} is a model of class "${className}". Sequential and functional Keras models are read; convert others to ONNX.`,
  );
}

function parseSequential(value: unknown, where: string): Topology {
  // Before Keras 2.2.3, and in some TF.js files, the configuration is the list of layers itself.
  const config = new Config(Array.isArray(value) ? { layers: value } : value, where);
  const layers = config.list('layers').map((layer, i) => parseLayer(layer, `${where}, layer ${i + 1}`));
  return { kind: 'sequential', name: config.string('name', 'sequential'), layers, inputs: [], outputs: [] };
}

function parseFunctional(config: Config, where: string): Topology {
  return {
    kind: 'functional',
    name: config.string('name', 'model'),
    layers: config.list('layers').map((layer, i) => parseLayer(layer, `${where}, layer ${i + 1}`)),
    inputs: parseReferences(config.list('input_layers'), `${where}: field "input_layers"`),
    outputs: parseReferences(config.list('output_layers'), `${where}: field "output_layers"`),
  };
}

function parseLayer(value: unknown, where: string): Layer {
  const layer = new Config(value, where);
  const className = layer.string('class_name');
  const raw = layer.raw('config');
  const inner = isObject(raw) ? raw : {};
  const name = layer.has('name') ? layer.string('name') : new Config(inner, where).string('name', className);
  const place = `${where} "${name}" (${className})`;
  const calls = layer.list('inbound_nodes', []).map((call) => parseCall(call, `${place}: field "inbound_nodes"`));
  const isModel = className === 'Sequential' || className === 'Functional' || className === 'Model';
  return {
    className,
    name,
    config: new Config(inner, place),
    calls,
    ...(isModel ? { nested: parseTopology(value, place) } : {}),
  };
}

function parseCall(call: unknown, where: string): Reference[] {
  if (Array.isArray(call)) return parseReferences(call, where);
  // Keras 3: the arguments of the call, tensors among them.
  if (isObject(call) && Array.isArray(call.args)) return kerasTensors(call.args, where);
  throw new EngineError(`${where} is in a form that is not known.`);
}

function kerasTensors(value: unknown, where: string): Reference[] {
  if (Array.isArray(value)) return value.flatMap((entry) => kerasTensors(entry, where));
  if (!isObject(value) || value.class_name !== '__keras_tensor__') return [];
  return [parseReference(new Config(value.config, where).list('keras_history'), where)];
}

/** A list of references, or a single one that stands where a list might. */
function parseReferences(values: readonly unknown[], where: string): Reference[] {
  if (typeof values[0] === 'string') return [parseReference(values, where)];
  return values.map((value) => parseReference(value, where));
}

function parseReference(value: unknown, where: string): Reference {
  const [layer, call, output] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof layer !== 'string' || !isIndex(call) || !isIndex(output))
    throw new EngineError(`${where}: ${JSON.stringify(value)} does not name a layer's output.`);
  return { layer, call, output };
}

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/**
 * Height, width and channels of the image that a model takes; a side that may be anything is undefined. Nothing when the
 * model says no shape.
 */
export function declaredInputShape(topology: Topology): (number | undefined)[] | undefined {
  const first =
    topology.kind === 'functional'
      ? topology.layers.find((layer) => layer.name === topology.inputs[0]?.layer)
      : topology.layers[0];
  if (!first) return undefined;
  // Keras 2 says batch_input_shape, Keras 3 batch_shape; a nested model may say it only inside.
  const field = ['batch_input_shape', 'batch_shape'].find((name) => first.config.has(name));
  if (!field) return first.nested ? declaredInputShape(first.nested) : undefined;
  return first.config
    .list(field)
    .slice(1)
    .map((side) => (typeof side === 'number' ? side : undefined));
}
