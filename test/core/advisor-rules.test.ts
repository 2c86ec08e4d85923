import { describe, expect, it, test } from 'vitest';
import type { Similarity, Size } from '../../main/contract/advice.ts';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import { defaultProbeSettings, type ProbeReport } from '../../main/contract/probes.ts';
import { sizeOf } from '../../main/advisor/count-items.ts';
import type { Facts } from '../../main/advisor/facts.ts';
import { firstThatHolds } from '../../main/advisor/facts.ts';
import { planOf } from '../../main/advisor/plan.ts';
import { networkRules, scratchRules, sizeRules, turningRules, wayRules } from '../../main/advisor/rules.ts';
import { quadrantOf, similarityOf } from '../../main/advisor/similarity.ts';
import { type Origin, warningsOf } from '../../main/advisor/warnings.ts';

const pointNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const network = {
  hash: '0'.repeat(64),
  name: 'net',
  preprocessing: { size: 224 },
  freezePoints: pointNames.map((name, at) => ({
    name,
    index: at + 1,
    parametersBefore: 1000 * (at + 1),
    multiplyAddsBefore: 1e6 * (at + 1),
  })),
} as unknown as NetworkInfo;

/** So many training items of each of two classes. */
const sizeWith = (train: number): Size => ({
  labelled: 4 * train,
  counts: { train: 2 * train, validation: train, test: train },
  classes: ['red', 'green'].map((name) => ({ name, items: 2 * train, train, test: train / 2, groups: 9 })),
  typical: train,
  imbalance: 1,
  groups: 9,
  learntGroups: 8,
});

const nothing: Similarity = { probes: null, shift: null, shiftMeasurable: null, turning: null };
const point = (name: string, macroF1: number) => ({ name, index: pointNames.indexOf(name) + 1, macroF1 });

/** @param at the best point */
const probed = (best: number, last: number, error: number, at = 'd'): Similarity['probes'] => ({
  points: 8,
  items: 200,
  best: point(at, best),
  smoothed: point(at, best),
  last: point('h', last),
  error,
  stale: false,
});
const shifted = (early: number): Similarity['shift'] => ({ early, late: 0.2, items: 128, stale: false });
const turned = (upright: number, after: number, error: number | null = 0.02): Similarity['turning'] => ({
  upright,
  turned: after,
  error,
  items: 200,
  groups: 9,
  point: 'h',
  stale: false,
});

function factsOf(train: number, known: Partial<Similarity> = {}, more: Partial<Facts> = {}): Facts {
  const size = sizeWith(train);
  const similarity = { ...nothing, ...known };
  const quadrant = quadrantOf(size, similarity);
  return {
    network,
    settings: defaultProbeSettings,
    device: 'auto',
    size,
    similarity,
    quadrant,
    itemSide: 200,
    rivals: [],
    ...more,
  };
}

describe('where a project stands among the four cases', () => {
  test.each([
    ['few and unlike, by precise probes', 20, { probes: probed(0.8, 0.7, 0.02) }, 'small-different', 'probes'],
    ['few and like, by precise probes', 20, { probes: probed(0.8, 0.79, 0.02) }, 'small-similar', 'probes'],
    ['many and unlike', 500, { probes: probed(0.8, 0.7, 0.02) }, 'large-different', 'probes'],
    ['many and like', 500, { probes: probed(0.8, 0.79, 0.02) }, 'large-similar', 'probes'],
    [
      'probes that are not precise give way to the shift',
      20,
      { probes: probed(0.8, 0.6, 0.08), shift: shifted(0.06) },
      'small-similar',
      'shift',
    ],
    [
      'where precise probes do not tell, the shift does',
      20,
      { probes: probed(0.8, 0.79, 0.02), shift: shifted(0.65) },
      'small-different',
      'shift',
    ],
    ['the shift of other images', 20, { probes: null, shift: shifted(0.65) }, 'small-different', 'shift'],
    [
      'no shift can be measured: probes, however few',
      20,
      { probes: probed(0.8, 0.6, 0.08) },
      'small-different',
      'probes',
    ],
    ['nothing is known', 20, {}, null, null],
  ] as const)('%s', (_, train, known, scenario, by) => {
    expect(quadrantOf(sizeWith(train), { ...nothing, ...known })).toMatchObject({ scenario, by });
  });

  it('stands in the middle where the cases meet, and the farther from it the clearer the case', () => {
    expect(quadrantOf(sizeWith(100), { ...nothing, shift: shifted(0.3) })).toMatchObject({
      size: 0.5,
      difference: 0.5,
    });
    const places = [0.03, 0.3, 3].map((early) => quadrantOf(sizeWith(10), { ...nothing, shift: shifted(early) }));
    expect(places.map(({ difference }) => difference!)).toEqual(places.map(({ difference }) => difference!).toSorted());
    expect(places.every(({ size, difference }) => size > 0 && size < 0.5 && difference! > 0 && difference! < 1)).toBe(
      true,
    );
  });
});

