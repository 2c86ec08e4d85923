import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { explain } from '../contract/errors.ts';
import { listAppFiles } from './app-files.ts';
import { securityHeaders } from './headers.ts';

export interface Picture {
  /** Its media type. */
  readonly type: string;
  readonly data: Uint8Array;
}

/** The pictures of the open project. */
export interface Pictures {
  thumbnail(itemId: number, viewKey: string): Promise<Picture>;
  image(imageId: number): Promise<Picture>;
}

/** An answer, as plain data: it also crosses from the core's process to the desktop shell's. */
export interface Content {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Gives what lies at an address: the path as it was sent, still percent-encoded. It never throws. */
export type GetContent = (path: string) => Promise<Content>;

export interface ContentOptions {
  /** The built app. */
  readonly appFolder: string;
  readonly pictures: Pictures;
  /** Told of what should not have happened; the asker only hears that it failed. */
  readonly onDefect: (error: unknown) => void;
}

/**
 * All that can be had by address, for both shells: the app's files, thumbnails and images.
 *
 * @throws UserError when the app has not been built
 */
export function createContent({ appFolder, pictures, onDefect }: ContentOptions): GetContent {
  const files = listAppFiles(appFolder);

  async function find(path: string): Promise<Content> {
    const file = files.get(path);
    if (file) {
      const cached = file.lasting ? 'public, max-age=31536000, immutable' : 'no-cache';
      return content(200, file.type, await readFile(file.file), { 'Cache-Control': cached });
    }
    const thumbnail = /^\/thumbnails\/(\d{1,15})\/([\w.-]{1,128})$/.exec(path);
    if (thumbnail) {
      const { type, data } = await pictures.thumbnail(Number(thumbnail[1]), thumbnail[2]);
      return content(200, type, data, { 'Cache-Control': 'private, max-age=31536000, immutable' });
    }
    const image = /^\/images\/(\d{1,15})$/.exec(path);
    if (image) {
      const { type, data } = await pictures.image(Number(image[1]));
      // Another project has other images at the same address: the browser asks each time whether its copy still holds.
      const tag = `"${createHash('sha256').update(data).digest('base64url')}"`;
      return content(200, type, data, { 'Cache-Control': 'private, no-cache', ETag: tag });
    }
    return textContent(404, 'There is nothing at this address.');
  }

  return async (path) => {
    const decoded = decodePath(path);
    if (decoded === undefined) return textContent(400, 'This is not an address.');
    try {
      return await find(decoded);
    } catch (error) {
      const sentence = explain(error);
      if (sentence !== undefined) return textContent(404, sentence);
      onDefect(error);
      return textContent(500, 'This is a defect in Parfocal.');
    }
  };
}

/** An answer that is a sentence. Never HTML: it may hold file names. */
export function textContent(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}): Content {
  const body = Buffer.from(`${sentence}\n`);
  return content(status, 'text/plain; charset=utf-8', body, { 'Cache-Control': 'no-store', ...headers });
}

export function content(
  status: number,
  type: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Content {
  return { status, headers: { ...securityHeaders, 'Content-Type': type, ...headers }, body };
}

/** The path in plain characters; undefined where it is malformed, or wants to leave where it stands. */
export function decodePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (!decoded.startsWith('/') || /[\\\u0000-\u001f\u007f]/.test(decoded)) return undefined;
  return decoded.split('/').some((part) => part === '.' || part === '..') ? undefined : decoded;
}
