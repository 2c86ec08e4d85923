/** A thread that renders views, so that the trainer's own thread, which a session blocks, need not. */
import { answerRequests } from '../threads/answer.ts';
import { createPatchStore, type PatchStore } from './patches.ts';
import { render } from './render.ts';
import type { RenderRequest } from './render-pool.ts';

let kept: PatchStore | undefined;

answerRequests(
  ({ image, size, keptBytes }: RenderRequest) =>
    keptBytes === undefined ? render(image, size) : render(image, size, (kept ??= createPatchStore(keptBytes))),
  ({ views }) => views.map((view) => view.pixels.buffer),
);
