import { UserError } from '../contract/errors.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { ImportRecord, Refusal } from '../contract/images.ts';
import type { Control } from '../contract/progress.ts';
import type { CsvValue } from '../images/csv.ts';
import { isRefusal, openSource, type SourceOptions } from '../images/sources/index.ts';
import type { Studio } from '../studio-parts.ts';
import { batchSizeFor } from '../trainer/batch-size.ts';
import type { View, ViewedImage } from '../trainer/views.ts';
import type { ClassifierFile } from './classifier.ts';

export interface Prediction {
  readonly record: ImportRecord;
  /** By class, in the classifier's order. */
  readonly probabilities: Float32Array;
}

export interface PredictionReport {
  /** In the order of the source. */
  readonly predictions: readonly Prediction[];
  readonly refused: readonly Refusal[];
  readonly device: string;
}

/**
 * Shows the images of a source to a classifier: a folder, an image, a text file with a path a line, a CSV (with regions
 * if it has them), or any annotation file that can be imported.
 */
export async function predictSource(
  studio: Studio,
  classifier: ClassifierFile,
  source: string,
  options: SourceOptions & { readonly device?: DeviceChoice } = {},
  control: Control = {},
): Promise<PredictionReport> {
  const records: ImportRecord[] = [];
  const refused: Refusal[] = [];
  const { records: found } = await openSource(source, options);
  for await (const record of found) {
    if (isRefusal(record)) refused.push(record);
    else records.push(record);
  }
  if (!records.length) throw new UserError(`${source}: there is no image to predict.`);
  const { answers, failures, device } = await predictViews(
    studio,
    classifier,
    gatherImages(records, classifier),
    records.length,
    options.device ?? 'auto',
    control,
  );
  for (const { id, reason } of failures) refused.push({ source: records[id].source, reason });
  const predictions = records.flatMap((record, id): Prediction[] => {
    const probabilities = answers.get(id);
    return probabilities ? [{ record, probabilities }] : [];
  });
  return { predictions, refused, device };
}

/** Shows given views to a classifier; the answers come by the views' ids. */
export async function predictViews(
  studio: Studio,
  classifier: ClassifierFile,
  images: readonly ViewedImage[],
  total: number,
  device: DeviceChoice,
  control: Control = {},
): Promise<{ answers: Map<number, Float32Array>; failures: { id: number; reason: string }[]; device: string }> {
  const answers = new Map<number, Float32Array>();
  const failures: { id: number; reason: string }[] = [];
  const classes = classifier.classes.length;
  const result = await studio.trainer.run(
    'predict',
    {
      model: classifier.path,
      size: classifier.preprocessing.size,
      batchSize: batchSizeFor(classifier.provenance.multiplyAdds),
      device,
      images,
      total,
    },
    {
      ...control,
      onOutput: (output) => {
        if (output.kind === 'failure') failures.push(output.failure);
        else {
          const block = output.answers[0];
          for (const [row, id] of output.ids.entries())
            answers.set(id, block.slice(row * classes, (row + 1) * classes));
        }
      },
    },
  );
  return { answers, failures, device: result.device };
}

/** Views by image, identified by their place in the list. Images need not follow each other. */
function gatherImages(records: readonly ImportRecord[], { provenance }: ClassifierFile): ViewedImage[] {
  const images = new Map<string, ViewedImage & { views: View[] }>();
  for (const [id, { image: path, page = 0, box }] of records.entries()) {
    const key = `${page} ${path}`;
    let image = images.get(key);
    if (!image) {
      image = { path, page, ...(provenance.displayLimits ? { limits: provenance.displayLimits } : {}), views: [] };
      images.set(key, image);
    }
    image.views.push({ id, ...(box ? { box, margin: provenance.margin } : { margin: 0 }) });
  }
  return [...images.values()];
}

/** A prediction table: where, which class, how sure, and every class's probability. */
export function predictionTable(
  { classes }: ClassifierFile,
  predictions: readonly Prediction[],
): { header: string[]; rows: CsvValue[][] } {
  const place = ['image', 'page', 'x', 'y', 'width', 'height'];
  return {
    header: [...place, 'class', 'probability', 'margin', ...classes.map((name) => `p(${name})`)],
    rows: predictions.map(({ record: { image, page = 0, box }, probabilities }) => {
      const { best, probability, margin } = decide(probabilities);
      const answer = [classes[best], probability, margin, ...probabilities];
      return [image, page, box?.x, box?.y, box?.width, box?.height, ...answer];
    }),
  };
}

/** The likeliest class, and how far it is ahead of the next. */
export function decide(probabilities: Float32Array): { best: number; probability: number; margin: number } {
  let best = 0;
  let second = -Infinity;
  for (let index = 1; index < probabilities.length; index++) {
    if (probabilities[index] > probabilities[best]) {
      second = probabilities[best];
      best = index;
    } else second = Math.max(second, probabilities[index]);
  }
  const probability = probabilities[best];
  return { best, probability, margin: probability - second };
}
