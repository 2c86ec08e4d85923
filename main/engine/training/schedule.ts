export interface Schedule {
  readonly kind: 'cosine' | 'constant';
  /** The highest rate. */
  readonly rate: number;
  /** Share of all steps over which the rate rises from zero. */
  readonly warmUp: number;
  readonly steps: number;
}

/**
 * The learning rate of a step: it rises in a straight line, then stays, or falls to zero along half a cosine (arXiv 1608.03983).
 *
 * @param step from 1 to `steps`
 */
export function rateOfStep({ kind, rate, warmUp, steps }: Schedule, step: number): number {
  const rising = Math.round(warmUp * steps);
  if (step <= rising) return (rate * step) / rising;
  if (kind === 'constant') return rate;
  const share = (step - rising - 1) / Math.max(1, steps - rising);
  return (rate * (1 + Math.cos(Math.PI * share))) / 2;
}
