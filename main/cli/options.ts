import { InvalidArgumentError, Option } from 'commander';
import { type DeviceChoice, deviceChoices } from '../contract/devices.ts';
import { poolings } from '../contract/networks.ts';

/** A number within limits, or wrong usage. */
export function number(limits: { min?: number; max?: number; whole?: boolean } = {}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const { min = -Infinity, max = Infinity, whole = false } = limits;
    if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
    if (whole && !Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
    if (value < min || value > max) throw new InvalidArgumentError(`It must lie between ${min} and ${max}.`);
    return value;
  };
}

export const networkOption = (): Option =>
  new Option('--network <network>', 'a network’s name or path; the project’s own when left out');
export const pointOption = (description: string): Option => new Option('--at <point>', description).default('last');
export const poolingOption = (): Option =>
  new Option('--pool <pooling>', 'how activations become one vector').choices(poolings).default('avg');
export const deviceOption = (): Option =>
  new Option('--device <device>', 'where to compute').choices(deviceChoices).default('auto' satisfies DeviceChoice);
export const sizeOption = (): Option =>
  new Option('--size <pixels>', 'side of the network’s input; its own when left out').argParser(
    number({ min: 8, max: 4096, whole: true }),
  );
export const seedOption = (): Option =>
  new Option('--seed <number>', 'same seed, same result')
    .argParser(number({ min: 0, max: 2 ** 32 - 1, whole: true }))
    .default(0);
