import { z } from 'zod';
import { blockFactsSchema, networkGraphSchema } from '../graphs.ts';
import { inspectionSchema, networkInfoSchema, scalingNames, scalingSchema } from '../networks.ts';
import { zooListingSchema } from '../zoo.ts';
import { itemIdSchema, pathSchema, pictureSchema, procedure } from './shared.ts';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
const zooIdSchema = z.string().min(1).max(100);

/** The channels at a freeze point that answer most to an item, strongest first. */
export const activationsSchema = z.object({
  width: z.int(),
  height: z.int(),
  /** How many channels there are. */
  of: z.int(),
  /** Each on its own scale, black for its least value and white for its largest. */
  strongest: z.array(z.object({ channel: z.int(), picture: pictureSchema })),
});
export type Activations = z.infer<typeof activationsSchema>;

export const networksContract = {
  /** Those of the library, and those that came with the project. */
  list: procedure.output(z.array(networkInfoSchema)),
  /** A network's own graph. It may take seconds when it is asked for the first time. */
  graph: procedure.input(z.object({ hash: hashSchema })).output(networkGraphSchema),
  /** Of one block, by number from 0; as many as there are blocks for what comes after the last freeze point. */
  block: procedure.input(z.object({ hash: hashSchema, block: z.int().min(0) })).output(blockFactsSchema),
  /** Starts showing an item to a network, to see what each of its freeze points makes of it. */
  activations: procedure.input(z.object({ hash: hashSchema, itemId: itemIdSchema })).output(z.object({ job: z.int() })),
  /** What that job found at one point; null where there are no places, or where it was another's or is gone: only the last is kept. */
  activationsAt: procedure
    .input(z.object({ job: z.int(), point: z.string().max(500) }))
    .output(activationsSchema.nullable()),
  /** Starts reading a file on the computer, to see what is recognised of it. */
  inspect: procedure
    .input(
      z.object({
        path: pathSchema,
        weights: pathSchema.optional(),
        /** The mean image (.binaryproto) of a network of Caffe's. */
        mean: pathSchema.optional(),
        size: z.int().min(8).max(4096).optional(),
      }),
    )
    .output(z.object({ job: z.int() })),
  /** What a job that read a file recognised; null while it has not ended well. */
  inspected: procedure.input(z.object({ job: z.int() })).output(inspectionSchema.nullable()),
  /** Starts adding one from a file on the computer. */
  add: procedure
    .input(
      z.object({
        path: pathSchema,
        /** The .caffemodel of a network of Caffe's, where it does not lie beside it. */
        weights: pathSchema.optional(),
        /** Its mean image (.binaryproto), where no scaling is given. */
        mean: pathSchema.optional(),
        name: z.string().min(1).max(200).optional(),
        /** By name, or any other. */
        scaling: z.union([z.enum(scalingNames), scalingSchema]).optional(),
        /** Side of the square input, where the file leaves it open. */
        size: z.int().min(8).max(4096).optional(),
      }),
    )
    .output(z.object({ job: z.int() })),
  /**
   * Makes it the project's network, frozen up to a freeze point of its: a name; `last`, with which nothing was decided yet; or
   * null: nothing is frozen. A fine-tuning freezes there, and codes are taken there; of a network that is all trained, at
   * its last point.
   */
  choose: procedure
    .input(z.object({ hash: z.string(), point: z.string().nullable().default('last') }))
    .output(z.null()),

  /** What the library holds for all projects, and what it takes on the disk. */
  library: procedure.output(
    z.array(
      z.object({
        hash: hashSchema,
        name: z.string(),
        added: z.string(),
        /** What its files take. */
        bytes: z.number(),
        /** What would be free if it were removed: the files that projects have as well stay. */
        freed: z.number(),
        /** Names of the projects, of those opened lately, that have it. */
        projects: z.array(z.string()),
      }),
    ),
  ),
  /** Takes one out of the library. Projects that have it keep it. */
  remove: procedure.input(z.object({ hash: hashSchema })).output(z.null()),

  /** Published networks that can be had from elsewhere. */
  zoo: procedure.output(z.array(zooListingSchema)),
  /** Starts fetching one and adding it to the library, or goes on with it. The job that does so already is given again. */
  get: procedure
    .input(
      z.object({
        id: zooIdSchema,
        /** A mirror's address, a file or its folder; null: its published addresses. */
        from: pathSchema.nullable(),
      }),
    )
    .output(z.object({ job: z.int() })),
  /** Throws away what was fetched of one before it was cut off. */
  forgetDownload: procedure.input(z.object({ id: zooIdSchema })).output(z.null()),
};
