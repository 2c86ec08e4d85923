import * as ort from 'onnxruntime-node';
import { EngineError } from '../errors.ts';
import type { DataType, Tensor, TypedArrays } from '../graph/types.ts';

/** Where a session computes. Never chosen in silence: the caller asks for one and gets that one or an error. */
export type Device = 'cpu' | 'webgpu';

export interface SessionOptions {
  readonly device?: Device;
  /** Threads within an operator; ONNX Runtime's own choice (the physical cores) when absent. */
  readonly threads?: number;
  /**
   * Threads sleep between operators instead of spinning. For many short runs beside other work: spinning threads take
   * the processor from whoever has something to do, other sessions of the same process included.
   */
  readonly sleepy?: boolean;
}

/** A loaded network, ready to run. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the network once. The calling thread is blocked meanwhile (ONNX Runtime's binding does not yield).
   *
   * @param feeds a tensor for each input, by name
   * @param fetches the outputs to compute; all when absent
   */
  run(feeds: Readonly<Record<string, Tensor>>, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** ONNX Runtime's names for our types, where it can take and give them. */
const runtimeTypes: Partial<Record<DataType, ort.Tensor.Type>> = {
  float32: 'float32',
  float64: 'float64',
  int64: 'int64',
  int32: 'int32',
  uint8: 'uint8',
  int8: 'int8',
  bool: 'bool',
};

function toRuntime(name: string, tensor: Tensor): ort.Tensor {
  const type = runtimeTypes[tensor.type];
  if (!type) throw new EngineError(`Input ${name} is of type ${tensor.type}, which cannot be fed to a network.`);
  return new ort.Tensor(type, tensor.data as ort.Tensor.DataType, [...tensor.shape]);
}

function fromRuntime(name: string, value: ort.Tensor): Tensor {
  if (!(value.type in runtimeTypes))
    throw new EngineError(`Output ${name} is of type ${value.type}, which is not read.`);
  return { type: value.type as DataType, shape: value.dims, data: value.data as TypedArrays[DataType] };
}

/**
 * Loads an ONNX model.
 *
 * @param model the path of a file (needed when weights lie beside it as external data), or the bytes of one
 * @throws EngineError when ONNX Runtime refuses the model or the device is not to be had; the message holds its reason
 */
export async function createSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const device = options.device ?? 'cpu';
  const sessionOptions: ort.InferenceSession.SessionOptions = {
    executionProviders: [device],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    ...(options.sleepy ? { extra: { session: { intra_op: { allow_spinning: '0' } } } } : {}),
  };
  let session: ort.InferenceSession;
  try {
    // The binding's overloads take either; the type only knows them one at a time.
    session = await ort.InferenceSession.create(model as string, sessionOptions);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError(`ONNX Runtime cannot load the network on ${device}: ${reason}`, { cause: error });
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      const inputs: Record<string, ort.Tensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toRuntime(name, tensor);
      const values = fetches ? await session.run(inputs, [...fetches]) : await session.run(inputs);
      return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fromRuntime(name, value)]));
    },
    release: () => session.release(),
  };
}
