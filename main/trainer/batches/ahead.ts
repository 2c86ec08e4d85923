/**
 * Prepares what comes next while one is used.
 *
 * @param from the first step
 * @param to the step after the last
 * @param ahead how many are prepared beside the one in use
 */
export async function* prepareAhead<Prepared>(
  from: number,
  to: number,
  ahead: number,
  prepare: (step: number) => Promise<Prepared>,
): AsyncGenerator<Prepared> {
  const underWay: Promise<Prepared>[] = [];
  let next = from;
  const start = (): void => {
    if (next >= to) return;
    const prepared = prepare(next++);
    // What fails before its turn is thrown when its turn comes.
    prepared.catch(() => undefined);
    underWay.push(prepared);
  };
  for (let count = 0; count < ahead; count++) start();
  for (let prepared = underWay.shift(); prepared; prepared = underWay.shift()) {
    const given = await prepared;
    start();
    yield given;
  }
}
