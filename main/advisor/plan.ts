import { count, counted } from '../contract/counts.ts';
import type { Choice, Plan } from '../contract/advice.ts';
import type { FineTuning } from '../contract/fine-tuning.ts';
import type { Pooling } from '../contract/networks.ts';
import type { TrainSettings } from '../contract/training.ts';
import { variations } from '../contract/variations.ts';
import { fineTuningOf } from '../training/fine-tuning-defaults.ts';
import { expectationOf, surenessOf } from './expectation.ts';
import { type Facts, firstThatHolds, type Rule } from './facts.ts';
import { isFineTuning, networkRules, scratchRules, sizeRules, turningRules, type Way, wayRules } from './rules.ts';
import { figure } from './words.ts';

/** What the rules come to, choice by choice. */
export function planOf(facts: Facts): Plan {
  const { network, settings, device } = facts;
  const way = firstThatHolds(wayRules, facts);
  const common = { size: settings.size, seed: settings.seed, device };
  const { choices, ...own } = isFineTuning(way.choose)
    ? fineTuningPlan(facts, way, common)
    : linearPlan(facts, { ...way, choose: way.choose }, common);
  return {
    network: { hash: network.hash, name: network.name },
    ...own,
    choices: [
      chosen('network', network.name, firstThatHolds(networkRules, facts), facts),
      ...choices,
      chosen('size', `${settings.size ?? network.preprocessing.size} px`, firstThatHolds(sizeRules, facts), facts),
    ],
    expected: expectationOf(facts, way.choose),
    ...surenessOf(facts, way.choose),
  };
}

const poolingNames: Readonly<Record<Pooling, string>> = {
  avg: 'Mean over the image',
  'avg+max': 'Mean and maximum',
  pyramid: 'Means of a 2 × 2 grid',
};

type Own = Pick<Plan, 'settings' | 'fineTuning' | 'sentence' | 'choices'>;
type Common = Pick<TrainSettings, 'size' | 'seed' | 'device'>;

function linearPlan(facts: Facts, way: Rule<Extract<Way, `linear ${string}`>>, common: Common): Own {
  const { network, settings, similarity } = facts;
  const last = network.freezePoints.at(-1)!.name;
  const probed = way.choose === 'linear where the probes are best' ? similarity.probes!.smoothed.name : last;
  const point = network.freezePoints.find(({ name }) => name === probed)!;
  const { pooling } = settings;
  return {
    settings: { ...common, method: 'softmax', point: point.name, pooling },
    fineTuning: null,
    sentence: `Softmax regression on the codes of ${network.name} at ${point.name}, freeze point ${point.index} of ${network.freezePoints.length}.`,
    choices: [
      chosen('method', 'Softmax regression on the codes', way, facts),
      {
        topic: 'freeze',
        value: point.name,
        reason: pointReason(facts, point.name),
        source: null,
      },
      {
        topic: 'pooling',
        value: poolingNames[pooling],
        reason: similarity.probes
          ? 'As the probes took it: what they measured is what you get.'
          : 'The mean over the image: what most networks do with their last activations themselves.',
        source: null,
      },
    ],
  };
}

function pointReason({ similarity: { probes } }: Facts, name: string): string {
  if (!probes) return 'The last point, whose codes are the most used; nothing was probed yet.';
  const { smoothed, last, best, error } = probes;
  if (smoothed.name === last.name)
    return `The last point: no earlier one did better (macro-F1 ${figure(last.macroF1)}).`;
  const top =
    best.name === name
      ? 'the best of all'
      : `the best when each point counts with its neighbours; ${best.name} alone gave ${figure(best.macroF1)}`;
  return `Macro-F1 ${figure(smoothed.macroF1)} when probed, ${top}; the last point gave ${figure(last.macroF1)}, the standard error is ${figure(error)}.`;
}