describe('what learns', () => {
  test.each([
    [
      'good probes leave nothing to gain',
      500,
      { probes: probed(0.98, 0.97, 0.01) },
      'linear where the probes are best',
    ],
    ['few labels', 20, { probes: probed(0.8, 0.7, 0.02) }, 'linear where the probes are best'],
    ['few labels, the last point best', 20, { probes: probed(0.8, 0.8, 0.02, 'h') }, 'fine-tune the later half'],
    ['few labels and nothing known', 20, {}, 'linear at the last point'],
    ['many labels, like the pretraining data', 500, { probes: probed(0.8, 0.79, 0.02) }, 'fine-tune everything'],
    ['many labels, unlike it', 500, { probes: probed(0.8, 0.7, 0.02) }, 'fine-tune everything'],
    ['many labels and nothing known', 500, {}, 'fine-tune everything'],
  ] as const)('%s', (_, train, known, way) => {
    expect(firstThatHolds(wayRules, factsOf(train, known)).choose).toBe(way);
  });

  it('becomes the settings of a training, with the reason of each', () => {
    const linear = planOf(factsOf(20, { probes: probed(0.8, 0.7, 0.02) }));
    expect(linear.settings).toMatchObject({ method: 'softmax', point: 'd', pooling: 'avg', size: null });
    expect(linear.sentence).toContain('net at d, freeze point 4 of 8');
    expect(linear).toMatchObject({ fineTuning: null, sureness: 'good', expected: { baseline: 0.7 } });
    expect(linear.expected.low).toBeLessThan(0.8);
    expect(linear.choices.find(({ topic }) => topic === 'freeze')!.reason).toMatch(/0\.800.*0\.700/);

    const tuned = planOf(factsOf(500, { probes: probed(0.8, 0.7, 0.02), turning: turned(0.7, 0.4) }));
    expect(tuned.settings).toMatchObject({ method: 'fine-tune', choice: { freeze: null } });
    expect(tuned.fineTuning).toMatchObject({ freeze: null, augmentation: { symmetries: 'none', scale: 0.1 } });
    expect(tuned.sureness).toBe('fair');
    expect(tuned.expected.high).toBeGreaterThan(0.8);
    expect(tuned.choices.map(({ topic }) => topic)).toEqual(
      expect.arrayContaining(['network', 'method', 'freeze', 'rates', 'epochs', 'augmentation', 'scratch', 'size']),
    );

    const half = planOf(factsOf(20, { probes: probed(0.8, 0.8, 0.02, 'h') }));
    expect(half.settings).toMatchObject({ method: 'fine-tune', choice: { freeze: 'd' } });
    expect(half.fineTuning).toMatchObject({ freeze: 'd' });
    expect(half.sentence).toContain('Fine-tune net after d');
    expect(half.choices.find(({ topic }) => topic === 'freeze')!.reason).toMatch(/parameters of the network learn/);
    expect(half.sureness).toBe('fair');

    const unknown = planOf(factsOf(20));
    expect(unknown).toMatchObject({ sureness: 'preliminary', expected: { baseline: null, low: null, high: null } });
    expect(unknown.settings).toMatchObject({ point: 'h' });
    const stale = factsOf(20, { probes: { ...probed(0.8, 0.7, 0.02)!, stale: true } });
    expect(planOf(stale).sureness).toBe('low');
    expect(planOf(factsOf(20, { probes: probed(0.8, 0.7, 0.09) })).sureness).toBe('low');
    const oneGroup = factsOf(20, { probes: probed(0.8, 0.7, 0.02) }, { size: { ...sizeWith(20), learntGroups: 1 } });
    expect(planOf(oneGroup)).toMatchObject({
      sureness: 'low',
      because: expect.stringContaining('one group') as string,
    });
  });
});

test.each([
  ['turned items are another thing', turned(0.6, 0.3), false],
  ['turned items are known as well', turned(0.7, 0.69), true],
  ['a loss within its own error is none', turned(0.3, 0.2, 0.12), true],
  ['a loss too small to matter', turned(0.9, 0.8, 0.001), true],
  ['one group alone has no error', turned(0.6, 0.4, null), false],
  ['nothing is known', null, true],
] as const)('turning: %s', (_, turning, choice) => {
  expect(firstThatHolds(turningRules, factsOf(500, { turning })).choose).toBe(choice);
});

