import type { AnyRouter, Context } from '@orpc/server';
import { RPCHandler } from '@orpc/server/ws';
import { z } from 'zod';

/** The largest message that is read, in characters. A million labelled items named by number fit in. */
export const messageLimit = 8 * 2 ** 20;

/** A connection of either kind, from the core's side. */
export interface Connection {
  send(message: string): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
  /** Ends it, since its other end does not speak as agreed. */
  refuse(reason: string): void;
}

/** What oRPC's clients send: a request, a part of a stream, or that an answer is not wanted any more. */
const messageSchema = z.union([
  z.strictObject({
    i: z.string().max(64),
    t: z.literal(1).optional(),
    p: z.strictObject({
      u: z.string().startsWith('/').max(2000),
      h: z.strictObject({ 'last-event-id': z.string().max(200).optional() }).optional(),
      m: z.enum(['GET', 'POST']).optional(),
      b: z.unknown().optional(),
    }),
  }),
  z.strictObject({ i: z.string().max(64), t: z.literal(3), p: z.unknown() }),
  z.strictObject({ i: z.string().max(64), t: z.literal(4), p: z.unknown().optional() }),
]);

/**
 * Answers the calls that come over connections, by a router whose procedures need no context. When a connection closes,
 * every call and stream that came over it is cancelled.
 *
 * Both kinds of connection go through oRPC's handler for `ws`, since they speak the same messages: its handler for
 * message ports leaves rejections unhandled, and those end the process.
 */
export function createCallHost(router: AnyRouter): (connection: Connection) => void {
  const handler = new RPCHandler<Context>(router);
  return (connection) => {
    const target = Object.assign(new EventTarget(), { send: (message: string) => connection.send(message) });
    // The handler adds listeners for `message` and `close`, reads `data`, and sends text: all that an EventTarget gives.
    void handler.upgrade(target as unknown as Parameters<typeof handler.upgrade>[0], { context: {} });
    connection.onMessage((message) => {
      if (isMessage(message)) target.dispatchEvent(new MessageEvent('message', { data: message }));
      else connection.refuse('This is not a message of the studio.');
    });
    connection.onClose(() => target.dispatchEvent(new Event('close')));
  };
}

function isMessage(message: unknown): message is string {
  if (typeof message !== 'string' || message.length > messageLimit) return false;
  try {
    return messageSchema.safeParse(JSON.parse(message)).success;
  } catch {
    return false;
  }
}
