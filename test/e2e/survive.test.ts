import { join } from 'node:path';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { root } from '../../scripts/build/paths.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { tinyNetwork, workshop } from '../support/core.ts';
import { freePort, label, show, useNetwork } from '../support/screens.ts';
import { run } from '../support/started.ts';

describeWithBrowser('what is under way', () => {
  const work = workshop();
  const { open } = browser();
  const core = (...args: string[]) => parfocalJson(work.path('data'), ...args);
  const connectionLost = (page: Page) =>
    page.getByRole('contentinfo').getByRole('alert').getByText('The connection to the studio was lost').waitFor();

  async function sample(name: string): Promise<string> {
    const project = work.path(`${name}.parfocal`);
    await core('new', project);
    await core('import', project, join(root, 'resources/sample/regions.csv'), '--group', 'column');
    return project;
  }
  const serve = (...args: string[]) =>
    run('main/cli/parfocal.mjs', ['serve', ...args], { PARFOCAL_DATA: work.path('data') });

  test('goes on while the page is loaded again, and can still be stopped', async () => {
    const project = await sample('reload');
    await core('network', 'add', work.write('large.onnx', tinyNetwork(64)), '--preprocessing', 'unit');
    const { page, faults } = await open((await serve(project, '--port', '0')).address);
    await useNetwork(page, 'large');
    await show(page, 'Train');
    await page.locator('summary', { hasText: 'Settings' }).click();
    await page.getByLabel(/size/i).fill('1024');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    const status = page.getByRole('contentinfo', { name: 'Status' });
    await status.getByText(/Computing codes [1-9]/).waitFor();

    await page.reload();
    await status.getByText(/Computing codes [1-9]/).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await status.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
    expect(await status.getByRole('button').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('labels outlive the core: those that it had, and those that it was given while it was dead', async () => {
    const project = await sample('killed');
    const port = String(await freePort());
    const first = await serve(project, '--port', port);
    const { page } = await open(first.address);
    await page.getByLabel('Show', { exact: true }).selectOption('unlabelled');
    await label(page, '1', '1', '1');
    // The rail counts what the core has saved.
    await page.getByText('369 of 994').waitFor();
    first.child.kill('SIGKILL');
    await first.ended;
    await connectionLost(page);
    await label(page, '2', '2');
    await page.getByText('2 changes to be saved').waitFor();

    // Started anew without a project: the page, not loaded again, has it opened, and stays where it was.
    await serve('--port', port);
    await page.getByText('371 of 994').waitFor();
    expect(await page.getByRole('grid', { name: 'Items to label' }).isVisible()).toBe(true);
    await page.getByText('to be saved').waitFor({ state: 'detached' });
    await page.keyboard.press('1');
    await page.getByText('372 of 994').waitFor();
    await page.reload();
    await page.getByText('372 of 994').waitFor();
  });

  test('labels are not given to another project that the core has open when it is back', async () => {
    const [mine, other] = [await sample('mine'), await sample('other')];
    const port = String(await freePort());
    const first = await serve(mine, '--port', port);
    const { page } = await open(first.address);
    await page.getByLabel('Show', { exact: true }).selectOption('unlabelled');
    await page
      .getByRole('gridcell', { name: /unlabelled/ })
      .first()
      .waitFor();
    first.child.kill('SIGKILL');
    await first.ended;
    await connectionLost(page);
    await label(page, '2', '2');
    await serve(other, '--port', port);
    await page.getByText('The project was closed before everything was saved.').first().waitFor();
    await page.getByRole('navigation', { name: 'Steps' }).getByText('other').waitFor();
    await page.getByText('366 of 994').waitFor();
  });
});
