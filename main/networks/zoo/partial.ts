import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';

const partOf = (target: string): string => `${target}.part`;
const versionOf = (target: string): string => `${target}.version`;

/** Bytes of a file that were fetched before a download was cut off. */
export function fetchedBytes(target: string): number {
  const part = [target, partOf(target)].find((path) => existsSync(path));
  return part === undefined ? 0 : statSync(part).size;
}

/** Removes what was fetched of a file. */
export async function forgetPartial(target: string): Promise<void> {
  for (const path of [target, partOf(target), versionOf(target)]) await rm(path, { force: true });
}

/** A file that is being fetched: what is there of it stays on the disk, and the download goes on from it. */
export class Partial {
  readonly #target: string;
  readonly #file: FileHandle;
  #hash = createHash('sha256');
  #bytes = 0;
  #version: string | undefined;

  private constructor(target: string, file: FileHandle) {
    this.#target = target;
    this.#file = file;
  }

  /**
   * Opens what is there of a file, and reads it for its hash.
   *
   * @param most what is longer than this, in bytes, is of another file, and thrown away
   */
  static async open(target: string, most: number, signal?: AbortSignal): Promise<Partial> {
    const partial = new Partial(target, await open(partOf(target), 'a+'));
    try {
      await partial.#takeUp(most, signal);
    } catch (error) {
      await partial.close();
      throw error;
    }
    return partial;
  }

  async #takeUp(most: number, signal: AbortSignal | undefined): Promise<void> {
    const { size } = await this.#file.stat();
    if (size > most) return this.restart();
    if (size === 0) return;
    for await (const chunk of this.#file.createReadStream({
      start: 0,
      autoClose: false,
      ...(signal ? { signal } : {}),
    }))
      this.#hash.update(chunk as Buffer);
    this.#bytes = size;
    this.#version = await readFile(versionOf(this.#target), 'utf8').catch(() => undefined);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What the server calls the version of the file that this is a part of; undefined where it does not say. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Notes the version of what is fetched from now on. */
  async ofVersion(version: string | undefined): Promise<void> {
    if (version === this.#version) return;
    this.#version = version;
    if (version === undefined) await rm(versionOf(this.#target), { force: true });
    else await writeFile(versionOf(this.#target), version);
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length;) {
      const { bytesWritten } = await this.#file.write(chunk, written);
      written += bytesWritten;
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#bytes = 0;
    await this.ofVersion(undefined);
  }

  /** SHA-256 of what is there. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Gives the whole file its name. */
  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(partOf(this.#target), this.#target);
    await rm(versionOf(this.#target), { force: true });
  }

  /** What is there stays. To be called once, and not after `finish`. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}
