import { z } from 'zod';

const operatorSchema = z.object({
  name: z.string(),
  /** The ONNX standard's name of its kind: `Conv`. */
  op: z.string(),
  /** Operators of the block whose values it takes, by number; −1 for the one value that comes into the block. */
  inputs: z.array(z.int().min(-1)),
});
export type OperatorOutline = z.infer<typeof operatorSchema>;

/** A network's own graph, block by block: block i ends at freeze point i, from the input on. */
export const networkGraphSchema = z.object({
  blocks: z.array(z.object({ operators: z.array(operatorSchema) })).min(1),
  /** What comes after the last freeze point, to the network's own output: mostly its own classifier, which is left out. */
  rest: z.object({ operators: z.array(operatorSchema) }),
});
export type NetworkGraph = z.infer<typeof networkGraphSchema>;
export type BlockOutline = NetworkGraph['rest'];

/** How the values of a tensor are spread. */
export const weightFactsSchema = z.object({
  /** What the operator uses it for: weights, bias, scale γ. */
  role: z.string(),
  shape: z.array(z.int()),
  low: z.number(),
  high: z.number(),
  mean: z.number(),
  deviation: z.number(),
  /** How many values lie in each of as many equal parts from `low` to `high`. */
  histogram: z.array(z.int()).min(1),
});
export type WeightFacts = z.infer<typeof weightFactsSchema>;

export const operatorFactsSchema = z.object({
  /** What its author set, beside the standard's defaults. */
  settings: z.array(z.object({ name: z.string(), value: z.string() })),
  /** Of its first output, without the batch; a name where it depends on the batch. */
  shape: z.array(z.union([z.int(), z.string()])),
  parameters: z.int(),
  /** For one image. */
  multiplyAdds: z.number(),
  weights: z.array(weightFactsSchema),
});
export type OperatorFacts = z.infer<typeof operatorFactsSchema>;

/** The filters of the first convolution as small pictures. */
export const filtersSchema = z.object({
  /** The operator of the block that has them, by number. */
  operator: z.int(),
  count: z.int(),
  width: z.int(),
  height: z.int(),
  /** Base64: red, green and blue of each pixel, row by row, filter by filter; 128 is a weight of zero. */
  pixels: z.base64(),
});
export type Filters = z.infer<typeof filtersSchema>;

export const blockFactsSchema = z.object({
  /** Of each operator, in the outline's order. */
  operators: z.array(operatorFactsSchema),
  /** Where the network's first convolution is in this block and looks at colours. */
  filters: filtersSchema.nullable(),
});
export type BlockFacts = z.infer<typeof blockFactsSchema>;
