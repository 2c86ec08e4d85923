import { create, toBinary } from '@bufbuild/protobuf';
import { EngineError } from '../errors.ts';
import { describeNode } from './attributes.ts';
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from './proto/onnx_pb.js';
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from './proto/onnx_pb.js';
import { codeOfType, wholeNumber } from './tensors.ts';
import type { Attribute, Model, Node, Tensor, ValueInfo } from './types.ts';

/** IR version 8 goes with operator set 18 in time, and every ONNX Runtime since 1.14 reads it. */
const IR_VERSION = 8n;

/** Protobuf keeps lengths in 31 bits; some room is left for everything that is not weights. */
const MAX_BYTES = 2 ** 31 - 2 ** 24;

/**
 * A model as the bytes of an ONNX file, weights inside.
 *
 * @throws EngineError when the weights are beyond the 2 GB that one ONNX file can hold
 */
export function writeModel(model: Model): Uint8Array {
  const { graph } = model;
  let bytes = 0;
  for (const tensor of graph.initializers.values()) bytes += tensor.data.byteLength;
  if (bytes > MAX_BYTES)
    throw new EngineError(
      `The network "${graph.name}" holds ${(bytes / 2 ** 30).toFixed(1)} GB of weights; one ONNX file holds 2 GB at most.`,
    );
  const domains = new Set(graph.nodes.map((node) => node.domain));
  domains.delete('');
  const message = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: model.producer,
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(model.opset) }),
      ...[...domains].map((domain) => create(OperatorSetIdProtoSchema, { domain, version: 1n })),
    ],
    graph: create(GraphProtoSchema, {
      name: graph.name,
      input: graph.inputs.map(writeValue),
      output: graph.outputs.map(writeValue),
      node: graph.nodes.map(writeNode),
      initializer: [...graph.initializers].map(([name, tensor]) => writeTensor(tensor, name)),
    }),
    metadataProps: Object.entries(model.metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
  return toBinary(ModelProtoSchema, message);
}

function writeValue(value: ValueInfo): ValueInfoProto {
  const dim = value.shape.map((dimension) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof dimension === 'number'
          ? { case: 'dimValue', value: BigInt(dimension) }
          : { case: 'dimParam', value: dimension },
    }),
  );
  return create(ValueInfoProtoSchema, {
    name: value.name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: codeOfType(value.type),
          shape: create(TensorShapeProtoSchema, { dim }),
        }),
      },
    }),
  });
}

function writeNode(node: Node): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, attribute]) => writeAttribute(name, attribute, node)),
  });
}

function writeAttribute(name: string, attribute: Attribute, node: Node): AttributeProto {
  const integer = (value: number): bigint => {
    if (!Number.isInteger(value))
      throw new EngineError(`${describeNode(node)}: the attribute ${name} must be whole but is ${value}.`);
    return wholeNumber(value);
  };
  const text = new TextEncoder();
  switch (attribute.kind) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: Kind.INT, i: integer(attribute.value) });
    case 'float':
      return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: attribute.value });
    case 'string':
      return create(AttributeProtoSchema, { name, type: Kind.STRING, s: text.encode(attribute.value) });
    case 'tensor':
      return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: writeTensor(attribute.value, '') });
    case 'ints':
      return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: attribute.value.map(integer) });
    case 'floats':
      return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: [...attribute.value] });
    case 'strings':
      return create(AttributeProtoSchema, {
        name,
        type: Kind.STRINGS,
        strings: attribute.value.map((value) => text.encode(value)),
      });
  }
}

function writeTensor(tensor: Tensor, name: string): TensorProto {
  const { data } = tensor;
  return create(TensorProtoSchema, {
    name,
    dims: tensor.shape.map(BigInt),
    dataType: codeOfType(tensor.type),
    // Little-endian, as the file wants it and as every machine that Node runs on has it.
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}
