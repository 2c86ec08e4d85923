import { expect, test } from 'vitest';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { forWebGpu } from '../../main/engine/graph/for-webgpu.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

interface Case {
  readonly from: number;
  readonly to: number;
  readonly kernel: readonly number[];
  readonly stride?: number;
  readonly pad?: number;
  readonly group?: number;
}

/** A Conv whose weights are an input, as in training. */
function convolution({ from, to, kernel, stride = 1, pad = 0, group = 1 }: Case): Model {
  const builder = new GraphBuilder();
  const sizes = kernel.map(() => 9);
  const inputs = [
    builder.input('x', 'float32', [2, from, ...sizes]),
    builder.input('w', 'float32', [to, from / group, ...kernel]),
    builder.constant(randomTensor([to], 3)),
  ];
  const attributes = {
    strides: ints(kernel.map(() => stride)),
    pads: ints([...kernel, ...kernel].map(() => pad)),
    group: int(group),
  };
  builder.output(builder.add('Conv', inputs, attributes, { outputs: ['y'] }), 'float32', []);
  return builder.build();
}

const miscomputed: Case[] = [
  { from: 6, to: 8, kernel: [3, 3], pad: 1 },
  { from: 9, to: 4, kernel: [3, 3], stride: 2 },
  { from: 18, to: 12, kernel: [1, 1], stride: 2 },
  { from: 6, to: 4, kernel: [5, 2] },
  { from: 6, to: 4, kernel: [3], pad: 1 },
];
const right: Case[] = [
  { from: 3, to: 8, kernel: [3, 3], pad: 1 },
  { from: 6, to: 7, kernel: [3, 3], pad: 1 },
  { from: 12, to: 8, kernel: [3, 3] },
  { from: 18, to: 8, kernel: [1, 1] },
  { from: 18, to: 12, kernel: [3, 3], group: 3 },
];

const title = ({ from, to, kernel, stride = 1, group = 1 }: Case): string =>
  `Conv ${from}→${to}, ${kernel.join('×')}, stride ${stride}, ${group} groups`;
const feeds = ({ from, to, kernel, group = 1 }: Case) => ({
  x: randomTensor([2, from, ...kernel.map(() => 9)], 1),
  w: randomTensor([to, from / group, ...kernel], 2),
});

for (const each of miscomputed)
  test(`${title(each)}: channels of zeros, and the same result`, async () => {
    const model = convolution(each);
    const changed = forWebGpu(model);
    checkModel(changed);
    expect(changed.graph.nodes.map(({ op }) => op)).toEqual(['Pad', 'Pad', 'Conv']);
    expectClose((await run(changed, feeds(each))).y, (await run(model, feeds(each))).y);
  });

for (const each of right)
  test(`${title(each)}: left as it is`, () => {
    const model = convolution(each);
    expect(forWebGpu(model).graph.nodes).toEqual(model.graph.nodes);
  });

describeOnWebGpu('convolutions on WebGPU give what they give on the CPU', () => {
  // A few: the software driver takes its time.
  for (const each of [miscomputed[0], miscomputed[2], right[0]])
    test(title(each), async () => {
      const model = convolution(each);
      const session = await createSession(writeModel(forWebGpu(model)), { device: 'webgpu' });
      const { y } = await session.run(feeds(each));
      await session.release();
      expectClose(y, (await run(model, feeds(each))).y, 1e-4);
    });
});
