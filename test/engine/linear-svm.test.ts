import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../../main/engine/linear/breathe.ts';
import { fitSigmoid } from '../../main/engine/linear/platt.ts';
import { createSvmSolver } from '../../main/engine/linear/svm.ts';
import { problemOf, references, weightings } from '../support/linear.ts';

describe('linear SVM', () => {
  for (const [number, reference] of references.problems.entries())
    for (const weighting of weightings)
      for (const loss of ['hinge', 'squared-hinge'] as const)
        it(`comes within 0.1% of LIBLINEAR's optimum: problem ${number}, ${loss}, weights ${weighting}`, async () => {
          const options = { loss, tolerance: 1e-3, seed: 0 };
          const solver = await createSvmSolver(problemOf(reference, weighting), options, neverCancelled);
          for (const { lambda, objective } of reference[weighting][loss]) {
            const solution = await solver.solve(lambda);
            expect(solution.converged).toBe(true);
            expect(solution.gap).toBeLessThanOrEqual(1e-3);
            const excess = solution.objective / objective - 1;
            expect(excess).toBeGreaterThan(-1e-5);
            // The gap bounds the excess: it is worth as much as a reference.
            expect(excess).toBeLessThan(solution.gap + 1e-5);
          }
          await solver.release();
        });

  it('reaches as small a gap as is asked for', async () => {
    const options = { loss: 'hinge', tolerance: 1e-5, seed: 0 } as const;
    const solver = await createSvmSolver(problemOf(references.problems[0], 'none'), options, neverCancelled);
    const { objective, gap } = await solver.solve(0.1);
    expect(gap).toBeLessThanOrEqual(1e-5);
    const expected = references.problems[0].none.hinge.find(({ lambda }) => lambda === 0.1)!.objective;
    expect(Math.abs(objective / expected - 1)).toBeLessThan(2e-5);
    await solver.release();
  });

  it('gives the same bits for a seed, and nearly the same answer for another', async () => {
    const problem = problemOf(references.problems[0], 'none');
    const solve = async (seed: number) => {
      const solver = await createSvmSolver(problem, { loss: 'squared-hinge', tolerance: 1e-3, seed }, neverCancelled);
      const solutions = [await solver.solve(1), await solver.solve(0.1)];
      await solver.release();
      return solutions;
    };
    const [first, again, other] = [await solve(5), await solve(5), await solve(6)];
    expect(again).toEqual(first);
    expect(other[1].weights).not.toEqual(first[1].weights);
    expect(Math.abs(other[1].objective / first[1].objective - 1)).toBeLessThan(1e-3);
  });

  it('says that it did not converge when the epochs run out', async () => {
    const problem = problemOf(references.problems[0], 'none');
    const options = { loss: 'hinge', tolerance: 1e-9, seed: 0, maxEpochs: 3 } as const;
    const solver = await createSvmSolver(problem, options, neverCancelled);
    expect(await solver.solve(0.01)).toMatchObject({ iterations: 3, converged: false });
    await solver.release();
  });
});

describe('Platt scaling', () => {
  it('is the maximum of the likelihood, by another minimiser', () => {
    const { scores, positive, slope, offset } = references.sigmoid;
    const sigmoid = fitSigmoid(scores, (i) => positive[i]);
    expect(sigmoid.slope).toBeCloseTo(slope, 6);
    expect(sigmoid.offset).toBeCloseTo(offset, 6);
  });

  it('stays finite where scores separate the class, and gives the corrected shares at its ends', () => {
    const scores = [-1000, -900, -800, 700, 800, 900];
    const { slope, offset } = fitSigmoid(scores, (i) => scores[i] > 0);
    const probability = (score: number) => 1 / (1 + Math.exp(-(slope * score + offset)));
    expect(slope).toBeGreaterThan(0);
    // Three positives: targets 4/5 and 1/5, not 1 and 0.
    expect(probability(800)).toBeCloseTo(0.8, 1);
    expect(probability(-900)).toBeCloseTo(0.2, 1);
  });

  it('gives the base rate where scores say nothing', () => {
    const { slope, offset } = fitSigmoid(new Float64Array(100), (i) => i < 20);
    expect(slope).toBe(0);
    expect(1 / (1 + Math.exp(-offset))).toBeCloseTo(0.2, 1);
  });
});
