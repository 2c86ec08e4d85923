import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, enter, temporaryFolder } from '../support/serving.ts';
import { run } from '../support/started.ts';

/** Comes in by an address, and gives the page with everything that it names. */
async function openPage(address: URL): Promise<{ page: string; statuses: number[] }> {
  const port = Number(address.port);
  const headers = { cookie: await enter(address) };
  const { body: page } = await ask(port, { headers });
  const named = [...page.matchAll(/(?:src|href)="\.?(\/[^"]+)"/g)].map((match) => match[1]);
  const answers = await Promise.all(named.map((path) => ask(port, { path, headers })));
  return { page, statuses: answers.map(({ status }) => status) };
}

describe('npm start', () => {
  test('without a display says so, prints an address, and the page is there', async () => {
    const { printed, address, child, ended } = await run('scripts/start.ts', ['--port', '0']);
    expect(printed).toContain('There is no display here. The studio runs in the browser instead.\n');
    expect(address.hostname).toBe('127.0.0.1');
    const { page, statuses } = await openPage(address);
    expect(page).toContain('<title>Parfocal</title>');
    expect(statuses.length).toBeGreaterThan(1);
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Nothing that the page's policy would refuse.
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*src=)|onload=/);
    child.kill();
    expect(await ended).toBe(0);
  });

  test.runIf(process.platform === 'linux')('without a window does not wait for one', async () => {
    const { printed, address } = await run('scripts/start.ts', ['--port', '0'], {
      SSH_CONNECTION: undefined,
      DISPLAY: ':4242',
      // Nobody answers there; nor is there a browser to open.
      ELECTRON_MIRROR: 'http://127.0.0.1:9/',
      PATH: '',
    });
    expect(printed).toMatch(/could not (be fetched|open a window)/);
    expect((await openPage(address)).page).toContain('<title>Parfocal</title>');
  });
});

describe('parfocal serve', () => {
  test('warns when other computers can reach it, and says the address for programs', async () => {
    const { printed, address } = await run('main/cli/parfocal.mjs', [
      'serve',
      '--port',
      '0',
      '--host',
      '0.0.0.0',
      '--json',
    ]);
    expect(printed).toMatch(/Warning: other computers can reach the studio/);
    expect(
      (await openPage(new URL(address.pathname + address.search, `http://127.0.0.1:${address.port}`))).page,
    ).toContain('Parfocal');
  });

  test('a port that is taken is said, with what to do', async () => {
    const { address } = await run('main/cli/parfocal.mjs', ['serve', '--port', '0']);
    await expect(run('main/cli/parfocal.mjs', ['serve', '--port', address.port])).rejects.toThrow(
      `ended with 1: parfocal: Port ${address.port} is taken by another program. Choose another with --port.`,
    );
  });

  test('a project that is not there is said', async () => {
    await expect(run('main/cli/parfocal.mjs', ['serve', join(temporaryFolder(), 'none')])).rejects.toThrow(
      /ended with 1: parfocal: There is no project at/,
    );
  });
});
