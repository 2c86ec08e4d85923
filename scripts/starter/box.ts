/**
 * Writes beside the starter's file what the studio keeps of every network, so that it needn't be found out at the
 * beginning of each project: `node scripts/starter/box.ts`.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import { createStudio } from '../../main/studio.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';

const folder = fileURLToPath(new URL('../../resources/networks/starter/', import.meta.url));
const file = 'model.onnx';

const studio = createStudio(forkTrainer);
const target = await mkdtemp(join(tmpdir(), 'parfocal-box-'));
try {
  const found = await studio.trainer.run('import-network', { path: join(folder, file), target });
  const info: NetworkInfo = {
    ...found,
    // Of the file as it ships, whose weights are in half precision.
    hash: createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex'),
    file,
    name: 'starter',
    boxed: true,
    added: new Date().toISOString(),
  };
  await writeFile(join(folder, 'network.json'), `${JSON.stringify(info, undefined, 2)}\n`);
  for (const { index, name, shape } of info.freezePoints) process.stdout.write(`${index} ${name} ${shape.join('×')}\n`);
} finally {
  await rm(target, { recursive: true, force: true });
  studio.close();
}
