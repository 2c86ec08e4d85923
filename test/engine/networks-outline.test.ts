import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { int } from '../../main/engine/graph/attributes.ts';
import { createTensor, int64s } from '../../main/engine/graph/tensors.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { firstFilters } from '../../main/engine/networks/first-filters.ts';
import { type Network, openNetwork } from '../../main/engine/networks/network.ts';
import { operatorFacts } from '../../main/engine/networks/operator-facts.ts';
import { type OutlinedBlock, outlineNetwork } from '../../main/engine/networks/outline.ts';
import { strongestChannels } from '../../main/engine/networks/strongest-channels.ts';
import { type Scaling, scalings } from '../../main/engine/networks/preprocessing.ts';
import { denseNet, googLeNet, resNet18 } from '../support/families.ts';
import { NetworkBuilder } from '../support/networks.ts';

async function open(model: Model, preprocessing: Scaling = scalings.unit): Promise<Network> {
  const folder = mkdtempSync(join(tmpdir(), 'parfocal-outline-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'network.onnx');
  writeFileSync(file, writeModel(model));
  return openNetwork(file, { preprocessing });
}

/** `Conv(-1) Relu(0)`: each operator with the numbers of those that it takes values from. */
const written = ({ operators }: OutlinedBlock): string =>
  operators.map(({ op, inputs }) => `${op}(${inputs.join()})`).join(' ');

describe('a network block by block', () => {
  test('residual paths: around the layers, and through a layer of their own', async () => {
    const network = await open(resNet18());
    const blocks = outlineNetwork(network);
    expect(network.freezePoints.map(({ name }) => name).slice(1, 3)).toEqual(['layer1.0', 'layer1.1']);
    expect(written(blocks[1])).toBe(
      'Conv(-1) BatchNormalization(0) Relu(1) Conv(2) BatchNormalization(3) Add(4,-1) Relu(5)',
    );
    expect(written(blocks[3])).toBe(
      'Conv(-1) BatchNormalization(0) Relu(1) Conv(2) BatchNormalization(3) Conv(-1) BatchNormalization(5) Add(4,6) Relu(7)',
    );
    expect(blocks.at(-1)!.operators.map(({ op }) => op)).toEqual(['GlobalAveragePool', 'Reshape', 'Gemm', 'Softmax']);
  });

  test('branches of an Inception module; a dense layer beside what it adds to', async () => {
    const inception = outlineNetwork(await open(googLeNet())).find(
      ({ operators }) => operators.at(-1)!.op === 'Concat',
    )!;
    const { operators } = inception;
    expect(operators.filter(({ inputs }) => inputs.includes(-1)).map(({ op }) => op)).toEqual([
      'Conv',
      'Conv',
      'Conv',
      'MaxPool',
    ]);
    expect(operators.at(-1)!.inputs.map((at) => operators[at].op)).toEqual(['Relu', 'Relu', 'Relu', 'Relu']);
    const dense = outlineNetwork(await open(denseNet([2, 1])))[1];
    expect(dense.operators.at(-1)).toMatchObject({ op: 'Concat', inputs: [-1, 5] });
  });

  test.each([
    ['ResNet-18', resNet18],
    ['DenseNet', () => denseNet([2, 2])],
    ['GoogLeNet', googLeNet],
  ])('%s: what the operators of a block hold and cost is what its freeze points say', async (_, make) => {
    const network = await open(make());
    const sums = outlineNetwork(network)
      .slice(0, -1)
      .map(({ nodes }) => {
        const facts = nodes.map((node) => operatorFacts(network, node));
        return {
          parameters: facts.reduce((sum, { parameters }) => sum + parameters, 0),
          multiplyAdds: facts.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
        };
      });
    let [parameters, multiplyAdds] = [0, 0];
    for (const [at, point] of network.freezePoints.entries()) {
      parameters += sums[at].parameters;
      multiplyAdds += sums[at].multiplyAdds;
      expect(point).toMatchObject({ parametersBefore: parameters, multiplyAddsBefore: multiplyAdds });
    }
    expect(network.freezePoints.at(-1)!.parametersAfter).toBe(0);
  });
});

describe('an operator', () => {
  test('its settings beside the defaults, its shape, and how its weights are spread', async () => {
    const net = new NetworkBuilder();
    const weights = net.builder.constant(
      createTensor('float32', [4, 3, 1, 1], [-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]),
      'weights',
    );
    const first = net.builder.add('Conv', [net.input(), weights], { group: int(1) }, { name: 'first' });
    const clipped = net.clip('clip', first, 6);
    const flat = net.builder.add('Flatten', [net.builder.add('GlobalAveragePool', [clipped])]);
    const network = await open(net.model(net.dense('fc', flat, 4, 2), ['N', 2]));
    const [{ nodes }] = outlineNetwork(network);
    const facts = operatorFacts(network, nodes[0]);
    expect(facts).toMatchObject({ shape: [4, 32, 32], parameters: 12, multiplyAdds: 12 * 32 * 32 });
    expect(facts.settings.some(({ name }) => name === 'group')).toBe(false);
    const [spread] = facts.weights;
    expect(spread).toMatchObject({ role: 'weights', shape: [4, 3, 1, 1], low: -1, high: 3 });
    expect(spread.mean).toBeCloseTo(2 / 12, 6);
    expect(spread.deviation).toBeCloseTo(Math.sqrt(10 / 12 - 1 / 36), 6);
    expect(spread.histogram.filter((count) => count > 0)).toEqual([1, 10, 1]);
    expect(spread.histogram.indexOf(10)).toBe(Math.floor(spread.histogram.length / 4));
    expect(operatorFacts(network, nodes[1]).settings).toEqual([
      { name: 'lowest', value: '0' },
      { name: 'highest', value: '6' },
    ]);
  });

  test('weights that are no numbers are left out of its histogram', async () => {
    const net = new NetworkBuilder();
    const broken = net.builder.constant(createTensor('float32', [2, 3, 1, 1], [NaN, Infinity, 1, 1, 2, 1]), 'weights');
    const conv = net.builder.add('Conv', [net.input(), broken], {}, { name: 'broken' });
    const network = await open(net.model(conv, ['N', 2, 32, 32]));
    const [{ nodes }] = outlineNetwork(network);
    const [weights] = operatorFacts(network, nodes[0]).weights;
    expect(weights).toMatchObject({ low: 1, high: 2 });
    expect(weights.histogram.reduce((sum, count) => sum + count, 0)).toBe(4);
  });
});

describe('the filters of the first convolution', () => {
  /** One filter of 1 × 2 pixels that answers to the first channel on the left and to the last, negatively, on the right. */
  function filterNetwork(before: (net: NetworkBuilder, input: string) => string = (_, input) => input): Model {
    const net = new NetworkBuilder();
    const weights = net.builder.constant(createTensor('float32', [1, 3, 1, 2], [2, 0, 0, 0, 0, -1]), 'weights');
    const conv = net.builder.add('Conv', [before(net, net.input()), weights], {}, { name: 'conv1' });
    return net.model(conv, ['N', 1, 32, 31]);
  }
  const pixelsOf = (network: Network): number[] => [...firstFilters(network)!.pixels];
  const swapped = (net: NetworkBuilder, input: string): string =>
    net.builder.add('Gather', [input, net.builder.constant(int64s([2, 1, 0]), 'order')], { axis: int(1) });

  test('are in the colours of the image, whichever order the network takes these in', async () => {
    const [red, blue] = [
      [255, 128, 128],
      [128, 128, 64],
    ];
    expect(pixelsOf(await open(filterNetwork()))).toEqual([...red, ...blue]);
    const turned = [...red.toReversed(), ...blue.toReversed()];
    expect(pixelsOf(await open(filterNetwork(), { ...scalings.unit, channels: 'bgr' }))).toEqual(turned);
    expect(pixelsOf(await open(filterNetwork(swapped)))).toEqual(turned);
    expect(pixelsOf(await open(filterNetwork(swapped), { ...scalings.unit, channels: 'bgr' }))).toEqual([
      ...red,
      ...blue,
    ]);
  });

  test('are not shown where the first convolution takes no colours', async () => {
    const net = new NetworkBuilder();
    const grey = net.builder.add('ReduceMean', [net.input(), net.builder.constant(int64s([1]), 'axes')]);
    const conv = net.builder.add('Conv', [grey, net.weights([2, 1, 3, 3])], {}, { name: 'conv1' });
    expect(firstFilters(await open(net.model(conv, ['N', 2, 30, 30])))).toBeUndefined();
  });
});

test('channels that answer most come first, each on its own scale; those that are the same everywhere last', () => {
  const activations = Float32Array.of(9, 9, 9, 9, 0, 1, 2, 4, -8, 0, 0, 8, 0, 0, 0, 0);
  const found = strongestChannels(activations, [4, 2, 2], 3);
  expect(found).toEqual([
    { channel: 2, values: Uint8Array.of(0, 128, 128, 255) },
    { channel: 1, values: Uint8Array.of(0, 64, 128, 255) },
    { channel: 0, values: Uint8Array.of(0, 0, 0, 0) },
  ]);
});
