/** How a fitted classifier did on items that it had not seen. */
export interface HeldOut {
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Over how many items. */
  readonly items: number;
}

/**
 * The share of the learning rates that is right for Adam where a fitted classifier leaves little to learn: √(loss / ln C), no more than
 * 1. Adam divides gradients by their root mean square, so its steps are as large where nothing is left to learn, and shake a network
 * that was right. That root mean square falls with the loss: the gradient of the cross-entropy by the logits is p − y, and
 * (1 − p_y)² ≤ −ln p_y. The share takes the division back, as far as it is not for the scale that the gradients have by chance.
 *
 * Few items that happen to be right say little: one more, answered by chance, counts among them.
 */
export function rateByFit({ loss, items }: HeldOut, classCount: number): number {
  const chance = Math.log(classCount);
  return Math.min(1, Math.sqrt((items * loss + chance) / ((items + 1) * chance)));
}
