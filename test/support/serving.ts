import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventIterator } from '@orpc/contract';
import { os } from '@orpc/server';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { UserError } from '../../main/contract/errors.ts';
import type { Pictures } from '../../main/serve/content.ts';
import { type BrowserHost, type HostOptions, startBrowserHost } from '../../main/serve/http.ts';

/** Procedures of every kind, small enough to see through; `streams` counts those that are open. */
export function createTestRouter() {
  const open = { streams: 0, calls: 0 };
  const router = {
    echo: os.input(z.object({ text: z.string() })).handler(({ input }) => input.text),
    fail: os.errors({ REFUSED: { data: z.object({ sentence: z.string() }) } }).handler(({ errors }) => {
      throw errors.REFUSED({ data: { sentence: 'The disk is full.' } });
    }),
    defect: os.handler(() => {
      throw new Error('a secret of the inside');
    }),
    /** Takes as long as its caller wants it. */
    wait: os.handler(async ({ signal }) => {
      open.calls++;
      try {
        await sleep(60_000, undefined, signal ? { signal } : {});
      } finally {
        open.calls--;
      }
    }),
    /** Counts for ever. */
    count: os.output(eventIterator(z.number())).handler(async function* ({ signal }) {
      open.streams++;
      try {
        for (let at = 0; !signal?.aborted; at++) {
          yield at;
          await sleep(5, undefined, signal ? { signal } : {});
        }
      } finally {
        open.streams--;
      }
    }),
    /** Breaks after the first. */
    broken: os.handler(async function* () {
      yield await Promise.resolve(1);
      throw new Error('a secret of the inside');
    }),
  };
  return { router, open };
}
export type TestRouter = ReturnType<typeof createTestRouter>['router'];

/** Waits until something is so, for at most ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const start = Date.now();
  while (!holds()) {
    if (Date.now() - start > 10_000) throw new Error(`It never came to be that ${holds.toString()}`);
    await sleep(5);
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parfocal-serve-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const pictures: Pictures = {
  thumbnail: (itemId, viewKey) => Promise.resolve({ type: 'image/jpeg', data: Buffer.from(`${itemId} ${viewKey}`) }),
  image: (imageId) =>
    imageId === 1
      ? Promise.resolve({ type: 'image/png', data: Buffer.from('pixels') })
      : Promise.reject(new UserError('<img src=x onerror=alert(1)>.png is not there any more.')),
};

export interface Hosted {
  readonly host: BrowserHost;
  readonly folder: string;
  readonly defects: unknown[];
  readonly token: string;
  /** `127.0.0.1:PORT` */
  readonly authority: string;
  /** Comes in with the token; the cookie. */
  readonly enter: () => Promise<string>;
}

/** A browser host with a built app of two files beside a secret, over a router of the test's. */
export async function hosted(options: Partial<HostOptions> & Pick<HostOptions, 'router'>): Promise<Hosted> {
  const folder = temporaryFolder();
  const appFolder = join(folder, 'app');
  mkdirSync(join(appFolder, 'assets'), { recursive: true });
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(appFolder, 'index.html'), '<!doctype html><title>Parfocal</title>');
  writeFileSync(join(appFolder, 'assets', 'main-1234.js'), 'export {};');
  const defects: unknown[] = [];
  const host = await startBrowserHost({
    pictures,
    cacheFolder: () => join(folder, 'cache'),
    findDownload: () => undefined,
    appFolder,
    keyFolder: join(folder, 'keys'),
    host: '127.0.0.1',
    port: 0,
    onDefect: (error) => defects.push(error),
    ...options,
  });
  onTestFinished(() => host.close());
  const authority = `127.0.0.1:${host.port}`;
  return {
    host,
    folder,
    defects,
    authority,
    token: new URL(host.address).searchParams.get('token')!,
    enter: () => enter(new URL(host.address)),
  };
}

/** Comes in by an address with a token; the cookie that the page is known by. */
export async function enter({ port, pathname, search }: URL): Promise<string> {
  const { headers } = await ask(Number(port), { path: pathname + search });
  return headers['set-cookie']![0].split(';')[0];
}

export interface Asked {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined> & { readonly 'set-cookie'?: string[] };
  readonly body: string;
}

/** Asks as it is told, with no header or path of its own making it better. */
export function ask(
  port: number,
  options: { path?: string; method?: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const { path = '/', method = 'GET', headers = {}, body } = options;
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        }),
      );
      response.on('error', reject);
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** Sends bytes as they are, and gives what comes back until the connection is closed. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => socket.write(bytes));
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}
