import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../build/paths.ts';
import { buildRenderer } from '../build/renderer.ts';

export interface Started {
  readonly child: ChildProcess;
  /** What it has printed, once an address is among it. */
  readonly printed: string;
  readonly address: URL;
  readonly ended: Promise<number | null>;
}

/**
 * Runs a program of the repository, with the screens built, until it prints an address at which the studio is.
 *
 * @param onStart is given the process as soon as there is one, to end it whatever happens
 * @throws Error where it ends without an address
 */
export async function startProgram(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  onStart: (child: ChildProcess, ended: Promise<number | null>) => void = () => undefined,
): Promise<Started> {
  await buildRenderer();
  const child = spawn(process.execPath, [join(root, script), ...args], {
    // A remote shell has no display on any system.
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', SSH_CONNECTION: 'test', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onStart(child, ended);
  let printed = '';
  const address = await new Promise<string>((resolve, reject) => {
    const hear = (data: Buffer): void => {
      printed += data.toString();
      const found = /http:\/\/\S+\?token=[\w-]+/.exec(printed);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then((code) => reject(new Error(`It ended with ${code}: ${printed}`)));
  });
  return { child, printed, address: new URL(address), ended };
}

/** The studio for a browser, at a free port unless one is given. */
export function startStudio(
  dataFolder: string,
  { project, port = 0 }: { project?: string | undefined; port?: number } = {},
): Promise<Started> {
  const args = ['serve', ...(project === undefined ? [] : [project]), '--port', String(port)];
  return startProgram('main/cli/parfocal.mjs', args, { PARFOCAL_DATA: dataFolder });
}
