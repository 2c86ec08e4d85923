import type { PointProbe, ProbedNetwork, ProbeReport, ProbeSettings } from '../contract/probes.ts';
import { listNetworks, type StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import { MadeFromNow } from './chosen-items.ts';
import { keptProbes, keptShift } from './store.ts';

/** What was measured of a network with these settings so far, and what of it no longer fits the project. */
export function probeReport(
  project: Project,
  network: StoredNetwork,
  settings: ProbeSettings,
  now = new MadeFromNow(project, settings),
): ProbeReport {
  const { hash, name, freezePoints } = network.info;
  const probes = keptProbes(project, network, settings);
  const shift = keptShift(project, network, settings);
  const layers = shift?.result.layers ?? [];
  const points = freezePoints.map((point): ProbeReport['points'][number] => {
    const kept = probes.get(point.name);
    const own = layers.filter((layer) => layer.point === point.name);
    return {
      index: point.index,
      name: point.name,
      shape: point.shape,
      probe: kept ? { ...kept.result, created: kept.created, stale: kept.madeFrom !== now.probes } : null,
      shift: own.length ? own.reduce((sum, layer) => sum + layer.shift, 0) / own.length : null,
      layers: own,
    };
  });
  return {
    network: { hash, name },
    settings,
    points,
    ...bestPoints(points),
    shift: shift
      ? {
          items: shift.result.items,
          layers: layers.length,
          created: shift.created,
          stale: shift.madeFrom !== now.shift,
        }
      : null,
  };
}

/** The networks of a project of which anything was measured with these settings, best first. */
export function probedNetworks(
  project: Project,
  settings: ProbeSettings,
  now = new MadeFromNow(project, settings),
): ProbedNetwork[] {
  return listNetworks(project.networksFolder)
    .filter((network) => keptProbes(project, network, settings).size > 0)
    .map((network): ProbedNetwork => {
      const { best, points } = probeReport(project, network, settings, now);
      const top = points.find(({ name }) => name === best);
      const last = points.at(-1)!.probe;
      return {
        hash: network.info.hash,
        name: network.info.name,
        best: top?.probe ? { point: top.name, macroF1: top.probe.macroF1 } : null,
        hScore: last?.hScore ?? null,
        logMe: last?.logMe ?? null,
        stale: points.some(({ probe }) => probe?.stale),
      };
    })
    .sort((a, b) => (b.best?.macroF1.value ?? -1) - (a.best?.macroF1.value ?? -1));
}

interface Probed {
  readonly name: string;
  readonly probe: (Pick<PointProbe, 'macroF1'> & { readonly stale: boolean }) | null;
}

/**
 * The point of the highest macro-F1, and the first from the input on that is no more than one standard error below it
 * (Breiman et al. 1984): the earlier, the cheaper, and the more general what is kept. The standard error is that of the
 * best point, taken from its 95% interval. Stale probes are compared only while all of them are.
 *
 * @param points from the input on
 */
export function bestPoints(points: readonly Probed[]): { best: string | null; earliest: string | null } {
  const probed = points.flatMap(({ name, probe }) =>
    probe && probe.macroF1.value !== null
      ? [{ name, stale: probe.stale, ...probe.macroF1, value: probe.macroF1.value }]
      : [],
  );
  const fresh = probed.filter(({ stale }) => !stale);
  const compared = fresh.length ? fresh : probed;
  if (compared.length === 0) return { best: null, earliest: null };
  const best = compared.reduce((top, one) => (one.value > top.value ? one : top));
  const { low, high } = best;
  const error = low === null || high === null ? 0 : (high - low) / (2 * 1.96);
  const earliest = compared.find(({ value }) => value >= best.value - error)!;
  return { best: best.name, earliest: earliest.name };
}
