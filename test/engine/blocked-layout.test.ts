import { beforeAll, describe, expect, test } from 'vitest';
import { blockSize } from '../../main/engine/blocked/block-size.ts';
import { BLOCKED_DOMAIN } from '../../main/engine/blocked/blocked-graph.ts';
import { toBlockedLayout } from '../../main/engine/blocked/lower.ts';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { allNumbers } from '../../main/engine/graph/dimensions.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import { int64s } from '../../main/engine/graph/tensors.ts';
import type { Attribute, Model, Node } from '../../main/engine/graph/types.ts';
import { addGradients } from '../../main/engine/gradients/walk.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';
import { alexNet, NetworkBuilder } from '../support/networks.ts';

let block = 0;
beforeAll(async () => {
  block = await blockSize();
});

/** Both give the same outputs; returns the nodes of the blocked one. */
async function expectSame(model: Model, tolerance = 1e-4): Promise<readonly Node[]> {
  const blocked = toBlockedLayout(model, block);
  checkModel(blocked);
  const feeds = Object.fromEntries(
    model.graph.inputs.map(({ name, shape }, i) => [name, randomTensor(allNumbers(shape)!, i + 1)]),
  );
  const [expected, actual] = [await run(model, feeds), await run(blocked, feeds)];
  for (const { name } of model.graph.outputs) expectClose(actual[name], expected[name], tolerance);
  return blocked.graph.nodes;
}

/** One node whose float inputs are inputs of the network. */
function oneNode(op: string, shapes: readonly (readonly number[])[], attributes: Readonly<Record<string, Attribute>>) {
  const builder = new GraphBuilder('one');
  const inputs = shapes.map((shape, i) => builder.input(`x${i}`, 'float32', shape));
  const output = builder.add(op, inputs, attributes);
  const shape = inferShapes(builder.build()).get(output)!.shape;
  builder.output(output, 'float32', shape);
  return builder.build();
}

const settings = (values: Readonly<Record<string, readonly number[]>>, group = 1): Record<string, Attribute> => ({
  ...Object.fromEntries(Object.entries(values).map(([name, list]) => [name, ints(list)])),
  group: int(group),
});
const padded = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
const halving = { ...padded, strides: [2, 2] };

/** All that the engine asks of a network with every form that the pass knows: a step forward and back, weights fed. */
function backward(): Model {
  const net = new NetworkBuilder();
  const squash = (value: string): string => net.add('Tanh', `${value}_tanh`, [value]);
  let value = squash(net.conv('first', net.input([2, 3, 24, 24]), 32, { kernel: 5, stride: 2 }));
  value = net.pool('max', value, 'MaxPool', 3, 1);
  const wide = squash(net.conv('widen', value, 40, { kernel: 1 }));
  const filtered = squash(net.conv('depthwise', wide, 40, { groups: 40, stride: 2 }));
  const narrow = net.conv('narrow', filtered, 24, { kernel: 1 });
  const skipped = net.conv('skip', value, 24, { kernel: 1, stride: 2, pad: 0 });
  const sum = squash(net.add('Add', 'sum', [narrow, skipped]));
  const branches = [net.conv('left', sum, 16, {}), squash(net.conv('right', sum, 32, { kernel: 1 }))];
  const joined = net.concat('join', branches);
  const last = net.conv('depthwise2', joined, 48, { groups: 48 });
  // A gate for each channel (squeeze and excitation), and the normalisation of a batch.
  const gate = net.add('Sigmoid', 'gate', [
    net.conv('excite', net.add('GlobalAveragePool', 'squeeze', [last]), 48, { kernel: 1 }),
  ]);
  const gated = net.add('Mul', 'gated', [last, gate]);
  const axes = net.builder.constant(int64s([0, 2, 3]));
  const centred = net.add('Sub', 'centred', [gated, net.add('ReduceMean', 'batch-mean', [gated, axes])]);
  const shifted = net.add('Add', 'shifted', [centred, net.weights([48, 1, 1])]);
  const pooled = net.add('GlobalAveragePool', 'mean', [net.pool('average', shifted, 'AveragePool', 2, 1)]);
  const { graph } = net.model(pooled, [2, 48, 1, 1]);

  const by = graph.nodes.filter(({ op }) => op === 'Conv').flatMap(({ inputs }) => inputs.slice(1));
  const inputs = by.map((name) => ({ name, type: 'float32', shape: graph.initializers.get(name)!.shape }) as const);
  const initializers = new Map([...graph.initializers].filter(([name]) => !by.includes(name)));
  const builder = new GraphBuilder({ ...graph, inputs: [...graph.inputs, ...inputs], initializers });
  const loss = builder.add('ReduceMean', [builder.add('Mul', [pooled, pooled])], { keepdims: int(0) });
  const forward = builder.build();
  const gradients = addGradients(builder, { nodes: forward.graph.nodes, values: inferShapes(forward), loss, by });
  for (const { name, shape } of inputs) builder.output(gradients.get(name)!, 'float32', shape);
  return builder.build();
}