test.each([
  ['of images like photographs less is enough', shifted(0.05), turned(0.6, 0.5), false],
  ['but not what may be chance', shifted(0.05), turned(0.6, 0.59), true],
  ['images unlike them are turned all the same', shifted(0.65), turned(0.6, 0.5), true],
] as const)('turning: %s', (_, shift, turning, choice) => {
  expect(firstThatHolds(turningRules, factsOf(500, { shift, turning })).choose).toBe(choice);
});

test.each([
  ['very many labels, unlike', 2000, { probes: probed(0.8, 0.7, 0.02) }, true],
  ['very many labels, like', 2000, { probes: probed(0.8, 0.8, 0.02) }, false],
  ['too few labels', 200, { probes: probed(0.8, 0.7, 0.02) }, false],
] as const)('from scratch: %s', (_, train, known, choice) => {
  expect(firstThatHolds(scratchRules, factsOf(train, known)).choose).toBe(choice);
});

test('the network and the size of its input are told with what else was measured', () => {
  const probes = probed(0.8, 0.7, 0.02);
  const better = factsOf(20, { probes }, { rivals: [{ name: 'other', macroF1: 0.9 }] });
  expect(firstThatHolds(networkRules, better).reason(better)).toMatch(/^As asked for; but other.*0\.900.*0\.800/);
  const worse = factsOf(20, { probes }, { rivals: [{ name: 'other', macroF1: 0.81 }] });
  expect(firstThatHolds(networkRules, worse).reason(worse)).toMatch(/^Of 2 networks/);
  const small = factsOf(20, {}, { itemSide: 32 });
  expect(firstThatHolds(sizeRules, small).reason(small)).toMatch(/about 32 px: at 112 px/);
  const asked = factsOf(20, {}, { settings: { ...defaultProbeSettings, size: 96 } });
  expect(firstThatHolds(sizeRules, asked).choose).toBe('as asked');
  expect(planOf(asked).settings.size).toBe(96);
});

describe('what the probes say', () => {
  const report = (scores: readonly number[], shifts: readonly (number | null)[] = []): ProbeReport => ({
    network: { hash: '', name: 'net' },
    settings: defaultProbeSettings,
    points: scores.map((value, at) => ({
      index: at + 1,
      name: pointNames[at],
      shape: [1],
      probe: {
        dimensions: 1,
        items: 100,
        groups: 100,
        folds: 5,
        macroF1: { value, low: value - 0.196, high: value + 0.196 },
        accuracy: { value, low: null, high: null },
        hScore: null,
        logMe: null,
        created: '',
        stale: false,
      },
      shift: shifts[at] ?? null,
      layers: [],
    })),
    best: null,
    earliest: null,
    shift: shifts.length
      ? { items: 128, layers: shifts.filter((one) => one !== null).length, created: '', stale: false }
      : null,
  });

  it('is smoothed over depth, so that one lucky point does not decide', () => {
    const { probes } = similarityOf(report([0.2, 0.9, 0.2, 0.3, 0.6, 0.7, 0.7, 0.6]), null);
    expect(probes).toMatchObject({ best: { name: 'b' }, smoothed: { name: 'g' }, last: { name: 'h', macroF1: 0.6 } });
    expect(probes!.error).toBeCloseTo(0.1, 9);
  });

  it('needs the last point, and knows of no shift where the network keeps no statistics', () => {
    const { points, ...rest } = report([0.2, 0.9, 0.2]);
    const half = { ...rest, points: points.map((one, at) => (at === 2 ? { ...one, probe: null } : one)) };
    expect(similarityOf(half, null).probes).toBeNull();
    expect(similarityOf(half, null).shiftMeasurable).toBeNull();
    expect(similarityOf(report([0.2, 0.3], [null, null]), null)).toMatchObject({ shift: null, shiftMeasurable: false });
    const shifts = [1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.1, 0.3];
    const { shift } = similarityOf(report(shifts, shifts), null);
    expect([shift!.early, shift!.late]).toEqual([0.9, 0.2]);
  });
});

