/**
 * An error meant for the person using the studio: the message names the file, the place and what to do, and is shown as
 * it stands. Anything else that is thrown is a defect of ours and is reported as such.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** What to do about it on the command line: a sentence that follows the message there. */
  readonly onCommandLine: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly onCommandLine?: string } = {}) {
    super(message, options);
    this.onCommandLine = options.onCommandLine;
  }
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

/** What to tell the person of a failure of the machine (disk, rights), by Node's or SQLite's code for it. */
const systemMessages: Readonly<Partial<Record<string, string>>> = {
  ENOSPC: 'The disk is full. Free some space and try again; what was saved before is kept',
  SQLITE_FULL: 'The disk is full. Free some space and try again; what was saved before is kept',
  EDQUOT: 'The disk quota is used up. Free some space and try again; what was saved before is kept',
  EROFS: 'The disk is read-only',
  EACCES: 'Permission was denied',
  EPERM: 'The operation is not permitted',
  ENOENT: 'There is no such file or folder',
  ENOTDIR: 'A part of the path is a file, not a folder',
  EISDIR: 'This is a folder, not a file',
  EMFILE: 'Too many files are open at once',
  SQLITE_READONLY: 'The project is read-only. Make its folder writable, or copy it to a place that is',
  SQLITE_READONLY_DIRECTORY: 'The project is read-only. Make its folder writable, or copy it to a place that is',
  SQLITE_CANTOPEN: 'The project cannot be opened for writing. Make its folder writable, or copy it to a place that is',
  SQLITE_BUSY: 'The project is in use by another program',
  SQLITE_CORRUPT: 'The database is damaged. Restore the project from a backup',
  SQLITE_NOTADB: 'The file is not a database of Parfocal, or it is damaged',
  SQLITE_IOERR: 'The disk could not be read or written',
};

/**
 * The sentence to show for anything thrown, or undefined where it is a defect of ours (the caller then says so and
 * keeps the details for the log).
 */
export function explain(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (['UserError', 'EngineError', 'CancelledError'].includes(error.name)) return error.message;
  const { code, path } = error as { code?: unknown; path?: unknown };
  if (typeof code !== 'string') return undefined;
  const known = systemMessages[code] ?? systemMessages[code.split('_').slice(0, 2).join('_')];
  if (known === undefined) return undefined;
  return typeof path === 'string' ? `${path}: ${known}.` : `${known}.`;
}
