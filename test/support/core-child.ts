/**
 * The core as a process of its own, for tests that hold a project open, or end it in the middle of its work. Says on its
 * standard output how far it is; ends with code 1 and a sentence on its error stream where the core refuses.
 */
import { computeCodes } from '../../main/codes/compute.ts';
import { explain } from '../../main/contract/errors.ts';
import type { Progress } from '../../main/contract/progress.ts';
import { importItems } from '../../main/items/import.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import { createProject, openProject } from '../../main/projects/project.ts';
import { createStudio } from '../../main/studio.ts';
import type { RunConfig } from '../../main/contract/runs.ts';
import { fineTune } from '../../main/training/fine-tune.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const commands: Readonly<Record<string, (...args: string[]) => Promise<void>>> = {
  new: (folder) => {
    createProject(folder).close();
    return Promise.resolve();
  },
  /** Opens a project and keeps it. */
  hold: async (folder) => {
    const project = openProject(folder);
    say('open');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
    project.close();
  },
  /** Imports, saying how many items were read, and stands still in the middle of it. */
  import: async (folder, source, standAt) => {
    const project = openProject(folder);
    const onProgress = ({ done }: Progress): void => {
      say(String(done));
      if (String(done) === standAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    await importItems(project, source, {}, { onProgress });
    project.close();
  },
  /** Computes codes, saying first which process the trainer is. */
  codes: async (folder, data) => {
    const project = openProject(folder);
    const studio = createStudio(forkTrainer, { dataFolder: data });
    const network = await useNetwork(studio, project);
    const request = { network, points: network.info.freezePoints, pooling: 'avg', size: 128, device: 'cpu' } as const;
    await computeCodes(studio, project, request, {
      onProgress: ({ step, done }) => {
        if (step === 'Computing codes') say(`${String(studio.trainer.pid)} ${done}`);
      },
    });
    studio.close();
    project.close();
  },
  /** Fine-tunes as another run was, saying after each epoch which process the trainer is. */
  'fine-tune': async (folder, data, told) => {
    const project = openProject(folder);
    const studio = createStudio(forkTrainer, { dataFolder: data });
    const { fineTuning, seed, device } = JSON.parse(told) as RunConfig;
    const request = { network: await useNetwork(studio, project), settings: fineTuning!, seed, device };
    await fineTune(studio, project, request, {
      onEpoch: ({ epoch }) => say(`${String(studio.trainer.pid)} ${epoch}`),
    });
    studio.close();
    project.close();
  },
};

const [command, ...args] = process.argv.slice(2);
try {
  await commands[command](...args);
} catch (error) {
  const sentence = explain(error);
  console.error(sentence ?? error);
  process.exitCode = sentence === undefined ? 2 : 1;
}
