import type { Scaling } from '../../../main/contract/networks.ts';

/** A scaling as the person types it. */
export interface ScalingForm {
  /** What pixel values 0 and 255 become: `0 1`. */
  range: '0 1' | '0 255' | '-1 1';
  channels: Scaling['channels'];
  /** Three numbers apart by commas or spaces, in the network's channel order; or one for all. */
  mean: string;
  deviation: string;
}

export function formOf({ range, channels, mean, deviation }: Scaling): ScalingForm {
  const written = range.join(' ');
  return {
    range: written === '0 1' || written === '-1 1' ? written : '0 255',
    channels,
    mean: mean.join(', '),
    deviation: deviation.join(', '),
  };
}

/** Three numbers, or undefined for what is none. */
export function triple(text: string): [number, number, number] | undefined {
  const numbers = text
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
    .map(Number);
  if (!numbers.every(Number.isFinite)) return undefined;
  const [first, second = first, third = first] = numbers;
  return numbers.length === 1 || numbers.length === 3 ? [first, second, third] : undefined;
}

/** The scaling that a form says; undefined while it says none. */
export function scalingOf({ range, channels, mean, deviation }: ScalingForm): Scaling | undefined {
  const [low, high] = range.split(' ').map(Number);
  const means = triple(mean);
  const deviations = triple(deviation);
  if (!means || !deviations?.every((value) => value > 0)) return undefined;
  return { range: [low, high], channels, mean: means, deviation: deviations };
}
