import { UserError } from '../contract/errors.ts';
import type { ClassifierFile } from './classifier.ts';
import type { PredictionReport } from './predict.ts';

/** What a prediction gave, and what it was asked. */
export interface Predicted extends PredictionReport {
  /** null where the classifier is a file's that somebody shared. */
  readonly run: number | null;
  readonly source: string;
  readonly classifier: ClassifierFile;
}

/** The last prediction of the open project by its job's number: one at most, since a million answers take room. */
export type LastPrediction = Map<number, Predicted>;

/** @throws UserError when another prediction was made since, or another project was opened */
export function predictedBy(last: LastPrediction, job: number): Predicted {
  const found = last.get(job);
  if (!found) throw new UserError('These predictions are gone. Predict again.');
  return found;
}
