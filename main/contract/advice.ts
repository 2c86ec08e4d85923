import { z } from 'zod';
import { fineTuningSchema } from './fine-tuning.ts';
import { probeSettingsSchema } from './probes.ts';
import { trainSettingsSchema } from './training.ts';

/** What a classifier that was fitted to items as they are makes of items that were held out: as they are, and turned. */
export const turningResultSchema = z.object({
  items: z.int(),
  groups: z.int(),
  /** Mean recall over the classes, of items as they are. */
  upright: z.number(),
  /** The same, of items turned and mirrored. */
  turned: z.number(),
  /** Standard error of the difference, over groups; null where there is one group alone. */
  error: z.number().nullable(),
});
export type TurningResult = z.infer<typeof turningResultSchema>;

/** Test items that look like an item that is learnt from, though nothing says that the two belong together. */
export const lookalikesSchema = z.object({
  /** Items of the test, and others, that were compared. */
  test: z.int(),
  others: z.int(),
  /** With the correlation of their pixels. */
  pairs: z.array(z.object({ test: z.int(), other: z.int(), likeness: z.number() })),
});
export type Lookalikes = z.infer<typeof lookalikesSchema>;

/** The four cases of the course notes: how many labels there are, and how like the pretraining data the images are. */
export const scenarios = ['small-similar', 'small-different', 'large-similar', 'large-different'] as const;
export type Scenario = (typeof scenarios)[number];

/** How many items there are to learn from. */
export const sizeSchema = z.object({
  labelled: z.int(),
  counts: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  /** Classes that have labelled items. */
  classes: z.array(
    z.object({
      name: z.string(),
      items: z.int(),
      train: z.int(),
      test: z.int(),
      /** Groups that its items come from; an item without a group counts by its image. */
      groups: z.int(),
    }),
  ),
  /** Training items of the class in the middle, when classes stand by their number of items. */
  typical: z.number(),
  /** Items of the largest class for each of the smallest; null with fewer than two classes. */
  imbalance: z.number().nullable(),
  /** Groups of all labelled items, and of those outside the test; null where none is known. */
  groups: z.int().nullable(),
  learntGroups: z.int().nullable(),
});
export type Size = z.infer<typeof sizeSchema>;

const probedPointSchema = z.object({ name: z.string(), index: z.int(), macroF1: z.number() });

/** How like the pretraining data the images are, as far as it was measured. */
export const similaritySchema = z.object({
  /** The freeze point of the best probe, and the last one. */
  probes: z
    .object({
      points: z.int(),
      items: z.int(),
      best: probedPointSchema,
      last: probedPointSchema,
      /** The best point when each counts with its neighbours: few items make single points jump. */
      smoothed: probedPointSchema,
      /** Standard error of the best. */
      error: z.number(),
      stale: z.boolean(),
    })
    .nullable(),
  /** Mean domain shift of the first quarter of the network, and of the last. */
  shift: z.object({ early: z.number(), late: z.number(), items: z.int(), stale: z.boolean() }).nullable(),
  /** Whether the network has statistics to measure a shift by; null before that is known. */
  shiftMeasurable: z.boolean().nullable(),
  turning: turningResultSchema.extend({ point: z.string(), stale: z.boolean() }).nullable(),
});
export type Similarity = z.infer<typeof similaritySchema>;

/** The project as a point among the four cases: 0 is small, or like the pretraining data; 1 large, or unlike it; ½ lies between. */
export const quadrantSchema = z.object({
  size: z.number(),
  /** Null before anything was measured. */
  difference: z.number().nullable(),
  /** What the difference was told by; null before anything was measured. */
  by: z.enum(['probes', 'shift']).nullable(),
  /** Null while the difference is not known. */
  scenario: z.enum(scenarios).nullable(),
});
export type Quadrant = z.infer<typeof quadrantSchema>;

export const adviceTopics = [
  'network',
  'method',
  'freeze',
  'pooling',
  'size',
  'rates',
  'epochs',
  'augmentation',
  'balance',
  'scratch',
] as const;
export type AdviceTopic = (typeof adviceTopics)[number];

/** One choice of a plan. */
export const choiceSchema = z.object({
  topic: z.enum(adviceTopics),
  /** As said to people. */
  value: z.string(),
  /** Why, with what was measured. */
  reason: z.string(),
  /** Where the rule comes from; null where the reason is all of it. */
  source: z.string().nullable(),
});
export type Choice = z.infer<typeof choiceSchema>;

/** How much of the advice rests on measurements of this project. */
export const surenesses = ['preliminary', 'low', 'fair', 'good'] as const;
export type Sureness = (typeof surenesses)[number];

export const planSchema = z.object({
  network: z.object({ hash: z.string(), name: z.string() }),
  /** What training is to be started with. */
  settings: trainSettingsSchema,
  /** All settings of a fine-tuning, with the defaults; null for a linear classifier. */
  fineTuning: fineTuningSchema.nullable(),
  sentence: z.string(),
  choices: z.array(choiceSchema),
  expected: z.object({
    /** Macro-F1 of softmax regression on the codes of the last freeze point, as probed; null before it was. */
    baseline: z.number().nullable(),
    /** Macro-F1 that is expected of the plan. */
    low: z.number().nullable(),
    high: z.number().nullable(),
    text: z.string(),
  }),
  sureness: z.enum(surenesses),
  /** Why no surer. */
  because: z.string(),
});
export type Plan = z.infer<typeof planSchema>;

/** Few items; uneven classes; parts that are empty; what the split warns of; what would be learnt in place of the class. */
export const warningKinds = ['few', 'imbalance', 'parts', 'split', 'lookalikes', 'session', 'camera'] as const;
export const adviceWarningSchema = z.object({ kind: z.enum(warningKinds), text: z.string() });
export type AdviceWarning = z.infer<typeof adviceWarningSchema>;

export const adviceSchema = z.object({
  network: z.object({ hash: z.string(), name: z.string() }),
  settings: probeSettingsSchema,
  size: sizeSchema,
  similarity: similaritySchema,
  quadrant: quadrantSchema,
  /** Which case applies and by what, in a sentence. */
  standing: z.string(),
  /** Null while nothing can be trained. */
  plan: planSchema.nullable(),
  /** Seconds that the plan takes at most on this machine; null where that was not measured, or for a linear classifier. */
  seconds: z.number().nullable(),
  /** Why there is no plan; null where there is one. */
  obstacle: z.string().nullable(),
  /** What measuring would add, or measure anew; empty when all is known. */
  missing: z.array(z.string()),
  warnings: z.array(adviceWarningSchema),
});
export type Advice = z.infer<typeof adviceSchema>;
