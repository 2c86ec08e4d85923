/** A thread that takes networks apart: reading a large one and going through its weights takes seconds. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Filters } from '../contract/graphs.ts';
import type { Node } from '../engine/graph/types.ts';
import { type FirstFilters, firstFilters } from '../engine/networks/first-filters.ts';
import { openNetwork } from '../engine/networks/network.ts';
import { operatorFacts } from '../engine/networks/operator-facts.ts';
import { outlineNetwork } from '../engine/networks/outline.ts';
import { answerRequests } from '../threads/answer.ts';
import { blockFile, type GraphRequest, outlineFile } from './graphs.ts';

/** More filters than anybody looks at are left out. */
const mostFilters = 256;

async function writeGraph({ file, preprocessing, target }: GraphRequest): Promise<null> {
  const network = await openNetwork(file, { size: preprocessing.size, preprocessing });
  const blocks = outlineNetwork(network);
  const filters = firstFilters(network);
  const outlines = blocks.map(({ operators }) => ({ operators }));
  const contents = new Map<string, unknown>([
    [outlineFile, { blocks: outlines.slice(0, -1), rest: outlines.at(-1) }],
    ...blocks.map(({ nodes }, at): [string, unknown] => {
      const operators = nodes.map((node) => operatorFacts(network, node));
      return [blockFile(at), { operators, filters: filters ? asPictures(filters, nodes) : null }];
    }),
  ]);
  await mkdir(dirname(target), { recursive: true });
  const partial = await mkdtemp(`${target}-`);
  try {
    for (const [name, content] of contents) await writeFile(join(partial, name), JSON.stringify(content));
    await rename(partial, target);
  } catch (error) {
    // Another studio was faster.
    if (!existsSync(target)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return null;
}

/** As the contract has them; null where the convolution is none of the nodes. */
function asPictures({ node, width, height, ...filters }: FirstFilters, nodes: readonly Node[]): Filters | null {
  const operator = nodes.indexOf(node);
  if (operator < 0) return null;
  const count = Math.min(filters.count, mostFilters);
  const pixels = Buffer.from(filters.pixels.subarray(0, count * width * height * 3)).toString('base64');
  return { operator, count, width, height, pixels };
}

answerRequests(writeGraph);
