import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask, temporaryFolder } from '../support/serving.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  /** What it has printed, once an address is among it. */
  readonly printed: string;
  readonly address: URL;
  readonly ended: Promise<number | null>;
}

/** Runs a program of the repository until it prints an address. */
async function run(script: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = spawn(process.execPath, [join(root, script), ...args], {
    // A remote shell has no display on any system.
    env: {
      ...process.env,
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
      SSH_CONNECTION: 'test',
      PARFOCAL_DATA: temporaryFolder(),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  let printed = '';
  const address = await new Promise<string>((resolve, reject) => {
    const hear = (data: Buffer): void => {
      printed += data.toString();
      const found = /http:\/\/\S+\?token=[\w-]+/.exec(printed);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then((code) => reject(new Error(`It ended with ${code}: ${printed}`)));
  });
  return { child, printed, address: new URL(address), ended };
}

/** Comes in by an address, and gives the page with everything that it names. */
async function openPage(address: URL): Promise<{ page: string; statuses: number[] }> {
  const port = Number(address.port);
  const entered = await ask(port, { path: address.pathname + address.search });
  const headers = { cookie: entered.headers['set-cookie']![0].split(';')[0] };
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
