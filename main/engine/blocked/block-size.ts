import { int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { createTensor } from '../graph/tensors.ts';
import { writeModel } from '../graph/write.ts';
import { createSession } from '../runtime/session.ts';
import { BLOCKED_DOMAIN } from './blocked-graph.ts';

/** Enough channels for any block size that ONNX Runtime has: 16 with AVX-512, 8 with AVX, 4 or 16 on ARM. */
const CHANNELS = 32;

let known: Promise<number> | undefined;

/**
 * How many channels lie together in ONNX Runtime's blocked layout on this processor: a number that it does not tell, but whoever has it
 * lay out some channels sees it. 1 where it has no such layout.
 */
export function blockSize(): Promise<number> {
  known ??= probe();
  return known;
}

async function probe(): Promise<number> {
  const builder = new GraphBuilder('block-size');
  const input = builder.input('input', 'float32', [1, CHANNELS, 1, 2]);
  const output = builder.add('ReorderInput', [input], { channels_last: int(0) }, { domain: BLOCKED_DOMAIN });
  builder.output(output, 'float32', [1, CHANNELS, 1, 2]);
  try {
    const session = await createSession(writeModel(builder.build()), { threads: 1 });
    try {
      // Two pixels: the second stands behind the first one's block.
      const pixels = Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i % 2);
      const { [output]: laidOut } = await session.run({ input: createTensor('float32', [1, CHANNELS, 1, 2], pixels) });
      return Array.from(laidOut.data, Number).indexOf(1);
    } finally {
      await session.release();
    }
  } catch {
    return 1;
  }
}
