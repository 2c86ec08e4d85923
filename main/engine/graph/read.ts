import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { EngineError } from '../errors.ts';
import { describeNode } from './attributes.ts';
import { checkModel } from './check.ts';
import { readExternalData } from './external-data.ts';
import { widenModel } from './float16.ts';
import { inTopologicalOrder } from './order.ts';
import { AttributeProto_AttributeType as Kind, ModelProtoSchema, TensorProto_DataLocation } from './proto/onnx_pb.js';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from './proto/onnx_pb.js';
import { readTensor, readType } from './read-tensor.ts';
import { isRefusedAtReading, isStandardDomain, whyUnsupported } from './unsupported.ts';
import type { Attribute, Dimension, Graph, Model, Node, Tensor, ValueInfo } from './types.ts';

export interface ReadOptions {
  /** What the file is called, for messages. */
  readonly name: string;
  /** The folder that weights outside the file are read from. Such weights are refused when it is absent. */
  readonly externalFolder?: string;
}

/** One ONNX file holds 2 GB at most: protobuf keeps lengths in 31 bits. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX file, and the weights that lie beside it.
 *
 * @throws EngineError that names the file and the reason
 */
export async function readModelFile(path: string): Promise<Model> {
  const name = basename(path);
  let bytes: Uint8Array;
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES)
      throw new EngineError('it is larger than 2 GB, which an ONNX file cannot be; weights beyond that lie beside it');
    bytes = await readFile(path);
  } catch (error) {
    throw new EngineError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
  return readModel(bytes, { name, externalFolder: dirname(path) });
}

/**
 * Reads a network from the bytes of an ONNX file: weights loaded, half precision widened to float32, nodes in topological
 * order. Its operators are as the file has them: see normaliseModel.
 *
 * An output whose shape the file does not declare gets the shape `[]`.
 *
 * @throws EngineError that names the file, the node where there is one, and the reason
 */
export async function readModel(bytes: Uint8Array, options: ReadOptions): Promise<Model> {
  try {
    const proto = parse(bytes);
    await loadExternalData(proto, options.externalFolder);
    const model = widenModel(readProto(proto));
    checkModel(model);
    return model;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(`${options.name}: ${error.message}`, { cause: error });
  }
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new EngineError('This is not an ONNX file, or it is damaged or cut short. Get the file again.', {
      cause: error,
    });
  }
}

function tensorsOf(graph: GraphProto): TensorProto[] {
  const attributes = graph.node.flatMap((node) => node.attribute);
  return [...graph.initializer, ...attributes.flatMap((attribute) => (attribute.t ? [attribute.t] : []))];
}

async function loadExternalData(proto: ModelProto, folder: string | undefined): Promise<void> {
  if (!proto.graph) return;
  for (const tensor of tensorsOf(proto.graph)) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    if (folder === undefined)
      throw new EngineError(`The weights "${tensor.name}" lie in another file, which is not at hand.`);
    tensor.rawData = await readExternalData(tensor, folder);
  }
}

