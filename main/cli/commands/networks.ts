import { type Command, Option } from 'commander';
import { computeCodes, type CodesReport } from '../../codes/compute.ts';
import { nearestItems } from '../../codes/neighbours.ts';
import { formatBytes } from '../../contract/bytes.ts';
import type { Card } from '../../contract/cards.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import { type NetworkInfo, type Pooling, scalingNames, type ScalingName } from '../../contract/networks.ts';
import { speedClass, type ZooListing } from '../../contract/zoo.ts';
import { describeItems, findItem } from '../../items/find.ts';
import { networksAtHand } from '../../networks/box.ts';
import { addNetwork, findNetwork, listNetworks, removeNetwork } from '../../networks/library.ts';
import { describeLibrary } from '../../networks/overview.ts';
import { selectPoint, selectPoints, useNetwork } from '../../networks/project-network.ts';
import { findEntry } from '../../networks/zoo/entries.ts';
import { getFromZoo, listZoo } from '../../networks/zoo/get.ts';
import { fineTunedFile } from '../../training/runs.ts';
import { deviceOption, networkOption, number, pointOption, poolingOption, sizeOption } from '../options.ts';
import { answer } from '../session.ts';
import { type Cell, table } from '../table.ts';
import { listRefusals } from './data.ts';

interface CodesOptions {
  readonly network?: string;
  readonly at: string;
  readonly pool: Pooling;
  readonly size?: number;
  readonly device: DeviceChoice;
}

