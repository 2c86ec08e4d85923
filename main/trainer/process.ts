/**
 * The trainer: a process of its own, since a session's run blocks its thread, and a driver or the system may end it.
 * It is told jobs, one at a time, and ends when the core is gone.
 */
import { serveJobs } from './serve-jobs.ts';

process.on(
  'message',
  serveJobs((message) => void process.send?.(message)),
);
process.on('disconnect', () => process.exit());
// Ctrl+C reaches the whole group of processes: the core decides what becomes of its trainer.
process.on('SIGINT', () => undefined);
