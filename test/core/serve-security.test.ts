import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { UserError } from '../../main/contract/errors.ts';
import { isOwnHost } from '../../main/serve/access.ts';
import type { HostOptions } from '../../main/serve/http.ts';
import { messageLimit } from '../../main/serve/messages.ts';
import { ask, createTestRouter, type Hosted, hosted, sendRaw } from '../support/serving.ts';

const start = (options: Partial<HostOptions> = {}): Promise<Hosted> =>
  hosted({ router: createTestRouter().router, ...options });

/** Opens a WebSocket; the status of the refusal where there is one. */
function knock(authority: string, headers: Record<string, string>, path = '/rpc'): Promise<number | WebSocket> {
  const socket = new WebSocket(`ws://${authority}${path}`, { headers });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}

describe('who is let in', () => {
  test('the token gives a cookie that no script reads and no other site sends, and leaves the address', async () => {
    const { host, token } = await start();
    const answer = await ask(host.port, { path: `/?token=${token}` });
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe('/');
    expect(answer.headers['set-cookie']).toHaveLength(1);
    const cookie = answer.headers['set-cookie']![0];
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    expect(answer.headers['cache-control']).toBe('no-store');
    const page = await ask(host.port, { headers: { cookie: cookie.split(';')[0] } });
    expect(page).toMatchObject({ status: 200, body: '<!doctype html><title>Parfocal</title>' });
  });

  test('an address for once lets in once', async () => {
    const { host } = await start();
    const { pathname, search } = new URL(host.addressForOnce());
    expect((await ask(host.port, { path: pathname + search })).status).toBe(303);
    expect((await ask(host.port, { path: pathname + search })).status).toBe(401);
  });

  test('without the token, or with another, there is neither page nor picture nor upload', async () => {
    const { host, token, enter } = await start();
    const known = await enter();
    const cookies = [undefined, known.slice(0, -1), `${known}x`, known.replace(/=.*/, '='), 'other=1'];
    for (const cookie of cookies) {
      for (const path of ['/', '/index.html', '/assets/main-1234.js', '/images/1', '/thumbnails/1/a', '/nothing']) {
        const answer = await ask(host.port, { path, headers: cookie === undefined ? {} : { cookie } });
        expect(answer.status, `${path} with ${cookie}`).toBe(401);
        expect(answer.headers['set-cookie']).toBeUndefined();
      }
    }
    for (const wrong of ['', token.slice(1), `${token}x`, token.toLowerCase(), '%00', `${token}%00`]) {
      const answer = await ask(host.port, { path: `/?token=${wrong}` });
      expect(answer.status).toBe(401);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    const upload = await ask(host.port, {
      method: 'PUT',
      path: '/uploads/b/x.png',
      headers: { origin: `http://127.0.0.1:${host.port}` },
      body: 'x',
    });
    expect(upload.status).toBe(401);
  });

  test('another name for this machine is not answered: a page may have pointed its domain here', async () => {
    const { host, token, enter } = await start();
    const cookie = await enter();
    for (const name of [
      'evil.example',
      `evil.example:${host.port}`,
      '127.0.0.1.evil.example',
      'localhost.evil',
      'a@b',
    ]) {
      expect((await ask(host.port, { headers: { host: name, cookie } })).status, name).toBe(421);
      expect((await ask(host.port, { path: `/?token=${token}`, headers: { host: name } })).status, name).toBe(421);
    }
    for (const name of [`localhost:${host.port}`, `[::1]:${host.port}`, '127.0.0.1:9'])
      expect((await ask(host.port, { headers: { host: name, cookie } })).status, name).toBe(200);
    expect(await sendRaw(host.port, `GET / HTTP/1.1\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`)).toMatch(
      / 400 /,
    );
    expect(await sendRaw(host.port, `GET / HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`)).toMatch(/ 421 /);
  });

  test('its own names depend on what it listens on', () => {
    expect(isOwnHost(hostname(), '127.0.0.1')).toBe(false);
    expect(isOwnHost(`${hostname()}:80`, '0.0.0.0')).toBe(true);
    expect(isOwnHost('127.0.0.1', '0.0.0.0')).toBe(true);
    expect(isOwnHost('scope.lab.example:4242', 'scope.lab.example')).toBe(true);
    expect(isOwnHost('evil.example', 'scope.lab.example')).toBe(false);
    for (const bad of [undefined, '', 'a b', 'evil.example#127.0.0.1', '127.0.0.1/x', '127.0.0.1:x'])
      expect(isOwnHost(bad, '0.0.0.0'), String(bad)).toBe(false);
  });

  test('what another page has the browser ask is refused, cookie or not', async () => {
    const { host, authority, enter } = await start();
    const cookie = await enter();
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: '' },
      { origin: `http://localhost:${host.port}` },
      { origin: `http://127.0.0.1:${host.port + 1}` },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      // Another program's page on this machine: the same site, another origin.
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ];
    for (const headers of foreign) {
      const answer = await ask(host.port, { path: '/images/1', headers: { ...headers, cookie } });
      expect(answer.status, JSON.stringify(headers)).toBe(403);
    }
    const own: Record<string, string>[] = [
      { origin: `http://${authority}`, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ];
    for (const headers of own)
      expect((await ask(host.port, { path: '/images/1', headers: { ...headers, cookie } })).status).toBe(200);
  });

  test('a WebSocket is opened by the own page alone', async () => {
    const { host, authority, token, enter } = await start();
    const cookie = await enter();
    const origin = `http://${authority}`;
    expect(await knock(authority, { cookie, origin: 'http://evil.example' })).toBe(403);
    expect(await knock(authority, { cookie, origin: `http://localhost:${host.port}` })).toBe(403);
    expect(await knock(authority, { cookie, origin: 'null' })).toBe(403);
    expect(await knock(authority, { cookie })).toBe(403);
    expect(await knock(authority, { origin })).toBe(401);
    expect(await knock(authority, { origin, cookie: `${cookie}x` })).toBe(401);
    expect(await knock(authority, { origin }, `/rpc?token=${token}`)).toBe(401);
    expect(await knock(authority, { cookie, origin: 'http://evil.example', host: 'evil.example' })).toBe(421);
    expect(await knock(authority, { cookie, origin }, '/other')).toBe(404);
    const opened = await knock(authority, { cookie, origin });
    expect(opened).toBeInstanceOf(WebSocket);
    (opened as WebSocket).terminate();
  });

  test('after a crash the open page is known again; after a proper end it is not', async () => {
    const first = await start();
    const cookie = await first.enter();
    const keyFile = join(first.folder, 'keys', `${first.host.port}.key`);
    if (process.platform !== 'win32') expect(statSync(keyFile).mode & 0o077).toBe(0);
    const key = readFileSync(keyFile, 'utf8');
    expect(cookie).toBe(`parfocal-${first.host.port}=${key}`);
    await first.host.close();
    expect(existsSync(keyFile)).toBe(false);

    // What a server leaves that is killed.
    writeFileSync(keyFile, key);
    const next = await start({ port: first.host.port, keyFolder: dirname(keyFile) });
    expect((await ask(next.host.port, { headers: { cookie } })).status).toBe(200);
    expect((await ask(next.host.port, { path: `/?token=${first.token}` })).status).toBe(401);
    await next.host.close();
    const last = await start({ port: first.host.port, keyFolder: dirname(keyFile) });
    expect((await ask(last.host.port, { headers: { cookie } })).status).toBe(401);
  });
});

