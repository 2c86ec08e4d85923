import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { int } from '../../main/engine/graph/attributes.ts';
import { createTensor } from '../../main/engine/graph/tensors.ts';
import type { Model, Tensor } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { buildClassActivation, classInput, mapOutput } from '../../main/engine/gradients/class-activation.ts';
import type { LinearClassifier } from '../../main/engine/linear/classifier.ts';
import { buildHead } from '../../main/engine/linear/head.ts';
import { appendHead, codesLength, type CodesRequest } from '../../main/engine/networks/codes-graph.ts';
import type { FreezePoint } from '../../main/engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import { buildCodesTail, buildNetworkTail } from '../../main/engine/networks/tail-graph.ts';
import { randomTensor, run } from '../support/graphs.ts';
import { NetworkBuilder, randomNumbers } from '../support/networks.ts';
import { temporaryFolder } from '../support/serving.ts';
import { residualNetwork } from '../support/training.ts';

const classCount = 3;

/** A linear classifier of random weights on given codes. */
function randomClassifier(columns: number, kind: 'softmax' | 'svm'): LinearClassifier {
  const random = randomNumbers(7);
  const numbers = (length: number, scale = 1, offset = 0): Float64Array =>
    Float64Array.from({ length }, () => offset + scale * random());
  return {
    method: kind,
    columns,
    classCount,
    mean: numbers(columns),
    deviation: numbers(columns, 0.3, 1),
    weights: numbers(columns * classCount),
    bias: numbers(classCount),
    ...(kind === 'svm' ? { platt: [1, 2, 3].map((slope) => ({ slope, offset: 0.1 })) } : {}),
    regularisation: 1,
    grid: [],
    chosenOn: 'validation',
    iterations: 1,
    converged: true,
  };
}

/** ∂y/∂A by central differences, y being what the softmax takes for a class: [C, H, W]. */
async function numericGradient(tail: Model, activations: Tensor<'float32'>, chosen: number): Promise<Float64Array> {
  const { graph } = tail;
  const [softmax] = graph.nodes.filter(({ op }) => op === 'Softmax');
  const logits: Model = {
    ...tail,
    graph: {
      ...graph,
      nodes: graph.nodes.filter((node) => node !== softmax),
      outputs: [{ name: softmax.inputs[0], type: 'float32', shape: ['N', classCount] }],
    },
  };
  const step = 1e-2;
  const count = activations.data.length;
  const moved = new Float32Array(2 * count * count);
  for (let at = 0; at < count; at++)
    for (const [side, sign] of [1, -1].entries()) {
      const start = (2 * at + side) * count;
      moved.set(activations.data, start);
      moved[start + at] += sign * step;
    }
  const shape = [2 * count, ...activations.shape.slice(1)];
  const values = (await run(logits, { [graph.inputs[0].name]: createTensor('float32', shape, moved) }))[
    softmax.inputs[0]
  ].data as Float32Array;
  return Float64Array.from({ length: count }, (_, at) => {
    const [up, down] = [0, 1].map((side) => values[(2 * at + side) * classCount + chosen]);
    return (up - down) / (2 * step);
  });
}

/** Its formula, written out. */
function mapOf(activations: Tensor<'float32'>, gradient: Float64Array): number[] {
  const [, channels, height, width] = activations.shape;
  const places = height * width;
  const map = new Float64Array(places);
  for (let k = 0; k < channels; k++) {
    const alpha = gradient.subarray(k * places, (k + 1) * places).reduce((a, b) => a + b, 0) / places;
    for (let at = 0; at < places; at++) map[at] += alpha * activations.data[k * places + at];
  }
  const average = map.reduce((a, b) => a + b, 0) / places;
  return Array.from(map, (value) => Math.max(0, value - average));
}

async function activationMap(tail: Model, activations: Tensor, chosen: number): Promise<Record<string, Tensor>> {
  const oneHot = createTensor(
    'float32',
    [1, classCount],
    [0, 1, 2].map((index) => Number(index === chosen)),
  );
  return run(buildClassActivation(tail), { [tail.graph.inputs[0].name]: activations, [classInput]: oneHot });
}

