import type { OperatorFacts } from '../../../main/contract/graphs.ts';

const weightLayers = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Whether an operator of this kind mixes its input's values by weights, as a rule. */
export function isWeightLayer(op: string): boolean {
  return weightLayers.has(op);
}

/** What a person calls operators whose name in the standard says less, or more than fits. */
const names: Readonly<Record<string, string>> = {
  Conv: 'Convolution',
  ConvTranspose: 'Transposed conv.',
  Gemm: 'Fully connected',
  MatMul: 'Matrix product',
  BatchNormalization: 'BatchNorm',
  LayerNormalization: 'LayerNorm',
  InstanceNormalization: 'InstanceNorm',
  GroupNormalization: 'GroupNorm',
  Relu: 'ReLU',
  LeakyRelu: 'Leaky ReLU',
  PRelu: 'PReLU',
  MaxPool: 'Max pool',
  AveragePool: 'Average pool',
  GlobalAveragePool: 'Global average',
  GlobalMaxPool: 'Global maximum',
  ReduceMean: 'Mean',
  Concat: 'Concatenate',
  LRN: 'Local response',
};

export function operatorTitle(op: string): string {
  return (names as Partial<typeof names>)[op] ?? op;
}

/** `3 × 3, stride 2`, `5 × 5, depthwise`, `0 to 6`: what sets an operator apart from others of its kind; empty for most. */
export function operatorDetail({ settings, weights }: OperatorFacts): string {
  const found = new Map(settings.map(({ name, value }) => [name, value]));
  const kernel =
    found.get('kernel_shape') ??
    weights
      .find(({ shape }) => shape.length === 4)
      ?.shape.slice(2)
      .join(', ');
  const stride = found.get('strides')?.split(', ').at(0);
  const groups = Number(found.get('group') ?? 1);
  const depthwise =
    groups > 1 && weights.some(({ shape }) => shape.length === 4 && shape[0] % groups === 0 && shape[1] === 1);
  const limits = [found.get('lowest'), found.get('highest')].filter((one) => one !== undefined);
  return [
    kernel?.replaceAll(', ', ' × '),
    depthwise ? 'depthwise' : groups > 1 ? `${groups} groups` : undefined,
    stride === undefined ? undefined : `stride ${stride}`,
    limits.length === 0 ? undefined : limits.join(' to '),
  ]
    .filter((one) => one !== undefined)
    .join(', ');
}

/** `64 × 56 × 56`. */
export function shapeText(shape: readonly (number | string)[]): string {
  return shape.length === 0 ? 'a number' : shape.join(' × ');
}

/** What settings are called by people who do not know the standard. */
const settingNames: Readonly<Record<string, string>> = {
  kernel_shape: 'Kernel',
  strides: 'Stride',
  pads: 'Padding',
  dilations: 'Dilation',
  group: 'Groups',
  epsilon: 'ε',
  axis: 'Axis',
  perm: 'Order of axes',
  alpha: 'α',
  beta: 'β',
  bias: 'Bias',
  size: 'Channels',
};

export function settingName(name: string): string {
  const known = (settingNames as Partial<typeof settingNames>)[name] ?? name.replaceAll('_', ' ');
  return known[0].toUpperCase() + known.slice(1);
}

/** Sizes along the axes of an image are written as such. */
const areSizes = new Set(['kernel_shape', 'strides', 'dilations']);

export function settingText(name: string, value: string): string {
  return areSizes.has(name) ? value.replaceAll(', ', ' × ') : value;
}
