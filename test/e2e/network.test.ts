import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { writeModel } from '../../main/engine/graph/write.ts';
import { short } from '../../renderer/src/charts/figures.ts';
import { browser, describeWithBrowser } from '../support/browser.ts';
import { parfocalJson } from '../support/command-line.ts';
import { type Workshop, workshop, writeClasses } from '../support/core.ts';
import { denseNet, googLeNet, resNet18 } from '../support/families.ts';
import { show } from '../support/screens.ts';
import { run } from '../support/started.ts';
import { layoutFaults, settled } from './layout.ts';

/** A project of red and green images and networks of three families. */
async function prepare(work: Workshop): Promise<string> {
  const data = work.path('data');
  const project = work.path('cells.parfocal');
  await writeClasses(work.path('cells'), 12);
  await parfocalJson(data, 'new', project);
  await parfocalJson(data, 'import', project, work.path('cells'), '--labels', 'folders');
  const networks = {
    residual: resNet18(0.0625, 64),
    dense: denseNet(undefined, 2, 64),
    inception: googLeNet(0.05, 64),
  };
  for (const [name, model] of Object.entries(networks)) {
    const file = work.write(`${name}.onnx`, writeModel(model));
    await parfocalJson(data, 'network', 'add', file, '--preprocessing', 'unit');
  }
  return project;
}

