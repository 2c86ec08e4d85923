/** Rows drawn above and below those in sight, so that scrolling does not show blanks. */
const margin = 4;

/**
 * Which of many rows of one height to draw: `first` to before `end`. `top` and `viewport` in px.
 */
export function visibleRows(
  top: number,
  viewport: number,
  rowHeight: number,
  rows: number,
): { first: number; end: number } {
  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  const end = Math.min(rows, Math.ceil((top + viewport) / rowHeight) + margin);
  return { first: Math.min(first, end), end };
}
