import type { Rule } from '../../main/advisor/facts.ts';
import { networkRules, scratchRules, sizeRules, turningRules, wayRules } from '../../main/advisor/rules.ts';
import { largeFrom } from '../../main/advisor/similarity.ts';
import type { Checked } from './advice.ts';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heading, heading.map(() => '---'), ...rows].map(row).join('\n');
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const figure = (value: number): string => value.toFixed(3);

/** The document: what the advisor does, its rules as they stand in the code, and what came of them on real data. */
export function adviceDocument(
  checked: readonly Checked[],
  cells: readonly string[],
  network: string,
  machine: string,
): string {
  const done = cells.filter((cell) => checked.some((one) => one.cell === cell));
  const outcomes = done.map((cell) =>
    outcomeOf(
      cell,
      checked.filter((one) => one.cell === cell),
    ),
  );
  return `# The advisor

\`parfocal advise PROJECT\`, and the card on the Network screen, say what to train and why:

- **How many items.** Training items of the class in the middle. From ${largeFrom} on a data set is large.
- **How like the pretraining data.** Probes of every freeze point (see [probes.md](probes.md)): where an earlier point does better than the last by a standard error or more, and that error is small, the images are unlike. Where the probes do not tell, the domain shift of the first quarter of the network does.
- **Whether turning is harmless.** A linear classifier fitted to items as they are is asked about held-out items, as they are and turned. Where it loses little, turned and mirrored copies may be trained on.
- **Test items that look the same as others**: near by their codes, and alike pixel by pixel.

The place of a classifier is the best freeze point when each counts with its two neighbours on either side: with few items single points jump. Nothing but the last of these four looks at test items, and it does not see their labels.

Nothing is known of what fine-tuning will add before it was done; the advisor says what it added elsewhere.

## The rules

Of each table the first rule that holds is followed. They stand in [main/advisor/rules.ts](../main/advisor/rules.ts), with the reasons as they are told.

### What learns

${rulesTable(wayRules)}

### Turned and mirrored items

${rulesTable(turningRules)}

### From random weights, for comparison

${rulesTable(scratchRules)}

### Network and input size

${rulesTable([...networkRules, ...sizeRules])}

Rates, epochs and the rest of a fine-tuning are the product's defaults.

## Checked on real data

The advised plan beside other plans that one might try, each with the product's defaults: softmax regression on the last codes; softmax and a linear SVM where the probes are best; fine-tuning after the classifier was fitted (LP-FT) from conv_pw_11 on (late), from conv_pw_7 on (middle), and of everything. The network is ${network}. Macro-F1 on test items, mean over seeds, of which each draws other labels. The plan is made from the training and validation items alone. The rules on the later half and on turning what is like photographs were made after the first three draws of wbc and of the ImageNet kinds; the fourth and the fifth came later.

White blood cells (wbc, 96 px) and regions of blood smears (bccd, 64 px) are unlike the pretraining data; images of ImageNet itself, by kind (128 px), as like it as can be; CIFAR-10 (64 px) is photographs of 32 pixels, enlarged. With "10 a class" 7 are trained on and 3 choose. The other fine-tunings turn and mirror what has no up, as a person would know; the advised one only where it measured that turning is harmless.

${table(
  ['data set', 'items', 'shift', 'probes: best place, last', 'turned', 'the case', 'advised'],
  outcomes.map(({ facts }) => facts),
)}

_items_: to train on, of a typical class. _shift_: of the first quarter of the network. _turned_: mean recall of held-out items as they are, and turned. Of the first seed.

${table(
  [
    'data set',
    'seeds',
    ...wayNames(checked).map((name) => (name === 'advised' ? '**advised**' : name)),
    'standard error',
    'within it',
  ],
  outcomes.map(({ scores }) => scores),
)}

_standard error_: of a plan's mean, from the spread over seeds of all plans together. _within it_: whether the advised plan's mean is no more than one standard error below the best mean of its row.

${outcomes.filter(({ within }) => within).length} of ${outcomes.length} advised plans are within one standard error of the best. Seconds of training, mean over the data sets: ${wayNames(
    checked,
  )
    .map((way) => `${way} ${Math.round(mean(checked.map(({ scores }) => scores[way].seconds)))}`)
    .join(', ')}.

Made by \`npm run advice-check\` on ${machine}.
`;
}

function rulesTable(rules: readonly Rule<unknown>[]): string {
  const said = (choice: unknown): string => (typeof choice === 'boolean' ? (choice ? 'yes' : 'no') : String(choice));
  return table(
    ['when', 'then', 'source'],
    rules.map(({ name, choose, source }) => [
      name,
      said(choose),
      source?.replace(/measured .*: docs\/advisor\.md/, 'measured, see below') ?? '',
    ]),
  );
}

const wayNames = (checked: readonly Checked[]): string[] => Object.keys(checked[0]?.scores ?? {});

interface Outcome {
  readonly facts: readonly string[];
  readonly scores: readonly string[];
  readonly within: boolean;
}

function outcomeOf(cell: string, own: readonly Checked[]): Outcome {
  const ways = wayNames(own);
  const means = ways.map((way) => mean(own.map(({ scores }) => scores[way].macroF1)));
  const best = Math.max(...means);
  const advised = means[ways.indexOf('advised')];
  const error = standardError(own, ways);
  const within = advised >= best - error;
  const [{ typical, scenario, similarity }] = own;
  const { probes, shift, turning } = similarity;
  const plans = [...new Set(own.map(({ plan }) => plan))];
  return {
    within,
    facts: [
      cell,
      String(typical),
      shift ? shift.early.toFixed(2) : '–',
      probes ? `${figure(probes.smoothed.macroF1)}, ${figure(probes.last.macroF1)} ± ${figure(probes.error)}` : '–',
      turning ? `${figure(turning.upright)}, ${figure(turning.turned)}` : '–',
      scenario.replace('-', ', '),
      plans.join('; '),
    ],
    scores: [
      cell,
      String(own.length),
      ...means.map((value) => (value === best ? `**${figure(value)}**` : figure(value))),
      own.length > 1 ? figure(error) : '–',
      within ? 'yes' : 'no',
    ],
  };
}

/** Of the mean of one plan over seeds: by the spread of every plan's scores about their own mean. 0 for a single seed. */
function standardError(own: readonly Checked[], ways: readonly string[]): number {
  const squares = ways.flatMap((way) => {
    const scores = own.map(({ scores: all }) => all[way].macroF1);
    return scores.map((score) => (score - mean(scores)) ** 2);
  });
  const freedom = ways.length * (own.length - 1);
  return freedom > 0 ? Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / freedom / own.length) : 0;
}
