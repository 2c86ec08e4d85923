import { z } from 'zod';
import { cardSchema, noStatement, statementSchema } from '../cards.ts';
import { deviceChoices } from '../devices.ts';
import { crossValidationSchema } from '../evaluation.ts';
import { epochMetricsSchema, sampleSchema, fineTuningSchema, stepMetricsSchema } from '../fine-tuning.ts';
import { defaultProbeSettings, probedNetworksSchema, probeReportSchema, probeSettingsSchema } from '../probes.ts';
import { runConfigSchema, runResultSchema, runStatuses } from '../runs.ts';
import { fineTuningChoiceSchema, trainSettingsSchema } from '../training.ts';
import {
  classIdSchema,
  itemIdSchema,
  partSchema,
  pathSchema,
  pictureSchema,
  procedure,
  refusalSchema,
  runIdSchema,
} from './shared.ts';

export const probedNetworkSchema = z.object({
  /** A network's hash; null: the project's own. */
  network: z.string().nullable(),
  settings: probeSettingsSchema.default(defaultProbeSettings),
});

/** Where in a network the classifier should sit: a linear classifier at every freeze point, and the domain shift by depth. */
export const probesContract = {
  /** What was measured with these settings so far; null while the project has no network. */
  get: procedure.input(probedNetworkSchema).output(probeReportSchema.nullable()),
  /** Networks of the project that were probed with these settings. */
  networks: procedure.input(probedNetworkSchema.pick({ settings: true })).output(probedNetworksSchema),
  /** Starts measuring what is missing or stale. What it has measured when it is cancelled stays. */
  start: procedure
    .input(probedNetworkSchema.extend({ device: z.enum(deviceChoices).default('auto') }))
    .output(z.object({ job: z.int() })),
};

export const runSchema = z.object({
  id: runIdSchema,
  /** As the person calls it; null while it has no name. */
  name: z.string().nullable(),
  created: z.string(),
  status: z.enum(runStatuses),
  config: runConfigSchema,
  result: runResultSchema.nullable(),
  error: z.string().nullable(),
});
export type RunInfo = z.infer<typeof runSchema>;

/** Metrics thinned for charts: where there are more than `points`, a step stands for the mean of itself and those before it. */
export const runMetricsSchema = z.object({
  steps: z.array(stepMetricsSchema),
  /** `step`: the last of the epoch; 0 before the first. */
  epochs: z.array(epochMetricsSchema.omit({ confusion: true, samples: true }).extend({ step: z.int() })),
  /** Validation items by labelled class (row) and predicted class, as the last epoch had them. */
  confusion: z.array(z.array(z.int())).nullable(),
  /** A few validation items, as the last epoch answered for them; `truths`: the probability of the labelled class by epoch. */
  samples: z.array(sampleSchema.extend({ truths: z.array(z.number()) })),
  /** Learning rates of the groups of pretrained layers that are trained, as shares of the classifier's; the last layers' first. */
  rateShares: z.array(z.number()),
  /** What happened on the way that the person should know. */
  notes: z.array(z.string()),
});
export type RunMetrics = z.infer<typeof runMetricsSchema>;

/** What a run answered for an item, next to the label that it has now. */
export const answerSchema = z.object({
  itemId: itemIdSchema,
  part: partSchema,
  /** Class numbers of the run. */
  truth: z.int(),
  predicted: z.int(),
  probabilities: z.array(z.number()),
});
export type RunAnswer = z.infer<typeof answerSchema>;

export const trainingContract = {
  /** What training would use now: how many items stand where, and what is to be warned of. */
  plan: procedure.output(
    z.object({
      counts: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
      /** Labelled items of each class, by part. */
      classes: z.array(z.object({ name: z.string(), train: z.int(), validation: z.int(), test: z.int() })),
      warnings: z.array(z.string()),
      /** What it is to be started with: by a plan of the advisor's, or as it was started last; null before either. */
      settings: trainSettingsSchema.nullable(),
      /** Why training cannot start yet; null when it can. */
      obstacle: z.string().nullable(),
    }),
  ),
  split: procedure
    .input(
      z.object({
        test: z.number(),
        validation: z.number(),
        by: z.enum(['group', 'image', 'item']),
        seed: z.int().min(0),
      }),
    )
    .output(z.object({ warnings: z.array(z.string()) })),
  start: procedure.input(trainSettingsSchema).output(z.object({ job: z.int() })),
  /** All settings of a fine-tuning of the project's network, were it started now with this choice. */
  fineTuning: procedure.input(fineTuningChoiceSchema).output(fineTuningSchema),
  /** Goes on with a paused run. */
  resume: procedure.input(z.object({ id: runIdSchema })).output(z.object({ job: z.int() })),
  runs: procedure.output(z.array(runSchema)),
  /** How a fine-tuning went so far, for charts. */
  metrics: procedure
    .input(
      z.object({
        id: runIdSchema,
        points: z.int().min(2).max(10_000),
        /** Steps outside are left out. */
        range: z.object({ from: z.number(), to: z.number() }).optional(),
      }),
    )
    .output(runMetricsSchema),
  /** An empty name takes a run's name away. */
  rename: procedure.input(z.object({ id: runIdSchema, name: z.string().max(120) })).output(z.null()),
  deleteRun: procedure.input(z.object({ id: runIdSchema })).output(z.null()),
};

