import type { Node } from '../graph/types.ts';
import type { Block } from './blocks.ts';

/**
 * Readable names for blocks: that of the layer with the weights (`conv1`, `fc6`); where branches join, what the names of all
 * nodes begin with (`inception_3a`, `layer1.0`); that of the node at its end where these would not be unique.
 */
export function nameBlocks(blocks: readonly Block[]): string[] {
  const wanted = blocks.map(blockName);
  const ends = blocks.map((block) => readableName(block.endNode));
  const taken = new Set<string>();
  return blocks.map((_, i) => {
    const shared = wanted.indexOf(wanted[i]) !== wanted.lastIndexOf(wanted[i]);
    const base = shared ? ends[i] : wanted[i];
    let name = base;
    for (let count = 2; taken.has(name); count++) name = `${base}_${count}`;
    taken.add(name);
    return name;
  });
}

function blockName({ nodes, weightLayers, endNode }: Block): string {
  if (nodes.length === 1) return readableName(nodes[0]);
  const [only] = weightLayers.length === 1 ? weightLayers : [endNode];
  return commonBeginning(nodes.map(readableName)) || readableName(only);
}

/**
 * A node's name without what exporters add: PyTorch writes `/layer1/layer1.0/conv1/Conv` for the operator Conv of
 * `layer1.0/conv1`.
 */
export function readableName(node: Node): string {
  const parts = (node.name || node.outputs[0]).split('/').filter((part) => part !== '');
  if (parts.length > 1 && parts.at(-1) === node.op) parts.pop();
  return parts.filter((part, i) => !(i + 1 < parts.length && parts[i + 1].startsWith(`${part}.`))).join('/');
}

/** The longest common beginning of some names that ends where a word ends. */
function commonBeginning(names: readonly string[]): string {
  const words = names.map((name) => name.split(/(?<=[/._-])|(?=[/._-])/));
  const common: string[] = [];
  for (const [i, word] of words[0].entries()) {
    if (!words.every((other) => other[i] === word)) break;
    common.push(word);
  }
  return common.join('').replace(/[/._-]+$/, '');
}
