import type { Readable } from 'node:stream';
import { explain } from '../contract/errors.ts';
import { type Content, decodePath, textContent } from './content.ts';
import { securityHeaders } from './headers.ts';

/** A file to be saved where the browser is. */
export interface FoundDownload {
  readonly name: string;
  /** In bytes, where that is known. */
  readonly size: number | undefined;
  readonly content: Readable;
}

/**
 * Finds what may be fetched, by what follows `/downloads/`, decoded; undefined where that names nothing.
 *
 * @throws UserError when it names something that is gone
 */
export type FindDownload = (path: string) => FoundDownload | undefined;

/** An answer whose body comes piece by piece: a file may be larger than the memory. */
export interface Streamed extends Omit<Content, 'body'> {
  readonly body: Readable;
}

/** Answers `/downloads/…`. @param path as it was sent */
export function answerDownload(find: FindDownload, path: string): Content | Streamed {
  const nothing = 'There is nothing at this address.';
  try {
    const found = find((decodePath(path) ?? '').replace(/^\/downloads\//, ''));
    if (!found) return textContent(404, nothing);
    const { name, size, content } = found;
    const headers = {
      ...securityHeaders,
      'Content-Type': 'application/octet-stream',
      // RFC 6266; in RFC 8187's characters, since a name may have any.
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, escape)}`,
      'Cache-Control': 'no-store',
      ...(size === undefined ? {} : { 'Content-Length': String(size) }),
    };
    return { status: 200, headers, body: content };
  } catch (error) {
    const sentence = explain(error);
    if (sentence === undefined) throw error;
    return textContent(404, sentence);
  }
}

const escape = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
