import { basename } from 'node:path';
import { EngineError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkModel } from '../graph/check.ts';
import type { Model } from '../graph/types.ts';
import type { RecognisedScaling } from '../networks/preprocessing.ts';
import { readCaffeFiles } from './caffe-files.ts';
import type { CaffeFiles } from './caffe-files.ts';
import { caffeLayers } from './caffe-layers.ts';
import { describeNet } from './caffe-net.ts';
import type { CaffeLayer, CaffeNet } from './caffe-net.ts';
import { readCaffeMean } from './caffe-mean.ts';
import { batchNormalisation, scalesChannels } from './caffe-normalisation.ts';
import { scalingOf } from './caffe-scaling.ts';
import { CaffeScope } from './caffe-scope.ts';
import type { Blob, CaffeState } from './caffe-scope.ts';
import { parseTextProto } from './caffe-text.ts';
import { readCaffeWeights } from './caffe-weights.ts';

export interface CaffeImport {
  /** Takes the network's input [N, channels, side, side]; nodes bear the names of Caffe's layers. */
  readonly model: Model;
  /** Side of the square image that the file declares; undefined where it is not square. */
  readonly declaredSize: number | undefined;
  /** Undefined where neither file says it, and no mean image is given: a file for deployment never does. */
  readonly scaling: RecognisedScaling | undefined;
}

export interface CaffeOptions {
  /** Side of the image, for a network whose own is not square. */
  readonly size?: number;
  /** The file of the mean image (.binaryproto). */
  readonly mean?: string;
}

/**
 * Reads a network of Caffe's as an ONNX graph, for images of the size that it declares: as it runs when it is tested, without
 * what only trains or measures, up to the last of its outputs.
 *
 * @throws EngineError that names the file, the line, the layer and the reason
 */
export async function readCaffeModel(files: CaffeFiles, { size, mean }: CaffeOptions = {}): Promise<CaffeImport> {
  const { text, bytes } = await readCaffeFiles(files);
  const file = basename(files.layers);
  const net = describeNet(parseTextProto(text, file), file);
  const [channels, height, width] = net.inputShape;
  const declaredSize = height === width ? height : undefined;
  const side = declaredSize ?? size;
  if (side === undefined)
    throw new EngineError(
      `${file}: the network takes ${width} × ${height} pixels, which is not square. Give the input size in pixels.`,
    );
  const builder = new GraphBuilder(net.name || 'network');
  const state = { builder, weights: readCaffeWeights(bytes, basename(files.weights)) };
  const input = builder.input(net.input, 'float32', ['N', channels, side, side]);
  const output = translate(net, { value: input, shape: [channels, side, side] }, state, file);
  builder.output(output.value, 'float32', ['N', ...output.shape]);
  const model = builder.build({ producer: 'Caffe' });
  checkModel(model);
  const meanImage = mean === undefined ? undefined : await readCaffeMean(mean);
  return { model, declaredSize, scaling: scalingOf(net.transform, meanImage) };
}

/** A layer with its blobs told apart: a layer may write over the blob that it reads. */
interface Step {
  readonly layer: CaffeLayer;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

function translate(net: CaffeNet, input: Blob, state: CaffeState, file: string): Blob {
  const steps = neededSteps(orderedSteps(net), file);
  const blobs = new Map<number, Blob>([[0, input]]);
  /** Layers that became part of another. */
  const merged = new Set<Step>();
  for (const step of steps) {
    const scope = new CaffeScope(step.layer, state);
    const inputs = step.reads.map((number) => blobs.get(number)!);
    let outputs: readonly Blob[];
    if (merged.has(step)) outputs = [inputs[0]];
    else if (step.layer.type === 'BatchNorm') {
      const scale = scaleAfter(step, steps, state);
      if (scale) merged.add(scale.step);
      outputs = [batchNormalisation(scope, inputs[0], scale?.scope)];
    } else {
      const layer = caffeLayers[step.layer.type];
      if (!layer)
        return scope.fail(
          `layers of this kind are not read. Read are: BatchNorm, ${Object.keys(caffeLayers).join(', ')}`,
        );
      outputs = layer(scope, inputs);
    }
    step.writes.forEach((number, at) => {
      const blob = outputs.at(at);
      if (blob) blobs.set(number, blob);
    });
  }
  return blobs.get(steps.at(-1)!.writes[0])!;
}

/** The layers with their blobs numbered anew wherever one is written; the image is 0. */
function orderedSteps(net: CaffeNet): Step[] {
  const current = new Map([[net.input, 0]]);
  let count = 1;
  return net.layers.map((layer) => {
    const isLoss = layer.type === 'SoftmaxWithLoss';
    const bottoms = isLoss ? layer.bottoms.slice(0, 1) : layer.bottoms;
    const where = `${layer.settings.where}: layer "${layer.name}" (${layer.type})`;
    if (bottoms.length === 0) throw new EngineError(`${where} takes nothing.`);
    const reads = bottoms.map((bottom) => {
      const number = current.get(bottom);
      if (number === undefined)
        throw new EngineError(
          `${where} takes the blob "${bottom}", which no layer before it makes. Use the file for deployment (deploy.prototxt).`,
        );
      return number;
    });
    const tops = layer.tops.length ? layer.tops : isLoss ? [layer.name] : [];
    if (tops.length === 0) throw new EngineError(`${where} makes nothing.`);
    const writes = tops.map((top) => {
      current.set(top, count);
      return count++;
    });
    return { layer: { ...layer, tops }, reads, writes };
  });
}

/** What the last output depends on: a network for training has others besides. */
function neededSteps(steps: readonly Step[], file: string): Step[] {
  if (steps.length === 0) throw new EngineError(`${file}: it has no layers.`);
  const needed = new Set(steps.at(-1)!.writes.slice(0, 1));
  const kept: Step[] = [];
  for (const step of steps.toReversed()) {
    if (!step.writes.some((number) => needed.has(number))) continue;
    for (const number of step.reads) needed.add(number);
    kept.push(step);
  }
  if (!needed.has(0)) throw new EngineError(`${file}: its output does not depend on the image.`);
  return kept.reverse();
}

/** The scale and shift that alone takes what a normalisation gives. */
function scaleAfter(
  step: Step,
  steps: readonly Step[],
  state: CaffeState,
): { readonly step: Step; readonly scope: CaffeScope } | undefined {
  const users = steps.filter(({ reads }) => reads.includes(step.writes[0]));
  const [only] = users;
  if (users.length !== 1 || only.layer.type !== 'Scale') return undefined;
  const scope = new CaffeScope(only.layer, state);
  return scalesChannels(scope) ? { step: only, scope } : undefined;
}
