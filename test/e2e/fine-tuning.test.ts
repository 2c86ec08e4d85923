import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from 'playwright';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openProject } from '../../main/projects/project.ts';
import { metricsWriter } from '../../main/training/metrics.ts';
import { short } from '../../renderer/src/charts/figures.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { tinyNetwork, type Workshop, workshop, writeClasses } from '../support/core.ts';
import { show, useNetwork } from '../support/screens.ts';
import { run } from '../support/started.ts';
import { layoutFaults, settled } from './layout.ts';

/** A project of red and green images with the tiny network, in the browser host. */
async function serve(work: Workshop): Promise<URL> {
  const data = work.path('data');
  const project = work.path('cells.parfocal');
  await writeClasses(work.path('cells'), 20);
  await parfocalJson(data, 'new', project);
  await parfocalJson(data, 'import', project, work.path('cells'), '--labels', 'folders');
  await parfocalJson(data, 'network', 'add', work.write('tiny.onnx', tinyNetwork()), '--preprocessing', 'unit');
  const started = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], { PARFOCAL_DATA: data });
  return started.address;
}

/** How many epochs the panel of the run says that it trained. */
async function epochsSaid(page: Page): Promise<number> {
  const said = await page.getByText(/^\d[\d,]* epochs? of /).textContent();
  return Number(/^[\d,]+/.exec(said!.trim())![0].replaceAll(',', ''));
}

const lineOf = (page: Page) => page.getByRole('img', { name: /^Loss by epoch/ }).locator('path.line');
const pointsOf = async (page: Page) => ((await lineOf(page).getAttribute('d')) ?? '').split('L').length;

