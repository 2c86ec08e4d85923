import { z } from 'zod';
import { intervalSchema } from './evaluation.ts';
import { poolings } from './networks.ts';

/** How freeze points are probed. The same settings on the same items give the same figures. */
export const probeSettingsSchema = z.object({
  pooling: z.enum(poolings),
  /** Side of the network's input in pixels; null: its own. */
  size: z.int().min(8).max(4096).nullable(),
  /** About how many labelled items are probed with; all where there are fewer. */
  items: z.int().min(20).max(1_000_000),
  folds: z.int().min(2).max(20),
  seed: z.int().min(0),
});
export type ProbeSettings = z.infer<typeof probeSettingsSchema>;

export const defaultProbeSettings: ProbeSettings = { pooling: 'avg', size: null, items: 1000, folds: 5, seed: 0 };

/** What a linear classifier makes of the codes at one freeze point, by cross-validation over groups. */
export const pointProbeSchema = z.object({
  /** Length of a code. */
  dimensions: z.int(),
  /** Items that were held out once, and the groups that they come from: the intervals rest on these. */
  items: z.int(),
  groups: z.int(),
  folds: z.int(),
  macroF1: intervalSchema,
  accuracy: intervalSchema,
  /** How well the classes stand apart, 0 to the number of classes − 1; measured at the last point alone. */
  hScore: z.number().nullable(),
  /** Evidence of the classes for each item by LogME, of 1,000 items at most; at the last point alone. */
  logMe: z.number().nullable().default(null),
});
export type PointProbe = z.infer<typeof pointProbeSchema>;

/** How far a project's items lie from what one BatchNormalization was pretrained on. */
export const layerShiftSchema = z.object({
  name: z.string(),
  /** The freeze point whose block it is in. */
  point: z.string(),
  channels: z.int(),
  /** Median over channels of [(μt − μs)² + (σt − σs)²] / σs². */
  shift: z.number(),
});
export type LayerShift = z.infer<typeof layerShiftSchema>;

export const probeReportSchema = z.object({
  network: z.object({ hash: z.string(), name: z.string() }),
  settings: probeSettingsSchema,
  /** Every freeze point, from the input on. */
  points: z.array(
    z.object({
      index: z.int(),
      name: z.string(),
      /** [C, H, W] or [D] at the network's own input size. */
      shape: z.array(z.int()),
      /** Null where it was not probed yet. Stale: labels, groups, items or their pixels changed since. */
      probe: pointProbeSchema.extend({ created: z.string(), stale: z.boolean() }).nullable(),
      /** Mean over the layers of its block; null where there is nothing to measure it by. */
      shift: z.number().nullable(),
      layers: z.array(layerShiftSchema),
    }),
  ),
  /** The point of the highest macro-F1, and the first that is within one standard error of it; null before any is probed. */
  best: z.string().nullable(),
  earliest: z.string().nullable(),
  /** How the domain shift was measured; null before it was. `layers` is 0 where the network has no statistics to compare with. */
  shift: z.object({ items: z.int(), layers: z.int(), created: z.string(), stale: z.boolean() }).nullable(),
});
export type ProbeReport = z.infer<typeof probeReportSchema>;

/** Networks that were probed with the same settings, side by side. */
export const probedNetworksSchema = z.array(
  z.object({
    hash: z.string(),
    name: z.string(),
    /** Its best freeze point, and what a linear classifier makes of it. */
    best: z.object({ point: z.string(), macroF1: intervalSchema }).nullable(),
    /** Hints at its last point; null before that is probed. */
    hScore: z.number().nullable(),
    logMe: z.number().nullable(),
    /** Labels, groups, items or their pixels changed since. */
    stale: z.boolean(),
  }),
);
export type ProbedNetwork = z.infer<typeof probedNetworksSchema>[number];
