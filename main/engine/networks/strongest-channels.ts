/** The activations of one channel over the image, as a picture. */
export interface ChannelPicture {
  /** From 0. */
  readonly channel: number;
  /** Row by row: 0 for its least value, 255 for its largest. */
  readonly values: Uint8Array;
}

/**
 * The channels that answer most to an image, strongest first: by the mean of their activations without sign. What is the same
 * everywhere is not told apart from silence: such channels come last.
 *
 * @param activations [channels, height, width] of one image
 */
export function strongestChannels(
  activations: Float32Array,
  [channels, height, width]: readonly number[],
  most: number,
): ChannelPicture[] {
  const area = height * width;
  const found = Array.from({ length: channels }, (_, channel) => {
    const own = activations.subarray(channel * area, (channel + 1) * area);
    let [low, high, sum] = [Infinity, -Infinity, 0];
    for (const value of own) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += Math.abs(value);
    }
    return { channel, own, low, high, strength: high > low ? sum / area : -1 };
  });
  found.sort((a, b) => b.strength - a.strength || a.channel - b.channel);
  return found.slice(0, most).map(({ channel, own, low, high }) => ({
    channel,
    values: Uint8Array.from(own, (value) => (high > low ? Math.round((255 * (value - low)) / (high - low)) : 0)),
  }));
}
