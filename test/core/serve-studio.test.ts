import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { contract } from '../../main/contract/api/index.ts';
import { workshop, writeClasses } from '../support/core.ts';
import { ask, enter, temporaryFolder } from '../support/serving.ts';
import { run } from '../support/started.ts';

type Api = ContractRouterClient<typeof contract>;

const work = workshop();

/** A page's connection to the studio. */
async function connect(authority: string, cookie: string): Promise<Api> {
  const socket = new WebSocket(`ws://${authority}/rpc`, { headers: { cookie, origin: `http://${authority}` } });
  onTestFinished(() => socket.terminate());
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return createORPCClient<Api>(new RPCLink({ websocket: socket }));
}

test('the studio over HTTP: a project, its pictures, a page that comes back to a job, a crash that loses nothing', async () => {
  await writeClasses(work.path('images'), 60);
  const environment = { PARFOCAL_DATA: temporaryFolder() };
  const first = await run('main/cli/parfocal.mjs', ['serve', '--port', '0'], environment);
  const { host: authority, port } = first.address;
  const cookie = await enter(first.address);
  const api = await connect(authority, cookie);
  await api.projects.create({ folder: work.path('served') });
  const { job } = await api.items.import({ source: work.path('images'), options: { labels: 'folders' } });

  // A page that is opened in the middle of the job finds it.
  const again = await connect(authority, cookie);
  for await (const { jobs } of await again.studio.watch()) {
    expect(jobs.map(({ id }) => id)).toEqual([job]);
    if (jobs[0].status === 'done') break;
    expect(jobs[0].status).toMatch(/waiting|running/);
  }
  const ids = await again.items.query({ filter: {}, order: { by: 'number' } });
  const [item] = await again.items.describe({ ids: ids.slice(0, 1) });
  const thumbnail = await ask(Number(port), { path: `/thumbnails/${item.id}/${item.viewKey}`, headers: { cookie } });
  expect(thumbnail.status).toBe(200);
  expect(thumbnail.headers['content-type']).toBe('image/jpeg');
  const image = await ask(Number(port), { path: `/images/${item.imageId}`, headers: { cookie } });
  expect(image.status).toBe(200);
  expect(image.headers['content-type']).toMatch(/^image\//);
  expect((await ask(Number(port), { path: '/images/9999', headers: { cookie } })).status).toBe(404);

  const { id: classId } = await again.labels.createClass({ name: 'third <b>' });
  await again.labels.set({ ids: [item.id], classId });
  first.child.kill('SIGKILL');
  await first.ended;

  const second = await run('main/cli/parfocal.mjs', ['serve', work.path('served'), '--port', port], environment);
  expect(second.address.port).toBe(port);
  const after = await connect(authority, cookie);
  expect(await after.items.describe({ ids: [item.id] })).toMatchObject([{ classId }]);
  expect((await after.labels.classes()).map(({ name }) => name)).toContain('third <b>');
});
