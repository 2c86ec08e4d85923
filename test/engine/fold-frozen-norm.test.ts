import { expect, test } from 'vitest';
import { int } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { addGradients } from '../../main/engine/gradients/walk.ts';
import { foldFrozenNorm } from '../../main/engine/training/fold-frozen-norm.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';
import { NetworkBuilder } from '../support/networks.ts';

/** Convolutions with a bias and without, a normalisation that stays since its input is taken twice, and one with nothing before it. */
function network(): Model {
  const net = new NetworkBuilder();
  const before = net.norm('alone', net.input([2, 3, 8, 8]));
  const first = net.relu('relu', net.norm('norm', net.conv('conv', before, 6)));
  const weights = net.weights([6, 1, 3, 3]);
  const bare = net.norm('bare-norm', net.add('Conv', 'bare', [first, weights], { group: int(6) }));
  const twice = net.conv('twice', bare, 4);
  const sum = net.add('Add', 'sum', [twice, net.norm('kept', twice)]);
  return net.model(sum, [2, 4, 6, 6]);
}

/** The gradients of a sum of squares by all that is trained. */
function withGradients({ graph, ...model }: Model, by: readonly string[]): Model {
  const builder = new GraphBuilder({ ...graph, outputs: [] });
  const [{ name: output }] = graph.outputs;
  const loss = builder.add('ReduceSum', [builder.add('Mul', [output, output])], { keepdims: int(0) });
  const forward = { ...model, ...builder.build() };
  const gradients = addGradients(builder, { nodes: forward.graph.nodes, values: inferShapes(forward), loss, by });
  for (const [index, name] of by.entries())
    builder.output(
      builder.add('Identity', [gradients.get(name)!], {}, { outputs: [`gradient${index}`] }),
      'float32',
      [],
    );
  builder.output(output, 'float32', []);
  return builder.build();
}

test('frozen normalisation goes into the convolution before it, and all gradients stay what they are', async () => {
  const { graph, ...model } = network();
  const trained = graph.nodes.flatMap(({ op, inputs }) =>
    op === 'Conv' ? inputs.slice(1) : op === 'BatchNormalization' ? inputs.slice(1, 3) : [],
  );
  const inputs = trained.map(
    (name) => ({ name, type: 'float32', shape: graph.initializers.get(name)!.shape }) as const,
  );
  const initializers = new Map([...graph.initializers].filter(([name]) => !trained.includes(name)));
  const opened = { ...model, graph: { ...graph, inputs: [...graph.inputs, ...inputs], initializers } };
  const folded = foldFrozenNorm(opened);
  checkModel(folded);
  const left = folded.graph.nodes.filter(({ op }) => op === 'BatchNormalization').map(({ name }) => name);
  expect(left).toEqual(['alone', 'kept']);

  const feeds = {
    input: randomTensor([2, 3, 8, 8]),
    ...Object.fromEntries(trained.map((name) => [name, graph.initializers.get(name)!])),
  };
  const expected = await run(withGradients(opened, trained), feeds);
  const actual = await run(withGradients(folded, trained), feeds);
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expectClose(actual[name], value, 1e-4);
});
