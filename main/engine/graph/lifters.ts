import type { NodeContext } from '../ops/operator.ts';
import { float, floatOf, floatsOf, int, intOf, intsOf, string, stringOf, withAttributes } from './attributes.ts';
import type { Rewriter } from './rewrite.ts';
import { createTensor, int64s } from './tensors.ts';
import type { Node, Tensor } from './types.ts';

/** A node of operator set `version`, to be put into the new graph as nodes of OPSET. */
export interface Lift {
  readonly node: Node;
  readonly context: NodeContext;
  readonly version: number;
  readonly to: Rewriter;
}

export type Lifter = (lift: Lift) => void;

/** The node with inputs appended; empty ones at the end are left out. */
function withInputs(node: Node, inputs: readonly string[]): Node {
  const all = [...node.inputs, ...inputs];
  while (all.at(-1) === '') all.pop();
  return { ...node, inputs: all };
}

/** A list of whole numbers that was an attribute and became the next input. Absent: stays so. */
function listToInput({ node, to }: Lift, name: string): Node {
  const values = intsOf(node, name);
  const without = withAttributes(node, { [name]: undefined });
  return values ? withInputs(without, [to.constant(int64s(values), `${node.outputs[0]}_${name}`)]) : without;
}

/** The attribute became an input in operator set `since`. */
const listBecameInput =
  (name: string, since: number): Lifter =>
  (lift) =>
    lift.to.put(lift.version < since ? listToInput(lift, name) : lift.node);

function scalarLike(context: NodeContext, value: number): Tensor {
  return createTensor(context.type(0), [], [value]);
}

/** Clip: until 11, the bounds were attributes. */
const clip: Lifter = ({ node, context, version, to }) => {
  if (version >= 11) {
    to.put(node);
    return;
  }
  const bounds = ['min', 'max'].map((name) => {
    const value = floatOf(node, name);
    return value === undefined ? '' : to.constant(scalarLike(context, value), `${node.outputs[0]}_${name}`);
  });
  to.put(withInputs(withAttributes(node, { min: undefined, max: undefined, consumed_inputs: undefined }), bounds));
};

/** Pad: until 11, pads and value were attributes. */
const pad: Lifter = ({ node, context, version, to }) => {
  if (version >= 11) {
    to.put(node);
    return;
  }
  const pads = intsOf(node, 'pads') ?? intsOf(node, 'paddings') ?? context.fail('it has no pads');
  const value = scalarLike(context, floatOf(node, 'value', 0));
  const without = withAttributes(node, { pads: undefined, paddings: undefined, value: undefined });
  to.put(
    withInputs(without, [
      to.constant(int64s(pads), `${node.outputs[0]}_pads`),
      to.constant(value, `${node.outputs[0]}_value`),
    ]),
  );
};

/** Slice: until 10, everything was an attribute. */
const slice: Lifter = ({ node, context, version, to }) => {
  if (version >= 10) {
    to.put(node);
    return;
  }
  const inputs = ['starts', 'ends', 'axes'].map((name) => {
    const values = intsOf(node, name);
    if (values) return to.constant(int64s(values), `${node.outputs[0]}_${name}`);
    return name === 'axes' ? '' : context.fail(`it has no ${name}`);
  });
  to.put(withInputs(withAttributes(node, { starts: undefined, ends: undefined, axes: undefined }), inputs));
};

/** Split: until 13 the sizes were an attribute; since 18, equal parts must be asked for by number. */
const split: Lifter = (lift) => {
  const sized = lift.version < 13 ? listToInput(lift, 'split') : lift.node;
  const equal = lift.version < 18 && sized.inputs.length < 2;
  lift.to.put(equal ? withAttributes(sized, { num_outputs: int(sized.outputs.length) }) : sized);
};

