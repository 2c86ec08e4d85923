import { getSetting } from '../projects/settings.ts';
import { networkAtHand, networkToLookAt, useNetwork } from '../networks/project-network.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { probeNetwork } from './probe.ts';
import { probedNetworks, probeReport } from './report.ts';

export function probesRouter(session: Session) {
  const { studio } = session;
  return {
    get: api.probes.get.handler(({ input: { network: named, settings } }) => {
      const project = session.project();
      const hash = named ?? getSetting(project, 'network');
      return hash === null ? null : probeReport(project, networkToLookAt(studio, project, hash), settings);
    }),
    networks: api.probes.networks.handler(({ input: { settings } }) => probedNetworks(session.project(), settings)),
    start: api.probes.start.handler(({ input: { network: named, settings, device } }) => {
      const project = session.project();
      const job = session.jobs.start({ kind: 'probe', title: 'Probing every freeze point' }, async (control) => {
        const network =
          named === null ? await useNetwork(studio, project) : await networkAtHand(studio, project, named);
        session.touch('networks');
        const onResult = () => session.touch('probes');
        const probed = await probeNetwork(studio, project, { network, settings, device, onResult }, control);
        session.computedOn(probed.device);
      });
      return { job };
    }),
  };
}
