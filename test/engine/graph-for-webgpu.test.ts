import { expect, test } from 'vitest';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { forWebGpu } from '../../main/engine/graph/for-webgpu.ts';
import type { Model, Tensor } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

interface Case {
  readonly op?: string;
  readonly from: number;
  readonly to: number;
  readonly kernel: readonly number[];
  readonly stride?: number;
  readonly pad?: number;
  readonly group?: number;
}

const withDefaults = (each: Case): Required<Case> => ({ op: 'Conv', stride: 1, pad: 0, group: 1, ...each });

/** Convolutions side by side, their weights inputs as in training. */
function convolutions(cases: readonly Case[]): { model: Model; feeds: Record<string, Tensor> } {
  const builder = new GraphBuilder();
  const feeds: Record<string, Tensor> = {};
  const input = (name: string, shape: readonly number[]): string => {
    feeds[name] = randomTensor(shape, Object.keys(feeds).length + 1);
    return builder.input(name, 'float32', shape);
  };
  cases.map(withDefaults).forEach(({ op, from, to, kernel, stride, pad, group }, i) => {
    const weights = op === 'Conv' ? [to, from / group] : [from, to / group];
    const inputs = [
      input(`x${i}`, [2, from, ...kernel.map(() => 9)]),
      input(`w${i}`, [...weights, ...kernel]),
      input(`b${i}`, [to]),
    ];
    const attributes = {
      strides: ints(kernel.map(() => stride)),
      pads: ints([...kernel, ...kernel].map(() => pad)),
      group: int(group),
    };
    builder.output(builder.add(op, inputs, attributes, { outputs: [`y${i}`] }), 'float32', []);
  });
  return { model: builder.build(), feeds };
}

/** What each defect is met by, and the operators that it takes to go round it. */
const miscomputed: readonly (readonly [Case, string])[] = [
  [{ from: 6, to: 8, kernel: [3, 3], pad: 1 }, 'Pad Pad Conv'],
  [{ from: 9, to: 4, kernel: [3, 3], stride: 2 }, 'Pad Pad Conv'],
  [{ from: 18, to: 12, kernel: [1, 1], stride: 2 }, 'Pad Pad Conv'],
  [{ from: 6, to: 4, kernel: [5, 2] }, 'Pad Pad Conv'],
  [{ from: 6, to: 4, kernel: [3], pad: 1 }, 'Pad Pad Conv'],
  [{ from: 4, to: 10, kernel: [3, 3], group: 2 }, 'Slice Slice Slice Slice Slice Slice Conv Conv Concat'],
  [{ from: 12, to: 12, kernel: [3, 3], group: 2 }, 'Slice Slice Slice Slice Slice Slice Conv Conv Concat'],
  [
    { op: 'ConvTranspose', from: 6, to: 3, kernel: [3, 3], stride: 2, group: 3 },
    'Pad ConvTranspose Slice Reshape Add Identity',
  ],
];

const right: readonly Case[] = [
  { from: 3, to: 8, kernel: [3, 3], pad: 1 },
  { from: 6, to: 7, kernel: [3, 3], pad: 1 },
  { from: 12, to: 8, kernel: [3, 3] },
  { from: 18, to: 8, kernel: [1, 1] },
  { from: 18, to: 12, kernel: [3, 3], group: 3 },
  { from: 6, to: 15, kernel: [3, 3], group: 3 },
  { from: 6, to: 6, kernel: [3, 3], group: 6 },
  { op: 'ConvTranspose', from: 6, to: 1, kernel: [3, 3] },
  { op: 'ConvTranspose', from: 6, to: 6, kernel: [3, 3], group: 3 },
  { op: 'ConvTranspose', from: 6, to: 6, kernel: [3, 3], group: 6 },
];

function title(each: Case): string {
  const { op, from, to, kernel, stride, group } = withDefaults(each);
  return `${op} ${from}→${to}, ${kernel.join('×')}, stride ${stride}, groups: ${group}`;
}

for (const [each, operators] of miscomputed)
  test(`${title(each)}: written otherwise, with the same result`, async () => {
    const { model, feeds } = convolutions([each]);
    const changed = forWebGpu(model);
    checkModel(changed);
    expect(changed.graph.nodes.map(({ op }) => op).join(' ')).toBe(operators);
    expectClose((await run(changed, feeds)).y0, (await run(model, feeds)).y0);
  });

for (const each of right)
  test(`${title(each)}: left as it is`, () => {
    const { model } = convolutions([each]);
    expect(forWebGpu(model).graph.nodes).toEqual(model.graph.nodes);
  });

describeOnWebGpu('on WebGPU', () => {
  test('convolutions give what they give on the CPU', async () => {
    const { model, feeds } = convolutions([...miscomputed.map(([each]) => each), ...right]);
    const session = await createSession(writeModel(model), { device: 'webgpu' });
    const found = await session.run(feeds);
    await session.release();
    const expected = await run(model, feeds);
    for (const { name } of model.graph.outputs) expectClose(found[name], expected[name], 1e-4);
  });
});
