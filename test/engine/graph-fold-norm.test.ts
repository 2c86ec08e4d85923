import { describe, expect, it } from 'vitest';
import { float, int, ints } from '../../main/engine/graph/attributes.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { foldNormalisation } from '../../main/engine/graph/fold-norm.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';
import { NetworkBuilder } from '../support/networks.ts';

const opsOf = ({ graph }: Model): string[] => graph.nodes.map((node) => node.op);

/** Folds, and compares what both networks answer. */
async function folded(model: Model, shape: readonly number[]): Promise<Model> {
  const result = foldNormalisation(model);
  checkModel(result);
  const feeds = { input: randomTensor(shape) };
  const [before, after] = [await run(model, feeds), await run(result, feeds)];
  for (const [name, value] of Object.entries(before)) expectClose(after[name], value);
  return result;
}

describe('BatchNormalization', () => {
  it('goes into the convolution before it, with or without bias, grouped or not, one after the other', async () => {
    const net = new NetworkBuilder();
    let value = net.conv('conv1', net.input(['N', 3, 8, 8]), 6);
    value = net.norm('norm2', net.norm('norm1', value));
    value = net.norm('norm3', net.conv('grouped', net.relu('relu', value), 6, { groups: 3 }));
    const bare = net.add('Conv', 'bare', [value, net.weights([6, 6, 1, 1])]);
    const model = net.model(net.norm('norm4', bare), ['N', 6, 8, 8]);
    const result = await folded(model, [2, 3, 8, 8]);
    expect(opsOf(result)).toEqual(['Conv', 'Relu', 'Conv', 'Conv']);
    expect(result.graph.nodes.map(({ name }) => name)).toEqual(['conv1', 'relu', 'grouped', 'bare']);
    expect(result.graph.initializers.size).toBe(6);
    expect(result.graph.outputs).toEqual(model.graph.outputs);
  });

  it('goes into a transposed convolution, whose groups lie otherwise', async () => {
    const net = new NetworkBuilder();
    const base = net.conv('conv', net.input(['N', 3, 4, 4]), 4);
    for (const [name, groups] of [
      ['whole', 1],
      ['grouped', 2],
    ] as const) {
      const weights = net.weights([4, 4 / groups, 3, 3]);
      const up = net.add('ConvTranspose', name, [base, weights], { strides: ints([2, 2]), group: int(groups) });
      net.builder.output(net.norm(`${name} norm`, up), 'float32', ['N', 4, 9, 9]);
    }
    expect(opsOf(await folded(net.builder.build(), [2, 3, 4, 4]))).toEqual(['Conv', 'ConvTranspose', 'ConvTranspose']);
  });

  it('goes into a fully-connected layer, transposed or not, with its factors', async () => {
    const net = new NetworkBuilder();
    const input = net.builder.input('input', 'float32', ['N', 5]);
    for (const transB of [0, 1]) {
      const weights = net.weights(transB ? [4, 5] : [5, 4]);
      const dense = net.builder.add('Gemm', [input, weights, net.weights([4])], {
        transB: int(transB),
        alpha: float(0.5),
        beta: float(2),
      });
      const parameters = [0, 1, 2].map(() => net.weights([4]));
      const variance = net.builder.constant({ type: 'float32', shape: [4], data: Float32Array.of(1, 2, 3, 0.5) });
      const norm = net.builder.add('BatchNormalization', [dense, ...parameters, variance]);
      net.builder.output(norm, 'float32', ['N', 4]);
    }
    expect(opsOf(await folded(net.builder.build(), [3, 5]))).toEqual(['Gemm', 'Gemm']);
  });

  it('stays where its layer is seen by others, and where the batch’s own statistics count', async () => {
    const net = new NetworkBuilder();
    const input = net.input(['N', 3, 8, 8]);
    const branching = net.conv('branching', input, 3);
    const sum = net.add('Add', 'sum', [net.norm('norm1', branching), branching]);
    const shown = net.conv('shown', sum, 3);
    net.builder.output(shown, 'float32', ['N', 3, 8, 8]);
    const shared = net.weights([3, 3, 1, 1]);
    const twice = [net.norm('norm2', shown), sum].map((from, at) =>
      net.norm(`twin norm ${at}`, net.add('Conv', `twin ${at}`, [from, shared])),
    );
    const model = net.model(net.add('Add', 'end', twice), ['N', 3, 8, 8]);
    expect(opsOf(await folded(model, [2, 3, 8, 8]))).toEqual(opsOf(model));

    const training = new NetworkBuilder();
    const norm = training.norm('norm', training.conv('conv', training.input(['N', 3, 8, 8]), 3));
    const plain = training.model(norm, ['N', 3, 8, 8]);
    const nodes = plain.graph.nodes.map((node) =>
      node.op === 'Conv' ? node : { ...node, attributes: { ...node.attributes, training_mode: int(1) } },
    );
    expect(opsOf(foldNormalisation({ ...plain, graph: { ...plain.graph, nodes } }))).toEqual([
      'Conv',
      'BatchNormalization',
    ]);
  });
});
