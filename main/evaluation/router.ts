import type { Explanation, RunAnswer } from '../contract/api/learning.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { crossValidationOf, finishedRun } from '../training/runs.ts';
import { answersOf, classesOfRun } from './answers.ts';
import { crossValidateRecipe } from './cross-validate.ts';
import { explainItem } from './explain.ts';
import { asPictures } from './explanation-pictures.ts';

export function evaluationRouter(session: Session) {
  const explanations = session.results<Explanation>();
  return {
    answers: api.evaluation.answers.handler(({ input: { run, ids } }) => {
      const { byItem } = answersOf(session.project(), run);
      const wanted = ids ?? [...byItem].flatMap(([id, { part }]) => (part === 'test' ? [id] : []));
      return wanted.flatMap((itemId): RunAnswer[] => {
        const answer = byItem.get(itemId);
        return answer ? [{ itemId, ...answer, probabilities: [...answer.probabilities] }] : [];
      });
    }),
    suggestions: api.evaluation.suggestions.handler(({ input }) => {
      const project = session.project();
      const { run, suggestions } = answersOf(project, input.run);
      const classes = classesOfRun(project, run);
      return input.ids.flatMap((itemId) => {
        const found = suggestions.get(itemId);
        return found ? [{ itemId, classId: classes[found.classIndex] ?? null, probability: found.probability }] : [];
      });
    }),
    explain: api.evaluation.explain.handler(({ input: { run: runId, itemId, classes, point } }) => {
      const project = session.project();
      const run = finishedRun(project, runId);
      const job = session.jobs.start({ kind: 'explain', title: `Explaining item ${itemId}` }, async (control, id) => {
        const found = await explainItem(session.studio, project, run, { itemId, classes, point }, control);
        explanations.clear();
        explanations.set(id, { run: runId, itemId, ...(await asPictures(found)) });
      });
      return { job };
    }),
    explanation: api.evaluation.explanation.handler(({ input }) => explanations.get(input.job) ?? null),
    crossValidate: api.evaluation.crossValidate.handler(({ input }) => {
      const project = session.project();
      const run = finishedRun(project, input.run);
      const description = {
        kind: 'evaluate',
        title: `Cross-validating run ${run.id} in ${input.folds} folds`,
      } as const;
      const job = session.jobs.start(description, async (control) => {
        await crossValidateRecipe(session.studio, project, run, input.folds, control);
        session.touch('runs');
      });
      return { job };
    }),
    crossValidation: api.evaluation.crossValidation.handler(({ input }) =>
      crossValidationOf(session.project(), input.run),
    ),
  };
}
