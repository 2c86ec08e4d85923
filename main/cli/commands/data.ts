import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Removal, RemovalWeight } from '../../contract/api/items.ts';
import { count, counted } from '../../contract/counts.ts';
import type { Refusal } from '../../contract/images.ts';
import { importFormats } from '../../contract/images.ts';
import { importItems, type ImportOptions, type ImportReport } from '../../items/import.ts';
import { findImages, findItem } from '../../items/find.ts';
import { removeInPortions, weighRemoval } from '../../items/remove.ts';
import { listLabels } from '../../labels/list-labels.ts';
import { beginProject } from '../../networks/box.ts';
import { setSetting } from '../../projects/settings.ts';
import { projectStatus } from '../../overview/status.ts';
import { putCsv } from '../csv-output.ts';
import { number } from '../options.ts';
import { answer } from '../session.ts';
import { table } from '../table.ts';

/** Making projects, bringing images and labels in, seeing what is there. */
export function addDataCommands(program: Command): void {
  program
    .command('new')
    .description('make a new project')
    .argument('<project>', 'its folder; .parfocal is put behind the name')
    .action(async (folder: string, _options: object, command: Command) => {
      await answer(command, async ({ studio }) => {
        const project = await beginProject(studio, folder);
        project.close();
        return { json: { project: project.folder }, text: `Made ${project.folder}` };
      });
    });

  program
    .command('import')
    .description('bring images, regions and labels into a project')
    .argument('<project>')
    .argument('<source>', 'a folder of images, or an annotation file or folder')
    .addOption(
      new Option('--format <format>', 'what the source is').choices(['auto', ...importFormats]).default('auto'),
    )
    .option('--images <folder>', 'where the images lie that an annotation file names')
    .addOption(new Option('--labels <from>', 'sub-folder names are the classes').choices(['folders']))
    .option(
      '--group <rule>',
      'what must not be divided between training and test: image, folder:N, column, or a regular expression over the path',
    )
    .option('--copy', 'copy the images into the project instead of referring to them')
    .option(
      '--margin <share>',
      'context around a region, as a share of its longer side',
      number({ min: 0, max: 2 }),
      0.1,
    )
    .option(
      '--point-size <pixels>',
      'side of the box about a point, for rows with a place but no width and height',
      number({ min: 1 }),
    )
    .option(
      '--display <limits>',
      'stored values shown as black and white in every image of more than 8 bits: LOW,HIGH, or image for each image’s own',
      displayLimits,
    )
    .action(
      async (
        folder: string,
        source: string,
        options: ImportOptions & { display?: ReturnType<typeof displayLimits> },
        command: Command,
      ) => {
        await answer(command, async ({ open, control }) => {
          const project = open(folder);
          const { display, ...importOptions } = options;
          if (display) setSetting(project, 'displayLimits', display.limits);
          const report = await importItems(project, source, importOptions, control);
          return { json: report, text: describeImport(report) };
        });
      },
    );

  addRemoveCommand(program);

  program
    .command('status')
    .description('what a project holds')
    .argument('<project>')
    .action(async (folder: string, _options: object, command: Command) => {
      await answer(command, ({ open }) => {
        const status = projectStatus(open(folder));
        const text = [
          `${status.name}: ${status.images.toLocaleString('en')} images, ${status.items.toLocaleString('en')} items (${status.regions.toLocaleString('en')} regions), ${status.groups.toLocaleString('en')} groups`,
          `${status.labelled.toLocaleString('en')} labelled, ${status.runs.toLocaleString('en')} runs, network ${status.network ?? 'not chosen yet'}`,
          ...(status.missingImages
            ? [
                `${status.missingImages.toLocaleString('en')} images are not where they were: import their new folder to find them again`,
              ]
            : []),
          ...(status.classes.length
            ? [
                '',
                table(
                  ['class', 'items', 'groups'],
                  status.classes.map((one) => [one.name, one.items, one.groups]),
                ),
              ]
            : []),
        ];
        return { json: status, text: text.join('\n') };
      });
    });

  program
    .command('labels')
    .description('write every label to a CSV file')
    .argument('<project>')
    .requiredOption('--csv <file>', 'the file to write; - for the standard output')
    .option('--history', 'every change that was ever made, not only the labels that hold now')
    .action(async (folder: string, options: { csv: string; history?: boolean }, command: Command) => {
      await answer(command, async ({ open }) => {
        const rows = [...listLabels(open(folder), { history: options.history ?? false })];
        const columns = [
          'image',
          'page',
          'x',
          'y',
          'width',
          'height',
          'label',
          'group',
          'split',
          'item',
          'source',
          'author',
          'time',
        ] as const;
        const text = await putCsv(
          options.csv,
          columns,
          rows.map((row) => columns.map((column) => row[column])),
        );
        return { json: options.csv === '-' ? rows : { file: options.csv, labels: rows.length }, text };
      });
    });
}

