import { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/types.ts';
import { writeModel } from '../graph/write.ts';
import { createSession } from './session.ts';

/** Large matrix products on all cores. */
export interface ProductSession {
  /** A·Bᵀ [m, n] of A [m, d] and B [n, d]. */
  multiplyTransposed(a: Tensor<'float32'>, b: Tensor<'float32'>): Promise<Float32Array>;
  release(): Promise<void>;
}

export async function createProductSession(): Promise<ProductSession> {
  const builder = new GraphBuilder('product');
  builder.input('a', 'float32', ['m', 'd']);
  builder.input('b', 'float32', ['n', 'd']);
  const product = builder.add('Gemm', ['a', 'b'], { transB: { kind: 'int', value: 1 } }, { outputs: ['product'] });
  builder.output(product, 'float32', ['m', 'n']);
  const session = await createSession(writeModel(builder.build()));
  return {
    async multiplyTransposed(a, b) {
      const { product: result } = await session.run({ a, b });
      return result.data as Float32Array;
    },
    release: () => session.release(),
  };
}
