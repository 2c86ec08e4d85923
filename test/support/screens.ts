import { createServer } from 'node:net';
import type { Page } from 'playwright';

/** Goes to a screen by its link in the left rail. */
export async function show(
  page: Page,
  step: 'Images' | 'Label' | 'Network' | 'Train' | 'Evaluate' | 'Share',
): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Steps' })
    .getByRole('link', { name: new RegExp(step) })
    .click();
  if (step === 'Label') await page.getByRole('grid', { name: 'Items to label' }).waitFor();
  else await page.getByRole('heading', { level: 1, name: step }).waitFor();
}

/** Makes one of the networks at hand the project's. */
export async function useNetwork(page: Page, name: string): Promise<void> {
  await show(page, 'Network');
  await page
    .getByRole('list', { name: 'Networks' })
    .getByRole('button', { name: new RegExp(`^${name} `) })
    .click();
  await page.getByRole('button', { name: 'Use this network' }).click();
  await page.getByText('Used here').waitFor();
}

/** Presses keys in the grid of items, from its first item on. */
export async function label(page: Page, ...keys: string[]): Promise<void> {
  await page
    .getByRole('gridcell', { name: /unlabelled/ })
    .first()
    .waitFor();
  await page.getByRole('grid', { name: 'Items to label' }).focus();
  for (const key of keys) await page.keyboard.press(key);
}

/** How many items have no label, as the class list says. */
export async function unlabelledCount(page: Page): Promise<number> {
  const row = page.getByRole('region', { name: 'Classes' }).getByText('Unlabelled').locator('..');
  return Number(((await row.textContent()) ?? '').replaceAll(/\D/g, ''));
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
