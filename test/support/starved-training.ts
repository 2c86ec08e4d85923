/**
 * Takes a training step in a process whose memory suffices for a part of the batch alone, and then for the whole, and prints what came of
 * it as JSON.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TrainingSession } from '../../main/engine/training/training-session.ts';
import { requestFor, residualNetwork, stripes } from './training.ts';

const batch = 4096;
/** Far less than the activations of the whole batch take. */
const room = 250e6;

const request = requestFor(await residualNetwork(process.argv[2]), undefined, { batch });
const notes: string[] = [];
const options = { device: 'cpu', smoothing: 0, onNote: (note: string) => notes.push(note) } as const;
const session = await TrainingSession.create(request, options);
const data = stripes(batch, 1);
const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]);
const limit = (bytes: string): Buffer => execFileSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:`]);
limit(String(pages * 4096 + room));
const starved = [await session.step(data, 1, 0.01), await session.step(data, 2, 0.01)];
limit('unlimited');
const plenty = await TrainingSession.create(request, { device: 'cpu', smoothing: 0 });
const expected = [await plenty.step(data, 1, 0.01), await plenty.step(data, 2, 0.01)];
console.log(JSON.stringify({ starved, expected, notes }));
