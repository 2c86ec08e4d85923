import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { zoo } from '../../main/networks/zoo/catalogue.ts';
import { guessScaling } from '../../main/engine/networks/guess-scaling.ts';
import { caffeInput, caffeLayer, caffeMean, caffeModel, caffeWeights } from '../support/caffe.ts';
import { tinyNetwork, workshop } from '../support/core.ts';
import { type Desk, desk } from '../support/studio.ts';

const work = workshop();

async function inspect(
  { client, done }: Desk,
  path: string,
  options: { weights?: string; mean?: string; size?: number } = {},
) {
  const started = await client.networks.inspect({ path, ...options });
  await done(started);
  return (await client.networks.inspected(started))!;
}

describe('a file that is read before it is added', () => {
  it('says what was recognised, and what is not known; nothing is kept', async () => {
    const own = desk(work, work.path('plain'));
    const file = work.write('tiny.onnx', tinyNetwork());
    const found = await inspect(own, file);
    expect(found).toMatchObject({
      name: 'tiny',
      format: 'onnx',
      zoo: null,
      size: 32,
      declaredSize: 32,
      scaling: null,
      isCertain: false,
      classifier: { name: 'fc', classes: 4 },
    });
    expect(found.scalings.caffe.channels).toBe('bgr');
    expect((await inspect(own, file, { size: 48 })).size).toBe(48);
    expect((await own.client.networks.list()).filter(({ boxed }) => boxed !== true)).toEqual([]);
  });

  it('of the zoo is known by its SHA-256, with all that its documentation says', async () => {
    const content = tinyNetwork(11);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const entry = { ...zoo[0], id: 'mine', name: 'Mine', file: 'mine.onnx', bytes: content.length, sha256 };
    work.write('zoo/zoo.json', JSON.stringify([entry]));
    const own = desk(work, work.path('zoo'));
    const found = await inspect(own, work.write('renamed.onnx', content));
    expect(found).toMatchObject({ name: 'Mine', zoo: { id: 'mine' }, isCertain: true, scaling: zoo[0].scaling });
    expect((await inspect(own, work.write('other.onnx', tinyNetwork(12)))).zoo).toBeNull();
  });

  it('of Caffe’s is likely one of BGR, and is added as the person says, with codes at its own size', async () => {
    const own = desk(work, work.path('caffe-data'));
    const text =
      caffeInput(16) +
      caffeLayer('conv', 'Convolution', 'data', 'convolution_param { num_output: 4 kernel_size: 3 }') +
      caffeLayer('fc', 'InnerProduct', 'conv', 'inner_product_param { num_output: 10 }');
    const path = work.write('caffe/deploy.prototxt', text);
    const weights = work.write(
      'elsewhere/net.caffemodel',
      caffeModel({
        conv: [caffeWeights([4, 3, 3, 3]), caffeWeights([4])],
        fc: [caffeWeights([10, 784]), caffeWeights([10])],
      }),
    );
    const found = await inspect(own, path, { weights });
    expect(found).toMatchObject({ format: 'caffe', isCertain: false, scaling: found.scalings.caffe });
    const refused = await own.over(await own.client.networks.add({ path, weights }));
    expect(refused.error).toMatch(/how this network wants its pixels scaled is not known.*Or give its mean image/);
    const scaling = { ...found.scalings.caffe, mean: [104, 117, 123] as [number, number, number] };
    await own.done(await own.client.networks.add({ path, weights, scaling }));
    const [added] = await own.client.networks.list();
    expect(added).toMatchObject({
      name: 'deploy',
      format: 'caffe',
      file: 'model.prototxt',
      preprocessing: { mean: [104, 117, 123] },
    });
    const mean = work.write('elsewhere/mean.binaryproto', caffeMean([104.1, 117.2, 123.3]));
    const known = await inspect(own, path, { weights, mean });
    expect(known).toMatchObject({ isCertain: true, scaling: { mean: [104.1, 117.2, 123.3], channels: 'bgr' } });
    // The same network, told another way.
    await own.done(await own.client.networks.add({ path, weights, mean }));
    expect((await own.client.networks.list())[0]).toMatchObject({
      preprocessing: { mean: [104.1, 117.2, 123.3] },
      preprocessingSource: known.scalingReason,
    });
    const over = await own.over(await own.client.networks.add({ path, weights, mean: weights }));
    expect(over.error).toMatch(/net\.caffemodel is not a mean image of Caffe’s/);
  });

  it('is refused where it is none, with why', async () => {
    const own = desk(work, work.path('none'));
    const refused = await own.over(await own.client.networks.inspect({ path: work.path('nothing.onnx') }));
    expect(refused.error).toMatch(/nothing\.onnx cannot be read/);
  });
});

it('a scaling is guessed by the program that wrote the file, where one is usual there', () => {
  expect(guessScaling('pytorch 1.13')?.scaling.deviation).toEqual([0.229, 0.224, 0.225]);
  expect(guessScaling('tf2onnx 1.9')?.scaling.range).toEqual([-1, 1]);
  expect(guessScaling('Caffe')?.scaling.channels).toBe('bgr');
  expect(guessScaling('something else')).toBeUndefined();
});
