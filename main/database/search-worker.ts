/** A thread that searches indices of codes, each time by a connection of its own: what it reads, the core may be writing. */
import { answerRequests } from '../threads/answer.ts';
import { searchParts } from './neighbour-index.ts';
import { openForReading } from './open.ts';
import type { SearchRequest } from './search-threads.ts';

answerRequests(({ codesFile, setId, parts, vector, k }: SearchRequest) => {
  const database = openForReading(codesFile);
  try {
    return searchParts(database, setId, parts, vector, k);
  } finally {
    database.close();
  }
});
