import type { Part } from '../../contract/images.ts';

const names: Readonly<Partial<Record<string, Part>>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
};

/** The part of a split by one of its usual names, in either case; undefined for any other word. */
export const partNamed = (name: string): Part | undefined => names[name.trim().toLowerCase()];
