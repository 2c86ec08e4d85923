import { explain, UserError } from '../contract/errors.ts';

/** Exit codes: the job failed; the command was not understood. */
export const failed = 1;
export const wrongUsage = 2;

/** Says on the error stream what went wrong. A defect of ours shows its details, since only a developer can use them. */
export function reportFailure(error: unknown): void {
  const sentence = explain(error);
  if (sentence !== undefined) {
    const hint = error instanceof UserError && error.onCommandLine ? ` ${error.onCommandLine}` : '';
    console.error(`parfocal: ${sentence}${hint}`);
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  console.error(`parfocal: This is a defect in Parfocal: ${message}. Nothing that was saved before is lost.`);
  if (process.env['PARFOCAL_DEBUG'] && error instanceof Error) console.error(error.stack);
  else console.error('Run it again with PARFOCAL_DEBUG=1 for the details that a report needs.');
}
