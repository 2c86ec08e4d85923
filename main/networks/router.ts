import { basename } from 'node:path';
import type { Inspection } from '../contract/networks.ts';
import { UserError } from '../contract/errors.ts';
import { setSetting } from '../projects/settings.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { networksAtHand } from './box.ts';
import type { PointActivations } from '../trainer/jobs/item-activations.ts';
import { inspectFile } from './inspect.ts';
import { addNetwork, copyNetwork, listNetworks, removeNetwork, type StoredNetwork } from './library.ts';
import { forgetGraphs, readBlock, readGraph } from './graphs.ts';
import { asPictures, lookAtItem } from './item-activations.ts';
import { describeLibrary } from './overview.ts';
import { selectPoint } from './project-network.ts';
import { findEntry } from './zoo/entries.ts';
import { forgetDownload, getFromZoo, listZoo } from './zoo/get.ts';

export function networksRouter(session: Session) {
  const { studio } = session;
  const { dataFolder, libraryFolder, trainer } = studio;
  /** Jobs that get a network of the zoo, by its entry. */
  const getting = new Map<string, number>();
  const inspections = session.results<Inspection>();
  const looks = session.results<readonly PointActivations[]>();

  /** Those that every project can use, and those that came with this one. */
  const atHand = (): StoredNetwork[] => {
    const networks = networksAtHand(studio);
    const known = new Set(networks.map(({ info }) => info.hash));
    const own = session.isOpen() ? listNetworks(session.project().networksFolder) : [];
    return [...networks, ...own.filter(({ info }) => !known.has(info.hash))];
  };

  const find = (hash: string): StoredNetwork => {
    const found = atHand().find(({ info }) => info.hash === hash);
    if (!found) throw new UserError('This network is not at hand any more. Add it again.');
    return found;
  };

  /** Choices hold in the order in which they were made: each waits for the one before, whose files may take longer. */
  let lastChoice: Promise<unknown> = Promise.resolve();

  return {
    list: api.networks.list.handler(() => atHand().map(({ info }) => info)),
    graph: api.networks.graph.handler(({ input: { hash } }) => readGraph(studio, find(hash))),
    block: api.networks.block.handler(({ input: { hash, block } }) => readBlock(studio, find(hash), block)),
    activations: api.networks.activations.handler(({ input: { hash, itemId } }) => {
      const project = session.project();
      const network = find(hash);
      const description = { kind: 'activations', title: `Showing item ${itemId} to ${network.info.name}` } as const;
      const job = session.jobs.start(description, async (control, id) => {
        const found = await lookAtItem(studio, project, network, itemId, control);
        looks.clear();
        looks.set(id, found);
      });
      return { job };
    }),
    activationsAt: api.networks.activationsAt.handler(({ input: { job, point } }) => {
      const found = looks.get(job)?.find((one) => one.point === point);
      return found ? asPictures(found) : null;
    }),
    inspect: api.networks.inspect.handler(({ input: { path, ...options } }) => {
      const description = { kind: 'inspect-network', title: `Reading ${basename(path)}` } as const;
      const job = session.jobs.start(description, async (control, id) => {
        const found = await inspectFile(studio, path, options, control);
        inspections.clear();
        inspections.set(id, found);
      });
      return { job };
    }),
    inspected: api.networks.inspected.handler(({ input: { job } }) => inspections.get(job) ?? null),
    add: api.networks.add.handler(({ input: { path, ...options } }) => {
      const description = {
        kind: 'add-network',
        title: `Adding the network ${options.name ?? basename(path)}`,
      } as const;
      const job = session.jobs.start(description, async (control) => {
        await addNetwork(libraryFolder, trainer, path, options, control);
        session.touch('networks');
      });
      return { job };
    }),
    choose: api.networks.choose.handler(async ({ input: { hash, point } }) => {
      const project = session.project();
      const found = find(hash);
      const kept = point === null || point === 'last' ? point : selectPoint(found, point).name;
      const chosen = lastChoice.then(async () => {
        await copyNetwork(found, project.networksFolder);
        setSetting(project, 'network', hash);
        setSetting(project, 'point', kept);
        session.touch('networks');
      });
      lastChoice = chosen.catch(() => undefined);
      await chosen;
      return null;
    }),
    library: api.networks.library.handler(() => describeLibrary(studio)),
    remove: api.networks.remove.handler(async ({ input: { hash } }) => {
      await removeNetwork(libraryFolder, hash);
      await forgetGraphs(studio, hash);
      session.touch('networks');
      return null;
    }),
    zoo: api.networks.zoo.handler(() => listZoo(studio)),
    get: api.networks.get.handler(({ input: { id, from } }) => {
      const running = getting.get(id);
      if (running !== undefined) return { job: running };
      const entry = findEntry(dataFolder, id);
      const description = { kind: 'get-network', title: `Getting ${entry.name}`, beside: true } as const;
      const job = session.jobs.start(description, async (control) => {
        try {
          await getFromZoo(studio, entry, { ...control, from: from ?? undefined });
        } finally {
          getting.delete(id);
          session.touch('networks');
        }
      });
      getting.set(id, job);
      return { job };
    }),
    forgetDownload: api.networks.forgetDownload.handler(async ({ input: { id } }) => {
      if (getting.has(id)) throw new UserError('It is being fetched. Cancel that first.');
      await forgetDownload(libraryFolder, findEntry(dataFolder, id));
      session.touch('networks');
      return null;
    }),
  };
}
