import { count } from '../contract/counts.ts';
import type { Facts, Rule } from './facts.ts';
import { largeFrom } from './similarity.ts';
import { figure, points, shiftText } from './words.ts';

/** What learns: a linear classifier on the codes at a freeze point, or the network too. */
export type Way =
  'linear at the last point' | 'linear where the probes are best' | 'fine-tune the later half' | 'fine-tune everything';

/** Whether the network learns too. */
export const isFineTuning = (way: Way): way is Extract<Way, `fine-tune ${string}`> => way.startsWith('fine-tune');

const own = 'measured on other data sets: docs/advisor.md';
const here = 'the probes of this project';
const notes = 'course notes';
/** Do Better ImageNet Models Transfer Better? Kornblith, Shlens, Le 2019. */
const kornblith = 'arXiv 1805.08974';

/** Probes that are so good leave fine-tuning little to gain. */
const goodEnough = 0.97;

const is = (...scenarios: readonly NonNullable<Facts['quadrant']['scenario']>[]) => {
  return ({ quadrant: { scenario } }: Facts): boolean => scenario !== null && scenarios.includes(scenario);
};
const isSmall = ({ quadrant }: Facts): boolean => quadrant.size < 0.5;
const lastIsBest = ({ similarity: { probes } }: Facts): boolean =>
  probes !== null && probes.smoothed.index === probes.last.index;
const always = (): boolean => true;
const perClass = ({ size }: Facts): string => `${count(Math.round(size.typical))} training items of a typical class`;

/** Network parts that learn, by the four cases of the course notes, and by what the probes say of this project. */
export const wayRules: readonly Rule<Way>[] = [
  {
    name: `a linear classifier reaches macro-F1 ${goodEnough} already`,
    holds: ({ similarity: { probes } }) => probes !== null && probes.smoothed.macroF1 >= goodEnough,
    choose: 'linear where the probes are best',
    reason: ({ similarity: { probes } }) =>
      `A linear classifier at ${probes!.smoothed.name} reaches macro-F1 ${figure(probes!.smoothed.macroF1)} already: fine-tuning could add ${figure(1 - probes!.smoothed.macroF1)} at most, and takes many times as long.`,
    source: own,
  },
  {
    name: `fewer than ${largeFrom} training items of a typical class, and no earlier point does better than the last one`,
    holds: (facts) => isSmall(facts) && lastIsBest(facts),
    choose: 'fine-tune the later half',
    reason: (facts) =>
      `${perClass(facts)} are few, but no earlier freeze point does better than the last one (macro-F1 ${figure(facts.similarity.probes!.last.macroF1)}): your images need what the late layers tell, and these can be fitted to them. The earlier half, which serves most images, stays as it is.`,
    source: `${notes}; ${own}`,
  },
  {
    name: `fewer than ${largeFrom} training items of a typical class`,
    holds: (facts) => isSmall(facts) && facts.similarity.probes !== null,
    choose: 'linear where the probes are best',
    reason: (facts) =>
      `${perClass(facts)} are few: a linear classifier at the right place does as well as fine-tuning or better, in seconds. ${whereItSits(facts)}`,
    source: `${kornblith}; ${own}`,
  },
  {
    name: 'so few, and nothing was probed yet',
    holds: isSmall,
    choose: 'linear at the last point',
    reason: (facts) =>
      `${perClass(facts)} are few: a linear classifier on the codes does as well as fine-tuning or better. Where in the network it sits best was not measured yet; the last point is the usual place.`,
    source: `${kornblith}; ${notes}`,
  },
  {
    name: `${largeFrom} and more, like the pretraining data`,
    holds: is('large-similar'),
    choose: 'fine-tune everything',
    reason: (facts) =>
      `${perClass(facts)} are enough to fine-tune through the whole network without learning them by heart: it starts as the fitted classifier and keeps what does best on the validation items.`,
    source: `${notes}; ${own}`,
  },
  {
    name: `${largeFrom} and more, unlike the pretraining data`,
    holds: is('large-different'),
    choose: 'fine-tune everything',
    reason: (facts) =>
      `${perClass(facts)}, unlike what the network was pretrained on: pretrained weights are a good start all the same, and every layer has something to learn.`,
    source: `${notes}; ${own}`,
  },
  {
    name: `${largeFrom} and more, and nothing was measured yet`,
    holds: always,
    choose: 'fine-tune everything',
    reason: (facts) =>
      `${perClass(facts)} are enough to fine-tune through the whole network, whether or not they are like the pretraining data.`,
    source: notes,
  },
];

