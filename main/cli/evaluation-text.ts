import type { Evaluation } from '../contract/evaluation.ts';
import { table } from './table.ts';

/** An evaluation as a page of text. */
export function describeEvaluation(evaluation: Evaluation): string {
  const { perClass, confusion } = evaluation;
  const interval = ({ value, low, high }: Evaluation['accuracy']): string =>
    value === null
      ? '–'
      : `${value.toFixed(3)}${low === null || high === null ? '' : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`}`;
  const overall = table(
    ['', 'value [95% interval]'],
    [
      ['macro-F1', interval(evaluation.macroF1)],
      ['weighted F1', evaluation.weightedF1?.toFixed(3) ?? '–'],
      ['accuracy', interval(evaluation.accuracy)],
      ['balanced accuracy', interval(evaluation.balancedAccuracy)],
      ['log loss', evaluation.logLoss?.toFixed(4) ?? '–'],
      ['Brier score', evaluation.brier?.toFixed(4) ?? '–'],
      ['calibration error', evaluation.calibration.error?.toFixed(4) ?? '–'],
    ],
  );
  const classes = table(
    ['class', 'items', 'precision', 'recall', 'F1'],
    perClass.map((one) => [one.name, one.support, interval(one.precision), interval(one.recall), one.f1]),
  );
  const matrix = table(
    ['labelled \\ predicted', ...perClass.map((one) => one.name)],
    confusion.map((row, index) => [perClass[index].name, ...row]),
  );
  return `${evaluation.items.toLocaleString('en')} items in ${evaluation.groups.toLocaleString('en')} groups\n\n${overall}\n\n${classes}\n\n${matrix}`;
}