/** Dropout does nothing in a network that is applied; training adds its own. */
const dropout: Lifter = ({ node, context, to }) => {
  if (node.outputs.slice(1).some((name) => to.isUsed(name))) context.fail('its mask is used, which only training does');
  to.put({
    ...node,
    op: 'Identity',
    inputs: node.inputs.slice(0, 1),
    outputs: node.outputs.slice(0, 1),
    attributes: {},
  });
};

/** BatchNormalization: until 9, `spatial = 0` meant statistics for each position; until 14, more outputs meant training. */
const batchNormalization: Lifter = ({ node, context, version, to }) => {
  if (node.outputs.slice(1).some((name) => name !== '' && to.isUsed(name)) || intOf(node, 'training_mode', 0) !== 0)
    context.fail(
      'it was exported in training mode; export the network in evaluation mode (in PyTorch, after model.eval())',
    );
  if (version < 9 && intOf(node, 'spatial', 1) === 0) {
    normalisePositions(node, context, to);
    return;
  }
  to.put({
    ...withAttributes(node, { spatial: undefined, is_test: undefined, consumed_inputs: undefined }),
    outputs: node.outputs.slice(0, 1),
  });
};

/** y = (x − mean) / √(variance + ε) × scale + bias, with each of the four as large as one item. */
function normalisePositions(node: Node, context: NodeContext, to: Rewriter): void {
  const [x, scale, bias, mean, variance] = node.inputs;
  const epsilon = to.constant(scalarLike(context, floatOf(node, 'epsilon', 1e-5)), `${node.outputs[0]}_epsilon`);
  const deviation = to.add(node, 'Sqrt', [to.add(node, 'Add', [variance, epsilon])]);
  const normal = to.add(node, 'Div', [to.add(node, 'Sub', [x, mean]), deviation]);
  to.add(node, 'Add', [to.add(node, 'Mul', [normal, scale]), bias], {}, node.outputs[0]);
}

/**
 * Softmax and its kin: until 13, all axes from `axis` on (1 when not given) counted as one. Written as it is where that is the
 * same, otherwise on the flattened value.
 */
const softmax: Lifter = ({ node, context, version, to }) => {
  if (version >= 13) {
    to.put(node);
    return;
  }
  const shape = context.shape(0);
  const axis = context.axis(intOf(node, 'axis', 1), shape.length);
  if (shape.slice(axis + 1).every((dimension) => dimension === 1)) {
    to.put(withAttributes(node, { axis: int(axis) }));
    return;
  }
  const [x] = node.inputs;
  const flat = to.add(node, 'Flatten', [x], { axis: int(axis) });
  const result = to.add(node, node.op, [flat], { axis: int(1) });
  to.add(node, 'Reshape', [result, to.add(node, 'Shape', [x])], {}, node.outputs[0]);
};

/** Until 7, the second value was only broadcast when asked to, and could be aligned at any axis. */
const broadcasting: Lifter = ({ node, context, version, to }) => {
  if (version >= 7) {
    to.put(node);
    return;
  }
  const without = withAttributes(node, { axis: undefined, broadcast: undefined, consumed_inputs: undefined });
  const rank = context.shape(0).length;
  const own = context.shape(1);
  const axis = intOf(node, 'axis');
  const behind = axis === undefined ? 0 : context.axis(axis, rank) + own.length;
  if (axis === undefined || behind === rank || own.length === 0) {
    to.put(without);
    return;
  }
  const axes = Array.from({ length: rank - behind }, (_, i) => own.length + i);
  const [a, b] = node.inputs;
  const aligned = to.add(node, 'Unsqueeze', [b, to.constant(int64s(axes), `${node.outputs[0]}_axes`)]);
  to.put({ ...without, inputs: [a, aligned] });
};

/** PRelu: until 7, a vector of slopes was one for each channel. */
const prelu: Lifter = ({ node, context, version, to }) => {
  const without = withAttributes(node, { consumed_inputs: undefined });
  const [slopes] = context.shape(1);
  if (version >= 7 || context.shape(1).length !== 1 || slopes === 1) {
    to.put(without);
    return;
  }
  const axes = context
    .shape(0)
    .slice(2)
    .map((_, i) => i + 1);
  const [x, slope] = node.inputs;
  const aligned = to.add(node, 'Unsqueeze', [slope, to.constant(int64s(axes), `${node.outputs[0]}_axes`)]);
  to.put({ ...without, inputs: [x, aligned] });
};

