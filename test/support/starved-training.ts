/**
 * Takes training steps in a process whose memory may suffice for a part of the batch alone, and then with plenty, and prints what came of
 * it as JSON. Arguments: a folder, and the bytes that there are.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TrainingSession } from '../../main/engine/training/training-session.ts';
import { requestFor, residualNetwork, stripes } from './training.ts';

const batch = 8192;
/** Bytes that the step may take, beside what the process has already. */
const room = Number(process.argv[3]);

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
