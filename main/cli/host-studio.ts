import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../projects/project.ts';
import { isLoopback } from '../serve/access.ts';
import { type BrowserHost, startBrowserHost } from '../serve/http.ts';
import { logDefect } from '../session/failures.ts';
import { findDownload } from '../sharing/downloads.ts';
import { createRouter, createStudio } from '../studio.ts';
import { forkTrainer } from '../trainer/fork.ts';

/** Where `npm run build` puts the screens. */
const builtApp = fileURLToPath(new URL('../../dist/renderer', import.meta.url));

export interface HostRequest {
  /** To be open from the start. */
  readonly project?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
}

/**
 * Runs the studio for browsers, until the process is told to end.
 *
 * @param onReady is given the host once it listens
 */
export async function hostStudio({ project, host, port }: HostRequest, onReady: (host: BrowserHost) => void) {
  const studio = createStudio(forkTrainer);
  const { session } = studio;
  try {
    if (project !== undefined) await session.open(projectFolder(project), 'open');
    const listening = await startBrowserHost({
      router: createRouter(studio, 'browser'),
      pictures: session,
      cacheFolder: () => session.project().cacheFolder,
      findDownload: (path) => findDownload(session.project(), studio.lastPrediction, path),
      appFolder: builtApp,
      keyFolder: join(studio.dataFolder, 'serve'),
      host,
      port,
      onDefect: (error) => logDefect(error, 'http'),
    });
    onReady(listening);
    await new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
    });
    await listening.close();
  } finally {
    await session.end();
    studio.close();
  }
}

/** What to warn of when the studio listens for other computers; undefined where only this one reaches it. */
export function exposure(host: string): string | undefined {
  return isLoopback(host)
    ? undefined
    : `Warning: other computers can reach the studio at ${host}. The connection is not encrypted: whoever reads the network’s traffic sees your images and can get in. Where that matters, leave --host out and use a tunnel: ssh -L 4242:127.0.0.1:4242 THIS-COMPUTER`;
}