async function look(page: Page, network: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${network} `) }).click();
  await page
    .getByRole('tree', { name: new RegExp(`^${network}, `) })
    .and(page.locator('[aria-busy=false]'))
    .waitFor();
}

const slider = (page: Page) => page.getByRole('slider', { name: 'Freeze point' });
const valueOf = async (page: Page) => (await slider(page).getAttribute('aria-valuetext'))!;
/** What a figure beside the slider says. */
const figure = async (page: Page, name: string) =>
  (await page.locator('dt', { hasText: name }).locator('xpath=following-sibling::dd').first().innerText()).trim();

/** Drags the slider to a stop with the mouse. */
async function dragTo(page: Page, stop: number): Promise<void> {
  const from = (await slider(page).boundingBox())!;
  const to = (await page.locator('.tick').nth(stop).boundingBox())!;
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, from.y + 60, { steps: 3 });
  await page.mouse.move(to.x + 4, from.y + 60, { steps: 3 });
}

describeWithBrowser('The network’s graph and its freeze slider', () => {
  const work = workshop();
  const { open } = browser();
  let prepared: Promise<string> | undefined;
  async function studio(): Promise<URL> {
    const project = await (prepared ??= prepare(work));
    const started = await run('main/cli/parfocal.mjs', ['serve', project, '--port', '0'], {
      PARFOCAL_DATA: work.path('data'),
    });
    return started.address;
  }

  test('where the slider is let go of is where a fine-tuning freezes, and its figures are those of the run', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'residual');
    // Of a network that the project does not use, the slider only shows what would be.
    await slider(page).focus();
    await page.keyboard.press('Home');
    expect(await valueOf(page)).toMatch(/^nothing frozen: all /);
    await page.keyboard.press('End');
    const use = page.getByRole('button', { name: 'Use this network' });
    await use.click();
    await use.waitFor({ state: 'detached' });
    expect(await valueOf(page)).toMatch(/^all frozen but the new classifier: /);

    await dragTo(page, 4);
    // Before it is let go of.
    expect(await valueOf(page)).toMatch(/^frozen to layer2\.0: /);
    expect(await figure(page, 'Frozen')).toBe('Up to layer2.0');
    const trained = (await figure(page, 'Parameters trained')).split(' of ')[0];
    expect(await figure(page, 'Time of an epoch')).toMatch(/^\d\d % of training everything$/);
    await page.mouse.up();
    await page.reload();
    await expect
      .poll(() => valueOf(page))
      .toBe(`frozen to layer2.0: ${trained} of ${await whole(page)} parameters trained`);

    await show(page, 'Train');
    await page.getByRole('radio', { name: /Fine-tune the network/ }).check();
    await page.getByText('stays as it is up to layer2.0').waitFor();
    await page.locator('summary', { hasText: 'Settings' }).click();
    await page.getByLabel('Epochs at most').fill('1');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('heading', { name: 'Latest result: run 1' }).waitFor();
    const facts = await page.getByText(/· [\d,]+ parameters trained/).textContent();
    const parameters = Number(/([\d,]+) parameters/.exec(facts!)![1].replaceAll(',', ''));
    expect(short(parameters)).toBe(trained);

    // Nothing frozen is a choice too.
    await show(page, 'Network');
    await slider(page).focus();
    await page.keyboard.press('Home');
    await show(page, 'Train');
    await page.getByRole('radio', { name: /Fine-tune the network/ }).check();
    await page.getByText('All of residual is trained on').waitFor();
    expect(faults).toEqual([]);
  });

  test('by keyboard alone: the slider’s stops, blocks, their operators, and what there is to tell of these', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'inception');
    const last = Number(await slider(page).getAttribute('aria-valuemax'));
    await slider(page).focus();
    for (const [key, now] of [
      ['Home', 0],
      ['ArrowLeft', 0],
      ['ArrowRight', 1],
      ['ArrowUp', 2],
      ['PageUp', 7],
      ['ArrowLeft', 6],
      ['End', last],
    ] as const) {
      await page.keyboard.press(key);
      expect(await slider(page).getAttribute('aria-valuenow')).toBe(String(now));
    }

    const block = page.getByRole('treeitem', { name: /^Block 4 of \d+, inception_3a, \d+ operators, gives / });
    await page.getByRole('treeitem').first().focus();
    for (let at = 0; at < 3; at++) await page.keyboard.press('ArrowRight');
    await expect.poll(() => block.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    expect(await block.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('ArrowDown');
    const first = page.getByRole('group', { name: 'Operators of inception_3a' }).getByRole('treeitem').first();
    await expect.poll(() => first.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    const details = page.getByRole('region', { name: /^inception_3a\s.*inception_3a\/1x1/ });
    await details.getByText('Convolution (Conv)').waitFor();
    await details
      .getByRole('img', { name: /^\d[\d,]* values from −.* to .*, mean .*, deviation / })
      .first()
      .waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(await block.getAttribute('aria-expanded')).toBe('false');

    // The first convolution shows what it looks for.
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.getByRole('treeitem', { name: /^Convolution conv1,/ }).focus();
    await page.keyboard.press(' ');
    await page.getByText('What each looks for in the image, 7 × 7 px.').waitFor();
    expect(faults).toEqual([]);
  });

  test('zooms, moves and opens all blocks of a large network, every operator in its place', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'dense');
    const ticks = page.locator('.tick');
    const place = async (at: number) => (await ticks.nth(at).boundingBox())!.x;
    const span = async () => (await place(62)) - (await place(0));
    const before = await span();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(span).toBeCloseTo(1.25 * before, 0);
    await page.getByRole('button', { name: 'Show the whole network' }).click();
    await expect.poll(span).toBeCloseTo(before, 3);

    await page.getByRole('button', { name: 'Open all blocks' }).click();
    const operators = page.getByRole('group', { name: /^Operators of / }).getByRole('treeitem');
    await expect.poll(() => operators.count()).toBeGreaterThan(420);
    await page.getByRole('button', { name: 'Close all blocks' }).click();
    await expect.poll(() => operators.count()).toBe(0);
    await expect.poll(span).toBeCloseTo(before, 3);

    // Dragged where it is zoomed in; a drag opens nothing.
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(span).toBeGreaterThan(before);
    const at = await place(30);
    const tree = (await page.getByRole('tree').boundingBox())!;
    await page.mouse.move(tree.x + 400, tree.y + 100);
    await page.mouse.down();
    await page.mouse.move(tree.x + 340, tree.y + 100, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => place(30)).toBeCloseTo(at - 60, 0);
    expect(await page.getByRole('treeitem', { expanded: true }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('an item is shown to the network, and every block shows what it makes of it', async () => {
    const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
    await show(page, 'Network');
    await look(page, 'residual');
    await page.getByRole('treeitem').nth(1).click();
    const details = page.getByRole('region', { name: /^Block / });
    await details
      .getByRole('button', { name: /^Item \d+, red$/ })
      .first()
      .click();
    const pictures = page.getByRole('img', { name: /^Channel \d+$/ });
    await expect.poll(() => pictures.count()).toBe(4);
    const before = await pictures.first().getAttribute('src');
    // Those of another block are there without the network looking once more.
    await page.getByRole('treeitem', { name: /^Block 8 of/ }).click();
    await details.getByText('of 32 that answer most, 2 × 2 values each').waitFor();
    expect(await pictures.first().getAttribute('src')).not.toBe(before);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);
    expect(faults).toEqual([]);
  });

  test.each(['dark', 'light'])(
    'is accessible and keeps its layout down to 1024×700, in the %s theme',
    async (theme) => {
      const { page, faults } = await open(await studio(), { reducedMotion: 'reduce' });
      await page.evaluate((chosen) => localStorage.setItem('parfocal.theme', chosen), theme);
      await page.reload();
      await show(page, 'Network');
      for (const network of ['inception', 'dense', 'residual']) {
        await look(page, network);
        await page.getByRole('treeitem').nth(3).click();
        await page
          .getByRole('group', { name: /^Operators of / })
          .getByRole('treeitem')
          .first()
          .click();
        await page
          .getByRole('img', { name: /values from/ })
          .first()
          .waitFor();
        for (const [width, height] of [
          [1600, 1000],
          [1024, 700],
        ] as const) {
          await page.setViewportSize({ width, height });
          await settled(page);
          expect(await layoutFaults(page)).toEqual([]);
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${network}: ${id} ${html}`))).toEqual(
            [],
          );
        }
      }
      expect(faults).toEqual([]);
    },
  );
});

/** All parameters, as the figures say. */
async function whole(page: Page): Promise<string> {
  return (await figure(page, 'Parameters trained')).split(' of ')[1].trim();
}
