import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultProbeSettings } from '../main/contract/probes.ts';
import { importItems } from '../main/items/import.ts';
import { addNetwork } from '../main/networks/library.ts';
import { probeNetwork } from '../main/probing/probe.ts';
import { createProject } from '../main/projects/project.ts';
import { createStudio } from '../main/studio.ts';
import { forkTrainer } from '../main/trainer/fork.ts';
import type { Figure } from './report.ts';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));

/** Probes of every freeze point of MobileNet on 1,000 regions of blood smears, from nothing: domain shift, codes, probes. */
export async function benchProbes(): Promise<readonly Figure[] | string> {
  if (!existsSync(shared)) return 'real images and weights are not at hand';
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  const studio = createStudio(forkTrainer, { dataFolder: join(folder, 'data') });
  const project = createProject(join(folder, 'smears'));
  try {
    await importItems(project, join(shared, 'data/bccd'), { group: 'image' });
    const weights = join(shared, 'models/mobilenet-v1-1.0-224-trunk');
    const network = await addNetwork(studio.libraryFolder, studio.trainer, weights);
    const seconds = new Map<string, number>();
    let last = performance.now();
    const first = last;
    let step = '';
    const onProgress = ({ step: next }: { readonly step: string }): void => {
      const now = performance.now();
      seconds.set(step, (seconds.get(step) ?? 0) + (now - last) / 1000);
      [step, last] = [next, now];
    };
    const request = { network, settings: defaultProbeSettings, device: 'cpu' } as const;
    await probeNetwork(studio, project, request, { onProgress });
    const whole = (performance.now() - first) / 1000;
    const spent = (name: string): number => seconds.get(name) ?? 0;
    const points = network.info.freezePoints.length;
    return [
      { name: `${points} freeze points, 1,000 items at 224 px`, value: whole, unit: 's', goal: { atMost: 60 } },
      { name: 'of that the domain shift', value: spent('Measuring the domain shift'), unit: 's' },
      { name: 'of that the codes', value: spent('Computing codes'), unit: 's' },
      { name: 'of that the probes', value: spent('Probing'), unit: 's' },
    ];
  } finally {
    project.close();
    studio.close();
    await rm(folder, { recursive: true, force: true });
  }
}
