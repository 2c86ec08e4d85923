import type { Progress } from '../contract/progress.ts';

/** What the core says to the trainer. */
export type ToTrainer =
  | { readonly kind: 'start'; readonly id: number; readonly job: string; readonly params: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  /** The job is to end well before its time, with what it has so far. */
  | { readonly kind: 'finish'; readonly id: number };

/** What the trainer answers. A job ends with exactly one of `done` and `failed`. */
export type FromTrainer =
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'output'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'failed';
      readonly id: number;
      /** For the person where `expected`; else a defect's own message. */
      readonly message: string;
      readonly expected: boolean;
      readonly cancelled: boolean;
      readonly stack?: string | undefined;
    };

/** How the trainer's process ended. */
export interface TrainerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last of what it wrote on its error stream. */
  readonly lastWords: string;
}

/** A running trainer process, however the shell made it. Typed arrays must arrive as typed arrays. */
export interface TrainerProcess {
  readonly pid: number | undefined;
  send(message: ToTrainer): void;
  onMessage(listener: (message: FromTrainer) => void): void;
  onEnd(listener: (end: TrainerEnd) => void): void;
  kill(): void;
}

/** The shell's way to make one: a fork under Node, a utility process under Electron. */
export type LaunchTrainer = () => TrainerProcess;