/** Networks, the codes that they give, and what lies near by them. */
export function addNetworkCommands(program: Command): void {
  const network = program.command('network').description('the pretrained networks at hand');

  network
    .command('list')
    .description('list them')
    .option('--zoo', 'published networks that can be had with `network get`, instead')
    .action(async ({ zoo = false }: { zoo?: boolean }, command: Command) => {
      await answer(command, ({ studio }) => {
        if (zoo) return describeZoo(listZoo(studio));
        const networks = networksAtHand(studio).map(({ info }) => info);
        const rows = networks.map((info): Cell[] => [
          info.name,
          `${info.preprocessing.size} px`,
          millions(info.parameters),
          info.classes,
          info.freezePoints.length,
        ]);
        const text = networks.length
          ? table(['network', 'input', 'parameters', 'classes', 'freeze points'], rows)
          : 'There are no networks yet. Add one with: parfocal network add PATH, or get one with: parfocal network get ID';
        return { json: networks, text };
      });
    });

  network
    .command('show')
    .description('one of them, with its freeze points')
    .argument('<network>')
    .action(async (name: string, _options: object, command: Command) => {
      await answer(command, ({ studio }) => {
        const { info } = findNetwork(networksAtHand(studio), name);
        return { json: info, text: describeNetwork(info) };
      });
    });

  network
    .command('add')
    .description('take one in from a file (ONNX, a TensorFlow.js layers-model, or Caffe), or from a fine-tuned run')
    .argument(
      '<path>',
      'an .onnx file, the folder or model.json of a TensorFlow.js layers-model, a .prototxt of Caffe; with --run a project',
    )
    .option('--weights <file>', 'the .caffemodel of a network of Caffe, where it does not lie beside it')
    .addOption(
      new Option(
        '--mean <file>',
        'the mean image (.binaryproto) of a network of Caffe; it is averaged over its area, to one mean for each channel',
      ).conflicts('preprocessing'),
    )
    .option('--run <number>', 'the network that this run of the project fine-tuned', number({ min: 1, whole: true }))
    .option('--name <name>', 'what to call it; its file’s name when left out')
    .addOption(
      new Option('--preprocessing <way>', 'how it wants its pixels scaled, where the file does not say').choices(
        scalingNames,
      ),
    )
    .addOption(sizeOption())
    .action(
      async (
        path: string,
        {
          preprocessing: scaling,
          size,
          name,
          run,
          weights,
          mean,
        }: {
          preprocessing?: ScalingName;
          size?: number;
          name?: string;
          run?: number;
          weights?: string;
          mean?: string;
        },
        command: Command,
      ) => {
        await answer(command, async ({ studio, open, control }) => {
          const file = run === undefined ? path : fineTunedFile(open(path), run);
          const options = {
            ...(scaling ? { scaling } : {}),
            ...(size === undefined ? {} : { size }),
            ...(name === undefined ? {} : { name }),
            ...(weights === undefined ? {} : { weights }),
            ...(mean === undefined ? {} : { mean }),
          };
          const { info } = await addNetwork(studio.libraryFolder, studio.trainer, file, options, control);
          return { json: info, text: `Added ${info.name}\n\n${describeNetwork(info)}` };
        });
      },
    );

  network
    .command('get')
    .description('fetch a published network and add it; what was fetched before it was cut off is gone on with')
    .argument('<id>', 'as `network list --zoo` has it')
    .option('--from <source>', 'a mirror’s address, a file or its folder, instead of where it was published')
    .action(async (id: string, { from }: { from?: string }, command: Command) => {
      await answer(command, async ({ studio, control, say }) => {
        const entry = findEntry(studio.dataFolder, id);
        say(
          `${entry.name}: ${formatBytes(entry.bytes)} from ${from ?? new URL(entry.addresses[0]).host}, ${entry.licence}`,
        );
        const { info } = await getFromZoo(studio, entry, { ...control, from });
        return { json: info, text: `${info.name} is in your library.\n\n${describeNetwork(info)}` };
      });
    });

  network
    .command('remove')
    .description('take one out of the library; projects that use it keep it')
    .argument('<network>')
    .action(async (name: string, _options: object, command: Command) => {
      await answer(command, async ({ studio }) => {
        const { info } = findNetwork(listNetworks(studio.libraryFolder), name);
        const { freed, projects } = (await describeLibrary(studio)).find(({ hash }) => hash === info.hash)!;
        await removeNetwork(studio.libraryFolder, info.hash);
        const kept = projects.length ? ` It stays in ${projects.join(', ')}.` : '';
        return {
          json: { name: info.name, hash: info.hash, freed, projects },
          text: `Removed ${info.name}: ${formatBytes(freed)} are free again.${kept}`,
        };
      });
    });

  program
    .command('codes')
    .description('compute CNN codes: what the network makes of every item')
    .argument('<project>')
    .addOption(networkOption())
    .addOption(pointOption('the freeze point: its name, its number, last, or all'))
    .addOption(poolingOption())
    .addOption(sizeOption())
    .addOption(deviceOption())
    .action(async (folder: string, options: CodesOptions, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const used = await useNetwork(studio, project, options.network);
        const points = selectPoints(used, options.at);
        const report = await computeCodes(
          studio,
          project,
          {
            network: used,
            points,
            pooling: options.pool,
            device: options.device,
            ...(options.size === undefined ? {} : { size: options.size }),
          },
          control,
        );
        return { json: report, text: describeCodes(report) };
      });
    });

  program
    .command('similar')
    .description('the items that look most like one, by their codes')
    .argument('<project>')
    .argument('<item>', 'its number, or the path of its image')
    .option('-k <count>', 'how many', number({ min: 1, max: 1000, whole: true }), 20)
    .addOption(networkOption())
    .addOption(pointOption('the freeze point: its name, its number, or last'))
    .addOption(poolingOption())
    .addOption(deviceOption())
    .action(async (folder: string, item: string, options: CodesOptions & { k: number }, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const itemId = findItem(project, item);
        const used = await useNetwork(studio, project, options.network);
        const point = selectPoint(used, options.at);
        const { sets } = await computeCodes(
          studio,
          project,
          { network: used, points: [point], pooling: options.pool, device: options.device },
          control,
        );
        const nearest = await nearestItems(project, sets[0].id, itemId, options.k, control);
        const described = describeItems(
          project,
          nearest.map((neighbour) => neighbour.itemId),
        );
        const rows = nearest.map((neighbour, index) => ({ ...described[index], distance: neighbour.distance }));
        const text = table(
          ['item', 'distance', 'label', 'image', 'box'],
          rows.map((row) => [
            String(row.item),
            row.distance,
            row.label,
            row.image,
            row.box ? `${row.box.x},${row.box.y} ${row.box.width}×${row.box.height}` : 'whole',
          ]),
          4,
        );
        return { json: rows, text };
      });
    });
}

