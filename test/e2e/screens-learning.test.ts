import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from 'playwright';
import { expect, test } from 'vitest';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { noisePng, tinyNetwork, type Workshop, workshop } from '../support/core.ts';
import { show, useNetwork } from '../support/screens.ts';
import { run } from '../support/started.ts';

const colours: Readonly<Record<string, number[]>> = { red: [200, 60, 60], green: [60, 200, 60] };
/** Held-out images of red that someone labelled green. */
const mislabelled = ['red/20.png', 'red/21.png'];

/** A project of red and green images, 20 of each to learn from and 10 held out, with two wrong labels among these. */
async function colourProject(work: Workshop, name: string): Promise<string> {
  const rows = ['image,label,split'];
  let seed = 1;
  for (const [label, colour] of Object.entries(colours)) {
    for (let at = 0; at < 30; at++) {
      const image = `${label}/${at}.png`;
      work.write(join(name, image), await noisePng(seed++, { colour }));
      const split = at >= 20 ? 'test' : at % 4 ? 'train' : 'validation';
      rows.push(`${image},${mislabelled.includes(image) ? 'green' : label},${split}`);
    }
  }
  const csv = work.write(join(name, 'labels.csv'), rows.join('\n'));
  const project = work.path(`${name}.parfocal`);
  await parfocalJson(work.path('data'), 'new', project);
  await parfocalJson(work.path('data'), 'import', project, csv);
  return project;
}

async function addNetwork(work: Workshop): Promise<void> {
  const file = work.write('tiny.onnx', tinyNetwork());
  await parfocalJson(work.path('data'), 'network', 'add', file, '--preprocessing', 'unit');
}

/** The studio with a project open, in the browser host. */
async function serve(work: Workshop, project: string): Promise<URL> {
  const started = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], {
    PARFOCAL_DATA: work.path('data'),
  });
  return started.address;
}

async function train(page: Page, number: number): Promise<void> {
  await show(page, 'Train');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('heading', { name: `Latest result: run ${number}` }).waitFor();
}

