import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { CancelledError, UserError } from '../../contract/errors.ts';
import type { Control, Progress } from '../../contract/progress.ts';
import { hashFile } from '../../images/hash.ts';
import { ask, connect, explained, headerOf, Interruption, NotThere } from './ask.ts';
import { Partial } from './partial.ts';

/** A published file: it is that and no other, or it is not taken. */
export interface Wanted {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** How long a download waits for what goes wrong, in milliseconds. */
export interface Patience {
  /** For the next bytes. */
  readonly stall: number;
  /** Before the second try; twice as long before each further one. */
  readonly pause: number;
  /** Tries in a row that bring nothing. */
  readonly tries: number;
}

const usual: Patience = { stall: 60_000, pause: 1000, tries: 6 };
/** However long a server asks to wait. */
const longestWait = 120_000;

/**
 * Fetches a file: goes on from what an earlier download left, tries again when the connection is cut, and takes the file only
 * with the right length and SHA-256. What was fetched before a failure or a cancellation stays for the next time.
 *
 * @param addresses asked one after the other, until one has the file
 * @param target where the file is to lie; what is not whole yet lies beside it
 * @throws CancelledError
 * @throws UserError that names the server and what to do
 */
export async function download(
  addresses: readonly URL[],
  wanted: Wanted,
  target: string,
  control: Control = {},
  patience: Patience = usual,
): Promise<void> {
  if (existsSync(target) && (await hashFile(target)) === wanted.sha256) return;
  const partial = await Partial.open(target, wanted.bytes, control.signal);
  const dispatcher = connect(patience.stall);
  let finished = false;
  try {
    await fetchAll({
      addresses,
      wanted,
      partial,
      dispatcher,
      control,
      patience,
      progress: createProgress(wanted, control),
    });
    await partial.finish();
    finished = true;
  } finally {
    if (!finished) await partial.close();
    await dispatcher.destroy();
  }
}

interface Work {
  readonly addresses: readonly URL[];
  readonly wanted: Wanted;
  readonly partial: Partial;
  readonly dispatcher: Dispatcher;
  readonly control: Control;
  readonly patience: Patience;
  readonly progress: (done: number) => void;
}

async function fetchAll(work: Work): Promise<void> {
  const { wanted, partial } = work;
  const resumed = partial.bytes > 0;
  const address = await fetchFrom(work);
  if (partial.digest() === wanted.sha256) return;
  await partial.restart();
  // The part from the last time may have been of another version: the whole file from one and the same server decides.
  const last = resumed ? await fetchFrom(work) : address;
  if (partial.digest() === wanted.sha256) return;
  await partial.restart();
  throw wrongContent(wanted, last);
}

function wrongContent({ file }: Wanted, { host }: URL): UserError {
  return new UserError(
    `What ${host} gave is not ${file} as it was published: its SHA-256 is another. It was damaged on the way, or changed. Nothing of it was kept; try another source.`,
  );
}

/** Fetches what is missing from the first address that has it. @returns that address */
async function fetchFrom(work: Work): Promise<URL> {
  const answers: string[] = [];
  for (const address of work.addresses) {
    try {
      await fetchPatiently(address, work);
      return address;
    } catch (error) {
      if (!(error instanceof NotThere)) throw error;
      answers.push(error.message);
    }
  }
  throw new UserError(
    `${work.wanted.file} was not found (${answers.join('; ')}). Get it elsewhere, and name the mirror or the file instead.`,
  );
}

/** Tries until everything is there: again whenever a try brought something, a few times where none did. */
async function fetchPatiently(address: URL, work: Work): Promise<void> {
  const { wanted, partial, patience, control } = work;
  let furthest = partial.bytes;
  let failures = 0;
  while (partial.bytes < wanted.bytes) {
    try {
      await fetchOnce(address, work);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      failures = partial.bytes > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, partial.bytes);
      if (failures >= patience.tries) {
        const kept = partial.bytes > 0 ? ' What was fetched is kept: the next try goes on from there.' : '';
        throw new UserError(`${wanted.file} could not be fetched: ${error.message}.${kept}`, { cause: error });
      }
      const pause = Math.min(longestWait, (error.wait ?? 0) * 1000 || patience.pause * 2 ** (failures - 1));
      control.onProgress?.({
        step: `Trying again soon: ${error.message}`,
        ...{ done: partial.bytes, total: wanted.bytes, unit: 'bytes' },
      });
      await sleep(pause, control.signal);
    }
  }
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, signal ? { signal } : {});
  } catch {
    throw new CancelledError('The download');
  }
}