function describeZoo(entries: readonly ZooListing[]): { json: unknown; text: string } {
  const rows = entries.map((entry): Cell[] => [
    entry.id,
    entry.name,
    formatBytes(entry.bytes),
    speedClass(entry.multiplyAdds),
    `${entry.accuracy.toFixed(1)}%`,
    entry.licence,
    entry.network === null ? (entry.fetched > 0 ? `${formatBytes(entry.fetched)} fetched` : '') : 'here',
  ]);
  return {
    json: entries,
    text: table(['id', 'network', 'size', 'speed', 'ImageNet', 'licence', ''], rows),
  };
}

function millions(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : `${(value / 1e3).toFixed(0)} k`;
}

function describeNetwork(info: NetworkInfo): string {
  const { size, channels, range, mean, deviation } = info.preprocessing;
  const rows = info.freezePoints.map((point): Cell[] => [
    point.index,
    point.name,
    point.shape.join('×'),
    point.stride,
    millions(point.parametersBefore),
    millions(point.parametersAfter),
    millions(point.multiplyAddsBefore),
    millions(point.multiplyAddsAfter),
  ]);
  return [
    `${info.name}: ${millions(info.parameters)} parameters, ${info.classes === null ? 'no classifier of its own' : `a classifier of ${info.classes} classes (left out)`}`,
    ...(info.parent
      ? [
          `fine-tuned from ${info.parent.name} (${info.parent.hash.slice(0, 12)}) in ${info.parent.project}, run ${info.parent.run}`,
        ]
      : []),
    ...(info.classNames ? [`its own classifier tells apart ${info.classNames.join(', ')}`] : []),
    ...(info.card ? cardLines(info.card) : []),
    ...(info.publication
      ? [`${info.publication.licence}; ${info.publication.citation}; ${info.publication.documentation}`]
      : []),
    `input ${size}×${size} ${channels.toUpperCase()}, pixels to ${range.join('…')}, minus ${mean.join(', ')}, over ${deviation.join(', ')} (${info.preprocessingSource})`,
    '',
    table(['', 'freeze point', 'shape', 'stride', 'parameters before', 'after', 'multiply-adds before', 'after'], rows),
  ].join('\n');
}

/** What the sharer of a classifier says of it, and how good it was where it was made. */
export function cardLines({ author, licence, notes, macroF1, items }: Card): string[] {
  return [
    `${author === '' ? 'shared by someone who gave no name' : `shared by ${author}`}; licence: ${licence === '' ? 'none was given' : licence}`,
    ...(notes === '' ? [] : [notes]),
    ...(macroF1
      ? [`macro-F1 ${macroF1.value.toFixed(3)} on ${items.test.toLocaleString('en')} items held out where it was made`]
      : []),
  ];
}

function describeCodes(report: CodesReport): string {
  const sets = report.sets.map((set): Cell[] => [set.point, set.dimensions]);
  return [
    report.computed
      ? `Computed the codes of ${report.computed.toLocaleString('en')} items`
      : 'All codes were there already',
    ...(report.device === undefined ? [] : [`Device: ${report.device}`]),
    ...listRefusals(
      'Not read',
      report.failures.map(({ id, reason }) => ({ source: `item ${id}`, reason })),
    ),
    table(['freeze point', 'length'], sets),
  ].join('\n');
}
