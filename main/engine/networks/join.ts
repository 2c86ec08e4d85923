import { EngineError } from '../errors.ts';
import { checkModel } from '../graph/check.ts';
import { formatShape } from '../graph/tensors.ts';
import type { Graph, Model, ValueInfo } from '../graph/types.ts';

/**
 * One model out of two: the first's only output becomes the second's only input. Inputs are the first's, outputs the
 * second's, and both keep their names; others are changed where both models use one. Of metadata that both have, the
 * second's counts.
 *
 * @throws EngineError when there is not one value to hand over, or its type, rank or a size differs
 */
export function joinModels(first: Model, second: Model): Model {
  const given = onlyOne(first.graph.outputs, `The model "${first.graph.name}" must have one output to be joined`);
  const taken = onlyOne(second.graph.inputs, `The model "${second.graph.name}" must have one input to be joined`);
  if (first.opset !== second.opset)
    throw new EngineError(`Models of the operator sets ${first.opset} and ${second.opset} cannot be joined.`);
  if (!fits(given, taken))
    throw new EngineError(
      `"${given.name}" is ${given.type} ${formatShape(given.shape)}, but "${taken.name}", which is to take it, is ${taken.type} ${formatShape(taken.shape)}.`,
    );
  const firstNames = namesOf(first.graph);
  const secondNames = namesOf(second.graph);
  const inputs = new Set(first.graph.inputs.map((input) => input.name));
  const all = new Set([...firstNames, ...secondNames]);
  const start = renamed(first.graph, (name) => !inputs.has(name) && secondNames.has(name), all);
  const link = start.names.get(given.name) ?? given.name;
  const end = renamed(second.graph, (name) => inputs.has(name), all, new Map([[taken.name, link]]));
  const model: Model = {
    graph: {
      name: second.graph.name,
      inputs: first.graph.inputs,
      outputs: end.graph.outputs,
      nodes: [...start.graph.nodes, ...end.graph.nodes],
      initializers: new Map([...start.graph.initializers, ...end.graph.initializers]),
    },
    opset: first.opset,
    producer: second.producer,
    metadata: { ...first.metadata, ...second.metadata },
  };
  checkModel(model);
  return model;
}

function onlyOne(values: readonly ValueInfo[], message: string): ValueInfo {
  if (values.length !== 1) throw new EngineError(`${message}; it has ${values.length}.`);
  return values[0];
}

function fits(given: ValueInfo, taken: ValueInfo): boolean {
  return (
    given.type === taken.type &&
    given.shape.length === taken.shape.length &&
    given.shape.every((size, i) => {
      const other = taken.shape[i];
      return typeof size === 'string' || typeof other === 'string' || size === other;
    })
  );
}

function namesOf(graph: Graph): Set<string> {
  return new Set([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((node) => [node.name, ...node.outputs]),
  ]);
}

/**
 * The graph with some of its names changed.
 *
 * @param clashes which names are to be changed
 * @param taken names in use; the new ones are added
 * @param names new names that are already decided
 */
function renamed(
  graph: Graph,
  clashes: (name: string) => boolean,
  taken: Set<string>,
  names = new Map<string, string>(),
): { graph: Graph; names: ReadonlyMap<string, string> } {
  for (const name of namesOf(graph)) {
    if (name === '' || names.has(name) || !clashes(name)) continue;
    let fresh = name;
    for (let count = 2; taken.has(fresh); count++) fresh = `${name}_${count}`;
    taken.add(fresh);
    names.set(name, fresh);
  }
  const rename = (name: string): string => names.get(name) ?? name;
  const renameInfo = (info: ValueInfo): ValueInfo => ({ ...info, name: rename(info.name) });
  return {
    graph: {
      name: graph.name,
      inputs: graph.inputs.map(renameInfo),
      outputs: graph.outputs.map(renameInfo),
      nodes: graph.nodes.map((node) => ({
        ...node,
        name: rename(node.name),
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
    },
    names,
  };
}
