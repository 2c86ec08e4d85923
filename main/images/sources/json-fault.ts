/** White space, then one token: a mark, a string, or a number or word. Source: RFC 8259. */
const token =
  /[ \t\r\n]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.]))/uy;

/** What may come next. */
type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end';

/** The next state after a token, or undefined where it does not fit. `open` holds the marks that are yet to be closed. */
function next(expected: Expected, mark: string | undefined, isString: boolean, open: string[]): Expected | undefined {
  const closes = mark !== undefined && mark === { '{': '}', '[': ']' }[open.at(-1) ?? ''];
  if (closes && expected !== 'value' && expected !== 'key' && expected !== 'colon') {
    open.pop();
    return 'comma or end';
  }
  switch (expected) {
    case 'value':
    case 'value or end':
      if (mark === undefined) return 'comma or end';
      if (mark !== '{' && mark !== '[') return undefined;
      open.push(mark);
      return mark === '{' ? 'key or end' : 'value or end';
    case 'key':
    case 'key or end':
      return isString ? 'colon' : undefined;
    case 'colon':
      return mark === ':' ? 'value' : undefined;
    case 'comma or end':
      if (mark !== ',' || open.length === 0) return undefined;
      return open.at(-1) === '{' ? 'key' : 'value';
  }
}

/**
 * Where a text stops being JSON: the parser of JavaScript tells for some faults only. For a text that ends too early, its end.
 *
 * @returns position in the text, from 0
 */
export function jsonFault(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    token.lastIndex = at;
    const found = token.exec(text);
    const state: Expected | undefined = found ? next(expected, found[1], Boolean(found[2]), open) : undefined;
    if (state === undefined) return at + /^[ \t\r\n]*/.exec(text.slice(at, at + 100_000))![0].length;
    expected = state;
    at = token.lastIndex;
  }
}
