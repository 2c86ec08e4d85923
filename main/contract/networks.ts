import { z } from 'zod';
import { cardSchema } from './cards.ts';

/** How pixels become a network's input: `(pixel / 255 · (high − low) + low − mean) / deviation`, by channel. */
export const preprocessingSchema = z.object({
  /** Side of the square input, in pixels. */
  size: z.int().min(8).max(4096),
  /** What pixel values 0 and 255 become before mean and deviation are applied. */
  range: z.tuple([z.number(), z.number()]),
  /** In the network's channel order. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  deviation: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  channels: z.enum(['rgb', 'bgr']),
  layout: z.enum(['nchw', 'nhwc']),
});
export type Preprocessing = z.infer<typeof preprocessingSchema>;

/** How pixel values are scaled, whatever the size and the layout. */
export const scalingSchema = preprocessingSchema.pick({ range: true, mean: true, deviation: true, channels: true });
export type Scaling = z.infer<typeof scalingSchema>;

/** The scalings in use, by the field's names. */
export const scalingNames = ['tf', 'torch', 'caffe', 'unit', 'raw'] as const;
export type ScalingName = (typeof scalingNames)[number];

export const poolings = ['avg', 'avg+max', 'pyramid'] as const;
/** How activations [C, H, W] become one vector: mean; mean and maximum, 2C; means over a 2×2 grid, 4C. */
export type Pooling = (typeof poolings)[number];

/** A place where a network may be cut: one tensor carries everything from the input to the output. */
export const freezePointSchema = z.object({
  /** From 1, counted from the input. */
  index: z.int(),
  name: z.string(),
  kind: z.enum(['spatial', 'vector']),
  /** [C, H, W] or [D] at the network's own input size. */
  shape: z.array(z.int()),
  /** Input pixels between neighbouring activations; null after a fully-connected layer. */
  stride: z.number().nullable(),
  parametersBefore: z.number(),
  parametersAfter: z.number(),
  /** For one image. */
  multiplyAddsBefore: z.number(),
  multiplyAddsAfter: z.number(),
});
export type FreezePointInfo = z.infer<typeof freezePointSchema>;

/** Of a network that was fine-tuned here: the one that it was made from, and where. */
export const parentSchema = z.object({
  hash: z.string(),
  name: z.string(),
  project: z.string(),
  run: z.int(),
});

/** Of a network that others published: who made it, and on what terms. */
export const publicationSchema = z.object({
  /** Its entry in the zoo. */
  zoo: z.string(),
  licence: z.string(),
  citation: z.string(),
  documentation: z.string(),
});
export type Publication = z.infer<typeof publicationSchema>;

/** What is kept of a network beside its file. */
export const networkInfoSchema = z.object({
  /** SHA-256 of the network's files. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  format: z.enum(['onnx', 'tfjs', 'caffe']),
  /** The file that is opened, below the network's folder. */
  file: z.string(),
  preprocessing: preprocessingSchema,
  /** How the preprocessing is known: told by the person, or recognised and from what. */
  preprocessingSource: z.string(),
  parameters: z.number(),
  /** Classes of the classifier that it came with; null for a bare backbone. */
  classes: z.int().nullable(),
  freezePoints: z.array(freezePointSchema).min(1),
  parent: parentSchema.optional(),
  /** Of a classifier that was shared: the names of its classes, and what its sharer says of it. */
  classNames: z.array(z.string()).optional(),
  card: cardSchema.optional(),
  publication: publicationSchema.optional(),
  /** It ships with the studio. */
  boxed: z.literal(true).optional(),
  /** When it was added, ISO 8601. */
  added: z.string(),
});
export type NetworkInfo = z.infer<typeof networkInfoSchema>;

/** What was recognised of a network's file, before it is added. */
export const inspectionSchema = networkInfoSchema.pick({ name: true, format: true, parameters: true }).extend({
  /** The entry of the zoo whose published file it is; null for any other. */
  zoo: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** Side of its square input, in pixels, and the one that the file declares: null where it takes any. */
  size: z.int(),
  declaredSize: z.int().nullable(),
  /** Null where nothing speaks for any. */
  scaling: scalingSchema.nullable(),
  /** What speaks for it. */
  scalingReason: z.string().nullable(),
  /** The scalings in use, to choose from. */
  scalings: z.record(z.enum(scalingNames), scalingSchema),
  /** It is known; otherwise likely at most, and for the person to say. */
  isCertain: z.boolean(),
  /** For one image. */
  multiplyAdds: z.number(),
  classifier: z.object({ name: z.string(), classes: z.int() }).nullable(),
  freezePoints: z.array(freezePointSchema),
});
export type Inspection = z.infer<typeof inspectionSchema>;
