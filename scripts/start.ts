/**
 * `npm start`: builds what is not built yet and opens the studio. In a window of its own where Electron's runtime is
 * there, or can be had in a short time, and there is a display; else in a browser, saying why.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasDisplay } from '../main/cli/desktop.ts';
import { buildDesktop } from './build/desktop.ts';
import { root } from './build/paths.ts';
import { buildRenderer } from './build/renderer.ts';

const electronFolder = join(root, 'node_modules/electron');
/** A download that takes longer is given up: the browser does as well. In milliseconds. */
const downloadLimit = 60_000;
/** A window that fails to open does so at once. In milliseconds. */
const startLimit = 10_000;

const given = process.argv.slice(2);

await buildRenderer();
const obstacle = await openWindow();
if (obstacle !== undefined) {
  console.log(`${obstacle} The studio runs in the browser instead.`);
  process.exitCode = await run(process.execPath, [join(root, 'main/cli/parfocal.mjs'), 'serve', '--open', ...given]);
}

/** @returns why there is no window; undefined when there was one, and it was closed */
async function openWindow(): Promise<string | undefined> {
  if (!hasDisplay()) return 'There is no display here.';
  const runtime = electronRuntime() ?? (await fetchRuntime());
  if (runtime === undefined)
    return 'Electron’s runtime is not here and could not be fetched (npx install-electron does that, in its time).';
  await buildDesktop();
  const begun = Date.now();
  const code = await run(runtime, [root, ...given]);
  // Missing system libraries, or a system that does not let its sandbox be set up.
  if (code !== 0 && Date.now() - begun < startLimit)
    return `Electron could not open a window here (it ended with code ${code}).`;
  process.exitCode = code;
  return undefined;
}

/** Electron's program, where it has been fetched. */
function electronRuntime(): string | undefined {
  const named = join(electronFolder, 'path.txt');
  if (!existsSync(named)) return undefined;
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(electronFolder, 'dist');
  const program = join(folder, readFileSync(named, 'utf8'));
  return existsSync(program) ? program : undefined;
}

/** Fetches Electron's runtime by its own installer, for a limited time. */
async function fetchRuntime(): Promise<string | undefined> {
  console.log(`Fetching Electron’s runtime, for a minute at most …`);
  await run(process.execPath, [join(electronFolder, 'install.js')], downloadLimit);
  return electronRuntime();
}

/** Runs a program to its end. @returns its exit code; -1 where it could not be started or was ended */
function run(program: string, args: readonly string[], limit?: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(program, args, { stdio: limit === undefined ? 'inherit' : 'ignore' });
  const timer = limit === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), limit);
  const pass = (): void => void child.kill();
  const wait = (): void => undefined;
  // What the terminal sends reaches the child by itself: it decides, and its end is ours.
  process.on('SIGTERM', pass).on('SIGINT', wait).on('SIGHUP', wait);
  const end = (code: number): void => {
    clearTimeout(timer);
    process.off('SIGTERM', pass).off('SIGINT', wait).off('SIGHUP', wait);
    resolve(code);
  };
  child.on('error', () => end(-1));
  child.on('exit', (code) => end(code ?? -1));
  return promise;
}