/** Resizing as it was before 11: the corner of the first pixel is the origin. */
function resizeFromCorner({ node, to }: Lift, scales: string, nearest: string): void {
  const mode = stringOf(node, 'mode', 'nearest');
  to.put({
    ...node,
    op: 'Resize',
    inputs: [node.inputs[0], '', scales],
    attributes: {
      mode: string(mode === 'bilinear' ? 'linear' : mode),
      coordinate_transformation_mode: string('asymmetric'),
      nearest_mode: string(nearest),
    },
  });
}

/** Upsample became Resize in 10; until 9, its scales were an attribute. */
const upsample: Lifter = (lift) => {
  const { node, context, to } = lift;
  const scales = floatsOf(node, 'scales');
  if (!scales && node.inputs.length < 2) context.fail('it has no scales');
  const name = scales
    ? to.constant(createTensor('float32', [scales.length], scales), `${node.outputs[0]}_scales`)
    : node.inputs[1];
  resizeFromCorner(lift, name, 'floor');
};

const resize: Lifter = (lift) => {
  const { node, context, version, to } = lift;
  if (version < 11) {
    const scales = context.numbers(1, 'scales') ?? context.fail('it has no scales');
    const smaller = scales.some((scale) => scale < 1);
    if (smaller && scales.some((scale) => scale > 1)) context.fail('it makes one side larger and another smaller');
    // Until 11, ONNX Runtime takes the next pixel when it makes an image smaller.
    resizeFromCorner(lift, node.inputs[1], smaller ? 'ceil' : 'floor');
    return;
  }
  const transformation = stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
  if (['tf_half_pixel_for_nn', 'half_pixel_symmetric'].includes(transformation))
    context.fail(`coordinate_transformation_mode ${transformation} is not supported`);
  // Until 13, an input that is not wanted was given as an empty list.
  const inputs = node.inputs.map((name, i) => (i > 0 && context.inputs[i]?.shape[0] === 0 ? '' : name));
  to.put(withInputs({ ...node, inputs: [] }, inputs));
};

/** AveragePool can be dilated since 19. */
const averagePool: Lifter = ({ node, context, to }) => {
  if (intsOf(node, 'dilations')?.some((dilation) => dilation !== 1)) context.fail('dilations are not supported here');
  to.put(withAttributes(node, { dilations: undefined }));
};

/** How a Cast to 8-bit floats behaves is told since 19; there are none here. */
const cast: Lifter = ({ node, to }) => to.put(withAttributes(node, { saturate: undefined, round_mode: undefined }));

/** Gelu is an operator since 20: x/2 (1 + erf(x/√2)), or x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). */
const gelu: Lifter = ({ node, context, to }) => {
  const [x] = node.inputs;
  const number = (value: number, hint: string): string =>
    to.constant(scalarLike(context, value), `${node.outputs[0]}_${hint}`);
  const one = number(1, 'one');
  let inner: string;
  if (stringOf(node, 'approximate', 'none') === 'tanh') {
    const cube = to.add(node, 'Mul', [to.add(node, 'Mul', [x, x]), x]);
    const bent = to.add(node, 'Add', [x, to.add(node, 'Mul', [cube, number(0.044715, 'bend')])]);
    inner = to.add(node, 'Tanh', [to.add(node, 'Mul', [bent, number(Math.sqrt(2 / Math.PI), 'rate')])]);
  } else inner = to.add(node, 'Erf', [to.add(node, 'Mul', [x, number(Math.SQRT1_2, 'rate')])]);
  const weight = to.add(node, 'Mul', [to.add(node, 'Add', [inner, one]), number(0.5, 'half')]);
  to.add(node, 'Mul', [x, weight], {}, node.outputs[0]);
};

