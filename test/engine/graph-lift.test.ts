import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { int, ints, tensor } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { normaliseModel } from '../../main/engine/graph/normalise.ts';
import { readModelFile } from '../../main/engine/graph/read.ts';
import { createTensor, scalar } from '../../main/engine/graph/tensors.ts';
import { OPSET } from '../../main/engine/graph/types.ts';
import type { Attribute, Model } from '../../main/engine/graph/types.ts';
import { expectClose, expectSameOutput, onnxFixture, randomTensor, run } from '../support/graphs.ts';

/** Runs in half precision in ONNX Runtime: see the tests of reading. Operator set 6: ONNX Runtime does not run it. */
const elsewhere = ['float16', 'add-6'];
const cases = readdirSync(dirname(onnxFixture('x')))
  .filter((file) => file.endsWith('.onnx') && !file.startsWith('refused'))
  .map((file) => basename(file, '.onnx'))
  .filter((name) => !elsewhere.includes(name));

describe('operators of older and newer operator sets', () => {
  test.each(cases)('%s gives what it gave before it was lifted', async (name) => {
    const path = onnxFixture(name);
    const original = await readModelFile(path);
    const { model } = normaliseModel(original);
    expect(model.opset).toBe(OPSET);
    const shape = original.graph.inputs[0].shape.map((size) => (typeof size === 'number' ? size : 2));
    await expectSameOutput(path, model, randomTensor(shape));
  });

  test('add-6: the second value is aligned at the axis', async () => {
    const original = await readModelFile(onnxFixture('add-6'));
    const { model } = normaliseModel(original);
    const x = randomTensor([2, 6, 9, 8]);
    const bias = original.graph.initializers.get('b')!;
    const expected = Float32Array.from(
      x.data as Float32Array,
      (value, i) => value + Number(bias.data[Math.floor(i / 72) % 6]),
    );
    expectClose((await run(model, { x })).y, createTensor('float32', x.shape, expected));
  });

  test('leaves no operator behind that only older sets have, and no node that does nothing', async () => {
    for (const name of cases) {
      const { nodes } = normaliseModel(await readModelFile(onnxFixture(name))).model.graph;
      const ops = nodes.map((node) => node.op);
      expect(ops).not.toContain('Upsample');
      expect(ops).not.toContain('Dropout');
      expect(ops).not.toContain('Constant');
      expect(nodes.filter((node) => 'auto_pad' in node.attributes)).toEqual([]);
    }
  });
});

/** A network of one node, of operator set `opset`. */
function single(
  op: string,
  opset: number,
  attributes: Readonly<Record<string, Attribute>>,
  constants: Readonly<Record<string, ReturnType<typeof scalar>>> = {},
): Model {
  const builder = new GraphBuilder('single');
  const x = builder.input('x', 'float32', [1, 4, 8, 8]);
  const inputs = Object.entries(constants).map(([name, value]) => builder.constant(value, name));
  builder.output(builder.add(op, [x, ...inputs], attributes, { name: 'the node' }), 'float32', []);
  return { ...builder.build(), opset };
}

describe('what cannot be lifted is refused by name', () => {
  test.each([
    ['AveragePool, dilated', single('AveragePool', 19, { kernel_shape: ints([2, 2]), dilations: ints([2, 2]) })],
    ['an operator set of the future', single('Softmax', 99, {})],
    ['an operator not in the table', single('GridSample', 18, {})],
    ['a recurrent layer', single('LSTM', 18, {})],
    ['an attribute that is not known', single('Relu', 18, { slope: int(1) })],
    ['an attribute of the wrong kind', single('Softmax', 18, { axis: tensor(scalar(1)) })],
    ['too few inputs', single('Add', 18, {})],
    ['a kernel larger than the input', single('MaxPool', 18, { kernel_shape: ints([9, 9]) })],
  ])('%s', (name, model) => {
    const message = name === 'an operator set of the future' ? /operator set 99/ : /"the node"/;
    expect(() => normaliseModel(model)).toThrow(expect.objectContaining({ name: 'EngineError' }));
    expect(() => normaliseModel(model)).toThrow(message);
  });

  test('a network that was exported in training mode says what to do', async () => {
    const model = await readModelFile(onnxFixture('refused-training'));
    expect(() => normaliseModel(model)).toThrow(/BatchNormalization.*evaluation mode/);
  });

  test('an operator that is not in the table', async () => {
    const model = await readModelFile(onnxFixture('refused-operator'));
    expect(() => normaliseModel(model)).toThrow(/EyeLike "EyeLike_y" cannot be used/);
  });
});
