import { randomUUID } from 'node:crypto';
import { AsyncIteratorClass, EventPublisher } from '@orpc/server';
import type { StudioState } from '../contract/api/studio.ts';
import { UserError } from '../contract/errors.ts';
import { version } from '../contract/product.ts';
import { createPictures, type Pictures, type ProjectPictures } from '../items/pictures.ts';
import { beginProject } from '../networks/box.ts';
import { createSummary, type Summary } from '../overview/summary.ts';
import { openProject, type Project } from '../projects/project.ts';
import { rememberProject } from '../projects/recent.ts';
import type { Studio } from '../studio-parts.ts';
import { endAbandonedRuns } from '../training/runs.ts';
import { logDefect } from './failures.ts';
import { createJobs, type Jobs } from './jobs.ts';

/** Kinds of data whose changes are counted. */
export type Kind = keyof StudioState['revisions'];
const kinds: readonly Kind[] = [
  'items',
  'labels',
  'classes',
  'runs',
  'probes',
  'estimates',
  'metrics',
  'networks',
  'exports',
  'predictions',
];

/** The state is pushed no more often than this, in milliseconds. */
const pushInterval = 100;

/** What the studio holds while it is open: one project at most, its jobs, and whoever watches. */
export interface Session extends Pictures {
  readonly studio: Studio;
  readonly jobs: Jobs;
  isOpen(): boolean;
  /** @throws UserError when no project is open */
  project(): Project;
  /**
   * Opens a project in place of the one that is open, which is closed first: its jobs are cancelled. If the new one
   * cannot be opened, the old one stays.
   *
   * @param folder of the project, with its ending
   */
  open(folder: string, how: 'open' | 'create'): Promise<void>;
  close(): Promise<void>;
  /** Says that data of these kinds changed. */
  touch(...changed: Kind[]): void;
  /** Says which device computed. */
  computedOn(device: string | undefined): void;
  /** Values by job, dropped when the project is closed. */
  results<T>(): Map<number, T>;
  /** The state now, and again after changes, until the signal or until the reader goes. */
  watch(shell: StudioState['shell'], signal: AbortSignal | undefined): AsyncIteratorObject<StudioState>;
  /** How many watch. */
  watchers(): number;
  /** Closes the project and ends all streams. */
  end(): Promise<void>;
}

export function createSession(studio: Studio): Session {
  const publisher = new EventPublisher<{ changed: undefined }>();
  const revisions = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  const core = randomUUID();
  const results: Map<number, unknown>[] = [];
  const ended = new AbortController();
  let opened: { project: Project; summary: Summary; pictures: ProjectPictures } | undefined;
  let device: string | null = null;
  let pushed = 0;
  let watching = 0;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const changed = (): void => {
    if (timer) return;
    const wait = Math.max(0, pushed + pushInterval - performance.now());
    timer = setTimeout(() => {
      timer = undefined;
      pushed = performance.now();
      publisher.publish('changed', undefined);
    }, wait);
  };
  const jobs = createJobs(changed);

  const touch = (...touched: Kind[]): void => {
    for (const kind of touched) revisions[kind]++;
    changed();
  };

  /** One change of project at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  async function leave(): Promise<void> {
    const left = opened;
    // From now on nobody can start anything in it.
    opened = undefined;
    left?.pictures.close();
    await jobs.stopProject();
    left?.project.close();
    for (const map of results) map.clear();
  }

  const state = (shell: StudioState['shell']): StudioState => ({
    version,
    shell,
    core,
    project: opened?.summary(revisions) ?? null,
    jobs: jobs.list(),
    device,
    revisions: { ...revisions },
  });

  const current = (): NonNullable<typeof opened> => {
    if (!opened) throw new UserError('No project is open. Open one, or make a new one.');
    return opened;
  };

  const session: Session = {
    studio,
    jobs,
    touch,
    isOpen: () => opened !== undefined,
    project: () => current().project,
    thumbnail: async (itemId, viewKey) => current().pictures.thumbnail(itemId, viewKey),
    image: async (imageId) => current().pictures.image(imageId),
    open: (folder, how) =>
      inTurn(async () => {
        if (how === 'create' || opened?.project.folder !== folder) {
          const project = how === 'create' ? await beginProject(studio, folder) : openProject(folder);
          endAbandonedRuns(project);
          await leave();
          opened = { project, summary: createSummary(project), pictures: createPictures(project) };
          touch(...kinds);
        }
        try {
          await rememberProject(studio.dataFolder, opened.project);
        } catch (error) {
          // The list is a convenience: a full disk must not keep anybody from the project.
          logDefect(error, 'recent projects');
        }
      }),
    close: () =>
      inTurn(async () => {
        await leave();
        touch(...kinds);
      }),
    computedOn(given) {
      if (given === undefined) return;
      device = given;
      changed();
    },
    results<T>() {
      const map = new Map<number, T>();
      results.push(map);
      return map;
    },
    watch(shell, signal) {
      const signals = signal ? [signal, ended.signal] : [ended.signal];
      // A reader that is slow misses states, never the last.
      const later = publisher.subscribe('changed', { signal: AbortSignal.any(signals), maxBufferedEvents: 1 });
      let first = true;
      watching++;
      return new AsyncIteratorClass<StudioState>(
        async () => {
          const next = first ? { done: false } : await later.next();
          first = false;
          return next.done ? { done: true, value: undefined } : { done: false, value: state(shell) };
        },
        async () => {
          watching--;
          await later.return(undefined);
        },
      );
    },
    watchers: () => watching,
    async end() {
      await session.close();
      await jobs.stopAll();
      ended.abort();
      clearTimeout(timer);
    },
  };
  return session;
}
