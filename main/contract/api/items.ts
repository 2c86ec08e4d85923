import { z } from 'zod';
import { importFormats } from '../images.ts';
import { boxSchema, classIdSchema, itemIdSchema, partSchema, pathSchema, procedure, refusalSchema } from './shared.ts';

export const importOptionsSchema = z.object({
  format: z.enum(['auto', ...importFormats]).default('auto'),
  images: pathSchema.optional(),
  labels: z.literal('folders').optional(),
  group: z.string().max(500).optional(),
  copy: z.boolean().default(false),
  margin: z.number().min(0).max(2).default(0.1),
  /** Side in pixels of the box around a point: for rows of a table with x and y alone. */
  pointSize: z.number().min(1).max(100_000).optional(),
});
export type ImportOptionsInput = z.input<typeof importOptionsSchema>;

export const importReportSchema = z.object({
  format: z.string(),
  imported: z.int(),
  alreadyThere: z.int(),
  labelled: z.int(),
  withoutGroup: z.int(),
  conflicts: z.array(refusalSchema),
  refused: z.array(refusalSchema),
});
export type ImportReport = z.infer<typeof importReportSchema>;

/** Which items a view shows; every condition must hold. */
export const itemFilterSchema = z.object({
  /** A class, no label, or any label. */
  label: z.union([classIdSchema, z.enum(['unlabelled', 'labelled'])]).optional(),
  group: z.string().optional(),
  /** How the label came. */
  source: z.enum(['hand', 'suggestion', 'import']).optional(),
  imageId: z.int().positive().optional(),
  /** Items whose label differs from what a run answered. */
  disagreesWithRun: z.int().positive().optional(),
  /** Items that a run held out for its test. */
  heldOutBy: z.int().positive().optional(),
  /** One cell of a run's confusion matrix, of its held-out items: class numbers of the run. */
  cell: z.object({ run: z.int().positive(), truth: z.int().min(0), predicted: z.int().min(0) }).optional(),
});
export type ItemFilter = z.infer<typeof itemFilterSchema>;

export const itemOrderSchema = z.union([
  z.object({ by: z.enum(['number', 'image', 'label', 'group']) }),
  /** Nearest by code first. Needs codes: `items.prepareSimilar` first. */
  z.object({ by: z.literal('similarity'), to: itemIdSchema }),
  /** Least sure answers of a run first. */
  z.object({ by: z.literal('uncertainty'), run: z.int().positive() }),
  /** Surest wrong answers of a run first. */
  z.object({ by: z.literal('confident-mistakes'), run: z.int().positive() }),
]);
export type ItemOrder = z.infer<typeof itemOrderSchema>;

export const itemSchema = z.object({
  id: itemIdSchema,
  imageId: z.int(),
  /** File name, for people. */
  image: z.string(),
  page: z.int(),
  kind: z.enum(['image', 'region']),
  box: boxSchema,
  group: z.string().nullable(),
  part: partSchema.nullable(),
  classId: classIdSchema.nullable(),
  source: z.enum(['hand', 'suggestion', 'import']).nullable(),
  /** Changes when the pixels that are seen change: part of the thumbnail's address, so that it can be cached for ever. */
  viewKey: z.string(),
});
export type Item = z.infer<typeof itemSchema>;

export const imageSchema = z.object({
  id: z.int(),
  name: z.string(),
  path: z.string(),
  page: z.int(),
  width: z.int(),
  height: z.int(),
  format: z.string(),
  bits: z.int(),
  items: z.int(),
  labelled: z.int(),
  missing: z.boolean(),
});
export type Image = z.infer<typeof imageSchema>;

/** Images with all their items; or items, and with the last of an image that is an item as a whole that image. */
export const removalSchema = z.object({ what: z.enum(['items', 'images']), ids: z.array(z.int().positive()).min(1) });
export type Removal = z.infer<typeof removalSchema>;

/** What a removal takes out of the project. */
export const removalWeightSchema = z.object({
  images: z.int(),
  items: z.int(),
  labelled: z.int(),
  /** Images of which the project has a copy of its own, which is deleted. */
  copies: z.int(),
});
export type RemovalWeight = z.infer<typeof removalWeightSchema>;

export const itemsContract = {
  /** Starts an import; its report is had from `importReport` when the job is done. */
  import: procedure
    .input(z.object({ source: pathSchema, options: importOptionsSchema }))
    .output(z.object({ job: z.int() })),
  importReport: procedure.input(z.object({ job: z.int() })).output(importReportSchema.nullable()),
  /** One source that stands for several files of the computer, such as were dropped together. */
  joinFiles: procedure
    .input(z.object({ files: z.array(pathSchema).min(1).max(100_000) }))
    .output(z.object({ source: z.string() })),
  /** What an import would make of a source: its first items with their groups and labels. Nothing is written. */
  previewImport: procedure.input(z.object({ source: pathSchema, options: importOptionsSchema })).output(
    z.object({
      format: z.string(),
      records: z.array(
        z.object({
          image: z.string(),
          label: z.string().nullable(),
          group: z.string().nullable(),
          region: z.boolean(),
        }),
      ),
      refused: z.array(refusalSchema),
    }),
  ),
  /** In the order in which they came; how many there are is in the project's summary. */
  images: procedure
    .input(z.object({ offset: z.int().min(0).default(0), limit: z.int().min(1).max(2000).default(2000) }))
    .output(z.array(imageSchema)),
  groups: procedure.output(z.array(z.object({ name: z.string(), items: z.int() }))),
  /** Numbers of the items that a view shows, in its order. */
  query: procedure.input(z.object({ filter: itemFilterSchema, order: itemOrderSchema })).output(z.array(itemIdSchema)),
  describe: procedure.input(z.object({ ids: z.array(itemIdSchema).max(2000) })).output(z.array(itemSchema)),
  addRegions: procedure
    .input(
      z.object({
        imageId: z.int().positive(),
        boxes: z.array(boxSchema).min(1).max(1000),
        classId: classIdSchema.nullable(),
      }),
    )
    .output(z.array(itemIdSchema)),
  /** Removes a few items at once. Cannot be undone. */
  removeItems: procedure.input(z.object({ ids: z.array(itemIdSchema).min(1).max(1000) })).output(z.null()),
  weighRemoval: procedure.input(removalSchema).output(removalWeightSchema),
  /** Starts a removal. Cannot be undone. */
  remove: procedure.input(removalSchema).output(z.object({ job: z.int() })),
  /** Starts computing the codes that sorting by similarity needs. */
  prepareSimilar: procedure.output(z.object({ job: z.int() })),
};