/** Why a run answers as it does for an item. Classes by their number in the run. */
export const explanationSchema = z.object({
  run: runIdSchema,
  itemId: itemIdSchema,
  /** What the network saw: square. */
  picture: pictureSchema,
  probabilities: z.array(z.number()),
  /** The freeze point whose activations were looked at, and all that can be, from the input on. */
  point: z.string(),
  points: z.array(z.string()),
  /**
   * The likeliest class first. `heat`: where the class is seen, to be laid over the picture (contract/palette.ts: `heatColours`);
   * null where nothing there speaks for it.
   */
  maps: z.array(z.object({ classIndex: z.int(), heat: pictureSchema.nullable() })),
  /** Labelled items that are alike, by their codes; null where the item has none. */
  nearest: z.array(z.object({ itemId: itemIdSchema, classId: classIdSchema, distance: z.number() })).nullable(),
});
export type Explanation = z.infer<typeof explanationSchema>;

export const evaluationContract = {
  /** Answers of a run for given items, or for all its held-out items. */
  answers: procedure
    .input(z.object({ run: runIdSchema, ids: z.array(itemIdSchema).optional() }))
    .output(z.array(answerSchema)),
  /**
   * What a run suggests for items that had no label when it was trained; of the others nothing is said.
   * `classId`: the class as it is now; null where it was removed.
   */
  suggestions: procedure
    .input(z.object({ run: runIdSchema, ids: z.array(itemIdSchema).max(2000) }))
    .output(z.array(z.object({ itemId: itemIdSchema, classId: classIdSchema.nullable(), probability: z.number() }))),
  /** Starts looking into why a run answers as it does for an item. `classes`: beside the likeliest two and the item's label. */
  explain: procedure
    .input(
      z.object({
        run: runIdSchema,
        itemId: itemIdSchema,
        classes: z.array(z.int().min(0)).max(16).default([]),
        /** A freeze point by its name; the last that still has places when absent. */
        point: z.string().max(500).optional(),
      }),
    )
    .output(z.object({ job: z.int() })),
  /** What that job found; null where it was another's or is gone: only the last is kept. */
  explanation: procedure.input(z.object({ job: z.int() })).output(explanationSchema.nullable()),
  /** Starts cross-validating a run's recipe. */
  crossValidate: procedure
    .input(z.object({ run: runIdSchema, folds: z.int().min(2).max(20) }))
    .output(z.object({ job: z.int() })),
  /** What the last cross-validation of a run's recipe found; null where there was none. */
  crossValidation: procedure.input(z.object({ run: runIdSchema })).output(crossValidationSchema.nullable()),
};

export const exportReportSchema = z.object({
  id: z.int(),
  run: runIdSchema,
  created: z.string(),
  files: z.array(
    z.object({
      path: z.string(),
      /** It lies in the project's own folder: a browser finds it at `/downloads/exports/ID/NAME`. */
      own: z.boolean(),
    }),
  ),
  agreement: z.object({ items: z.int(), largestDifference: z.number() }),
});
export type ExportInfo = z.infer<typeof exportReportSchema>;

export const sharingContract = {
  /** Starts an export; into the project's own exports folder when no other is given. */
  export: procedure
    .input(
      z.object({ run: runIdSchema, folder: pathSchema.nullable(), statement: statementSchema.default(noStatement) }),
    )
    .output(z.object({ job: z.int() })),
  /** What the person said of the classifier that was exported last. */
  statement: procedure.output(statementSchema),
  exports: procedure.output(z.array(exportReportSchema)),
  /** Starts predicting new images with a run, or with a classifier that somebody shared: its file. */
  predict: procedure
    .input(
      z.object({ by: z.union([z.object({ run: runIdSchema }), z.object({ file: pathSchema })]), source: pathSchema }),
    )
    .output(z.object({ job: z.int() })),
  /** The last prediction since the project was opened. A browser finds its table at `/downloads/predictions/JOB`. */
  predictions: procedure.output(
    z
      .object({
        job: z.int(),
        /** The run that predicted; null where it was a file's classifier. */
        run: runIdSchema.nullable(),
        file: pathSchema.nullable(),
        /** What that file's sharer says of it. */
        card: cardSchema.nullable(),
        source: pathSchema,
        classes: z.array(z.string()),
        refused: z.array(refusalSchema),
        rows: z.array(
          z.object({
            image: z.string(),
            page: z.int(),
            region: z.boolean(),
            predicted: z.int(),
            probability: z.number(),
            margin: z.number(),
          }),
        ),
      })
      .nullable(),
  ),
  /** Writes the table of a prediction job. */
  savePredictions: procedure.input(z.object({ job: z.int(), file: pathSchema })).output(z.object({ rows: z.int() })),
  /** Starts copying the predicted images into a folder for each class. */
  sortCopies: procedure.input(z.object({ job: z.int(), folder: pathSchema })).output(z.object({ job: z.int() })),
};
