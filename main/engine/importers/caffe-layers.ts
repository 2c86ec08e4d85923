import { float, int } from '../graph/attributes.ts';
import { elementCount, formatShape, int64s, scalar } from '../graph/tensors.ts';
import { localResponse, scaling } from './caffe-normalisation.ts';
import type { Blob, CaffeScope } from './caffe-scope.ts';
import { convolution, pooling } from './caffe-windows.ts';

/** What a layer makes of its bottoms: one blob for each of its tops. */
type Translate = (scope: CaffeScope, inputs: readonly Blob[]) => readonly Blob[];

const unary =
  (translate: (scope: CaffeScope, input: Blob) => Blob): Translate =>
  (scope, inputs) => {
    if (inputs.length !== 1) scope.fail(`it takes one blob, but gets ${inputs.length}`);
    return [translate(scope, inputs[0])];
  };

const elementwise = (op: string): Translate =>
  unary((scope, input) => ({ ...input, value: scope.emit(op, [input.value]) }));

/** Nothing happens in a trained network. */
const passed: Translate = unary((_scope, input) => input);

/**
 * Every layer that is read, by its type: those of the networks in the Caffe Model Zoo. BatchNorm is not here, since it
 * becomes one with the Scale that follows it (caffe.ts). Defaults: src/caffe/proto/caffe.proto.
 */
export const caffeLayers: Readonly<Partial<Record<string, Translate>>> = {
  Convolution: unary(convolution),
  Pooling: unary(pooling),
  LRN: unary(localResponse),
  Scale: unary(scaling),
  InnerProduct: unary(innerProduct),
  ReLU: unary((scope, input) => {
    const slope = scope.settings('relu_param').number('negative_slope', 0);
    const value =
      slope === 0 ? scope.emit('Relu', [input.value]) : scope.emit('LeakyRelu', [input.value], { alpha: float(slope) });
    return { ...input, value };
  }),
  PReLU: unary(parametricRelu),
  ELU: unary((scope, input) => {
    const alpha = scope.settings('elu_param').number('alpha', 1);
    return { ...input, value: scope.emit('Elu', [input.value], { alpha: float(alpha) }) };
  }),
  Sigmoid: elementwise('Sigmoid'),
  TanH: elementwise('Tanh'),
  Power: unary(power),
  Dropout: passed,
  Split: (scope, [input]) => scope.layer.tops.map(() => input),
  Softmax: unary(softmax),
  /** Of the loss, the probabilities are left; its second bottom is the truth. */
  SoftmaxWithLoss: (scope, [input]) => [softmax(scope, input)],
  Concat: concat,
  Slice: slice,
  Eltwise: eltwise,
  Flatten: unary((scope, input) => {
    const settings = scope.settings('flatten_param');
    if (scope.axis(settings.number('axis', 1), input) !== 0 || settings.number('end_axis', -1) !== -1)
      scope.fail('only all of an image is made one vector');
    return flattened(scope, input);
  }),
  Reshape: unary(reshape),
};

function flattened(scope: CaffeScope, input: Blob, suffix?: string): Blob {
  if (input.shape.length === 1) return input;
  return { value: scope.emit('Flatten', [input.value], { axis: int(1) }, suffix), shape: [elementCount(input.shape)] };
}

function innerProduct(scope: CaffeScope, input: Blob): Blob {
  const settings = scope.settings('inner_product_param');
  if (scope.axis(settings.number('axis', 1), input) !== 0) scope.fail('it keeps axes of the image, which is not read');
  const units = settings.integer('num_output', 0, 1);
  const features = elementCount(input.shape);
  const isTransposed = settings.boolean('transpose', false);
  const weights = [scope.store(0, isTransposed ? [features, units] : [units, features], 'weight')];
  if (settings.boolean('bias_term', true)) weights.push(scope.store(1, [units], 'bias'));
  const { value } = flattened(scope, input, 'flatten');
  return {
    value: scope.emit('Gemm', [value, ...weights], isTransposed ? {} : { transB: int(1) }),
    shape: [units],
  };
}

function parametricRelu(scope: CaffeScope, input: Blob): Blob {
  const isShared = scope.settings('prelu_param').boolean('channel_shared', false);
  const channels = isShared ? 1 : input.shape[0];
  const slope = { ...scope.weight(0, [channels]), shape: [channels, ...input.shape.slice(1).map(() => 1)] };
  return { ...input, value: scope.emit('PRelu', [input.value, scope.constant(slope, 'slope')]) };
}

/** (shift + scale · x)^power */
function power(scope: CaffeScope, input: Blob): Blob {
  const settings = scope.settings('power_param');
  const number = (value: number, role: string): string => scope.constant(scalar(value), role);
  let { value } = input;
  const [exponent, factor, shift] = [
    settings.number('power', 1),
    settings.number('scale', 1),
    settings.number('shift', 0),
  ];
  if (factor !== 1) value = scope.emit('Mul', [value, number(factor, 'scale')], {}, 'scaled');
  if (shift !== 0) value = scope.emit('Add', [value, number(shift, 'shift')], {}, 'shifted');
  if (exponent !== 1) value = scope.emit('Pow', [value, number(exponent, 'power')]);
  return { ...input, value };
}

