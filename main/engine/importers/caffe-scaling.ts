import { scalings } from '../networks/preprocessing.ts';
import type { RecognisedScaling } from '../networks/preprocessing.ts';
import type { Message } from './caffe-text.ts';

/**
 * The scaling that a data layer's settings say: (pixel − mean) · scale, in the order in which OpenCV reads images: BGR
 * (caffe.proto, TransformationParameter; caffe/data_transformer.cpp).
 *
 * @returns undefined where the mean is in a file of its own, or nothing is said
 */
export function scalingOf(transform: Message | undefined): RecognisedScaling | undefined {
  if (!transform || transform.has('mean_file')) return undefined;
  const means = transform.numbers('mean_value');
  const scale = transform.number('scale', 1);
  const saysHow = means.length > 0 || transform.has('scale');
  if (!saysHow || scale <= 0 || (means.length > 1 && means.length !== 3)) return undefined;
  const [b = 0, g = b, r = b] = means;
  return {
    scaling: {
      range: [...scalings.caffe.range],
      mean: [b, g, r],
      deviation: [1 / scale, 1 / scale, 1 / scale],
      channels: 'bgr',
    },
    reason: 'the file’s transform_param says it, and Caffe reads images as BGR',
  };
}
