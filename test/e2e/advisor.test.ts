import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { tinyNetwork, type Workshop, workshop, writeClasses } from '../support/core.ts';
import { useNetwork } from '../support/screens.ts';
import { run } from '../support/started.ts';
import { layoutFaults, settled } from './layout.ts';

/** A project of red and green images with the tiny network, in the browser host. */
async function serve(work: Workshop): Promise<URL> {
  const data = work.path('data');
  const project = work.path('cells.parfocal');
  await writeClasses(work.path('cells'), 15);
  await parfocalJson(data, 'new', project);
  await parfocalJson(data, 'import', project, work.path('cells'), '--labels', 'folders', '--group', 'image');
  await parfocalJson(data, 'network', 'add', work.write('tiny.onnx', tinyNetwork()), '--preprocessing', 'unit');
  const started = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], { PARFOCAL_DATA: data });
  return started.address;
}

async function faultsOf(page: Page): Promise<string[]> {
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  return [...(await layoutFaults(page)), ...violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)];
}

describeWithBrowser('The advisor', () => {
  const work = workshop();
  const { open } = browser();

  test('measures, plans, and hands the plan to the Train screen, by keyboard', async () => {
    const { page, faults } = await open(await serve(work), { reducedMotion: 'reduce' });
    await useNetwork(page, 'tiny');
    const advice = page.getByRole('region', { name: 'Advice' });
    await advice.getByText('Preliminary').waitFor();
    await advice
      .getByRole('img', { name: /^Your project among the four cases: Few items .* not measured yet/ })
      .waitFor();
    expect(await faultsOf(page)).toEqual([]);

    await advice.getByRole('button', { name: 'Measure' }).focus();
    await page.keyboard.press('Enter');
    await advice.getByText('Preliminary').waitFor({ state: 'detached' });
    await advice.getByRole('button', { name: /^Measure/ }).waitFor({ state: 'detached' });
    const sentence = (await advice.getByText(/^Softmax regression on the codes of tiny at /).textContent())!;
    const point = / at (\S+), freeze point/.exec(sentence)![1];
    await advice.getByText(/^Macro-F1 about 1\.000/).waitFor();
    expect(await faultsOf(page)).toEqual([]);

    await advice.getByRole('button', { name: 'Use this plan' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Train' }).waitFor();
    const plan = page.getByRole('region', { name: 'The plan' });
    await plan.getByText('This is the advised plan.').waitFor();
    const settings = plan.locator('summary', { hasText: 'Settings' });
    await settings.getByText(` ${point} `).waitFor();

    // Another setting is marked, and the advised one is one key away; also after the page was loaded anew.
    await settings.click();
    await plan.getByLabel('Method', { exact: true }).selectOption('svm');
    await plan.getByText('1 setting is not as advised.').waitFor();
    await plan.getByRole('button', { name: 'Method: take the advised Softmax regression' }).focus();
    await page.keyboard.press('Enter');
    await plan.getByText('This is the advised plan.').waitFor();
    await plan.getByRole('radio', { name: /Fine-tune the network/ }).check();
    await plan.getByText(/^Another plan is advised: Softmax/).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.reload();
    await plan.getByText('This is the advised plan.').waitFor();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('heading', { name: 'Latest result: run 1' }).waitFor();
    await page
      .getByRole('row', { name: new RegExp(point) })
      .first()
      .waitFor();
    expect(faults).toEqual([]);
  });
});
