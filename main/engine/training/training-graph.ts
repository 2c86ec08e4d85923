import { int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkModel } from '../graph/check.ts';
import { foldModel } from '../graph/fold.ts';
import { inferShapes } from '../graph/shapes.ts';
import { createTensor, elementCount } from '../graph/tensors.ts';
import type { Model, Tensor } from '../graph/types.ts';
import { add, div, mul, number, operation, sqrt, sub } from '../gradients/expressions.ts';
import type { Expression } from '../gradients/expressions.ts';
import { addGradients } from '../gradients/walk.ts';
import { ExpressionWriter } from '../gradients/write.ts';
import type { FreezePoint } from '../networks/freeze-points.ts';
import type { Network } from '../networks/network.ts';
import { buildTailModel } from '../networks/tail-graph.ts';
import { statisticsOf, withBatchStatistics } from './batch-statistics.ts';
import { addHead, withInputs } from './classified-tail.ts';
import { foldFrozenNorm } from './fold-frozen-norm.ts';
import { addCrossEntropy, targetsInput, weightsInput } from './losses.ts';
import { scalarInputs } from './optimizers.ts';
import type { Optimizer } from './optimizers.ts';
import type { Parameter } from './parameters.ts';

export interface TrainingGraphRequest {
  readonly network: Network;
  /** Nothing before it is trained; undefined: everything is trained, from pixels on. */
  readonly freeze: FreezePoint | undefined;
  /** Of the tail, the new classifier left out. */
  readonly parameters: readonly Parameter[];
  readonly head: readonly Parameter[];
  readonly classCount: number;
  /** Items a step. */
  readonly batch: number;
  readonly normalisation: 'running' | 'batch';
  /** Whether running statistics begin anew, as of values of mean 0 and variance 1, for weights that do. */
  readonly freshStatistics: boolean;
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  /** Strength of the pull of pretrained weights toward what they were, in place of the decay toward zero (L2-SP). */
  readonly towardPretrained: number;
  /** Largest norm of all gradients together. */
  readonly clip: number | undefined;
}

/** A tensor that one step hands to the next: an input of the graph, and the output that takes its place. */
export interface StateTensor {
  readonly name: string;
  readonly next: string;
  readonly initial: Tensor<'float32'>;
}

/** A model whose state goes round: what a run gives as `next` is fed to the following one as `name`. */
export interface StatefulModel {
  readonly model: Model;
  readonly state: readonly StateTensor[];
  /** Inputs that are fed at each run, beside the state. */
  readonly inputs: readonly string[];
  /** Outputs that are read at each run. */
  readonly outputs: readonly string[];
}

/** Name of the output that holds the mean loss of a step's items, a scalar. */
export const lossOutput = 'training/loss';
/** Name of the output that holds the norm of all gradients together, where there is a limit to it. */
export const normOutput = 'training/gradient-norm';

/**
 * One step of training as one graph: the tail, the new classifier, the loss, the backward pass and the optimizer, in standard
 * operators.
 *
 * It takes what the tail takes (`buildTailModel`), `targets` float32 [B, C], `weights` float32 [B] (losses.ts), the
 * optimizer's scalars, and the state: the parameters, what the optimizer remembers of each, running statistics.
 *
 * @throws EngineError that names the first operator from the end that has no gradient
 */
export function buildStep(request: TrainingGraphRequest): StatefulModel {
  const { builder, gradients, statistics, inputs } = addForwardAndBackward(request);
  const update = addUpdate(builder, request, gradients);
  return finish(
    builder,
    [...statistics, ...update.state],
    [...inputs, ...update.scalars],
    [lossOutput, ...update.outputs],
  );
}

/**
 * The same step in two graphs, for items that do not fit into memory at once: the first is run for each part of the batch and adds its
 * gradients up; the second then changes the parameters and sets the sums back to zero. Weights of all parts together must be
 * as of one batch, and the losses add up to the batch's.
 */
export function buildStepInParts(request: TrainingGraphRequest): {
  gather: StatefulModel;
  apply: StatefulModel;
  /** What both hand to one another: the gradients' sums, which begin at zero. */
  sums: readonly StateTensor[];
} {
  const first = addForwardAndBackward(request);
  const writer = new ExpressionWriter(first.builder);
  const trained = [...request.parameters, ...request.head];
  const sums = trained.map(({ name, shape }): StateTensor => {
    const sum = first.builder.input(sumOf(name), 'float32', shape);
    return { name: sum, next: writer.write(add(sum, first.gradients.get(name)!)), initial: zeros(shape) };
  });
  const gather = finish(first.builder, [...first.statistics, ...sums], first.inputs, [lossOutput]);

  const builder = new GraphBuilder('update');
  const gradients = new Map(trained.map(({ name, shape }) => [name, builder.input(sumOf(name), 'float32', shape)]));
  for (const { name, shape } of trained) builder.input(name, 'float32', shape);
  const update = addUpdate(builder, request, gradients);
  const emptied = sums.map(({ name, initial }): StateTensor => ({
    name,
    next: builder.constant(initial, `${name}/zero`),
    initial,
  }));
  return { gather, apply: finish(builder, [...update.state, ...emptied], update.scalars, update.outputs), sums };
}

