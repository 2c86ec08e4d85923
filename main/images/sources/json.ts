import { constants } from 'node:buffer';
import { UserError, messageOf } from '../../contract/errors.ts';
import { readText } from './text.ts';

/** A string cannot be longer, and JSON is parsed from one. */
const limit = constants.MAX_STRING_LENGTH;

/**
 * Parses a JSON file.
 *
 * @throws UserError with the line and the column of the fault
 */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path, limit);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const message = messageOf(error);
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length);
    const before = text.slice(0, position).split('\n');
    const reason = message.replace(/ in JSON.*$/s, '').replace(/, ".*$/s, '');
    throw new UserError(
      `${path}: this is not valid JSON: line ${before.length}, column ${before.at(-1)!.length + 1}: ${reason}.`,
      { cause: error },
    );
  }
}
