import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StudioState } from '../../main/contract/api/studio.ts';
import { UserError } from '../../main/contract/errors.ts';
import { openProject } from '../../main/projects/project.ts';
import { integrityOf, valueOf, workshop, writeClasses } from '../support/core.ts';
import { desk, sentence } from '../support/studio.ts';

const work = workshop();

/** A promise that a test settles by hand. */
const latch = () => Promise.withResolvers<undefined>();

describe('the open project', () => {
  it('is one at a time; without one, what needs one is refused', async () => {
    const { client, state } = desk(work);
    expect((await state()).project).toBeNull();
    expect(await sentence(client.items.groups())).toBe('No project is open. Open one, or make a new one.');
    await client.projects.create({ folder: work.path('first') });
    expect((await state()).project).toMatchObject({ name: 'first', folder: work.path('first.parfocal'), items: 0 });
    await client.projects.create({ folder: work.path('second') });
    expect((await state()).project?.name).toBe('second');
    openProject(work.path('first')).close();
    await client.projects.close();
    expect((await state()).project).toBeNull();
    openProject(work.path('second')).close();
  });

  it('stays when another cannot be opened', async () => {
    const { client, state } = desk(work);
    await client.projects.create({ folder: work.path('staying') });
    expect(await sentence(client.projects.open({ folder: work.path('nowhere') }))).toMatch(/There is no project at/);
    const held = work.project('held');
    expect(await sentence(client.projects.open({ folder: held.folder }))).toMatch(/open in another program/);
    expect((await state()).project?.name).toBe('staying');
    expect(await client.labels.classes()).toEqual([]);
  });

  it('is left in the middle of a job: the job is cancelled, what it did is kept, and the lock is given back', async () => {
    const { client, session, state } = desk(work);
    await writeClasses(work.path('many'), 150);
    await client.projects.create({ folder: work.path('left') });
    const { job } = await client.items.import({ source: work.path('many'), options: {} });
    const { job: waiting } = await client.items.prepareSimilar();
    for await (const { jobs } of await client.studio.watch()) if ((jobs[0].progress?.done ?? 0) > 0) break;
    await Promise.all([
      client.projects.create({ folder: work.path('entered') }),
      client.projects.open({ folder: work.path('left') }),
      client.projects.open({ folder: work.path('entered') }),
    ]);
    expect(session.jobs.list().map(({ id, status }) => [id, status])).toEqual([
      [job, 'cancelled'],
      [waiting, 'cancelled'],
    ]);
    expect((await state()).project).toMatchObject({ name: 'entered', items: 0 });
    expect(await client.items.importReport({ job })).toBeNull();
    const left = openProject(work.path('left'));
    expect(valueOf(left, 'SELECT COUNT(*) FROM items')).toBeGreaterThan(0);
    expect(valueOf(left, 'SELECT COUNT(*) FROM items')).toBeLessThan(300);
    expect(integrityOf(left)).toEqual(['ok']);
    left.close();
  });
});

describe('recent projects', () => {
  it('are listed, the last opened first, marked when they are gone, and forgotten on demand', async () => {
    const data = work.path('recent-data');
    const { client } = desk(work, data);
    const recent = async () => (await client.projects.recent()).map(({ name, missing }) => [name, missing]);
    for (const name of ['a', 'b', 'a']) {
      const folder = work.path(`recent-${name}.parfocal`);
      await (existsSync(folder) ? client.projects.open({ folder }) : client.projects.create({ folder }));
    }
    expect(await recent()).toEqual([
      ['recent-a', false],
      ['recent-b', false],
    ]);
    rmSync(work.path('recent-b.parfocal'), { recursive: true });
    expect(await recent()).toEqual([
      ['recent-a', false],
      ['recent-b', true],
    ]);
    const again = desk(work, data).client;
    await again.projects.forget({ folder: work.path('recent-b.parfocal') });
    expect(await recent()).toEqual([['recent-a', false]]);
  });

  it('are an empty list where that is damaged', async () => {
    const data = work.path('damaged-data');
    const { client } = desk(work, data);
    await client.projects.create({ folder: work.path('remembered') });
    writeFileSync(work.path('damaged-data', 'recent-projects.json'), '[{"name":');
    expect(await client.projects.recent()).toEqual([]);
    await client.projects.open({ folder: work.path('remembered') });
    const written: unknown = JSON.parse(readFileSync(work.path('damaged-data', 'recent-projects.json'), 'utf8'));
    expect(written).toMatchObject([{ name: 'remembered' }]);
  });
});

