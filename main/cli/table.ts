export type Cell = string | number | null;

/**
 * A plain table: a heading, columns as wide as they need, numbers to the right.
 *
 * @param digits decimals of numbers that are not whole
 */
export function table(heading: readonly string[], rows: readonly (readonly Cell[])[], digits = 3): string {
  const show = (cell: Cell): string => {
    if (cell === null) return '–';
    if (typeof cell === 'string') return cell;
    return Number.isInteger(cell) ? cell.toLocaleString('en') : cell.toFixed(digits);
  };
  const numeric = heading.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const cells = [heading, ...rows.map((row) => row.map(show))];
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
