import { constants } from 'node:buffer';
import { UserError } from '../../contract/errors.ts';
import { jsonFault } from './json-fault.ts';
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
    const fault = jsonFault(text);
    const before = text.slice(0, fault).split('\n');
    const found = text.slice(fault, fault + 20).split('\n')[0];
    throw new UserError(
      `${path}: this is not valid JSON: line ${before.length}, column ${before.at(-1)!.length + 1}: ` +
        `${found === '' ? 'the file ends too early' : `what begins with ${found} does not belong here`}.`,
      { cause: error },
    );
  }
}