function readProto(proto: ModelProto): Model {
  const { graph } = proto;
  if (!graph || graph.output.length === 0)
    throw new EngineError('This is not an ONNX file, or it is damaged: it holds no network.');
  const functions = new Set(proto.functions.map(({ domain, name }) => `${domain}:${name}`));
  for (const node of graph.node)
    if (functions.has(`${node.domain}:${node.opType}`))
      throw new EngineError(
        `${nameOf(node)} cannot be used: it is a function defined in the file. Export the network again with functions inlined.`,
      );
  return {
    graph: readGraph(graph),
    opset: readOpset(proto),
    producer: [proto.producerName, proto.producerVersion].filter((part) => part !== '').join(' '),
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function readOpset(proto: ModelProto): number {
  const version = proto.opsetImport.find(({ domain }) => isStandardDomain(domain))?.version;
  if (version !== undefined) return Number(version);
  // Files of before IR version 3 have no operator set: they are of the first.
  if (proto.irVersion > 0n && proto.irVersion < 3n) return 1;
  throw new EngineError('The file does not say which operator set it is written for; it is damaged.');
}

function readGraph(proto: GraphProto): Graph {
  const sparse = proto.sparseInitializer.at(0);
  if (sparse) throw new EngineError(`The weights "${sparse.values?.name ?? ''}" are sparse, which is not supported.`);
  const nodes = inTopologicalOrder(withOwnNames(proto.node.map(readNode)));
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer)
    initializers.set(tensor.name, readTensor(tensor, `The constant "${tensor.name}"`));
  return {
    name: proto.name,
    // Up to IR version 3, every initializer was listed among the inputs too.
    inputs: proto.input.filter(({ name }) => !initializers.has(name)).map((input) => readValue(input)),
    outputs: proto.output.map((output) => readValue(output)),
    nodes,
    initializers,
  };
}

function readValue({ name, type }: ValueInfoProto): ValueInfo {
  if (type?.value.case !== 'tensorType')
    throw new EngineError(
      `"${name}" is not a tensor; only tensors go into and out of the networks that are supported.`,
    );
  const { elemType, shape } = type.value.value;
  const dimensions = (shape?.dim ?? []).map(({ value }, axis): Dimension => {
    if (value.case === 'dimParam' && value.value !== '') return value.value;
    // Some exporters write 0 or -1 for a dimension that is open.
    return value.case === 'dimValue' && value.value > 0n ? Number(value.value) : `${name}_${axis}`;
  });
  return { name, type: readType(elemType, `"${name}"`), shape: dimensions };
}

function nameOf(proto: NodeProto): string {
  return describeNode({
    op: proto.opType,
    domain: proto.domain,
    name: proto.name,
    inputs: [],
    outputs: proto.output,
    attributes: {},
  });
}

function readNode(proto: NodeProto): Node {
  const domain = isStandardDomain(proto.domain) ? '' : proto.domain;
  const head = { op: proto.opType, domain, name: proto.name, inputs: proto.input, outputs: proto.output };
  if (isRefusedAtReading(head)) throw new EngineError(whyUnsupported(head));
  const attributes = proto.attribute.map((attribute): [string, Attribute] => [
    attribute.name,
    readAttribute(attribute, proto),
  ]);
  return { ...head, attributes: Object.fromEntries(attributes) };
}

/** Some exporters give several nodes one name, which ONNX Runtime refuses: such nodes are named after their outputs. */
function withOwnNames(nodes: readonly Node[]): readonly Node[] {
  const taken = new Set<string>();
  return nodes.map((node) => {
    const name = taken.has(node.name) && node.name !== '' ? `${node.name}:${node.outputs.join(',')}` : node.name;
    taken.add(name);
    return { ...node, name };
  });
}

/** The kind of an attribute; files of IR version 1 leave it to be seen from what is filled in. */
function kindOf(proto: AttributeProto): Kind {
  if (proto.type !== Kind.UNDEFINED) return proto.type;
  if (proto.floats.length > 0) return Kind.FLOATS;
  if (proto.ints.length > 0) return Kind.INTS;
  if (proto.strings.length > 0) return Kind.STRINGS;
  if (proto.t) return Kind.TENSOR;
  if (proto.s.length > 0) return Kind.STRING;
  return proto.f !== 0 ? Kind.FLOAT : Kind.INT;
}

function readAttribute(proto: AttributeProto, node: NodeProto): Attribute {
  const text = new TextDecoder();
  const refuse = (what: string): never => {
    throw new EngineError(`${nameOf(node)}: its attribute ${proto.name} ${what}, which is not supported.`);
  };
  if (proto.refAttrName !== '') refuse('refers to an attribute of a function');
  switch (kindOf(proto)) {
    case Kind.INT:
      return { kind: 'int', value: Number(proto.i) };
    case Kind.FLOAT:
      return { kind: 'float', value: proto.f };
    case Kind.STRING:
      return { kind: 'string', value: text.decode(proto.s) };
    case Kind.TENSOR:
      return { kind: 'tensor', value: readTensor(proto.t ?? refuse('is empty'), `${nameOf(node)}: its constant`) };
    case Kind.INTS:
      return { kind: 'ints', value: proto.ints.map(Number) };
    case Kind.FLOATS:
      return { kind: 'floats', value: proto.floats };
    case Kind.STRINGS:
      return { kind: 'strings', value: proto.strings.map((value) => text.decode(value)) };
    case Kind.GRAPH:
    case Kind.GRAPHS:
      return refuse('holds a graph of its own');
    default:
      return refuse('is neither numbers nor text');
  }
}
