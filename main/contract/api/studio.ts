import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { pathSchema, procedure, progressSchema } from './shared.ts';

/**
 * A long piece of work: under way, or one of the last that ended. One at a time, downloads beside it; the rest of the studio
 * goes on meanwhile.
 */
export const jobSchema = z.object({
  id: z.int(),
  kind: z.enum([
    'import',
    'remove',
    'codes',
    'probe',
    'estimate',
    'train',
    'evaluate',
    'explain',
    'activations',
    'predict',
    'copy',
    'export',
    'add-network',
    'inspect-network',
    'get-network',
    'similar',
  ]),
  /** For people: `Training softmax on Starter`. */
  title: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
  progress: progressSchema.nullable(),
  /** It can be told to end well with what it has. */
  canFinish: z.boolean(),
  /** When it is cancelled now, what it has done is kept, and can be gone on with. */
  canPause: z.boolean(),
  /** Why it failed, as a sentence to show. */
  error: z.string().nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/** What the left rail shows of each step. */
export const projectSummarySchema = z.object({
  name: z.string(),
  folder: z.string(),
  images: z.int(),
  items: z.int(),
  regions: z.int(),
  groups: z.int(),
  labelled: z.int(),
  classes: z.int(),
  /** The project's network, and how it is cut. */
  network: z
    .object({
      name: z.string(),
      hash: z.string(),
      /** The freeze point at which codes are taken. */
      point: z.string(),
      /** The freeze point up to which a fine-tuning freezes: the same, or null where everything is to be trained. */
      freeze: z.string().nullable(),
      /** Somebody chose it; else it is the last, which is the usual one for codes. */
      decided: z.boolean(),
    })
    .nullable(),
  runs: z.int(),
  lastRun: z
    .object({ id: z.int(), macroF1: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() })
    .nullable(),
  exports: z.int(),
});
export type ProjectSummary = z.infer<typeof projectSummarySchema>;

export const studioStateSchema = z.object({
  version: z.string(),
  shell: z.enum(['browser', 'desktop']),
  /** Which core says so. One that was started anew is another: it counts its jobs and revisions from the start. */
  core: z.string(),
  project: projectSummarySchema.nullable(),
  /** Jobs that wait or run, and the last few that ended, oldest first. */
  jobs: z.array(jobSchema),
  /** The device that computed last, as said to people; null before the first job. */
  device: z.string().nullable(),
  /**
   * Counts the changes of each kind of data in the open project, whoever made them: a screen that shows such data asks
   * anew when its count changes.
   */
  revisions: z.object({
    items: z.int(),
    labels: z.int(),
    classes: z.int(),
    runs: z.int(),
    probes: z.int(),
    /** What was measured of how fast training is. */
    estimates: z.int(),
    /** How a training goes. */
    metrics: z.int(),
    networks: z.int(),
    exports: z.int(),
    predictions: z.int(),
  }),
});
export type StudioState = z.infer<typeof studioStateSchema>;

export const recentProjectSchema = z.object({
  name: z.string(),
  folder: z.string(),
  /** When it was last opened, ISO 8601. */
  opened: z.string(),
  /** Its folder is not where it was. */
  missing: z.boolean(),
});

/** What the person is to choose: a folder or file that is there, either, a project, or a new name. */
export const pathChoiceSchema = z.object({
  what: z.enum(['folder', 'file', 'any', 'project', 'new']),
  title: z.string().max(500),
  /** Where to start. */
  start: pathSchema.nullable(),
  /** The suggested name, for `new`. */
  name: z.string().max(500),
});
export type PathChoice = z.infer<typeof pathChoiceSchema>;

export const studioContract = {
  /** The state now, and again whenever it changes (at most ten times a second). */
  watch: procedure.output(eventIterator(studioStateSchema)),
  cancelJob: procedure.input(z.object({ id: z.int() })).output(z.null()),
  /** Tells a job to end well with what it has: a training with its best weights so far. */
  finishJob: procedure.input(z.object({ id: z.int() })).output(z.null()),
  /** Takes a job that has ended off the list: what came of it was seen. */
  forgetJob: procedure.input(z.object({ id: z.int() })).output(z.null()),
  /** Shows the system's own dialog; null when nothing was chosen. Only in the desktop shell. */
  choosePath: procedure.input(pathChoiceSchema).output(z.object({ path: z.string().nullable() })),
  /** Folders and files, for choosing a path where the shell has no dialog of its own. */
  listFolder: procedure.input(z.object({ folder: pathSchema.nullable() })).output(
    z.object({
      folder: z.string(),
      parent: z.string().nullable(),
      entries: z.array(z.object({ name: z.string(), path: z.string(), kind: z.enum(['folder', 'file', 'project']) })),
    }),
  ),
};

export const projectsContract = {
  recent: procedure.output(z.array(recentProjectSchema)),
  /** Makes a project and opens it. */
  create: procedure.input(z.object({ folder: pathSchema })).output(z.null()),
  open: procedure.input(z.object({ folder: pathSchema })).output(z.null()),
  /** A copy of the images that ship with the studio, as a project of one's own. */
  openSample: procedure.output(z.null()),
  close: procedure.output(z.null()),
  forget: procedure.input(z.object({ folder: pathSchema })).output(z.null()),
};