const sumOf = (name: string): string => `${name}/gradient-sum`;

function finish(
  builder: GraphBuilder,
  state: readonly StateTensor[],
  inputs: readonly string[],
  outputs: readonly string[],
): StatefulModel {
  for (const { next, initial } of state) builder.output(next, 'float32', initial.shape);
  for (const name of outputs) builder.output(name, 'float32', []);
  const model = builder.build();
  checkModel(model);
  inferShapes(model);
  return { model, state, inputs, outputs };
}

interface Backward {
  readonly builder: GraphBuilder;
  readonly gradients: ReadonlyMap<string, string>;
  readonly statistics: readonly StateTensor[];
  readonly inputs: readonly string[];
}

function addForwardAndBackward(request: TrainingGraphRequest): Backward {
  const { network, freeze, batch, classCount, parameters, head } = request;
  const tail = buildTailModel(network, freeze);
  const [input] = tail.graph.inputs;
  const shape = [batch, ...input.shape.slice(1)];
  const folded = foldModel(tail, { [input.name]: shape });
  const followed = request.normalisation === 'batch' ? statisticsOf(folded.graph) : [];
  const atSize = { ...folded, graph: { ...folded.graph, inputs: [{ ...input, shape }] } };
  const opened = withInputs(atSize, [...parameters.map(({ name }) => name), ...followed]);
  const { model, statistics } =
    request.normalisation === 'batch' ? withBatchStatistics(opened) : { model: foldFrozenNorm(opened), statistics: [] };
  const builder = new GraphBuilder({ ...model.graph, outputs: [] });
  const logits = addHead(builder, network, head);
  addCrossEntropy(builder, logits, { batch, classCount, output: lossOutput });

  const forward = builder.build();
  const by = [...parameters, ...head].map(({ name }) => name);
  const gradients = addGradients(builder, {
    nodes: forward.graph.nodes,
    values: inferShapes(forward),
    loss: lossOutput,
    by,
  });
  const writer = new ExpressionWriter(builder);
  for (const { name, shape: own } of [...parameters, ...head])
    if (!gradients.has(name)) gradients.set(name, writer.write(zeros(own)));
  return {
    builder,
    gradients,
    statistics: statistics.map(({ kind, name, next }) => {
      const known = folded.graph.initializers.get(name) as Tensor<'float32'>;
      const fresh = { ...known, data: new Float32Array(known.data.length).fill(kind === 'mean' ? 0 : 1) };
      return { name, next, initial: request.freshStatistics ? fresh : known };
    }),
    inputs: [input.name, targetsInput, weightsInput],
  };
}

interface AddedUpdate {
  readonly state: readonly StateTensor[];
  readonly scalars: readonly string[];
  readonly outputs: readonly string[];
}

/** Adds the optimizer's step for every parameter. The graph holds the parameters as inputs. */
function addUpdate(
  builder: GraphBuilder,
  { parameters, head, optimizer, weightDecay, towardPretrained, clip }: TrainingGraphRequest,
  gradients: ReadonlyMap<string, string>,
): AddedUpdate {
  const writer = new ExpressionWriter(builder);
  const scalars = optimizer.scalars.map((key) => builder.input(scalarInputs[key], 'float32', []));
  const trained = [...parameters, ...head];
  const outputs: string[] = [];
  let scale: Expression | undefined;
  if (clip !== undefined) {
    const squares = trained.map(({ name }) =>
      operation('ReduceSumSquare', [gradients.get(name)!], { keepdims: int(0) }),
    );
    const norm = builder.add(
      'Identity',
      [writer.write(sqrt(operation('Sum', squares)))],
      {},
      { outputs: [normOutput] },
    );
    outputs.push(norm);
    scale = operation('Min', [number(1), div(number(clip), add(norm, number(1e-6)))]);
  }
  const state = trained.flatMap((parameter): StateTensor[] => {
    const { name, shape, initial, rate, decays, pretrained } = parameter;
    const anchored = pretrained && towardPretrained > 0;
    const decay = anchored ? towardPretrained : decays ? weightDecay : 0;
    const distance = (): Expression => (anchored ? sub(name, initial) : name);
    const memory = optimizer.memory.map((kind) => builder.input(`${name}/${kind}`, 'float32', shape));
    const gradient = gradients.get(name)!;
    const next = optimizer.step({
      parameter: name,
      gradient: scale ? mul(gradient, scale) : gradient,
      memory,
      rate,
      decay,
      decayed: decay > 0 ? distance() : undefined,
    });
    return [
      { name, next: writer.write(next.parameter), initial },
      ...memory.map((own, i) => ({ name: own, next: writer.write(next.memory[i]), initial: zeros(shape) })),
    ];
  });
  return { state, scalars, outputs };
}

function zeros(shape: readonly number[]): Tensor<'float32'> {
  return createTensor('float32', shape, new Float32Array(elementCount(shape)));
}
