import { expect, test } from 'vitest';
import { elementCount } from '../../main/engine/graph/tensors.ts';
import { gradientCases } from '../support/gradient-cases/index.ts';
import type { GradientCase } from '../support/gradients.ts';
import { differenceOf, gradientsOf, numericGradientsOf, titleOf } from '../support/gradients.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

const cases = gradientCases.filter(({ notOnWebGpu }) => notOnWebGpu === undefined);
/** So many in one model. */
const CHUNK = 60;
const elements = ({ inputs }: GradientCase): number =>
  inputs.reduce((sum, input) => {
    if (!input || 'data' in input) return sum;
    return sum + elementCount('variable' in input ? input.variable.shape : input);
  }, 0);
/** The smallest of each operator: there is a run for each element, and the software driver takes its time. */
const smallest = [...Map.groupBy(cases, ({ op }) => op).values()].map((all) =>
  all.reduce((least, each) => (elements(each) < elements(least) ? each : least)),
);

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
  }, 300_000);

  test('are those of central differences on WebGPU', async () => {
    await expectOnWebGpu(smallest, (part) => numericGradientsOf(part, 'webgpu'), 4e-3);
  }, 300_000);
});