/** One request for what is missing, and its body. */
async function fetchOnce(origin: URL, { wanted, partial, dispatcher, control, progress }: Work): Promise<void> {
  const { signal } = control;
  const from = partial.bytes;
  const { version } = partial;
  const answer = await ask(
    origin,
    from === 0 ? {} : { range: `bytes=${from}-`, ...(version === undefined ? {} : { 'if-range': version }) },
    { dispatcher, signal },
  );
  const { body, statusCode } = answer;
  let isWhole = false;
  try {
    if (statusCode === 416 || (statusCode === 206 && rangeOf(answer)?.from !== from)) {
      await partial.restart();
      throw new Interruption(`${origin.host} has no such part of the file any more`);
    }
    // The whole file: the server does not give parts, or has another version than the one that was begun.
    isWhole = statusCode === 200;
    if (isWhole && from > 0) await partial.restart();
    checkLength(answer, wanted, origin);
    await partial.ofVersion(versionOf(answer));
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (partial.bytes + chunk.length > wanted.bytes) throw wrongLength(wanted, origin, 'more');
      await partial.add(chunk);
      progress(partial.bytes);
    }
  } catch (error) {
    // What it says of its own end is known.
    body.on('error', () => undefined).destroy();
    if (error instanceof UserError) await partial.restart();
    if (error instanceof UserError || error instanceof Interruption || isOfTheDisk(error)) throw error;
    throw explained(error, origin.host, signal);
  }
  if (partial.bytes === wanted.bytes) return;
  if (isWhole && headerOf(answer, 'content-length') === undefined) {
    await partial.restart();
    throw wrongLength(wanted, origin, 'less');
  }
  throw new Interruption(`the connection to ${origin.host} was cut`);
}

/** A failure to write, as against one to fetch. */
function isOfTheDisk(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['write', 'open', 'ftruncate', 'unlink'].includes(String((error as { syscall?: unknown }).syscall))
  );
}

interface Range {
  readonly from: number;
  readonly total: number | undefined;
}

function rangeOf(answer: Dispatcher.ResponseData): Range | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headerOf(answer, 'content-range') ?? '');
  return match ? { from: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) } : undefined;
}

/** What the server says of the whole file's length must be what was published, before a byte of it is taken. */
function checkLength(answer: Dispatcher.ResponseData, wanted: Wanted, origin: URL): void {
  const given = headerOf(answer, 'content-length');
  const length = answer.statusCode === 206 ? rangeOf(answer)?.total : given === undefined ? undefined : Number(given);
  if (length !== undefined && length !== wanted.bytes)
    throw wrongLength(wanted, origin, length > wanted.bytes ? 'more' : 'less');
}

function wrongLength({ file, bytes }: Wanted, { host }: URL, than: 'more' | 'less'): UserError {
  return new UserError(
    `What ${host} gives is not ${file} as it was published: it has ${than} than ${bytes.toLocaleString('en')} bytes. Nothing of it was kept; try another source.`,
  );
}

/** A strong ETag, or the time of the last change: what a request for the rest can be bound to. */
function versionOf(answer: Dispatcher.ResponseData): string | undefined {
  const etag = headerOf(answer, 'etag');
  return etag?.startsWith('"') ? etag : headerOf(answer, 'last-modified');
}

/** Reports at most ten times a second, with the rate of the last few seconds. */
function createProgress({ bytes: total }: Wanted, { onProgress }: Control): (done: number) => void {
  const rateWindow = 5000;
  let last = -Infinity;
  let history: { time: number; done: number }[] = [];
  return (done) => {
    const time = performance.now();
    if (!onProgress || (done < total && time - last < 100)) return;
    last = time;
    history = [...history.filter((one) => time - one.time < rateWindow), { time, done }];
    const [first] = history;
    const rate = time > first.time ? ((done - first.done) / (time - first.time)) * 1000 : 0;
    const speed: Pick<Progress, 'rate' | 'secondsLeft'> = rate > 0 ? { rate, secondsLeft: (total - done) / rate } : {};
    onProgress({ step: 'Downloading', done, total, unit: 'bytes', ...speed });
  };
}
