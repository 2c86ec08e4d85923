import { logGrid, tolerances } from '../main/engine/linear/fit.ts';
import { createKernel, matrix, rowBlocks, scoresModel, vector } from '../main/engine/linear/kernels.ts';
import { neverCancelled } from '../main/engine/linear/breathe.ts';
import { indexOfLargest } from '../main/engine/linear/scores.ts';
import { createSoftmaxSolver } from '../main/engine/linear/softmax.ts';
import type { Problem, Solution } from '../main/engine/linear/solver.ts';
import { type Matrix, standardisation, standardiseRows } from '../main/engine/linear/standardise.ts';
import { createSvmSolver } from '../main/engine/linear/svm.ts';
import { createRandom } from '../main/engine/random.ts';
import { type Figure, report } from './report.ts';

const trainingRows = 10_000;
const validationRows = 2_500;
const columns = 1024;
const classCount = 10;
const factors = 128;

/** The linear solvers on 10,000 × 1,024 × 10: softmax over its whole grid, every value scored; the SVM's optimality. */
export async function benchLinear(): Promise<readonly Figure[]> {
  const { codes, classes } = syntheticCodes();
  return [...(await softmaxGrid(codes, classes)), ...(await svm(codes, classes))];
}

async function softmaxGrid(codes: Matrix, classes: Int32Array): Promise<Figure[]> {
  const start = performance.now();
  const { problem, validation } = await prepare(codes, classes);
  const solver = await createSoftmaxSolver(problem, { tolerance: tolerances.softmax.search }, neverCancelled);
  const scorer = await createKernel(scoresModel());
  let iterations = 0;
  let unfinished = 0;
  let best = 0;
  for (const value of logGrid(1e5, 1e-6, 45)) {
    const solution = await solver.solve(value);
    iterations += solution.iterations;
    if (!solution.converged) unfinished++;
    const feeds = {
      weights: matrix(Float32Array.from(solution.weights), classCount, columns),
      bias: vector(Float32Array.from(solution.bias)),
    };
    let right = 0;
    for (const { first, rows, tensor } of rowBlocks(validation)) {
      const { scores } = await scorer.run({ codes: tensor, ...feeds });
      for (let row = 0; row < rows; row++)
        if (indexOfLargest(scores, row * classCount, classCount) === classes[trainingRows + first + row]) right++;
    }
    best = Math.max(best, right / validation.rows);
  }
  const seconds = (performance.now() - start) / 1000;
  await scorer.release();
  await solver.release();
  return [
    {
      name: `softmax, 45 values of λ, ${trainingRows} × ${columns} × ${classCount}`,
      value: seconds,
      unit: 's',
      goal: { atMost: 10 },
    },
    { name: 'softmax, iterations in all', value: iterations, unit: '' },
    { name: 'softmax, values that missed the tolerance', value: unfinished, unit: '', goal: { atMost: 0 } },
    { name: 'softmax, best validation accuracy', value: best, unit: '' },
  ];
}

async function svm(codes: Matrix, classes: Int32Array): Promise<Figure[]> {
  const { problem } = await prepare(codes, classes);
  const figures: Figure[] = [];
  for (const loss of ['squared-hinge', 'hinge'] as const) {
    const start = performance.now();
    const solver = await createSvmSolver(problem, { loss, tolerance: tolerances.svm.final, seed: 0 }, neverCancelled);
    const solved: (Solution & { readonly gap: number })[] = [];
    for (const value of logGrid(1e2, 1e-2, 9)) solved.push(await solver.solve(value));
    const seconds = (performance.now() - start) / 1000;
    await solver.release();
    figures.push({ name: `SVM, ${loss}, 9 values of λ from 100 to 0.01`, value: seconds, unit: 's' });
    figures.push({
      name: `SVM, ${loss}, largest relative duality gap`,
      value: 100 * Math.max(...solved.map(({ gap }) => gap)),
      unit: '%',
      goal: { atMost: 0.1 },
    });
  }
  return figures;
}

async function prepare(codes: Matrix, classes: Int32Array): Promise<{ problem: Problem; validation: Matrix }> {
  const rows = Int32Array.from({ length: codes.rows }, (_, row) => row);
  const train = rows.subarray(0, trainingRows);
  const standard = await standardisation(codes, train, neverCancelled);
  return {
    problem: {
      codes: await standardiseRows(codes, train, standard, neverCancelled),
      classes: classes.subarray(0, trainingRows),
      classCount,
      rowWeights: new Float64Array(trainingRows).fill(1),
    },
    validation: await standardiseRows(codes, rows.subarray(trainingRows), standard, neverCancelled),
  };
}

/**
 * Codes like a network's: classes overlap, columns depend on each other through a few factors of falling weight, and
 * everything is ReLU'd, so that about half of the values are zero.
 */
function syntheticCodes(): { codes: Matrix; classes: Int32Array } {
  const random = createRandom(1);
  const normals = (count: number) => Float64Array.from({ length: count }, () => random.normal());
  const rows = trainingRows + validationRows;
  const mixing = normals(factors * columns);
  const centres = normals(classCount * factors);
  const offsets = normals(columns);
  const data = new Float32Array(rows * columns);
  const classes = new Int32Array(rows);
  const row = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    classes[i] = random.integer(classCount);
    for (let j = 0; j < columns; j++) row[j] = 0.7 * offsets[j] - 0.5 + 0.5 * random.normal();
    for (let f = 0; f < factors; f++) {
      const strength = (random.normal() + 0.2 * centres[classes[i] * factors + f]) / (2 * Math.sqrt(1 + f));
      for (let j = 0; j < columns; j++) row[j] += strength * mixing[f * columns + j];
    }
    for (let j = 0; j < columns; j++) data[i * columns + j] = Math.max(0, row[j]);
  }
  return { codes: { data, rows, columns }, classes };
}

if (import.meta.main) {
  const figures = await benchLinear();
  report([{ bench: 'linear', figures, peakMemoryMB: process.resourceUsage().maxRSS / 1024 }]);
}
