import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readCaffeModel } from '../../main/engine/importers/caffe.ts';
import { findCaffeFiles } from '../../main/engine/importers/caffe-files.ts';
import { readCaffeMean } from '../../main/engine/importers/caffe-mean.ts';
import { parseTextProto } from '../../main/engine/importers/caffe-text.ts';
import { readCaffeWeights } from '../../main/engine/importers/caffe-weights.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { caffeBlob, caffeInput, caffeLayer, caffeMean, caffeModel, caffeWeights } from '../support/caffe.ts';
import { randomNumbers } from '../support/networks.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-caffe-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

let saved = 0;
async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<(name: string) => string> {
  const place = path.join(folder, String(saved++));
  await mkdir(place);
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(place, name), content);
  return (name) => path.join(place, name);
}

const convolution = (settings: string): string =>
  caffeLayer('conv', 'Convolution', 'data', `convolution_param { ${settings} }`);
const good = caffeInput(8) + convolution('num_output: 4 kernel_size: 3');
const weights = { conv: [caffeWeights([4, 3, 3, 3]), caffeWeights([4])] };
const bytes = caffeModel(weights);

async function refusal(text: string, binary: Uint8Array = bytes): Promise<string> {
  const at = await write({ 'net.prototxt': text, 'net.caffemodel': binary });
  try {
    await readCaffeModel({ layers: at('net.prototxt'), weights: at('net.caffemodel') });
  } catch (error) {
    expect((error as Error).name).toBe('EngineError');
    return (error as Error).message;
  }
  throw new Error('It was read.');
}

