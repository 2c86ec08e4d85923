import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../main/engine/random.ts';
import { importItems } from '../../main/items/import.ts';
import { cellKinds } from '../../scripts/make-sample/cells.ts';
import type { Field } from '../../scripts/make-sample/field.ts';
import {
  annotations,
  developPlanned,
  type FieldPlan,
  layPlanned,
  planSample,
  sampleSeed,
} from '../../scripts/make-sample/sample.ts';
import { fieldHeight, fieldWidth, substances } from '../../scripts/make-sample/stain.ts';
import { valueOf, workshop } from '../support/core.ts';

const work = workshop();
const folder = fileURLToPath(new URL('../../resources/sample/', import.meta.url));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Row {
  readonly image: string;
  readonly label: string;
  readonly box: readonly number[];
  readonly group: string;
}

const rowsOf = (name: string): Row[] =>
  read(name)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [image, label, x, y, width, height, group] = line.split(',');
      return { image, label, box: [x, y, width, height].map(Number), group };
    });

const countBy = (values: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};

describe('the sample as it ships', () => {
  const truth = rowsOf('truth.csv');
  const started = rowsOf('regions.csv');

  it('has 40 fields of 8 slides, some 1,000 regions, and stays small', () => {
    const images = new Set(truth.map(({ image }) => image));
    expect(readdirSync(folder).filter((name) => name.endsWith('.jpg'))).toEqual([...images].sort());
    expect(images.size).toBe(40);
    expect(new Set(truth.map(({ group }) => group)).size).toBe(8);
    expect(truth.length).toBeGreaterThan(950);
    expect(truth.length).toBeLessThan(1050);
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThan(3_000_000);
  });

  it('has every class on every slide, the rarest 30 times or more', () => {
    const counts = countBy(truth.map(({ label }) => label));
    expect([...counts.keys()].sort()).toEqual(Object.keys(cellKinds).sort());
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(30);
    expect(new Set(truth.map(({ group, label }) => `${group} ${label}`)).size).toBe(8 * counts.size);
  });

  it('is labelled in part, rightly, and in every class', () => {
    const place = ({ image, box, group }: Row): string => [image, ...box, group].join();
    expect(started.map(place)).toEqual(truth.map(place));
    expect(new Set(truth.map(place)).size).toBe(truth.length);
    const labelled = started.filter(({ label }) => label !== '');
    expect(labelled.length / started.length).toBeGreaterThan(0.35);
    expect(labelled.length / started.length).toBeLessThan(0.4);
    started.forEach(({ label }, at) => {
      if (label !== '') expect(label).toBe(truth[at].label);
    });
    const counts = countBy(labelled.map(({ label }) => label));
    expect(counts.size).toBe(Object.keys(cellKinds).length);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(10);
  });

  it('has its boxes inside the picture, none too small to be seen', () => {
    for (const { box } of truth) {
      const [x, y, width, height] = box;
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(fieldWidth);
      expect(y + height).toBeLessThanOrEqual(fieldHeight);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(8);
    }
  });

  it('is imported whole', async () => {
    const project = work.project('sample');
    const started = await importItems(project, join(folder, 'regions.csv'));
    expect(started).toMatchObject({ imported: truth.length, refused: [], conflicts: [], withoutGroup: 0 });
    expect(valueOf(project, 'SELECT COUNT(*) FROM images')).toBe(40);
    const rest = await importItems(project, join(folder, 'truth.csv'));
    expect(rest).toMatchObject({ imported: 0, alreadyThere: truth.length, refused: [], conflicts: [] });
    expect(started.labelled + rest.labelled).toBe(truth.length);
  });
});

describe('the generator', () => {
  const plans = planSample(sampleSeed);
  let fields: { plan: FieldPlan; field: Field }[] = [];
  beforeAll(() => {
    fields = plans.map((plan) => ({ plan, field: layPlanned(plan) }));
  });

  it('gives the annotations that ship', () => {
    const { truth, regions } = annotations(fields.map(({ plan, field }) => ({ plan, regions: field.regions })));
    expect(truth).toBe(read('truth.csv'));
    expect(regions).toBe(read('regions.csv'));
  });

  it('gives the pictures that ship, pixel by pixel before their compression', async () => {
    const { plan, field } = fields[17];
    const pixels = developPlanned(plan, field);
    expect(createHash('sha256').update(pixels).digest('hex')).toBe(
      'f2ae33a2df13e19cde019e1dcb24618ea436161000add59de5b1eba9f279a6f9',
    );
    const shipped = await sharp(join(folder, plan.image)).raw().toBuffer();
    expect(shipped.length).toBe(pixels.length);
    expect(pixels.reduce((sum, value, at) => sum + Math.abs(value - shipped[at]), 0) / pixels.length).toBeLessThan(2);
  });

  it('draws other fields for another seed', () => {
    const [other] = planSample(sampleSeed + 1);
    expect(layPlanned(other).regions).not.toEqual(fields[0].field.regions);
  });

  it('draws each kind of cell within its reach, whatever its size', () => {
    const random = createRandom(3);
    for (const [kind, make] of Object.entries(cellKinds))
      for (let cells = 0; cells < 25; cells++) {
        const cell = make(random);
        const amounts = { haemoglobin: 0, chromatin: 0, blue: 0, granules: 0 };
        let outside = 0;
        for (let angle = 0; angle < 2 * Math.PI; angle += 0.05)
          outside += cell.at(cell.reach * Math.cos(angle), cell.reach * Math.sin(angle), amounts);
        expect(outside, kind).toBe(0);
        let covered = 0;
        let least = 0;
        for (let x = -cell.reach; x < cell.reach; x += 0.25)
          for (let y = -cell.reach; y < cell.reach; y += 0.25) {
            covered += cell.at(x, y, amounts) * 0.25 ** 2;
            for (const substance of substances) least = Math.min(least, amounts[substance]);
          }
        expect(least, kind).toBe(0);
        expect(covered, kind).toBeGreaterThan(1.5);
      }
  });
});
