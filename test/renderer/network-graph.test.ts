import { describe, expect, test } from 'vitest';
import type { BlockOutline } from '../../main/contract/graphs.ts';
import type { FreezePointInfo } from '../../main/contract/networks.ts';
import {
  type BlockLayout,
  curveThrough,
  layoutOperators,
  operatorSize,
  sketchBlock,
} from '../../renderer/src/network/block-layout.ts';
import { ends, layoutAxis, nearest, stopPlaces } from '../../renderer/src/network/graph-layout.ts';
import { labelOf, stages } from '../../renderer/src/network/graph-words.ts';
import { operatorDetail } from '../../renderer/src/network/operators.ts';

/** Operators as `Conv(-1)`: their kind, and the numbers of those that they take values from. */
const block = (text: string): BlockOutline => ({
  operators: [...text.matchAll(/(\w+)\(([-\d,]*)\)/g)].map(([, op, inputs], at) => ({
    name: `${op}${at}`,
    op,
    inputs: inputs.split(',').map(Number),
  })),
});
const residual = block('Conv(-1) Relu(0) Conv(1) Add(2,-1) Relu(3)');
const inception = block('Conv(-1) Conv(-1) Conv(1) Conv(-1) Conv(3) MaxPool(-1) Conv(5) Concat(0,2,4,6)');
const chain = block(Array.from({ length: 60 }, (_, at) => `Conv(${at - 1})`).join(' '));

/** Boxes of operators that lie over one another. */
function overlaps({ nodes }: BlockLayout): number {
  return nodes.flatMap((one, at) =>
    nodes
      .slice(at + 1)
      .filter(
        (other) => Math.abs(one.x - other.x) < operatorSize.width && Math.abs(one.y - other.y) < operatorSize.height,
      ),
  ).length;
}

describe('the operators of a block', () => {
  test.each([
    ['a residual block', residual],
    ['an Inception module', inception],
    ['a long chain', chain],
  ])('%s runs from left to right inside its frame, without overlaps', (_, outline) => {
    const layout = layoutOperators(outline);
    expect(overlaps(layout)).toBe(0);
    for (const { x, y } of layout.nodes) {
      expect(x - operatorSize.width / 2).toBeGreaterThanOrEqual(0);
      expect(x + operatorSize.width / 2).toBeLessThanOrEqual(layout.width);
      expect(y - operatorSize.height / 2).toBeGreaterThanOrEqual(0);
      expect(y + operatorSize.height / 2).toBeLessThanOrEqual(layout.height);
    }
    for (const { points } of layout.edges)
      for (const [at, { x }] of points.slice(1).entries()) expect(x).toBeGreaterThan(points[at].x);
    // The value comes in and goes out at half the height, where the neighbours join on.
    const middle = layout.height / 2;
    const [first] = layout.edges.filter(({ from }) => from === -1);
    const last = layout.edges.find(({ to }) => to === -2)!;
    expect(first.points[0]).toEqual({ x: 0, y: middle });
    expect(last.points.at(-1)).toEqual({ x: layout.width, y: middle });
  });

  test('in small: layers with weights and where paths join, nothing of what lies along a path', () => {
    const edgesOf = (outline: BlockOutline) => sketchBlock(outline).edges.map(({ from, to }) => `${from}>${to}`);
    expect(sketchBlock(residual).kinds).toEqual(['weights', 'weights', 'join']);
    expect(edgesOf(residual)).toEqual(['-1>0', '0>1', '1>2', '-1>2', '2>-2']);
    expect(sketchBlock(inception).kinds).toEqual([...Array<string>(6).fill('weights'), 'join']);
    // x · sigmoid(x) takes one value by two ways and joins nothing.
    expect(sketchBlock(block('Conv(-1) Sigmoid(0) Mul(0,1)')).kinds).toEqual(['weights']);
    expect(edgesOf(block('Relu(-1) MaxPool(0)'))).toEqual(['-1>-2']);
  });

  test('a curve is level at its ends', () => {
    expect(
      curveThrough([
        { x: 0, y: 0 },
        { x: 10, y: 4 },
      ]),
    ).toBe('M0.0 0.0C5.0 0.0 5.0 4.0 10.0 4.0');
  });
});

describe('along the axis', () => {
  test('closed blocks fill the room, and stops lie where they touch', () => {
    const axis = layoutAxis(1000, Array<undefined>(20).fill(undefined));
    expect(axis.length).toBeCloseTo(1000, 9);
    const stops = stopPlaces(axis);
    expect(stops).toHaveLength(21);
    expect([stops[0], stops[20]]).toEqual([ends.left, expect.closeTo(1000 - ends.right, 9)]);
    expect(stops.map((place) => nearest(stops, place + 3))).toEqual(stops.map((_, at) => at));
    expect([nearest(stops, -50), nearest(stops, 5000)]).toEqual([0, 20]);
  });

  test('an open block pushes those after it aside by what it needs; many blocks go on beyond the room', () => {
    const closed = layoutAxis(1000, [undefined, undefined, undefined]);
    const open = layoutAxis(1000, [undefined, 500, undefined]);
    expect(open.blocks[0]).toEqual(closed.blocks[0]);
    expect(open.blocks[1].right - open.blocks[1].left).toBeGreaterThanOrEqual(500);
    expect(open.length - closed.length).toBeCloseTo(open.blocks[2].left - closed.blocks[2].left, 9);
    expect(layoutAxis(1000, Array<undefined>(300).fill(undefined)).length).toBeGreaterThan(3000);
  });
});

test('names keep what tells them apart, and images of one size are said once', () => {
  expect(labelOf('conv_dw_6', 13)).toBe('conv_dw_6');
  expect(labelOf('transition1/conv', 13)).toBe('tran…on1/conv');
  expect(labelOf('transition1/conv', 13).length).toBeLessThanOrEqual(13);
  const shapes = [[8, 56, 56], [16, 56, 56], [16, 28, 28], [64]];
  expect(stages(shapes.map((shape) => ({ shape }) as unknown as FreezePointInfo))).toEqual([
    { first: 0, last: 1, text: '56 × 56' },
    { first: 2, last: 2, text: '28 × 28' },
    { first: 3, last: 3, text: 'vector' },
  ]);
});

test('a convolution is told apart by its kernel, groups and stride', () => {
  const facts = (settings: Record<string, string>, shape: number[]) => ({
    settings: Object.entries(settings).map(([name, value]) => ({ name, value })),
    weights: [{ role: 'weights', shape, low: 0, high: 1, mean: 0, deviation: 1, histogram: [1] }],
    shape: [8, 4, 4],
    parameters: 1,
    multiplyAdds: 1,
  });
  expect(operatorDetail(facts({ kernel_shape: '3, 3', strides: '2, 2' }, [8, 4, 3, 3]))).toBe('3 × 3, stride 2');
  expect(operatorDetail(facts({ group: '8' }, [8, 1, 3, 3]))).toBe('3 × 3, depthwise');
  expect(operatorDetail(facts({ group: '2' }, [8, 4, 5, 5]))).toBe('5 × 5, 2 groups');
  expect(operatorDetail({ ...facts({ lowest: '0', highest: '6' }, []), weights: [] })).toBe('0 to 6');
});