describeWithBrowser('Fine-tuning on the Train screen', () => {
  const work = workshop();
  const { open } = browser();

  test('starts, is watched, paused, gone on with after a reload, ended with the best, and compared', async () => {
    const { page, faults } = await open(await serve(work), { reducedMotion: 'reduce' });
    await useNetwork(page, 'tiny');

    await show(page, 'Train');
    await page.getByRole('radio', { name: /Fine-tune the network/ }).focus();
    await page.keyboard.press('Space');
    await page.locator('summary', { hasText: 'Settings' }).click();
    const frozen = page.getByLabel('What is frozen');
    await frozen.selectOption('');
    const foretold = await frozen.locator('option:checked').textContent();
    await page.getByText('All of tiny is trained on').waitFor();
    await page.getByLabel('Epochs at most').fill('x');
    await page.getByText('A whole number from 1 to 10000.').waitFor();
    const start = page.getByRole('button', { name: 'Train', exact: true });
    expect(await start.isDisabled()).toBe(true);
    await page.getByLabel('Epochs at most').fill('10000');
    await page.getByLabel('Patience, in epochs').fill('0');
    await page.getByText('10,000 times at most.').waitFor();
    await settled(page);
    expect(await layoutFaults(page)).toEqual([]);
    await start.click();

    // The line grows while it trains.
    const main = page.getByRole('main');
    await main.getByRole('button', { name: 'Pause' }).waitFor();
    const status = page.getByRole('contentinfo', { name: 'Status' });
    await status.getByRole('button', { name: 'Pause' }).waitFor();
    const before = await pointsOf(page);
    await expect.poll(() => pointsOf(page), { timeout: 30_000 }).toBeGreaterThan(before);
    await page.getByRole('gridcell', { name: /^Labelled green, predicted green/ }).waitFor();
    await main.getByRole('heading', { name: /^A few validation items after epoch/ }).waitFor();
    await main
      .getByRole('img', { name: /^How sure it was of green/ })
      .first()
      .waitFor();
    await main.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('heading', { name: 'Run 1 is paused: Fine-tuning of everything' }).waitFor();
    const paused = await epochsSaid(page);
    expect(paused).toBeGreaterThan(0);

    await page.reload();
    await page.getByRole('heading', { name: /^Run 1 is paused/ }).waitFor();
    expect(await epochsSaid(page)).toBe(paused);
    for (const summary of await page.locator('main summary').all()) await summary.click();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);
    await page.getByRole('row', { name: /^Epochs? / }).waitFor();

    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expect.poll(() => epochsSaid(page), { timeout: 30_000 }).toBeGreaterThan(paused + 1);
    await page.getByRole('button', { name: 'Stop and keep the best' }).click();
    await page.getByRole('heading', { name: 'Latest result: run 1' }).waitFor();
    await page.getByRole('heading', { name: 'How run 1 went: Fine-tuning of everything' }).waitFor();
    const facts = await page.getByText(/parameters trained · ended when told to/).textContent();
    const parameters = Number(/([\d,]+) parameters/.exec(facts!)![1].replaceAll(',', ''));
    expect(foretold).toBe(`Nothing: ${short(parameters)} parameters learn`);

    // A second, short one is held against the first in the same charts.
    await page.getByRole('radio', { name: /Fine-tune the network/ }).check();
    await page.locator('summary', { hasText: 'Settings' }).click();
    await page.getByLabel('Epochs at most').fill('3');
    await page.getByLabel('Patience, in epochs').fill('');
    await start.click();
    await page.getByRole('heading', { name: 'Latest result: run 2' }).waitFor();
    await page.getByRole('checkbox', { name: 'Compare run 1' }).check();
    await page.getByRole('checkbox', { name: 'Compare run 2' }).check();
    const compared = page.getByRole('region', { name: 'Compared' });
    await compared.getByRole('img', { name: /^Validation macro-F1 by epoch, now: run 2 .*, run 1 / }).waitFor();
    await compared.getByRole('row', { name: /^Epochs trained/ }).waitFor();

    // What a chart shows is saved, and a run gets a name.
    const loss = page.getByRole('region', { name: 'How run 2 went' });
    const csv = await saved(page, loss.getByRole('button', { name: 'Save Loss as CSV' }));
    expect(csv.name).toBe('run 2 loss.csv');
    expect(csv.content.toString()).toMatch(/^epoch,each step,training,validation\r\n/);
    const rates = await saved(page, loss.getByRole('button', { name: 'Save Learning rate as CSV' }));
    expect(rates.content.toString()).toMatch(/^epoch,classifier,pretrained\r\n/);
    const png = await saved(page, loss.getByRole('button', { name: 'Save Macro-F1 as PNG' }));
    expect(png.name).toBe('run 2 macro-f1.png');
    const { channels } = await sharp(png.content).stats();
    expect(Math.max(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(5);
    await page.getByRole('button', { name: 'Rename run 2' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('Three epochs');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Latest result: Three epochs (run 2)' }).waitFor();
    await page.getByRole('link', { name: 'Three epochs' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('draws a hundred thousand steps with as many points as there is room for, and looks closer', async () => {
    const project = work.path('long.parfocal');
    await writeClasses(work.path('long'), 8);
    const data = work.path('data');
    await parfocalJson(data, 'new', project);
    await parfocalJson(data, 'import', project, work.path('long'), '--labels', 'folders');
    await parfocalJson(data, 'network', 'add', work.write('tiny.onnx', tinyNetwork()), '--preprocessing', 'unit');
    const once = ['--method', 'fine-tune', '--freeze', 'none', '--epochs', '1', '--network', 'tiny'];
    await parfocalJson(data, 'train', project, ...once);
    const opened = openProject(project);
    const writer = metricsWriter(opened, 1);
    for (let step = 1; step <= 100_000; step++)
      writer.take({
        kind: 'step',
        metrics: { step, epoch: Math.ceil(step / 100), loss: 1 + Math.sin(step / 40), rate: 1e-3 },
      });
    writer.flush();
    opened.close();

    const { address } = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], { PARFOCAL_DATA: data });
    const { page, faults } = await open(address, { reducedMotion: 'reduce' });
    await show(page, 'Train');
    await lineOf(page).waitFor();
    await expect.poll(() => pointsOf(page)).toBeGreaterThan(300);
    expect(await pointsOf(page)).toBeLessThanOrEqual(601);

    // By keyboard, and by drawing over a part.
    const part = page.getByRole('group', { name: 'What the charts show' });
    await part.getByText('The whole run').waitFor();
    await part.getByRole('button', { name: 'Show less of it, larger' }).press('Enter');
    await part.getByText(/^Epochs /).waitFor();
    const box = (await page.getByRole('img', { name: /^Loss by epoch/ }).boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 70, { steps: 4 });
    const said = await part.getByText(/^Epochs /).textContent();
    await page.mouse.up();
    await expect.poll(() => part.getByText(/^Epochs /).textContent()).not.toBe(said);
    await expect.poll(() => pointsOf(page)).toBeGreaterThan(300);
    expect(await pointsOf(page)).toBeLessThanOrEqual(601);
    await part.getByRole('button', { name: 'Show all' }).click();
    await part.getByText('The whole run').waitFor();
    expect(faults).toEqual([]);
  });
});

/** Clicks what saves a file, on the computer that the browser runs on. */
async function saved(page: Page, button: Locator): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
}
