import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { writeModel } from '../../main/engine/graph/write.ts';
import { buildNetworkModel } from '../../main/engine/networks/codes-graph.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { describeWithShared, sharedFolder } from '../support/shared.ts';

const size = 224;

/** The middle of an image; those of the set have a short side of 256 pixels. */
async function centreCrop(file: string): Promise<Uint8Array> {
  const image = sharp(file).removeAlpha().toColourspace('srgb');
  const { width, height } = await image.metadata();
  const area = {
    left: Math.floor((width - size) / 2),
    top: Math.floor((height - size) / 2),
    width: size,
    height: size,
  };
  return image.extract(area).raw().toBuffer();
}

describeWithShared('MobileNet v1 (α = 0.25), a TF.js layers-model', () => {
  const folder = path.join(sharedFolder, 'models/mobilenet-v1-0.25-224');

  test('classifies ImageNet images as an independent implementation does: 116 of 200, 168 among the first five', async () => {
    const network = await openNetwork(folder);
    const session = await createSession(writeModel(buildNetworkModel(network)));
    const samples = path.join(sharedFolder, 'data/imagenet-samples');
    const [, ...rows] = (await readFile(path.join(samples, 'labels.csv'), 'utf8')).trim().split('\n');
    let first = 0;
    let firstFive = 0;
    for (const row of rows) {
      const [file, , index] = row.split(',');
      const data = await centreCrop(path.join(samples, file));
      const output = await session.run({ pixels: { type: 'uint8', shape: [1, size, size, 3], data } });
      const probabilities = output[network.output].data as Float32Array;
      const own = probabilities[Number(index)];
      const better = probabilities.filter((probability) => probability > own).length;
      if (better === 0) first++;
      if (better < 5) firstFive++;
    }
    expect(rows).toHaveLength(200);
    expect(Math.abs(first - 116)).toBeLessThanOrEqual(2);
    expect(Math.abs(firstFive - 168)).toBeLessThanOrEqual(2);
  });

  test('has the parameters and multiply-adds that are published for it', async () => {
    const network = await openNetwork(folder);
    // 0.47 million parameters, 41 million multiply-adds: Howard et al. 2017, table 6 (0.5 and 41 million).
    expect(network.parameters).toBe(470_072);
    expect(Math.round(network.multiplyAdds / 1e6)).toBe(41);
    expect(network.classifier).toMatchObject({ name: 'conv_preds', classes: 1000 });
    expect(network.freezePoints).toHaveLength(27);
    expect(network.freezePoints.at(-1)).toMatchObject({ name: 'conv_pw_13', shape: [256, 7, 7], stride: 32 });
    expect(network.preprocessingReason).toMatch(/MobileNet v1/);
  });
});

describeWithShared('MobileNet v1 (α = 1), a headless trunk', () => {
  test('has no classifier and ends with its last freeze point, also at 96 pixels', async () => {
    const network = await openNetwork(path.join(sharedFolder, 'models/mobilenet-v1-1.0-224-trunk'), { size: 96 });
    expect(network.classifier).toBeUndefined();
    expect(network.freezePoints.at(-1)).toMatchObject({ name: 'conv_dw_13', shape: [1024, 3, 3], parametersAfter: 0 });
  });
});
