import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';
import { root } from '../scripts/build/paths.ts';
import { findChromium, launchChromium } from '../scripts/drive/chromium.ts';
import { startProgram, startStudio } from '../scripts/drive/program.ts';
import { type Figure, quantile } from './report.ts';
import { makeLargeProject } from './screens/large-project.ts';
import { installProbe } from './screens/probe.ts';

/** Times that a screen is opened; of the figures, the middle counts. */
const openings = 5;
const labelsGiven = 300;
/** A quick hand, in milliseconds from key to key. */
const betweenKeys = 100;

/** The screens with 100,000 items: a real browser before the real core, which has made no thumbnail yet. */
export async function benchScreens(): Promise<readonly Figure[] | string> {
  const chromium = findChromium();
  if (chromium === undefined) return 'no Chromium is here (npx playwright install chromium)';
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  const browser = await launchChromium(chromium);
  try {
    const started = await startAnew(folder);
    const project = await makeLargeProject(folder);
    const { child, address, ended } = await startStudio(folder, { project });
    try {
      const studio: Studio = { browser, address, thumbnails: join(project, 'cache/thumbnails') };
      const opened = await repeat(() => withPage(studio, '', (page) => page.evaluate(() => probe.filled())));
      const shown = await repeat(() => withPage(studio, '#/images', showLabel));
      return [
        { name: 'npm start to its address, nothing built', value: started / 1000, unit: 's', goal: { atMost: 90 } },
        { name: 'page opened to ready, pictures included', value: opened / 1000, unit: 's', goal: { atMost: 2 } },
        { name: 'Label opened to all pictures in sight', value: shown / 1000, unit: 's', goal: { atMost: 1 } },
        ...(await withPage(studio, '', scroll)),
        ...(await withPage(studio, '', label)),
        ...(await coreMemory(child.pid!)),
      ];
    } finally {
      child.kill();
      await ended;
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}

interface Studio {
  readonly browser: Browser;
  readonly address: URL;
  /** Where the core keeps those that it made. */
  readonly thumbnails: string;
}

/** `npm start` in a fresh clone, after `npm ci`. @returns milliseconds until the address is printed */
async function startAnew(data: string): Promise<number> {
  await rm(join(root, 'dist/renderer'), { recursive: true, force: true });
  const begun = performance.now();
  const { child, ended } = await startProgram('scripts/start.ts', ['--port', '0'], { PARFOCAL_DATA: data });
  const time = performance.now() - begun;
  child.kill();
  await ended;
  return time;
}

async function repeat(measure: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < openings; time++) times.push(await measure());
  return quantile(times);
}

/** Does something with a page that no thumbnail was ever made for, in a browser that remembers none. */
async function withPage<T>({ browser, address, thumbnails }: Studio, hash: string, act: (page: Page) => Promise<T>) {
  // The last page's may still be on their way to the disk.
  await rm(thumbnails, { recursive: true, force: true, maxRetries: 5 });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(installProbe);
    await page.goto(address.href + hash);
    await page.getByRole('navigation', { name: 'Steps' }).waitFor();
    return await act(page);
  } finally {
    await context.close();
  }
}

async function showLabel(page: Page): Promise<number> {
  await page.getByRole('heading', { level: 1, name: 'Images' }).waitFor();
  await setTimeout(500);
  return page.getByRole('link', { name: /Label/ }).evaluate(async (link: HTMLElement) => {
    const begun = performance.now();
    link.click();
    return (await probe.filled()) - begun;
  });
}

/** Wheels down, and jumps as one does by the scroll bar. */
async function scroll(page: Page): Promise<Figure[]> {
  await page.evaluate(() => probe.filled());
  const grid = page.getByRole('grid');
  await grid.hover();
  const wheel = async (pixels: number): Promise<number> => {
    await page.evaluate(() => probe.watchRows());
    const begun = performance.now();
    for (let turn = 1; turn <= 100; turn++) {
      await page.mouse.wheel(0, pixels);
      await setTimeout(Math.max(0, begun + 50 * turn - performance.now()));
    }
    return Math.max(0, ...(await page.evaluate(() => probe.endWatch())));
  };
  const wheeled = await wheel(100);
  const fast = await wheel(300);
  const jumps: number[] = [];
  for (let jump = 1; jump <= 15; jump++) {
    await setTimeout(500);
    await page.evaluate(() => probe.watchRows());
    await grid.evaluate(
      async (element, share) => {
        element.scrollTop = share * element.scrollHeight;
        await new Promise(requestAnimationFrame);
        await probe.filled();
      },
      (jump * 0.381966) % 1,
    );
    jumps.push(Math.max(0, ...(await page.evaluate(() => probe.endWatch()))));
  }
  const goal = { atMost: 150 };
  return [
    { name: 'a row blank while wheeling 2,000 px/s, longest', value: wheeled, unit: 'ms', goal },
    { name: 'a row blank while wheeling 6,000 px/s, longest', value: fast, unit: 'ms' },
    { name: 'a row blank after a jump to elsewhere, median', value: quantile(jumps), unit: 'ms', goal },
  ];
}

async function label(page: Page): Promise<Figure[]> {
  await page.evaluate(() => probe.filled());
  await page.getByRole('grid').focus();
  for (let given = 0; given < labelsGiven; given++) {
    await page.keyboard.press(String(1 + (given % 8)));
    await setTimeout(betweenKeys);
  }
  await page.waitForFunction((count) => probe.saved.length >= count, labelsGiven);
  const saved = await page.evaluate(() => probe.saved);
  return [
    { name: 'key to saved label, median', value: quantile(saved), unit: 'ms' },
    { name: 'key to saved label, 95th percentile', value: quantile(saved, 0.95), unit: 'ms', goal: { atMost: 50 } },
  ];
}

/** What the core held at its most. Linux alone tells it of another process. */
async function coreMemory(pid: number): Promise<Figure[]> {
  if (process.platform !== 'linux') return [];
  const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return [{ name: 'core memory at its most', value: Number(kilobytes) / 1024, unit: 'MB', goal: { atMost: 1000 } }];
}
