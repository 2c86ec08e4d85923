import { UserError } from '../../contract/errors.ts';
import { type Classifier, classifierSchema } from '../../contract/classifiers.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import type { JobContext } from '../context.ts';
import { describedIn } from '../classifier-file.ts';

export interface DescribeClassifierParams {
  readonly path: string;
}

/**
 * What a classifier's file says of itself.
 *
 * @throws UserError for a network that is no classifier of ours
 */
export async function describeClassifier({ path }: DescribeClassifierParams, context: JobContext): Promise<Classifier> {
  context.progress('Opening the classifier', 0);
  const { metadata } = await readModelFile(path);
  const parsed = classifierSchema.safeParse(describedIn(metadata));
  if (!parsed.success) {
    throw new UserError(
      `${path} does not say which classes it knows and how it wants its pixels: it was not exported by Parfocal. Add it as a network and train a classifier on it instead.`,
    );
  }
  return parsed.data;
}
