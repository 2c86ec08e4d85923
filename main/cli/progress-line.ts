import { formatBytes } from '../contract/bytes.ts';
import type { Progress } from '../contract/progress.ts';

/** Shows progress on one line of the error stream, where that is a terminal; elsewhere it says nothing. */
export class ProgressLine {
  #shown = false;

  show(progress: Progress): void {
    if (!process.stderr.isTTY) return;
    process.stderr.write(`\r\x1b[K${describeProgress(progress)}`);
    this.#shown = true;
  }

  /** Puts a line above it, which stays. */
  say(line: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}\n`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** `Computing codes 1,840/4,886 · 310/s · 10 s left` */
export function describeProgress({ step, done, total, rate, secondsLeft, unit }: Progress): string {
  const count = (value: number): string =>
    unit === 'bytes' ? formatBytes(value) : Math.round(value).toLocaleString('en');
  const parts = [total === undefined ? `${step} ${count(done)}` : `${step} ${count(done)}/${count(total)}`];
  if (rate !== undefined) parts.push(`${rate >= 10 ? count(rate) : rate.toFixed(1)}/s`);
  if (secondsLeft !== undefined) parts.push(`${duration(secondsLeft)} left`);
  return parts.join(' · ');
}

/** `40 s`, `12 min`, `1.5 h` */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