async function expectNumericMap(tail: Model, point: FreezePoint): Promise<void> {
  const random = randomTensor([1, ...point.shape], 5).data as Float32Array;
  // Activations after a ReLU.
  const activations = createTensor('float32', [1, ...point.shape], random.map(Math.abs));
  for (let chosen = 0; chosen < classCount; chosen++) {
    const { [mapOutput]: map, ...rest } = await activationMap(tail, activations, chosen);
    const expected = mapOf(activations, await numericGradient(tail, activations, chosen));
    const scale = Math.max(...expected, 1e-3);
    expect([...map.shape]).toEqual(point.shape.slice(1));
    for (const [at, value] of expected.entries())
      expect(Math.abs(Number(map.data[at]) - value) / scale).toBeLessThan(0.02);
    const plain = await run(tail, { [tail.graph.inputs[0].name]: activations });
    const [[name, answered]] = Object.entries(rest);
    for (const [at, value] of plain[name].data.entries())
      expect(Number(answered.data[at])).toBeCloseTo(Number(value), 5);
  }
}

describe('the class activation map', () => {
  test.each([
    ['softmax', 'avg'],
    ['softmax', 'avg+max'],
    ['softmax', 'pyramid'],
    ['svm', 'avg'],
  ] as const)('agrees with central differences, for a %s on codes pooled by %s', async (kind, pooling) => {
    const network = await residualNetwork();
    const last = network.freezePoints.at(-1)!;
    const request: CodesRequest = { point: last, pooling };
    const head = buildHead(randomClassifier(codesLength(request), kind));
    for (const point of [last, network.freezePoints.at(-2)!])
      await expectNumericMap(appendHead(buildCodesTail(network, point, request), head), point);
  });

  test('and for a network that gives probabilities itself', async () => {
    const net = new NetworkBuilder();
    let value = net.relu('relu1', net.norm('norm1', net.conv('conv1', net.input(['N', 3, 16, 16]), 4, { stride: 2 })));
    value = net.relu('relu2', net.conv('conv2', value, 6, { stride: 2 }));
    value = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [value]), [-1, 6]);
    const output = net.add('Softmax', 'prob', [net.dense('fc', value, 6, classCount)], { axis: int(1) });
    const whole = await opened(net.model(output, ['N', classCount]));
    const spatial = whole.freezePoints.filter(({ kind }) => kind === 'spatial');
    expect(spatial.length).toBeGreaterThan(1);
    for (const point of spatial) await expectNumericMap(buildNetworkTail(whole, point), point);
  });

  test('of a network that sees one corner only, lights that corner', async () => {
    const side = 8;
    const net = new NetworkBuilder();
    const seen = net.relu('conv/relu', net.conv('conv', net.input(['N', 3, side, side]), 4));
    const corner = Array.from({ length: side * side }, (_, at) => Number(at % side < 3 && at < 3 * side));
    const mask = net.builder.constant(createTensor('float32', [1, 1, side, side], corner), 'mask');
    let value = net.relu('corner', net.add('Mul', 'masked', [seen, mask]));
    value = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [value]), [-1, 4]);
    const output = net.add('Softmax', 'prob', [net.dense('fc', value, 4, classCount)], { axis: int(1) });
    const whole = await opened(net.model(output, ['N', classCount]));
    const point = whole.freezePoints.findLast(({ kind }) => kind === 'spatial')!;
    const tail = buildNetworkTail(whole, point);
    const trunk = {
      ...whole.model,
      graph: {
        ...whole.model.graph,
        outputs: [{ name: point.tensor, type: 'float32' as const, shape: ['N', ...point.shape] }],
      },
    };
    const input = randomTensor([1, 3, side, side], 3);
    const { [point.tensor]: activations } = await run(trunk, { [whole.input]: input });
    const maps = await Promise.all([0, 1, 2].map((chosen) => activationMap(tail, activations, chosen)));
    // Of the class that the corner speaks for most; for one that it speaks against, everything else is brighter, but faint.
    const peaks = maps.map(({ [mapOutput]: map }) => Math.max(...Array.from(map.data, Number)));
    const { [mapOutput]: map } = maps[peaks.indexOf(Math.max(...peaks))];
    expect(Math.max(...peaks)).toBeGreaterThan(0);
    for (const [at, one] of map.data.entries()) if (!corner[at]) expect(Number(one)).toBe(0);
  });

  test('is refused where it cannot be computed, with what to do', async () => {
    const network = await residualNetwork();
    const point = network.freezePoints.at(-1)!;
    const bare = buildCodesTail(network, point, { point, pooling: 'avg' });
    expect(() => buildClassActivation(bare)).toThrow('does not end with a softmax');
  });
});

async function opened(model: Model): Promise<Network> {
  const file = join(temporaryFolder(), 'network.onnx');
  writeFileSync(file, writeModel(model));
  return openNetwork(file, { preprocessing: scalings.unit });
}
