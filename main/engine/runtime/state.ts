import { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/types.ts';
import { writeModel } from '../graph/write.ts';
import { createSession, type Device, type DeviceTensor, disposeOf, keepsTensors, readHeld } from './session.ts';

/**
 * Tensors that sessions on one device hand to one another by name, without leaving it: weights, and what an optimizer
 * remembers. The values that are set lie in the process's memory until a run has replaced them.
 */
export class DeviceState {
  readonly device: Device;
  readonly #tensors = new Map<string, Tensor | DeviceTensor>();

  constructor(device: Device) {
    this.device = device;
  }

  get(name: string): Tensor | DeviceTensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new Error(`There is no state "${name}".`);
    return tensor;
  }

  set(name: string, tensor: Tensor | DeviceTensor): void {
    const old = this.#tensors.get(name);
    if (old && 'held' in old && keepsTensors(this.device)) disposeOf(old);
    this.#tensors.set(name, tensor);
  }

  /**
   * Copies of the values, in the process's memory.
   *
   * @param names which; a graph's output is read from a GPU by a graph that hands it on (`getData` on a tensor that
   *   was kept there ends the process, ONNX Runtime 1.30)
   */
  async read(names: readonly string[]): Promise<Map<string, Tensor<'float32'>>> {
    const lying = new Map(names.map((name) => [name, this.get(name)]));
    const read = new Map<string, Tensor>();
    const distant = [...lying].filter(
      (entry): entry is [string, DeviceTensor] => 'held' in entry[1] && keepsTensors(this.device),
    );
    for (const [name, tensor] of lying) {
      if (!('held' in tensor)) read.set(name, tensor);
      else if (!keepsTensors(this.device)) read.set(name, readHeld(tensor));
    }
    if (distant.length > 0) for (const [name, tensor] of await this.#fetch(distant)) read.set(name, tensor);
    return new Map(
      names.map((name) => {
        const tensor = read.get(name) as Tensor<'float32'>;
        return [name, { ...tensor, data: tensor.data.slice() }];
      }),
    );
  }

  async #fetch(tensors: readonly (readonly [string, DeviceTensor])[]): Promise<[string, Tensor][]> {
    const builder = new GraphBuilder('read');
    for (const [index, [, { held }]] of tensors.entries()) {
      builder.input(`in${index}`, 'float32', held.dims);
      builder.output(builder.add('Identity', [`in${index}`], {}, { outputs: [`out${index}`] }), 'float32', held.dims);
    }
    const session = await createSession(writeModel(builder.build()), { device: this.device });
    try {
      const feeds = Object.fromEntries(tensors.map(([, tensor], index) => [`in${index}`, tensor]));
      const values = await session.run(feeds);
      return tensors.map(([name], index) => [name, values[`out${index}`]]);
    } finally {
      await session.release();
    }
  }

  /** Moves everything to the process's memory. */
  async bringHome(): Promise<void> {
    for (const [name, tensor] of await this.read([...this.#tensors.keys()])) this.set(name, tensor);
  }

  /** Gives everything back. A tensor that a session kept must not outlive it: ONNX Runtime 1.30 then ends the process. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) if ('held' in tensor && keepsTensors(this.device)) disposeOf(tensor);
    this.#tensors.clear();
  }
}
