import { expect, test } from 'vitest';
import { defaultProbeSettings } from '../../main/contract/probes.ts';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import {
  itemsError,
  marksOf,
  type ProbeForm,
  probeSeconds,
  probeSettingsOf,
} from '../../renderer/src/network/probe-words.ts';

const form: ProbeForm = { items: '500', pooling: 'avg+max', size: '' };

test('settings of probes are taken only when every field can be meant', () => {
  const settings = probeSettingsOf(form, defaultProbeSettings);
  expect(settings).toEqual({ ...defaultProbeSettings, items: 500, pooling: 'avg+max', size: null });
  expect(probeSettingsOf({ ...form, size: '96' }, defaultProbeSettings)?.size).toBe(96);
  for (const wrong of [
    { items: '19' },
    { items: '' },
    { items: '2e3' },
    { items: '1000001' },
    { size: '7' },
    { size: 'x' },
  ])
    expect(probeSettingsOf({ ...form, ...wrong }, defaultProbeSettings)).toBeNull();
  expect(itemsError('1000000')).toBeNull();
});

test('how long probing takes goes by items, size, freeze points and cores', () => {
  const points = [1e8, 3e8].map((multiplyAddsBefore) => ({ multiplyAddsBefore }));
  const network = { freezePoints: points, preprocessing: { size: 200 } } as unknown as NetworkInfo;
  const seconds = (items: number, size: number | null, labelled: number, cores: number): number =>
    probeSeconds(network, { items, size }, labelled, cores);
  // 1,000 items of 3e8 multiply-adds at 15e9 a second, and a second for each point.
  expect(seconds(1000, null, 5000, 1)).toBeCloseTo(20 + 2, 9);
  expect(seconds(1000, 100, 5000, 2)).toBeCloseTo(2.5 + 2, 9);
  expect(seconds(1000, null, 100, 1)).toBeCloseTo(2.2, 9);
});

test('the best point and the earliest as good are marked, also where they are one', () => {
  expect(marksOf({ best: 'b', earliest: 'a' }, 'a')).toBe('earliest within one standard error');
  expect(marksOf({ best: 'a', earliest: 'a' }, 'a')).toBe('best, earliest within one standard error');
  expect(marksOf({ best: 'b', earliest: 'a' }, 'c')).toBe('');
});
