import type { Locator, Page } from 'playwright';
import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { workshop } from '../support/core.ts';
import { run } from '../support/started.ts';

/** More steps than any screen has. */
const mostSteps = 150;

describeWithBrowser('the keyboard alone', () => {
  const work = workshop();
  const { open } = browser();

  test('goes from the sample on Home to an exported model', async () => {
    const { address } = await run('main/cli/parfocal.mjs', ['serve', '--port', '0'], {
      PARFOCAL_DATA: work.path('data'),
    });
    const { page, faults } = await open(address);
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    /** Walks to a control, and does what Enter does there. */
    const enter = async (control: Locator): Promise<void> => {
      await reach(page, control);
      await press('Enter');
    };
    const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
    const steps = page.getByRole('navigation', { name: 'Steps' });
    const step = async (name: string): Promise<void> => {
      await enter(steps.getByRole('link', { name: new RegExp(name) }));
      await page.getByRole('heading', { level: 1, name }).waitFor();
    };

    await enter(button('Open the sample'));
    await steps.getByText('366 of 994').waitFor();
    // The grid has the keyboard by itself.
    await enter(steps.getByRole('link', { name: /Label/ }));
    await expect.poll(() => isFocused(page.getByRole('grid', { name: 'Items to label' }))).toBe(true);
    await press('Control+a', '1');
    await steps.getByText('994 of 994').waitFor();
    await press('Control+z');
    await steps.getByText('366 of 994').waitFor();

    await step('Network');
    // The starter is the project's network already; it is cut a block earlier.
    await page.getByText('Used here').waitFor();
    const slider = page.getByRole('slider');
    await reach(page, slider);
    await press('ArrowLeft');
    await page.getByText('block4').first().waitFor();

    await step('Train');
    await enter(button('Train'));
    await page.getByRole('heading', { name: 'Latest result: run 1' }).waitFor({ timeout: 180_000 });

    await step('Evaluate');
    // One cell of the matrix is a stop of Tab; arrows go on from there.
    const cells = page.getByRole('gridcell');
    await cells.first().waitFor();
    for (let tries = 0; tries < mostSteps && !(await focusIsIn(page, '[role=gridcell]')); tries++) await press('Tab');
    await press('Control+Home', 'ArrowRight', 'ArrowLeft', 'Enter');
    await page.getByRole('complementary').waitFor();
    await press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });

    await step('Share');
    await enter(button('Export'));
    await page.getByText(/its probabilities and the studio’s are/).waitFor();
    await reach(page, page.getByRole('link', { name: /^Download .*\.onnx$/ }));
    const [download] = await Promise.all([page.waitForEvent('download'), press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/run-1\.onnx$/);
    expect(faults).toEqual([]);
  });
});

/** Presses Tab until a control has the focus. */
async function reach(page: Page, control: Locator): Promise<void> {
  await control.waitFor();
  for (let tries = 0; tries < mostSteps; tries++) {
    if (await isFocused(control)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never comes to ${String(control)}.`);
}

function isFocused(control: Locator): Promise<boolean> {
  return control.evaluate((one) => one === document.activeElement);
}

function focusIsIn(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector);
}
