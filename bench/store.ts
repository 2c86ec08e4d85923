import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distancesInSet, nearestItems, nearestOfMany } from '../main/codes/neighbours.ts';
import { vectorBytes } from '../main/database/codes.ts';
import { createRandom } from '../main/engine/random.ts';
import { ensureClass } from '../main/labels/classes.ts';
import { labelItems } from '../main/labels/label-items.ts';
import { createProject, type Project } from '../main/projects/project.ts';
import { createStudio } from '../main/studio.ts';
import { forkTrainer } from '../main/trainer/fork.ts';
import { type Figure, quantile } from './report.ts';

const itemCount = 100_000;
const dimensions = 1024;

/** The store with 100,000 items and their codes: neighbours, and the time from a key to a saved label. */
export async function benchStore(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  const project = createProject(join(folder, 'bench'));
  const studio = createStudio(forkTrainer);
  try {
    const setId = fill(project);
    const start = performance.now();
    await nearestItems(project, setId, 1, 20);
    const indexing = (performance.now() - start) / 1000;

    const single: number[] = [];
    for (let id = 1; id < itemCount; id += 5000) {
      const before = performance.now();
      await nearestItems(project, setId, id, 20);
      single.push(performance.now() - before);
    }
    const all: number[] = [];
    for (let id = 1; id < itemCount; id += 10_000) {
      const before = performance.now();
      await distancesInSet(project, setId, id);
      all.push(performance.now() - before);
    }
    const asked = Array.from({ length: 1000 }, (_, at) => 1 + at * 97);
    const manyStart = performance.now();
    const many = await nearestOfMany(studio, project, setId, asked, 20);
    const together = (performance.now() - manyStart) / 1000;
    if (many.size !== asked.length) throw new Error('Some items got no neighbours.');

    const classes = ['a', 'b', 'c'].map((name) => ensureClass(project, name).id);
    const writes = Array.from({ length: 5000 }, (_, at) =>
      timed(() => labelItems(project, [{ itemId: 1 + ((at * 7919) % itemCount), classId: classes[at % 3] }])),
    );
    return [
      { name: 'index of 100,000 codes of length 1,024', value: indexing, unit: 's' },
      {
        name: 'neighbours of one item among 100,000, median',
        value: quantile(single),
        unit: 'ms',
        goal: { atMost: 120 },
      },
      { name: 'distances of all 100,000 from one, median', value: quantile(all), unit: 'ms' },
      { name: 'neighbours of 1,000 items together', value: together, unit: 's', goal: { atMost: 5 } },
      { name: 'one label written, 99th percentile', value: quantile(writes, 0.99), unit: 'ms', goal: { atMost: 5 } },
      {
        name: 'core memory at its most',
        value: process.resourceUsage().maxRSS / 1024,
        unit: 'MB',
        goal: { atMost: 1000 },
      },
    ];
  } finally {
    studio.close();
    project.close();
    await rm(folder, { recursive: true });
  }
}

/** Items of one image a thousand, with codes as a ReLU leaves them: no value below zero, half of them zero. */
function fill(project: Project): number {
  const { database } = project;
  const random = createRandom(1);
  const insertImage = database.prepare(
    `INSERT INTO images (content_hash, page, path, copied, bytes, modified_ms, format, width, height, pages, channels, bits)
     VALUES (?, 0, ?, 0, 1, 1, 'png', 1000, 1000, 1, 3, 8)`,
  );
  const insertItem = database.prepare(
    `INSERT INTO items (id, image_id, kind, x, y, width, height, margin) VALUES (?, ?, 'region', ?, ?, 10, 10, 0.1)`,
  );
  const insertCode = database.prepare(
    'INSERT INTO codes.codes (set_id, item_id, view_key, vector) VALUES (?, ?, ?, ?)',
  );
  const { lastInsertRowid: setId } = database
    .prepare(`INSERT INTO codes.code_sets (network, point, pooling, preprocessing) VALUES ('n', 'p', 'avg', '{}')`)
    .run();
  const vector = new Float32Array(dimensions);
  for (let first = 1; first <= itemCount; first += 1000) {
    database.transaction(() => {
      const { lastInsertRowid: image } = insertImage.run(`hash ${first}`, `/nowhere/${first}.png`);
      for (let id = first; id < first + 1000; id++) {
        for (let at = 0; at < dimensions; at++) vector[at] = Math.max(0, random.next() - 0.5);
        insertItem.run(id, image, id % 1000, Math.floor((id % 1000) / 10));
        insertCode.run(setId, id, 'key', vectorBytes(vector));
      }
    })();
  }
  return Number(setId);
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
