import { describe, expect, test } from 'vitest';
import { float, int } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { withLocalResponseWrittenOut } from '../../main/engine/graph/local-response.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';

function network(op: string, size = 5, beta = 0.75): Model {
  const builder = new GraphBuilder('response');
  const x = builder.input('x', 'float32', ['N', 7, 3, 4]);
  const attributes = { size: int(size), alpha: float(0.5), beta: float(beta), bias: float(2) };
  builder.add(op, [x], op === 'LRN' ? attributes : {}, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 7, 3, 4]);
  return builder.build();
}

describe('local response normalisation written out', () => {
  test.each([
    [5, 0.75],
    [3, 0.5],
    [9, 1],
    [1, 0.6],
  ])('gives what ONNX Runtime’s gives: %i channels, β = %d', async (size, beta) => {
    const model = network('LRN', size, beta);
    const written = withLocalResponseWrittenOut(model);
    checkModel(written);
    expect(written.graph.nodes.map(({ op }) => op)).not.toContain('LRN');
    const feeds = { x: randomTensor([2, 7, 3, 4]) };
    expectClose((await run(written, feeds)).y, (await run(model, feeds)).y, 1e-5);
  });

  test('leaves every other network as it is', () => {
    const model = network('Relu');
    expect(withLocalResponseWrittenOut(model)).toBe(model);
  });

  test('windows without a middle are refused, as ONNX Runtime refuses them', () => {
    expect(() => inferShapes(network('LRN', 4))).toThrow(/must be odd/);
  });
});
