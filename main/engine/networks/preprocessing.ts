import type { Graph, Model, Node } from '../graph/types.ts';
import { metadataKeys } from './metadata.ts';

/** How pixel values are scaled, by channel: `(pixel / 255 · (high − low) + low − mean) / deviation`. */
export interface Scaling {
  /** What pixel values 0 and 255 become before mean and deviation are applied: low and high. */
  range: [number, number];
  /** In the network's channel order. */
  mean: [number, number, number];
  deviation: [number, number, number];
  channels: 'rgb' | 'bgr';
}

/** How pixels become a network's input. */
export interface Preprocessing extends Scaling {
  /** Side of the square input, in pixels. */
  size: number;
  layout: 'nchw' | 'nhwc';
}

export type ScalingName = 'tf' | 'torch' | 'caffe' | 'unit' | 'raw';

/**
 * The scalings in use, by the field's names.
 *
 * - `tf`, `torch`, `caffe`: `preprocess_input` of Keras Applications (keras/src/applications/imagenet_utils.py). `tf` is
 *   x / 127.5 − 1; `torch` is that of torchvision's pretrained networks, ImageNet's mean and deviation on 0 to 1; `caffe`
 *   subtracts ImageNet's mean in BGR, as the networks of the Caffe Model Zoo expect.
 * - `unit`: 0 to 1. `raw`: 0 to 255, for networks that scale by themselves.
 */
export const scalings: Readonly<Record<ScalingName, Readonly<Scaling>>> = {
  tf: { range: [-1, 1], mean: [0, 0, 0], deviation: [1, 1, 1], channels: 'rgb' },
  torch: { range: [0, 1], mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225], channels: 'rgb' },
  caffe: { range: [0, 255], mean: [103.939, 116.779, 123.68], deviation: [1, 1, 1], channels: 'bgr' },
  unit: { range: [0, 1], mean: [0, 0, 0], deviation: [1, 1, 1], channels: 'rgb' },
  raw: { range: [0, 255], mean: [0, 0, 0], deviation: [1, 1, 1], channels: 'rgb' },
};

export interface RecognisedScaling {
  readonly scaling: Scaling;
  /** How it was recognised, for the person to see. */
  readonly reason: string;
}

/**
 * The scaling that a network's input expects, where that is certain: it takes bytes, our own metadata say it, its first
 * operation scales 0 to 255 itself, or its layers are named as those of a known family. Otherwise undefined, and the
 * person has to say it.
 */
export function recogniseScaling(model: Model): RecognisedScaling | undefined {
  return (
    // Before the metadata: a network that takes bytes has the preprocessing that those describe inside.
    fromBytes(model.graph) ?? fromMetadata(model.metadata) ?? fromFirstOperation(model.graph) ?? fromFamily(model.graph)
  );
}

function fromBytes(graph: Graph): RecognisedScaling | undefined {
  if (graph.inputs[0]?.type !== 'uint8') return undefined;
  return { scaling: scalings.raw, reason: 'the network takes pixels as bytes' };
}

function fromMetadata(metadata: Readonly<Record<string, string>>): RecognisedScaling | undefined {
  const text = (metadata as Partial<Record<string, string>>)[metadataKeys.preprocessing];
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isScaling(value)) return undefined;
  const { range, mean, deviation, channels } = value;
  return { scaling: { range, mean, deviation, channels }, reason: 'the file says it' };
}

function isScaling(value: unknown): value is Scaling {
  const { range, mean, deviation, channels } = (value ?? {}) as Partial<Record<keyof Scaling, unknown>>;
  return (
    areNumbers(range, 2) &&
    areNumbers(mean, 3) &&
    areNumbers(deviation, 3) &&
    (deviation as number[]).every((d) => d > 0) &&
    (channels === 'rgb' || channels === 'bgr')
  );
}

const areNumbers = (value: unknown, count: number): boolean =>
  Array.isArray(value) && value.length === count && value.every((n) => typeof n === 'number' && Number.isFinite(n));

/** A first operation that multiplies by 1/255 or 1/127.5 (or divides by 255 or 127.5) expects pixels from 0 to 255. */
function fromFirstOperation(graph: Graph): RecognisedScaling | undefined {
  let value = graph.inputs[0]?.name;
  for (;;) {
    const users: Node[] = graph.nodes.filter((node) => node.inputs.includes(value));
    if (users.length !== 1) return undefined;
    const [node] = users;
    if (['Identity', 'Cast', 'Transpose'].includes(node.op)) {
      [value] = node.outputs;
      continue;
    }
    if (node.op !== 'Mul' && node.op !== 'Div') return undefined;
    const factor = graph.initializers.get(node.inputs[1] === value ? node.inputs[0] : node.inputs[1]);
    if (factor?.data.length !== 1) return undefined;
    const ratio = node.op === 'Mul' ? Number(factor.data[0]) * 255 : 255 / Number(factor.data[0]);
    const scalesPixels = [1, 2].some((expected) => Math.abs(ratio / expected - 1) < 1e-3);
    return scalesPixels
      ? { scaling: scalings.raw, reason: 'the network itself scales pixels from 0 to 255' }
      : undefined;
  }
}

/** A family of Keras Applications, known by layers that it has and others that a similar family has and it has not. */
interface Family {
  readonly name: string;
  readonly has: readonly string[];
  readonly hasNot: readonly string[];
  readonly scaling: ScalingName;
}

/** Layer names and scaling: `keras/src/applications/*.py`, each module's layers and its `preprocess_input`. */
const families: readonly Family[] = [
  { name: 'MobileNet v1', has: ['conv1', 'conv_dw_1', 'conv_pw_1', 'conv_pw_2'], hasNot: [], scaling: 'tf' },
  {
    name: 'MobileNet v2',
    has: ['Conv1', 'expanded_conv_depthwise', 'block_1_expand', 'block_2_add'],
    hasNot: [],
    scaling: 'tf',
  },
  { name: 'Xception', has: ['block1_conv1_bn', 'block2_sepconv1', 'block4_sepconv2'], hasNot: [], scaling: 'tf' },
  { name: 'VGG', has: ['block1_conv1', 'block1_pool', 'block5_conv1'], hasNot: ['block1_conv1_bn'], scaling: 'caffe' },
  { name: 'ResNet v2', has: ['conv1_conv', 'conv2_block1_preact_bn'], hasNot: [], scaling: 'tf' },
  {
    name: 'ResNet',
    has: ['conv1_conv', 'conv2_block1_1_conv', 'conv2_block1_add', 'conv2_block1_3_bn'],
    // ResNeXt, whose layers are named alike, sums its groups in a layer of its own.
    hasNot: ['conv2_block1_preact_bn', 'conv2_block1_2_gconv'],
    scaling: 'caffe',
  },
  { name: 'DenseNet', has: ['conv1/conv', 'conv2_block1_1_conv', 'conv2_block1_concat'], hasNot: [], scaling: 'torch' },
];

function fromFamily(graph: Graph): RecognisedScaling | undefined {
  const names = new Set(graph.nodes.map((node) => node.name));
  const family = families.find(
    (candidate) => candidate.has.every((name) => names.has(name)) && !candidate.hasNot.some((name) => names.has(name)),
  );
  return (
    family && {
      scaling: scalings[family.scaling],
      reason: `its layers are named as those of Keras' ${family.name}, whose pretrained weights expect "${family.scaling}"`,
    }
  );
}
