import { blockSize } from '../blocked/block-size.ts';
import { toBlockedLayout } from '../blocked/lower.ts';
import { withLocalResponseWrittenOut } from '../graph/local-response.ts';
import { scalar } from '../graph/tensors.ts';
import type { Model, Tensor } from '../graph/types.ts';
import { writeModel } from '../graph/write.ts';
import { createSession, type Device, type Session } from '../runtime/session.ts';
import { DeviceState } from '../runtime/state.ts';
import { buildEvaluation, logProbabilitiesOutput } from './evaluation-graph.ts';
import { type TargetOptions, targetsInput, targetsOf, weightOf, weightsInput } from './losses.ts';
import { scalarInputs, scalarsOfStep } from './optimizers.ts';
import { buildStep, buildStepInParts, lossOutput } from './training-graph.ts';
import type { StatefulModel, TrainingGraphRequest } from './training-graph.ts';

/** Items as the tail takes them, with their classes. */
export interface Batch {
  /** Pixels uint8 [B, size, size, 3], or activations float32 [B, …]. */
  readonly input: Tensor;
  readonly classes: Int32Array;
}

export interface TrainingSessionOptions extends TargetOptions {
  readonly device: Device;
  /** Into how many parts a batch is divided from the start, for memory's sake; 1 when absent. It must divide the batch. */
  readonly parts?: number;
  /** Told when memory does not suffice for the whole batch, and what is done about it. */
  readonly onNote?: (note: string) => void;
}

/** A network while it is trained: its parameters on a device, and what changes them. */
export class TrainingSession {
  readonly #request: TrainingGraphRequest;
  readonly #options: TrainingSessionOptions;
  readonly #state: DeviceState;
  #stepper: Stepper;
  readonly #evaluation: Session;
  /** Names of all that a checkpoint must hold, and of what the trained network is made of. */
  readonly stateNames: readonly string[];
  readonly weightNames: readonly string[];

  private constructor(parts: {
    request: TrainingGraphRequest;
    options: TrainingSessionOptions;
    state: DeviceState;
    stepper: Stepper;
    evaluation: Session;
    stateNames: readonly string[];
    weightNames: readonly string[];
  }) {
    this.#request = parts.request;
    this.#options = parts.options;
    this.#state = parts.state;
    this.#stepper = parts.stepper;
    this.#evaluation = parts.evaluation;
    this.stateNames = parts.stateNames;
    this.weightNames = parts.weightNames;
  }

  /**
   * Builds the graphs and loads them.
   *
   * @throws EngineError when an operator after the freeze point has no gradient, or the device refuses the graph
   */
  static async create(request: TrainingGraphRequest, options: TrainingSessionOptions): Promise<TrainingSession> {
    const whole = buildStep(request);
    const state = new DeviceState(options.device);
    for (const { name, initial } of whole.state) state.set(name, initial);
    const trained = [...request.parameters, ...request.head].map(({ name }) => name);
    const memories = new Set(trained.flatMap((name) => request.optimizer.memory.map((kind) => `${name}/${kind}`)));
    const stateNames = whole.state.map(({ name }) => name);
    const weightNames = stateNames.filter((name) => !memories.has(name));
    const statistics = weightNames.filter((name) => !trained.includes(name));
    const evaluated = withLocalResponseWrittenOut(buildEvaluation(request, statistics));
    const evaluation = await createSession(writeModel(await suitedTo(options.device, evaluated)), {
      device: options.device,
    });
    const parts = options.parts ?? 1;
    const stepper = parts === 1 ? await wholeStepper(whole, state) : await partsStepper(request, state, parts);
    return new TrainingSession({ request, options, state, stepper, evaluation, stateNames, weightNames });
  }

