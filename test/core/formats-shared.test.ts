import { expect, test } from 'vitest';
import { checkBox } from '../../main/images/boxes.ts';
import { inspectImage } from '../../main/images/decode.ts';
import { openSource } from '../../main/images/sources/index.ts';
import { describeWithShared, sharedFolder } from '../support/shared.ts';
import { collect } from '../support/sources.ts';

function countBy<T>(items: readonly T[], key: (item: T) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item) ?? 'none'] = (counts[key(item) ?? 'none'] ?? 0) + 1;
  return counts;
}

describeWithShared('real data sets', () => {
  test('bccd: Pascal VOC with its own lists; two objects have no area', async () => {
    const { records, refusals } = await collect(await openSource(`${sharedFolder}data/bccd`, { group: 'image' }));
    expect(refusals).toEqual([]);
    expect(records).toHaveLength(4888);
    const images = [...new Set(records.map(({ image }) => image))];
    expect(images).toHaveLength(364);
    expect(new Set(records.map(({ group }) => group)).size).toBe(364);
    const sizes = new Map(await Promise.all(images.map(async (image) => [image, await inspectImage(image)] as const)));
    expect(countBy([...sizes.values()], (size) => `${size.width} × ${size.height}`)).toEqual({ '640 × 480': 364 });
    const refused: string[] = [];
    const kept = records.filter((record) => {
      try {
        checkBox(record.box!, 640, 480);
        return true;
      } catch (error) {
        refused.push(`${record.source}: ${(error as Error).message}`);
        return false;
      }
    });
    expect(countBy(kept, ({ label }) => label)).toEqual({ RBC: 4153, WBC: 372, Platelets: 361 });
    expect(
      countBy(
        images.map((image) => records.find((record) => record.image === image)!),
        ({ part }) => part,
      ),
    ).toEqual({ train: 205, validation: 87, test: 72 });
    expect(refused).toEqual([
      'BloodImage_00338.xml line 158: The box (x 504, y 337, width 0, height 0) has no area.',
      'BloodImage_00343.xml line 50: The box (x 181, y 329, width 0, height 0) has no area.',
    ]);
  });

  test('wbc: CSV with laboratories as groups', async () => {
    const { records, refusals } = await collect(
      await openSource(`${sharedFolder}data/wbc/labels.csv`, { group: 'column' }),
    );
    expect(refusals).toEqual([]);
    expect(countBy(records, ({ group }) => group)).toEqual({ tecom: 300, cellavision: 100 });
    expect(countBy(records, ({ label }) => label)).toEqual({
      lymphocyte: 90,
      neutrophil: 209,
      monocyte: 63,
      eosinophil: 34,
      basophil: 4,
    });
    for (const { image } of records) expect((await inspectImage(image)).bits).toBe(8);
  });

  test('cifar10: folders by class below train and test', async () => {
    const { records, refusals } = await collect(await openSource(`${sharedFolder}data/cifar10`, { labels: 'folders' }));
    expect(refusals).toEqual([]);
    expect(countBy(records, ({ part }) => part)).toEqual({ train: 2500, test: 500 });
    const classes = countBy(records, ({ label }) => label);
    expect(Object.keys(classes)).toHaveLength(10);
    expect(new Set(Object.values(classes))).toEqual(new Set([300]));
  });
});
