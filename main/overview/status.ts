import { existsSync } from 'node:fs';
import { imagePath } from '../projects/image-path.ts';
import { networkOf } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';

export interface ProjectStatus {
  readonly name: string;
  readonly folder: string;
  readonly images: number;
  /** Images whose file is not where it was. */
  readonly missingImages: number;
  readonly items: number;
  readonly regions: number;
  readonly groups: number;
  readonly labelled: number;
  readonly runs: number;
  readonly network: string | null;
  readonly classes: readonly { readonly name: string; readonly items: number; readonly groups: number }[];
}

/** What a project holds, counted. */
export function projectStatus(project: Project): ProjectStatus {
  const { database } = project;
  const count = (sql: string): number => database.prepare<[], number>(sql).pluck().get()!;
  const images = database
    .prepare<[], { path: string; copied: number }>('SELECT DISTINCT path, copied FROM images')
    .all();
  const hash = getSetting(project, 'network');
  return {
    name: project.name,
    folder: project.folder,
    images: count('SELECT COUNT(*) FROM images'),
    missingImages: images.filter((image) => !existsSync(imagePath(project, image))).length,
    items: count('SELECT COUNT(*) FROM items'),
    regions: count(`SELECT COUNT(*) FROM items WHERE kind = 'region'`),
    groups: count('SELECT COUNT(DISTINCT group_name) FROM items'),
    labelled: count('SELECT COUNT(*) FROM labels WHERE class_id IS NOT NULL'),
    runs: count('SELECT COUNT(*) FROM runs'),
    network: hash && networkOf(project, hash).info.name,
    classes: database
      .prepare<[], ProjectStatus['classes'][number]>(
        `SELECT classes.name, COUNT(labels.item_id) AS items, COUNT(DISTINCT items.group_name) AS groups
           FROM present_classes AS classes LEFT JOIN labels ON labels.class_id = classes.id
           LEFT JOIN items ON items.id = labels.item_id
          GROUP BY classes.id ORDER BY classes.id`,
      )
      .all(),
  };
}
