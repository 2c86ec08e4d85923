import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../main/engine/errors.ts';
import { widenBfloat16, widenFloat16 } from '../../main/engine/graph/float16.ts';
import { normaliseModel } from '../../main/engine/graph/normalise.ts';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
} from '../../main/engine/graph/proto/onnx_pb.js';
import type { ModelProto } from '../../main/engine/graph/proto/onnx_pb.js';
import { readModel, readModelFile } from '../../main/engine/graph/read.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { expectClose, expectSameOutput, onnxFixture, randomTensor, run } from '../support/graphs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'graph-read-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function protoOf(name: string): ModelProto {
  return fromBinary(ModelProtoSchema, readFileSync(onnxFixture(name)));
}

/** Reads a file that a test has changed. */
function readChanged(proto: ModelProto, externalFolder?: string): Promise<Model> {
  return readModel(toBinary(ModelProtoSchema, proto), {
    name: 'changed.onnx',
    ...(externalFolder ? { externalFolder } : {}),
  });
}

/** The reading fails with an error for people that names the file and says why. */
async function expectRefused(reading: Promise<Model>, reason: RegExp, file = 'changed.onnx'): Promise<void> {
  const error: unknown = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect((error as Error).message).toContain(file);
  expect((error as Error).message).toMatch(reason);
}

describe('reading', () => {
  test('a file that was written is read as it was', async () => {
    for (const name of ['conv-same-upper', 'flatten-by-shape', 'batchnorm-7', 'typed-fields', 'slice-9-int64-end']) {
      const model = { ...(await readModelFile(onnxFixture(name))), metadata: { classes: 'naïve, „weiß“' } };
      const again = await readModel(writeModel(model), { name: 'again.onnx' });
      // An output whose shape the file leaves out is declared without one.
      expect(again).toEqual(model);
    }
  });

  test('constants that are listed among the inputs are not inputs', async () => {
    const { graph, producer } = await readModelFile(onnxFixture('old-ir'));
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(producer).toBe('make_onnx');
  });

  test('nodes that are out of order are put in order', async () => {
    const proto = protoOf('flatten-by-shape');
    proto.graph!.node.reverse();
    const model = await readChanged(proto);
    expect(model.graph.nodes.map((node) => node.op)).toEqual(['Shape', 'Gather', 'Unsqueeze', 'Concat', 'Reshape']);
  });

  test('nodes of one name get names of their own', async () => {
    const proto = protoOf('dropout-12');
    for (const node of proto.graph!.node) node.name = 'layer';
    const model = await readChanged(proto);
    expect(model.graph.nodes.map(({ name }) => name)).toEqual(['layer', 'layer:d', 'layer:y']);
  });

  test('half precision becomes single precision everywhere', async () => {
    const original = await readModelFile(onnxFixture('float16'));
    const { model } = normaliseModel(original);
    const types = [...model.graph.inputs, ...model.graph.outputs, ...model.graph.initializers.values()];
    expect(new Set(types.map(({ type }) => type))).toEqual(new Set(['float32']));
    expect(model.graph.nodes.map(({ op }) => op)).toEqual(['Conv', 'Add']);
    const constant = original.graph.nodes[0].attributes.value;
    expect(constant.kind === 'tensor' && [...constant.value.data]).toEqual([0.5, -2, 2 ** -24, 1]);
    await expectSameOutput(original, model, randomTensor([2, 6, 9, 8]));
  });

  test('half-precision patterns are widened exactly', () => {
    const patterns = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x8000, 0x7c00, 0xfc00, 0x7e00);
    const values = [1, -2, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, -0, Infinity, -Infinity, NaN];
    expect([...widenFloat16(patterns)]).toEqual(values);
    expect([...widenBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x0080))]).toEqual([1, -2, Infinity, 2 ** -126]);
  });
});

