import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { writeModel } from '../../main/engine/graph/write.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { type Workshop, workshop, writeClasses } from '../support/core.ts';
import { denseNet, resNet18 } from '../support/families.ts';
import { show } from '../support/screens.ts';
import { run } from '../support/started.ts';
import { layoutFaults, settled } from './layout.ts';

/** A project of red and green images, and two networks. */
async function prepare(work: Workshop): Promise<string> {
  const data = work.path('data');
  const project = work.path('cells.parfocal');
  await writeClasses(work.path('cells'), 12);
  await parfocalJson(data, 'new', project);
  await parfocalJson(data, 'import', project, work.path('cells'), '--labels', 'folders');
  for (const [name, model] of Object.entries({ residual: resNet18(0.0625, 64), dense: denseNet(undefined, 2, 64) })) {
    const file = work.write(`${name}.onnx`, writeModel(model));
    await parfocalJson(data, 'network', 'add', file, '--preprocessing', 'unit');
  }
  return project;
}

const probes = (page: Page) => page.getByRole('region', { name: 'Probes' });
const plot = (page: Page) => page.getByRole('slider', { name: 'Probe curves' });
const slider = (page: Page) => page.getByRole('slider', { name: 'Freeze point' });
const dots = (page: Page) => probes(page).locator('.score-mark');

async function look(page: Page, network: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${network} `) }).click();
  await page
    .getByRole('tree', { name: new RegExp(`^${network}, `) })
    .and(page.locator('[aria-busy=false]'))
    .waitFor();
}

describeWithBrowser('Probes and estimates on the Network screen', () => {
  const work = workshop();
  const { open } = browser();
  let prepared: Promise<string> | undefined;
  async function studio(): Promise<URL> {
    const project = await (prepared ??= prepare(work));
    const { address } = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], {
      PARFOCAL_DATA: work.path('data'),
    });
    return address;
  }

  test('points appear as they are probed, a stopped job keeps its own, and goes on from there', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'dense');
    await probes(page).getByText('a linear classifier at every freeze point').waitFor();
    await probes(page).getByRole('button', { name: 'Probe', exact: true }).click();
    await expect.poll(() => dots(page).count()).toBeGreaterThan(1);
    await probes(page).getByRole('button', { name: 'Stop' }).click();
    await probes(page).getByRole('button', { name: 'Probe the rest' }).waitFor();
    const kept = await dots(page).count();
    const all = Number(await plot(page).getAttribute('aria-valuemax'));
    expect(kept).toBeGreaterThan(1);
    expect(kept).toBeLessThan(all);
    await probes(page).getByText(`${kept} of ${all} freeze points probed`).waitFor();
    // Other settings are another measurement.
    await probes(page).getByText('How it is probed').click();
    await probes(page).getByLabel('Items').fill('12');
    await probes(page).getByText('A whole number from 20').waitFor();
    await probes(page).getByLabel('Items').fill('20');
    await expect.poll(() => dots(page).count()).toBe(0);
    await probes(page).getByLabel('Items').fill('1000');
    await expect.poll(() => dots(page).count()).toBe(kept);
    expect(faults).toEqual([]);
  });

  test('values by keyboard, by pointer and in the table; a point that is chosen moves the slider; changed labels are said', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'residual');
    await page.getByRole('button', { name: 'Use this network' }).click();
    await probes(page).getByRole('button', { name: 'Probe', exact: true }).click();
    const last = Number(await slider(page).getAttribute('aria-valuemax'));
    await probes(page).getByText(`${last} of ${last} freeze points probed`).waitFor();
    await probes(page).getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    expect(
      await probes(page)
        .getByRole('button', { name: /^Probe/ })
        .count(),
    ).toBe(0);
    expect(await dots(page).count()).toBe(last);

    await plot(page).focus();
    await page.keyboard.press('Home');
    expect(await plot(page).getAttribute('aria-valuetext')).toMatch(
      /^conv1\/conv: macro-F1 \d\.\d{3}, 95% interval .*, domain shift \d+\.\d{3}/,
    );
    await page.keyboard.press('ArrowRight');
    expect(await plot(page).getAttribute('aria-valuenow')).toBe('2');
    await page.keyboard.press('Enter');
    await expect.poll(() => slider(page).getAttribute('aria-valuenow')).toBe('2');

    // The curves stand over the blocks: a click over the fourth tick of the slider freezes there.
    const tick = (await page.locator('.tick').nth(4).boundingBox())!;
    const curves = (await plot(page).boundingBox())!;
    await page.mouse.click(tick.x, curves.y + curves.height / 2);
    await expect.poll(() => slider(page).getAttribute('aria-valuenow')).toBe('4');
    const told = (await plot(page).getAttribute('aria-valuetext'))!;

    await probes(page).getByText('Probes as a table').click();
    const rows = probes(page).getByRole('table').first().getByRole('row');
    expect(await rows.count()).toBe(last + 1);
    const cells = await rows.nth(4).getByRole('cell').allInnerTexts();
    expect(told).toContain(`macro-F1 ${cells[0]}`);
    expect(told).toContain(`domain shift ${cells[2]}`);
    expect(
      await probes(page)
        .getByText(/^best$/)
        .count(),
    ).toBeGreaterThan(0);
    const networks = probes(page).getByRole('table').nth(1);
    await networks.getByRole('rowheader', { name: 'residual' }).waitFor();
    await rows.nth(3).getByRole('button').click();
    await expect.poll(() => slider(page).getAttribute('aria-valuenow')).toBe('3');

    for (const theme of ['dark', 'light']) {
      await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
      await page.reload();
      await dots(page).first().waitFor();
      await probes(page).getByText('Probes as a table').click();
      for (const [width, height] of [
        [1600, 1000],
        [1024, 700],
      ]) {
        await page.setViewportSize({ width, height });
        await settled(page);
        expect(await layoutFaults(page)).toEqual([]);
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    }

    // Either of these is another label than before: the first items are of one class.
    await show(page, 'Label');
    await page.getByRole('grid', { name: 'Items to label' }).focus();
    for (const key of ['1', '2']) await page.keyboard.press(key);
    await show(page, 'Network');
    await probes(page).getByText('changed since this was measured').waitFor();
    await probes(page).getByRole('button', { name: 'Probe again' }).waitFor();
    expect(await probes(page).locator('.score-mark.stale').count()).toBe(last);
    expect(faults).toEqual([]);
  });

  test('seconds and memory stand beside the slider once they were measured, and follow it', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'residual');
    const use = page.getByRole('button', { name: 'Use this network' });
    if (await use.isVisible()) await use.click();
    await use.waitFor({ state: 'detached' });
    const figures = page.locator('dl', { hasText: 'Parameters trained' });
    await figures.getByRole('button', { name: 'Measure' }).click();
    await figures.getByText('Memory of a step').waitFor();
    await figures.getByText(/^An epoch of \d+ items$/).waitFor();
    await slider(page).focus();
    await page.keyboard.press('End');
    const least = await figures.innerText();
    await page.keyboard.press('Home');
    expect(await figures.innerText()).not.toBe(least);
    expect(await figures.getByText('Activations on disk').count()).toBe(0);
    await show(page, 'Train');
    await page.getByRole('radio', { name: /Fine-tune the network/ }).check();
    await page.getByText(/An epoch takes .* here/).waitFor();
    expect(faults).toEqual([]);
  });
});
