/** A thread that renders views, so that the trainer's own thread, which a session blocks, need not. */
import { parentPort } from 'node:worker_threads';
import { render } from './render.ts';
import type { RenderAnswer, RenderRequest } from './render-pool.ts';

parentPort!.on('message', ({ id, image, size }: RenderRequest) => {
  void render(image, size).then((rendered) => {
    const answer: RenderAnswer = { id, rendered };
    parentPort!.postMessage(
      answer,
      rendered.views.map((view) => view.pixels.buffer),
    );
  });
});
