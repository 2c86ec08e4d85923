/** How a fitted classifier did on items that it had not seen. */
export interface HeldOut {
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Over how many items. */
  readonly items: number;
}

/** A classifier whose loss is this share of that of chance, or more, leaves enough to learn for rates as they are set. */
const enough = 0.1;

/**
 * The share of the learning rates that is right for Adam where a fitted classifier leaves little to learn: 1 down to a tenth of the
 * loss of chance, ln C, and below that in proportion to the loss. Adam divides gradients by their own size, so its steps are as large
 * where nothing is left to learn, and shake a network that was right. The gradient itself falls in proportion: by the logits it is
 * p − y, and 1 − p_y ≤ −ln p_y.
 *
 * Few items that happen to be right say little: one more, answered by chance, counts among them.
 */
export function rateByFit({ loss, items }: HeldOut, classCount: number): number {
  const chance = Math.log(classCount);
  return Math.min(1, (items * loss + chance) / ((items + 1) * enough * chance));
}
