import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { isFresh, root } from './paths.ts';

/** What the screens are made of. */
const sources = ['renderer', 'main/contract', 'package-lock.json'];

/** Builds the screens into dist/renderer, unless that has been done since the last change. */
export async function buildRenderer(): Promise<void> {
  const built = join(root, 'dist/renderer');
  if (isFresh(join(built, 'index.html'), sources)) return;
  // Put in its place when it is whole: another process may be building too, or serving what is there.
  const made = `${built}-${process.pid}`;
  await build({ root: join(root, 'renderer'), logLevel: 'error', build: { outDir: made, emptyOutDir: true } });
  const old = `${made}-old`;
  if (existsSync(built)) renameSync(built, old);
  renameSync(made, built);
  rmSync(old, { recursive: true, force: true });
}
