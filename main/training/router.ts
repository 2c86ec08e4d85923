import { rm } from 'node:fs/promises';
import { forgetAnswers } from '../evaluation/answers.ts';
import { createSplit } from '../evaluation/project-split.ts';
import { selectPoint, useNetwork } from '../networks/project-network.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { classifierCache } from '../sharing/classifier.ts';
import { trainingPlan } from './plan.ts';
import { deleteRun, listRuns } from './runs.ts';
import { trainLinear } from './train-linear.ts';

export function trainingRouter(session: Session) {
  const { studio } = session;
  return {
    plan: api.training.plan.handler(() => trainingPlan(studio, session.project())),
    split: api.training.split.handler(({ input }) => {
      const { warnings } = createSplit(session.project(), input);
      session.touch('runs');
      return { warnings: [...warnings] };
    }),
    start: api.training.start.handler(({ input: { method, point, pooling, size, seed, device } }) => {
      const project = session.project();
      const title = `Training ${method === 'svm' ? 'a linear SVM' : 'softmax regression'}`;
      const job = session.jobs.start({ kind: 'train', title }, async (control) => {
        try {
          const network = await useNetwork(studio, project);
          session.touch('networks');
          const request = { network, point: selectPoint(network, point), method, pooling, seed, device };
          const report = await trainLinear(
            studio,
            project,
            { ...request, ...(size === null ? {} : { size }) },
            control,
          );
          session.computedOn(report.device);
        } finally {
          session.touch('runs');
        }
      });
      return { job };
    }),
    runs: api.training.runs.handler(() => listRuns(session.project())),
    deleteRun: api.training.deleteRun.handler(async ({ input: { id } }) => {
      const project = session.project();
      await deleteRun(project, id);
      forgetAnswers(project, id);
      await rm(classifierCache(project, id), { force: true });
      session.touch('runs');
      return null;
    }),
  };
}
