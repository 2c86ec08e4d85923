import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChromium } from '../../scripts/drive/chromium.ts';

/** An installation that takes longer is given up, in milliseconds. */
const limit = 300_000;

/**
 * Run once before all tests: where there is no browser, Debian's is installed, if this user may. Tests that need one are
 * skipped otherwise, and say so.
 */
export default function ensureChromium(): void {
  if (findChromium() !== undefined || !existsSync('/usr/bin/apt-get')) return;
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args: string[]): boolean =>
    succeeds([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args]);
  console.log('No browser is here: installing Debian’s chromium for the tests of the screens …');
  const installed =
    apt('update') && apt('install', '-y', '--no-install-recommends', 'chromium', 'libvulkan1', 'fonts-dejavu-core');
  if (!installed || findChromium() === undefined)
    console.log('It could not be installed: the tests of the screens are skipped. (sudo apt-get install chromium)');
}

function succeeds([program, ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: limit }).status === 0;
}
