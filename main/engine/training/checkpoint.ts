import { createHash } from 'node:crypto';
import { EngineError } from '../errors.ts';
import { elementCount } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';

/** Named tensors, in named sections. */
export type Sections = Readonly<Record<string, ReadonlyMap<string, Tensor<'float32'>>>>;

const magic = Buffer.from('PARFOCAL CHECKPOINT 1\n');
const digestBytes = 32;

interface Header {
  readonly state: unknown;
  readonly tensors: readonly { readonly section: string; readonly name: string; readonly shape: readonly number[] }[];
}

/**
 * A checkpoint as the parts of a file: what it is, the length of the header, the header (JSON: the state, and the tensors' names and
 * shapes), the tensors (float32, little-endian), and the SHA-256 of all before it.
 *
 * @param state anything that JSON holds
 */
export function encodeCheckpoint(state: unknown, sections: Sections): Buffer[] {
  const all = Object.entries(sections).flatMap(([section, tensors]) =>
    [...tensors].map(([name, tensor]) => ({ section, name, tensor })),
  );
  const header: Header = {
    state,
    tensors: all.map(({ section, name, tensor: { shape } }) => ({ section, name, shape })),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const data = all.map(({ tensor: { data: own } }) => Buffer.from(own.buffer, own.byteOffset, own.byteLength));
  const parts = [magic, length, json, ...data];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return [...parts, hash.digest()];
}

/**
 * @param what names the file in messages
 * @throws EngineError when the bytes are not a whole checkpoint
 */
export function decodeCheckpoint(bytes: Buffer, what: string): { state: unknown; sections: Sections } {
  const damaged = new EngineError(`${what} is damaged: training cannot go on from it.`);
  const start = magic.length + 4;
  const end = bytes.length - digestBytes;
  if (end < start || !bytes.subarray(0, magic.length).equals(magic)) throw damaged;
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest();
  if (!digest.equals(bytes.subarray(end))) throw damaged;
  let at = start + bytes.readUInt32LE(magic.length);
  const { state, tensors } = JSON.parse(bytes.toString('utf8', start, at)) as Header;
  const sections: Record<string, Map<string, Tensor<'float32'>>> = {};
  for (const { section, name, shape } of tensors) {
    const length = elementCount(shape) * 4;
    // Copied: a view of floats must begin at a multiple of four bytes.
    const data = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + length) as ArrayBuffer,
    );
    (sections[section] ??= new Map()).set(name, { type: 'float32', shape, data });
    at += length;
  }
  return { state, sections };
}
