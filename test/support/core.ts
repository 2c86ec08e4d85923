import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import { int } from '../../main/engine/graph/attributes.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { explain } from '../../main/contract/errors.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { createProject, openProject, type Project } from '../../main/projects/project.ts';
import { createStudio } from '../../main/studio.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { NetworkBuilder, randomNumbers } from './networks.ts';

const childProgram = fileURLToPath(new URL('./core-child.ts', import.meta.url));

/** A folder for one test file, with the projects, studios and processes that its tests make. All gone when they are done. */
export interface Workshop {
  readonly folder: string;
  path(...parts: string[]): string;
  write(name: string, content: string | Uint8Array): string;
  /** A new project. */
  project(name: string): Project;
  reopen(project: Project): Project;
  /** A studio with a trainer process of its own, which starts with its first job. */
  studio(): Studio;
  /** Runs `core-child.ts` as a process of its own. */
  child(args: readonly string[], options?: { uid?: number; gid?: number }): Child;
}

export interface Child {
  readonly pid: number;
  /** The next line of its standard output; undefined at its end. */
  nextLine(): Promise<string | undefined>;
  readonly ended: Promise<{ code: number | null; signal: string | null; errors: string }>;
  kill(): void;
}

export function workshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'parfocal-core-'));
  const closers: (() => void)[] = [];
  afterAll(() => {
    for (const close of closers.reverse()) close();
    rmSync(folder, { recursive: true, force: true });
  });
  const keep = <T extends { close(): void }>(one: T): T => {
    closers.push(() => one.close());
    return one;
  };
  return {
    folder,
    path: (...parts) => join(folder, ...parts),
    write(name, content) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    project: (name) => keep(createProject(join(folder, name))),
    reopen: (project) => {
      project.close();
      return keep(openProject(project.folder));
    },
    studio: () => keep(createStudio(forkTrainer, { dataFolder: join(folder, 'data') })),
    child(args, options = {}) {
      const process = startChild(args, options);
      closers.push(() => process.kill());
      return process;
    },
  };
}

function startChild(args: readonly string[], options: { uid?: number; gid?: number }): Child {
  const child: ChildProcess = spawn(process.execPath, [childProgram, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<Child['ended']>>();
  child.on('error', (error) => resolve({ code: null, signal: null, errors: error.message }));
  child.on('close', (code, signal) => resolve({ code, signal, errors }));
  return {
    pid: child.pid ?? 0,
    ended,
    nextLine: async () => {
      const next = await lines.next();
      return next.done ? undefined : next.value;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something holds, for as long as a slow machine may need. */
export async function eventually(holds: () => boolean, seconds = 20): Promise<boolean> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    if (holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return holds();
}

/** Every pixel has a colour of its own around the given one; another seed, other pixels. PNG. */
export function noisePng(
  seed: number,
  { width = 24, height = 20, colour = [128, 128, 128] }: { width?: number; height?: number; colour?: number[] } = {},
): Promise<Buffer> {
  const random = randomNumbers(seed);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => colour[at % 3] + 40 * random());
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Images that a tiny network can tell apart, `each` of every class: one folder a class, the class its colour. */
export async function writeClasses(
  folder: string,
  each: number,
  classes: Readonly<Record<string, number[]>> = { red: [200, 60, 60], green: [60, 200, 60] },
): Promise<void> {
  let seed = 1;
  for (const [name, colour] of Object.entries(classes)) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let at = 0; at < each; at++) {
      const file = join(folder, name, `${String(at).padStart(4, '0')}.png`);
      writeFileSync(file, await noisePng(seed++, { colour }));
    }
  }
}

/** A convolutional network with random weights, for images of any size from 8 pixels on. */
export function tinyNetwork(channels = 8): Uint8Array {
  const net = new NetworkBuilder();
  let value = net.relu('relu1', net.conv('conv1', net.input(), channels, { stride: 2 }));
  value = net.relu('relu2', net.conv('conv2', value, 2 * channels, { stride: 2 }));
  value = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [value]), [-1, 2 * channels]);
  value = net.add('Softmax', 'prob', [net.dense('fc', value, 2 * channels, 4)], { axis: int(1) });
  return writeModel(net.model(value, ['N', 4]));
}

/** The tiny network in a studio's library. */
export async function addTinyNetwork(work: Workshop, studio: Studio): Promise<StoredNetwork> {
  const file = work.write('tiny.onnx', tinyNetwork());
  return addNetwork(studio.libraryFolder, studio.trainer, file, { scaling: 'unit' });
}

/** What SQLite finds of damage: `['ok']` where there is none. */
export function integrityOf(project: Project): unknown[] {
  const check = (schema: string): unknown[] =>
    project.database.prepare<[], string>(`PRAGMA ${schema}.integrity_check`).pluck().all();
  const broken = project.database.prepare('PRAGMA foreign_key_check').all();
  return [...new Set([...check('main'), ...check('codes'), ...broken])];
}

/** The only value of a query's only row. */
export function valueOf(project: Project, sql: string): unknown {
  return project.database.prepare<[]>(sql).pluck().get();
}

/** The sentence that a person is shown for what the work throws. */
export function refusalOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return explain(error);
  }
  throw new Error('Nothing was thrown.');
}
