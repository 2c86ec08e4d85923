import * as ort from 'onnxruntime-node';
import { EngineError } from '../errors.ts';
import { forWebGpu } from '../graph/for-webgpu.ts';
import { readModel, readModelFile } from '../graph/read.ts';
import type { DataType, Tensor, TypedArrays } from '../graph/types.ts';
import { writeModel } from '../graph/write.ts';

/**
 * Where a session computes, by ONNX Runtime's names: WebGPU on every vendor's GPU, CUDA on NVIDIA's where its libraries were
 * installed, DirectML under Windows, Core ML under macOS. Never chosen in silence: the caller asks for one and gets that one
 * or an error.
 */
const devices = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type Device = (typeof devices)[number];

/** The devices that this build of ONNX Runtime may know; whether the machine has them shows when a session is made. */
export function presentDevices(): readonly Device[] {
  const names = new Set(ort.listSupportedBackends().map(({ name }) => name));
  return devices.filter((device) => names.has(device));
}

/** Whether tensors can stay in the device's memory between runs; elsewhere they come back to the process's. */
export function keepsTensors(device: Device): boolean {
  return device === 'webgpu';
}

export interface SessionOptions {
  readonly device?: Device;
  /** Threads within an operator; ONNX Runtime's own choice (the physical cores) when absent. */
  readonly threads?: number;
  /**
   * Threads sleep between operators instead of spinning. For many short runs beside other work: spinning threads take
   * the processor from whoever has something to do, other sessions of the same process included.
   */
  readonly sleepy?: boolean;
  /** Outputs that stay where the session computes, to be fed to a run again: see `runKeeping`. */
  readonly kept?: readonly string[];
}

/** A tensor that lies where a session computes: in the GPU's memory, or in the process's. Of use to sessions on that device alone. */
export interface DeviceTensor {
  readonly held: ort.Tensor;
}

export type Feeds = Readonly<Record<string, Tensor | DeviceTensor>>;

/** A loaded network, ready to run. */
export interface Session {
  readonly device: Device;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the network once. The calling thread is blocked meanwhile (ONNX Runtime's binding does not yield).
   *
   * @param feeds a tensor for each input, by name
   * @param fetches the outputs to compute; all when absent
   */
  run(feeds: Feeds, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
  /**
   * As `run`, for a session with kept outputs, which are given as they lie; `fetches` are read.
   * A kept tensor is held until it is disposed of (`disposeOf`).
   */
  runKeeping(
    feeds: Feeds,
    fetches: readonly string[],
  ): Promise<{ values: Record<string, Tensor>; kept: Map<string, DeviceTensor> }>;
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

function toRuntime(name: string, tensor: Tensor | DeviceTensor): ort.Tensor {
  if ('held' in tensor) return tensor.held;
  const type = runtimeTypes[tensor.type];
  if (!type) throw new EngineError(`Input ${name} is of type ${tensor.type}, which cannot be fed to a network.`);
  return new ort.Tensor(type, tensor.data as ort.Tensor.DataType, [...tensor.shape]);
}

function fromRuntime(name: string, value: ort.Tensor): Tensor {
  if (!(value.type in runtimeTypes))
    throw new EngineError(`Output ${name} is of type ${value.type}, which is not read.`);
  return { type: value.type as DataType, shape: value.dims, data: value.data as TypedArrays[DataType] };
}

async function writtenForWebGpu(model: string | Uint8Array): Promise<Uint8Array> {
  const read = typeof model === 'string' ? readModelFile(model) : readModel(model, { name: 'The network' });
  return writeModel(forWebGpu(await read));
}

/**
 * Loads an ONNX model. On WebGPU it is one of the engine's own, whose shapes can be inferred: see forWebGpu.
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
    ...(options.kept && keepsTensors(device)
      ? { preferredOutputLocation: Object.fromEntries(options.kept.map((name) => [name, 'gpu-buffer' as const])) }
      : {}),
    ...(options.sleepy ? { extra: { session: { intra_op: { allow_spinning: '0' } } } } : {}),
  };
  const source = device === 'webgpu' ? await writtenForWebGpu(model) : model;
  let session: ort.InferenceSession;
  try {
    // The binding's overloads take either; the type only knows them one at a time.
    session = await ort.InferenceSession.create(source as string, sessionOptions);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError(`ONNX Runtime cannot load the network on ${device}: ${reason}`, { cause: error });
  }
  const runtimeFeeds = (feeds: Feeds): Record<string, ort.Tensor> =>
    Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toRuntime(name, tensor)]));
  const read = (values: Readonly<Record<string, ort.Tensor>>): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fromRuntime(name, value)]));
  const kept = options.kept ?? [];
  return {
    device,
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      const inputs = runtimeFeeds(feeds);
      return read(fetches ? await session.run(inputs, [...fetches]) : await session.run(inputs));
    },
    async runKeeping(feeds, fetches) {
      const values = await session.run(runtimeFeeds(feeds), [...kept, ...fetches]);
      return {
        values: read(Object.fromEntries(fetches.map((name) => [name, values[name]]))),
        kept: new Map(kept.map((name) => [name, { held: values[name] }])),
      };
    },
    release: () => session.release(),
  };
}

/** Takes a tensor of a CPU session for what it is; it must not be one of a GPU's. */
export function readHeld({ held }: DeviceTensor): Tensor {
  return fromRuntime('', held);
}

/** Gives a kept tensor's memory back. It must not be used any more. */
export function disposeOf({ held }: DeviceTensor): void {
  held.dispose();
}
