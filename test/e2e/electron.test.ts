import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication, type Page } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasDisplay } from '../../main/cli/desktop.ts';
import { buildDesktop } from '../../scripts/build/desktop.ts';
import { buildRenderer } from '../../scripts/build/renderer.ts';
import { temporaryFolder } from '../support/serving.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const electronFolder = join(root, 'node_modules/electron');

/** Why Electron cannot be tried here; undefined where it can. */
function obstacle(): string | undefined {
  const named = join(electronFolder, 'path.txt');
  if (!existsSync(named) || !existsSync(join(electronFolder, 'dist', readFileSync(named, 'utf8'))))
    return 'its runtime is not here: npx install-electron';
  if (!hasDisplay()) return 'there is no display';
  if (process.getuid?.() === 0) return 'its sandbox does not run as root';
  return undefined;
}

const missing = obstacle();

/** Starts the desktop studio with data of its own. */
async function start(data: string): Promise<{ app: ElectronApplication; page: Page }> {
  await buildRenderer();
  await buildDesktop();
  const app = await _electron.launch({
    args: [root, `--user-data-dir=${join(data, 'electron')}`],
    env: { ...(process.env as Record<string, string>), PARFOCAL_DATA: data },
  });
  onTestFinished(() => app.close());
  return { app, page: await app.firstWindow() };
}

describe.skipIf(missing !== undefined)(
  `the desktop shell${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    test('opens the sample by its own core, over a message port', async () => {
      const { page } = await start(temporaryFolder());
      expect(page.url()).toBe('parfocal://app/');
      await page.getByRole('button', { name: /open the sample/i }).click();
      await page
        .getByText(/40 images/)
        .first()
        .waitFor();
      const picture = page.locator('img').first();
      await picture.waitFor();
      expect(
        await picture.evaluate((image) =>
          (image as HTMLImageElement).decode().then(() => (image as HTMLImageElement).naturalWidth),
        ),
      ).toBeGreaterThan(0);
    });

    test('gives the page nothing but a port and the paths of dropped files', async () => {
      const { page } = await start(temporaryFolder());
      expect(await page.evaluate(() => ['process' in globalThis, 'require' in globalThis])).toEqual([false, false]);
      expect(await page.evaluate(() => window.open('https://example.com'))).toBeNull();
      await page.evaluate(() => location.assign('https://example.com'));
      expect(page.url()).toBe('parfocal://app/');
      expect(await page.evaluate(() => fetch('https://example.com').then(String, () => 'refused'))).toBe('refused');
      expect(await page.evaluate(() => fetch('/..%2f..%2fpackage.json').then(({ status }) => status))).toBe(400);
      expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied');
    });

    test('a core that dies is started again, and the page goes on', async () => {
      const { app, page } = await start(temporaryFolder());
      await page.getByRole('button', { name: /open the sample/i }).click();
      await page
        .getByText(/40 images/)
        .first()
        .waitFor();
      const corePid = () =>
        app.evaluate(({ app }) => app.getAppMetrics().find(({ name }) => name === 'Parfocal core')?.pid);
      const killed = (await corePid())!;
      process.kill(killed, 'SIGKILL');
      await expect.poll(corePid).toSatisfy((pid) => pid !== undefined && pid !== killed);
      // What was open is open again: the core answers for it.
      await page.getByRole('button', { name: /^(\S )?lymphocyte/ }).click();
      await page.getByText(/^lymphocyte: 1 item labelled/).waitFor({ state: 'attached' });
      await page.getByRole('button', { name: 'Undo' }).click();
      await page
        .getByText(/^Taken back/)
        .first()
        .waitFor();
    });
  },
);
