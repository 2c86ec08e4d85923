import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import { type Explanation, explainItem } from '../../evaluation/explain.ts';
import { encodeOverlay } from '../../images/heat-map.ts';
import { describeItems, findItem } from '../../items/find.ts';
import { finishedRun, type Run } from '../../training/runs.ts';
import { number } from '../options.ts';
import { describeRecipe } from '../run-text.ts';
import { answer } from '../session.ts';
import { table } from '../table.ts';

interface ExplainOptions {
  readonly item: string;
  readonly run?: number;
  readonly class?: string;
  readonly at?: string;
  readonly out?: string;
  readonly opacity: number;
}

/** Why a run answers as it does for an item. */
export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('why a run answers as it does for an item: where in the picture it sees a class, and what is alike')
    .argument('<project>')
    .requiredOption('--item <item>', 'its number, or the path of an image that has one item only')
    .option('--run <number>', 'the run; the last when left out', number({ min: 1, whole: true }))
    .option('--class <name>', 'the class to look for; the likeliest when left out')
    .option('--at <point>', 'the freeze point to look at; the last that still has places when left out')
    .option(
      '--out <file>',
      'a PNG file to write: the picture as the network saw it, with the class activation map over it',
    )
    .option('--opacity <share>', 'of the map over the picture', number({ min: 0, max: 1 }), 0.6)
    .action(async (folder: string, options: ExplainOptions, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const run = finishedRun(project, options.run);
        const itemId = findItem(project, options.item);
        const chosen = options.class === undefined ? undefined : classNamed(run, options.class);
        const request = { itemId, classes: chosen === undefined ? [] : [chosen], point: options.at };
        const found = await explainItem(studio, project, run, request, control);
        const map = found.maps.find(({ classIndex }) => classIndex === (chosen ?? found.maps[0].classIndex))!;
        const shown = run.config.classes[map.classIndex];
        if (options.out !== undefined) {
          const picture = { width: found.size, height: found.size, data: found.pixels };
          await writeFile(options.out, await encodeOverlay(picture, map, options.opacity));
        }
        const probabilities = byClass(run, found);
        const nearest = found.nearest?.map(({ itemId: item, distance }) => ({
          ...describeItems(project, [item])[0],
          similarity: 1 - distance,
        }));
        const { width, height, values } = map;
        const json = {
          run: run.id,
          item: itemId,
          probabilities: Object.fromEntries(probabilities),
          point: found.point,
          points: found.points,
          map: { class: shown, width, height, values: [...values] },
          nearest: nearest ?? null,
          ...(options.out === undefined ? {} : { file: options.out }),
        };
        const lit = values.some((value) => value > 0);
        const text = [
          `Run ${run.id}: ${describeRecipe(run)}`,
          '',
          table(['class', 'probability'], probabilities),
          '',
          lit
            ? `${shown} is seen at ${found.point}: ${placeOf(map)}`
            : `At ${found.point} no place in the picture says more for ${shown} than another.`,
          ...(options.out === undefined ? [] : [`Wrote ${options.out}`]),
          '',
          nearest
            ? `Labelled items that are alike by their codes\n${table(
                ['item', 'label', 'similarity', 'image'],
                nearest.map((one) => [one.item, one.label, one.similarity, one.image]),
              )}`
            : 'No codes of this item are at hand to compare it with others: parfocal codes computes them.',
        ];
        return { json, text: text.join('\n') };
      });
    });
}

function classNamed(run: Run, name: string): number {
  const index = run.config.classes.indexOf(name);
  if (index < 0) throw new UserError(`Run ${run.id} has no class ${name}. It has: ${run.config.classes.join(', ')}.`);
  return index;
}

/** The likeliest first. */
function byClass(run: Run, { probabilities }: Explanation): [string, number][] {
  return run.config.classes
    .map((name, index): [string, number] => [name, probabilities[index]])
    .sort((a, b) => b[1] - a[1]);
}

/** Where a map is brightest, in words. */
function placeOf({ width, height, values }: Explanation['maps'][number]): string {
  const at = values.indexOf(Math.max(...values));
  const third = (place: number, of: number, names: readonly [string, string, string]): string =>
    names[Math.min(2, Math.floor(((place + 0.5) / of) * 3))];
  const down = third(Math.floor(at / width), height, ['upper', 'middle', 'lower']);
  const across = third(at % width, width, ['left', 'centre', 'right']);
  return `most of all in the ${down} ${across} of the picture`;
}
