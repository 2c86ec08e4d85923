import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AnyRouter } from '@orpc/server';
import { explain, UserError } from '../contract/errors.ts';
import { cookieOf, isForeign, isLoopback, isOwnHost, isOwnOrigin, newSecret, sameSecret } from './access.ts';
import { type Content, content, createContent, type Pictures, textContent } from './content.ts';
import { answerDownload, type FindDownload, type Streamed } from './downloads.ts';
import { takePageKey } from './page-key.ts';
import { createUploads } from './uploads.ts';
import { createWebSocketHost } from './websocket.ts';

/** Where the studio is found unless told otherwise; any free port where this one is taken. */
const usualPort = 4242;
/** For a large file over a slow line. */
const requestTimeout = 3_600_000;

export interface HostOptions {
  readonly router: AnyRouter;
  readonly pictures: Pictures;
  /** Of the open project. Throws a UserError where none is open. */
  readonly cacheFolder: () => string;
  /** A file of the open project that may be fetched, by what follows `/downloads/`. Throws a UserError where it is gone. */
  readonly findDownload: FindDownload;
  /** The built app. */
  readonly appFolder: string;
  /** Where keys are kept that outlive a crash. */
  readonly keyFolder: string;
  /** The address to listen on. */
  readonly host: string;
  /** undefined: the usual one, or any other that is free. */
  readonly port?: number | undefined;
  readonly onDefect: (error: unknown) => void;
}

export interface BrowserHost {
  /** What to open, with the token. */
  readonly address: string;
  readonly port: number;
  /** An address that lets in once: for a browser's command line, which others on the computer may read. */
  addressForOnce(): string;
  close(): Promise<void>;
}

/**
 * The browser host: serves the app, pictures, uploads and the calls to whoever brings the token, and to nobody else.
 *
 * @throws UserError when the app has not been built, or the address cannot be had
 */