function softmax(scope: CaffeScope, input: Blob): Blob {
  const axis = scope.axis(scope.settings('softmax_param').number('axis', 1), input);
  return { ...input, value: scope.emit('Softmax', [input.value], { axis: int(axis + 1) }) };
}

function concat(scope: CaffeScope, inputs: readonly Blob[]): readonly Blob[] {
  const [first] = inputs;
  const settings = scope.settings('concat_param');
  const axis = scope.axis(settings.number('axis', settings.number('concat_dim', 1)), first);
  const rest = ({ shape }: Blob): string => shape.toSpliced(axis, 1).join();
  if (inputs.some((input) => input.shape.length !== first.shape.length || rest(input) !== rest(first)))
    scope.fail(`what it puts together does not fit: ${inputs.map(({ shape }) => formatShape(shape)).join(', ')}`);
  const length = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
  const value = scope.emit(
    'Concat',
    inputs.map((input) => input.value),
    { axis: int(axis + 1) },
  );
  return [{ value, shape: first.shape.with(axis, length) }];
}

function slice(scope: CaffeScope, [input]: readonly Blob[]): readonly Blob[] {
  const settings = scope.settings('slice_param');
  const axis = scope.axis(settings.number('axis', settings.number('slice_dim', 1)), input);
  const { tops } = scope.layer;
  const whole = input.shape[axis];
  const points = settings.numbers('slice_point');
  const even = Array.from({ length: tops.length - 1 }, (_, at) => ((at + 1) * whole) / tops.length);
  const bounds = [0, ...(points.length ? points : even), whole];
  const lengths = bounds.slice(1).map((bound, at) => bound - bounds[at]);
  if (lengths.length !== tops.length || !lengths.every((length) => Number.isInteger(length) && length > 0))
    scope.fail(`its ${whole} values do not go into parts of ${lengths.join(', ')}`);
  const values = scope.state.builder.addAll(
    'Split',
    [input.value, scope.constant(int64s(lengths), 'lengths')],
    { axis: int(axis + 1) },
    { name: scope.state.builder.freshName(scope.layer.name), outputs: lengths.length },
  );
  return values.map((value, at) => ({ value, shape: input.shape.with(axis, lengths[at]) }));
}

function eltwise(scope: CaffeScope, inputs: readonly Blob[]): readonly Blob[] {
  const settings = scope.settings('eltwise_param');
  const operation = settings.choice('operation', ['PROD', 'SUM', 'MAX'], 'SUM');
  const factors = settings.numbers('coeff');
  const [first, ...others] = inputs;
  if (others.length === 0) scope.fail('it takes two blobs or more');
  if (others.some(({ shape }) => shape.join() !== first.shape.join()))
    scope.fail(`what it joins does not fit: ${inputs.map(({ shape }) => formatShape(shape)).join(', ')}`);
  if (factors.length > 0 && (operation !== 'SUM' || factors.length !== inputs.length))
    scope.fail(`its ${factors.length} factors do not go with its ${inputs.length} blobs`);
  const values = inputs.map(({ value }, at) => {
    const factor = factors[at] ?? 1;
    return factor === 1 ? value : scope.emit('Mul', [value, scope.constant(scalar(factor), 'factor')], {}, 'scaled');
  });
  const op = { PROD: 'Mul', SUM: 'Add', MAX: 'Max' }[operation];
  let [value] = values;
  for (const [at, other] of values.slice(1).entries())
    value = scope.emit(op, [value, other], {}, at < values.length - 2 ? `part${at + 1}` : undefined);
  return [{ ...first, value }];
}

function reshape(scope: CaffeScope, input: Blob): Blob {
  const settings = scope.settings('reshape_param');
  const axis = settings.number('axis', 0);
  if ((axis !== 0 && axis !== 1) || settings.number('num_axes', -1) !== -1)
    scope.fail('only all axes of an image are given another shape');
  const dimensions = settings.message('shape').numbers('dim');
  const [batch = 0, ...rest] = axis === 0 ? dimensions : [0, ...dimensions];
  if (batch !== 0 && batch !== -1 && batch !== 1) scope.fail(`it makes ${batch} of one image`);
  const known = rest.map((side, at) => (side === 0 ? (input.shape[at] ?? 0) : side));
  const count = elementCount(input.shape);
  const open = known.indexOf(-1);
  const others = known.filter((side) => side !== -1).reduce((product, side) => product * side, 1);
  const shape = open === -1 ? known : known.with(open, count / others);
  if (!shape.every((side) => Number.isInteger(side) && side > 0) || elementCount(shape) !== count)
    scope.fail(`${formatShape(input.shape)} does not go into the shape [${rest.join(', ')}]`);
  const target = scope.constant(int64s([-1, ...shape]), 'shape');
  return { value: scope.emit('Reshape', [input.value, target]), shape };
}
