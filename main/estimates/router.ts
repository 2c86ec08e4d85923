import type { FineTuning } from '../contract/fine-tuning.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { StoredNetwork } from '../networks/library.ts';
import { networkToLookAt, useNetwork } from '../networks/project-network.ts';
import { getSetting } from '../projects/settings.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { calibrateEstimates, estimate, type EstimateRequest } from './estimate.ts';

interface Asked {
  readonly choice: Partial<FineTuning>;
  readonly size: number | null;
  readonly device: DeviceChoice;
}

export function estimatesRouter(session: Session) {
  const { studio } = session;
  const requestOf = (network: StoredNetwork, { choice, size, device }: Asked): EstimateRequest => ({
    network,
    choice,
    device,
    ...(size === null ? {} : { size }),
  });
  return {
    get: api.estimates.get.handler(async ({ input }) => {
      const project = session.project();
      const hash = input.network ?? getSetting(project, 'network');
      return hash === null ? null : estimate(project, requestOf(networkToLookAt(studio, project, hash), input));
    }),
    measure: api.estimates.measure.handler(({ input }) => {
      const project = session.project();
      const job = session.jobs.start({ kind: 'estimate', title: 'Measuring how fast training is' }, async (control) => {
        const network =
          input.network === null ? await useNetwork(studio, project) : networkToLookAt(studio, project, input.network);
        const { device } = await calibrateEstimates(studio, project, requestOf(network, input), control);
        session.touch('estimates');
        session.computedOn(device);
      });
      return { job };
    }),
  };
}
