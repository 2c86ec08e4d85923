import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AnyRouter } from '@orpc/server';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { createCallHost, messageLimit } from './messages.ts';

/** How often a silent connection is asked whether it is still there. A pulled cable closes nothing by itself. */
const pulse = 20_000;

export interface WebSocketHost {
  /** Takes over a connection whose request has been checked. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** Answers calls that come over WebSockets: the browser host's way. */
export function createWebSocketHost(router: AnyRouter): WebSocketHost {
  const serveConnection = createCallHost(router);
  const server = new WebSocketServer({ noServer: true, maxPayload: messageLimit, perMessageDeflate: false });
  const silent = new WeakSet<WebSocket>();
  const timer = setInterval(() => {
    for (const socket of server.clients) {
      if (silent.has(socket)) socket.terminate();
      silent.add(socket);
      socket.ping();
    }
  }, pulse).unref();

  function serve(socket: WebSocket): void {
    // A message that is too large, or no WebSocket frame at all: the connection is closed by ws itself.
    socket.on('error', () => undefined);
    socket.on('pong', () => silent.delete(socket));
    serveConnection({
      send: (message) => socket.send(message),
      onMessage: (listener) => {
        socket.on('message', (data: RawData, binary: boolean) => {
          silent.delete(socket);
          listener(binary ? undefined : (data as Buffer).toString());
        });
      },
      onClose: (listener) => void socket.on('close', listener),
      refuse: (reason) => socket.close(1008, reason),
    });
  }

  return {
    accept: (request, socket, head) => server.handleUpgrade(request, socket, head, serve),
    close: () => {
      clearInterval(timer);
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}