/** Swish is an operator since 24: x × sigmoid(α x). */
const swish: Lifter = ({ node, context, to }) => {
  const [x] = node.inputs;
  const alpha = floatOf(node, 'alpha', 1);
  const scaled =
    alpha === 1 ? x : to.add(node, 'Mul', [x, to.constant(scalarLike(context, alpha), `${node.outputs[0]}_alpha`)]);
  to.add(node, 'Mul', [x, to.add(node, 'Sigmoid', [scaled])], {}, node.outputs[0]);
};

/**
 * GroupNormalization as InstanceNormalization over groups. Scale and bias are for each group until 21 and for each channel
 * since.
 */
const groupNormalization: Lifter = ({ node, context, version, to }) => {
  const [x, scale, bias] = node.inputs;
  const [output] = node.outputs;
  const groups = intOf(node, 'num_groups') ?? context.fail('it has no num_groups');
  const shape = context.shape(0);
  const grouped = to.add(node, 'Reshape', [x, to.constant(int64s([0, groups, -1]), `${output}_groups`)]);
  const filled = (value: number): string =>
    to.constant(createTensor(context.type(0), [groups], new Array<number>(groups).fill(value)), `${output}_fill`);
  const epsilon = { epsilon: float(floatOf(node, 'epsilon', 1e-5)) };
  const own = version < 21 ? [scale, bias] : [filled(1), filled(0)];
  const normal = to.add(node, 'InstanceNormalization', [grouped, ...own], epsilon);
  const wholeShape = to.add(node, 'Shape', [x]);
  if (version < 21) {
    to.add(node, 'Reshape', [normal, wholeShape], {}, output);
    return;
  }
  const whole = to.add(node, 'Reshape', [normal, wholeShape]);
  const axes = to.constant(int64s(shape.slice(2).map((_, i) => i + 1)), `${output}_axes`);
  const scaled = to.add(node, 'Mul', [whole, to.add(node, 'Unsqueeze', [scale, axes])]);
  to.add(node, 'Add', [scaled, to.add(node, 'Unsqueeze', [bias, axes])], {}, output);
};

/** The operators that changed, or that are written in terms of others. What is not listed is as it always was. */
export const lifters: ReadonlyMap<string, Lifter> = new Map<string, Lifter>([
  ['Clip', clip],
  ['Pad', pad],
  ['Slice', slice],
  ['Split', split],
  ['Dropout', dropout],
  ['BatchNormalization', batchNormalization],
  ['Upsample', upsample],
  ['Resize', resize],
  ['AveragePool', averagePool],
  ['Cast', cast],
  ['PRelu', prelu],
  ['Gelu', gelu],
  ['Swish', swish],
  ['GroupNormalization', groupNormalization],
  ['Range', ({ node, to }) => to.put(withAttributes(node, { stash_type: undefined }))],
  ['Gemm', ({ node, to }) => to.put(withAttributes(node, { broadcast: undefined }))],
  // Until 4, the axis could be left out.
  ['Concat', ({ node, to }) => to.put('axis' in node.attributes ? node : withAttributes(node, { axis: int(1) }))],
  [
    'Reshape',
    (lift) => listBecameInput('shape', 5)({ ...lift, node: withAttributes(lift.node, { consumed_inputs: undefined }) }),
  ],
  ['Squeeze', listBecameInput('axes', 13)],
  ['Unsqueeze', listBecameInput('axes', 13)],
  ['ReduceSum', listBecameInput('axes', 13)],
  ...['Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((kind): [string, Lifter] => [
    `Reduce${kind}`,
    listBecameInput('axes', 18),
  ]),
  ...['Softmax', 'LogSoftmax', 'Hardmax'].map((op): [string, Lifter] => [op, softmax]),
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Equal', 'Greater', 'Less'].map((op): [string, Lifter] => [
    op,
    broadcasting,
  ]),
]);
