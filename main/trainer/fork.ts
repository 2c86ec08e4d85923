import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromTrainer, LaunchTrainer } from './protocol.ts';

const entry = fileURLToPath(new URL('./process.ts', import.meta.url));
const keptWords = 4000;

/** Makes the trainer a child process of Node's. */
export const forkTrainer: LaunchTrainer = () => {
  // `advanced` is the structured clone: typed arrays travel as they are.
  const child = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-keptWords);
  });
  // A message sent while the process dies is lost with it; its end is reported by `onEnd`.
  child.on('error', () => undefined);
  return {
    pid: child.pid,
    send: (message) => void child.send(message, () => undefined),
    onMessage: (listener) => void child.on('message', (message) => listener(message as FromTrainer)),
    onEnd: (listener) => void child.on('close', (code, signal) => listener({ code, signal, lastWords })),
    kill: () => void child.kill('SIGKILL'),
  };
};
