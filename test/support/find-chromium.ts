import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright';

/** Playwright's own Chromium where it was installed, else the system's. */
export function findChromium(): string | undefined {
  if (existsSync(chromium.executablePath())) return chromium.executablePath();
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return ['chromium', 'chromium-browser', 'google-chrome', 'chrome.exe']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

/**
 * Run once before all tests: where there is no browser, Debian's is installed, if this user may. Tests that need one are
 * skipped otherwise, and say so.
 */
export default function ensureChromium(): void {
  if (findChromium() || process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return;
  if (process.getuid?.() !== 0) {
    console.log(
      'No browser is here: the tests of the screens are skipped. Install one with: sudo apt-get install chromium',
    );
    return;
  }
  console.log('No browser is here: installing Debian’s chromium for the tests of the screens …');
  const install = (...args: string[]): void => {
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  try {
    install('update', '-q');
    install('install', '-y', '-q', '--no-install-recommends', 'chromium');
  } catch (error) {
    console.log(`It could not be installed (${String(error)}): the tests of the screens are skipped.`);
  }
}
