import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { createTrainerLauncher, type TrainerPort } from '../../electron/trainer-launcher.ts';
import { createTrainer } from '../../main/trainer/client.ts';
import { serveJobs } from '../../main/trainer/serve-jobs.ts';
import { until } from '../support/serving.ts';

/** Ports of Node as Electron's are: what arrives is in an event. */
function asElectron(port: MessagePort): TrainerPort {
  return {
    postMessage: (message) => port.postMessage(message),
    on: (_event, listener) => port.on('message', (data: unknown) => listener({ data })),
    start: () => port.start(),
  };
}

/** A core and a shell that makes trainers in this process, when it is told to: all but the processes is the desktop's. */
function desktop() {
  const asked: { kind: string; id: number }[] = [];
  const launcher = createTrainerLauncher((message) => asked.push(message));
  const trainer = createTrainer(launcher.launch);
  const make = (id: number): void => {
    const { port1, port2 } = new MessageChannel();
    const take = serveJobs((message) => port2.postMessage(message));
    port2.on('message', take);
    onTestFinished(() => port1.close());
    launcher.started(id, 1234, asElectron(port1));
  };
  return { asked, launcher, trainer, make };
}

test('a job that is given before the process is there runs when it is', async () => {
  const { asked, trainer, make } = desktop();
  const answer = trainer
    .run('describe-classifier', { path: '/there/is/no/network.onnx' })
    .catch((error: unknown) => error);
  await until(() => asked.length === 1);
  expect(asked).toEqual([{ kind: 'launch-trainer', id: 1 }]);
  expect(trainer.pid).toBeUndefined();
  make(1);
  expect(trainer.pid).toBe(1234);
  // The trainer's own answer, over both ports.
  expect(String(await answer)).toContain('/there/is/no/network.onnx');
});

test('a process that dies ends its job with what it said last, and another is made for the next', async () => {
  const { asked, launcher, trainer, make } = desktop();
  const answer = trainer.run('describe-classifier', { path: 'a.onnx' }).catch((error: unknown) => error);
  await until(() => asked.length === 1);
  launcher.ended(1, { code: null, signal: 'SIGKILL', lastWords: 'fatal error: out of memory\n' });
  expect(String(await answer)).toContain('Its last words: fatal error: out of memory');
  const next = trainer.run('describe-classifier', { path: 'b.onnx' }).catch((error: unknown) => error);
  await until(() => asked.length === 2);
  expect(asked[1]).toEqual({ kind: 'launch-trainer', id: 2 });
  make(2);
  expect(String(await next)).toContain('b.onnx');
  trainer.close();
  expect(asked[2]).toEqual({ kind: 'kill-trainer', id: 2 });
});
