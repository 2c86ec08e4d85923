/** Some items as a network takes them. Of use until the next batch is asked for: its memory is used again. */
export interface Batch {
  /** Positions in the list of items that the source was made for. */
  readonly rows: Int32Array;
  /** [rows.length, ...shape] */
  readonly data: Float32Array | Uint8Array;
}

/**
 * Where batches come from. What stands in each depends on the source's settings and on (epoch, step) alone, so that a run that was
 * cut off goes on with the same ones.
 */
export interface BatchSource {
  /** Of one item: of activations at a freeze point as the network gives them, of pixels [size, size, 3]. */
  readonly shape: readonly number[];
  /**
   * Activations are float32, widened from the halves that are stored: ONNX Runtime's binding for Node takes none (1.30 reads them
   * as empty), and neither do GPUs without `shader-f16`. Widening costs about a nanosecond a value.
   */
  readonly type: 'float32' | 'uint8';
  /** Batches an epoch. */
  readonly steps: number;
  /**
   * The batches of an epoch in turn; the next is being prepared while one is used.
   *
   * @param epoch any whole number; without meaning to a source whose order never changes
   * @param fromStep leaves out the batches before
   * @throws UserError when what is needed cannot be read any more
   */
  epoch(epoch: number, fromStep?: number): AsyncIterable<Batch>;
}
