import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Studio } from './studio-parts.ts';
import { createTrainer } from './trainer/client.ts';
import type { LaunchTrainer } from './trainer/protocol.ts';

/** The composition root: what the shell gives goes in, what the domains need comes out. */
export function createStudio(launchTrainer: LaunchTrainer, dataFolder: string = userDataFolder()): Studio {
  const trainer = createTrainer(launchTrainer);
  return { trainer, libraryFolder: join(dataFolder, 'networks'), close: () => trainer.close() };
}

/** Where this person's networks are kept, by the platform's convention. `PARFOCAL_DATA` names another place. */
export function userDataFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const named = environment['PARFOCAL_DATA'];
  if (named) return resolve(named);
  if (platform === 'win32') return join(environment['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Parfocal');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Parfocal');
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'parfocal');
}
