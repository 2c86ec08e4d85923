/** `npm run package`: the desktop package for this system, into dist/packages. Further arguments go to electron-builder. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { buildDesktop } from './build/desktop.ts';
import { root } from './build/paths.ts';
import { buildRenderer } from './build/renderer.ts';

await buildRenderer();
await buildDesktop();

// One picture, from which electron-builder makes what each system wants.
const resources = join(root, 'dist/package-resources');
mkdirSync(resources, { recursive: true });
await sharp(join(root, 'renderer/public/icon.svg'), { density: 600 })
  .resize(1024, 1024)
  .png()
  .toFile(join(resources, 'icon.png'));

const builder = join(root, 'node_modules/electron-builder/cli.js');
const { status } = spawnSync(process.execPath, [builder, '--publish', 'never', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