describe('weights beside the file', () => {
  function withLocation(location: string, more: Readonly<Record<string, string>> = {}): ModelProto {
    const proto = protoOf('external');
    const weights = proto.graph!.initializer.find(({ name }) => name === 'w')!;
    for (const entry of weights.externalData) {
      if (entry.key === 'location') entry.value = location;
      if (entry.key in more) entry.value = more[entry.key];
    }
    return proto;
  }

  beforeAll(() => {
    mkdirSync(join(folder, 'network', 'weights'), { recursive: true });
    const data = onnxFixture('external').replace('.onnx', '.bin');
    for (const place of ['outside.bin', 'network/external.bin', 'network/weights/external.bin', 'network/short.bin'])
      copyFileSync(data, join(folder, place));
    truncateSync(join(folder, 'network/short.bin'), 100);
    symlinkSync('../outside.bin', join(folder, 'network/link.bin'));
    symlinkSync('..', join(folder, 'network/up'));
    symlinkSync('weights/external.bin', join(folder, 'network/inner.bin'));
  });

  test.each(['external.bin', 'weights/external.bin', 'weights\\external.bin', './external.bin', 'inner.bin'])(
    'are read from %s',
    async (location) => {
      const model = await readChanged(withLocation(location), join(folder, 'network'));
      const x = randomTensor([2, 6, 9, 8]);
      expectClose((await run(model, { x })).y, (await run(onnxFixture('external'), { x })).y);
    },
  );

  test.each([
    ['../outside.bin', /outside/],
    ['..\\outside.bin', /outside/],
    ['weights/../../outside.bin', /outside/],
    ['/etc/hostname', /outside/],
    ['C:\\weights.bin', /outside/],
    ['', /outside/],
    ['.', /outside/],
    ['link.bin', /outside/],
    ['up/outside.bin', /outside/],
    ['missing.bin', /not beside/],
    ['weights', /no file/],
    ['short.bin', /only 100 bytes/],
  ])('are not read from "%s"', async (location, reason) => {
    await expectRefused(readChanged(withLocation(location), join(folder, 'network')), reason);
    await expectRefused(readChanged(withLocation(location), join(folder, 'network')), /"w"/);
  });

  test('are refused when place or length are wrong', async () => {
    const reading = (more: Record<string, string>): Promise<Model> =>
      readChanged(withLocation('external.bin', more), join(folder, 'network'));
    await expectRefused(reading({ offset: '4' }), /end at byte/);
    await expectRefused(reading({ offset: '-4' }), /offset .* not a number of bytes/);
    await expectRefused(reading({ length: '99999999999' }), /end at byte/);
    await expectRefused(reading({ length: '4' }), /has 4 bytes, but its shape \[4, 6, 3, 3\] takes 864/);
    await expectRefused(reading({ length: 'all' }), /length .* not a number of bytes/);
    await expectRefused(readChanged(withLocation('external.bin')), /not at hand/);
  });
});

