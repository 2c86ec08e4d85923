import { EngineError } from '../errors.ts';
import type { Message } from './caffe-text.ts';

/** A layer of a .prototxt as it is used for inference. */
export interface CaffeLayer {
  readonly name: string;
  /** In the names of today, whatever the file's age: `Convolution`. */
  readonly type: string;
  readonly bottoms: readonly string[];
  readonly tops: readonly string[];
  readonly settings: Message;
}

export interface CaffeNet {
  readonly name: string;
  /** The blob that the image goes into. */
  readonly input: string;
  /** Channels, height and width that the file declares. */
  readonly inputShape: readonly [number, number, number];
  readonly layers: readonly CaffeLayer[];
  /** How its data layer prepares pixels; undefined where it has none, as in a file for deployment. */
  readonly transform: Message | undefined;
}

/** Names of layers in the form before (V1), as the words of an enum. */
const legacyTypes: Readonly<Partial<Record<string, string>>> = {
  ACCURACY: 'Accuracy',
  ARGMAX: 'ArgMax',
  CONCAT: 'Concat',
  CONVOLUTION: 'Convolution',
  DATA: 'Data',
  DROPOUT: 'Dropout',
  ELTWISE: 'Eltwise',
  FLATTEN: 'Flatten',
  HDF5_DATA: 'HDF5Data',
  IMAGE_DATA: 'ImageData',
  INNER_PRODUCT: 'InnerProduct',
  LRN: 'LRN',
  MEMORY_DATA: 'MemoryData',
  POOLING: 'Pooling',
  POWER: 'Power',
  RELU: 'ReLU',
  SIGMOID: 'Sigmoid',
  SILENCE: 'Silence',
  SLICE: 'Slice',
  SOFTMAX: 'Softmax',
  SOFTMAX_LOSS: 'SoftmaxWithLoss',
  SPLIT: 'Split',
  TANH: 'TanH',
};

/** Layers that give images. */
const dataTypes = new Set(['Input', 'Data', 'ImageData', 'MemoryData', 'HDF5Data', 'WindowData', 'DummyData']);
/** Layers that only measure: nothing of the answer depends on them. */
const measures = new Set(['Accuracy', 'Silence', 'ArgMax']);

const mostLayers = 20_000;

/**
 * The layers of a network that run for inference, in their order, and its input.
 *
 * @throws EngineError that names the file, the line and the reason
 */
export function describeNet(net: Message, file: string): CaffeNet {
  const all = [...net.messages('layer'), ...net.messages('layers')];
  if (all.length > mostLayers) throw new EngineError(`${file}: it has more than ${mostLayers} layers.`);
  if (net.messages('layers').some((layer) => layer.has('layer')))
    throw new EngineError(
      `${file}: it is written in a form of before 2014. Bring it up to date with Caffe’s upgrade_net_proto_text.`,
    );
  const layers = all.filter(runsForInference).map(readLayer);
  const sources = layers.filter(({ type }) => dataTypes.has(type));
  const { name: input, shape } = inputOf(net, sources, file);
  const transforms = sources.map(({ settings }) => settings).filter((settings) => settings.has('transform_param'));
  return {
    name: net.string('name', ''),
    input,
    inputShape: shape,
    layers: layers.filter(({ type }) => !dataTypes.has(type) && !measures.has(type)),
    transform: transforms.at(0)?.message('transform_param'),
  };
}

function readLayer(settings: Message): CaffeLayer {
  const name = settings.string('name', '');
  const [type] = settings.all('type');
  const known =
    typeof type === 'string' ? type : typeof type === 'object' && 'word' in type ? legacyTypes[type.word] : undefined;
  if (known === undefined) {
    const given = typeof type === 'object' && 'word' in type ? type.word : 'without a type';
    throw new EngineError(`${settings.where}: the layer "${name}" is ${given}, which is not read.`);
  }
  return { name, type: known, bottoms: settings.strings('bottom'), tops: settings.strings('top'), settings };
}

/** Whether the layer's rules let it run when the network is tested: phase TEST, level 0, no stage (NetStateRule). */
function runsForInference(layer: Message): boolean {
  const meets = (rule: Message): boolean =>
    rule.choice('phase', ['TRAIN', 'TEST'], 'TEST') === 'TEST' &&
    rule.number('min_level', 0) <= 0 &&
    rule.number('max_level', 0) >= 0 &&
    !rule.has('stage');
  const include = layer.messages('include');
  return include.length > 0 ? include.some(meets) : !layer.messages('exclude').some(meets);
}

function inputOf(
  net: Message,
  sources: readonly CaffeLayer[],
  file: string,
): { name: string; shape: [number, number, number] } {
  const declared = net.strings('input').at(0);
  const source = sources.at(0);
  const refuse = (reason: string): never => {
    throw new EngineError(`${file}: ${reason}.`);
  };
  if (net.strings('input').length > 1 || sources.filter(({ type }) => type === 'Input').length > 1)
    return refuse('the network takes several inputs; one that takes one image is needed');
  const name = declared ?? source?.tops.at(0);
  if (name === undefined) return refuse('the network has no input. Use the file for deployment (deploy.prototxt)');
  const dimensions = declared === undefined ? sourceShape(source!) : declaredShape(net);
  const shape = dimensions.slice(1);
  if (shape.length !== 3)
    return refuse(
      'it does not say the size of its input: channels, height and width. Use the file for deployment (deploy.prototxt)',
    );
  const [channels, height, width] = shape;
  if (![channels, height, width].every((side) => Number.isInteger(side) && side > 0 && side <= 65_536))
    return refuse(`its input of ${shape.join(' × ')} is not an image`);
  return { name, shape: [channels, height, width] };
}

function declaredShape(net: Message): number[] {
  return net.has('input_shape') ? net.message('input_shape').numbers('dim') : net.numbers('input_dim');
}

/** What a layer gives that images come from; empty where the file does not say it. */
function sourceShape({ type, settings }: CaffeLayer): number[] {
  if (type === 'Input') return settings.message('input_param').message('shape').numbers('dim');
  if (type === 'MemoryData') {
    const memory = settings.message('memory_data_param');
    return ['batch_size', 'channels', 'height', 'width'].map((side) => memory.number(side, 0));
  }
  // A data base of images: they are of three channels where nothing else is said, and cropped to a square.
  const crop = settings.message('transform_param').number('crop_size', 0) || legacyCrop(settings);
  return crop > 0 ? [1, 3, crop, crop] : [];
}

function legacyCrop(settings: Message): number {
  return (
    settings.message('data_param').number('crop_size', 0) || settings.message('image_data_param').number('crop_size', 0)
  );
}
