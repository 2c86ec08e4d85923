/**
 * Caffe's layers once more, as loops over one image: an independent witness for the importer. After the sources of
 * github.com/BVLC/caffe (src/caffe/layers/*_layer.cpp, Forward_cpu), in words of our own.
 */
export interface Planes {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float64Array;
}

export function planes(shape: Planes['shape'], at: (c: number, y: number, x: number) => number): Planes {
  const [channels, height, width] = shape;
  const data = new Float64Array(channels * height * width);
  let i = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[i++] = at(c, y, x);
  return { shape, data };
}

/** The value of a place; `outside` where it is not in the image. */
export function valueAt(
  { shape: [channels, height, width], data }: Planes,
  c: number,
  y: number,
  x: number,
  outside = 0,
): number {
  const isInside = c >= 0 && c < channels && y >= 0 && y < height && x >= 0 && x < width;
  return isInside ? data[(c * height + y) * width + x] : outside;
}

export interface WindowSettings {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
}

export interface ConvolutionSettings extends WindowSettings {
  readonly filters: number;
  readonly groups: number;
  readonly dilation: readonly [number, number];
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
}

export function convolution(input: Planes, settings: ConvolutionSettings): Planes {
  const { kernel, stride, pad, dilation, filters, groups, weights, bias } = settings;
  const [channels, ...sides] = input.shape;
  const [height, width] = sides.map((side, axis) =>
    Math.floor((side + 2 * pad[axis] - (dilation[axis] * (kernel[axis] - 1) + 1)) / stride[axis] + 1),
  );
  const inGroup = channels / groups;
  return planes([filters, height, width], (f, y, x) => {
    const group = Math.floor(f / (filters / groups));
    let sum = bias?.[f] ?? 0;
    for (let c = 0; c < inGroup; c++)
      for (let ky = 0; ky < kernel[0]; ky++)
        for (let kx = 0; kx < kernel[1]; kx++)
          sum +=
            weights[((f * inGroup + c) * kernel[0] + ky) * kernel[1] + kx] *
            valueAt(
              input,
              group * inGroup + c,
              y * stride[0] - pad[0] + ky * dilation[0],
              x * stride[1] - pad[1] + kx * dilation[1],
            );
    return sum;
  });
}

export function pooling(input: Planes, method: 'MAX' | 'AVE', { kernel, stride, pad }: WindowSettings): Planes {
  const [channels, ...sides] = input.shape;
  const isPadded = pad[0] > 0 || pad[1] > 0;
  const [height, width] = sides.map((side, axis) => {
    const pooled = Math.ceil((side + 2 * pad[axis] - kernel[axis]) / stride[axis]) + 1;
    return isPadded && (pooled - 1) * stride[axis] >= side + pad[axis] ? pooled - 1 : pooled;
  });
  return planes([channels, height, width], (c, py, px) => {
    const [top, left] = [py * stride[0] - pad[0], px * stride[1] - pad[1]];
    const size =
      (Math.min(top + kernel[0], sides[0] + pad[0]) - top) * (Math.min(left + kernel[1], sides[1] + pad[1]) - left);
    let largest = -Infinity;
    let sum = 0;
    for (let y = Math.max(top, 0); y < Math.min(top + kernel[0], sides[0]); y++)
      for (let x = Math.max(left, 0); x < Math.min(left + kernel[1], sides[1]); x++) {
        const value = valueAt(input, c, y, x);
        largest = Math.max(largest, value);
        sum += value;
      }
    return method === 'MAX' ? largest : sum / size;
  });
}

export interface ResponseSettings {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

export function responseAcross(input: Planes, { size, alpha, beta, k }: ResponseSettings): Planes {
  const reach = (size - 1) / 2;
  return planes(input.shape, (c, y, x) => {
    let squares = 0;
    for (let other = c - reach; other <= c + reach; other++) squares += valueAt(input, other, y, x) ** 2;
    return valueAt(input, c, y, x) * (k + (alpha / size) * squares) ** -beta;
  });
}

export function responseWithin(input: Planes, { size, alpha, beta }: Omit<ResponseSettings, 'k'>): Planes {
  const squares = planes(input.shape, (c, y, x) => valueAt(input, c, y, x) ** 2);
  const pad = (size - 1) / 2;
  const means = pooling(squares, 'AVE', { kernel: [size, size], stride: [1, 1], pad: [pad, pad] });
  return planes(input.shape, (c, y, x) => valueAt(input, c, y, x) * (1 + alpha * valueAt(means, c, y, x)) ** -beta);
}

export function innerProduct(input: Planes, weights: Float32Array, bias: Float32Array | undefined): Planes {
  const features = input.data.length;
  return planes([weights.length / features, 1, 1], (unit) =>
    input.data.reduce((sum, value, at) => sum + value * weights[unit * features + at], bias?.[unit] ?? 0),
  );
}

export function softmax(input: Planes): Planes {
  const [channels] = input.shape;
  return planes(input.shape, (c, y, x) => {
    let sum = 0;
    for (let other = 0; other < channels; other++) sum += Math.exp(valueAt(input, other, y, x));
    return Math.exp(valueAt(input, c, y, x)) / sum;
  });
}
