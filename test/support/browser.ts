import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { afterAll, describe, onTestFinished } from 'vitest';
import { findChromium, launchChromium } from '../../scripts/drive/chromium.ts';

const executablePath = findChromium();

/** A step may take so long, in milliseconds, and a test so many of them: beside other work a page is slow, not wrong. */
const stepTimeout = 60_000;
const timeout = 5 * stepTimeout;

/** Tests in a real browser: skipped, and said to be, where there is none. */
export function describeWithBrowser(name: string, body: () => void): void {
  if (executablePath === undefined)
    describe.skip(`${name} (skipped: no Chromium is here: npx playwright install chromium)`, body);
  else describe(name, { timeout }, body);
}

/** A browser for one test file. */
export function browser(): { open: (address: URL, options?: BrowserContextOptions) => Promise<BrowserPage> } {
  let launched: Promise<Browser> | undefined;
  afterAll(async () => {
    await (await launched)?.close();
  });
  return {
    async open(address, options = {}) {
      launched ??= launchChromium(executablePath!);
      const context = await (await launched).newContext({ viewport: { width: 1280, height: 800 }, ...options });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      page.setDefaultTimeout(stepTimeout);
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      await page.goto(address.href);
      return { page, faults };
    },
  };
}

export interface BrowserPage {
  readonly page: Page;
  /** What the page threw, and what it or the browser complained of: a violation of the page's policy, for one. */
  readonly faults: readonly string[];
}
