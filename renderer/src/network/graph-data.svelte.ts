import type { BlockFacts, NetworkGraph } from '../../../main/contract/graphs.ts';
import { api, sentenceOf } from '../client.ts';

/** A network's graph as the core knows it, and of each block that is asked about what there is to tell. */
export class GraphData {
  readonly hash: string;
  #graph = $state.raw<NetworkGraph | undefined>();
  #facts = $state.raw<ReadonlyMap<number, BlockFacts>>(new Map());
  #error = $state<string | null>(null);
  readonly #asked = new Set<number>();

  constructor(hash: string) {
    this.hash = hash;
    api.networks.graph({ hash }).then(
      (graph) => (this.#graph = graph),
      (error: unknown) => (this.#error = sentenceOf(error)),
    );
  }

  get graph(): NetworkGraph | undefined {
    return this.#graph;
  }
  get error(): string | null {
    return this.#error;
  }
  /** Undefined until `ask` has its answer. */
  facts(block: number): BlockFacts | undefined {
    return this.#facts.get(block);
  }
  /** Asks once. */
  ask(block: number): void {
    if (this.#asked.has(block)) return;
    this.#asked.add(block);
    api.networks.block({ hash: this.hash, block }).then(
      (facts) => (this.#facts = new Map([...this.#facts, [block, facts]])),
      (error: unknown) => {
        this.#asked.delete(block);
        this.#error = sentenceOf(error);
      },
    );
  }
}
