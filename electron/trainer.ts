/** The trainer's process under Electron: does jobs for whoever holds the other end of the port that it is given. */
import { serveJobs } from '../main/trainer/serve-jobs.ts';
import type { ToTrainer } from '../main/trainer/protocol.ts';

process.parentPort.once('message', ({ ports: [port] }) => {
  const take = serveJobs((message) => port.postMessage(message));
  port.on('message', ({ data }) => take(data as ToTrainer));
  // The core is gone.
  port.on('close', () => process.exit());
  port.start();
});
