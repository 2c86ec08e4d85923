import { implement, ORPCError } from '@orpc/server';
import { contract } from '../contract/api/index.ts';
import { explain } from '../contract/errors.ts';
import { logDefect, sentenceOf } from './failures.ts';

/**
 * The contract, to be answered procedure by procedure. What a person must understand goes out as `REFUSED` with its
 * sentence; of a defect only that it is one.
 */
export const api = implement(contract).use(async ({ next, path }) => {
  try {
    return await next();
  } catch (error) {
    const where = path.join('.');
    if (error instanceof ORPCError) {
      // An answer that the contract does not allow; a question that it does not allow is the asker's fault.
      if (error.status >= 500) logDefect(error, where);
      throw error;
    }
    const message = sentenceOf(error, where);
    if (explain(error) === undefined) throw new ORPCError('INTERNAL_SERVER_ERROR', { message });
    throw new ORPCError('REFUSED', { status: 400, message, data: { sentence: message } });
  }
});
