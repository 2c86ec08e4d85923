import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { explain } from '../../main/contract/errors.ts';
import type { Progress } from '../../main/contract/progress.ts';
import { download, type Patience } from '../../main/networks/zoo/download.ts';
import { sourceOf } from '../../main/networks/zoo/source.ts';
import { workshop } from '../support/core.ts';
import { answer, cutAfter, fileServer, type FileServer } from '../support/file-server.ts';
import { randomNumbers } from '../support/networks.ts';

const work = workshop();
const random = randomNumbers(1);
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, () => 256 * random()));
const other = Buffer.from(content.toReversed());
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const wanted = { file: 'net.onnx', bytes: content.length, sha256: sha256(content) };
/** So short that a test of failures is one of milliseconds. */
const patience: Patience = { stall: 2000, pause: 1, tries: 3 };

let targets = 0;
const newTarget = (): string => work.path(`net-${targets++}.onnx`);

async function fetched(server: FileServer, target = newTarget(), path = 'net.onnx'): Promise<Buffer> {
  await download([new URL(path, server.address)], wanted, target, {}, patience);
  return readFileSync(target);
}

/** The sentence that it fails with. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return explain(error) ?? String(error);
  }
  throw new Error('It did not fail.');
}

describe('a file', () => {
  it('is fetched once, with progress in bytes, and nothing is left beside it', async () => {
    const server = await fileServer(content);
    const target = newTarget();
    const seen: Progress[] = [];
    const control = { onProgress: (progress: Progress) => void seen.push(progress) };
    await download([new URL('net.onnx', server.address)], wanted, target, control, patience);
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ done: content.length, total: content.length, unit: 'bytes' });
    expect(readdirSync(work.folder).filter((name) => name.startsWith(target.split('/').at(-1)!))).toHaveLength(1);
    await download([new URL('net.onnx', server.address)], wanted, target, {}, patience);
    expect(server.asked).toHaveLength(1);
  });

  it('whose connection is cut, again and again, is gone on with where it was cut', async () => {
    const server = await fileServer(content);
    server.next.push(...Array.from({ length: 8 }, () => cutAfter(30_000)));
    expect((await fetched(server)).equals(content)).toBe(true);
    expect(server.asked).toHaveLength(9);
    expect(server.asked[0]).toMatchObject({ range: undefined, ifRange: undefined });
    expect(server.asked[8]).toMatchObject({ range: 'bytes=240000-', ifRange: '"one"' });
  });

  it('is gone on with after a failure, by the next download', async () => {
    const server = await fileServer(content);
    const target = newTarget();
    server.next.push(cutAfter(100_000), cutAfter(0), cutAfter(0), cutAfter(0));
    expect(await refusal(fetched(server, target))).toMatch(
      /net\.onnx could not be fetched: the connection to 127\.0\.0\.1:\d+ was cut.*is kept/,
    );
    expect((await fetched(server, target)).equals(content)).toBe(true);
    expect(server.asked.at(-1)).toMatchObject({ range: 'bytes=100000-' });
  });

  it('that a server gives only as a whole is fetched anew', async () => {
    const server = await fileServer(content);
    server.etag = undefined;
    server.next.push(cutAfter(50_000), answer(200, { 'content-length': String(content.length) }, content));
    expect((await fetched(server)).equals(content)).toBe(true);
    expect(server.asked).toHaveLength(2);
  });

  it('that was changed on the server meanwhile is fetched anew, not pieced together', async () => {
    const server = await fileServer(other);
    const target = newTarget();
    server.next.push(cutAfter(100_000), ...Array.from({ length: 3 }, () => answer(503)));
    expect(await refusal(fetched(server, target))).toMatch(/busy or out of order \(it answered 503\)/);
    server.content = content;
    server.etag = '"two"';
    expect((await fetched(server, target)).equals(content)).toBe(true);
    expect(server.asked.at(-1)).toMatchObject({ range: 'bytes=100000-', ifRange: '"one"' });
  });

  it('whose part is of another version, on a server that names none, is fetched whole once more', async () => {
    const server = await fileServer(content);
    server.etag = undefined;
    const target = newTarget();
    writeFileSync(`${target}.part`, other.subarray(0, 1000));
    expect((await fetched(server, target)).equals(content)).toBe(true);
    expect(server.asked.map(({ range }) => range)).toEqual(['bytes=1000-', undefined]);
  });

  it('whose part is longer than the file is fetched anew', async () => {
    const server = await fileServer(content);
    const target = newTarget();
    writeFileSync(`${target}.part`, Buffer.concat([content, content]));
    expect((await fetched(server, target)).equals(content)).toBe(true);
    expect(server.asked).toMatchObject([{ range: undefined }]);
  });

  it('is not pieced together from a part that begins elsewhere', async () => {
    const server = await fileServer(content);
    const wrongPart = answer(206, { 'content-range': `bytes 5-9/${content.length}` }, 'wrong');
    server.next.push(cutAfter(1000), wrongPart);
    expect((await fetched(server)).equals(content)).toBe(true);
  });

  it('with another checksum is refused and not kept', async () => {
    const server = await fileServer(other);
    const target = newTarget();
    expect(await refusal(fetched(server, target))).toMatch(/not net\.onnx as it was published: its SHA-256 is another/);
    expect(existsSync(target)).toBe(false);
    expect(readFileSync(`${target}.part`)).toHaveLength(0);
  });

  it.each([
    ['longer', 'more', Buffer.concat([content, Buffer.from('!')])],
    ['shorter', 'less', content.subarray(1)],
  ])('that is %s, by what the server says, is refused before it is fetched', async (_which, than, served) => {
    const server = await fileServer(served);
    expect(await refusal(fetched(server))).toContain(`it has ${than} than 300,000 bytes`);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['longer', 'more', Buffer.concat([content, Buffer.from('!')])],
    ['shorter', 'less', content.subarray(1)],
  ])('that turns out %s on a server that does not say its length is refused', async (_which, than, served) => {
    const server = await fileServer(served);
    server.next.push((_request, response) => {
      response.write(served.subarray(0, 10));
      response.end(served.subarray(10));
    });
    expect(await refusal(fetched(server))).toContain(`it has ${than} than 300,000 bytes`);
  });

  it('is fetched from the next address where the first does not have it', async () => {
    const server = await fileServer(content);
    server.next.push(answer(404));
    const target = newTarget();
    const addresses = ['first/net.onnx', 'second/net.onnx'].map((path) => new URL(path, server.address));
    await download(addresses, wanted, target, {}, patience);
    expect(server.asked.map(({ path }) => path)).toEqual(['/first/net.onnx', '/second/net.onnx']);
    server.next.push(answer(404), answer(401));
    expect(await refusal(download(addresses, wanted, newTarget(), {}, patience))).toMatch(
      /net\.onnx was not found \(127\.0\.0\.1:\d+ answered 404; .* answered 401\)/,
    );
  });

  it('is asked for again of a server that is busy, as late as it says', async () => {
    const server = await fileServer(content);
    server.next.push(answer(503), answer(429, { 'retry-after': '0.01' }));
    expect((await fetched(server)).equals(content)).toBe(true);
    expect(server.asked).toHaveLength(3);
  });

  it('is asked for a few times of a server that is not there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const gone = new URL(`http://127.0.0.1:${port}/net.onnx`);
    expect(await refusal(download([gone], wanted, newTarget(), {}, patience))).toMatch(/takes no connections/);
  });

  it('that a server stops sending is asked for again', async () => {
    const server = await fileServer(content);
    server.next.push((_request, response, whole) => {
      response.writeHead(200, { 'content-length': whole.length, etag: '"one"' });
      response.write(whole.subarray(0, 5000));
    });
    const target = newTarget();
    const address = new URL('net.onnx', server.address);
    await download([address], wanted, target, {}, { ...patience, stall: 300 });
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(server.asked[1]).toMatchObject({ range: 'bytes=5000-' });
  });

  it('stops at once when it is cancelled, waiting or fetching, and goes on later', async () => {
    const server = await fileServer(content);
    const target = newTarget();
    const address = new URL('net.onnx', server.address);
    const fetching = new AbortController();
    server.next.push((_request, response, whole) => {
      response.writeHead(200, { 'content-length': whole.length, etag: '"one"' });
      response.write(whole.subarray(0, 100_000), () => setTimeout(() => fetching.abort(), 100));
    });
    const cancelled = download([address], wanted, target, { signal: fetching.signal }, patience);
    expect(await refusal(cancelled)).toBe('The download was cancelled.');
    const waiting = new AbortController();
    server.next.push(answer(503, { 'retry-after': '100' }));
    const control = {
      signal: waiting.signal,
      onProgress: ({ step }: Progress) => step.startsWith('Trying again') && waiting.abort(),
    };
    expect(await refusal(download([address], wanted, target, control, patience))).toBe('The download was cancelled.');
    expect((await fetched(server, target)).equals(content)).toBe(true);
    expect(server.asked.at(-1)).toMatchObject({ range: 'bytes=100000-' });
  });

  it.skipIf(process.platform !== 'linux')('says so when the disk is full', async () => {
    const server = await fileServer(content);
    const target = newTarget();
    symlinkSync('/dev/full', `${target}.part`);
    expect(await refusal(fetched(server, target))).toMatch(/The disk is full/);
    expect(server.asked).toHaveLength(1);
  });
});

describe('redirections', () => {
  it('are followed, and the part is asked for where they lead', async () => {
    const server = await fileServer(content);
    server.next.push(
      answer(302, { location: '/elsewhere?signed=1' }),
      cutAfter(1000),
      answer(307, { location: '/again' }),
    );
    expect((await fetched(server)).equals(content)).toBe(true);
    expect(server.asked.map(({ path, range }) => [path, range])).toEqual([
      ['/net.onnx', undefined],
      ['/elsewhere?signed=1', undefined],
      ['/net.onnx', 'bytes=1000-'],
      ['/again', 'bytes=1000-'],
    ]);
  });

  it('without end are refused', async () => {
    const server = await fileServer(content);
    server.next.push(...Array.from({ length: 20 }, () => answer(302, { location: '/net.onnx' })));
    expect(await refusal(fetched(server))).toMatch(/from one address to the next without end/);
    expect(server.asked).toHaveLength(11);
  });

  it.each([
    ['file:///etc/passwd', 'file://'],
    ['ftp://example.org/net.onnx', 'ftp://example.org'],
    ['http://example.org/net.onnx', 'http://example.org'],
    ['http://169.254.169.254/latest', 'http://169.254.169.254'],
  ])('to %s are refused', async (location, said) => {
    const server = await fileServer(content);
    server.next.push(answer(302, { location }));
    expect(await refusal(fetched(server))).toContain(`sends to ${said}, which is not a safe address`);
  });

  it('to nowhere are refused', async () => {
    const server = await fileServer(content);
    server.next.push(answer(302));
    expect(await refusal(fetched(server))).toMatch(/without saying where/);
  });
});

describe('a source', () => {
  const entry = { file: 'net.onnx', addresses: ['https://example.org/a/net.onnx'] };
  const address = (from: string): string => {
    const source = sourceOf(entry, from);
    return 'addresses' in source ? source.addresses[0].href : source.file;
  };

  it('is the published addresses, a mirror’s, or a file or its folder', () => {
    expect(sourceOf(entry)).toEqual({ addresses: [new URL('https://example.org/a/net.onnx')] });
    expect(address('https://mirror.org/zoo')).toBe('https://mirror.org/zoo/net.onnx');
    expect(address('https://mirror.org/zoo/?key=1')).toBe('https://mirror.org/zoo/net.onnx?key=1');
    expect(address('https://mirror.org/zoo/renamed.ONNX')).toBe('https://mirror.org/zoo/renamed.ONNX');
    expect(address('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080/net.onnx');
    const file = work.write('given/net.onnx', 'x');
    expect(address(file)).toBe(file);
    expect(address(work.path('given'))).toBe(file);
  });

  it.each([
    ['http://mirror.org/', /not a safe address/],
    ['http://127.0.0.1.evil.org/', /not a safe address/],
    ['ftp://mirror.org/', /not a safe address/],
    ['file:///etc/passwd', /not a safe address/],
    ['https://name:word@mirror.org/', /a name and a password/],
    ['https://', /not an address/],
    ['/nowhere/net.onnx', /There is no file/],
  ])('%s is refused', async (from, reason) => {
    expect(await refusal(Promise.resolve().then(() => sourceOf(entry, from)))).toMatch(reason);
  });
});

test('a proxy that the environment names is used, and left out where NO_PROXY says so', async () => {
  const server = await fileServer(content);
  const tunnels: string[] = [];
  const proxy = createServer((request, response) => {
    tunnels.push(`GET ${request.url ?? ''}`);
    const { port, pathname } = new URL(request.url ?? '');
    void fetch(`http://127.0.0.1:${port}${pathname}`)
      .then((got) => got.arrayBuffer())
      .then((body) => response.end(Buffer.from(body)));
  });
  proxy.on('connect', (request, socket, head) => {
    tunnels.push(`CONNECT ${request.url ?? ''}`);
    const { port } = new URL(`http://${request.url ?? ''}`);
    const through = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      through.write(head);
      through.pipe(socket).pipe(through);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
    proxy.closeAllConnections();
    proxy.close();
  });
  const via = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  process.env = { ...before, HTTP_PROXY: via, http_proxy: via, NO_PROXY: '', no_proxy: '' };
  expect((await fetched(server)).equals(content)).toBe(true);
  expect(tunnels).toHaveLength(1);
  process.env = { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
  expect((await fetched(server)).equals(content)).toBe(true);
  expect(tunnels).toHaveLength(1);
});
