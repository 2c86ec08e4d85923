import { z } from 'zod';

/** A measure with its 95% interval. `value` is null where the items do not define it, the ends where there is no interval. */
export const intervalSchema = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type Interval = z.infer<typeof intervalSchema>;

export const calibrationSchema = z.object({
  /** Expected calibration error, 0 to 1; null without items. */
  error: z.number().nullable(),
  bins: z.array(
    z.object({
      /** Probabilities of the bin: from `low` up to, not including, `high`; the last bin holds 1 too. */
      low: z.number(),
      high: z.number(),
      count: z.int(),
      /** Mean probability of the predicted class; null in an empty bin. */
      confidence: z.number().nullable(),
      /** Share of right predictions; null in an empty bin. */
      accuracy: z.number().nullable(),
    }),
  ),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** How good predictions are on items whose class is known. JSON throughout: what is undefined is null. */
export const evaluationSchema = z.object({
  items: z.int(),
  /** Groups that the items come from: the independent samples that the intervals rest on. */
  groups: z.int(),
  accuracy: intervalSchema,
  /** Mean recall of the classes that have items. */
  balancedAccuracy: intervalSchema,
  /** Mean F1 of the classes that have items. */
  macroF1: intervalSchema,
  /** Mean F1 weighted by the classes' items. */
  weightedF1: z.number().nullable(),
  /** Mean −ln(probability of the true class). */
  logLoss: z.number().nullable(),
  /** Squared error summed over the classes: 0 to 2. */
  brier: z.number().nullable(),
  calibration: calibrationSchema,
  /** In the order of the classifier's outputs. */
  perClass: z.array(
    z.object({
      name: z.string(),
      /** Items of the class. */
      support: z.int(),
      /** Items taken for the class. */
      predicted: z.int(),
      precision: intervalSchema,
      recall: intervalSchema,
      f1: z.number().nullable(),
    }),
  ),
  /** Items by true class (rows) and predicted class (columns). */
  confusion: z.array(z.array(z.int())),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** What cross-validation of a recipe found. */
export const crossValidationSchema = z.object({
  /** ISO 8601. */
  created: z.string(),
  folds: z.int(),
  warnings: z.array(z.string()),
  /** Over the items of all folds, each answered by the classifier that had not seen its group. */
  evaluation: evaluationSchema,
  foldScores: z.array(z.object({ items: z.int(), macroF1: z.number().nullable(), accuracy: z.number().nullable() })),
});
export type CrossValidation = z.infer<typeof crossValidationSchema>;