interface RemoveOptions {
  readonly image?: readonly string[];
  readonly yes?: boolean;
}

function addRemoveCommand(program: Command): void {
  program
    .command('remove')
    .description('take items or images out of a project, with their labels and codes')
    .argument('<project>')
    .argument('[items...]', 'their numbers, or paths of images that have one item')
    .option('--image <paths...>', 'images, with all their items')
    .option('--yes', 'do it; without this, what would go is said and nothing is touched')
    .action(async (folder: string, given: readonly string[], { image = [], yes }: RemoveOptions, command: Command) => {
      if (given.length > 0 === image.length > 0)
        command.error('error: name either items or, by --image, images', { exitCode: 2 });
      await answer(command, async ({ open, control }) => {
        const project = open(folder);
        const removal: Removal = image.length
          ? { what: 'images', ids: image.flatMap((path) => findImages(project, path)) }
          : { what: 'items', ids: given.map((one) => findItem(project, one)) };
        const weight = weighRemoval(project, removal);
        if (yes) await removeInPortions(project, removal, control);
        return { json: { removed: yes ?? false, ...weight }, text: describeRemoval(weight, yes ?? false) };
      });
    });
}

function describeRemoval({ images, items, labelled, copies }: RemovalWeight, done: boolean): string {
  const what = `${counted(items, 'item')} (${count(labelled)} labelled), ${counted(images, 'image')}`;
  const files = copies ? `, ${counted(copies, 'copied file')} deleted` : '';
  return done
    ? `Removed ${what}${files}`
    : `This would remove ${what}${files}. It cannot be undone; add --yes to do it. Files outside the project stay.`;
}

function displayLimits(text: string): { limits: { low: number; high: number } | null } {
  if (text === 'image') return { limits: null };
  const [low, high, ...rest] = text.split(',').map(Number);
  // With one number or none, `high` is undefined and nothing lies below it.
  if (rest.length || !(low < high)) {
    throw new InvalidArgumentError('It must be LOW,HIGH with LOW below HIGH, or image.');
  }
  return { limits: { low, high } };
}

/** Lines of a report that are shown; the rest is counted. */
const shownRefusals = 20;

export function listRefusals(title: string, refusals: readonly Refusal[]): string[] {
  if (!refusals.length) return [];
  const more = refusals.length - shownRefusals;
  return [
    `${title}: ${refusals.length.toLocaleString('en')}`,
    ...refusals.slice(0, shownRefusals).map(({ source, reason }) => `  ${source}: ${reason}`),
    ...(more > 0 ? [`  … and ${more.toLocaleString('en')} more (--json lists all)`] : []),
  ];
}

function describeImport(report: ImportReport): string {
  return [
    `Read as ${report.format}: ${count(report.imported)} items imported, ${count(report.alreadyThere)} already there, ${count(report.labelled)} labelled`,
    ...(report.withoutGroup ? [`${count(report.withoutGroup)} without a group`] : []),
    ...listRefusals('Refused', report.refused),
    ...listRefusals('Labels that differ from the project’s, which were kept', report.conflicts),
  ].join('\n');
}
