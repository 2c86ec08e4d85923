import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from '@dagrejs/dagre';
import type { BlockOutline } from '../../../main/contract/graphs.ts';
import { isWeightLayer } from './operators.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** From the middle of its left edge to the middle of its right edge a block's one value runs through it. */
export interface BlockLayout {
  readonly width: number;
  readonly height: number;
  /** Centres of what is drawn, by number. */
  readonly nodes: readonly Point[];
  /** From the output of one node (−1: the left edge) to the next (−2: the right edge), with the places it goes through. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly points: readonly Point[] }[];
}

const [entry, exit] = [-1, -2];

interface Sizes {
  readonly node: { readonly width: number; readonly height: number };
  /** How far from a node's centre its paths begin and end. */
  readonly reach: number;
  /** Between neighbours along the axis, and across it. */
  readonly along: number;
  readonly across: number;
}

/** Of an operator that can be read. */
export const operatorSize = { width: 124, height: 40 } as const;

/** An open block: every operator a box. */
export function layoutOperators({ operators }: BlockOutline): BlockLayout {
  return layoutNodes(
    operators.map(({ inputs }) => inputs),
    { node: operatorSize, reach: operatorSize.width / 2, along: 28, across: 14 },
  );
}

/** A closed block in small: its layers with weights and where paths join, without what lies along a path. */
export interface BlockSketch extends BlockLayout {
  readonly kinds: readonly ('weights' | 'join')[];
}

export function sketchBlock({ operators }: BlockOutline): BlockSketch {
  const inputs: number[][] = [];
  const kinds: BlockSketch['kinds'][number][] = [];
  /** Of each operator, the node whose value it gives or passes on. */
  const sources: number[] = [];
  for (const { op, inputs: taken } of operators) {
    const from = [...new Set(taken.map((at) => (at === entry ? entry : sources[at])))];
    const mixes = isWeightLayer(op);
    if (mixes || from.length > 1) {
      sources.push(inputs.length);
      inputs.push(from);
      kinds.push(mixes ? 'weights' : 'join');
    } else sources.push(from.at(0) ?? entry);
  }
  return { ...layoutNodes(inputs, { node: { width: 8, height: 8 }, reach: 0, along: 8, across: 10 }), kinds };
}

/** @param inputs of each node the nodes whose values it takes; −1 for what comes in */
function layoutNodes(inputs: readonly (readonly number[])[], { node, reach, along, across }: Sizes): BlockLayout {
  if (inputs.length === 0) {
    const middle = node.height / 2;
    const points = [
      { x: 0, y: middle },
      { x: node.width, y: middle },
    ];
    return { width: node.width, height: node.height, nodes: [], edges: [{ from: entry, to: exit, points }] };
  }
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: across, ranksep: along, edgesep: across / 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  const edges: { from: number; to: number }[] = [];
  const used = new Set<number>();
  graph.setNode(String(entry), { width: 0, height: 0 });
  for (const [at, taken] of inputs.entries()) {
    graph.setNode(String(at), { ...node });
    // An operator that takes nothing stands by itself: a constant that was not folded.
    for (const from of taken) {
      edges.push({ from, to: at });
      used.add(from);
    }
  }
  graph.setNode(String(exit), { width: 0, height: 0 });
  for (const at of inputs.keys()) if (!used.has(at)) edges.push({ from: at, to: exit });
  for (const [number, { from, to }] of edges.entries())
    graph.setEdge(String(from), String(to), { weight: to === exit || from === entry ? 2 : 1 }, String(number));
  layout(graph);
  const centre = (at: number): Point => {
    const { x = 0, y = 0 } = graph.node(String(at));
    return { x, y };
  };
  // So that the value comes in and goes out at the same height, everything is drawn around it.
  const left = centre(entry);
  const right = centre(exit);
  const nodes = inputs.map((_, at) => centre(at));
  const furthest = Math.max(...nodes.map(({ y }) => Math.abs(y - left.y) + node.height / 2));
  const shift = furthest - left.y;
  const moved = ({ x, y }: Point): Point => ({ x: x - left.x, y: y + shift });
  return {
    width: right.x - left.x,
    height: 2 * furthest,
    nodes: nodes.map(moved),
    edges: edges.map(({ from, to }, number) => {
      const { points = [] } = graph.edge(String(from), String(to), String(number));
      const start = from === entry ? left : { x: centre(from).x + reach, y: centre(from).y };
      const end = to === exit ? { x: right.x, y: left.y } : { x: centre(to).x - reach, y: centre(to).y };
      return { from, to, points: [start, ...points.slice(1, -1), end].map(moved) };
    }),
  };
}

/** A curve through points from left to right that is level at each of them, as the `d` of a path. */
export function curveThrough(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const text = (value: number): string => value.toFixed(1);
  let last = first;
  const parts = rest.map((point) => {
    const middle = (last.x + point.x) / 2;
    const part = `C${text(middle)} ${text(last.y)} ${text(middle)} ${text(point.y)} ${text(point.x)} ${text(point.y)}`;
    last = point;
    return part;
  });
  return `M${text(first.x)} ${text(first.y)}${parts.join('')}`;
}
