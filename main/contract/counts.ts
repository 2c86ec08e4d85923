const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** 4886 -> "4,886". */
export const count = (value: number): string => whole.format(value);

/** "1 image", "412 images". */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
