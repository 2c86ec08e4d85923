import { basename } from 'node:path';
import { setSetting } from '../projects/settings.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { addNetwork, copyNetwork, listNetworks, type StoredNetwork } from './library.ts';
import { selectPoint } from './project-network.ts';
import { UserError } from '../contract/errors.ts';

export function networksRouter(session: Session) {
  const { libraryFolder, trainer } = session.studio;

  /** Those of the library, and those that came with the project. */
  const atHand = (): StoredNetwork[] => {
    const networks = listNetworks(libraryFolder);
    const known = new Set(networks.map(({ info }) => info.hash));
    const own = session.isOpen() ? listNetworks(session.project().networksFolder) : [];
    return [...networks, ...own.filter(({ info }) => !known.has(info.hash))];
  };

  return {
    list: api.networks.list.handler(() => atHand().map(({ info }) => info)),
    add: api.networks.add.handler(({ input: { path, name, scaling, size } }) => {
      const options = {
        ...(name === undefined ? {} : { name }),
        ...(scaling === undefined ? {} : { scaling }),
        ...(size === undefined ? {} : { size }),
      };
      const description = { kind: 'add-network', title: `Adding the network ${name ?? basename(path)}` } as const;
      const job = session.jobs.start(description, async (control) => {
        await addNetwork(libraryFolder, trainer, path, options, control);
        session.touch('networks');
      });
      return { job };
    }),
    choose: api.networks.choose.handler(async ({ input: { hash, point } }) => {
      const project = session.project();
      const found = atHand().find(({ info }) => info.hash === hash);
      if (!found) throw new UserError('This network is not at hand any more. Add it again.');
      const kept = point === null || point === 'last' ? point : selectPoint(found, point).name;
      await copyNetwork(found, project.networksFolder);
      setSetting(project, 'network', hash);
      setSetting(project, 'point', kept);
      session.touch('networks');
      return null;
    }),
  };
}
