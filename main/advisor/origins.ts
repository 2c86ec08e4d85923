import type { Project } from '../projects/project.ts';
import { median } from './count-items.ts';
import type { Origin } from './warnings.ts';

/**
 * Where every labelled item comes from.
 *
 * @param names of the classes, by number
 */
export function listOrigins(project: Project, names: ReadonlyMap<number, string>): Origin[] {
  return project.database
    .prepare<
      [],
      { classId: number; group: string | null; format: string; width: number; height: number; bits: number }
    >(
      `SELECT labels.class_id AS classId, group_name AS "group", format, images.width, images.height, bits
         FROM labels JOIN items ON items.id = labels.item_id JOIN images ON images.id = items.image_id
        WHERE labels.class_id IS NOT NULL ORDER BY items.id`,
    )
    .all()
    .map(({ classId, group, format, width, height, bits }) => ({
      className: names.get(classId)!,
      group,
      camera: `${width} × ${height} px, ${bits} bits, ${format}`,
    }));
}

/** Side of the square that a network is shown of an item, in pixels of its image: of the labelled item in the middle. */
export function typicalSide(project: Project): number {
  const sides = project.database
    .prepare<[], number>(
      `SELECT MAX(width, height) * (1 + 2 * margin)
         FROM labels JOIN items ON items.id = labels.item_id WHERE labels.class_id IS NOT NULL`,
    )
    .pluck()
    .all();
  return median(sides);
}
