import { MessageChannel } from 'node:worker_threads';
import { createORPCClient, ORPCError } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import type { RouterClient } from '@orpc/server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createPortHost } from '../../main/serve/message-port.ts';
import { createTestRouter, hosted, type TestRouter, until } from '../support/serving.ts';

type Client = RouterClient<TestRouter>;

/** A connection as the renderer has it. */
interface Line {
  readonly client: Client;
  /** What oRPC's own client would never send. */
  sendRaw(message: string | Buffer): void;
  /** Cuts it, as a page that goes away does. */
  cut(): void;
  readonly closed: Promise<unknown>;
}

/** The core's end: gives as many connections as are asked for. */
interface Transport {
  connect(): Promise<Line>;
}

const transports: Record<string, (router: TestRouter) => Promise<Transport>> = {
  'a WebSocket': async (router) => {
    const { enter, authority } = await hosted({ router });
    const cookie = await enter();
    return {
      async connect() {
        const socket = new WebSocket(`ws://${authority}/rpc`, {
          headers: { cookie, origin: `http://${authority}` },
        });
        onTestFinished(() => socket.terminate());
        const closed = new Promise((resolve) => socket.once('close', resolve));
        await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
        return {
          client: createORPCClient<Client>(new SocketLink({ websocket: socket })),
          sendRaw: (message) => socket.send(message),
          cut: () => socket.terminate(),
          closed,
        };
      },
    };
  },
  'a message port': (router) => {
    const accept = createPortHost(router);
    return Promise.resolve({
      connect() {
        const { port1, port2 } = new MessageChannel();
        onTestFinished(() => port1.close());
        accept(port2);
        const closed = new Promise((resolve) => port1.once('close', resolve));
        const client = createORPCClient<Client>(new PortLink({ port: port1 }));
        port1.start();
        return Promise.resolve({
          client,
          sendRaw: (message) => port1.postMessage(message),
          cut: () => port1.close(),
          closed,
        });
      },
    });
  },
};

describe.each(Object.keys(transports))('over %s', (name) => {
  const start = async () => {
    const { router, open } = createTestRouter();
    const transport = await transports[name](router);
    return { transport, open };
  };

  test('a call is answered, also many at once and with any characters', async () => {
    const { transport } = await start();
    const { client } = await transport.connect();
    const texts = ['plain', '<img src=x onerror=alert(1)>', 'µm · 漢字 · \u0000', 'x'.repeat(1_000_000)];
    expect(await Promise.all(texts.map((text) => client.echo({ text })))).toEqual(texts);
  });

  test('a refusal comes with its sentence, a defect without its inside', async () => {
    const { transport } = await start();
    const { client } = await transport.connect();
    const refusal: unknown = await client.fail().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ORPCError);
    expect(refusal).toMatchObject({ code: 'REFUSED', data: { sentence: 'The disk is full.' } });
    const defect = (await client.defect().catch((error: unknown) => error)) as ORPCError<string, unknown>;
    expect(defect.code).toBe('INTERNAL_SERVER_ERROR');
    expect(JSON.stringify(defect)).not.toContain('secret');
  });

  test('input that does not fit the schema is refused', async () => {
    const { transport } = await start();
    const { client } = await transport.connect();
    await expect(client.echo({ text: 3 as unknown as string })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(await client.echo({ text: 'still here' })).toBe('still here');
  });

  test('a stream goes on until its reader has enough, while calls are answered', async () => {
    const { transport, open } = await start();
    const { client } = await transport.connect();
    const seen: number[] = [];
    for await (const at of await client.count()) {
      seen.push(at);
      expect(await client.echo({ text: String(at) })).toBe(String(at));
      if (at === 4) break;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    await until(() => open.streams === 0);
  });

  test('a signal cancels a call and a stream at the other end', async () => {
    const { transport, open } = await start();
    const { client } = await transport.connect();
    const abort = new AbortController();
    const waiting = client.wait(undefined, { signal: abort.signal }).catch((error: unknown) => error);
    const stream = await client.count(undefined, { signal: abort.signal });
    expect(await stream.next()).toMatchObject({ done: false, value: 0 });
    await until(() => open.calls === 1 && open.streams === 1);
    abort.abort();
    expect(await waiting).toBeInstanceOf(Error);
    await until(() => open.calls === 0 && open.streams === 0);
    expect(await client.echo({ text: 'still here' })).toBe('still here');
  });

  test('a stream that breaks says so, and the connection goes on', async () => {
    const { transport } = await start();
    const { client } = await transport.connect();
    const stream = await client.broken();
    expect(await stream.next()).toMatchObject({ value: 1 });
    const error: unknown = await stream.next().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(await client.echo({ text: 'still here' })).toBe('still here');
  });

  test('a connection that drops cancels what came over it, and a new one starts anew', async () => {
    const { transport, open } = await start();
    const first = await transport.connect();
    const second = await transport.connect();
    const waiting = first.client.wait().catch((error: unknown) => error);
    const stream = await first.client.count();
    const others = await second.client.count();
    await stream.next();
    await others.next();
    await until(() => open.calls === 1 && open.streams === 2);
    first.cut();
    await until(() => open.calls === 0 && open.streams === 1);
    expect(await waiting).toBeInstanceOf(Error);
    // The other page's stream is its own.
    expect(await others.next()).toMatchObject({ done: false });
    const again = await transport.connect();
    const resumed = await again.client.count();
    expect(await resumed.next()).toMatchObject({ done: false, value: 0 });
    await until(() => open.streams === 2);
  });

  test.each([
    ['no JSON', 'hello'],
    ['another protocol', '{"jsonrpc":"2.0","id":1,"method":"echo"}'],
    ['an address outside', '{"i":"1","p":{"u":"http://elsewhere.example/echo"}}'],
    ['headers that are none of ours', '{"i":"1","p":{"u":"/echo","h":{"content-type":"multipart/form-data"}}}'],
    ['deep nesting', '['.repeat(1_000_000)],
    ['bytes', Buffer.from([0xff, 0x00, 0xfe])],
  ])('%s ends the connection, and no other', async (_what, message) => {
    const { transport } = await start();
    const [bad, good] = [await transport.connect(), await transport.connect()];
    bad.sendRaw(message);
    await bad.closed;
    expect(await good.client.echo({ text: 'still here' })).toBe('still here');
  });

  test('what fits the protocol and asks for nonsense is answered or passed over', async () => {
    const { transport } = await start();
    const line = await transport.connect();
    line.sendRaw('{"i":"no such call","t":4}');
    line.sendRaw('{"i":"no such stream","t":3,"p":{"e":"message","d":1}}');
    line.sendRaw('{"i":"a","p":{"u":"/__proto__/constructor"}}');
    line.sendRaw('{"i":"b","p":{"u":"/echo","b":{"json":{"text":"x"},"meta":[[9,"__proto__","polluted"]]}}}');
    expect(await line.client.echo({ text: 'still here' })).toBe('still here');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
