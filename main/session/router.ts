import type { StudioState } from '../contract/api/studio.ts';
import { listFolder } from '../projects/folders.ts';
import { api } from './api.ts';
import type { Session } from './session.ts';

export function studioRouter(session: Session, shell: StudioState['shell']) {
  return {
    watch: api.studio.watch.handler(({ signal }) => session.watch(shell, signal)),
    cancelJob: api.studio.cancelJob.handler(({ input }) => {
      session.jobs.cancel(input.id);
      return null;
    }),
    listFolder: api.studio.listFolder.handler(({ input }) => listFolder(input.folder)),
  };
}
