import { int } from '../graph/attributes.ts';
import { graphAxis } from './tfjs-activations.ts';
import type { Activation, LayerScope } from './tfjs-scope.ts';

/** Folds an elementwise operator over the inputs, from the first to the last. */
export function merge(scope: LayerScope, inputs: readonly Activation[], op: string, suffix?: string): Activation {
  let [result] = inputs;
  for (const [i, input] of inputs.entries()) {
    if (i === 0) continue;
    const part = i < inputs.length - 1 ? `${suffix ?? op.toLowerCase()}_${i}` : suffix;
    const shape = broadcast(scope, result, input);
    result = { value: scope.emit(op, [result.value, input.value], {}, part), shape };
  }
  return result;
}

export function concatenate(scope: LayerScope, inputs: readonly Activation[]): Activation {
  const axis = scope.config.number('axis', -1);
  const [first] = inputs;
  const onAxis = (axis < 0 ? axis + first.shape.length + 1 : axis) - 1;
  const inGraph = graphAxis(scope, first, axis);
  for (const input of inputs)
    if (input.shape.length !== first.shape.length || input.shape.some((n, i) => i !== onAxis && n !== first.shape[i]))
      scope.fail(`it cannot join ${shapes(inputs)}`);
  const shape = first.shape.map((size, i) =>
    i === onAxis ? inputs.reduce((sum, input) => sum + input.shape[i], 0) : size,
  );
  const value = scope.emit(
    'Concat',
    inputs.map((input) => input.value),
    { axis: int(inGraph) },
  );
  return { value, shape };
}

function broadcast(scope: LayerScope, a: Activation, b: Activation): number[] {
  if (a.shape.length !== b.shape.length) scope.fail(`it cannot combine ${shapes([a, b])}`);
  return a.shape.map((size, i) => {
    const other = b.shape[i];
    if (size !== other && size !== 1 && other !== 1) scope.fail(`it cannot combine ${shapes([a, b])}`);
    return Math.max(size, other);
  });
}

const shapes = (inputs: readonly Activation[]): string =>
  inputs.map((input) => `[${input.shape.join(', ')}]`).join(' and ');
