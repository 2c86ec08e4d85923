import { scalings } from './preprocessing.ts';
import type { RecognisedScaling, ScalingName } from './preprocessing.ts';

/** Which scaling the pretrained networks of a program take as a rule. */
const customs: readonly { readonly producer: RegExp; readonly scaling: ScalingName; readonly reason: string }[] = [
  {
    producer: /^caffe\b/i,
    scaling: 'caffe',
    reason: 'Caffe reads images as BGR, and most of its networks take ImageNet’s mean off; this file does not say it',
  },
  {
    producer: /^pytorch\b/i,
    scaling: 'torch',
    reason: 'PyTorch wrote the file, and most of its pretrained networks take ImageNet’s mean and deviation',
  },
  {
    producer: /^(tf2onnx|tensorflow|keras)/i,
    scaling: 'tf',
    reason: 'TensorFlow wrote the file, and many of its pretrained networks take values from -1 to 1',
  },
];

/**
 * What a network's input may well expect, by the program that wrote it: for the person to check, never to be taken unasked.
 *
 * @param producer as the file says
 */
export function guessScaling(producer: string): RecognisedScaling | undefined {
  const found = customs.find((one) => one.producer.test(producer));
  return found && { scaling: scalings[found.scaling], reason: found.reason };
}
