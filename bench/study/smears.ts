/**
 * `npm run study:smears`: fine-tuning of two MobileNets at three freeze points on the regions of blood smears, beside a linear
 * classifier on their codes. The data set's own parts. The table goes to `docs/fine-tuning-smears.md`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importItems } from '../../main/items/import.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import { createProject } from '../../main/projects/project.ts';
import { createStudio } from '../../main/studio.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { machine } from '../machine.ts';
import { shared } from './datasets.ts';
import { KeptResults } from './kept.ts';
import { type Score, tryWay, type Way } from './ways.ts';

interface Outcome extends Score {
  readonly network: string;
  readonly way: string;
}

const networks = ['mobilenet-v1-0.25-224', 'mobilenet-v1-1.0-224-trunk'];
const ways: readonly Way[] = [
  { name: 'codes + softmax', choice: undefined },
  ...['conv_pw_11', 'conv_pw_7', 'conv_pw_3'].map((freeze) => ({ name: `LP-FT after ${freeze}`, choice: { freeze } })),
];
const data = { size: 96, symmetric: true };

if (!existsSync(shared)) {
  console.error('The real images and weights that are trained on are not at hand.');
  process.exit(1);
}
const outcomes = new KeptResults<Outcome>('smears');
const work = await mkdtemp(join(tmpdir(), 'parfocal-study-'));
const studio = createStudio(forkTrainer, { dataFolder: join(work, 'data') });
const project = createProject(join(work, 'smears'));
try {
  await importItems(project, join(shared, 'data/bccd'), { group: 'image' });
  for (const name of networks) {
    await addNetwork(studio.libraryFolder, studio.trainer, join(shared, 'models', name));
    const network = await useNetwork(studio, project, name);
    for (const way of ways) {
      const { epochs } = await tryOnce(network, way);
      if (way.choice) await tryOnce(network, still(way, epochs));
    }
  }
} finally {
  project.close();
  studio.close();
  await rm(work, { recursive: true });
}
writeDocument();

/** As a way, but for the steps, which are as good as none: what its losses would be with the weights that it begins with. */
function still({ name, choice }: Way, epochs: number): Way {
  return { name: `${name}, still`, choice: { ...choice!, rate: 1e-9, epochs, patience: null } };
}

async function tryOnce(network: StoredNetwork, way: Way): Promise<Score> {
  const { name } = network.info;
  const known = outcomeOf(name, way.name);
  if (known) return known;
  const score = await tryWay(studio, project, { network, data, way, seed: 0 });
  outcomes.add({ network: name, way: way.name, ...score });
  writeDocument();
  console.error(`${name}, ${way.name}: ${score.macroF1.toFixed(3)} in ${score.seconds.toFixed(0)} s`);
  return score;
}

function outcomeOf(network: string, way: string): Outcome | undefined {
  return outcomes.all.find((one) => one.network === network && one.way === way);
}

/** The document, with what is known so far. */
function writeDocument(): void {
  const lines = ways.map(({ name }) => [name, ...networks.map((network) => describe(network, name))]);
  const document = `# Fine-tuning on blood smears

Regions of the BCCD data set (red cells, white cells, platelets) at 96 px, its own lists of training, validation and test images,
the product's defaults, one seed. Macro-F1 and accuracy on the test items; loss on the validation items before the first step (of the
fitted classifier) and of the epoch that is kept; loss of training in the last epoch, with the weights of before the first step and as it
was (on the same views of the items: from epoch to epoch these are others, and some are several times as hard); seconds of training,
which depend on what else the machine does. LP-FT learns from the training items alone; the linear classifier, once its penalty is
chosen, from the validation items too.

The fitted classifier solves this set all but for one item or two, and there the usual rates did harm: Adam's steps are as large where
nothing is left to learn. So rates fall in proportion to the loss of the fitted classifier on held-out items, once it is below a tenth
of that of chance. What is kept is the state with the best macro-F1 on the validation items, of equals the one with the smaller loss;
that of before the first step is one of them, and was kept where the validation loss is the same before and after the arrow.

${[['', ...networks], ['---', ...networks.map(() => '---')], ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Made by \`npm run study:smears\` on ${machine}.
`;
  writeFileSync(join(import.meta.dirname, '../../docs/fine-tuning-smears.md'), document);
}

function describe(network: string, way: string): string {
  const outcome = outcomeOf(network, way);
  if (!outcome) return '–';
  const { macroF1, accuracy, losses, seconds } = outcome;
  const scores = `**${macroF1.toFixed(3)}**, ${accuracy.toFixed(3)}`;
  if (!losses) return scores;
  const before = outcomeOf(network, `${way}, still`)?.losses?.training[1];
  const [validation, training] = [losses.validation, [before, losses.training[1]]].map((pair) =>
    pair.map((loss) => loss?.toFixed(4) ?? '–').join(' → '),
  );
  return `${scores}; validation ${validation}; training ${training}; ${seconds.toFixed(0)} s`;
}
