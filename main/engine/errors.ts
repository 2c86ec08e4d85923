/**
 * Something about a network, a tensor or a device that the person using the studio can understand and act on. The
 * message says what is wrong, where, and what to do; it is shown as it stands, without a stack trace.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}
