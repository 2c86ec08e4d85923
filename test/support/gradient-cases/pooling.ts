import { float } from '../../../main/engine/graph/attributes.ts';
import { createTensor } from '../../../main/engine/graph/tensors.ts';
import { apart, type GradientCase } from '../gradients.ts';
import { windowAttributes, type WindowSettings } from './convolution.ts';

const windows: readonly (readonly [readonly number[], WindowSettings])[] = [
  [[2, 3, 6, 8], { kernel_shape: [2, 2], strides: [2, 2] }],
  [[2, 3, 5, 7], { kernel_shape: [2, 2], strides: [2, 2] }],
  [[2, 3, 7, 9], { kernel_shape: [3, 3], strides: [2, 2] }],
  [[2, 3, 8, 8], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 3, 6, 5], { kernel_shape: [3, 2], strides: [1, 1], pads: [1, 0, 2, 1] }],
  [[2, 3, 8, 8], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  [[2, 3, 8, 8], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, pads: [1, 1, 1, 1] }],
  [[2, 3, 8, 8], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
  [[2, 3, 9, 9], { kernel_shape: [1, 2], strides: [2, 3] }],
  [[2, 3, 9], { kernel_shape: [3], strides: [2], pads: [1, 0] }],
];

const channels = createTensor('float32', [3], [0.5, -1, 2]);
const variance = createTensor('float32', [3], [0.5, 1, 2]);

export const poolingCases: readonly GradientCase[] = [
  ...windows.flatMap(([shape, settings]): GradientCase[] => [
    { op: 'MaxPool', inputs: apart(shape), attributes: windowAttributes(settings) },
    { op: 'AveragePool', inputs: [shape], attributes: windowAttributes(settings) },
    { op: 'AveragePool', inputs: [shape], attributes: windowAttributes({ ...settings, count_include_pad: 1 }) },
  ]),
  {
    op: 'MaxPool',
    inputs: apart([2, 3, 9, 8]),
    attributes: windowAttributes({ kernel_shape: [3, 2], dilations: [2, 3], strides: [2, 1] }),
  },
  { op: 'GlobalAveragePool', inputs: [[2, 3, 4, 5]] },
  { op: 'GlobalAveragePool', inputs: [[2, 3, 5]] },
  { op: 'GlobalMaxPool', inputs: apart([2, 3, 4, 5]) },
  ...[
    [2, 3, 4, 5],
    [2, 3, 5],
    [4, 3],
  ].map((shape): GradientCase => ({
    op: 'BatchNormalization',
    inputs: [shape, [3], [3], channels, variance],
    attributes: { epsilon: float(1e-3) },
  })),
];
