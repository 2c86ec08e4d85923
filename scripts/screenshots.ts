/**
 * `npm run screenshots -- NETWORK`: pictures of every screen, in both themes, of the sample with two trained runs. Written
 * to docs/screenshots; three of them are kept with the repository, for the README.
 *
 * NETWORK: one to train with that says how it wants its pixels; the README's was MobileNet of TensorFlow.js.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { root } from './build/paths.ts';
import { findChromium, launchChromium } from './drive/chromium.ts';
import { startStudio } from './drive/program.ts';

const network = process.argv.at(2);
const executablePath = findChromium();
if (network === undefined || executablePath === undefined) {
  console.error(
    network === undefined
      ? 'Name a network to train with: npm run screenshots -- NETWORK'
      : 'There is no Chromium here: npx playwright install chromium',
  );
  process.exit(2);
}

const target = join(root, 'docs/screenshots');
mkdirSync(target, { recursive: true });
const data = mkdtempSync(join(tmpdir(), 'parfocal-pictures-'));
try {
  const project = join(data, 'Blood smear.parfocal');
  train(project, network);
  await photograph(project, executablePath);
} finally {
  rmSync(data, { recursive: true });
}

function train(project: string, network: string): void {
  const parfocal = (...args: string[]): void => {
    execFileSync(process.execPath, [join(root, 'main/cli/parfocal.mjs'), ...args], {
      env: { ...process.env, PARFOCAL_DATA: data },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  parfocal('new', project);
  parfocal('import', project, join(root, 'resources/sample/regions.csv'), '--group', 'column');
  parfocal('network', 'add', network, '--name', 'MobileNet');
  parfocal('split', project, '--test', '0.35', '--validation', '0.15');
  parfocal('train', project, '--network', 'MobileNet', '--size', '128');
  parfocal('train', project, '--network', 'MobileNet', '--size', '128', '--at', '16', '--method', 'svm');
  parfocal('probe', project, '--network', 'MobileNet');
}

async function photograph(project: string, executablePath: string): Promise<void> {
  const { child, address } = await startStudio(data, { project });
  const browser = await launchChromium(executablePath);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    await page.goto(address.href);
    for (const theme of ['dark', 'light']) {
      await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
      await page.reload();
      await page.getByRole('navigation', { name: 'Steps' }).waitFor();
      for (const screen of ['home', 'images', 'label', 'network', 'train', 'evaluate', 'share']) {
        // Curves, graph and advice stand beside one another where there is room.
        await page.setViewportSize(screen === 'network' ? { width: 1600, height: 1000 } : { width: 1280, height: 800 });
        await page.goto(`${address.origin}/#/${screen}`);
        const ready =
          screen === 'label'
            ? page.getByRole('gridcell', { name: /cell/ })
            : page.getByRole('main').getByRole('heading');
        await ready.first().waitFor();
        if (screen === 'network') await showNetwork(page);
        // Pictures and charts follow what they show.
        await page.waitForTimeout(1500);
        await page.screenshot({ path: join(target, `${screen}-${theme}.png`) });
      }
    }
  } finally {
    await browser.close();
    child.kill();
  }
}

/** With half of it frozen. */
async function showNetwork(page: Page): Promise<void> {
  await page.getByRole('tree').and(page.locator('[aria-busy=false]')).waitFor();
  const slider = page.getByRole('slider', { name: 'Freeze point' });
  const points = Number(await slider.getAttribute('aria-valuemax'));
  await slider.focus();
  await page.keyboard.press('End');
  for (let at = 0; at < points / 2; at++) await page.keyboard.press('ArrowLeft');
}
