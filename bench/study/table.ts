import type { Outcome } from './run.ts';

/** The document with the table of all that was tried so far. */
export function studyTable(
  outcomes: readonly Outcome[],
  ways: readonly string[],
  machine: string,
  network: string,
): string {
  const settings = [...new Map(outcomes.map(({ data, labels }) => [`${data}, ${labels}`, { data, labels }])).entries()];
  const rows = ways.map((way) => [
    way,
    ...settings.map(([, { data, labels }]) =>
      describe(outcomes.filter((one) => one.way === way && one.data === data && one.labels === labels)),
    ),
  ]);
  const heading = ['', ...settings.map(([name]) => name)];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `# What each way to train is worth

Macro-F1 on held-out items, mean ± standard deviation over seeds (each draws other labels), and the median seconds of training
(which depend on what else the machine does).
Network: ${network}, pretrained on ImageNet; the settings are the product's defaults (but that pictures of CIFAR-10, which have
an up, are not turned and mirrored); nothing was chosen on test items. White
blood cells (wbc, four classes with 20 items at least, 96 px, 30% held out) and CIFAR-10 (500 test images, 64 px).
With 10 labels a class, 7 are trained on and 3 choose; else 80% and 20%.

${line(heading)}
${line(heading.map(() => '---'))}
${rows.map(line).join('\n')}

Made by \`npm run study\` on ${machine}.
`;
}

function describe(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return '–';
  const scores = outcomes.map(({ macroF1 }) => macroF1);
  const mean = scores.reduce((sum, x) => sum + x, 0) / scores.length;
  const variance = scores.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, scores.length - 1);
  const seconds = outcomes.map((one) => one.seconds).sort((a, b) => a - b)[Math.floor(outcomes.length / 2)];
  const incomplete = outcomes.length < 5 ? ` (${outcomes.length} seeds)` : '';
  return `${mean.toFixed(3)} ± ${Math.sqrt(variance).toFixed(3)}${incomplete}, ${seconds.toFixed(0)} s`;
}
