/** Most work that one call of a session is given, so that the process hears its messages in time. */
const multiplyAddsACall = 5e9;
const largestBatch = 32;

/**
 * Views a call, by what one costs. Depends on nothing but the network, so that the same items give the same bits.
 *
 * @param multiplyAdds of one view
 */
export function batchSizeFor(multiplyAdds: number): number {
  const most = Math.max(1, Math.min(largestBatch, multiplyAddsACall / Math.max(1, multiplyAdds)));
  return 2 ** Math.floor(Math.log2(most));
}
