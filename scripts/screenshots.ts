/**
 * `npm run screenshots`: pictures of every screen, in both themes, of the sample project with a trained run. Written to
 * docs/screenshots; two of them are kept with the repository, for the README.
 *
 * @param argv[2] a network to train with, its preprocessing known: the folder of a TensorFlow.js model or an ONNX file
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { findChromium } from '../test/support/find-chromium.ts';
import { buildRenderer } from './build/renderer.ts';

const root = join(import.meta.dirname, '..');
const [network = join(root, '../shared/models/mobilenet-v1-1.0-224-trunk')] = process.argv.slice(2);
const target = join(root, 'docs/screenshots');
const data = mkdtempSync(join(tmpdir(), 'parfocal-pictures-'));
const environment = { ...process.env, PARFOCAL_DATA: data };
const program = join(root, 'main/cli/parfocal.mjs');
const parfocal = (...args: string[]): void => {
  execFileSync(process.execPath, [program, ...args], { env: environment, stdio: 'inherit' });
};

mkdirSync(target, { recursive: true });
await buildRenderer();
const project = join(data, 'Blood smear');
parfocal('new', project);
parfocal('import', project, join(root, 'resources/sample/regions.csv'), '--group', 'column');
parfocal('network', 'add', network, '--name', 'MobileNet');
parfocal('split', project, '--test', '0.35', '--validation', '0.15');
parfocal('train', project, '--network', 'MobileNet', '--size', '128');
parfocal('train', project, '--network', 'MobileNet', '--size', '128', '--at', '16', '--method', 'svm');

const server = spawn(process.execPath, [program, 'serve', project, '--port', '0'], { env: environment });
const address = await new Promise<string>((resolve) => {
  server.stdout.on('data', (text: Buffer) => {
    const found = /http:\S+/.exec(text.toString());
    if (found) resolve(found[0]);
  });
});
const executablePath = findChromium();
const browser = await chromium.launch({
  ...(executablePath === undefined ? {} : { executablePath }),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
await page.goto(address);
for (const theme of ['dark', 'light']) {
  await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
  await page.reload();
  const steps = page.getByRole('navigation', { name: 'Steps' });
  await steps.waitFor();
  for (const screen of ['home', 'images', 'label', 'network', 'train', 'evaluate', 'share']) {
    await page.goto(`${new URL(address).origin}/#/${screen}`);
    const ready =
      screen === 'label' ? page.getByRole('gridcell', { name: /cell/ }) : page.getByRole('main').getByRole('heading');
    await ready.first().waitFor();
    // Pictures and charts follow what they show.
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(target, `${screen}-${theme}.png`) });
  }
}
await browser.close();
server.kill();
rmSync(data, { recursive: true });
