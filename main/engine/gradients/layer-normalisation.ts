import { floatOf, int, intOf } from '../graph/attributes.ts';
import { createTensor, elementCount, int64s } from '../graph/tensors.ts';
import { sumToShape } from './broadcasting.ts';
import { mul, operation, outputsOf, reduceSum, reshape, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule } from './rule.ts';

interface Normalised {
  /** x̂ = (x − μ) · r, r = 1 / √(σ² + ε), the moments over the axes from `axis` on. */
  readonly value: Expression;
  /** r, the normalised axes kept with length 1. */
  readonly scale: Expression;
}

/** x̂ and r anew, by one fast operator: neither is an output of the forward pass. */
function normalised(c: GradientContext, x: Expression, dims: readonly number[], axis: number): Normalised {
  const shape = dims.slice(axis);
  const ones = createTensor('float32', shape, new Float32Array(elementCount(shape)).fill(1));
  const attributes = { axis: int(axis), epsilon: { kind: 'float', value: floatOf(c.node, 'epsilon', 1e-5) } } as const;
  const [value, , scale] = outputsOf('LayerNormalization', [x, ones], attributes, 3);
  return { value, scale };
}

/**
 * The gradient by x of x̂: r · (g − mean g − x̂ · mean (g · x̂)).
 *
 * @param gradient g, by x̂
 * @param product g · x̂
 * @param scale r, or a multiple of it
 */
function throughMoments(
  { value }: Normalised,
  gradient: Expression,
  product: Expression,
  axes: readonly number[],
  scale: Expression,
): Expression {
  const mean = (of: Expression): Expression => operation('ReduceMean', [of, int64s(axes)]);
  return mul(scale, sub(sub(gradient, mean(gradient)), mul(value, mean(product))));
}

/** For y = γ · x̂ + β. */
export const layerNormalization: GradientRule = (c) => {
  if (c.gradients.slice(1).some((gradient) => gradient !== undefined)) c.fail('its moments are used further on');
  const dims = c.dims(0);
  const axis = c.axis(intOf(c.node, 'axis', -1), dims.length);
  const axes = dims.flatMap((_, at) => (at < axis ? [] : [at]));
  const layer = normalised(c, c.x(0), dims, axis);
  const gradient = mul(c.dy, c.x(1));
  return [
    c.wants(0) ? throughMoments(layer, gradient, mul(gradient, layer.value), axes, layer.scale) : undefined,
    c.wants(1) ? sumToShape(mul(c.dy, layer.value), dims, c.dims(1)) : undefined,
    c.wants(2) ? sumToShape(c.dy, dims, c.dims(2)) : undefined,
  ];
};

/** For y = γ · x̂ + β, the moments over all pixels of a channel of an item. */
export const instanceNormalization: GradientRule = (c) => {
  const [batch, channels, ...pixels] = c.dims(0);
  const dims = [batch, channels, elementCount(pixels)];
  const layer = normalised(c, reshape(c.x(0), dims), dims, 2);
  const dy = reshape(c.dy, dims);
  const product = mul(dy, layer.value);
  const scale = mul(layer.scale, reshape(c.x(1), [channels, 1]));
  return [
    c.wants(0) ? reshape(throughMoments(layer, dy, product, [2], scale), c.dims(0)) : undefined,
    c.wants(1) ? reduceSum(product, [0, 2], false) : undefined,
    c.wants(2) ? reduceSum(dy, [0, 2], false) : undefined,
  ];
};
