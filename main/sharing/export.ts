import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { noStatement, type Statement } from '../contract/cards.ts';
import { UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import type { RunResult } from '../contract/runs.ts';
import { listViews } from '../items/views.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { type Run, runItems } from '../training/runs.ts';
import { cardOf } from './card.ts';
import { writeClassifier } from './classifier.ts';
import { recordExport } from './exports.ts';
import { modelCard } from './model-card.ts';
import { predictViews } from './predict.ts';

export interface ExportReport {
  readonly files: readonly string[];
  readonly agreement: Agreement;
}

export interface ExportRequest {
  readonly folder: string;
  readonly fold?: boolean;
  /** What the person says of it. */
  readonly statement?: Statement;
}

/** How the written file answered, against what the studio had answered for the same items. */
export interface Agreement {
  readonly items: number;
  /** Over all items and classes. */
  readonly largestDifference: number;
}

/** A written file that answers otherwise than the studio by more than this is not handed out. */
export const largestAllowedDifference = 1e-4;
/** Held-out items that the written file is tried on. */
const triedItems = 200;

/**
 * Writes the classifier of a run as one ONNX file with a model card beside it, then runs that file on held-out items and
 * compares.
 *
 * @param fold puts BatchNormalization into the weights before it: faster where nobody does so on loading
 * @throws UserError when the answers differ by more than 1e-4 (nothing is left behind then, and an earlier export stays)
 */
export async function exportRun(
  studio: Studio,
  project: Project,
  run: Run & { result: RunResult },
  { folder, fold = true, statement = noStatement }: ExportRequest,
  control: Control = {},
): Promise<ExportReport> {
  const target = resolve(folder);
  await mkdir(target, { recursive: true });
  const name = `${project.name}-run-${run.id}`;
  const modelFile = join(target, `${name}.onnx`);
  const cardFile = join(target, `${name}.md`);
  // Under its own name only once it is checked: an earlier export stays until then.
  const unchecked = join(target, `${name}.unchecked.onnx`);
  try {
    const card = cardOf(project, run, statement);
    const classifier = await writeClassifier(studio, project, run, { target: unchecked, fold, card }, control);
    const expected = heldOut(project, run.id);
    const { images, keys } = listViews(project, ({ id }) => expected.has(id));
    const { answers, failures } = await predictViews(studio, classifier, images, keys.size, 'cpu', control);
    if (!answers.size) {
      const why = failures.length ? `: ${failures[0].reason}` : '.';
      throw new UserError(`The exported file could not be checked: no image of the run could be read${why}`);
    }
    const agreement = compare(expected, answers);
    if (!(agreement.largestDifference <= largestAllowedDifference)) {
      throw new UserError(
        `The exported file answers otherwise than the studio: a probability differs by ${agreement.largestDifference.toExponential(1)}, more than ${largestAllowedDifference}. It was not kept. If images or their display limits changed since run ${run.id}, train again and export that.`,
      );
    }
    await writeFile(cardFile, modelCard(project, run, card, agreement));
    await rename(unchecked, modelFile);
    const report = { files: [modelFile, cardFile], agreement };
    recordExport(project, run.id, report);
    return report;
  } finally {
    await rm(unchecked, { force: true });
  }
}

/** The studio's answers for held-out items; for any items where none were held out. */
function heldOut(project: Project, runId: number): Map<number, Float32Array> {
  const all = [...runItems(project, runId)].filter((item) => item.probabilities !== null);
  const test = all.filter((item) => item.part === 'test');
  const chosen = test.length ? test : all;
  const step = Math.max(1, chosen.length / triedItems);
  const picked = new Map<number, Float32Array>();
  for (let at = 0; at < chosen.length; at += step) {
    const item = chosen[Math.floor(at)];
    picked.set(item.itemId, item.probabilities!);
  }
  return picked;
}

function compare(expected: ReadonlyMap<number, Float32Array>, answers: ReadonlyMap<number, Float32Array>): Agreement {
  let largestDifference = 0;
  for (const [id, answer] of answers) {
    const own = expected.get(id)!;
    for (let at = 0; at < own.length; at++)
      largestDifference = Math.max(largestDifference, Math.abs(own[at] - answer[at]));
  }
  return { items: answers.size, largestDifference };
}
