import { createORPCClient, ORPCError } from '@orpc/client';
import type { ClientContext, ClientLink } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import type { contract } from '../../main/contract/api/index.ts';

export type Connection = 'connecting' | 'connected' | 'lost';
type Link = ClientLink<ClientContext>;

/** Longest wait between two attempts to connect, in milliseconds. */
const longestWait = 5_000;

let current = Promise.withResolvers<Link>();
let listener: (connection: Connection) => void = () => undefined;

function connected(link: Link): void {
  current.resolve(link);
  listener('connected');
}

function lost(): void {
  current = Promise.withResolvers<Link>();
  listener('lost');
}

/** One WebSocket after another, for as long as the page is open. */
function connectSocket(): void {
  let wait = 250;
  const open = (): void => {
    const socket = new WebSocket(new URL('/rpc', location.href.replace(/^http/, 'ws')));
    let opened = false;
    socket.addEventListener('open', () => {
      opened = true;
      wait = 250;
      connected(new SocketLink({ websocket: socket }));
    });
    socket.addEventListener('close', () => {
      if (opened) lost();
      setTimeout(open, wait);
      wait = Math.min(wait * 2, longestWait);
    });
  };
  open();
}

/** The desktop shell hands over a port at the start, and another each time it had to start the core anew. */
function connectPort(): void {
  let live: MessagePort | undefined;
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const port = event.ports.at(0);
    const { data } = event;
    if (event.source !== window || port === undefined) return;
    if (typeof data !== 'object' || data === null || !('parfocal' in data) || data.parfocal !== 'port') return;
    if (live !== undefined) lost();
    live = port;
    port.addEventListener('close', () => {
      if (live !== port) return;
      live = undefined;
      lost();
    });
    const link = new PortLink({ port });
    port.start();
    connected(link);
  });
  window.postMessage({ parfocal: 'ready' }, location.origin);
}

/**
 * Connects to the core and stays connected: by WebSocket where the page came over HTTP, else by the MessagePort that the
 * desktop shell hands over. Called once, before the first call.
 */
export function connect(onChange: (connection: Connection) => void): void {
  listener = onChange;
  if (location.protocol.startsWith('http')) connectSocket();
  else connectPort();
}

/** Calls wait while there is no connection; those under way when it breaks fail with `ConnectionError`. */
const link: Link = {
  async call(path, input, options) {
    const { promise } = current;
    const live = await promise;
    try {
      return await live.call(path, input, options);
    } catch (error) {
      if (promise !== current.promise) throw new ConnectionError();
      throw error;
    }
  },
};

/** The connection broke while the answer was awaited: whether the core did what was asked is not known. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  constructor() {
    super('The connection to the studio was lost. It is being set up again.');
  }
}

export type Api = ContractRouterClient<typeof contract>;
/** The core, as its contract says: `await api.items.query({...})`. */
export const api: Api = createORPCClient<Api>(link);

/** What to tell the person of a failed call: the core's own sentence where it has one. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ConnectionError) return error.message;
  if (error instanceof ORPCError && error.code === 'REFUSED') {
    const data: unknown = error.data;
    if (typeof data === 'object' && data !== null && 'sentence' in data) return String(data.sentence);
  }
  return 'The studio met a fault of its own and did not do this. Nothing saved was lost; its log has the details.';
}

/** The address of an item's thumbnail: 160 px square, as the network sees the item. Cached for ever by its key. */
export function thumbnailUrl(item: { id: number; viewKey: string }): string {
  return `/thumbnails/${item.id}/${item.viewKey}`;
}

/** The address of a whole image. */
export function imageUrl(imageId: number): string {
  return `/images/${imageId}`;
}
