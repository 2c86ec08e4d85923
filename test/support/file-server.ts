import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** How one request is answered; undefined: as a good server would. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;

export interface FileServer {
  /** `http://127.0.0.1:PORT/`. */
  readonly address: string;
  readonly asked: Asked[];
  /** What it serves, whatever the path. */
  content: Buffer;
  etag: string | undefined;
  /** For the next requests, in their order; then it behaves well. */
  readonly next: (Behaviour | undefined)[];
}

/** An HTTP server on this computer that serves one file, with ranges and an ETag, and misbehaves as told. Closed with the test. */
export async function fileServer(content: Buffer): Promise<FileServer> {
  const asked: Asked[] = [];
  const next: FileServer['next'] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    asked.push({
      path: request.url ?? '',
      range: request.headers.range,
      ifRange: request.headers['if-range'] as string | undefined,
    });
    (next.shift() ?? serve)(request, response, served.content);
  });
  const serve: Behaviour = (request, response, whole) => {
    const { etag } = served;
    if (etag !== undefined) response.setHeader('etag', etag);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const ifRange = request.headers['if-range'];
    if (from === 0 || (ifRange !== undefined && ifRange !== etag)) {
      response.setHeader('content-length', whole.length).end(whole);
    } else if (from >= whole.length) {
      response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
    } else {
      response.writeHead(206, {
        'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}`,
        'content-length': whole.length - from,
      });
      response.end(whole.subarray(from));
    }
  };
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const served: FileServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    content,
    etag: '"one"',
    next,
  };
  return served;
}

/** Gives so many bytes from where it was asked for, then cuts the connection. */
export function cutAfter(bytes: number): Behaviour {
  return (request, response, content) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': content.length - from,
      etag: '"one"',
      ...(from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
    });
    response.write(content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: string | Buffer = ''): Behaviour =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);
