import type { ImportOptionsInput } from '../../../main/contract/api/items.ts';
import type { ImportFormat } from '../../../main/contract/images.ts';

export const formatNames: Readonly<Record<ImportFormat, string>> = {
  folder: 'Images',
  csv: 'CSV table',
  voc: 'Pascal VOC annotations',
  coco: 'COCO annotations',
  'label-studio': 'Label Studio export',
};

/** Ways to find an item's group, as offered to people. */
export const groupChoices = [
  { value: 'source', label: 'As the source says, or none' },
  { value: 'folder:1', label: 'The first folder' },
  { value: 'folder:2', label: 'The second folder' },
  { value: 'folder:-1', label: 'The folder the image lies in' },
  { value: 'start', label: 'Start of the file name, up to the first - or _' },
  { value: 'image', label: 'Each image is a group of its own' },
  { value: 'column', label: 'The CSV column “group”' },
  { value: 'pattern', label: 'A pattern of my own' },
] as const;
export type GroupChoice = (typeof groupChoices)[number]['value'];

/** The start of a file's name up to the first hyphen or underscore. */
const startOfName = '([^/_-]+)[_-][^/]*$';

/** The rule as the core reads it; undefined: what the source itself says. */
export function groupRule(choice: GroupChoice, pattern: string): string | undefined {
  if (choice === 'source') return undefined;
  if (choice === 'start') return startOfName;
  if (choice === 'pattern') return pattern === '' ? undefined : pattern;
  return choice;
}

export interface ImportChoices {
  readonly images: string;
  readonly folderLabels: boolean;
  readonly group: GroupChoice;
  readonly pattern: string;
  readonly copy: boolean;
  readonly margin: number;
}

export function importOptions(choices: ImportChoices): ImportOptionsInput {
  const group = groupRule(choices.group, choices.pattern);
  return {
    ...(choices.images === '' ? {} : { images: choices.images }),
    ...(choices.folderLabels ? { labels: 'folders' as const } : {}),
    ...(group === undefined ? {} : { group }),
    copy: choices.copy,
    margin: choices.margin,
  };
}
