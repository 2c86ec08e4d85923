import { describe, expect, test } from 'vitest';
import { int } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import { createTensor, int64s } from '../../main/engine/graph/tensors.ts';
import type { Node } from '../../main/engine/graph/types.ts';
import { addGradients, lastWithoutGradient } from '../../main/engine/gradients/walk.ts';
import { run } from '../support/graphs.ts';

const vector = (...values: readonly number[]) => createTensor('float32', [values.length], values);

/** A graph with the inputs x = (1, 2, 3) and w = (2, −1, 4). */
class Trial {
  readonly builder = new GraphBuilder('trial');
  readonly x = this.builder.input('x', 'float32', [3]);
  readonly w = this.builder.input('w', 'float32', [3]);

  op(op: string, ...inputs: readonly string[]): string {
    return this.builder.add(op, inputs);
  }

  constant(...values: readonly number[]): string {
    return this.builder.constant(vector(...values));
  }

  sum(value: string): string {
    return this.builder.add('ReduceSum', [value], { keepdims: int(0) });
  }

  /** The gradients, by the names of the values, and the nodes that compute them. */
  async gradients(loss: string, by: readonly string[]) {
    const forward = this.builder.build();
    const found = addGradients(this.builder, { nodes: forward.graph.nodes, values: inferShapes(forward), loss, by });
    const added = this.builder.build().graph.nodes.slice(forward.graph.nodes.length);
    for (const name of new Set(found.values())) this.builder.output(name, 'float32', []);
    this.builder.output(loss, 'float32', []);
    const model = this.builder.build();
    checkModel(model);
    const shapes = inferShapes(model);
    const outputs = model.graph.outputs.map(({ name, type }) => ({ name, type, shape: shapes.get(name)!.shape }));
    const declared = { ...model, graph: { ...model.graph, outputs } };
    const values = await run(declared, { x: vector(1, 2, 3), w: vector(2, -1, 4) });
    const gradients = new Map([...found].map(([name, gradient]) => [name, Array.from(values[gradient].data, Number)]));
    return { gradients, added };
  }
}

describe('the walk back from the loss', () => {
  test('adds up what comes back to a value that is used several times', async () => {
    const trial = new Trial();
    const { x, w } = trial;
    // x² + w·x + x, and x·w once more: x is used six times.
    const once = trial.op('Add', trial.op('Mul', x, x), trial.op('Add', trial.op('Mul', w, x), x));
    const loss = trial.sum(trial.op('Add', once, trial.op('Mul', x, w)));
    const { gradients } = await trial.gradients(loss, [x, w]);
    expect(gradients.get('x')).toEqual([2 + 4 + 1, 4 - 2 + 1, 6 + 8 + 1]);
    expect(gradients.get('w')).toEqual([2, 4, 6]);
  });

  test('differentiates by a value in the middle, which goes on to other nodes', async () => {
    const trial = new Trial();
    const middle = trial.op('Mul', trial.x, trial.w);
    const loss = trial.sum(trial.op('Add', trial.op('Mul', middle, middle), middle));
    const { gradients } = await trial.gradients(loss, [middle, trial.x]);
    expect(gradients.get(middle)).toEqual([5, -3, 25]);
    expect(gradients.get('x')).toEqual([10, 3, 100]);
  });

  test('reaches the input of a parameter that two layers share', async () => {
    const trial = new Trial();
    const hidden = trial.op('Mul', trial.x, trial.w);
    const { gradients } = await trial.gradients(trial.sum(trial.op('Mul', hidden, trial.w)), [trial.w]);
    expect(gradients.get('w')).toEqual([4, -4, 24]);
  });

  test('leaves alone branches that do not lead to the loss, whatever is on them', async () => {
    const trial = new Trial();
    trial.op('ReduceProd', trial.op('Relu', trial.x));
    const { gradients, added } = await trial.gradients(trial.sum(trial.op('Neg', trial.x)), [trial.x, trial.w]);
    expect([...gradients]).toEqual([['x', [-1, -1, -1]]]);
    expect(added.map(({ op }) => op).toSorted()).toEqual(['Expand', 'Neg', 'Reshape']);
  });

  test('adds nothing for constants and frozen values', async () => {
    const trial = new Trial();
    const scaled = trial.op('Mul', trial.op('ReduceProd', trial.x), trial.op('Mul', trial.w, trial.constant(1, 2, 3)));
    const { gradients, added } = await trial.gradients(trial.sum(scaled), [trial.w]);
    expect(gradients.get('w')).toEqual([6, 12, 18]);
    expect(added.map(({ op }) => op).toSorted()).toEqual(['Expand', 'Mul', 'Mul', 'Reshape']);
  });

  test('ends where nothing passes', async () => {
    const trial = new Trial();
    const loss = trial.sum(
      trial.op('Add', trial.op('Floor', trial.x), trial.op('Mul', trial.w, trial.op('Sign', trial.x))),
    );
    const { gradients } = await trial.gradients(loss, [trial.x, trial.w]);
    expect([...gradients]).toEqual([['w', [1, 1, 1]]]);
  });

  test('takes the outputs of a node that are used, and none for the others', async () => {
    const trial = new Trial();
    const [, middle] = trial.builder.addAll(
      'Split',
      [trial.x, trial.builder.constant(int64s([1, 1, 1]))],
      {},
      { outputs: 3 },
    );
    const { gradients } = await trial.gradients(trial.sum(trial.op('Mul', middle, middle)), [trial.x]);
    expect(gradients.get('x')).toEqual([0, 4, 0]);
  });

  test('gives 1 for the loss itself', async () => {
    const trial = new Trial();
    const loss = trial.sum(trial.x);
    expect((await trial.gradients(loss, [loss])).gradients.get(loss)).toEqual([1]);
  });

  test('computes once what several gradients need', async () => {
    const trial = new Trial();
    const { added } = await trial.gradients(trial.sum(trial.op('Div', trial.x, trial.w)), [trial.x, trial.w]);
    expect(added.filter(({ op }) => op === 'Div')).toHaveLength(1);
  });

  test('refuses an operator without a gradient by its name and reason, where a gradient must pass', async () => {
    const trial = new Trial();
    const loss = trial.builder.add('ReduceProd', [trial.x], { keepdims: int(0) }, { name: 'volume' });
    await expect(trial.gradients(loss, [trial.x])).rejects.toThrow(
      /ReduceProd "volume" cannot be trained: .*factor is 0/,
    );
  });
});

describe('the last node that cannot be trained', () => {
  const node = (op: string, name: string, domain = ''): Node => {
    return { op, domain, name, inputs: [], outputs: [], attributes: {} };
  };

  test('is found, with the reason', () => {
    const nodes = [node('Mod', 'a'), node('ReduceProd', 'b'), node('Relu', 'c'), node('Floor', 'd')];
    expect(lastWithoutGradient(nodes)?.node.name).toBe('b');
    expect(lastWithoutGradient(nodes)?.reason).toMatch(/product/);
  });

  test('may be of an operator that is not known', () => {
    expect(lastWithoutGradient([node('Relu', 'a', 'custom')])?.reason).toBe('its operator is not known');
    expect(lastWithoutGradient([node('Einsum', 'b')])?.reason).toBe('its operator is not known');
  });

  test('is none where all can be', () => {
    expect(lastWithoutGradient([node('Conv', 'a'), node('Relu', 'b')])).toBeUndefined();
  });
});