describe('what can be had', () => {
  test('the app’s files and pictures, each with its kind and how long it holds', async () => {
    const { host, enter } = await start();
    const headers = { cookie: await enter() };
    const script = await ask(host.port, { path: '/assets/main-1234.js', headers });
    expect(script).toMatchObject({ status: 200, body: 'export {};' });
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    const thumbnail = await ask(host.port, { path: '/thumbnails/7/k3y_-.', headers });
    expect(thumbnail).toMatchObject({ status: 200, body: '7 k3y_-.' });
    expect(thumbnail.headers['cache-control']).toContain('immutable');
    const image = await ask(host.port, { path: '/images/1', headers });
    expect(image).toMatchObject({ status: 200, body: 'pixels' });
    expect(image.headers['content-type']).toBe('image/png');
    const again = await ask(host.port, {
      path: '/images/1',
      headers: { ...headers, 'if-none-match': image.headers['etag'] as string },
    });
    expect(again).toMatchObject({ status: 304, body: '' });
    const head = await ask(host.port, { method: 'HEAD', path: '/images/1', headers });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('6');
  });

  test('nothing outside the app, however the address is written', async () => {
    const { host, enter, defects } = await start();
    const cookie = await enter();
    const paths = [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/%2e%2e%2fsecret.txt',
      '/%252e%252e%252fsecret.txt',
      '/..\\secret.txt',
      '/..%5csecret.txt',
      '/.%2e/secret.txt',
      '/....//secret.txt',
      '/%c0%ae%c0%ae/secret.txt',
      '/%uff0e%uff0e/secret.txt',
      '//secret.txt',
      '//evil.example/index.html',
      '/index.html%00.png',
      '/index.html%00',
      '/%',
      '/%zz',
      '/images/../../secret.txt',
      '/images/1/../../secret.txt',
      '/images/-1',
      '/images/1e3',
      '/images/99999999999999999999',
      '/images/1%2f..%2f..%2fsecret.txt',
      '/thumbnails/1/..%2f..%2fsecret.txt',
      '/thumbnails/1/..',
      '/thumbnails/1/%00',
      '/thumbnails/1/<script>',
      '/file:///etc/passwd',
      '/etc/passwd',
      '/assets',
      '/assets/',
      '/C:/Windows/win.ini',
      '/keys/0.key',
      '/cache',
    ];
    for (const path of paths) {
      const raw = await sendRaw(
        host.port,
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
      );
      expect(raw, path).toMatch(/^HTTP\/1\.1 (400|404) /);
      expect(raw.split('\r\n\r\n')[1], path).not.toMatch(/secret|root:|doctype/);
    }
    // The whole address in the request line, as proxies are asked.
    const raw = await sendRaw(
      host.port,
      `GET http://127.0.0.1/secret.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    expect(defects).toEqual([]);
  });

  test('every answer has the headers that keep it in its place', async () => {
    const { host, enter } = await start();
    const headers = { cookie: await enter() };
    const answers = await Promise.all([
      ask(host.port, { headers }),
      ask(host.port, {}),
      ask(host.port, { path: '/images/1', headers }),
      ask(host.port, { path: '/images/2', headers }),
      ask(host.port, { path: '/nothing', headers }),
      ask(host.port, { path: '/%', headers }),
      ask(host.port, { method: 'POST', headers }),
      ask(host.port, { headers: { ...headers, origin: 'http://evil.example' } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 404, 404, 400, 405, 403]);
    for (const answer of answers) {
      const policy = answer.headers['content-security-policy'] as string;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(answer.headers['x-powered-by']).toBeUndefined();
    }
  });

  test('only what is needed can be done', async () => {
    const { host, authority, enter } = await start();
    const headers = { cookie: await enter(), origin: `http://${authority}` };
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
      expect((await ask(host.port, { method, headers })).status, method).toBe(405);
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS'])
      expect((await ask(host.port, { method, path: '/uploads/b/x.png', headers })).status, method).toBe(405);
    expect((await ask(host.port, { method: 'POST', path: '/rpc', headers })).status).toBe(405);
  });

  test('a name with markup in it comes as text', async () => {
    const { host, enter } = await start();
    const answer = await ask(host.port, { path: '/images/2', headers: { cookie: await enter() } });
    expect(answer).toMatchObject({ status: 404, body: '<img src=x onerror=alert(1)>.png is not there any more.\n' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });
});

describe('uploads', () => {
  const put = async ({ host, authority, enter }: Hosted, path: string, body: string | Buffer, extra = {}) =>
    ask(host.port, {
      method: 'PUT',
      path,
      headers: { cookie: await enter(), origin: `http://${authority}`, ...extra },
      body,
    });

  test('files go into the project’s cache, folders and all', async () => {
    const server = await start();
    const answer = await put(server, '/uploads/batch-1/slide%201/%3Cb%3Ecell%20%C2%B5.png', 'pixels');
    expect(answer.status).toBe(201);
    const { folder } = JSON.parse(answer.body) as { folder: string };
    expect(folder).toBe(join(server.folder, 'cache', 'uploads', 'batch-1'));
    if (process.platform !== 'win32')
      expect(readFileSync(join(folder, 'slide 1', '<b>cell µ.png'), 'utf8')).toBe('pixels');
    expect((await put(server, '/uploads/batch-1/other.png', Buffer.alloc(3_000_000))).status).toBe(201);
    expect(readdirSync(folder).sort()).toEqual(['other.png', 'slide 1']);
    expect(readdirSync(join(server.folder, 'cache', 'uploads'))).toEqual(['batch-1']);
  });

  test('no file leaves its batch, and none is written over', async () => {
    const server = await start();
    const paths = [
      '/uploads/b/../../../x',
      '/uploads/../x/y',
      '/uploads/b/%2e%2e/x',
      '/uploads/b/..%2f..%2fx',
      '/uploads/b/..%5c..%5cx',
      '/uploads/b/x%00.png',
      '/uploads/b/',
      '/uploads/b',
      '/uploads//x',
      '/uploads/./x',
      '/uploads/%2e%2e/x',
      '/uploads/b%20c/x',
      `/uploads/b/${'n'.repeat(256)}`,
      `/uploads/b/${'d/'.repeat(40)}x`,
      '/uploads/b/%ff',
    ];
    for (const path of paths) {
      // Straight over the line: a client would tidy the address.
      const raw = await sendRaw(
        server.host.port,
        `PUT ${path} HTTP/1.1\r\nHost: ${server.authority}\r\nOrigin: http://${server.authority}\r\nCookie: ${await server.enter()}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`,
      );
      expect(raw, path).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(readdirSync(server.folder).sort()).toEqual(['app', 'cache', 'keys', 'secret.txt']);
    expect((await put(server, '/uploads/b/x.png', 'first')).status).toBe(201);
    expect((await put(server, '/uploads/b/x.png', 'second')).status).toBe(400);
    expect(readFileSync(join(server.folder, 'cache', 'uploads', 'b', 'x.png'), 'utf8')).toBe('first');
  });

  test('none comes from another page, or while no project is open', async () => {
    const server = await start();
    expect((await put(server, '/uploads/b/x.png', 'x', { origin: 'http://evil.example' })).status).toBe(403);
    const cookie = await server.enter();
    const bare = { method: 'PUT', path: '/uploads/b/x.png', headers: { cookie }, body: 'x' };
    expect((await ask(server.host.port, bare)).status).toBe(403);
    const cacheFolder = (): string => {
      throw new UserError('No project is open.');
    };
    const answer = await put(await start({ cacheFolder }), '/uploads/b/x.png', 'x');
    expect(answer).toMatchObject({ status: 400, body: 'No project is open.\n' });
  });

  test('one that breaks off leaves nothing', async () => {
    const server = await start();
    const request = `PUT /uploads/b/x.png HTTP/1.1\r\nHost: ${server.authority}\r\nOrigin: http://${server.authority}\r\nCookie: ${await server.enter()}\r\nContent-Length: 1000\r\n\r\nonly this`;
    const socket = createConnection({ host: '127.0.0.1', port: server.host.port }, () => {
      socket.write(request);
      setTimeout(() => socket.destroy(), 100);
    });
    await new Promise((resolve) => socket.once('close', resolve));
    const uploads = join(server.folder, 'cache', 'uploads');
    await expect.poll(() => (existsSync(uploads) ? readdirSync(uploads) : ['not yet'])).toEqual(['b']);
    expect(readdirSync(join(uploads, 'b'))).toEqual([]);
    expect(server.defects).toEqual([]);
  });
});

describe('what is sent is not believed', () => {
  const open = async ({ authority, enter }: Hosted): Promise<WebSocket> =>
    (await knock(authority, { cookie: await enter(), origin: `http://${authority}` })) as WebSocket;
  const closing = (socket: WebSocket): Promise<number> =>
    new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.once('close', resolve);
    });
  /** The studio still answers: a call gets its answer over a new connection. */
  const isWell = async (server: Hosted): Promise<boolean> => {
    const socket = await open(server);
    const answer = new Promise<string>((resolve) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()));
    });
    socket.send('{"i":"1","p":{"u":"/echo","b":{"json":{"text":"well"}}}}');
    const text = await answer;
    socket.terminate();
    return text.includes('well') && server.defects.length === 0;
  };

  test('too large a message ends its connection', async () => {
    const server = await start();
    const socket = await open(server);
    socket.send('x'.repeat(messageLimit + 1));
    expect(await closing(socket)).toBe(1009);
    expect(await isWell(server)).toBe(true);
  });

  test('a message that is none ends its connection', async () => {
    const server = await start();
    for (const message of ['', 'null', '[]', '{"i":1}', '{"i":"1","t":9,"p":{}}', '{"i":"1","p":{"u":"echo"}}']) {
      const socket = await open(server);
      socket.send(message);
      expect(await closing(socket), message).toBe(1008);
    }
    const binary = await open(server);
    binary.send(Buffer.from('{"i":"1","p":{"u":"/echo"}}'));
    expect(await closing(binary)).toBe(1008);
    expect(await isWell(server)).toBe(true);
  });

  test('broken frames and broken requests end their connection', async () => {
    const server = await start();
    const handshake = `GET /rpc HTTP/1.1\r\nHost: ${server.authority}\r\nOrigin: http://${server.authority}\r\nCookie: ${await server.enter()}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n`;
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    // An unmasked frame, a reserved operation, and text that is not UTF-8.
    for (const frame of [
      [0x81, 0x01, 0x78],
      [0x83, 0x80, 0, 0, 0, 0],
      [0x81, 0x81, 0, 0, 0, 0, 0xff],
    ])
      expect(
        await sendRaw(server.host.port, Buffer.concat([Buffer.from(handshake + key), Buffer.from(frame)])),
      ).toMatch(/ 101 /);
    for (const request of [
      `${handshake}\r\n`,
      'hello\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: ${server.authority}\r\nCookie: ${'x'.repeat(100_000)}\r\n\r\n`,
      `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: ${server.authority}\r\n\r\n`,
      `PUT / HTTP/1.1\r\nHost: ${server.authority}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: ${server.authority}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    ])
      expect(await sendRaw(server.host.port, request)).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await isWell(server)).toBe(true);
  });
});
