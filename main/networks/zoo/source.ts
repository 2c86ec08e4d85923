import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../contract/errors.ts';
import type { ZooEntry } from '../../contract/zoo.ts';

/** Where a network of the zoo is to come from. */
export type Source = { readonly file: string } | { readonly addresses: readonly URL[] };

/**
 * Where an entry's file is to come from: its published addresses; or a mirror's address, a local file, or a folder with it.
 *
 * @param from an address of the file or of the folder that it lies in, or a path of the same
 * @throws UserError for an address that is not a safe one, or a path where there is nothing
 */
export function sourceOf(entry: Pick<ZooEntry, 'file' | 'addresses'>, from?: string): Source {
  if (from === undefined) return { addresses: entry.addresses.map((address) => new URL(address)) };
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(from)) return { addresses: [mirrored(entry.file, from)] };
  const path = resolve(from);
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, entry.file) : path;
  if (!existsSync(file)) throw new UserError(`There is no file ${file}. Give the path of ${entry.file}.`);
  return { file };
}

function mirrored(file: string, from: string): URL {
  if (!URL.canParse(from)) throw new UserError(`${from} is not an address.`);
  const address = new URL(from);
  if (!isAllowed(address, address))
    throw new UserError(
      `${from} is not a safe address: it must begin with https:// (http:// is for this computer’s own servers, such as http://127.0.0.1).`,
    );
  if (address.username !== '' || address.password !== '')
    throw new UserError('An address with a name and a password in it is not used: it would end up in logs.');
  if (!/\.onnx$/i.test(address.pathname)) address.pathname = `${address.pathname.replace(/\/+$/, '')}/${file}`;
  return address;
}

/** Whether an address may be asked: over https, or on this very computer where the way began there. */
export function isAllowed(address: URL, origin: URL): boolean {
  return address.protocol === 'https:' || (address.protocol === 'http:' && isLoopback(address) && isLoopback(origin));
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
