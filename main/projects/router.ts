import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { projectFolder } from './project.ts';
import { forgetProject, listRecent } from './recent.ts';

/** @param openSample opens the images that ship with the studio as a project of one's own */
export function projectsRouter(session: Session, openSample: () => Promise<void>) {
  const { dataFolder } = session.studio;
  return {
    recent: api.projects.recent.handler(() => listRecent(dataFolder)),
    create: api.projects.create.handler(async ({ input }) => {
      await session.open(projectFolder(input.folder), 'create');
      return null;
    }),
    open: api.projects.open.handler(async ({ input }) => {
      await session.open(projectFolder(input.folder), 'open');
      return null;
    }),
    openSample: api.projects.openSample.handler(async () => {
      await openSample();
      return null;
    }),
    close: api.projects.close.handler(async () => {
      await session.close();
      return null;
    }),
    forget: api.projects.forget.handler(async ({ input }) => {
      await forgetProject(dataFolder, input.folder);
      return null;
    }),
  };
}
