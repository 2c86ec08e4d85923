import { float, int } from '../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../main/engine/graph/builder.ts';
import { withLocalResponseWrittenOut } from '../main/engine/graph/local-response.ts';
import { createTensor, elementCount, scalar } from '../main/engine/graph/tensors.ts';
import type { Model } from '../main/engine/graph/types.ts';
import { writeModel } from '../main/engine/graph/write.ts';
import { above } from '../main/engine/gradients/steps.ts';
import { ExpressionWriter } from '../main/engine/gradients/write.ts';
import { createRandom } from '../main/engine/random.ts';
import { createSession } from '../main/engine/runtime/session.ts';
import { type Figure, quantile } from './report.ts';

const shape = [8, 64, 56, 56];
const rounds = 15;

/** What a choice of kernels is worth: each way to compute the same against the way that was chosen, on one core, within one run. */
export async function benchKernels(): Promise<readonly Figure[]> {
  const lrn = model((b, x) => b.add('LRN', [x], { size: int(5), alpha: float(1e-4), beta: float(0.75) }));
  const [own, writtenOut] = await timesOf([lrn, withLocalResponseWrittenOut(lrn)]);
  // The gradient of Relu: where y > 0, that by y.
  const [signed, chosen, where] = await timesOf([
    model((b, x, dy) => b.add('Mul', [dy, b.add('Sign', [b.add('Relu', [x])])])),
    model((b, x, dy) => b.add('Mul', [dy, new ExpressionWriter(b).write(above(b.add('Relu', [x]), 0))])),
    model((b, x, dy) => {
      const zero = b.constant(scalar(0));
      return b.add('Where', [b.add('Greater', [b.add('Relu', [x]), zero]), dy, zero]);
    }),
  ]);
  return [
    { name: "ONNX Runtime's LRN ÷ LRN written out", value: own / writtenOut, unit: 'times' },
    { name: 'Relu and its gradient by Sign ÷ by a step', value: signed / chosen, unit: 'times' },
    { name: 'Relu and its gradient by Where ÷ by a step', value: where / chosen, unit: 'times' },
  ];
}

/** A model of x and dy, of which only one number leaves it, so that its output costs nothing. */
function model(compute: (builder: GraphBuilder, x: string, dy: string) => string): Model {
  const builder = new GraphBuilder('kernels');
  const y = compute(builder, builder.input('x', 'float32', shape), builder.input('dy', 'float32', shape));
  builder.output(builder.add('ReduceMax', [y], { keepdims: int(0) }), 'float32', []);
  return builder.build();
}

/** The median times of models, in milliseconds, one run of each in turn. */
async function timesOf(models: readonly Model[]): Promise<readonly number[]> {
  const random = createRandom(1);
  const values = () =>
    createTensor(
      'float32',
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => random.normal()),
    );
  const feeds = { x: values(), dy: values() };
  const times: number[][] = models.map(() => []);
  const sessions = await Promise.all(models.map((each) => createSession(writeModel(each), { threads: 1 })));
  for (let round = 0; round <= rounds; round++)
    for (const [i, session] of sessions.entries()) {
      const start = performance.now();
      await session.run(feeds);
      // The first run lays out memory.
      if (round > 0) times[i].push(performance.now() - start);
    }
  await Promise.all(sessions.map((session) => session.release()));
  return times.map((each) => quantile(each));
}
