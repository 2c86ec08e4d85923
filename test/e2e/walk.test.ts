import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { workshop } from '../support/core.ts';
import { run } from '../support/started.ts';
import { label, show, unlabelledCount } from '../support/screens.ts';

describeWithBrowser('the studio in a browser', () => {
  const work = workshop();
  const { open } = browser();

  test('goes from the sample on Home to an exported model', async () => {
    const { address } = await run('main/cli/parfocal.mjs', ['serve', '--port', '0'], {
      PARFOCAL_DATA: work.path('walk'),
    });
    const { page, faults } = await open(address);
    await page.getByRole('button', { name: 'Open the sample' }).click();
    await page.getByRole('navigation', { name: 'Steps' }).getByText('366 of 994').waitFor();

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
    await page.getByRole('button', { name: /^starter .* in the box Used here/ }).waitFor();

    await show(page, 'Train');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('heading', { name: 'Latest result: run 1' }).waitFor({ timeout: 180_000 });
    await show(page, 'Evaluate');
    await page.getByRole('heading', { name: 'Confusion matrix' }).waitFor();

    await show(page, 'Share');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText(/its probabilities and the studio’s are/).waitFor();
    expect(faults).toEqual([]);
  });
});
