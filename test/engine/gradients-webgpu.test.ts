import { expect, test } from 'vitest';
import { gradientCases } from '../support/gradient-cases/index.ts';
import type { GradientCase } from '../support/gradients.ts';
import { differenceOf, gradientsOf, numericGradientsOf, titleOf } from '../support/gradients.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

const cases = gradientCases.filter(({ notOnWebGpu }) => notOnWebGpu === undefined);
/** So many in one model. */
const CHUNK = 110;
/** One of each operator: the software driver takes its time. */
const first = cases.filter((each, i) => cases.findIndex(({ op }) => op === each.op) === i);

function chunks(all: readonly GradientCase[]): (readonly GradientCase[])[] {
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, i) => all.slice(i * CHUNK, (i + 1) * CHUNK));
}

async function expectOnWebGpu(
  all: readonly GradientCase[],
  expectedOf: (part: readonly GradientCase[]) => Promise<readonly (readonly ArrayLike<number>[])[]>,
  tolerance: number,
): Promise<void> {
  const failures: string[] = [];
  for (const part of chunks(all)) {
    const [actual, expected] = [await gradientsOf(part, 'webgpu'), await expectedOf(part)];
    const wrong = part.flatMap((each, i) =>
      actual[i].flatMap(({ data }, variable) => {
        const difference = differenceOf(data as Float32Array, expected[i][variable]);
        return difference < tolerance ? [] : [`${titleOf(each)} by variable ${variable}: ${difference}`];
      }),
    );
    failures.push(...wrong);
  }
  expect(failures).toEqual([]);
}

describeOnWebGpu('gradients on WebGPU', () => {
  test('are those on the CPU', async () => {
    const onCpu = async (part: readonly GradientCase[]) =>
      (await gradientsOf(part)).map((each) => each.map(({ data }) => data as Float32Array));
    await expectOnWebGpu(cases, onCpu, 5e-4);
  });

  test('are those of central differences on WebGPU', async () => {
    await expectOnWebGpu(first, (part) => numericGradientsOf(part, 'webgpu'), 4e-3);
  });
});
