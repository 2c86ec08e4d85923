import { expect, test } from 'vitest';
import { openTrainingSession } from '../../main/engine/training/setup.ts';
import { TrainingSession } from '../../main/engine/training/training-session.ts';
import { requestFor, residualNetwork, stripes } from '../support/training.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

describeOnWebGpu('training on WebGPU', () => {
  const steps = 20;

  test.each(['running', 'batch'] as const)(
    'follows the CPU for 20 steps, its weights staying on the device (statistics: %s)',
    async (normalisation) => {
      const request = requestFor(await residualNetwork(), undefined, { normalisation, clip: 1 });
      const sessions = [];
      const losses: number[][] = [];
      for (const device of ['cpu', 'webgpu'] as const) {
        const session = await TrainingSession.create(request, { device, smoothing: 0.1 });
        sessions.push(session);
        const own: number[] = [];
        for (let step = 1; step <= steps; step++) own.push(await session.step(stripes(8, step), step, 0.01));
        losses.push(own);
      }
      const [cpu, gpu] = losses;
      expect(cpu[0]).not.toBeCloseTo(cpu[steps - 1], 2);
      for (const [step, loss] of gpu.entries()) expect(Math.abs(loss - cpu[step])).toBeLessThan(1e-3);
      const [ours, theirs] = await Promise.all(sessions.map((session) => session.read(session.stateNames)));
      for (const [name, { data }] of ours)
        for (const [at, value] of data.entries())
          expect(Math.abs(theirs.get(name)!.data[at] - value)).toBeLessThan(5e-3);
      const { input } = stripes(5, 99);
      const [answer, other] = [await sessions[0].answer(input), await sessions[1].answer(input)];
      for (const [at, value] of answer.entries()) expect(Math.abs(other[at] - value)).toBeLessThan(1e-2);
      for (const session of sessions) await session.release();
    },
  );

  test('in parts, and after weights were written to it, goes on as before', async () => {
    const request = requestFor(await residualNetwork(), undefined);
    const first = await TrainingSession.create(request, { device: 'webgpu', smoothing: 0, parts: 2 });
    const [before] = [await first.step(stripes(8, 1), 1, 0.01), await first.step(stripes(8, 2), 2, 0.01)];
    const state = await first.read(first.stateNames);
    const expected = await first.step(stripes(8, 3), 3, 0.01);
    await first.release();
    const second = await TrainingSession.create(request, { device: 'webgpu', smoothing: 0 });
    second.write(state);
    expect(await second.step(stripes(8, 3), 3, 0.01)).toBeCloseTo(expected, 4);
    expect(expected).not.toBe(before);
    await second.release();
  });

  test('is tried beside the CPU where the device is left open, and the faster is taken with the reason', async () => {
    const request = requestFor(await residualNetwork(), undefined);
    const { session, device, reason } = await openTrainingSession('auto', request, { smoothing: 0 });
    // A software driver is never the faster.
    expect(reason).toMatch(
      device === 'cpu' ? /^CPU; GPU \(WebGPU\) is [\d.]+ times as slow/ : /^GPU \(WebGPU\); .* times as fast/,
    );
    expect(await session.step(stripes(8, 1), 1, 0.01)).toBeCloseTo(Math.log(3), 4);
    await session.release();
  });
});
