import { rm } from 'node:fs/promises';
import type { Method } from '../contract/runs.ts';
import { forgetAnswers } from '../evaluation/answers.ts';
import { createSplit, plannedSplit } from '../evaluation/project-split.ts';
import { plannedNetwork, useNetwork } from '../networks/project-network.ts';
import { setSetting } from '../projects/settings.ts';
import { api } from '../session/api.ts';
import type { SessionControl } from '../session/jobs.ts';
import type { Session } from '../session/session.ts';
import { classifierCache } from '../sharing/classifier.ts';
import { type FineTuneControl, resumeRun } from './fine-tune.ts';
import { fineTuningOf } from './fine-tuning-defaults.ts';
import { chartMetrics } from './metrics.ts';
import { trainingPlan } from './plan.ts';
import type { TrainReport } from './recipe.ts';
import { rateShares } from './rate-shares.ts';
import { deleteRun, findRun, listRuns, pausedRun, renameRun } from './runs.ts';
import { trainAs } from './train.ts';

const titles: Readonly<Record<Method, string>> = {
  'fine-tune': 'Fine-tuning',
  softmax: 'Training softmax regression',
  svm: 'Training a linear SVM',
};

export function trainingRouter(session: Session) {
  const { studio } = session;

  /** Trains as a job, and says so when runs begin and end, and whenever there are new metrics. */
  const startJob = (
    title: string,
    canFinish: boolean,
    train: (control: SessionControl & FineTuneControl) => Promise<TrainReport>,
  ): { job: number } => {
    const told: FineTuneControl = {
      onBegin: () => session.touch('runs', 'metrics'),
      onMetrics: () => session.touch('metrics'),
    };
    const job = session.jobs.start({ kind: 'train', title, canFinish }, async (control) => {
      try {
        const { device } = await train({ ...told, ...control, onCheckpoint: control.canPause });
        session.computedOn(device);
      } finally {
        session.touch('runs');
      }
    });
    return { job };
  };

  return {
    plan: api.training.plan.handler(() => trainingPlan(studio, session.project())),
    split: api.training.split.handler(({ input }) => {
      const { warnings } = createSplit(session.project(), input);
      session.touch('runs');
      return { warnings: [...warnings] };
    }),
    start: api.training.start.handler(({ input }) => {
      const project = session.project();
      setSetting(project, 'training', input);
      const canFinish = input.method === 'fine-tune';
      return startJob(titles[input.method], canFinish, async (control) => {
        const network = await useNetwork(studio, project);
        session.touch('networks');
        return trainAs(studio, project, network, input, control);
      });
    }),
    fineTuning: api.training.fineTuning.handler(({ input }) => {
      const project = session.project();
      return fineTuningOf(plannedNetwork(studio, project).info, plannedSplit(project).counts.train, input);
    }),
    resume: api.training.resume.handler(({ input: { id } }) => {
      const project = session.project();
      pausedRun(project, id);
      return startJob(`Going on with run ${id}`, true, (control) => resumeRun(studio, project, id, control));
    }),
    runs: api.training.runs.handler(() => listRuns(session.project())),
    metrics: api.training.metrics.handler(({ input: { id, points, range } }) => {
      const project = session.project();
      const run = findRun(project, id);
      return { ...chartMetrics(project, id, points, range), rateShares: rateShares(project, run) };
    }),
    rename: api.training.rename.handler(({ input: { id, name } }) => {
      renameRun(session.project(), id, name);
      session.touch('runs');
      return null;
    }),
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