function fineTuningPlan(facts: Facts, way: Rule<Way>, common: Common): Own {
  const { network, size } = facts;
  const turning = firstThatHolds(turningRules, facts);
  const freeze = way.choose === 'fine-tune the later half' ? middleOf(network) : null;
  const choice = {
    freeze,
    ...(turning.choose ? {} : { augmentation: variations.upright }),
  };
  const told = fineTuningOf(network, size.counts.train, choice);
  const scratch = firstThatHolds(scratchRules, facts);
  return {
    settings: { ...common, method: 'fine-tune', choice },
    fineTuning: told,
    sentence: `Fine-tune ${freeze === null ? `all of ${network.name}` : `${network.name} after ${freeze}`} with a new classifier that is fitted first, the network’s own layers at ${told.pretrainedRate} of its rate and less, ${turning.choose ? 'on turned and mirrored items too' : 'without turning items'}.`,
    choices: [
      chosen('method', 'Fine-tuning', way, facts),
      freezeChoice(facts, freeze),
      {
        topic: 'rates',
        value: `${told.rate} at most for the classifier, ${told.rate * told.pretrainedRate} and less for the network`,
        reason: `Pretrained weights are good already, so they move less than the new classifier, and earlier ones, which are the more general, ${told.rateFall} times less with each group of layers. The classifier is fitted to the codes before anything else moves; where it leaves little to learn, all rates are smaller still.`,
        source: 'course notes; ULMFiT (arXiv 1801.06146); LP-FT (arXiv 2202.10054)',
      },
      { topic: 'epochs', value: `${told.epochs} at most`, reason: epochsReason(facts, told), source: null },
      chosen('augmentation', turning.choose ? 'Turned and mirrored' : 'Neither turned nor mirrored', turning, facts),
      {
        topic: 'balance',
        value: 'As frequent as they are',
        reason:
          'Weighing rare classes up would spoil the probabilities; they have their say already, as the best state is chosen by macro-F1.',
        source: null,
      },
      chosen('scratch', scratch.choose ? 'Worth a comparison' : 'Not worth a comparison', scratch, facts),
    ],
  };
}

/** The freeze point that comes nearest to half of the work; null where there is none to choose. */
function middleOf({ freezePoints }: Facts['network']): string | null {
  const half = freezePoints.at(-1)!.multiplyAddsBefore / 2;
  const off = ({ multiplyAddsBefore }: (typeof freezePoints)[number]): number => Math.abs(multiplyAddsBefore - half);
  const earlier = freezePoints.slice(0, -1);
  return earlier.length ? earlier.reduce((best, one) => (off(one) < off(best) ? one : best)).name : null;
}

function freezeChoice({ network: { freezePoints }, size }: Facts, freeze: string | null): Choice {
  const before = freezePoints.find(({ name }) => name === freeze)?.parametersBefore ?? 0;
  const trained = freezePoints.at(-1)!.parametersBefore - before;
  const [parameters, each] = [trained, Math.round(trained / Math.max(1, size.counts.train))].map(count);
  return freeze === null
    ? {
        topic: 'freeze',
        value: 'Nothing is frozen',
        reason: `The more layers learnt, the better it did wherever there were this many labels. ${parameters} parameters, ${each} for each training item, are held back by small rates, by a stop when nothing gets better, and by the normalisation of the pretraining data, which stays.`,
        source: 'docs/fine-tuning-study.md',
      }
    : {
        topic: 'freeze',
        value: freeze,
        reason: `Half of the network’s work lies before it, and is done once for all epochs. ${parameters} parameters of the network learn, ${each} for each training item: small rates and a stop when nothing gets better hold them back.`,
        source: null,
      };
}

function epochsReason({ size }: Facts, { batchSize, patience }: FineTuning): string {
  const steps = Math.ceil(size.counts.train / batchSize);
  const early = patience === null ? '' : ` It ends after ${counted(patience, 'epoch')} that bring nothing better.`;
  return `${counted(size.counts.train, 'training item')} make ${counted(steps, 'step')} an epoch, and a training needs some hundreds.${early}`;
}

function chosen(topic: Choice['topic'], value: string, rule: Rule<unknown>, facts: Facts): Choice {
  return { topic, value, reason: rule.reason(facts), source: rule.source };
}
