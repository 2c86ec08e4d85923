import { createRouterClient, type RouterClient } from '@orpc/server';
import { expect, onTestFinished } from 'vitest';
import type { Job, StudioState } from '../../main/contract/api/studio.ts';
import { ORPCError } from '@orpc/client';
import type { Session } from '../../main/session/session.ts';
import { createRouter, createStudio, type RunningStudio } from '../../main/studio.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { tinyNetwork, type Workshop, writeClasses } from './core.ts';

/** A studio as a renderer sees it: the whole core, a trainer of its own, and a client without a transport between. */
export interface Desk {
  readonly client: RouterClient<ReturnType<typeof createRouter>>;
  readonly session: Session;
  readonly studio: RunningStudio;
  readonly state: () => Promise<StudioState>;
  /** Waits until a job is over. */
  readonly over: (started: { job: number }) => Promise<Job>;
  /** Waits until a job did what was asked. */
  readonly done: (started: { job: number }) => Promise<void>;
}

/** Closed with the test. */
export function desk(work: Workshop, dataFolder = work.path('data'), { box = true } = {}): Desk {
  const studio = createStudio(forkTrainer, { dataFolder, ...(box ? {} : { resourcesFolder: work.path('nothing') }) });
  const { session } = studio;
  onTestFinished(async () => {
    await session.end();
    studio.close();
  });
  const client = createRouterClient(createRouter(studio, 'browser'));
  const states = async (holds: (state: StudioState) => boolean): Promise<StudioState> => {
    for await (const state of await client.studio.watch()) if (holds(state)) return state;
    throw new Error('The stream ended.');
  };
  const over = async ({ job }: { job: number }): Promise<Job> => {
    const find = (state: StudioState): Job | undefined => state.jobs.find(({ id }) => id === job);
    const isOver = (state: StudioState): boolean =>
      ['done', 'failed', 'cancelled'].includes(find(state)?.status ?? 'waiting');
    return find(await states(isOver))!;
  };
  return {
    client,
    session,
    studio,
    state: () => states(() => true),
    over,
    async done(started) {
      expect(await over(started)).toMatchObject({ status: 'done', error: null });
    },
  };
}

/** The sentence that a procedure refuses with. */
export async function sentence(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof ORPCError && error.code === 'REFUSED') return (error.data as { sentence: string }).sentence;
    throw error;
  }
  throw new Error('It was not refused.');
}

/** A project of red and green images, labelled by their folders, with the tiny network chosen. */
export async function openClasses(work: Workshop, desk: Desk, name: string, each = 20): Promise<void> {
  const { client, done } = desk;
  await writeClasses(work.path(`${name}-images`), each);
  await client.projects.create({ folder: work.path(name) });
  await done(
    await client.items.import({
      source: work.path(`${name}-images`),
      options: { labels: 'folders', group: 'image' },
    }),
  );
  const file = work.write('tiny.onnx', tinyNetwork());
  await done(await client.networks.add({ path: file, scaling: 'unit' }));
  const [network] = await client.networks.list();
  await client.networks.choose({ hash: network.hash });
}