/** Why the classifier sits where the probes say. */
function whereItSits({ similarity: { probes } }: Facts): string {
  const { smoothed, last, items } = probes!;
  return `It sits best at ${smoothed.name}: probes of ${count(items)} items gave macro-F1 ${figure(smoothed.macroF1)} there and ${figure(last.macroF1)} at the last point.`;
}

/**
 * Share of what a classifier knows that must be lost by turning for it to matter: of white cells up to a seventh was, of pictures of
 * animals and vehicles a third and more (docs/advisor.md).
 */
const turningMatters = 0.2;

const turningLoss = ({ similarity: { turning } }: Facts): number => turning!.upright - turning!.turned;
const turningFigures = ({ similarity: { turning } }: Facts): string =>
  `a classifier fitted to items as they are knew ${points(turning!.upright)} of held-out items, and ${points(turning!.turned)} once they were turned`;

/**
 * Whether items are shown turned and mirrored too. Mirroring left to right alone is left to the person: it is not measured, since
 * networks that were pretrained on mirrored photographs, as most are, would not see the difference.
 */
export const turningRules: readonly Rule<boolean>[] = [
  {
    name: 'images are like the pretraining data, and turning loses something: more than a standard error',
    holds: (facts) =>
      is('small-similar', 'large-similar')(facts) &&
      facts.similarity.turning !== null &&
      turningLoss(facts) > (facts.similarity.turning.error ?? turningMatters * facts.similarity.turning.upright),
    choose: false,
    reason: (facts) =>
      `Your images are like photographs, which have an up as a rule, and so it is here: ${turningFigures(facts)}.`,
    source: own,
  },
  {
    name: 'turning loses a fifth of what was known, and more than a standard error',
    holds: (facts) =>
      facts.similarity.turning !== null &&
      turningLoss(facts) >
        Math.max(turningMatters * facts.similarity.turning.upright, facts.similarity.turning.error ?? 0),
    choose: false,
    reason: (facts) =>
      `How an item lies matters here: ${turningFigures(facts)}. Trained on turned copies, the network would have to learn what never comes.`,
    source: own,
  },
  {
    name: 'it loses less',
    holds: ({ similarity: { turning } }) => turning !== null,
    choose: true,
    reason: (facts) => `Items may lie anyhow: ${turningFigures(facts)}. Eight views of each cost nothing.`,
    source: own,
  },
  {
    name: 'it was not measured yet',
    holds: always,
    choose: true,
    reason: () =>
      'Whether turned items are still known was not measured yet. Microscope images have no up and no left, as a rule.',
    source: notes,
  },
];

/** Training items of a typical class from which random weights come near pretrained ones. */
const enoughForScratch = 1000;

/** Whether training from random weights is worth a comparison. */
export const scratchRules: readonly Rule<boolean>[] = [
  {
    name: `${enoughForScratch} and more training items of a typical class, unlike the pretraining data`,
    holds: (facts) => facts.size.typical >= enoughForScratch && is('large-different')(facts),
    choose: true,
    reason: (facts) =>
      `With ${perClass(facts)} that are unlike the pretraining data, training from scratch can come near. Compare once: if it is as good, pretraining is worth nothing to you.`,
    source: `${notes}; ${kornblith}`,
  },
  {
    name: 'else',
    holds: always,
    choose: false,
    reason: (facts) =>
      facts.size.typical >= enoughForScratch
        ? 'The images are like the pretraining data, which pretrained weights know already.'
        : `It takes about ${count(enoughForScratch)} items of each class before random weights come near pretrained ones; with 200 of each they reached macro-F1 0.25 where pretrained ones reached 0.68 (CIFAR-10).`,
    source: `${kornblith}; docs/fine-tuning-study.md`,
  },
];

