/** One score of a contender in a gate. */
export interface Figure {
  readonly kind: 'probe' | 'fine-tuning';
  /** The beginning of the hash of the starter's file. */
  readonly file: string;
  readonly task: string;
  readonly seed: number;
  readonly contender: string;
  /** Of a probe: the best of its freeze points. */
  readonly point?: string;
  /** Macro-F1. */
  readonly score: number;
}

/** Mean macro-F1 at the best freeze point by task and contender, as Markdown. */
export function probeTable(figures: readonly Figure[], file: string): string {
  return tableOf(
    figures.filter((one) => one.kind === 'probe' && one.file === file),
    ['starter', 'mobilenet', 'random', 'pixels'],
  );
}

/** Mean macro-F1 after fine-tuning from the starter and from random weights, as Markdown. */
export function fineTuningTable(figures: readonly Figure[], file: string): string {
  return tableOf(
    figures.filter((one) => one.kind === 'fine-tuning' && one.file === file),
    ['starter', 'random'],
  );
}

function tableOf(figures: readonly Figure[], contenders: readonly string[]): string {
  const rows = [...Map.groupBy(figures, ({ task }) => task)].map(([task, own]) => {
    const cells = contenders.map((contender) => describe(own.filter((one) => one.contender === contender)));
    const seeds = new Set(own.map(({ seed }) => seed)).size;
    return `| ${task} | ${seeds} | ${cells.join(' | ')} |`;
  });
  return [
    `| task | draws | ${contenders.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(contenders.length)}`,
    ...rows,
  ].join('\n');
}

/** `0.812 ± 0.020, block4`: mean, deviation over draws, and the point that was best most often. */
function describe(figures: readonly Figure[]): string {
  if (figures.length === 0) return '–';
  const mean = figures.reduce((sum, { score }) => sum + score, 0) / figures.length;
  const variance = figures.reduce((sum, { score }) => sum + (score - mean) ** 2, 0) / Math.max(1, figures.length - 1);
  const points = [...Map.groupBy(figures, ({ point }) => point)].sort(([, a], [, b]) => b.length - a.length);
  const spread = figures.length > 1 ? ` ± ${Math.sqrt(variance).toFixed(3)}` : '';
  const [best] = points[0];
  return `${mean.toFixed(3)}${spread}${best === undefined ? '' : `, ${best}`}`;
}