  /**
   * One step of the optimizer. Where memory does not suffice for the batch, it is gone through in parts from then on, whose gradients add
   * up to the same step.
   *
   * @param step from 1
   * @returns the mean loss of the batch before the step
   */
  async step({ input, classes }: Batch, step: number, rate: number): Promise<number> {
    for (;;) {
      try {
        return await this.#stepper.run(this.#portions(input, classes), step, rate);
      } catch (error) {
        const parts = this.#stepper.parts * 2;
        if (!isOutOfMemory(error) || classes.length % parts !== 0) throw error;
        await this.#state.bringHome();
        await this.#stepper.release();
        this.#stepper = await partsStepper(this.#request, this.#state, parts);
        this.#options.onNote?.(
          `The memory did not suffice for ${classes.length} images at once: they are gone through in parts of ${classes.length / parts}, whose gradients are added up.${this.#request.normalisation === 'batch' ? ' The statistics of BatchNormalization are those of each part.' : ''}`,
        );
      }
    }
  }

  #portions(input: Tensor, classes: Int32Array): Portion[] {
    const { parts } = this.#stepper;
    const { classCount } = this.#request;
    const whole = weightOf(classes, this.#options.classWeights);
    const each = classes.length / parts;
    const chunk = input.data.length / parts;
    return Array.from({ length: parts }, (_, part) => {
      const data = input.data.subarray(part * chunk, (part + 1) * chunk);
      const own = classes.subarray(part * each, (part + 1) * each);
      return {
        input: { ...input, shape: [each, ...input.shape.slice(1)], data },
        ...targetsOf(own, classCount, this.#options, whole),
      };
    });
  }

  /** @returns log-probabilities [N, C] */
  async answer(input: Tensor): Promise<Float32Array> {
    const [data, ...weights] = this.#evaluation.inputNames;
    const feeds = Object.fromEntries(weights.map((name) => [name, this.#state.get(name)]));
    const values = await this.#evaluation.run({ ...feeds, [data]: input });
    return values[logProbabilitiesOutput].data as Float32Array;
  }

  /** Copies of some of the state. */
  read(names: readonly string[]): Promise<Map<string, Tensor<'float32'>>> {
    return this.#state.read(names);
  }

  write(tensors: ReadonlyMap<string, Tensor<'float32'>>): void {
    for (const [name, tensor] of tensors) this.#state.set(name, tensor);
  }

  async release(): Promise<void> {
    this.#state.dispose();
    await this.#stepper.release();
    await this.#evaluation.release();
  }
}

interface Portion {
  readonly input: Tensor;
  readonly targets: Tensor<'float32'>;
  readonly weights: Tensor<'float32'>;
}

interface Stepper {
  /** Into how many parts a batch is divided. */
  readonly parts: number;
  run(portions: readonly Portion[], step: number, rate: number): Promise<number>;
  release(): Promise<void>;
}

async function wholeStepper(stateful: StatefulModel, state: DeviceState): Promise<Stepper> {
  const runner = await createRunner(stateful, state);
  return {
    parts: 1,
    async run([portion], step, rate) {
      return (await runner.run({ ...feedsOf(stateful, portion), ...scalarFeeds(step, rate) }))[lossOutput];
    },
    release: () => runner.release(),
  };
}

async function partsStepper(request: TrainingGraphRequest, state: DeviceState, parts: number): Promise<Stepper> {
  const { gather, apply, sums } = buildStepInParts({ ...request, batch: request.batch / parts });
  for (const { name, initial } of sums) state.set(name, initial);
  const [gatherer, applier] = [await createRunner(gather, state), await createRunner(apply, state)];
  return {
    parts,
    async run(portions, step, rate) {
      let loss = 0;
      for (const portion of portions) loss += (await gatherer.run(feedsOf(gather, portion)))[lossOutput];
      await applier.run(scalarFeeds(step, rate));
      return loss;
    },
    async release() {
      await gatherer.release();
      await applier.release();
    },
  };
}

function feedsOf({ inputs }: StatefulModel, { input, targets, weights }: Portion): Record<string, Tensor> {
  return { [inputs[0]]: input, [targetsInput]: targets, [weightsInput]: weights };
}

function scalarFeeds(step: number, rate: number): Record<string, Tensor> {
  const values = scalarsOfStep(step, rate);
  return Object.fromEntries(
    Object.entries(scalarInputs).map(([key, name]) => [name, scalar(values[key as keyof typeof values])]),
  );
}

/** Runs a stateful model over and over: what it gives as `next` takes the old one's place. */
async function createRunner({ model, state: tensors, outputs }: StatefulModel, state: DeviceState) {
  const session = await createSession(writeModel(await suitedTo(state.device, model)), {
    device: state.device,
    kept: tensors.map(({ next }) => next),
  });
  return {
    async run(given: Readonly<Partial<Record<string, Tensor>>>): Promise<Record<string, number>> {
      const feeds = Object.fromEntries(
        session.inputNames.map((name) => [name, given[name] ?? state.get(name)] as const),
      );
      const { values, kept } = await session.runKeeping(feeds, outputs);
      for (const { name, next } of tensors) state.set(name, kept.get(next)!);
      return Object.fromEntries(outputs.map((name) => [name, Number(values[name].data[0])]));
    },
    release: () => session.release(),
  };
}

/** The same model as the device computes it fastest. */
async function suitedTo(device: Device, model: Model): Promise<Model> {
  return device === 'cpu' ? toBlockedLayout(withLocalResponseWrittenOut(model), await blockSize()) : model;
}

/** How ONNX Runtime and the graphics drivers say that memory ran out. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /allocate memory|bad_alloc|out of memory|OutOfMemory|BFCArena/i.test(error.message);
}
