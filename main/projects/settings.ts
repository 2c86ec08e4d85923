import { z } from 'zod';
import { noStatement, statementSchema } from '../contract/cards.ts';
import { UserError } from '../contract/errors.ts';
import { trainSettingsSchema } from '../contract/training.ts';
import type { Project } from './project.ts';

/** What a project remembers for itself. Every setting has a default: an empty table is a valid project. */
const settings = {
  /** Content hash of the network used when none is named. */
  network: z.string().nullable().default(null),
  /** Name of the freeze point chosen for it; `last` where none was yet; null: nothing is to be frozen. */
  point: z.string().nullable().default('last'),
  /** What training is to be started with: as a plan of the advisor's had it, or as it was started last. */
  training: trainSettingsSchema.nullable().default(null),
  /** What was said of the classifier that was shared last. */
  statement: statementSchema.default(noStatement),
  /** Stored values shown as black and white in every 16-bit image; null: each image's own. */
  displayLimits: z.object({ low: z.number(), high: z.number() }).nullable().default(null),
};
type Settings = { [K in keyof typeof settings]: z.infer<(typeof settings)[K]> };

export function getSetting<K extends keyof Settings>(project: Project, key: K): Settings[K] {
  const text = project.database.prepare<[string], string>('SELECT value FROM settings WHERE key = ?').pluck().get(key);
  const parsed = settings[key].safeParse(text === undefined ? undefined : JSON.parse(text));
  if (!parsed.success) throw new UserError(`The project's setting ${key} is damaged: ${text ?? ''}.`);
  return parsed.data as Settings[K];
}

export function setSetting<K extends keyof Settings>(project: Project, key: K, value: Settings[K]): void {
  project.database
    .prepare('INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
    .run(key, JSON.stringify(value));
}
