import type { PathChoice, StudioState } from '../contract/api/studio.ts';
import { UserError } from '../contract/errors.ts';
import { listFolder } from '../projects/folders.ts';
import { api } from './api.ts';
import type { Session } from './session.ts';

/** The system's own dialog, where the shell has one; null when nothing was chosen. */
export type ChoosePath = (choice: PathChoice) => Promise<string | null>;

export function studioRouter(session: Session, shell: StudioState['shell'], choosePath: ChoosePath | undefined) {
  return {
    watch: api.studio.watch.handler(({ signal }) => session.watch(shell, signal)),
    cancelJob: api.studio.cancelJob.handler(({ input }) => {
      session.jobs.cancel(input.id);
      return null;
    }),
    finishJob: api.studio.finishJob.handler(({ input }) => {
      session.jobs.finish(input.id);
      return null;
    }),
    forgetJob: api.studio.forgetJob.handler(({ input }) => {
      session.jobs.forget(input.id);
      return null;
    }),
    choosePath: api.studio.choosePath.handler(async ({ input }) => {
      if (!choosePath) throw new UserError('A browser has no dialog for the computer’s files.');
      return { path: await choosePath(input) };
    }),
    listFolder: api.studio.listFolder.handler(({ input }) => listFolder(input.folder)),
  };
}