describe('a .prototxt', () => {
  it.each([
    ['that ends in a block', 'layer { name: "a"', /net\.prototxt, line 1: it ends in the middle of a block/],
    ['that ends in a field', 'name:', /line 1: a value is missing/],
    ['with a text that does not end', '\n\nname: "a\n"', /line 3: a text in quotes does not end/],
    ['with a letter that does not belong there', 'layer { ! }', /line 1: there is "!"/],
    ['with a value in place of a name', '"a": 1', /a field's name is expected/],
    ['with a brace too many', '}', /a field's name is expected/],
    ['with blocks within blocks', 'a {'.repeat(100_000), /within each other more than 32 deep/],
    ['with lists within lists', 'a: [[[[', /a value is expected/],
    ['that is empty', '', /the network has no input/],
    ['that is something else', '{"layers": []}', /a field's name is expected/],
    ['with one text where a block is expected', 'layer: "a"', /"layer" must be a block/],
    ['with a block where a text is expected', 'layer { name { } type: "ReLU" }', /"name" must be a text/],
  ])('%s is refused', async (_what, text, reason) => {
    expect(await refusal(text)).toMatch(reason);
  });

  it('is read with all that its language has', () => {
    const text = `a: 1, b: -2.5e-1; c: .5f d: 0x10 e: true f: WORD g < h: "x\\"y" 'z' > # end\n i { } j: [1, 2, 3] k: inf l: -inf`;
    const message = parseTextProto(text, 'file');
    expect([message.number('a', 0), message.number('b', 0), message.number('c', 0), message.number('d', 0)]).toEqual([
      1, -0.25, 0.5, 16,
    ]);
    expect(message.boolean('e', false)).toBe(true);
    expect(message.choice('f', ['OTHER', 'WORD'], 'OTHER')).toBe('WORD');
    expect(message.message('g').string('h', '')).toBe('x"yz');
    expect(message.numbers('j')).toEqual([1, 2, 3]);
    expect(message.all('l')).toEqual([-Infinity]);
    expect(() => message.number('k', 0)).toThrow(/"k" must be a number/);
  });

  it.each([
    [
      'a layer that is not read',
      caffeLayer('x', 'Deconvolution', 'data'),
      /layer "x" \(Deconvolution\): layers of this kind are not read\. Read are: BatchNorm, Convolution/,
    ],
    ['a layer without a type', 'layer { name: "x" bottom: "data" top: "x" }', /layer "x" is without a type/],
    ['a layer of an unknown old type', 'layers { name: "x" type: NEW bottom: "data" top: "x" }', /layer "x" is NEW/],
    [
      'a blob that is not there',
      caffeLayer('x', 'ReLU', 'nothing'),
      /takes the blob "nothing", which no layer before it makes/,
    ],
    ['a layer that takes nothing', 'layer { name: "x" type: "ReLU" top: "x" }', /takes nothing/],
    ['a layer that makes nothing', 'layer { name: "x" type: "ReLU" bottom: "data" }', /makes nothing/],
    ['no layers', '', /it has no layers/],
    ['a negative kernel', convolution('num_output: 4 kernel_size: -3'), /its kernel_size of -3 is not possible/],
    ['a kernel of a fraction', convolution('num_output: 4 kernel_size: 1.5'), /not possible/],
    ['an endless kernel', convolution('num_output: 4 kernel_size: 1e30'), /not possible/],
    ['a kernel of nothing', convolution('num_output: 4'), /its kernel, stride or dilation is 0/],
    ['a kernel beyond the image', convolution('num_output: 4 kernel_size: 9'), /kernel of 9 does not fit into the 8/],
    ['no filters', convolution('kernel_size: 3'), /"num_output" must be a whole number of at least 1/],
    ['as many filters as there are not', convolution('num_output: 4e12 kernel_size: 3'), /"num_output" must be/],
    ['groups that do not go in', convolution('num_output: 4 kernel_size: 3 group: 2'), /do not go into 2 groups/],
    [
      'weights of another shape',
      convolution('num_output: 5 kernel_size: 3'),
      /weights have the shape \[4, 3, 3, 3\], but \[5, 3, 3, 3\]/,
    ],
    [
      'weights that are not there',
      caffeLayer('fc', 'InnerProduct', 'data', 'inner_product_param { num_output: 2 }'),
      /its weights are not in the \.caffemodel/,
    ],
    [
      'a padding as large as the kernel',
      caffeLayer('p', 'Pooling', 'data', 'pooling_param { kernel_size: 2 pad: 2 }'),
      /padding is not smaller/,
    ],
    [
      'pooling by chance',
      caffeLayer('p', 'Pooling', 'data', 'pooling_param { pool: STOCHASTIC kernel_size: 2 }'),
      /by chance/,
    ],
    [
      'a window outside the image',
      caffeLayer('p', 'Pooling', 'data', 'pooling_param { kernel_size: 1 stride: 4 }'),
      /outside the image/,
    ],
    ['an even response window', caffeLayer('n', 'LRN', 'data', 'lrn_param { local_size: 4 }'), /size of 4 is even/],
    [
      'the batch as an axis',
      caffeLayer('s', 'Softmax', 'data', 'softmax_param { axis: 0 }'),
      /axis 0 is not one of an image's own/,
    ],
    [
      'a shape that does not fit',
      caffeLayer('r', 'Reshape', 'data', 'reshape_param { shape { dim: 0 dim: 5 dim: -1 } }'),
      /does not go into the shape/,
    ],
    [
      'parts that do not fit',
      'layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "s" }',
      /do not go into parts/,
    ],
    [
      'sums of two shapes',
      convolution('num_output: 4 kernel_size: 3') + caffeLayer('e', 'Eltwise', ['data', 'conv']),
      /does not fit: \[3, 8, 8\], \[4, 6, 6\]/,
    ],
    [
      'two inputs',
      caffeInput(8).replace('"data" type', '"other" type').replace('top: "data"', 'top: "other"') +
        convolution('num_output: 4 kernel_size: 3'),
      /takes several inputs/,
    ],
  ])('with %s is refused', async (_what, layers, reason) => {
    expect(await refusal(caffeInput(8) + layers)).toMatch(reason);
  });

  it.each([
    ['negative', 'dim: 1 dim: 3 dim: -8 dim: 8', /input of 3 × -8 × 8 is not an image/],
    ['huge', 'dim: 1 dim: 3 dim: 1e9 dim: 1e9', /is not an image/],
    ['not an image', 'dim: 1 dim: 3', /does not say the size of its input/],
  ])('whose input is %s is refused', async (_what, shape, reason) => {
    expect(await refusal(good.replace('dim: 1 dim: 3 dim: 8 dim: 8', shape))).toMatch(reason);
  });

  it('of a form long gone is refused with what to do', async () => {
    expect(await refusal('layers { layer { name: "a" type: "conv" } bottom: "data" top: "a" }')).toMatch(
      /upgrade_net_proto_text/,
    );
  });
});

describe('a .caffemodel', () => {
  const blob = (content: Uint8Array): Uint8Array => {
    const writer = new BinaryWriter();
    writer.tag(100, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string('conv');
    writer.tag(7, WireType.LengthDelimited).bytes(content).join();
    return writer.finish();
  };
  const shaped = (shape: readonly number[], count: number): Uint8Array =>
    blob(caffeBlob({ shape, data: new Float32Array(count) }));

  it.each<[string, Uint8Array, RegExp]>([
    [
      'that is cut short',
      bytes.subarray(0, bytes.length - 50),
      /net\.caffemodel: it is not a \.caffemodel, or it is cut short/,
    ],
    [
      'that is something else',
      new TextEncoder().encode('<html>not here</html>'),
      /is not a \.caffemodel|not in the \.caffemodel/,
    ],
    ['that is empty', new Uint8Array(), /its weights are not in the \.caffemodel/],
    [
      'with fewer values than its shape',
      shaped([4, 3, 3, 3], 107),
      /has 107 values, but its shape \[4, 3, 3, 3\] takes 108/,
    ],
    ['with a huge shape and no values', shaped([1e9, 1e9], 0), /is too large|takes/],
    ['with a negative dimension', shaped([-4, -27], 108), /is not a shape/],
    ['with many axes', shaped(Array<number>(1000).fill(1), 1), /axes/],
    ['with a length beyond its end', Uint8Array.from([0xa2, 0x06, 0xff, 0xff, 0xff, 0xff, 0x07]), /cut short/],
    ['with groups in groups', new Uint8Array(100_000).fill(0x0b), /is not a \.caffemodel/],
    ['with a number without end', new Uint8Array(100).fill(0xff), /is not a \.caffemodel/],
    ['with two layers of one name', Buffer.concat([bytes, bytes]), /two layers of the name "conv"/],
  ])('%s is refused', async (_what, binary, reason) => {
    expect(await refusal(good, binary)).toMatch(reason);
  });

  test('of random bytes is refused or gives no weights, and never hangs', () => {
    const random = randomNumbers(9);
    for (let round = 0; round < 300; round++) {
      const broken = Uint8Array.from(bytes);
      for (let at = 0; at < 3; at++) broken[Math.floor(((random() + 1) / 2) * 60)] = 128 * (random() + 1);
      try {
        for (const [, blobs] of readCaffeWeights(broken, 'net'))
          for (const { shape, data } of blobs)
            expect(data).toHaveLength(shape.reduce((product, side) => product * side, 1));
      } catch (error) {
        expect((error as Error).name).toBe('EngineError');
      }
    }
  });
});

describe('a mean image', () => {
  const imageNet = [104.007, 116.669, 122.679];
  const blob = (shape: readonly number[], data: ArrayLike<number>): Uint8Array =>
    caffeBlob({ shape, data: Float32Array.from(data) });

  it.each([
    ['of the form before', caffeMean(imageNet)],
    ['of today’s form', caffeMean(imageNet, {}, {})],
    ['of doubles', caffeMean(imageNet, {}, { isOld: true, isDouble: true })],
    ['of numbers one by one', caffeMean(imageNet, {}, { isOld: true, isUnpacked: true })],
    [
      'without a batch',
      blob(
        [3, 1, 2],
        imageNet.flatMap((mean) => [mean - 1, mean + 1]),
      ),
    ],
  ])('%s becomes one mean a channel, blue first', async (_what, content) => {
    const at = await write({ 'mean.binaryproto': content });
    expect((await readCaffeMean(at('mean.binaryproto'))).channels).toEqual(imageNet);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['that is cut short', caffeMean(imageNet).subarray(0, 60), /is not a mean image .*cut short, damaged/],
    ['whose numbers are cut', Uint8Array.from([0x2a, 3, 1, 2, 3]), /values of the mean image are cut short/],
    ['that is something else', new TextEncoder().encode('<html>not here</html>'), /is not a mean image/],
    ['that is a .caffemodel', bytes, /is not a mean image .*0 values/],
    ['that is empty', new Uint8Array(), /is not a mean image .*0 values/],
    ['with fewer values than its shape', blob([1, 3, 4, 4], [1, 2, 3]), /has 3 values, but its shape .* takes 48/],
    ['of a huge shape', blob([1, 3, 1e9, 1e9], []), /is not a mean image/],
    ['of a negative shape', blob([1, 3, -2, -2], new Float32Array(12)), /is not a mean image/],
    ['of no pixels', blob([1, 3, 0, 0], []), /is not one mean image: its shape is \[1, 3, 0, 0\]/],
    ['of one number', blob([], [1]), /is not one mean image/],
    ['of two images', blob([2, 3, 1, 1], [1, 2, 3, 4, 5, 6]), /is not one mean image: its shape is \[2, 3, 1, 1\]/],
    ['of gray images', caffeMean([128]), /is the mean of images with 1 channel\. .* three/],
    ['with a value that is no number', blob([1, 3, 1, 1], [1, NaN, 3]), /is damaged: some of its values/],
  ])('%s is refused, with the file’s name', async (_what, content, reason) => {
    const at = await write({ 'mean.binaryproto': content });
    const read = readCaffeMean(at('mean.binaryproto'));
    await expect(read).rejects.toThrow(reason);
    await expect(read).rejects.toThrow(/^\S*mean\.binaryproto /);
    await expect(read).rejects.toMatchObject({ name: 'EngineError' });
  });

  it('that is not there, or larger than any, is refused unread', async () => {
    const at = await write({ 'large.binaryproto': '' });
    await truncate(at('large.binaryproto'), 17 * 2 ** 20);
    await expect(readCaffeMean(at('large.binaryproto'))).rejects.toThrow(/more than such a file can have/);
    await expect(readCaffeMean(at('none.binaryproto'))).rejects.toThrow(/none\.binaryproto cannot be read/);
  });

  it('says how pixels are scaled, with the factor that the layers’ file has for it', async () => {
    const data = 'layer { name: "data" type: "Data" top: "data" transform_param { crop_size: 8 SETTINGS } }';
    const training = `${data}${convolution('num_output: 4 kernel_size: 3')}`;
    const at = await write({
      'deploy.prototxt': good,
      'train.prototxt': training.replace('SETTINGS', 'scale: 0.5 mean_file: "mean.binaryproto"'),
      'net.caffemodel': bytes,
      'mean.binaryproto': caffeMean(imageNet),
    });
    const options = { weights: at('net.caffemodel'), mean: at('mean.binaryproto') };
    const deploy = await openNetwork(at('deploy.prototxt'), options);
    expect(deploy.preprocessing).toMatchObject({
      mean: imageNet,
      deviation: [1, 1, 1],
      range: [0, 255],
      channels: 'bgr',
    });
    expect(deploy.preprocessingReason).toMatch(/mean\.binaryproto, 4 × 2 pixels.* averaged over its area/);
    const trained = await openNetwork(at('train.prototxt'), options);
    expect(trained.preprocessing).toMatchObject({ mean: imageNet, deviation: [2, 2, 2] });
    expect(trained.preprocessingReason).toMatch(/times 0\.5/);
    const without = await openNetwork(at('train.prototxt'), { weights: at('net.caffemodel') });
    expect(without.preprocessing).toBeUndefined();
    await expect(openNetwork(at('other.onnx'), { mean: at('mean.binaryproto') })).rejects.toThrow(
      /mean\.binaryproto: a mean image goes with a network of Caffe’s/,
    );
  });
});

describe('the two files of a network', () => {
  it('are found by either, by name or by being alone', async () => {
    const named = await write({ 'a.prototxt': '', 'a.caffemodel': '', 'b.prototxt': '', 'b.caffemodel': '' });
    expect(await findCaffeFiles(named('b.prototxt'))).toEqual({
      layers: named('b.prototxt'),
      weights: named('b.caffemodel'),
    });
    expect(await findCaffeFiles(named('a.caffemodel'))).toEqual({
      layers: named('a.prototxt'),
      weights: named('a.caffemodel'),
    });
    const alone = await write({ 'deploy.prototxt': '', 'train_val.prototxt': '', 'bvlc.caffemodel': '' });
    expect((await findCaffeFiles(alone('train_val.prototxt'))).weights).toBe(alone('bvlc.caffemodel'));
    expect((await findCaffeFiles(alone('bvlc.caffemodel'))).layers).toBe(alone('deploy.prototxt'));
    expect((await findCaffeFiles(alone('deploy.prototxt'), '/x.caffemodel')).weights).toBe('/x.caffemodel');
  });

  it('are asked for where they are not found', async () => {
    const none = await write({ 'a.prototxt': '' });
    await expect(findCaffeFiles(none('a.prototxt'))).rejects.toThrow(/does not lie beside it/);
    const several = await write({ 'a.prototxt': '', 'b.caffemodel': '', 'c.caffemodel': '' });
    await expect(findCaffeFiles(several('a.prototxt'))).rejects.toThrow(/b\.caffemodel, c\.caffemodel\. Name both/);
  });
});
