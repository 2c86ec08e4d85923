import { networkAtHand, networkToLookAt, plannedNetwork, useNetwork } from '../networks/project-network.ts';
import { listNetworks } from '../networks/library.ts';
import type { ProbeSettings } from '../contract/probes.ts';
import { getSetting } from '../projects/settings.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { advise, type AdviceRequest } from './advise.ts';
import { measureForAdvice } from './measure.ts';
import { usePlan } from './use-plan.ts';

export function adviceRouter(session: Session) {
  const { studio } = session;

  /** Null while it is not known which network is meant. */
  const requestOf = (hash: string | null, settings: ProbeSettings): AdviceRequest | null => {
    const project = session.project();
    if (hash !== null) return { network: networkToLookAt(studio, project, hash), named: true, settings };
    const isKnown = getSetting(project, 'network') !== null || listNetworks(studio.libraryFolder).length === 1;
    return isKnown ? { network: plannedNetwork(studio, project), settings } : null;
  };

  return {
    get: api.advice.get.handler(({ input: { network, settings } }) => {
      const request = requestOf(network, settings);
      return request && advise(session.project(), request);
    }),
    measure: api.advice.measure.handler(({ input: { network: named, settings, device } }) => {
      const project = session.project();
      const job = session.jobs.start({ kind: 'probe', title: 'Measuring for the advice' }, async (control) => {
        const network =
          named === null ? await useNetwork(studio, project) : await networkAtHand(studio, project, named);
        session.touch('networks');
        const onResult = () => session.touch('probes');
        const { device: told } = await measureForAdvice(
          studio,
          project,
          { network, settings, device, onResult },
          control,
        );
        session.touch('estimates');
        session.computedOn(told);
      });
      return { job };
    }),
    use: api.advice.use.handler(async ({ input: { network, settings } }) => {
      const project = session.project();
      const named = network !== null;
      const own = named ? await networkAtHand(studio, project, network) : plannedNetwork(studio, project);
      await usePlan(studio, project, { network: own, named, settings });
      session.touch('networks', 'runs');
      return null;
    }),
  };
}
