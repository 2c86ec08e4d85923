/**
 * `npm run sample [FOLDER]`: draws the sample that ships with the studio anew. The same on every machine, up to the JPEG encoder.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { annotations, developPlanned, layPlanned, planSample, sampleSeed } from './sample.ts';
import { fieldHeight, fieldWidth } from './stain.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../resources/sample/', import.meta.url));
mkdirSync(folder, { recursive: true });
const drawn = [];
for (const plan of planSample(sampleSeed)) {
  const field = layPlanned(plan);
  await sharp(developPlanned(plan, field), { raw: { width: fieldWidth, height: fieldHeight, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4', mozjpeg: true })
    .toFile(join(folder, plan.image));
  drawn.push({ plan, regions: field.regions });
}
const { truth, regions } = annotations(drawn);
writeFileSync(join(folder, 'truth.csv'), truth);
writeFileSync(join(folder, 'regions.csv'), regions);
console.error(`${drawn.length} fields with ${truth.split('\n').length - 2} regions are in ${folder}.`);