describe('the blocked layout', () => {
  test('has blocks of 4, 8 or 16 channels, or is not there', () => {
    expect([1, 4, 8, 16]).toContain(block);
  });

  test.each([
    ['plain', 'Conv', [[2, 32, 6, 5], [48, 32, 3, 3], [48]], settings(padded)],
    [
      'stride and one-sided padding',
      'Conv',
      [
        [2, 16, 7, 6],
        [16, 16, 3, 3],
      ],
      settings({ kernel_shape: [3, 3], strides: [2, 1], pads: [1, 0, 2, 1] }),
    ],
    [
      'dilation',
      'Conv',
      [
        [2, 16, 9, 9],
        [16, 16, 3, 3],
      ],
      settings({ kernel_shape: [3, 3], dilations: [2, 3] }),
    ],
    ['channels that do not fill their blocks', 'Conv', [[2, 20, 6, 5], [22, 20, 3, 3], [22]], settings(padded)],
    [
      'few input channels',
      'Conv',
      [[2, 3, 9, 9], [24, 3, 5, 5], [24]],
      settings({ kernel_shape: [5, 5], strides: [2, 2] }),
    ],
    ['depthwise', 'Conv', [[2, 24, 6, 5], [24, 1, 3, 3], [24]], settings(padded, 24)],
    [
      'depthwise, back',
      'ConvTranspose',
      [
        [2, 24, 4, 5],
        [24, 1, 3, 3],
      ],
      settings({ ...halving, output_padding: [1, 1] }, 24),
    ],
    [
      'depthwise, back, stride 1',
      'ConvTranspose',
      [
        [2, 16, 4, 5],
        [16, 1, 3, 3],
      ],
      settings(padded, 16),
    ],
  ] as const)('has convolutions: %s', async (_, op, shapes, attributes) => {
    const nodes = await expectSame(oneNode(op, shapes, attributes));
    if (block > 1) expect(nodes.some((node) => node.op === 'Conv' && node.domain === BLOCKED_DOMAIN)).toBe(true);
  });

  test.each([
    [
      'groups',
      'Conv',
      [
        [2, 32, 6, 5],
        [32, 16, 3, 3],
      ],
      settings(padded, 2),
    ],
    [
      'an odd number of channels',
      'Conv',
      [
        [2, 19, 6, 5],
        [16, 19, 3, 3],
      ],
      settings(padded),
    ],
    [
      'one axis',
      'Conv',
      [
        [2, 16, 9],
        [16, 16, 3],
      ],
      settings({ kernel_shape: [3] }),
    ],
    [
      'the way back',
      'ConvTranspose',
      [
        [2, 16, 4, 5],
        [16, 16, 3, 3],
      ],
      settings(halving),
    ],
  ] as const)('leaves alone what it has no form for: %s', async (_, op, shapes, attributes) => {
    const nodes = await expectSame(oneNode(op, shapes, attributes));
    expect(nodes.map((node) => node.domain)).toEqual(['']);
  });

  test('takes a batch of any size', async () => {
    const net = new NetworkBuilder();
    const first = net.relu('relu', net.conv('conv', net.input(['N', 3, 24, 24]), 24, { stride: 2 }));
    const sum = net.add('Add', 'sum', [first, net.conv('depthwise', first, 24, { groups: 24 })]);
    const model = net.model(net.add('GlobalAveragePool', 'mean', [net.pool('max', sum)]), ['N', 24, 1, 1]);
    const feeds = { input: randomTensor([3, 3, 24, 24]) };
    const [{ name }] = model.graph.outputs;
    const [expected, actual] = [await run(model, feeds), await run(toBlockedLayout(model, block), feeds)];
    expectClose(actual[name], expected[name], 1e-4);
  });

  test('gives what AlexNet gives', async () => {
    await expectSame(alexNet(1));
  }, 60_000);

  test('gives the gradients of a network by all its weights, which are fed', async () => {
    const nodes = await expectSame(backward());
    if (block === 1) return;
    const convolutions = nodes.filter((node) => node.op === 'Conv' && node.domain === BLOCKED_DOMAIN);
    // Sums and activations went into convolutions.
    expect(convolutions.filter((node) => node.inputs.length === 4)).not.toEqual([]);
    expect(convolutions.filter((node) => 'activation' in node.attributes)).not.toEqual([]);
    // The gradient by a depthwise filter is a depthwise convolution whose weights are the gradient as it lies.
    expect(convolutions.filter((node) => node.attributes['group'].value === 2 * 48)).toHaveLength(1);
  });
});