export async function startBrowserHost(options: HostOptions): Promise<BrowserHost> {
  const { host, onDefect } = options;
  const getContent = createContent(options);
  const takeUpload = createUploads(options.cacheFolder);
  const sockets = createWebSocketHost(options.router);
  const token = newSecret();
  const tickets = new Set<string>();
  const server = createServer({ requestTimeout });
  const port = await listen(server, host, options.port);
  const key = takePageKey(options.keyFolder, port);
  // Cookies know no ports: two servers on one machine must not take each other's.
  const cookie = `parfocal-${port}`;
  const isKnown = (request: IncomingMessage): boolean => sameSecret(cookieOf(request, cookie), key.value);

  /** Why a request is not answered, whatever it asks for; undefined when it may be. */
  function refusal(request: IncomingMessage): Content | undefined {
    if (!isOwnHost(request.headers.host, host))
      return textContent(421, 'Parfocal does not answer under this name. Open the address that it printed.');
    if (isForeign(request)) return textContent(403, 'Parfocal answers only its own page.');
    return undefined;
  }

  async function answer(request: IncomingMessage): Promise<Content | Streamed> {
    const refused = refusal(request);
    if (refused) return refused;
    const { path, query } = splitUrl(request.url ?? '/');
    const method = request.method ?? '';
    const isUpload = path.startsWith('/uploads/');
    const allowed = isUpload ? ['PUT'] : ['GET', 'HEAD'];
    if (!allowed.includes(method))
      return textContent(405, 'This cannot be done here.', { Allow: allowed.join(', '), Connection: 'close' });
    const given = query.get('token');
    if (path === '/' && given !== null)
      return tickets.delete(given) || sameSecret(given, token) ? welcome() : stranger();
    if (!isKnown(request)) return stranger();
    if (isUpload) return upload(request, path);
    if (path.startsWith('/downloads/')) return answerDownload(options.findDownload, path);
    const found = await getContent(path);
    const held = 'ETag' in found.headers && found.headers['ETag'] === request.headers['if-none-match'];
    return held ? { ...found, status: 304, body: new Uint8Array() } : found;
  }

  /** The token has been shown: the page is known by its cookie from now on, and the token leaves the address. */
  function welcome(): Content {
    const attributes = 'Path=/; HttpOnly; SameSite=Strict';
    return textContent(303, 'Welcome.', { Location: '/', 'Set-Cookie': `${cookie}=${key.value}; ${attributes}` });
  }

  async function upload(request: IncomingMessage, path: string): Promise<Content> {
    if (!isOwnOrigin(request)) return textContent(403, 'Parfocal answers only its own page.');
    try {
      const body = Buffer.from(JSON.stringify(await takeUpload(path, request)));
      return content(201, 'application/json', body, { 'Cache-Control': 'no-store' });
    } catch (error) {
      const sentence = explain(error);
      if (sentence !== undefined) return textContent(400, sentence, { Connection: 'close' });
      if (!request.complete) return textContent(400, 'The file did not arrive whole.', { Connection: 'close' });
      throw error;
    }
  }

  server.on('request', (request, response) => {
    answer(request)
      .catch((error: unknown) => {
        onDefect(error);
        return textContent(500, 'This is a defect in Parfocal.', { Connection: 'close' });
      })
      .then((found) => write(response, found, request.method === 'HEAD'))
      .catch(onDefect);
  });
  server.on('upgrade', (request, socket, head) => {
    // A connection that breaks before the handshake is nobody's loss.
    socket.on('error', () => undefined);
    const refused =
      refusal(request) ??
      (isOwnOrigin(request) ? undefined : textContent(403, 'Parfocal answers only its own page.')) ??
      (isKnown(request) ? undefined : stranger()) ??
      (request.url === '/rpc' ? undefined : textContent(404, 'There is nothing at this address.'));
    if (refused) turnAway(socket, refused);
    else sockets.accept(request, socket, head);
  });
  // What is not HTTP at all.
  server.on('clientError', (_error, socket) => turnAway(socket, textContent(400, 'This is not a request.')));

  const addressWith = (secret: string): string => `http://${shownHost(host)}:${port}/?token=${secret}`;
  return {
    address: addressWith(token),
    port,
    addressForOnce: () => {
      const ticket = newSecret();
      tickets.add(ticket);
      return addressWith(ticket);
    },
    close: async () => {
      sockets.close();
      key.drop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A person may see this one: after a restart, or by an address from a history. */
function stranger(): Content {
  const body = Buffer.from(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Parfocal</title>' +
      '<h1>Parfocal does not know this browser</h1>' +
      '<p>Open the address that Parfocal printed when it started: it holds the key.</p>' +
      '<p><a href="/">Try again</a></p></html>\n',
  );
  return content(401, 'text/html; charset=utf-8', body, { 'Cache-Control': 'no-store', Connection: 'close' });
}

async function write(response: ServerResponse, { status, headers, body }: Content | Streamed, headOnly: boolean) {
  if (body instanceof Uint8Array) {
    const length = status === 304 ? {} : { 'Content-Length': body.byteLength };
    response.writeHead(status, { ...headers, ...length });
    response.end(headOnly ? undefined : body);
    return;
  }
  response.writeHead(status, headers);
  if (headOnly) {
    body.destroy();
    response.end();
    return;
  }
  try {
    await pipeline(body, response);
  } catch (error) {
    // Whoever fetches it may stop at any time.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function turnAway(socket: Duplex, { status, body }: Content): void {
  if (!socket.writable) return;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.byteLength}\r\n\r\n${Buffer.from(body).toString()}`,
    () => socket.destroy(),
  );
}

/** Splits by hand: a parser of addresses would resolve `..`, and take a host from `//host/`. */
function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  return mark === -1
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** @returns the port that was taken */
async function listen(server: Server, host: string, port: number | undefined): Promise<number> {
  try {
    return await listenOn(server, host, port ?? usualPort);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && port === undefined) return listenOn(server, host, 0);
    if (code === 'EADDRINUSE')
      throw new UserError(`Port ${port ?? usualPort} is taken by another program. Choose another with --port.`);
    if (code === 'EACCES') throw new UserError(`Port ${port ?? usualPort} is not for everyone. Choose one above 1023.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      throw new UserError(`This computer does not have the address ${host}. Give one of its own with --host.`);
    throw error;
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** The name to print for an address that is listened on: one that can be opened, where that means every one. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    return all.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';
  }
  return host.includes(':') && !isLoopback(host) ? `[${host}]` : host === '::1' ? '[::1]' : host;
}
