import sax from 'sax';
import { UserError } from '../../contract/errors.ts';
import type { Box } from '../../contract/images.ts';

export interface VocObject {
  readonly name: string;
  readonly box: Box;
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
}

/** One annotated image; objects that cannot be taken are told apart from those that can. */
export interface VocAnnotation {
  readonly filename: string;
  readonly objects: readonly VocObject[];
  readonly faults: readonly { readonly line: number; readonly reason: string }[];
}

const deepest = 50;
const corners = ['xmin', 'ymin', 'xmax', 'ymax'] as const;

/**
 * Parses a Pascal VOC annotation. Corners are taken as most tools write them: pixels counted from 0, `xmax` and `ymax` one past the
 * last, so that width = xmax − xmin. (The 2007 data set counts from 1: boxes are then shifted by one pixel, and one that touches
 * the far edge is clipped.) Parts of objects are passed over.
 *
 * @throws UserError with the line of the fault. A document type declaration is refused: it can define entities that expand without end.
 */
export function parseVoc(xml: string): VocAnnotation {
  const parser = sax.parser(true);
  const path: string[] = [];
  const objects: VocObject[] = [];
  const faults: { line: number; reason: string }[] = [];
  let filename = '';
  let text = '';
  let fields: Partial<Record<string, string>> = {};
  let began = 0;

  const line = (): number => parser.line + 1;
  parser.onerror = (error) => {
    throw new UserError(`line ${line()}: the XML is broken: ${error.message.split('\n')[0].replace(/\.$/, '')}.`);
  };
  parser.ondoctype = () => {
    throw new UserError(
      `line ${line()}: a document type declaration is not read, for safety. Remove the <!DOCTYPE …>.`,
    );
  };
  parser.onopentag = ({ name }) => {
    path.push(name);
    if (path.length > deepest) throw new UserError(`line ${line()}: elements are nested more than ${deepest} deep.`);
    if (path.length === 1 && name !== 'annotation')
      throw new UserError(`line ${line()}: this is not a Pascal VOC annotation: the document is a <${name}>.`);
    text = '';
    if (path.join('/') === 'annotation/object') {
      fields = {};
      began = line();
    }
  };
  parser.ontext = (piece) => (text += piece);
  parser.oncdata = (piece) => (text += piece);
  parser.onclosetag = () => {
    const place = path.join('/');
    path.pop();
    if (place === 'annotation/filename') filename = text.trim();
    if (place === 'annotation/object/name') fields.name = text.trim();
    if (place.startsWith('annotation/object/bndbox/'))
      fields[place.slice('annotation/object/bndbox/'.length)] = text.trim();
    if (place !== 'annotation/object') return;
    const found = readObject(fields);
    if (typeof found === 'string') faults.push({ line: began, reason: found });
    else objects.push({ ...found, line: began });
  };
  if (xml.trim() === '') throw new UserError('line 1: the file is empty.');
  parser.write(xml).close();
  return { filename, objects, faults };
}

function readObject(fields: Partial<Record<string, string>>): Omit<VocObject, 'line'> | string {
  if (!fields.name) return 'The object has no name.';
  for (const corner of corners) {
    const value = fields[corner];
    if (value === undefined || value === '') return `The object ${fields.name} has no ${corner}.`;
    if (!Number.isFinite(Number(value)))
      return `The ${corner} of the object ${fields.name} is "${value}", which is not a number.`;
  }
  const [x, y, right, bottom] = corners.map((corner) => Number(fields[corner])) as [number, number, number, number];
  return { name: fields.name, box: { x, y, width: right - x, height: bottom - y } };
}
