import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { buildRenderer } from '../../scripts/build/renderer.ts';
import { temporaryFolder } from './serving.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Started {
  readonly child: ChildProcess;
  /** What it has printed, once an address is among it. */
  readonly printed: string;
  readonly address: URL;
  readonly ended: Promise<number | null>;
}

/** Runs a program of the repository, with the screens built, until it prints an address. */
export async function run(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Started> {
  await buildRenderer();
  const child = spawn(process.execPath, [join(root, script), ...args], {
    // A remote shell has no display on any system.
    env: {
      ...process.env,
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
      SSH_CONNECTION: 'test',
      PARFOCAL_DATA: temporaryFolder(),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
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
