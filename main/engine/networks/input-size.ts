import { EngineError } from '../errors.ts';
import { intOf, intsOf } from '../graph/attributes.ts';
import { normaliseModel } from '../graph/normalise.ts';
import type { NormalisedModel } from '../graph/normalise.ts';
import type { Graph, Model, Node } from '../graph/types.ts';
import { isWeightLayer } from './counts.ts';
import type { Values } from './counts.ts';
import { ancestors } from './cuts.ts';
import type { Preprocessing } from './preprocessing.ts';
import { withReshapesFor } from './reshapes.ts';

export interface SizeOptions {
  /** For error messages. */
  readonly file: string;
  readonly layout: Preprocessing['layout'];
  readonly size: number;
  readonly pretrainedSize: number | undefined;
}

/**
 * Normalises a network for an input size. Convolutions and pooling work at any size; an average over the whole image that
 * is written as a window of the pretrained size stays one over the whole image.
 *
 * @throws EngineError where the architecture does not allow the size: it says which layer, why, and the size that works
 */
export function normaliseAtSize(model: Model, options: SizeOptions): NormalisedModel {
  const { file, size, pretrainedSize } = options;
  const at = (part: Model, side: number) => normaliseModel(part, { inputShape: imageShape(options.layout, side) });
  if (pretrainedSize === undefined || size === pretrainedSize) return named(file, () => at(model, size));

  const pretrained = named(file, () => at(model, pretrainedSize));
  const flexible = withGlobalPools(model, pretrained);
  try {
    return at(flexible, size);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const refitted = withReshapes(flexible, at, options);
    if (refitted) return refitted;
    const reason = lengthMismatch(flexible, pretrained, (part) => at(part, size), size) ?? error.message;
    throw new EngineError(
      `${file}: the network does not work at ${size} pixels. ${reason} Use ${pretrainedSize} pixels.`,
      { cause: error },
    );
  }
}

/** Second try, for networks with sizes written into their Reshapes; undefined where it does not work either. */
function withReshapes(
  model: Model,
  at: (part: Model, side: number) => NormalisedModel,
  { layout, size, pretrainedSize }: SizeOptions,
): NormalisedModel | undefined {
  // Where shapes are computed in the graph, those of the pretrained size would be in more places than Reshapes.
  if (pretrainedSize === undefined || model.graph.nodes.some((node) => node.op === 'Shape')) return undefined;
  try {
    return at(withReshapesFor(at(model, pretrainedSize), imageShape(layout, size)), size);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

function imageShape(layout: Preprocessing['layout'], side: number): number[] {
  return layout === 'nchw' ? [3, side, side] : [side, side, 3];
}

function named<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Replaces average pooling whose one window is the whole image at the pretrained size. */
function withGlobalPools(model: Model, pretrained: NormalisedModel): Model {
  const whole = new Set(
    pretrained.model.graph.nodes
      .filter((node) => node.op === 'AveragePool' && coversImage(node, pretrained.values))
      .map((node) => node.outputs[0]),
  );
  const nodes = model.graph.nodes.map((node) =>
    node.op === 'AveragePool' && whole.has(node.outputs[0])
      ? { ...node, op: 'GlobalAveragePool', attributes: {} }
      : node,
  );
  return { ...model, graph: { ...model.graph, nodes } };
}

function coversImage(node: Node, values: Values): boolean {
  const from = values.get(node.inputs[0])?.shape.slice(2) ?? [];
  const to = values.get(node.outputs[0])?.shape.slice(2) ?? [];
  const kernel = intsOf(node, 'kernel_shape') ?? [];
  const pads = intsOf(node, 'pads') ?? [0, 0, 0, 0];
  const countsPadding = intOf(node, 'count_include_pad', 0) === 1;
  return (
    to.every((side) => side === 1) &&
    from.some((side) => side !== 1) &&
    from.every((side, axis) => Number(side) + pads[axis] + pads[axis + 2] === kernel[axis]) &&
    !(countsPadding && pads.some((pad) => pad !== 0))
  );
}

/**
 * Where an image is flattened for a fully-connected layer: how many values the layer has weights for, and how many it
 * would get. Undefined when that is not what stands in the way.
 */
function lengthMismatch(
  model: Model,
  pretrained: NormalisedModel,
  normalise: (part: Model) => NormalisedModel,
  size: number,
): string | undefined {
  const { values } = pretrained;
  const { graph } = pretrained.model;
  const isFlattened = (node: Node): boolean =>
    values.get(node.outputs[0])?.shape.length === 2 && imageLength(values, node.inputs[0]) !== undefined;
  const flatten = graph.nodes.find(isFlattened);
  if (!flatten) return undefined;
  const [value] = flatten.inputs;
  let found: number | undefined;
  try {
    found = imageLength(normalise(upTo(model, value)).values, value);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
  const expected = imageLength(values, value);
  if (found === undefined || found === expected) return undefined;
  const layer = graph.nodes.slice(graph.nodes.indexOf(flatten)).find((node) => isWeightLayer(graph, node));
  const name = layer ? layer.name || layer.outputs[0] : 'its next layer';
  return `${name} expects ${expected ?? 0} values; at ${size} pixels it would get ${found}.`;
}

/** The number of values of one image, or undefined where a value is none. */
function imageLength(values: Values, name: string): number | undefined {
  const [, ...sides] = values.get(name)?.shape ?? [];
  if (sides.length !== 3) return undefined;
  return sides.reduce<number>((product, side) => product * Number(side), 1);
}

function upTo(model: Model, value: string): Model {
  const graph: Graph = {
    ...model.graph,
    nodes: ancestors(model.graph.nodes, [value]),
    outputs: [{ name: value, type: 'float32', shape: [] }],
  };
  return { ...model, graph };
}
