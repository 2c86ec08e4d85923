import type { Card } from '../contract/cards.ts';
import type { Evaluation } from '../contract/evaluation.ts';
import { productName } from '../contract/product.ts';
import type { RunResult } from '../contract/runs.ts';
import type { Project } from '../projects/project.ts';
import type { Run } from '../training/runs.ts';
import type { Agreement } from './export.ts';
import { escapeMarkdown } from './markdown.ts';
import { methodRows } from './method-rows.ts';

/** The page that goes with a shared classifier: what it is, how to use it, how good it is and on what. Markdown. */
export function modelCard(
  project: Project,
  run: Run & { result: RunResult },
  card: Card,
  agreement: Agreement,
): string {
  const { config, result } = run;
  const { size } = config.preprocessing;
  const { train, validation, test } = result.counts;
  return `# ${escapeMarkdown(project.name)}, run ${run.id}${run.name === null ? '' : `: ${escapeMarkdown(run.name)}`}

A classifier of ${config.classes.length} classes, trained with ${productName} on ${run.created.slice(0, 10)}.
${card.notes ? `\n${escapeMarkdown(card.notes)}\n` : ''}
| | |
| --- | --- |
| Author | ${escapeMarkdown(card.author) || 'not said'} |
| Licence | ${escapeMarkdown(card.licence) || 'none was given: ask the author before you use it'} |

The licence of the pretrained network that it was made from holds too.

## Use

The file takes \`pixels\`: uint8 [N, ${size}, ${size}, 3], RGB, 0 to 255. It gives \`probabilities\`: float32 [N, ${config.classes.length}], in the order below. Everything else (scaling, channel order, the network, the classifier) is inside.

Pixels are made so: the region with a margin of ${config.margin} of its longer side on each side (a whole image: none), made square about its centre, filled by reflection beyond the image's edge, resized to ${size} × ${size} by the triangle filter (bilinear; widened, that is antialiased, when shrinking). ${
    config.displayLimits
      ? `Images of more than 8 bits: stored values ${config.displayLimits.low} to ${config.displayLimits.high} become 0 to 255.`
      : 'Images of more than 8 bits: the 0.1% and 99.9% quantiles of each image become 0 and 255.'
  }

${config.classes.map((name, index) => `${index}. ${escapeMarkdown(name)} (${card.classItems[index]} labelled items)`).join('\n')}

## How it was made

| | |
| --- | --- |
| Backbone | ${escapeMarkdown(config.network.name)} (SHA-256 \`${config.network.hash}\`) |
${methodRows(run)
  .map(([name, text]) => `| ${name} | ${text} |`)
  .join('\n')}
| Items | ${train} for training, ${validation} for validation, ${test} held out for the test, in ${card.groups} groups, never divided |
| Seed | ${config.seed} |

## How good it is

${result.test ? evaluationTables(result.test) : 'Not measured: no items were held out.'}

After writing, this file was run on ${agreement.items} ${test ? 'held-out ' : ''}items; its probabilities differ from the studio's own by ${Number(agreement.largestDifference.toPrecision(2))} at most.

## Limits

It knows its classes and nothing else: an image of something else gets one of them all the same. The figures hold for images like those it was tested on; another stain, camera or laboratory needs a test of its own.
`;
}

function evaluationTables(evaluation: Evaluation): string {
  const interval = ({ value, low, high }: Evaluation['accuracy']): string =>
    value === null
      ? '–'
      : `${value.toFixed(3)}${low === null || high === null ? '' : ` (${low.toFixed(3)} to ${high.toFixed(3)})`}`;
  const { confusion, perClass } = evaluation;
  const names = perClass.map((one) => escapeMarkdown(one.name));
  return `On ${evaluation.items} held-out items of ${evaluation.groups} groups; 95% intervals by bootstrap over groups.

| | |
| --- | --- |
| Macro-F1 | ${interval(evaluation.macroF1)} |
| Accuracy | ${interval(evaluation.accuracy)} |
| Balanced accuracy | ${interval(evaluation.balancedAccuracy)} |
| Log loss | ${evaluation.logLoss?.toFixed(3) ?? '–'} |
| Expected calibration error | ${evaluation.calibration.error?.toFixed(3) ?? '–'} |

| Class | Precision | Recall | F1 | Items |
| --- | --- | --- | --- | --- |
${perClass.map((one, index) => `| ${names[index]} | ${interval(one.precision)} | ${interval(one.recall)} | ${one.f1?.toFixed(3) ?? '–'} | ${one.support} |`).join('\n')}

Confusion (rows: labelled; columns: predicted):

| | ${names.join(' | ')} |
| --- |${' --- |'.repeat(names.length)}
${confusion.map((row, index) => `| **${names[index]}** | ${row.join(' | ')} |`).join('\n')}`;
}
