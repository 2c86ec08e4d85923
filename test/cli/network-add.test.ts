import { expect, it } from 'vitest';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import { caffeInput, caffeLayer, caffeMean, caffeModel, caffeWeights } from '../support/caffe.ts';
import { parfocal, parfocalJson } from '../support/command-line.ts';
import { workshop } from '../support/core.ts';

const work = workshop();

it('parfocal network add takes a network of Caffe’s with its mean image, and says what became of it', async () => {
  const layers = caffeLayer('conv', 'Convolution', 'data', 'convolution_param { num_output: 4 kernel_size: 3 }');
  const file = work.write('deploy.prototxt', caffeInput(16) + layers);
  work.write('net.caffemodel', caffeModel({ conv: [caffeWeights([4, 3, 3, 3]), caffeWeights([4])] }));
  const mean = work.write('mean.binaryproto', caffeMean([104, 117, 123]));
  const data = work.path('data');
  const info = await parfocalJson<NetworkInfo>(data, 'network', 'add', file, '--mean', mean);
  expect(info.preprocessing).toMatchObject({ mean: [104, 117, 123], channels: 'bgr' });
  expect(info.preprocessingSource).toMatch(/mean\.binaryproto, 4 × 2 pixels.*averaged over its area/);
  const both = await parfocal(data, 'network', 'add', file, '--mean', mean, '--preprocessing', 'caffe');
  expect(both.code).toBe(2);
  expect(both.stderr).toMatch(/--mean.*--preprocessing/);
});
