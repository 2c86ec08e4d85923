import { join } from 'node:path';
import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { noisePng, tinyNetwork, workshop } from '../support/core.ts';
import { show } from '../support/screens.ts';
import { run } from '../support/started.ts';

/** Without a slash, since it is the name of a file as well. */
const attack = `<img src=x onerror="document.title='taken'"><b>bold`;
const screens = ['Images', 'Label', 'Network', 'Train', 'Evaluate', 'Share'] as const;

describeWithBrowser('names with markup in them', () => {
  const work = workshop();
  const { open } = browser();

  test('are shown as they are written, on every screen', async () => {
    const data = work.path('data');
    const project = work.path(`${attack}.parfocal`);
    const rows = ['image,label,group,split'];
    const csv = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    for (let at = 0; at < 24; at++) {
      const image = `${at} ${attack}.png`;
      const colour = at % 2 ? [200, 60, 60] : [60, 200, 60];
      work.write(join('images', image), await noisePng(at + 1, { colour }));
      const label = at % 2 ? attack : `${attack} two`;
      // One wrong label, so that there is a mistake to be shown.
      const given = at === 1 ? `${attack} two` : label;
      const split = at < 6 ? 'test' : at < 12 ? 'validation' : 'train';
      rows.push([csv(image), csv(given), csv(`${attack} ${at}`), split].join(','));
    }
    const table = work.write(join('images', 'table.csv'), rows.join('\n'));
    const network = work.write('tiny.onnx', tinyNetwork());
    await parfocalJson(data, 'new', project);
    await parfocalJson(data, 'import', project, table, '--group', 'column');
    await parfocalJson(data, 'network', 'add', network, '--preprocessing', 'unit', '--name', attack);
    await parfocalJson(data, 'train', project, '--network', attack, '--size', '24');

    const { address } = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], { PARFOCAL_DATA: data });
    const { page, faults } = await open(address);
    await page.getByRole('navigation', { name: 'Steps' }).getByText(attack).first().waitFor();
    for (const screen of screens) {
      await show(page, screen);
      await page.getByRole('main').getByText(attack).first().waitFor({ state: 'attached' });
      expect(await page.locator('b, img[src=x]').count()).toBe(0);
    }
    await show(page, 'Evaluate');
    await page.getByRole('gridcell', { name: /: 1, / }).first().click();
    await page.getByRole('complementary').getByRole('option').first().waitFor();
    await show(page, 'Label');
    await page.getByRole('gridcell').first().dblclick();
    await page.getByRole('application').locator('img.loaded').waitFor();
    await page.getByRole('button', { name: `Edit ${attack}`, exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `Class ${attack}`, exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: /Home/ }).click();
    await page.getByRole('region', { name: 'Recent projects' }).getByText(attack).first().waitFor();

    expect(await page.locator('b, img[src=x]').count()).toBe(0);
    expect(await page.title()).toContain(attack);
    expect(faults).toEqual([]);
  });
});
