import type { ProbedNetwork } from '../contract/probes.ts';
import { listNetworks, type StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import { standardError } from './similarity.ts';

/** The network to advise: the planned one, unless another that was probed did better by more than a standard error. */
export function bestNetwork(project: Project, planned: StoredNetwork, probed: readonly ProbedNetwork[]): StoredNetwork {
  const fresh = probed.flatMap(({ hash, best, stale }) =>
    best && best.macroF1.value !== null && !stale ? [{ hash, interval: best.macroF1, value: best.macroF1.value }] : [],
  );
  const own = fresh.find(({ hash }) => hash === planned.info.hash);
  if (!own) return planned;
  const top = fresh.reduce((best, one) => (one.value > best.value ? one : best));
  if (top.value <= own.value + standardError(own.interval)) return planned;
  return listNetworks(project.networksFolder).find(({ info }) => info.hash === top.hash) ?? planned;
}