describeWithBrowser('Network, Train, Evaluate and Share', () => {
  const work = workshop();
  const { open } = browser();

  test('a network is added from a file, its preprocessing asked for, and cut where the person says', async () => {
    const file = work.write('unknown.onnx', tinyNetwork(4));
    const { page, faults } = await open(await serve(work, await colourProject(work, 'adding')));
    await show(page, 'Network');
    await page.getByRole('button', { name: 'Add from a file' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Network' }).fill(file);
    await dialog.getByLabel('Input size, in pixels').fill('48');
    await dialog.getByRole('button', { name: 'Read it' }).click();
    await dialog.getByText('Not known: nothing in the file says it.').waitFor();
    expect(await dialog.getByRole('button', { name: 'Add', exact: true }).isDisabled()).toBe(true);
    await dialog.getByLabel('How it wants its pixels').selectOption('unit');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'unknown' }).waitFor();
    await page.getByText('About this network').click();
    await page.getByText('48 × 48 px, RGB, values from 0 to 1').waitFor();

    await page.getByText('Freeze points as a table').click();
    const early = page.getByRole('row', { name: /^1 / });
    await early.getByRole('radio').check();
    await page.getByText('Used here').waitFor();
    await page.reload();
    await page.getByText('Freeze points as a table').click();
    await expect.poll(() => early.getByRole('radio').isChecked()).toBe(true);
    const point = (await early.getByRole('rowheader').textContent())!.trim().split(/\s+/)[1];
    await show(page, 'Train');
    const settings = page.getByRole('region', { name: 'The plan' }).locator('summary').first();
    await settings.getByText(` ${point} · mean over the image · 48 px`).waitFor();
    expect(faults).toEqual([]);
  });

  test('from training to a shared model: mistakes are relabelled, runs compared, new images predicted', async () => {
    await addNetwork(work);
    const project = await colourProject(work, 'journey');
    const { page, faults } = await open(await serve(work, project));
    await useNetwork(page, 'tiny');
    await train(page, 1);

    // The two wrong labels are the two mistakes. One key mends each.
    await show(page, 'Evaluate');
    const mistakes = page.getByRole('gridcell', { name: /^Labelled green, predicted red: 2/ });
    await mistakes.focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('complementary', { name: 'Labelled green, predicted red' });
    await drawer.getByRole('option').nth(1).waitFor();
    await drawer.getByText('labelled green').nth(1).waitFor();
    const key = await drawer.locator('.one', { hasText: 'red' }).locator('kbd').textContent();
    await page.keyboard.press(key!);
    await page.keyboard.press(key!);
    await expect.poll(() => drawer.getByText('now red').count()).toBe(2);
    await page.keyboard.press('Control+z');
    await expect.poll(() => drawer.getByText('now red').count()).toBe(1);
    await page.keyboard.press('Control+Shift+z');
    await expect.poll(() => drawer.getByText('now red').count()).toBe(2);
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    await expect.poll(() => mistakes.evaluate((cell) => cell === document.activeElement)).toBe(true);

    // Trained again, nothing is wrong any more, and the two runs can be held side by side.
    await train(page, 2);
    await page.getByRole('checkbox', { name: 'Compare run 1' }).check();
    await page.getByRole('checkbox', { name: 'Compare run 2' }).check();
    const compared = page.getByRole('region', { name: 'Compared' });
    const accuracy = compared.getByRole('row', { name: /^Accuracy/ });
    await expect.poll(() => accuracy.getByRole('cell').allInnerTexts()).toEqual(['1.000 best', '0.900']);
    await show(page, 'Evaluate');
    await page.getByText('It made no mistake on its held-out items.').waitFor();
    await page.getByLabel('The other run').selectOption({ label: await runTitle(page, 1) });
    await page.getByRole('button', { name: '2 now right' }).click();
    await expect.poll(() => page.getByRole('complementary').getByRole('option').count()).toBe(2);
    await page.keyboard.press('Escape');

    // Exported with its check; then used on a folder of images.
    await show(page, 'Share');
    await page.getByText('What others should know').click();
    await page.getByRole('textbox', { name: 'Author' }).fill('A. Learner');
    await page.getByLabel('Licence', { exact: true }).selectOption('CC-BY-4.0');
    await page.getByRole('textbox', { name: 'Notes' }).fill('Red and green.');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText(/Run on 20 items: its probabilities and the studio’s are/).waitFor();
    expect(readdirSync(join(project, 'exports')).sort()).toEqual(['journey-run-2.md', 'journey-run-2.onnx']);
    const model = await saved(page, page.getByRole('link', { name: 'Download journey-run-2.onnx' }));
    expect(model.name).toBe('journey-run-2.onnx');
    expect(model.content.equals(readFileSync(join(project, 'exports', 'journey-run-2.onnx')))).toBe(true);

    await page.getByRole('textbox', { name: 'New images' }).fill(work.path('journey', 'red'));
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByRole('button', { name: /^red 30/ }).waitFor();
    const csv = await saved(page, page.getByRole('link', { name: 'Download as CSV' }));
    expect(csv.name).toBe('red predicted.csv');
    const table = csv.content.toString().trim().split('\n');
    expect(table).toHaveLength(31);
    expect(table.slice(1).every((row) => row.includes(',red,'))).toBe(true);

    // The same by its file, as somebody else would have it.
    await page
      .getByLabel('Classifier', { exact: true })
      .selectOption({ label: 'One from a file that somebody shared' });
    await page.getByRole('textbox', { name: 'Its file' }).fill(join(project, 'exports', 'journey-run-2.onnx'));
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByText('By A. Learner · CC-BY-4.0 · macro-F1 1.000 where it was made').waitFor();
    await page.getByRole('button', { name: /^red 30/ }).waitFor();

    mkdirSync(work.path('sorted'));
    await page.getByRole('button', { name: 'Copy into folders by class' }).click();
    const chooser = page.getByRole('dialog');
    await chooser.getByRole('textbox', { name: 'Folder' }).fill(work.path('sorted'));
    await chooser.getByRole('button', { name: 'Go' }).click();
    await chooser.getByText('Nothing here to choose.').waitFor();
    await chooser.getByRole('button', { name: 'Copy here' }).click();
    await page.getByText('Copying into sorted: done.').first().waitFor();
    expect(readdirSync(work.path('sorted', 'green'))).toEqual([]);
    expect(readdirSync(work.path('sorted', 'red'))).toHaveLength(30);

    await show(page, 'Train');
    await page.getByRole('button', { name: 'Delete run 1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('link', { name: 'Run 1' }).waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });

  test('a cross-validation that the page was reloaded during ends, and shows its result', async () => {
    await addNetwork(work);
    const project = await colourProject(work, 'folds');
    await parfocalJson(work.path('data'), 'train', project, '--network', 'tiny');
    const { page } = await open(await serve(work, project));
    await show(page, 'Evaluate');
    await page.getByRole('button', { name: 'Cross-validate' }).click();
    await page.reload();
    const panel = page.getByRole('region', { name: 'Cross-validation' });
    await panel.getByText('Fold by fold: 60 held-out items').click();
    await expect.poll(() => panel.getByRole('row').count()).toBe(6);
  });

  test.each(['dark', 'light'])('axe finds nothing to complain of, in the %s theme', async (theme) => {
    await addNetwork(work);
    const project = await colourProject(work, theme);
    await parfocalJson(work.path('data'), 'train', project, '--network', 'tiny');
    const { page } = await open(await serve(work, project), { reducedMotion: 'reduce' });
    await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
    await page.reload();
    for (const step of ['Network', 'Train', 'Evaluate', 'Share'] as const) {
      await show(page, step);
      await page.getByRole('region').first().waitFor();
      for (const summary of await page.locator('main summary').all()) await summary.click();
      if (step === 'Evaluate') {
        await page.getByRole('gridcell', { name: /^Labelled green, predicted red: 2/ }).click();
        await page.getByRole('complementary').getByRole('option').first().waitFor();
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${step}: ${id} ${nodes[0].html}`)).toEqual([]);
    }
  });
});

/** Clicks what saves a file, on the computer that the browser runs on. */
async function saved(page: Page, link: Locator): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
}

/** How a run is called where one is chosen. */
async function runTitle(page: Page, number: number): Promise<string> {
  const options = await page.getByLabel('The other run').locator('option').allTextContents();
  return options.find((title) => title.startsWith(`Run ${number} `))!;
}
