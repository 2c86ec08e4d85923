import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/build/paths.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { noisePng, tinyNetwork, workshop } from '../support/core.ts';
import { run } from '../support/started.ts';
import { layoutFaults, settled } from './layout.ts';

const screens = ['home', 'images', 'label', 'network', 'train', 'evaluate', 'share'] as const;
type Screen = (typeof screens)[number];
const sizes = [
  [1024, 700],
  [1366, 768],
  [1920, 1080],
  [2560, 1440],
] as const;

/** One word of 120 letters, which no line can be broken in. */
const longWord = 'Megakaryoblastoid'.repeat(8).slice(0, 120);
const longName = `Atypical lymphocytes with ${longWord} and cytoplasmic vacuoles`;

describeWithBrowser('every screen', () => {
  const work = workshop();
  const { open } = browser();
  const core = (...args: string[]) => parfocalJson(work.path('data'), ...args);

  async function emptyProject(name: string): Promise<string> {
    const project = work.path(`${name}.parfocal`);
    await core('new', project);
    return project;
  }

  /** Small images of given classes, `each` of every class, in as many groups; trained and exported. */
  async function trainedProject(name: string, classes: readonly string[], each: number): Promise<string> {
    const project = await emptyProject(name);
    const rows = ['image,label,group,split'];
    mkdirSync(work.path('images', name), { recursive: true });
    for (const [number, label] of classes.entries())
      for (let at = 0; at < each; at++) {
        const image = `${label.slice(0, 120)} ${number}-${at}.png`;
        const colour = [number, number * 7, number * 31].map((value) => 40 + ((value * 40) % 160));
        const content = await noisePng(number * each + at, { colour, width: 16, height: 16 });
        work.write(join('images', name, image), content);
        rows.push(`${image},${label},${label} ${at},${at === 0 ? 'test' : at === 1 ? 'validation' : 'train'}`);
      }
    const table = work.write(join('images', name, 'table.csv'), rows.join('\n'));
    await core('import', project, table, '--group', 'column');
    const network = work.write(`${name}.onnx`, tinyNetwork());
    await core('network', 'add', network, '--preprocessing', 'unit', '--name', name);
    await core('train', project, '--network', name, '--size', '16');
    if (each > 3) await core('train', project, '--network', name, '--size', '16', '--method', 'svm');
    await core('export', project, '--out', work.path('exported', name));
    return project;
  }

  async function openStudio(project?: string): Promise<Page> {
    const { address } = await run(
      'main/cli/parfocal.mjs',
      ['serve', ...(project === undefined ? [] : [project]), '--port', '0'],
      { PARFOCAL_DATA: work.path('data') },
    );
    const { page } = await open(address, { reducedMotion: 'reduce' });
    // A project that is open from the start is shown by itself: not before that is anything else asked for.
    await page.getByRole('heading', { level: 1, name: project === undefined ? 'Parfocal' : /Images|Label/ }).waitFor();
    return page;
  }

  async function goTo(page: Page, screen: Screen): Promise<void> {
    await page.goto(`${new URL(page.url()).origin}/#/${screen}`);
    await page
      .getByRole('heading', { level: 1, name: new RegExp(screen === 'home' ? 'Parfocal' : screen, 'i') })
      .waitFor();
    await settled(page);
  }

  async function useTheme(page: Page, theme: string): Promise<void> {
    await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
    await page.reload();
    await page.getByRole('main').getByRole('heading').first().waitFor();
  }

  async function expectAccessible(page: Page, state: string): Promise<void> {
    const { violations } = await new AxeBuilder({ page }).analyze();
    const told = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${state}: ${id} ${html}`));
    expect(told).toEqual([]);
  }

  describe.each(['dark', 'light'])('axe finds nothing to complain of, in the %s theme', (theme) => {
    test('on Home', async () => {
      const start = await openStudio();
      await useTheme(start, theme);
      await expectAccessible(start, 'home without a project');
      await start.getByRole('button', { name: 'New project' }).click();
      await start.getByRole('dialog').getByRole('listitem').first().waitFor();
      await expectAccessible(start, 'choosing a folder');
    });

    test('on the screens of an empty project', async () => {
      const empty = await openStudio(await emptyProject(`empty ${theme}`));
      await useTheme(empty, theme);
      for (const screen of screens) {
        await goTo(empty, screen);
        await expectAccessible(empty, `${screen}, empty`);
      }
    });

    /** The sample, imported into a project of its own. */
    async function openSample(name: string): Promise<Page> {
      const project = await emptyProject(`${name} ${theme}`);
      await core('import', project, join(root, 'resources/sample/regions.csv'));
      const page = await openStudio(project);
      await useTheme(page, theme);
      return page;
    }

    test('on Images, while images are added and removed', async () => {
      const page = await openSample('images');
      await goTo(page, 'images');
      await page.getByRole('checkbox').first().check();
      await expectAccessible(page, 'images');
      await page.getByRole('button', { name: 'Remove', exact: true }).click();
      await page.getByText('will leave the project').waitFor();
      await expectAccessible(page, 'removing');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Choose folder or file' }).click();
      await page.getByRole('textbox', { name: 'Folder' }).fill(join(root, 'resources/sample'));
      await page.getByRole('button', { name: 'Go' }).click();
      await page.getByRole('button', { name: 'regions.csv' }).dblclick();
      await page.getByText('Where the images stay').waitFor();
      await page.getByRole('dialog').getByRole('row').nth(1).waitFor();
      await expectAccessible(page, 'importing');
    });

    test('on Label, its dialogs and the whole image', async () => {
      const page = await openSample('label');
      await goTo(page, 'label');
      await page.getByRole('gridcell', { name: /cell/ }).first().waitFor();
      await page.keyboard.press('Control+a');
      await expectAccessible(page, 'label');
      await page.keyboard.press('?');
      await page.getByRole('heading', { name: 'Keys' }).waitFor();
      await expectAccessible(page, 'help');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Edit platelet' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await expectAccessible(page, 'a class');
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expectAccessible(page, 'deleting a class');
      await page.keyboard.press('Escape');
      await page.getByRole('gridcell').first().dblclick();
      await page.getByRole('application').locator('img.loaded').waitFor();
      await page.getByRole('radio', { name: /Click for a cell/ }).click();
      await expectAccessible(page, 'the whole image');
    });
  });

  test.each([
    ['with nothing in it', () => emptyProject('nothing')],
    ['with long names', () => trainedProject(longName.slice(0, 150), [longName, longWord, `${longWord} too`], 8)],
    [
      'with 200 classes',
      () =>
        trainedProject(
          'many',
          Array.from({ length: 200 }, (_, at) => `class ${at + 1}`),
          3,
        ),
    ],
  ])('a project %s keeps its layout from 1024×700 to 2560×1440', async (_, make) => {
    const page = await openStudio(await make());
    const faults: string[] = [];
    for (const screen of screens) {
      await goTo(page, screen);
      for (const [width, height] of sizes) {
        await page.setViewportSize({ width, height });
        await settled(page);
        faults.push(...(await layoutFaults(page)).map((fault) => `${screen} at ${width}×${height}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });
});
