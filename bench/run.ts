/**
 * `npm run bench [NAME…]`: every bench, or those named, each in a process of its own, so that its memory is its own.
 * Wants a machine that does nothing else meanwhile.
 */
import { fork } from 'node:child_process';
import { benchCodes } from './codes.ts';
import { benchEstimates } from './estimates.ts';
import { benchKernels } from './kernels.ts';
import { benchLinear } from './linear.ts';
import { benchProbes } from './probes.ts';
import { type Figure, type Measured, report } from './report.ts';
import { benchScreens } from './screens.ts';
import { benchStore } from './store.ts';
import { benchTrainStep } from './train-step.ts';
import { benchTrunkCache } from './trunk-cache.ts';

/** Each gives its figures, or the reason why it cannot. */
const benches: Readonly<Partial<Record<string, () => Promise<readonly Figure[] | string>>>> = {
  codes: benchCodes,
  store: benchStore,
  linear: benchLinear,
  probes: benchProbes,
  estimates: benchEstimates,
  kernels: benchKernels,
  screens: benchScreens,
  'trunk-cache': benchTrunkCache,
  'train-step': benchTrainStep,
};

const child = process.env['PARFOCAL_BENCH'];
if (child === undefined) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in benches));
  if (unknown.length) {
    console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
    process.exit(2);
  }
  const results: Measured[] = [];
  for (const name of wanted.length ? wanted : Object.keys(benches)) results.push(await measureApart(name));
  report(results);
} else {
  const answer = await benches[child]!();
  const peakMemoryMB = process.resourceUsage().maxRSS / 1024;
  const measured: Measured =
    typeof answer === 'string'
      ? { bench: child, figures: [], peakMemoryMB, skipped: answer }
      : { bench: child, figures: answer, peakMemoryMB };
  process.send!(measured, () => process.exit());
}

function measureApart(name: string): Promise<Measured> {
  console.error(`Measuring ${name} …`);
  return new Promise((resolve, reject) => {
    const process_ = fork(import.meta.filename, { env: { ...process.env, PARFOCAL_BENCH: name } });
    process_.on('message', (measured) => resolve(measured as Measured));
    process_.on('exit', (code) =>
      reject(new Error(`The bench ${name} ended with code ${code ?? 'none'} and no figures.`)),
    );
  });
}
