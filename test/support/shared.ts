import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

/** The folder of real images and weights beside the checkout. The product never needs it, and neither does `npm test`. */
export const sharedFolder = fileURLToPath(new URL('../../../shared/', import.meta.url));
export const hasShared = existsSync(sharedFolder);

/** Tests on real images and weights: skipped, and said to be, where the shared folder is not at hand. */
export function describeWithShared(name: string, body: () => void): void {
  if (hasShared) describe(name, body);
  else describe.skip(`${name} (skipped: ../shared is not at hand)`, body);
}
