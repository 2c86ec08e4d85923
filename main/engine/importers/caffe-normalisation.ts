import { float, int, ints } from '../graph/attributes.ts';
import { scalar } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';
import type { Blob, CaffeScope } from './caffe-scope.ts';

/**
 * Local response normalisation. Across channels it is ONNX's LRN. Within a channel it is
 * x · (1 + α · mean of x² over the window)^−β, the padding counted (caffe/layers/lrn_layer.cpp, WithinChannelForward).
 */
export function localResponse(scope: CaffeScope, input: Blob): Blob {
  const settings = scope.settings('lrn_param');
  const size = settings.integer('local_size', 5, 1);
  const [alpha, beta] = [settings.number('alpha', 1), settings.number('beta', 0.75)];
  if (size % 2 === 0) scope.fail(`its size of ${size} is even`);
  const [, height, width] = scope.image(input);
  if (settings.choice('norm_region', ['ACROSS_CHANNELS', 'WITHIN_CHANNEL'], 'ACROSS_CHANNELS') === 'ACROSS_CHANNELS') {
    const attributes = {
      size: int(size),
      alpha: float(alpha),
      beta: float(beta),
      bias: float(settings.number('k', 1)),
    };
    return { ...input, value: scope.emit('LRN', [input.value], attributes) };
  }
  const pad = (size - 1) / 2;
  if (size > Math.min(height, width) + 2 * pad) scope.fail(`its window of ${size} does not fit into the image`);
  const number = (value: number, role: string): string => scope.constant(scalar(value), role);
  const square = scope.emit('Mul', [input.value, input.value], {}, 'square');
  const mean = scope.emit(
    'AveragePool',
    [square],
    {
      kernel_shape: ints([size, size]),
      strides: ints([1, 1]),
      pads: ints([pad, pad, pad, pad]),
      count_include_pad: int(1),
    },
    'mean',
  );
  const scaled = scope.emit('Mul', [mean, number(alpha, 'alpha')], {}, 'scaled');
  const base = scope.emit('Add', [scaled, number(1, 'one')], {}, 'base');
  const factor = scope.emit('Pow', [base, number(-beta, 'exponent')], {}, 'factor');
  return { ...input, value: scope.emit('Mul', [input.value, factor]) };
}

/**
 * Normalisation with the statistics of training. The file keeps sums of them, and in a third weight what to divide these by
 * (caffe/layers/batch_norm_layer.cpp). Scale and shift are a layer of their own, which comes after: the two become one.
 *
 * @param scale the layer of scale and shift; undefined where there is none
 */
export function batchNormalisation(scope: CaffeScope, input: Blob, scale: CaffeScope | undefined): Blob {
  const [channels] = input.shape;
  const [divisor] = scope.weight(2, [1]).data;
  const factor = divisor === 0 ? 0 : 1 / divisor;
  const averaged = (at: number): Tensor<'float32'> => {
    const { data, ...rest } = scope.weight(at, [channels]);
    return { ...rest, data: data.map((value) => value * factor) };
  };
  const filled = (value: number): Tensor<'float32'> => ({
    type: 'float32',
    shape: [channels],
    data: new Float32Array(channels).fill(value),
  });
  const { gamma, beta } = scale ? scaleWeights(scale, channels) : { gamma: filled(1), beta: undefined };
  const value = scope.emit(
    'BatchNormalization',
    [
      input.value,
      scope.constant(gamma, 'scale'),
      scope.constant(beta ?? filled(0), 'bias'),
      scope.constant(averaged(0), 'mean'),
      scope.constant(averaged(1), 'variance'),
    ],
    { epsilon: float(scope.settings('batch_norm_param').number('eps', 1e-5)) },
  );
  return { ...input, value };
}

/** Whether a layer scales and shifts each channel by a weight of its own: the form that goes with normalisation. */
export function scalesChannels({ layer }: CaffeScope): boolean {
  const settings = layer.settings.message('scale_param');
  return layer.bottoms.length === 1 && settings.number('axis', 1) === 1 && settings.number('num_axes', 1) === 1;
}

/** A factor for each channel, and a number to add. */
export function scaling(scope: CaffeScope, input: Blob): Blob {
  if (!scalesChannels(scope)) scope.fail('only a factor for each channel, from the .caffemodel, is read');
  const [channels, ...sides] = input.shape;
  const { gamma, beta } = scaleWeights(scope, channels);
  const shape = [channels, ...sides.map(() => 1)];
  const scaled = scope.emit(
    'Mul',
    [input.value, scope.constant({ ...gamma, shape }, 'scale')],
    {},
    beta ? 'scaled' : undefined,
  );
  const value = beta ? scope.emit('Add', [scaled, scope.constant({ ...beta, shape }, 'bias')]) : scaled;
  return { ...input, value };
}

function scaleWeights(
  scope: CaffeScope,
  channels: number,
): { gamma: Tensor<'float32'>; beta: Tensor<'float32'> | undefined } {
  const hasBias = scope.settings('scale_param').boolean('bias_term', false);
  return { gamma: scope.weight(0, [channels]), beta: hasBias ? scope.weight(1, [channels]) : undefined };
}
