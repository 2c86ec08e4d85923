import { z } from 'zod';
import { classIdSchema, itemIdSchema, procedure } from './shared.ts';

export const classSchema = z.object({
  id: classIdSchema,
  name: z.string(),
  /** The key that gives this label: one character, lower case; null where the keys ran out. */
  key: z.string().nullable(),
  /** #rrggbb, from a palette that colour-blind eyes tell apart, or as chosen. */
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
  items: z.int(),
});
export type Class = z.infer<typeof classSchema>;

const nameSchema = z.string().trim().min(1).max(200);

export const labelsContract = {
  classes: procedure.output(z.array(classSchema)),
  createClass: procedure.input(z.object({ name: nameSchema })).output(classSchema),
  updateClass: procedure
    .input(
      z.object({
        id: classIdSchema,
        name: nameSchema.optional(),
        key: z.string().length(1).nullable().optional(),
        colour: z
          .string()
          .regex(/^#[0-9a-f]{6}$/)
          .optional(),
      }),
    )
    .output(z.null()),
  /** Gives all labels of one class to another and removes the first. */
  mergeClasses: procedure.input(z.object({ from: classIdSchema, into: classIdSchema })).output(z.null()),
  /** Takes the class's labels away and removes it. */
  deleteClass: procedure.input(z.object({ id: classIdSchema })).output(z.null()),
  /** Labels items, or takes their labels away, as one act that one undo takes back. */
  set: procedure
    .input(
      z.object({
        ids: z.array(itemIdSchema).min(1),
        classId: classIdSchema.nullable(),
        source: z.enum(['hand', 'suggestion']).default('hand'),
      }),
    )
    .output(z.object({ changed: z.int() })),
  /** null: there is nothing to take back. */
  undo: procedure.output(z.object({ changed: z.int() }).nullable()),
  redo: procedure.output(z.object({ changed: z.int() }).nullable()),
};
