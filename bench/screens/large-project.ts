import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRandom } from '../../main/engine/random.ts';
import { importItems } from '../../main/items/import.ts';
import { createProject } from '../../main/projects/project.ts';
import { root } from '../../scripts/build/paths.ts';

export const itemCount = 100_000;
const imageCount = 2000;
const width = 640;
const height = 480;
/** Sides of the regions, in pixels. */
const [smallest, largest] = [40, 80];

/** Each has a key: 1 to 8. */
const classNames = [
  'basophil',
  'eosinophil',
  'erythroblast',
  'granulocyte',
  'lymphocyte',
  'monocyte',
  'platelet',
  'smear',
];

/**
 * Makes a project of 100,000 regions, half of them labelled, in 2,000 JPEGs that it refers to: the sample's fields, each in
 * many shades.
 *
 * @returns its folder
 */
export async function makeLargeProject(folder: string): Promise<string> {
  const images = join(folder, 'images');
  await mkdir(images);
  const sample = join(root, 'resources/sample');
  const fields = (await readdir(sample)).filter((name) => name.endsWith('.jpg'));
  const random = createRandom(1);
  const between = (low: number, high: number): number => low + Math.floor(random.next() * (high - low));
  const rows = ['image,label,x,y,width,height,group'];
  for (let image = 0; image < imageCount; image++) {
    const name = `${image}.jpg`;
    await sharp(join(sample, fields[image % fields.length]))
      .linear(0.8 + (0.3 * image) / imageCount)
      .jpeg({ quality: 85 })
      .toFile(join(images, name));
    for (let region = 0; region < itemCount / imageCount; region++) {
      const side = between(smallest, largest);
      const label = region % 2 === 0 ? classNames[between(0, classNames.length)] : '';
      const [x, y] = [between(0, width - side), between(0, height - side)];
      rows.push([name, label, x, y, side, side, `slide ${Math.floor(image / 20)}`].join());
    }
  }
  const table = join(images, 'regions.csv');
  await writeFile(table, `${rows.join('\n')}\n`);
  const project = createProject(join(folder, 'large'));
  try {
    await importItems(project, table, { group: 'column' });
  } finally {
    project.close();
  }
  return project.folder;
}
