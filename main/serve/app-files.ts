import { existsSync, readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { UserError } from '../contract/errors.ts';

/** A file of the built app. */
export interface AppFile {
  readonly file: string;
  readonly type: string;
  /** Its name holds a hash of its content, so that it never changes under that name. */
  readonly lasting: boolean;
}

const types: Readonly<Partial<Record<string, string>>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * Every file that may be served, by its address: what is not in this list cannot be asked for, whatever the address
 * says. Files whose kind is not known (source maps, say) are left out.
 *
 * @throws UserError when the app has not been built
 */
export function listAppFiles(folder: string): ReadonlyMap<string, AppFile> {
  if (!existsSync(join(folder, 'index.html')))
    throw new UserError(`The studio’s screens have not been built: ${folder} has no index.html. Run: npm run build`);
  const files = new Map<string, AppFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const type = types[extname(entry.name).toLowerCase()];
    if (!entry.isFile() || type === undefined) continue;
    const address = `/${relative(folder, file).split(sep).join('/')}`;
    files.set(address, { file, type, lasting: address.startsWith('/assets/') });
  }
  files.set('/', files.get('/index.html')!);
  return files;
}
