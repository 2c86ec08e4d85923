/** A thread that renders views, so that the trainer's own thread, which a session blocks, need not. */
import { answerRequests } from '../threads/answer.ts';
import { render } from './render.ts';
import type { RenderRequest } from './render-pool.ts';

answerRequests(
  ({ image, size }: RenderRequest) => render(image, size),
  ({ views }) => views.map((view) => view.pixels.buffer),
);
