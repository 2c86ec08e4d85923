import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/build/paths.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { workshop } from '../support/core.ts';
import { run } from '../support/started.ts';

/** The screen's parts, as a person or a screen reader finds them. */
function parts(page: Page) {
  const classes = page.getByRole('region', { name: 'Classes' });
  return {
    grid: page.getByRole('grid', { name: 'Items to label' }),
    cells: page.getByRole('gridcell'),
    bar: page.getByRole('toolbar', { name: 'What is shown' }),
    /** What is shown and selected, in words. */
    count: page.locator('.bar .count'),
    classes,
    giver: (name: string): Locator => classes.getByRole('button', { name: new RegExp(`^(\\S )?${name}\\b`) }),
    /** What was done last. */
    said: (words: string | RegExp): Locator => page.getByRole('status').filter({ hasText: words }).first(),
    rail: page.getByRole('navigation', { name: 'Steps' }),
    dialog: page.getByRole('dialog'),
    image: page.getByRole('application'),
  };
}

const labelled = async (page: Page, items: number): Promise<void> => {
  await parts(page).rail.getByText(`${items} of `).waitFor();
};

describeWithBrowser('Label', () => {
  const work = workshop();
  const { open } = browser();

  /** The Label screen of the sample: 994 regions, 366 of them labelled, in 8 classes. */
  async function openLabel(name: string) {
    const project = work.path(`${name}.parfocal`);
    const data = work.path('data');
    await parfocalJson(data, 'new', project);
    await parfocalJson(data, 'import', project, join(root, 'resources/sample/regions.csv'));
    const { address } = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], { PARFOCAL_DATA: data });
    const opened = await open(address);
    await parts(opened.page).cells.first().waitFor();
    return opened;
  }

  describe('by mouse', () => {
    test('a range, single items and a rectangle are selected, labelled at once, and undone', async () => {
      const { page, faults } = await openLabel('mouse');
      const { grid, cells, bar, count, classes, giver, said } = parts(page);
      await bar.getByLabel('Show', { exact: true }).selectOption('unlabelled');
      await expect.poll(() => count.textContent()).toContain('628 items');

      await cells.nth(0).click();
      await cells.nth(6).click({ modifiers: ['Shift'] });
      await cells.nth(3).click({ modifiers: ['Control'] });
      expect(await count.textContent()).toContain('6 of 628 selected');
      await giver('red cell').click();
      await said('red cell: 6 items labelled').waitFor();
      await labelled(page, 372);
      expect(await cells.nth(3).getAttribute('aria-label')).toMatch(/unlabelled$/);
      expect(await cells.nth(6).getAttribute('aria-label')).toMatch(/red cell$/);

      await bar.getByRole('button', { name: 'Undo' }).click();
      await labelled(page, 366);
      await expect.poll(() => cells.nth(6).getAttribute('aria-label')).toMatch(/unlabelled$/);
      await bar.getByRole('button', { name: 'Redo' }).click();
      await labelled(page, 372);
      await expect.poll(() => cells.nth(6).getAttribute('aria-label')).toMatch(/red cell$/);

      // From the middle of one item to below that of the next: two items of this row, and two of the row below.
      const third = 2 * Number(await grid.getAttribute('aria-colcount'));
      const [from, to] = [await centre(cells.nth(third)), await centre(cells.nth(third + 1))];
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y + to.height, { steps: 5 });
      await page.mouse.up();
      expect(await count.textContent()).toContain('4 of 628 selected');
      await giver('platelet').click();
      await labelled(page, 376);
      await cells.nth(0).click();
      await giver('Unlabelled').click();
      await labelled(page, 375);

      // A class of one's own, given from the moment it is made.
      await classes.getByRole('textbox', { name: 'Name of a new class' }).fill('smudge');
      await classes.getByRole('button', { name: 'Make the class' }).click();
      await cells.nth(third - 1).click();
      await giver('smudge').click();
      await said('smudge: 1 item labelled').waitFor();
      await labelled(page, 376);
      expect(faults).toEqual([]);
    });

    test('what is shown is narrowed and ordered, and widened again where nothing is left', async () => {
      const { page, faults } = await openLabel('filters');
      const { bar, count, cells } = parts(page);
      const shows = async (items: string): Promise<void> => {
        await expect.poll(() => count.textContent()).toContain(items);
      };
      const choose = (what: string, label: string) =>
        bar.getByRole('combobox', { name: what, exact: true }).selectOption({ label });
      await shows('994 items');
      await choose('Group', 'slide 3');
      await shows('125 items');
      await choose('Show', 'Labelled');
      await expect.poll(async () => Number(/\d+/.exec((await count.textContent()) ?? '')?.[0])).toBeLessThan(125);
      await choose('Show', 'platelet');
      await expect.poll(() => cells.first().getAttribute('aria-label')).toMatch(/^Region of slide-3.*, platelet$/);
      await choose('How it was labelled', 'By hand');
      await page.getByText('No items like this').waitFor();
      await page.getByRole('button', { name: 'Show everything' }).click();
      await shows('994 items');
      await choose('Order', 'By class');
      await expect.poll(() => cells.first().getAttribute('aria-label')).not.toMatch(/unlabelled$/);
      expect(faults).toEqual([]);
    });

    test('classes are renamed, given other keys and colours, merged and deleted, and undo brings them back', async () => {
      const { page, faults } = await openLabel('classes');
      const { classes, dialog, giver, rail } = parts(page);
      const edit = async (name: string): Promise<void> => {
        await giver(name).hover();
        await classes.getByRole('button', { name: `Edit ${name}`, exact: true }).click();
      };
      await edit('platelet');
      await dialog.getByLabel('Name').fill('thrombocyte');
      await dialog.getByLabel('Key').fill('t');
      await dialog.getByRole('radio').nth(3).check({ force: true });
      await dialog.getByRole('button', { name: 'Save' }).click();
      await giver('thrombocyte').waitFor();
      expect(await giver('thrombocyte').locator('kbd').textContent()).toBe('T');

      await edit('spherocyte');
      await dialog.getByRole('button', { name: 'Merge into another' }).click();
      await dialog.getByLabel('Give its labels to').selectOption({ label: 'red cell' });
      await dialog.getByText(/items labelled spherocyte will be labelled red cell/).waitFor();
      await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
      await giver('spherocyte').waitFor({ state: 'detached' });
      await rail.getByText('366 of 994 · 7 classes').waitFor();

      await edit('thrombocyte');
      await dialog.getByRole('button', { name: 'Delete' }).click();
      await dialog.getByText(/items will be unlabelled/).waitFor();
      await dialog.getByRole('button', { name: 'Delete the class' }).click();
      await rail.getByText('· 6 classes').waitFor();
      await page.keyboard.press('Control+z');
      await rail.getByText('366 of 994 · 7 classes').waitFor();
      await page.keyboard.press('Control+z');
      await rail.getByText('366 of 994 · 8 classes').waitFor();
      expect(faults).toEqual([]);
    });

    test('in the whole image boxes are drawn and cells clicked, labelled, and removed', async () => {
      const { page, faults } = await openLabel('image');
      const { cells, image, giver, rail, dialog } = parts(page);
      await cells.first().dblclick();
      await image.locator('img.loaded').waitFor();
      const regions = image.locator('rect.region');
      await expect.poll(() => regions.count()).toBeGreaterThan(10);
      const before = await regions.count();
      const box = (await image.boundingBox())!;
      const at = (x: number, y: number) => ({ x: box.x + box.width * x, y: box.y + box.height * y });

      await page.getByRole('radio', { name: 'Draw a box' }).click();
      const [from, to] = [at(0.45, 0.45), at(0.55, 0.6)];
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 4 });
      await page.mouse.up();
      await expect.poll(() => regions.count()).toBe(before + 1);
      await giver('neutrophil').click();
      await labelled(page, 367);

      await page.getByRole('radio', { name: /Click for a cell/ }).click();
      await page.getByRole('spinbutton', { name: 'Size' }).fill('40');
      const spot = at(0.5, 0.3);
      await page.mouse.click(spot.x, spot.y);
      await expect.poll(() => regions.count()).toBe(before + 2);
      await rail.getByText('of 996').waitFor();

      await page.getByRole('button', { name: 'Remove this region' }).click();
      await dialog.getByRole('button', { name: 'Remove' }).click();
      await expect.poll(() => regions.count()).toBe(before + 1);

      await page.getByRole('button', { name: 'Zoom in' }).click();
      await page.mouse.wheel(0, -400);
      await page.getByRole('button', { name: 'Grid' }).click();
      await cells.first().waitFor();
      expect(faults).toEqual([]);
    });
  });

  test('all of it goes by the keyboard alone', async () => {
    const { page, faults } = await openLabel('keyboard');
    const { grid, cells, count, said, dialog, image, rail, classes } = parts(page);
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = (what: Locator) => expect.poll(() => what.evaluate((one) => one === document.activeElement));
    await focused(grid).toBe(true);

    await press('?');
    await dialog.getByRole('heading', { name: 'Keys' }).waitFor();
    await press('Escape');
    await focused(grid).toBe(true);

    // To the choice of what is shown, by Tab as browsers have it; there the first letters choose.
    await press('Shift+Tab');
    for (let tries = 0; tries < 30 && !(await isFocused(page.getByLabel('Show', { exact: true }))); tries++)
      await press('Shift+Tab');
    await page.keyboard.type('Unl');
    await expect.poll(() => count.textContent()).toContain('628 items');
    await focused(grid).toBe(true);

    await press('ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowRight');
    expect(await count.textContent()).toContain('3 of 628 selected');
    await press('ArrowRight', 'ArrowRight', 'Space');
    expect(await count.textContent()).toContain('4 of 628 selected');
    const key = (await classes
      .getByRole('button', { name: /red cell/ })
      .first()
      .locator('kbd')
      .textContent())!;
    await press(key.toLowerCase());
    await said('red cell: 4 items labelled').waitFor();
    await labelled(page, 370);
    // Moved on to what follows the last of them.
    expect(await cells.nth(6).getAttribute('class')).toContain('focused');
    await press(key.toLowerCase());
    await labelled(page, 371);
    await press('ArrowLeft', 'Backspace');
    await labelled(page, 370);
    await press('Control+z', 'Control+z');
    await labelled(page, 370);
    await press('Control+z');
    await labelled(page, 366);
    await press('Control+Shift+z', 'Control+y');
    await labelled(page, 371);

    await press('Control+a');
    expect(await count.textContent()).toContain('628 of 628 selected');
    await press(key.toLowerCase());
    await labelled(page, 994);
    await press('Control+z');
    await labelled(page, 371);

    // The whole image: a box by two corners, a label for it, and its end.
    await press('Home', 'Enter');
    await image.locator('img.loaded').waitFor();
    await focused(image).toBe(true);
    const regions = image.locator('rect.region');
    await expect.poll(() => regions.count()).toBeGreaterThan(10);
    const before = await regions.count();
    await press(
      '/',
      'ArrowRight',
      'Enter',
      ...Array<string>(4).fill('ArrowDown'),
      ...Array<string>(4).fill('ArrowRight'),
    );
    await press('Enter');
    await expect.poll(() => regions.count()).toBe(before + 1);
    await rail.getByText('371 of 995').waitFor();
    await press('Escape', key.toLowerCase());
    await labelled(page, 372);
    await press('ArrowLeft', '+', '+', 'Shift+ArrowLeft', 'Home', 'Delete');
    await dialog.getByRole('button', { name: 'Remove' }).waitFor();
    await press('Escape');
    await focused(image).toBe(true);
    await press('Escape');
    await focused(grid).toBe(true);

    // An item leaves the project.
    await press('Shift+Delete');
    await dialog.getByText(/^1 item .*will leave the project\.$/).waitFor();
    const remove = dialog.getByRole('button', { name: 'Remove' });
    for (let tries = 0; tries < 5 && !(await isFocused(remove)); tries++) await press('Tab');
    await press('Enter');
    await rail.getByText('372 of 994').waitFor();
    await focused(grid).toBe(true);

    // A class of one's own, and back.
    await press('Shift+Tab');
    const name = classes.getByRole('textbox', { name: 'Name of a new class' });
    for (let tries = 0; tries < 40 && !(await isFocused(name)); tries++) await press('Shift+Tab');
    await page.keyboard.type('9 smudge');
    await press('Enter');
    await classes
      .getByRole('button', { name: /smudge/ })
      .first()
      .waitFor();
    expect(faults).toEqual([]);
  });
});

function isFocused(what: Locator): Promise<boolean> {
  return what.evaluate((one) => one === document.activeElement);
}

async function centre(what: Locator): Promise<{ x: number; y: number; height: number }> {
  const { x, y, width, height } = (await what.boundingBox())!;
  return { x: x + width / 2, y: y + height / 2, height };
}
