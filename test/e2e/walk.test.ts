import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { eventually, tinyNetwork, workshop } from '../support/core.ts';
import { run } from '../support/started.ts';
import { freePort, label, show, unlabelledCount } from '../support/screens.ts';

describeWithBrowser('the studio in a browser', () => {
  const work = workshop();
  const { open } = browser();

  test('goes from the sample on Home to an exported model', { timeout: 240_000 }, async () => {
    const network = work.write('tiny.onnx', tinyNetwork());
    const { address } = await run('main/cli/parfocal.mjs', ['serve', '--port', '0'], {
      PARFOCAL_DATA: work.path('walk'),
    });
    const { page, faults } = await open(address);
    await page.getByRole('button', { name: 'Open the sample' }).click();
    await page.getByRole('navigation', { name: 'Steps' }).getByText('366 of 994').waitFor({ timeout: 60_000 });

    // One key labels the item and moves on to the next: three keys, three labels.
    await show(page, 'Label');
    await page.getByLabel('Show', { exact: true }).selectOption('unlabelled');
    const before = await unlabelledCount(page);
    expect(before).toBe(628);
    await label(page, '2', '2', '1');
    await expect.poll(() => unlabelledCount(page)).toBe(before - 3);
    await page.keyboard.press('Control+z');
    await expect.poll(() => unlabelledCount(page)).toBe(before - 2);

    await show(page, 'Network');
    await page.getByRole('button', { name: 'Add from a file' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Network' }).fill(network);
    await dialog.getByLabel('How it wants its pixels').selectOption('unit');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const use = page.getByRole('button', { name: 'Use this network' });
    if (await use.isVisible()) await use.click();
    await page.getByText('Used here').waitFor();

    await show(page, 'Train');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('heading', { name: 'Latest result: run 1' }).waitFor({ timeout: 120_000 });
    await show(page, 'Evaluate');
    await page.getByRole('heading', { name: 'Confusion matrix' }).waitFor();

    await show(page, 'Share');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText(/its probabilities and the studio’s are/).waitFor({ timeout: 60_000 });
    expect(faults).toEqual([]);
  });

  test('a reload in the middle of an import does not end it', { timeout: 120_000 }, async () => {
    const { address } = await run('main/cli/parfocal.mjs', ['serve', '--port', '0'], {
      PARFOCAL_DATA: work.path('reload'),
    });
    const { page } = await open(address);
    await page.getByRole('button', { name: 'Open the sample' }).click();
    await page.getByRole('button', { name: 'Cancel' }).waitFor({ timeout: 20_000 });
    await page.reload();
    const steps = page.getByRole('navigation', { name: 'Steps' });
    await steps.getByText('366 of 994').waitFor({ timeout: 60_000 });
    await expect.poll(() => page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  });

  test(
    'the core killed and started again: no label is lost, and the page recovers by itself',
    { timeout: 180_000 },
    async () => {
      const port = String(await freePort());
      const start = () =>
        run('main/cli/parfocal.mjs', ['serve', '--port', port], { PARFOCAL_DATA: work.path('killed') });
      const first = await start();
      const { page } = await open(first.address);
      await page.getByRole('button', { name: 'Open the sample' }).click();
      await page.getByRole('navigation', { name: 'Steps' }).getByText('366 of 994').waitFor({ timeout: 60_000 });
      await show(page, 'Label');
      await page.getByLabel('Show', { exact: true }).selectOption('unlabelled');
      await label(page, '1', '1', '1');
      // The rail counts what the core has saved.
      await page.getByText('369 of 994').waitFor();
      first.child.kill('SIGKILL');
      await first.ended;
      await page
        .getByText(/connection|reconnect/i)
        .first()
        .waitFor({ timeout: 20_000 });
      const project = work.path('killed', 'samples');
      expect(await eventually(() => existsSync(project))).toBe(true);
      await start();
      // The page finds its way back without a reload; the project is opened again from Home.
      await page
        .getByRole('button', { name: /^(Sample|Open)/ })
        .or(page.getByText('369 of 994'))
        .first()
        .waitFor({ timeout: 60_000 });
      if (!(await page.getByText('369 of 994').isVisible())) {
        await page.goto(`${first.address.origin}/#/home`);
        await page
          .getByRole('button', { name: /^Sample/ })
          .first()
          .click();
      }
      await page.getByText('369 of 994').waitFor({ timeout: 30_000 });
    },
  );
});
