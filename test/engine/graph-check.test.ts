import { describe, expect, test } from 'vitest';
import { float, int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { createTensor, elementCount, int64s, scalar } from '../../main/engine/graph/tensors.ts';
import { OPSET } from '../../main/engine/graph/types.ts';
import type { Graph, Model, Node } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { randomTensor, run } from '../support/graphs.ts';

function twoLayers(): Model {
  const builder = new GraphBuilder('two layers');
  const x = builder.input('x', 'float32', ['N', 4]);
  const first = builder.add('Relu', [x], {}, { name: 'first' });
  const second = builder.add('Add', [first, builder.constant(randomTensor([4]), 'bias')], {}, { name: 'second' });
  builder.output(second, 'float32', ['N', 4]);
  return builder.build();
}

function changed(change: (graph: Graph) => Partial<Graph>): Model {
  const model = twoLayers();
  return { ...model, graph: { ...model.graph, ...change(model.graph) } };
}

const node = (op: string, name: string, inputs: string[], outputs: string[]): Node => ({
  op,
  domain: '',
  name,
  inputs,
  outputs,
  attributes: {},
});

describe('checking', () => {
  test('a graph that is well formed passes', () => {
    expect(() => {
      checkModel(twoLayers());
    }).not.toThrow();
  });

  test.each([
    [
      'the order',
      changed(({ nodes }) => ({ nodes: nodes.toReversed() })),
      /Add "second" takes "first_out", which is made only later, by Relu "first"/,
    ],
    [
      'a missing value',
      changed(({ nodes }) => ({ nodes: nodes.slice(1) })),
      /Add "second" takes "first_out", which nothing/,
    ],
    [
      'a cycle',
      changed(({ nodes }) => ({ nodes: [{ ...nodes[0], inputs: ['second_out'] }, nodes[1]] })),
      /Relu "first" takes "second_out", which is made only later/,
    ],
    [
      'a value made twice',
      changed(({ nodes }) => ({ nodes: [...nodes, { ...nodes[0], name: 'third' }] })),
      /Relu "third" makes "first_out"/,
    ],
    ['a name used twice', changed(({ nodes }) => ({ nodes: [...nodes, nodes[0]] })), /Two nodes are called "first"/],
    [
      'an input made again',
      changed(({ nodes }) => ({ nodes: [...nodes, node('Relu', 'again', ['x'], ['x'])] })),
      /"again" makes "x"/,
    ],
    [
      'an input that is a constant',
      changed(() => ({ initializers: new Map([['x', scalar(1)]]) })),
      /input "x" is defined twice/,
    ],
    ['no output', changed(() => ({ outputs: [] })), /has no output/],
    [
      'an output that nothing makes',
      changed(() => ({ outputs: [{ name: 'y', type: 'float32', shape: [] }] })),
      /output "y" is made by no node/,
    ],
    [
      'a constant of the wrong length',
      changed(() => ({ initializers: new Map([['bias', { ...int64s([1, 2]), shape: [3] }]]) })),
      /"bias" has 2 values, which do not fill its shape \[3\]/,
    ],
    [
      'too many inputs',
      changed(({ nodes }) => ({ nodes: [nodes[0], { ...nodes[1], inputs: ['x', 'x', 'x'] }] })),
      /Add "second" has 3 inputs; it must have 2/,
    ],
    [
      'an input left out',
      changed(({ nodes }) => ({ nodes: [nodes[0], { ...nodes[1], inputs: ['x', ''] }] })),
      /Add "second" has 2 inputs; it must have 2/,
    ],
    [
      'an attribute of the wrong kind',
      changed(({ nodes }) => ({ nodes: [nodes[0], { ...nodes[1], op: 'Concat', attributes: { axis: float(1) } }] })),
      /Concat "second": the attribute axis must be of kind int but is of kind float/,
    ],
    [
      'an attribute that is not known',
      changed(({ nodes }) => ({ nodes: [{ ...nodes[0], attributes: { slope: int(1) } }, nodes[1]] })),
      /Relu "first" has an attribute slope/,
    ],
  ])('%s is named', (_, model, message) => {
    const check = (): void => {
      checkModel(model);
    };
    expect(check).toThrow(expect.objectContaining({ name: 'EngineError' }));
    expect(check).toThrow(message);
  });
});

describe('building', () => {
  test('names never clash, and a graph can be gone on from', async () => {
    const builder = new GraphBuilder(twoLayers().graph);
    expect(builder.freshName('first')).toBe('first_1');
    expect(builder.freshName('bias')).toBe('bias_1');
    expect(builder.freshName('first')).toBe('first_2');
    const [a, b] = builder.addAll('Split', ['second_out'], { axis: int(1), num_outputs: int(2) }, { outputs: 2 });
    const y = builder.add('Concat', [b, a], { axis: int(1) }, { outputs: ['y'] });
    builder.output(y, 'float32', ['N', 4]);
    expect(() => builder.input('x', 'float32', [1])).toThrow(/"x" is already used/);
    expect(() => builder.add('Relu', [y], {}, { outputs: ['y'] })).toThrow(/"y" is already used/);
    const model = builder.build({ metadata: { made: 'here' } });
    checkModel(model);
    expect(model).toMatchObject({ opset: OPSET, producer: 'Parfocal', metadata: { made: 'here' } });
    const x = randomTensor([1, 4]);
    const result = await run(model, { x });
    const [p, q, r, s] = result.second_out.data;
    expect([...result.y.data]).toEqual([r, s, p, q]);
  });
});

describe('tensors and writing', () => {
  test('a shape that cannot be counted is refused', () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([3, 0])).toBe(0);
    expect(() => elementCount([2 ** 40, 2 ** 40])).toThrow(/too large/);
    expect(() => elementCount([-1, 3])).toThrow(/not a shape/);
    expect(() => createTensor('float32', [3], [1, 2])).toThrow(/2 values do not fill .*\[3\]/);
  });

  test('"to the end" stays the largest int64', () => {
    expect(int64s([2 ** 63]).data[0]).toBe(2n ** 63n - 1n);
    expect(int64s([-1]).data[0]).toBe(-1n);
  });

  test('more weights than a file can hold are refused', () => {
    const large = { type: 'uint8', shape: [2 ** 29], data: new Uint8Array(2 ** 29) } as const;
    const initializers = new Map(['a', 'b', 'c', 'd'].map((name) => [name, large]));
    expect(() => writeModel(changed(() => ({ initializers })))).toThrow(/"two layers" holds 2\.0 GB .* 2 GB at most/);
  });

  test('an attribute that must be whole', () => {
    const model = changed(({ nodes }) => ({ nodes: [{ ...nodes[0], attributes: { pads: ints([0.5]) } }, nodes[1]] }));
    expect(() => writeModel(model)).toThrow(/Relu "first": the attribute pads must be whole but is 0\.5/);
  });
});
