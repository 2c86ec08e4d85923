import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../../main/engine/linear/breathe.ts';
import { minimise } from '../../main/engine/linear/lbfgs.ts';
import { createSoftmaxSolver } from '../../main/engine/linear/softmax.ts';
import { symmetricEigen } from '../../main/engine/linear/spectrum.ts';
import { createRandom } from '../../main/engine/random.ts';
import { problemOf, references, weightings } from '../support/linear.ts';

describe('softmax', () => {
  for (const [number, reference] of references.problems.entries())
    for (const weighting of weightings)
      it(`finds scikit-learn's optimum: problem ${number}, weights ${weighting}`, async () => {
        const solver = await createSoftmaxSolver(problemOf(reference, weighting), { tolerance: 1e-5 }, neverCancelled);
        for (const expected of reference[weighting].softmax) {
          const solution = await solver.solve(expected.lambda);
          expect(solution.converged).toBe(true);
          expect(Math.abs(solution.objective / expected.objective - 1)).toBeLessThan(1e-5);
          const largest = Math.max(...expected.weights.map(Math.abs));
          for (const [i, weight] of expected.weights.entries())
            expect(Math.abs(solution.weights[i] - weight)).toBeLessThan(5e-3 * largest);
          // Adding one number to every bias changes nothing: differences are what is comparable.
          for (const [c, bias] of expected.bias.entries())
            expect(solution.bias[c] - solution.bias[0]).toBeCloseTo(bias - expected.bias[0], 1);
        }
        await solver.release();
      });

  it('gives the same bits again', async () => {
    const problem = problemOf(references.problems[0], 'none');
    const solve = async () => {
      const solver = await createSoftmaxSolver(problem, { tolerance: 1e-5 }, neverCancelled);
      const solutions = [await solver.solve(0.1), await solver.solve(0.03), await solver.solve(0.01)];
      await solver.release();
      return solutions;
    };
    expect(await solve()).toEqual(await solve());
  });

  it('says that it did not converge when the iterations run out', async () => {
    const problem = problemOf(references.problems[0], 'none');
    const solver = await createSoftmaxSolver(problem, { tolerance: 1e-5, maxIterations: 2 }, neverCancelled);
    expect(await solver.solve(0.001)).toMatchObject({ iterations: 2, converged: false });
    await solver.release();
  });
});

describe('L-BFGS', () => {
  it("finds the minimum of Rosenbrock's valley", async () => {
    const valley = ([x, y]: Float64Array) =>
      Promise.resolve({
        value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
        gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
      });
    const minimum = await minimise(valley, Float64Array.of(-1.2, 1), {
      gradientNorm: 1e-8,
      maxIterations: 200,
      precondition: (vector) => Promise.resolve(vector),
    });
    expect(minimum.converged).toBe(true);
    expect(minimum.iterations).toBeLessThan(60);
    expect(minimum.point[0]).toBeCloseTo(1, 7);
    expect(minimum.point[1]).toBeCloseTo(1, 7);
  });
});

describe('eigenvectors of a symmetric matrix', () => {
  it('give the matrix back', () => {
    const size = 9;
    const random = createRandom(3);
    const factor = Float64Array.from({ length: size * size }, () => random.normal());
    const matrix = factor.map((_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      return Array.from({ length: size }, (_, k) => factor[i * size + k] * factor[j * size + k]).reduce(
        (a, b) => a + b,
      );
    });
    const { values, vectors } = symmetricEigen(matrix, size);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    for (const [at, expected] of matrix.entries()) {
      const [i, j] = [Math.floor(at / size), at % size];
      let sum = 0;
      for (let k = 0; k < size; k++) sum += values[k] * vectors[k * size + i] * vectors[k * size + j];
      expect(sum).toBeCloseTo(expected, 9);
    }
  });
});
