import { join } from 'node:path';
import { build } from 'vite';
import { isFresh, root } from './paths.ts';

/** What the screens are made of. */
const sources = ['renderer', 'main/contract', 'package-lock.json'];

/** Builds the screens into dist/renderer, unless that has been done since the last change. */
export async function buildRenderer(): Promise<void> {
  if (isFresh(join(root, 'dist/renderer/index.html'), sources)) return;
  await build({ root: join(root, 'renderer'), logLevel: 'error' });
}
