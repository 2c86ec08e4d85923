import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../scripts/build/paths.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { noisePng, workshop, writeClasses } from '../support/core.ts';
import { show } from '../support/screens.ts';
import { run } from '../support/started.ts';

describeWithBrowser('Home and Images', () => {
  const work = workshop();
  const { open } = browser();
  const serve = (data: string, ...args: string[]) =>
    run('main/cli/parfocal.mjs', ['serve', ...args, '--port', '0'], { PARFOCAL_DATA: work.path(data) });

  test('a project is made, filled from a folder, closed, opened again and taken off the list', async () => {
    await writeClasses(work.path('folder', 'day-1'), 4);
    await writeClasses(work.path('folder', 'day-2'), 3, { red: [180, 60, 60], green: [60, 180, 60] });
    work.write('folder/day-2/green/broken.png', 'no image at all');
    const { page, faults } = await open((await serve('home')).address);
    const dialog = page.getByRole('dialog');
    await page.getByText('None yet.').waitFor();
    await page.getByRole('button', { name: 'New project' }).click();
    await dialog.getByRole('textbox', { name: 'Folder' }).fill(work.folder);
    await dialog.getByRole('button', { name: 'Go' }).click();
    await dialog.getByRole('button', { name: 'folder', exact: true }).waitFor();
    await dialog.getByLabel('Name').fill('Blood');
    await dialog.getByRole('button', { name: 'Make project' }).click();
    await page.getByRole('heading', { name: 'Add your first images' }).waitFor();
    expect(existsSync(work.path('Blood.parfocal'))).toBe(true);

    await page.getByRole('button', { name: 'Choose folder or file' }).click();
    await dialog.getByRole('textbox', { name: 'Folder' }).fill(work.path('folder'));
    await dialog.getByRole('button', { name: 'Go' }).click();
    await dialog.getByRole('button', { name: 'day-1' }).waitFor();
    await dialog.getByRole('button', { name: 'Choose', exact: true }).click();
    await dialog.getByText('Where the images stay').waitFor();
    await dialog.getByText('Folder names are classes').click();
    await dialog.getByLabel(/^Groups/).selectOption('pattern');
    await dialog.getByLabel('Pattern').fill('(');
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Pattern').fill('day-(\\d)');
    await dialog.getByRole('cell', { name: '2', exact: true }).first().waitFor();
    await dialog.getByRole('button', { name: 'Add to the project' }).click();
    const steps = page.getByRole('navigation', { name: 'Steps' });
    await steps.getByText('14 images · 2 groups').waitFor();
    await steps.getByText('14 of 14 · 2 classes').waitFor();
    const report = page.getByRole('region', { name: 'The last import' });
    await report.getByText('1 entry could not be read').waitFor();
    await report.getByText('broken.png').first().waitFor();
    await report.getByRole('button', { name: 'Dismiss' }).click();
    await report.waitFor({ state: 'detached' });
    await page
      .getByRole('row', { name: /0003\.png 24 × 20 PNG 1 1/ })
      .first()
      .waitFor();

    // Two that should not be there: what their removal means is said first.
    await page.getByRole('checkbox', { name: 'Select 0000.png' }).first().check();
    await page
      .getByRole('checkbox')
      .nth(2)
      .click({ modifiers: ['Shift'] });
    await page.getByText('3 of 14 images selected').waitFor();
    await page.getByRole('checkbox').nth(1).uncheck();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await dialog.getByText('2 images with 2 items (2 of them labelled) will leave the project.').waitFor();
    await dialog.getByText('The files stay where they are.').waitFor();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await steps.getByText('12 images · 2 groups').waitFor();
    await page.getByText('12 images', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Close project' }).click();
    const recent = page.getByRole('region', { name: 'Recent projects' });
    await recent.getByRole('button', { name: /^Blood/ }).click();
    await page.getByRole('grid', { name: 'Items to label' }).waitFor();
    await page.getByRole('link', { name: /Home/ }).click();
    await recent.getByText('Open now').waitFor();
    await recent.getByRole('button', { name: 'Take Blood off this list' }).click();
    await page.getByText('None yet.').waitFor();
    expect(faults).toEqual([]);
  });

  test('files are sent from the browser, and are then in the project', async () => {
    const project = work.path('sent.parfocal');
    await parfocalJson(work.path('sent'), 'new', project);
    const { page, faults } = await open((await serve('sent', project)).address);
    const choosing = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Send from this browser' }).click();
    const files = ['one', 'two'].map(async (name, at) => ({
      name: `${name}.png`,
      mimeType: 'image/png',
      buffer: await noisePng(at + 1),
    }));
    await (await choosing).setFiles(await Promise.all(files));
    await page.getByRole('dialog').getByText('Files sent from this browser').waitFor();
    await page.getByRole('button', { name: 'Add to the project' }).click();
    await page.getByRole('row', { name: /two\.png/ }).waitFor();
    await page.getByRole('row', { name: /two\.png/ }).click();
    await page.getByRole('application').locator('img.loaded').waitFor();
    expect(faults).toEqual([]);
  });

  test('a path is chosen in peace while a job goes on', async () => {
    const { page, faults } = await open((await serve('peace')).address);
    await page.getByRole('button', { name: 'Open the sample' }).click();
    await page.getByRole('navigation', { name: 'Steps' }).waitFor();
    await show(page, 'Images');
    await page.getByRole('button', { name: 'Choose folder or file' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Folder' }).fill(join(root, 'resources'));
    await dialog.getByRole('button', { name: 'Go' }).click();
    await dialog.getByRole('button', { name: 'sample' }).waitFor();
    await page.getByText('366 of 994').waitFor();
    expect(await dialog.getByRole('textbox', { name: 'Folder' }).inputValue()).toBe(join(root, 'resources'));
    expect(await dialog.getByRole('button', { name: 'sample' }).isVisible()).toBe(true);
    expect(faults).toEqual([]);
  });
});
