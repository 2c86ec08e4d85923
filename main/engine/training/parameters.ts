import { intOf } from '../graph/attributes.ts';
import type { Tensor } from '../graph/types.ts';
import { createTensor, elementCount } from '../graph/tensors.ts';
import { trainableConstants } from '../networks/counts.ts';
import type { ParameterUse } from '../networks/counts.ts';
import type { FreezePoint } from '../networks/freeze-points.ts';
import type { Network } from '../networks/network.ts';
import type { Random } from '../random.ts';

/** A tensor that training changes. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** What it starts from. */
  readonly initial: Tensor<'float32'>;
  /** Its learning rate, as a share of the classifier's. */
  readonly rate: number;
  /** Whether weight decay applies: to what mixes values, not to biases, scales and offsets. */
  readonly decays: boolean;
  /** Whether it comes from the pretrained network. */
  readonly pretrained: boolean;
}

export interface RateSettings {
  /** Rate of the last pretrained layers, as a share of the classifier's. */
  readonly pretrainedRate: number;
  /** By how much the rate falls from a group of layers to the one before. */
  readonly rateFall: number;
}

/**
 * Most groups of layers with a rate of their own. Falling by 2.6 from each of dozens of blocks to the one before would leave
 * the first ones as good as frozen; ULMFiT (arXiv 1801.06146), where the figure comes from, has four groups.
 */
const mostGroups = 4;

/**
 * The learning rates of the groups that trained blocks are divided into, as shares of the classifier's: falling from the last group to
 * the first.
 *
 * @param blocks how many are trained
 * @returns of the last group first; none where no block is trained
 */
export function groupRates(blocks: number, { pretrainedRate, rateFall }: RateSettings): number[] {
  return Array.from({ length: Math.min(mostGroups, blocks) }, (_, group) => pretrainedRate / rateFall ** group);
}

/**
 * The parameters of the backbone after a freeze point, in the order of the network, with their rates: the blocks that are trained
 * are divided into groups of neighbours, and the rate falls from the last group to the first.
 */
export function tailParameters(network: Network, freeze: FreezePoint | undefined, settings: RateSettings): Parameter[] {
  const { graph } = network.model;
  const { freezePoints } = network;
  const frozen = freeze?.index ?? 0;
  const trained = freezePoints.length - frozen;
  const rates = groupRates(trained, settings);
  const blocks = blocksOfConstants(network);
  return [...blocks].flatMap(([name, { block, use }]) => {
    if (block < frozen || block >= freezePoints.length) return [];
    const group = Math.floor(((freezePoints.length - 1 - block) * rates.length) / trained);
    const { shape, data } = graph.initializers.get(name)!;
    const initial = createTensor('float32', shape, data as Float32Array);
    return [{ name, shape, initial, rate: rates[group], decays: mixes(use), pretrained: true }];
  });
}

/** For each trainable constant the block that takes it first, from 0, and where in it. */
function blocksOfConstants({
  model: { graph },
  freezePoints,
}: Network): Map<string, { block: number; use: ParameterUse }> {
  const uses = trainableConstants(graph, graph.nodes);
  const ends = new Map(freezePoints.map(({ tensor, index }) => [tensor, index]));
  const blockOf = new Map<ParameterUse['node'], number>();
  let block = 0;
  for (const node of graph.nodes) {
    blockOf.set(node, block);
    for (const output of node.outputs) block = ends.get(output) ?? block;
  }
  return new Map([...uses].map(([name, use]) => [name, { block: blockOf.get(use.node)!, use }]));
}

const mixing = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

function mixes({ node, index }: ParameterUse): boolean {
  return mixing.has(node.op) && index < 2;
}

/**
 * Parameters as for a network that was never trained: weights normal with variance 2 / fan-in (He et al., arXiv 1502.01852), scales
 * 1, biases and offsets 0, other tables (a transformer's positions) normal with deviation 0.02 (as BERT and ViT have it).
 */
export function randomised(network: Network, parameters: readonly Parameter[], random: Random): Parameter[] {
  const uses = trainableConstants(network.model.graph, network.model.graph.nodes);
  return parameters.map((parameter) => {
    const use = uses.get(parameter.name);
    if (!use) return parameter;
    return { ...parameter, rate: 1, pretrained: false, initial: randomTensor(use, parameter.shape, random) };
  });
}

const norms = new Set(['BatchNormalization', 'InstanceNormalization', 'LayerNormalization']);

function randomTensor(use: ParameterUse, shape: readonly number[], random: Random): Tensor<'float32'> {
  const { node, index } = use;
  const normal = (deviation: number): Tensor<'float32'> =>
    createTensor(
      'float32',
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => deviation * random.normal()),
    );
  const constant = (value: number): Tensor<'float32'> =>
    createTensor('float32', shape, new Float32Array(elementCount(shape)).fill(value));
  if (mixes(use)) return normal(Math.sqrt(2 / fanIn(use, shape)));
  if (norms.has(node.op)) return constant(index === 1 ? 1 : 0);
  if (node.op === 'PRelu') return constant(0.25);
  const isVector = shape.filter((size) => size > 1).length < 2;
  if (node.op === 'Mul' && isVector) return constant(1);
  return isVector ? constant(0) : normal(0.02);
}

/** How many values each output of a layer is summed from. */
function fanIn({ node, index }: ParameterUse, shape: readonly number[]): number {
  if (node.op === 'Conv') return elementCount(shape.slice(1));
  if (node.op === 'ConvTranspose') return (shape[0] * elementCount(shape.slice(2))) / intOf(node, 'group', 1);
  const isTransposed = node.op === 'Gemm' && intOf(node, index === 1 ? 'transB' : 'transA', 0) !== 0;
  // A matrix product sums over the rows of its right side, and over the columns of its left.
  return (index === 1) === isTransposed ? shape[shape.length - 1] : shape[shape.length - 2];
}
