import { describeNode } from './attributes.ts';
import type { Node } from './types.ts';

const EXPORT_AGAIN = 'Export the network again without it';

/** The reason where there is a better one than that the operator is not in the table. */
function reasonFor(op: string, domain: string): string | undefined {
  if (/^(Q[A-Z]|Quantize|Dequantize|DynamicQuantize|ConvInteger|MatMulInteger)/.test(op))
    return 'the network is quantised, and quantised networks cannot be trained further. Use the float32 network it was made from';
  if (/^(If|Loop|Scan|SequenceMap)$/.test(op))
    return `it is control flow, and only networks that do the same for every image are supported. ${EXPORT_AGAIN} (with a fixed input size, most exporters leave it out)`;
  if (domain === 'com.microsoft' || domain.startsWith('com.microsoft.'))
    return 'it is made by ONNX Runtime when it optimises a network. Use the network as it was before';
  if (domain !== '') return `it is of the operator set "${domain}", and only the standard ONNX operators are supported`;
  if (/^(LSTM|GRU|RNN)$/.test(op)) return 'recurrent networks are not supported';
  if (/^Random|^Multinomial$|^Bernoulli$/.test(op))
    return 'it draws random numbers, so that results could not be repeated';
  if (/^Sequence|^(Split|Concat)(To|From)Sequence$|^Optional/.test(op)) return 'sequences are not supported';
  if (/^(NonMaxSuppression|RoiAlign|MaxRoiPool)$/.test(op))
    return 'it belongs to object detection; a classification network is needed';
  return undefined;
}

/** The standard domain has two names. */
export function isStandardDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Why a node with an operator that the engine does not know is refused; a sentence that names the node. */
export function whyUnsupported(node: Pick<Node, 'op' | 'domain' | 'name' | 'outputs'>): string {
  const described = describeNode({ ...node, inputs: [], attributes: {} });
  return `${described} cannot be used: ${reasonFor(node.op, node.domain) ?? 'this operator is not supported'}.`;
}

/** Whether a node is refused already when a file is read, whatever its operator set version. */
export function isRefusedAtReading(node: Pick<Node, 'op' | 'domain'>): boolean {
  return reasonFor(node.op, node.domain) !== undefined;
}
