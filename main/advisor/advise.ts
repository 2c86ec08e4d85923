import type { Advice, AdviceWarning } from '../contract/advice.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { ProbeSettings } from '../contract/probes.ts';
import { plannedSplit } from '../evaluation/project-split.ts';
import { listClasses } from '../labels/classes.ts';
import type { StoredNetwork } from '../networks/library.ts';
import { MadeFromNow } from '../probing/chosen-items.ts';
import { probedNetworks, probeReport } from '../probing/report.ts';
import type { Project } from '../projects/project.ts';
import { sizeOf } from './count-items.ts';
import type { Facts } from './facts.ts';
import { lookalikesReport } from './lookalikes.ts';
import { bestNetwork } from './networks.ts';
import { listOrigins, typicalSide } from './origins.ts';
import { planOf } from './plan.ts';
import { standingOf } from './rules.ts';
import { quadrantOf, similarityOf } from './similarity.ts';
import { secondsOf } from './time.ts';
import { turningReport } from './turning.ts';
import { warningsOf } from './warnings.ts';

export interface AdviceRequest {
  /** The network that is planned; another is advised where that did better. */
  readonly network: StoredNetwork;
  /** The network was named: no other is advised. */
  readonly named?: boolean;
  /** As it is, or was, probed with. */
  readonly settings: ProbeSettings;
  /** Where it is to be trained; wherever is fastest when absent. */
  readonly device?: DeviceChoice;
}

/**
 * What to train and why, by what is known now: nothing is computed. Where nothing was measured yet, the plan goes by the
 * number of items alone and says so.
 */
export async function advise(
  project: Project,
  { network: planned, named = false, settings, device = 'auto' }: AdviceRequest,
): Promise<Advice> {
  const split = plannedSplit(project);
  const now = new MadeFromNow(project, settings, split);
  const probed = probedNetworks(project, settings, now);
  const network = named ? planned : bestNetwork(project, planned, probed);
  const names = new Map(listClasses(project).map(({ id, name }) => [id, name]));
  const size = sizeOf(split.items, split.parts, names);
  const report = probeReport(project, network, settings, now);
  const similarity = similarityOf(report, turningReport(project, network, settings, split));
  const lookalikes = lookalikesReport(project, network, settings, split);
  const facts: Facts = {
    network: network.info,
    settings,
    device,
    size,
    similarity,
    quadrant: quadrantOf(size, similarity),
    itemSide: typicalSide(project),
    rivals: probed.flatMap(({ hash, name, best, stale }) =>
      hash === network.info.hash || stale || best?.macroF1.value == null ? [] : [{ name, macroF1: best.macroF1.value }],
    ),
  };
  const obstacle = obstacleOf(facts);
  const plan = obstacle === null ? planOf(facts) : null;
  const seconds = plan && (await secondsOf(project, network, plan));
  const warnings = split.items.length ? split.warnings.map((text): AdviceWarning => ({ kind: 'split', text })) : [];
  return {
    network: { hash: network.info.hash, name: network.info.name },
    settings,
    size,
    similarity,
    quadrant: facts.quadrant,
    standing: standingOf(facts),
    plan,
    seconds,
    obstacle,
    missing: [
      ...missingOf(facts, lookalikes),
      ...(plan?.fineTuning && seconds === null ? ['How long it takes on this machine'] : []),
    ],
    warnings: warningsOf(size, listOrigins(project, names), warnings, lookalikes),
  };
}

function obstacleOf({ size: { classes, counts } }: Facts): string | null {
  if (classes.length === 0) return 'Nothing is labelled yet. Label some items of two classes at least.';
  if (classes.length === 1)
    return `Only ${classes[0].name} is labelled. A classifier needs items of two classes at least.`;
  if (counts.train === 0) return 'No labelled item is in the training part. Make another split.';
  return null;
}

/** What measuring would add, in words. */
function missingOf(
  { similarity: { probes, shift, shiftMeasurable, turning } }: Facts,
  lookalikes: ReturnType<typeof lookalikesReport>,
): string[] {
  const state = (known: { readonly stale: boolean } | null | undefined, text: string): string[] =>
    known ? (known.stale ? [`${text}, anew: labels or items changed`] : []) : [text];
  return [
    ...state(probes, 'A linear classifier at every freeze point'),
    ...(shiftMeasurable === false ? [] : state(shift, 'How far your images lie from the pretraining data')),
    ...state(turning, 'Whether turned items are still known'),
    ...state(lookalikes, 'Whether test items look the same as others'),
  ];
}
