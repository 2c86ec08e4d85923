import type { Inspection } from '../../contract/networks.ts';
import { guessScaling } from '../../engine/networks/guess-scaling.ts';
import { openNetwork } from '../../engine/networks/network.ts';
import { scalings } from '../../engine/networks/preprocessing.ts';
import type { JobContext } from '../context.ts';
import { describePoint, formatOf } from './import-network.ts';

export interface InspectNetworkParams {
  readonly path: string;
  /** The file with the weights of a network of Caffe's; the one that lies beside it when absent. */
  readonly weights?: string;
  /** The mean image of a network of Caffe's. */
  readonly mean?: string;
  /** Side of the square input, where the file leaves it open or another is wanted. */
  readonly size?: number;
}

export type InspectNetworkResult = Omit<Inspection, 'zoo'>;

/** Reads a network and says what it recognised of it; nothing is kept. */
export async function inspectNetwork(
  { path, ...options }: InspectNetworkParams,
  context: JobContext,
): Promise<InspectNetworkResult> {
  context.progress('Reading the network', 0);
  const network = await openNetwork(path, options);
  await context.breathe();
  const { preprocessing, preprocessingReason, classifier } = network;
  const guess = preprocessing ? undefined : guessScaling(network.model.producer);
  const scaling = preprocessing ?? guess?.scaling;
  return {
    name: network.name,
    format: formatOf(path),
    size: network.size,
    declaredSize: network.pretrainedSize ?? null,
    scaling: scaling
      ? {
          range: scaling.range,
          mean: scaling.mean,
          deviation: scaling.deviation,
          channels: scaling.channels,
        }
      : null,
    scalingReason: preprocessingReason ?? guess?.reason ?? null,
    scalings: { ...scalings },
    isCertain: preprocessing !== undefined,
    parameters: network.parameters,
    multiplyAdds: network.multiplyAdds,
    classifier: classifier ? { name: classifier.name, classes: classifier.classes } : null,
    freezePoints: network.freezePoints.map(describePoint),
  };
}
