import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder } from '../main/engine/graph/builder.ts';
import { createTensor } from '../main/engine/graph/tensors.ts';
import type { Model, Tensor } from '../main/engine/graph/types.ts';
import { writeModel } from '../main/engine/graph/write.ts';
import { buildCodesModel, pixelsInput } from '../main/engine/networks/codes-graph.ts';
import { type Network, openNetwork } from '../main/engine/networks/network.ts';
import { scalings } from '../main/engine/networks/preprocessing.ts';
import { tailCodes } from '../main/engine/networks/tail-graph.ts';
import { operators } from '../main/engine/ops/table.ts';
import { NodeContext } from '../main/engine/ops/operator.ts';
import { createRandom } from '../main/engine/random.ts';
import { createSession } from '../main/engine/runtime/session.ts';
import { sgd } from '../main/engine/training/optimizers.ts';
import { tailParameters } from '../main/engine/training/parameters.ts';
import { TrainingSession } from '../main/engine/training/training-session.ts';
import { zeroHead } from '../main/trainer/fine-tuning/head.ts';
import { mobileNetV2, resNet18 } from './networks.ts';
import type { Figure } from './report.ts';

const size = 224;
const batch = 32;
const classCount = 10;
const rounds = 7;
/** Sides of the square matrices whose product is timed; the best of them counts. */
const matrixSides = [1024, 2048];

/**
 * A whole step of fine-tuning, everything trained, against the optimised inference of the same batch, and against the best rate of a matrix
 * product. All take turns, so that a machine that slows down slows each; the fastest round of each counts.
 */
export async function benchTrainStep(): Promise<readonly Figure[]> {
  const mobile = await measure(mobileNetV2(size));
  const residual = await measure(resNet18(size));
  return [
    ...figures('MobileNetV2-shaped', mobile, 8),
    ...figures('ResNet-18-shaped', residual, 5),
    { name: 'best matrix product', value: residual.product, unit: 'GFLOP/s' },
    { name: 'ResNet-18-shaped: whole step', value: residual.rate, unit: 'GFLOP/s' },
    {
      name: 'ResNet-18-shaped: share of the best matrix product',
      value: (100 * residual.rate) / residual.product,
      unit: '%',
      goal: { atLeast: 75 },
    },
  ];
}

function figures(name: string, { step, inference, memory }: Measurement, most: number): Figure[] {
  return [
    { name: `${name}: inference, batch ${batch}`, value: inference, unit: 'ms' },
    { name: `${name}: step, batch ${batch}`, value: step, unit: 'ms' },
    { name: `${name}: step against inference`, value: step / inference, unit: 'times', goal: { atMost: most } },
    { name: `${name}: memory that the step takes`, value: memory, unit: 'MB' },
  ];
}

interface Measurement {
  /** Milliseconds. */
  readonly step: number;
  readonly inference: number;
  /** GFLOP/s of the step and of the best matrix product. */
  readonly rate: number;
  readonly product: number;
  readonly memory: number;
}

async function measure(model: Model): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  try {
    const file = join(folder, 'network.onnx');
    await writeFile(file, writeModel(model));
    return await measureNetwork(await openNetwork(file, { size, preprocessing: scalings.torch }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureNetwork(network: Network): Promise<Measurement> {
  const random = createRandom(1);
  const pixels: Tensor = {
    type: 'uint8',
    shape: [batch, size, size, 3],
    data: Uint8Array.from({ length: batch * size * size * 3 }, () => random.integer(256)),
  };
  const classes = Int32Array.from({ length: batch }, () => random.integer(classCount));
  const point = network.freezePoints.at(-1)!;
  const inference = await createSession(writeModel(buildCodesModel(network, [{ point, pooling: 'avg' }])));
  const products = await Promise.all(matrixSides.map(matrixProduct));
  const before = process.memoryUsage.rss();
  const training = await openTraining(network);

  const best = { inference: Infinity, step: Infinity, product: 0 };
  for (let round = 0; round <= rounds; round++) {
    const inferred = await milliseconds(() => inference.run({ [pixelsInput]: pixels }));
    const stepped = await milliseconds(() => training.step({ input: pixels, classes }, round + 1, 1e-4));
    // The first round warms up.
    if (round === 0) continue;
    best.inference = Math.min(best.inference, inferred);
    best.step = Math.min(best.step, stepped);
    for (const product of products) best.product = Math.max(best.product, await rateOf(product));
  }
  const memory = (process.memoryUsage.rss() - before) / 2 ** 20;
  await training.release();
  await inference.release();
  for (const { release } of products) await release();
  return { ...best, rate: stepFlop(network) / best.step / 1e6, memory };
}

function openTraining(network: Network): Promise<TrainingSession> {
  const request = {
    network,
    freeze: undefined,
    parameters: tailParameters(network, undefined, { pretrainedRate: 0.1, rateFall: 2 }),
    head: zeroHead(tailCodes(network).length, classCount),
    classCount,
    batch,
    normalisation: 'running',
    freshStatistics: false,
    optimizer: sgd,
    weightDecay: 1e-4,
    towardPretrained: 0,
    clip: undefined,
  } as const;
  return TrainingSession.create(request, { device: 'cpu', smoothing: 0 });
}

/** Three times the forward pass, less the gradient by the first layer's input, which nobody asks for. */
function stepFlop(network: Network): number {
  const { graph } = network.model;
  const first = graph.nodes.find(({ op }) => op === 'Conv')!;
  const value = (name: string) => network.values.get(name)!;
  const context = new NodeContext(first, first.inputs.map(value));
  const firstLayer = operators.get('Conv')!.multiplyAdds!(context, first.outputs.map(value));
  return 2 * batch * (3 * network.freezePoints.at(-1)!.multiplyAddsBefore - firstLayer);
}

async function matrixProduct(side: number) {
  const builder = new GraphBuilder('product');
  const inputs = ['a', 'b'].map((name) => builder.input(name, 'float32', [side, side]));
  const product = builder.add('MatMul', inputs);
  builder.output(product, 'float32', [side, side]);
  const session = await createSession(writeModel(builder.build()));
  const random = createRandom(2);
  const matrix = createTensor(
    'float32',
    [side, side],
    Float32Array.from({ length: side ** 2 }, () => random.normal()),
  );
  return {
    flop: 2 * side ** 3,
    run: () => session.run({ a: matrix, b: matrix }),
    release: () => session.release(),
  };
}

/** GFLOP/s of a product over about as long as a step takes: a shorter one would find quiet moments that a step does not. */
async function rateOf({ run, flop }: { run: () => Promise<unknown>; flop: number }): Promise<number> {
  let [count, spent] = [0, 0];
  for (; spent < 1000; count++) spent += await milliseconds(run);
  return (count * flop) / spent / 1e6;
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
