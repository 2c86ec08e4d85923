import { scalings } from '../networks/preprocessing.ts';
import type { RecognisedScaling } from '../networks/preprocessing.ts';
import type { CaffeMean } from './caffe-mean.ts';
import type { Message } from './caffe-text.ts';

/**
 * The scaling that a data layer's settings say: (pixel − mean) · scale, in the order in which OpenCV reads images: BGR
 * (caffe.proto, TransformationParameter; caffe/data_transformer.cpp).
 *
 * @param mean of a mean image that the person gave; it goes before what the settings say
 * @returns undefined where the mean is in a file of its own, or nothing is said
 */
export function scalingOf(transform: Message | undefined, mean?: CaffeMean): RecognisedScaling | undefined {
  const scale = transform?.number('scale', 1) ?? 1;
  if (scale <= 0) return undefined;
  if (mean) {
    const scaled = scale === 1 ? '' : ` times ${scale} by the file’s transform_param,`;
    return {
      scaling: scalingBy(mean.channels, scale),
      reason: `the mean image says it (${mean.what}), averaged over its area for each channel,${scaled} and Caffe reads images as BGR`,
    };
  }
  if (!transform || transform.has('mean_file')) return undefined;
  const means = transform.numbers('mean_value');
  const saysHow = means.length > 0 || transform.has('scale');
  if (!saysHow || (means.length > 1 && means.length !== 3)) return undefined;
  const [b = 0, g = b, r = b] = means;
  return {
    scaling: scalingBy([b, g, r], scale),
    reason: 'the file’s transform_param says it, and Caffe reads images as BGR',
  };
}

function scalingBy(mean: CaffeMean['channels'], scale: number): RecognisedScaling['scaling'] {
  return {
    range: [...scalings.caffe.range],
    mean: [...mean],
    deviation: [1 / scale, 1 / scale, 1 / scale],
    channels: 'bgr',
  };
}