test('items are counted by class, part and group', () => {
  const item = (id: number, classId: number, group: string | null) => ({ id, classId, imageId: id, group, part: null });
  const items = [item(1, 7, 'x'), item(2, 7, 'x'), item(3, 7, null), item(4, 9, 'y')];
  const parts = new Map([1, 2, 3, 4].map((id) => [id, id === 3 ? ('test' as const) : ('train' as const)]));
  const size = sizeOf(items, parts, new Map([[7, 'red'], [9, 'green']])); // prettier-ignore
  expect(size).toEqual({
    labelled: 4,
    counts: { train: 3, validation: 0, test: 1 },
    classes: [
      { name: 'red', items: 3, train: 2, test: 1, groups: 2 },
      { name: 'green', items: 1, train: 1, test: 0, groups: 1 },
    ],
    typical: 1.5,
    imbalance: 3,
    groups: 2,
    learntGroups: 2,
  });
});

describe('warnings', () => {
  const origins = (className: string, of: readonly (readonly [group: string | null, camera: string])[]): Origin[] =>
    of.map(([group, camera]) => ({ className, group, camera }));
  const repeat = <T>(count: number, value: (at: number) => T): T[] =>
    Array.from({ length: count }, (_, at) => value(at));
  const kinds = (...given: Parameters<typeof warningsOf>) => warningsOf(...given).map(({ kind }) => kind);

  it('are none of a project with enough of everything', () => {
    const mixed = ['red', 'green'].flatMap((name) =>
      origins(
        name,
        repeat(20, (at) => [`slide ${at % 5}`, 'a']),
      ),
    );
    expect(warningsOf(sizeWith(100), mixed, [], { test: 10, others: 10, pairs: [] })).toEqual([]);
  });

  it('tell of classes with few items, few groups and few of the test, of unevenness and of empty parts', () => {
    const size = sizeWith(100);
    const [red, green] = size.classes;
    const uneven = { ...size, imbalance: 40, classes: [red, { ...green, items: 5, train: 3, groups: 2 }] };
    const told = warningsOf(uneven, [], [], undefined);
    expect(told.map(({ kind }) => kind)).toEqual(['few', 'few', 'imbalance']);
    expect(told[0].text).toContain('green has 3 training items');
    expect(told[1].text).toContain('green (2 groups)');
    expect(warningsOf({ ...size, classes: [{ ...red, test: 2 }] }, [], [], undefined)[0].text).toContain('2 of red');
    const empty = { ...size, counts: { train: 10, validation: 0, test: 0 } };
    expect(kinds(empty, [], [], undefined)).toEqual(['parts', 'parts']);
  });

  it('tell of a class that is as good as one group, and not of groups that hold several', () => {
    const red = origins(
      'red',
      repeat(20, (at) => [at < 19 ? 'slide 1' : 'slide 2', 'a']),
    );
    const green = origins(
      'green',
      repeat(20, (at) => [`slide ${at % 4}`, 'a']),
    );
    const [warning, ...others] = warningsOf(sizeWith(100), [...red, ...green], [], undefined);
    expect(warning).toMatchObject({
      kind: 'session',
      text: expect.stringContaining('19 of the 20 items of red') as string,
    });
    expect(others).toEqual([]);
    const alone = origins(
      'red',
      repeat(20, () => ['slide 1', 'a']),
    );
    expect(kinds(sizeWith(100), alone, [], undefined)).toEqual([]);
  });

  it('tell of a class with a camera of its own, and not of crops that each have a size of their own', () => {
    const red = origins(
      'red',
      repeat(20, (at) => [`slide ${at}`, '640 × 480 px']),
    );
    const green = origins(
      'green',
      repeat(20, (at) => [`slide ${at}`, '800 × 600 px']),
    );
    const [warning] = warningsOf(sizeWith(100), [...red, ...green], [], undefined);
    expect(warning).toMatchObject({ kind: 'camera', text: expect.stringContaining('red (640 × 480 px)') as string });
    const crops = origins(
      'green',
      repeat(20, (at) => [`slide ${at}`, `${at} px`]),
    );
    expect(warningsOf(sizeWith(100), [...red, ...crops], [], undefined)[0].text).not.toContain('green');
    const same = origins(
      'green',
      repeat(20, (at) => [`slide ${at}`, '640 × 480 px']),
    );
    expect(kinds(sizeWith(100), [...red, ...same], [], undefined)).toEqual([]);
  });

  it('tell of the split’s own, and of test items that look the same as others', () => {
    const pairs = repeat(5, (at) => ({ test: at, other: 100 + at, likeness: 1 }));
    const split = [{ kind: 'split' as const, text: 'No groups are known.' }];
    const told = warningsOf(sizeWith(100), [], split, { test: 50, others: 100, pairs });
    expect(told.map(({ kind }) => kind)).toEqual(['split', 'lookalikes']);
    expect(told[1].text).toMatch(/^5 test items of 50 look.*item 0 and item 100.*and 2 more/);
  });
});