describe('jobs', () => {
  it('run one after the other, in the order in which they were asked for', async () => {
    const { session, over } = desk(work);
    const first = latch();
    const order: string[] = [];
    session.jobs.start({ kind: 'codes', title: 'first' }, async ({ onProgress }) => {
      onProgress({ step: 'Working', done: 1, total: 2 });
      await first.promise;
      order.push('first');
    });
    const second = session.jobs.start({ kind: 'train', title: 'second' }, () => {
      order.push('second');
      return Promise.resolve();
    });
    await Promise.resolve();
    expect(session.jobs.list()).toMatchObject([
      { title: 'first', status: 'running', progress: { step: 'Working', done: 1, total: 2 } },
      { title: 'second', status: 'waiting', progress: null },
    ]);
    first.resolve(undefined);
    expect((await over({ job: second })).status).toBe('done');
    expect(order).toEqual(['first', 'second']);
  });

  it('are cancelled while they run and while they wait, and the next one goes on', async () => {
    const { client, session, over } = desk(work);
    const running = session.jobs.start({ kind: 'codes', title: 'running' }, async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      signal.throwIfAborted();
    });
    let ran = false;
    const waiting = session.jobs.start({ kind: 'codes', title: 'waiting' }, () => {
      ran = true;
      return Promise.resolve();
    });
    const next = session.jobs.start({ kind: 'codes', title: 'next' }, () => Promise.resolve());
    await Promise.resolve();
    await client.studio.cancelJob({ id: waiting });
    expect(session.jobs.list().map(({ status }) => status)).toEqual(['running', 'cancelled', 'waiting']);
    await client.studio.cancelJob({ id: running });
    expect((await over({ job: next })).status).toBe('done');
    expect(session.jobs.list().map(({ status, error }) => [status, error])).toEqual([
      ['cancelled', null],
      ['cancelled', null],
      ['done', null],
    ]);
    expect(ran).toBe(false);
    await client.studio.cancelJob({ id: next });
    await client.studio.cancelJob({ id: 99 });
    expect(session.jobs.list()[2].status).toBe('done');
  });

  it('that fail say why; of a defect only that it is one', async () => {
    const { session, over } = desk(work);
    const refused = session.jobs.start({ kind: 'import', title: 'refused' }, () =>
      Promise.reject(new UserError('The file is empty.')),
    );
    const defect = session.jobs.start({ kind: 'import', title: 'defect' }, () =>
      Promise.reject(new TypeError('x is not a function')),
    );
    expect(await over({ job: refused })).toMatchObject({ status: 'failed', error: 'The file is empty.' });
    const { status, error } = await over({ job: defect });
    expect(status).toBe('failed');
    expect(error).toMatch(/^This is a fault of Parfocal itself/);
    expect(error).not.toMatch(/not a function/);
  });

  it('that ended are listed for a while, the last few', async () => {
    const { session, over } = desk(work);
    let last = 0;
    for (let at = 0; at < 12; at++)
      last = session.jobs.start({ kind: 'codes', title: String(at) }, () => Promise.resolve());
    await over({ job: last });
    const titles = session.jobs.list().map(({ title }) => title);
    expect(titles.length).toBeLessThan(12);
    expect(titles.at(-1)).toBe('11');
  });

  it('whose end lasts are listed until another of their kind ends, they are forgotten, or the project is closed', async () => {
    const { session, client, over } = desk(work);
    const start = (kind: 'import' | 'codes', work: () => Promise<void> = () => Promise.resolve()): { job: number } => ({
      job: session.jobs.start({ kind, title: kind, lasting: kind === 'import' }, work),
    });
    const imports = (): number[] => session.jobs.list().flatMap(({ id, kind }) => (kind === 'import' ? [id] : []));
    const others = async (): Promise<void> => {
      const started = Array.from({ length: 6 }, () => start('codes'));
      await over(started.at(-1)!);
    };
    const first = start('import');
    await others();
    expect(imports()).toEqual([first.job]);
    const second = start('import', () => Promise.reject(new UserError('The file is empty.')));
    await others();
    expect(imports()).toEqual([second.job]);
    let end = (): void => undefined;
    const third = start('import', () => new Promise((resolve) => (end = resolve)));
    await client.studio.forgetJob({ id: third.job });
    await client.studio.forgetJob({ id: second.job });
    expect(imports()).toEqual([third.job]);
    end();
    await over(third);
    await session.close();
    await others();
    expect(imports()).toEqual([]);
  });
});

describe('the state', () => {
  it('is sent at once and after changes, many changes as one, the last always', async () => {
    const { client, session } = desk(work);
    const seen: StudioState[] = [];
    const stream = await client.studio.watch();
    const reading = (async () => {
      for await (const state of stream) {
        seen.push(state);
        if (state.revisions.labels === 1000) return;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let at = 0; at < 1000; at++) session.touch('labels');
    await reading;
    expect(seen[0]).toMatchObject({ shell: 'browser', project: null, jobs: [], device: null });
    expect(seen[0].revisions.labels).toBe(0);
    expect(seen.length).toBeLessThan(5);
  });

  it('goes to everyone who watches; one who leaves ends nobody else’s, and leaves nothing behind', async () => {
    const { client, session } = desk(work);
    const leave = new AbortController();
    const leaving = await client.studio.watch(undefined, { signal: leave.signal });
    const breaking = await client.studio.watch();
    const staying = await client.studio.watch();
    for (const stream of [leaving, breaking, staying]) expect((await stream.next()).done).toBe(false);
    expect(session.watchers()).toBe(3);
    const pending = [leaving.next(), breaking.next()];
    const settled = Promise.allSettled(pending);
    leave.abort();
    await breaking.return(undefined);
    await settled;
    expect(session.watchers()).toBe(1);
    session.touch('runs');
    const { value, done } = await staying.next();
    expect(done).toBe(false);
    expect((value as StudioState).revisions.runs).toBe(1);
    await staying.return(undefined);
    expect(session.watchers()).toBe(0);
  });
});
