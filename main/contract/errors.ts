/**
 * An error meant for the person using the studio: the message names the file, the place and what to do, and is shown as
 * it stands. Anything else that is thrown is a defect of ours and is reported as such.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The person, or the program that asked, cancelled the job. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  constructor(what = 'The job') {
    super(`${what} was cancelled.`);
  }
}

/** The message of anything thrown, for a sentence of our own to carry. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
