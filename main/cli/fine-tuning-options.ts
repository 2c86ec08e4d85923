import { Option } from 'commander';
import {
  type AugmentationSettings,
  defaultAugmentation,
  noAugmentation,
  type Symmetries,
  symmetryChoices,
} from '../contract/augmentation.ts';
import { type FineTuning, headStarts, inits, normalisations, optimizers, schedules } from '../contract/fine-tuning.ts';
import { number } from './options.ts';

/** Settings whose option bears their name. */
const sameNames = [
  'init',
  'optimizer',
  'rate',
  'pretrainedRate',
  'rateFall',
  'weightDecay',
  'towardPretrained',
  'schedule',
  'warmUp',
  'epochs',
  'clip',
  'labelSmoothing',
  'balanced',
  'patience',
  'normalisation',
  'views',
] as const satisfies readonly (keyof FineTuning)[];

/** How far items are varied, each by an option of its own. */
const measures = [
  { name: 'scale', option: 'varyScale', most: 1, what: 'how far views are larger and smaller' },
  { name: 'shift', option: 'varyShift', most: 0.5, what: 'how far they are moved, as a share of their side' },
  { name: 'brightness', option: 'varyBrightness', most: 0.9, what: 'how far they are brighter and darker' },
  { name: 'contrast', option: 'varyContrast', most: 0.9, what: 'how far their contrast goes up and down' },
  { name: 'colour', option: 'varyColour', most: 0.9, what: 'how far red, green and blue do so, each by itself' },
] as const satisfies readonly { name: keyof AugmentationSettings; option: string; most: number; what: string }[];

/** As they are written; what is left out is for the defaults. */
export type FineTuningOptions = Partial<
  Pick<FineTuning, Exclude<(typeof sameNames)[number], 'clip' | 'patience'>> &
    Record<'clip' | 'patience', number | 'none'> &
    Record<(typeof measures)[number]['option'], number>
> & {
  readonly freeze?: string;
  readonly head?: FineTuning['headStart'];
  readonly batch?: number;
  readonly average?: boolean;
  readonly augmentation: boolean;
  readonly symmetries?: Symmetries;
};

const share = { min: 0, max: 1 };

/** Of fine-tuning alone. */
export const fineTuningOptions = (): Option[] => [
  new Option(
    '--freeze <point>',
    'the freeze point before which nothing is trained: its name or number; none: all is trained; all: the new classifier alone is',
  ),
  new Option('--init <how>', 'start from the pretrained weights, or anew (pretrained)').choices(inits),
  new Option('--head <how>', 'start the new classifier fitted to the codes, or at zero (fitted)').choices(headStarts),
  new Option('--optimizer <name>', 'adamw, or sgd with momentum (adamw)').choices(optimizers),
  new Option(
    '--rate <rate>',
    'learning rate of the new classifier (0.001, and less where the fitted classifier leaves little to learn; sgd: 0.01)',
  ).argParser(number({ min: 1e-9, max: 10 })),
  new Option('--pretrained-rate <share>', 'rate of the last pretrained layers, as a share of that (0.1)').argParser(
    number({ min: 1e-9, max: 1 }),
  ),
  new Option('--rate-fall <factor>', 'by how much it falls from layers to those before them (2.6)').argParser(
    number({ min: 1, max: 100 }),
  ),
  new Option('--weight-decay <decay>', 'of weights, not of biases and norms (0.01; sgd: 0.0001)').argParser(
    number(share),
  ),
  new Option('--toward-pretrained <strength>', 'pull weights toward the pretrained ones (0)').argParser(number(share)),
  new Option('--schedule <name>', 'how the rate goes on (cosine)').choices(schedules),
  new Option('--warm-up <share>', 'share of the steps over which the rate rises (0.1)').argParser(
    number({ min: 0, max: 0.9 }),
  ),
  new Option('--epochs <count>', 'passes over the training items (20; more where they are few)').argParser(
    number({ min: 1, max: 10_000, whole: true }),
  ),
  new Option('--batch <size>', 'items a step (32; 16 where items are few)').argParser(
    number({ min: 1, max: 4096, whole: true }),
  ),
  new Option('--clip <norm>', 'largest norm of all gradients together, or none (1)').argParser(
    numberOrNone({ min: 1e-9 }),
  ),
  new Option('--label-smoothing <share>', 'share of each label that is spread over all classes (0)').argParser(
    number({ min: 0, max: 0.9 }),
  ),
  new Option('--balanced', 'each class weighs the same, however many items it has'),
  new Option('--average', 'average the weights of the last epochs where that does better'),
  new Option(
    '--patience <epochs>',
    'epochs without a better score after which it ends, or none (a quarter of all)',
  ).argParser(numberOrNone({ min: 1, whole: true })),
  new Option('--normalisation <how>', 'statistics of the pretraining data, or of each batch (running)').choices(
    normalisations,
  ),
  new Option('--views <count>', 'views of each item whose activations are kept, where a part is frozen (8)').argParser(
    number({ min: 1, max: 1000, whole: true }),
  ),
  new Option('--no-augmentation', 'show every item as it is'),
  new Option(
    '--symmetries <which>',
    'turn and mirror items in all eight ways, mirror them left to right alone, or neither (all)',
  ).choices(symmetryChoices),
  ...measures.map(({ name, most, what }) =>
    new Option(`--vary-${name} <share>`, `${what} (${defaultAugmentation[name]})`).argParser(
      number({ min: 0, max: most }),
    ),
  ),
];

/** The settings that were given. */
export function settingsGiven(options: FineTuningOptions): Partial<FineTuning> {
  const { head, batch, average } = options;
  return {
    ...Object.fromEntries(
      sameNames.flatMap((name): [string, unknown][] => {
        const value = options[name];
        return value === undefined ? [] : [[name, value === 'none' ? null : value]];
      }),
    ),
    ...(head === undefined ? {} : { headStart: head }),
    ...(batch === undefined ? {} : { batchSize: batch }),
    ...(average === undefined ? {} : { averaging: average }),
    augmentation: augmentationOf(options),
  };
}

function augmentationOf(options: FineTuningOptions): AugmentationSettings {
  const usual = options.augmentation ? defaultAugmentation : noAugmentation;
  const given: Partial<AugmentationSettings> = Object.fromEntries(
    measures.flatMap(({ name, option }) => (options[option] === undefined ? [] : [[name, options[option]]])),
  );
  return { ...usual, ...(options.symmetries ? { symmetries: options.symmetries } : {}), ...given };
}

/** A number within limits, or wrong usage. `none` stays: commander makes an empty text of null. */
function numberOrNone(limits: Parameters<typeof number>[0]): (text: string) => number | 'none' {
  return (text) => (text === 'none' ? 'none' : number(limits)(text));
}
