import { inspect } from 'node:util';
import { explain } from '../contract/errors.ts';

const defectSentence =
  'This is a fault of Parfocal itself, not of your data. What was saved is kept. Its log says more; please report it.';

/** The sentence to show for anything thrown. A defect of ours goes to the log in full, and is shown without its details. */
export function sentenceOf(error: unknown, where: string): string {
  const sentence = explain(error);
  if (sentence !== undefined) return sentence;
  logDefect(error, where);
  return defectSentence;
}

/** The log is the error stream: the shell decides where that goes. */
export function logDefect(error: unknown, where: string): void {
  process.stderr.write(`${new Date().toISOString()} ${where}: ${inspect(error)}\n`);
}
