import { defaultAugmentation } from '../contract/augmentation.ts';
import { UserError } from '../contract/errors.ts';
import { type FineTuning, fineTuningSchema } from '../contract/fine-tuning.ts';
import type { NetworkInfo } from '../contract/networks.ts';

/** What a person said of a fine-tuning; the rest is for the defaults. */
export type FineTuningChoice = Pick<FineTuning, 'freeze'> & Partial<FineTuning>;

/** Steps below which a training has hardly begun, and the epochs that they may take. */
const leastSteps = 300;
const epochLimits = [20, 100] as const;
/** So few items are taken in smaller batches, so that an epoch has more than a step or two. */
const fewItems = 200;

/**
 * The settings of a fine-tuning, with what is right for most where nothing was said.
 *
 * @param items how many are trained on
 * @throws UserError for settings that contradict each other, or that the network does not allow
 */
export function fineTuningOf(network: NetworkInfo, items: number, choice: FineTuningChoice): FineTuning {
  const { init = 'pretrained', optimizer = 'adamw', batchSize = items < fewItems ? 16 : 32 } = choice;
  const steps = Math.ceil(items / batchSize);
  const { epochs = Math.min(Math.max(Math.ceil(leastSteps / steps), epochLimits[0]), epochLimits[1]) } = choice;
  const fromScratch = init === 'random';
  // A classifier fitted to codes of weights that are thrown away would know nothing.
  const { headStart = fromScratch ? 'zero' : 'fitted' } = choice;
  const settings: FineTuning = {
    init,
    headStart,
    optimizer,
    // Adam's steps are about as large as the rate itself; those of SGD with momentum 0.9 are ten times the rate times the gradient.
    rate: optimizer === 'adamw' ? 1e-3 : 1e-2,
    // For the same reason only AdamW's have to be lowered where little is left to learn. A rate that a person gives is meant as it is.
    rateByFit: optimizer === 'adamw' && headStart === 'fitted' && choice.rate === undefined,
    // New weights are all alike; pretrained ones are near their goal, the nearer the more general they are (ULMFiT: 2.6 a group).
    pretrainedRate: fromScratch ? 1 : 0.1,
    rateFall: fromScratch ? 1 : 2.6,
    // Decoupled decay is multiplied by the rate (Loshchilov and Hutter: 0.01); that of SGD is the usual L2 of convolutional networks.
    weightDecay: optimizer === 'adamw' ? 0.01 : 1e-4,
    towardPretrained: 0,
    schedule: 'cosine',
    // The moments of the optimizer mean little in the first steps.
    warmUp: 0.1,
    epochs,
    batchSize,
    clip: 1,
    labelSmoothing: 0,
    balanced: false,
    averaging: false,
    // A quarter of the usual epochs: the score of few validation items goes up and down.
    patience: Math.ceil(epochs / 4),
    // A small data set says less of the statistics than the millions of images before it; new weights have none.
    normalisation: fromScratch ? 'batch' : 'running',
    augmentation: defaultAugmentation,
    // As many as there are turns and mirrorings.
    views: 8,
    ...choice,
  };
  const checked = fineTuningSchema.safeParse(settings);
  if (!checked.success) {
    const { path, message } = checked.error.issues[0];
    throw new UserError(`The setting ${path.join('.')} of the fine-tuning cannot be used: ${message}.`);
  }
  if (settings.freeze !== null && !network.freezePoints.some(({ name }) => name === settings.freeze))
    throw new UserError(`${network.name} has no freeze point ${settings.freeze}.`);
  if (fromScratch && settings.freeze !== null)
    throw new UserError('Random weights that are frozen would never learn anything: train them all.', {
      onCommandLine: 'Do so with --freeze none.',
    });
  if (fromScratch && (settings.headStart === 'fitted' || settings.towardPretrained > 0))
    throw new UserError(
      'With random weights there is nothing pretrained that the classifier could be fitted to, or that weights could be pulled toward.',
    );
  return checked.data;
}
