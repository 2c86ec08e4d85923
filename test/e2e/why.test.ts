import AxeBuilder from '@axe-core/playwright';
import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { tinyNetwork, workshop, writeClasses } from '../support/core.ts';
import { show } from '../support/screens.ts';
import { run } from '../support/started.ts';

const classes = { red: [200, 60, 60], green: [60, 200, 60], blue: [60, 60, 200] };

describeWithBrowser('Why this answer', () => {
  const work = workshop();
  const { open } = browser();
  const parfocal = (...args: string[]): Promise<unknown> => parfocalJson(work.path('data'), ...args);

  test.each(['dark', 'light'])('is shown for an item of a cell, by keyboard alone, in the %s theme', async (theme) => {
    const project = work.path(`${theme}.parfocal`);
    await writeClasses(work.path('images'), 12, classes);
    await parfocal('network', 'add', work.write('tiny.onnx', tinyNetwork()), '--preprocessing', 'unit');
    await parfocal('new', project);
    await parfocal('import', project, work.path('images'), '--labels', 'folders', '--group', 'image');
    await parfocal('train', project, '--network', 'tiny', '--size', '32');

    const { address } = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], {
      PARFOCAL_DATA: work.path('data'),
    });
    const { page, faults } = await open(address, { reducedMotion: 'reduce' });
    await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
    await page.reload();
    await show(page, 'Evaluate');
    await page.getByRole('gridcell', { name: /^Labelled green, predicted green/ }).focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('complementary');
    await drawer.getByRole('option').nth(1).waitFor();
    await page.keyboard.press('Enter');

    const why = drawer.getByRole('region', { name: 'Why this answer' });
    const pictures = why.getByRole('figure');
    await pictures.first().getByRole('img', { name: 'Where the network sees green' }).waitFor();
    await pictures
      .first()
      .getByText(/^predicted, \d/)
      .waitFor();
    const other = why.getByLabel('Compared class');
    const before = await other.inputValue();
    const names = await other.locator('option').allTextContents();
    expect(names.map((text) => text.split(',')[0]).sort()).toEqual(['blue', 'red']);
    await other.selectOption(String([0, 1, 2].find((index) => String(index) !== before && index !== 1)));
    await expect.poll(() => pictures.nth(1).locator('img[src^="data:image/png"]').count()).toBe(1);

    // Early in the network, by choice.
    const seenAt = why.getByLabel('Seen at');
    const first = (await seenAt.locator('option').allTextContents())[0];
    await seenAt.selectOption(first);
    await expect.poll(() => seenAt.inputValue()).toBe(first);
    expect(await why.getByRole('slider', { name: 'Opacity' }).inputValue()).toBe('70');
    await expect.poll(() => why.getByText(/% alike/).count()).toBe(8);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);

    // On to the next, relabelled by its key; then back to where the list was left.
    await why.focus();
    await page.keyboard.press('ArrowRight');
    await why.getByText(/^2 of/).waitFor();
    await why.getByText('Labelled green.').waitFor();
    const key = await drawer.locator('.one', { hasText: 'red' }).locator('kbd').textContent();
    await page.keyboard.press(key!);
    await why.getByText('Labelled red.').waitFor();
    await page.keyboard.press('Escape');
    await why.waitFor({ state: 'detached' });
    await expect
      .poll(() =>
        drawer
          .getByRole('option')
          .nth(1)
          .evaluate((one) => one === document.activeElement),
      )
      .toBe(true);
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });
});