const bestRival = ({ rivals }: Facts) => rivals.reduce((top, one) => (one.macroF1 > top.macroF1 ? one : top));

/** Which network. The one that did best is advised where none was named. */
export const networkRules: readonly Rule<'this'>[] = [
  {
    name: 'another network did better, but this one was named',
    holds: (facts) => {
      const { probes } = facts.similarity;
      return (
        probes !== null && facts.rivals.length > 0 && bestRival(facts).macroF1 > probes.best.macroF1 + probes.error
      );
    },
    choose: 'this',
    reason: (facts) =>
      `As asked for; but ${bestRival(facts).name}, probed in the same way, gave macro-F1 ${figure(bestRival(facts).macroF1)} where this one gave ${figure(facts.similarity.probes!.best.macroF1)}.`,
    source: here,
  },
  {
    name: 'no other network did better',
    holds: ({ similarity: { probes }, rivals }) => probes !== null && rivals.length > 0,
    choose: 'this',
    reason: ({ similarity: { probes }, rivals }) =>
      `Of ${rivals.length + 1} networks that were probed in the same way none did better by a standard error: this one gave macro-F1 ${figure(probes!.best.macroF1)}, ${rivals.map(({ name, macroF1 }) => `${name} ${figure(macroF1)}`).join(', ')}.`,
    source: here,
  },
  {
    name: 'no other was probed',
    holds: always,
    choose: 'this',
    reason: () => 'No other network was probed here. Probe another to compare.',
    source: null,
  },
];

/** Side of the input. */
export const sizeRules: readonly Rule<'as asked' | 'own'>[] = [
  {
    name: 'a size was asked for',
    holds: ({ settings, network }) => settings.size !== null && settings.size !== network.preprocessing.size,
    choose: 'as asked',
    reason: ({ network }) =>
      `As asked for, and as the probes were made; the network’s own is ${network.preprocessing.size} px.`,
    source: notes,
  },
  {
    name: 'items measure half of the network’s own size or less (it is said that less would do)',
    holds: ({ network, itemSide }) => itemSide > 0 && itemSide <= network.preprocessing.size / 2,
    choose: 'own',
    reason: ({ network, itemSide }) =>
      `The network’s own, at which its filters were learnt. Your items measure about ${count(Math.round(itemSide))} px: at ${network.preprocessing.size / 2} px all of it is four times as fast, and worth a try.`,
    source: notes,
  },
  {
    name: 'else',
    holds: always,
    choose: 'own',
    reason: () => 'The network’s own, at which its filters were learnt.',
    source: notes,
  },
];

/** Which of the four cases applies and by what, in a sentence. */
export function standingOf({ quadrant, similarity: { probes, shift }, size }: Facts): string {
  const many = quadrant.size < 0.5 ? 'few' : 'many';
  const items = `${many} items (${count(Math.round(size.typical))} of a typical class to train on)`;
  if (quadrant.by === null)
    return `${capital(items)}; whether they are like the pretraining data was not measured yet.`;
  const unlike = quadrant.difference! >= 0.5 ? 'unlike' : 'like';
  const by =
    quadrant.by === 'probes'
      ? `the best probe is ${figure(probes!.best.macroF1 - probes!.last.macroF1)} above that of the last point; its standard error is ${figure(probes!.error)}`
      : `domain shift of the first layers ${shiftText(shift!.early)}; of small photographs it is 0.06, of blood cells 0.5 and more`;
  return `${capital(items)}, ${unlike} the pretraining data (${by}).`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
