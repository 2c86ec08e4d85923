import type { AnyRouter } from '@orpc/server';
import { createCallHost } from './messages.ts';

/** A port as Node and Electron's main side have it. */
export interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

/** Answers calls that come over message ports: the desktop shell's way. */
export function createPortHost(router: AnyRouter): (port: Port) => void {
  const serveConnection = createCallHost(router);
  return (port) => {
    serveConnection({
      send: (message) => port.postMessage(message),
      onMessage: (listener) => void port.on('message', (message) => listener(payload(message))),
      onClose: (listener) => void port.on('close', listener),
      refuse: () => port.close(),
    });
    port.start();
  };
}

/** Electron wraps what it hands over in an event; Node gives the message itself. */
function payload(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'data' in message ? message.data : message;
}