describe('damaged files', () => {
  test('a file that is cut short anywhere is refused, or was whole but for what comes behind', async () => {
    const bytes = writeModel({ ...(await readModelFile(onnxFixture('conv-same-upper'))), metadata: { a: 'b' } });
    const whole = await readModel(bytes, { name: 'whole.onnx' });
    let refused = 0;
    for (let length = 0; length < bytes.length; length += 1) {
      try {
        const model = await readModel(bytes.subarray(0, length), { name: 'short.onnx' });
        expect(model.graph).toEqual(whole.graph);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        expect((error as Error).message).toMatch(/^short\.onnx: .*(damaged|cut short)/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length - 16);
  });

  test('garbage is refused', async () => {
    const noise = randomTensor([4096], 5, 'uint8');
    await expectRefused(readModel(noise.data as Uint8Array, { name: 'noise.onnx' }), /not an ONNX file/, 'noise.onnx');
    const text = new TextEncoder().encode('<html><body>404 Not Found</body></html>');
    await expectRefused(readModel(text, { name: 'page.onnx' }), /not an ONNX file/, 'page.onnx');
    await expectRefused(readModel(new Uint8Array(0), { name: 'empty.onnx' }), /no network/, 'empty.onnx');
  });

  test('bytes that are changed anywhere never give anything but a model or an error for people', async () => {
    const bytes = readFileSync(onnxFixture('flatten-by-shape'));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] ^= 0x55;
      const error: unknown = await readModel(changed, { name: 'changed.onnx' }).then(
        (model) => {
          try {
            normaliseModel(model, { inputShape: [6, 9, 8] });
            return undefined;
          } catch (thrown) {
            return thrown;
          }
        },
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(EngineError);
    }
  });

  test('a missing file, and a folder', async () => {
    await expectRefused(readModelFile(join(folder, 'none.onnx')), /cannot be read/, 'none.onnx');
    await expectRefused(readModelFile(folder), /cannot be read/, folder);
    writeFileSync(join(folder, 'zero.onnx'), '');
    await expectRefused(readModelFile(join(folder, 'zero.onnx')), /no network/, 'zero.onnx');
  });

  test('weights whose bytes do not fill their shape', async () => {
    const proto = protoOf('conv-valid');
    const weights = proto.graph!.initializer[0];
    weights.rawData = weights.rawData.subarray(1);
    await expectRefused(readChanged(proto), /"w" has 1151 bytes, but its shape \[4, 6, 3, 4\] takes 1152/);
    weights.dims = [4n, 2n ** 40n, 2n ** 40n, 1n];
    await expectRefused(readChanged(proto), /too large/);
    weights.dims = [-1n];
    await expectRefused(readChanged(proto), /not a shape/);
    const typed = protoOf('typed-fields');
    typed.graph!.initializer[0].floatData.pop();
    await expectRefused(readChanged(typed), /"m" has 5 values, but its shape \[6, 1, 1\] takes 6/);
    typed.graph!.initializer[0].dataType = 8;
    await expectRefused(readChanged(typed), /"m" holds text/);
  });

  test('no operator set, no output', async () => {
    const proto = protoOf('conv-valid');
    const version = proto.opsetImport.splice(0);
    await expectRefused(readChanged(proto), /operator set/);
    proto.opsetImport = version;
    proto.graph!.output = [];
    await expectRefused(readChanged(proto), /no network/);
  });
});

describe('networks that are refused, with the reason', () => {
  test.each([
    ['refused-if', /If "If_y" cannot be used: it is control flow/],
    ['refused-loop', /Loop "Loop_y" cannot be used: it is control flow/],
    ['refused-quantised', /DynamicQuantizeLinear "DynamicQuantizeLinear_q" cannot be used: the network is quantised/],
    ['refused-domain', /FusedConv "fused" cannot be used: it is made by ONNX Runtime/],
    ['refused-function', /Twice "call" cannot be used: it is a function/],
    ['refused-sparse', /"w" are sparse/],
  ])('%s', async (name, reason) => {
    await expectRefused(readModelFile(onnxFixture(name)), reason, `${name}.onnx`);
  });

  test.each(['QLinearConv', 'ConvInteger', 'QuantizeLinear', 'Scan', 'LSTM', 'RandomNormal', 'NonMaxSuppression'])(
    '%s is named with its node',
    async (op) => {
      const proto = protoOf('clip-6');
      proto.graph!.node[0].opType = op;
      await expectRefused(readChanged(proto), new RegExp(`${op} "Clip_y" cannot be used: `));
    },
  );

  test('an operator of another domain', async () => {
    const proto = protoOf('clip-6');
    proto.graph!.node[0].domain = 'org.example';
    await expectRefused(readChanged(proto), /"Clip_y" cannot be used: it is of the operator set "org\.example"/);
    proto.graph!.node[0].domain = 'ai.onnx';
    expect((await readChanged(proto)).graph.nodes[0].domain).toBe('');
  });

  test('a graph within an attribute', async () => {
    const proto = protoOf('clip-6');
    proto.graph!.node[0].attribute.push(
      create(AttributeProtoSchema, { name: 'body', type: AttributeProto_AttributeType.GRAPH }),
    );
    await expectRefused(readChanged(proto), /Clip "Clip_y": its attribute body holds a graph/);
  });

  test('a cycle', async () => {
    const proto = protoOf('clip-6');
    const first = proto.graph!.node[0];
    first.input = ['z'];
    const second = clone(NodeProtoSchema, first);
    Object.assign(second, { name: 'back', input: ['y'], output: ['z'] });
    proto.graph!.node.push(second);
    await expectRefused(readChanged(proto), /Clip "(Clip_y|back)" .* cycle/);
    first.input = ['y'];
    proto.graph!.node.pop();
    await expectRefused(readChanged(proto), /Clip "Clip_y" .* cycle/);
  });

  test('an input that nothing makes, and a value that is made twice', async () => {
    const proto = protoOf('clip-6');
    proto.graph!.node[0].input = ['lost'];
    await expectRefused(readChanged(proto), /Clip "Clip_y" takes "lost", which nothing/);
    const twice = protoOf('clip-6');
    twice.graph!.node.push(clone(NodeProtoSchema, twice.graph!.node[0]));
    await expectRefused(readChanged(twice), /Clip "Clip_y:y" makes "y", which exists already/);
  });
});
