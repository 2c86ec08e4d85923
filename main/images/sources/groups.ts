import { isAbsolute, relative, sep } from 'node:path';
import { UserError, messageOf } from '../../contract/errors.ts';
import type { ImportRecord } from '../../contract/images.ts';

/** Finds the group of an item: what must not be split between training and test. Undefined: it has none. */
export type GroupRule = (record: ImportRecord) => string | undefined;

/** Paths that are longer are not searched: a regular expression can take very long on them. */
const longestPath = 4096;

/** The image's path relative to the source's root with `/` between folders; the whole path where it lies elsewhere. */
function pathWithin(root: string, image: string): string {
  const path = relative(root, image);
  const outside = path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
  return (outside ? image : path).split(sep).join('/');
}

/**
 * Reads a group rule:
 *
 * - `image`: the image is the group of everything in it;
 * - `column`: the group that the source itself names (CSV);
 * - `folder:N`: the Nth folder of the path below the source's root: 1 the topmost, −1 the one that the image lies in;
 * - anything else: a regular expression over the path below the root, with `/` between folders; its first capturing group, or the
 *   whole match where it has none.
 *
 * @throws UserError when the rule makes no sense
 */
export function groupRule(rule: string, root: string): GroupRule {
  if (rule === 'image') return (record) => pathWithin(root, record.image);
  if (rule === 'column') return (record) => record.group;
  if (rule.startsWith('folder')) {
    const level = Number(/^folder:(-?[1-9]\d{0,3})$/.exec(rule)?.[1]);
    if (Number.isNaN(level))
      throw new UserError(
        `The group rule "${rule}" is not known. Write folder:1 for the topmost folder, folder:2 for the next, folder:-1 for the last.`,
      );
    return (record) =>
      pathWithin(root, record.image)
        .split('/')
        .slice(0, -1)
        .at(level > 0 ? level - 1 : level);
  }
  const pattern = compile(rule);
  return (record) => {
    const path = pathWithin(root, record.image);
    const match = path.length <= longestPath ? pattern.exec(path) : null;
    const found = match && (match.length > 1 ? match[1] : match[0]);
    return found || undefined;
  };
}

function compile(rule: string): RegExp {
  try {
    return new RegExp(rule, 'u');
  } catch (error) {
    throw new UserError(
      `The group rule "${rule}" is neither image, column or folder:N nor a regular expression: ${messageOf(error)}.`,
      { cause: error },
    );
  }
}
