import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe } from 'vitest';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { findChromium } from '../../scripts/drive/chromium.ts';

/**
 * The real WebGPU path on a machine without a graphics card: the software driver that comes with Chromium does the work, slowly. A
 * driver that is set in the environment is left as it is.
 */
function useSoftwareDriver(): void {
  const driver = [path.dirname(findChromium() ?? '.'), '/usr/lib/chromium']
    .map((folder) => path.join(folder, 'vk_swiftshader_icd.json'))
    .find((file) => existsSync(file));
  for (const name of ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES']) if (driver) process.env[name] ??= driver;
}

async function whyWithoutWebGpu(): Promise<string | undefined> {
  useSoftwareDriver();
  const builder = new GraphBuilder('trial');
  builder.output(builder.add('Identity', [builder.input('x', 'float32', [1])]), 'float32', [1]);
  try {
    await (await createSession(writeModel(builder.build()), { device: 'webgpu' })).release();
    return undefined;
  } catch {
    return 'no WebGPU is here, and no software driver: sudo apt-get install chromium libvulkan1';
  }
}

const reason = await whyWithoutWebGpu();

/** Each session compiles its kernels anew, which a software driver takes its time for, more so beside other work. */
const patience = 600_000;

/** Tests on WebGPU: skipped, and said to be, where there is none. */
export function describeOnWebGpu(name: string, body: () => void): void {
  if (reason) describe.skip(`${name} (skipped: ${reason})`, body);
  else describe(name, { timeout: patience }, body);
}
