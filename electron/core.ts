/**
 * The core's process under Electron: the same studio as everywhere, told by the shell where its files are, and answering
 * the shell's and the page's messages.
 */
import { listRecent } from '../main/projects/recent.ts';
import { createContent } from '../main/serve/content.ts';
import { createPortHost } from '../main/serve/message-port.ts';
import { logDefect, sentenceOf } from '../main/session/failures.ts';
import { createRouter, createStudio } from '../main/studio.ts';
import type { FromCore, ToCore } from './messages.ts';
import { createTrainerLauncher } from './trainer-launcher.ts';

const [appFolder, resourcesFolder] = process.argv.slice(2);
const tell = (message: FromCore): void => process.parentPort.postMessage(message);

const trainers = createTrainerLauncher(tell);
const studio = createStudio(trainers.launch, { resourcesFolder });
const { session } = studio;

const choices = new Map<number, (path: string | null) => void>();
let nextChoice = 1;
const router = createRouter(
  studio,
  'desktop',
  (choice) =>
    new Promise((resolve) => {
      const id = nextChoice++;
      choices.set(id, resolve);
      tell({ kind: 'choose', id, choice });
    }),
);
const acceptPage = createPortHost(router);
const getContent = createContent({ appFolder, pictures: session, onDefect: (error) => logDefect(error, 'content') });

/** Does what the menu asks; the reason goes to the shell where that cannot be. */
function attempt(what: () => Promise<unknown>): void {
  what().catch((error: unknown) => tell({ kind: 'refused', sentence: sentenceOf(error, 'menu') }));
}

process.parentPort.on('message', ({ data, ports }) => {
  const message = data as ToCore;
  switch (message.kind) {
    case 'page':
      acceptPage(ports[0]);
      break;
    case 'get':
      void getContent(message.path).then((content) => tell({ kind: 'content', id: message.id, content }));
      break;
    case 'chosen':
      choices.get(message.id)?.(message.path);
      choices.delete(message.id);
      break;
    case 'trainer':
      trainers.started(message.id, message.pid, ports[0]);
      break;
    case 'trainer-ended':
      trainers.ended(message.id, message.end);
      break;
    case 'open':
      attempt(() => session.open(message.folder, message.how));
      break;
    case 'close-project':
      attempt(() => session.close());
      break;
    case 'end':
      void session.end().finally(() => {
        studio.close();
        tell({ kind: 'ended' });
      });
      break;
  }
});

/** Tells the shell which project is open, for its title and its menu. */
async function tellProjects(): Promise<void> {
  let shown: string | undefined;
  for await (const { project } of session.watch('desktop', undefined)) {
    const folder = project?.folder ?? '';
    if (folder === shown) continue;
    shown = folder;
    const open = project ? { name: project.name, folder } : null;
    const others = (await listRecent(studio.dataFolder)).filter((one) => one.folder !== folder && !one.missing);
    const recent = [...(open ? [open] : []), ...others.map((one) => ({ name: one.name, folder: one.folder }))];
    tell({ kind: 'projects', open, recent });
  }
}
void tellProjects();
