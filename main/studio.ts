import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adviceRouter } from './advisor/router.ts';
import type { StudioState } from './contract/api/studio.ts';
import type { ImportReport } from './contract/api/items.ts';
import { estimatesRouter } from './estimates/router.ts';
import { evaluationRouter } from './evaluation/router.ts';
import { itemsRouter } from './items/router.ts';
import { labelsRouter } from './labels/router.ts';
import { networksRouter } from './networks/router.ts';
import { probesRouter } from './probing/router.ts';
import { projectsRouter } from './projects/router.ts';
import { openSample } from './projects/sample.ts';
import { api } from './session/api.ts';
import { type ChoosePath, studioRouter } from './session/router.ts';
import { createSession, type Session } from './session/session.ts';
import type { LastPrediction } from './sharing/predicted.ts';
import { sharingRouter } from './sharing/router.ts';
import type { Studio } from './studio-parts.ts';
import { createTrainer } from './trainer/client.ts';
import type { LaunchTrainer } from './trainer/protocol.ts';
import { trainingRouter } from './training/router.ts';

/** What ships with the studio, where it runs from its sources. */
const ownResources = fileURLToPath(new URL('../resources', import.meta.url));

/** A studio with the session that its screens share. */
export interface RunningStudio extends Studio {
  readonly session: Session;
  /** The images that ship with the studio. */
  readonly sampleFolder: string;
  readonly lastPrediction: LastPrediction;
}

export interface StudioFolders {
  /** What this person's studio remembers. */
  readonly dataFolder?: string;
  /** What ships with the studio. */
  readonly resourcesFolder?: string;
}

/** The composition root: what the shell gives goes in, what the domains need comes out. */
export function createStudio(
  launchTrainer: LaunchTrainer,
  { dataFolder = userDataFolder(), resourcesFolder = ownResources }: StudioFolders = {},
): RunningStudio {
  const trainer = createTrainer(launchTrainer);
  const parts: Studio = {
    trainer,
    dataFolder,
    libraryFolder: join(dataFolder, 'networks'),
    boxFolder: join(resourcesFolder, 'networks'),
    close: () => trainer.close(),
  };
  const session = createSession(parts);
  return { ...parts, session, sampleFolder: join(resourcesFolder, 'sample'), lastPrediction: session.results() };
}

/** Answers everything that the contract lets a renderer ask. */
export function createRouter(
  { session, sampleFolder, lastPrediction }: RunningStudio,
  shell: StudioState['shell'],
  choosePath?: ChoosePath,
) {
  const importReports = session.results<ImportReport>();
  return api.router({
    studio: studioRouter(session, shell, choosePath),
    projects: projectsRouter(session, () => openSample(session, sampleFolder, importReports)),
    items: itemsRouter(session, importReports),
    labels: labelsRouter(session),
    networks: networksRouter(session),
    probes: probesRouter(session),
    advice: adviceRouter(session),
    estimates: estimatesRouter(session),
    training: trainingRouter(session),
    evaluation: evaluationRouter(session),
    sharing: sharingRouter(session, lastPrediction),
  });
}

/** Where this person's networks are kept, by the platform's convention. `PARFOCAL_DATA` names another place. */
export function userDataFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const named = environment['PARFOCAL_DATA'];
  if (named) return resolve(named);
  if (platform === 'win32') return join(environment['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Parfocal');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Parfocal');
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'parfocal');
}
