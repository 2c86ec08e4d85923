import type { ImportReport } from '../contract/api/items.ts';
import { counted } from '../contract/counts.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { describeItems } from './describe.ts';
import { joinFiles } from './join-files.ts';
import { listGroups, listImages } from './images.ts';
import { previewImport } from './preview.ts';
import { queryItems } from './query.ts';
import { addRegions } from './regions.ts';
import { removeInPortions, removeItems, weighRemoval } from './remove.ts';
import { prepareSimilarity } from './similarity-job.ts';
import { startImport } from './import-job.ts';

export function itemsRouter(session: Session, reports: Map<number, ImportReport>) {
  return {
    import: api.items.import.handler(({ input }) => ({
      job: startImport(session, reports, input.source, input.options),
    })),
    importReport: api.items.importReport.handler(({ input }) => reports.get(input.job) ?? null),
    joinFiles: api.items.joinFiles.handler(async ({ input }) => ({
      source: await joinFiles(session.project(), input.files),
    })),
    previewImport: api.items.previewImport.handler(({ input }) => previewImport(input.source, input.options)),
    images: api.items.images.handler(({ input }) => listImages(session.project(), input.offset, input.limit)),
    groups: api.items.groups.handler(() => listGroups(session.project())),
    query: api.items.query.handler(({ input }) => queryItems(session.project(), input.filter, input.order)),
    describe: api.items.describe.handler(({ input }) => describeItems(session.project(), input.ids)),
    addRegions: api.items.addRegions.handler(({ input }) => {
      const ids = addRegions(session.project(), input.imageId, input.boxes, input.classId);
      session.touch('items', 'labels');
      return ids;
    }),
    removeItems: api.items.removeItems.handler(({ input }) => {
      removeItems(session.project(), input.ids);
      session.touch('items', 'labels');
      return null;
    }),
    weighRemoval: api.items.weighRemoval.handler(({ input }) => weighRemoval(session.project(), input)),
    remove: api.items.remove.handler(({ input }) => {
      const project = session.project();
      const description = {
        kind: 'remove',
        title: `Removing ${counted(input.ids.length, input.what === 'images' ? 'image' : 'item')}`,
      } as const;
      const job = session.jobs.start(description, async (control) => {
        try {
          await removeInPortions(project, input, control);
        } finally {
          session.touch('items', 'labels');
        }
      });
      return { job };
    }),
    prepareSimilar: api.items.prepareSimilar.handler(() => ({ job: prepareSimilarity(session) })),
  };
}
