/** Files sent at the same time. */
const atOnce = 4;

export interface FoundFile {
  readonly file: File;
  /** With the folders that were dropped, `/` between them. */
  readonly path: string;
}

/** All files among what was dropped, those in folders included. Must be called before the drop event is over. */
export async function filesOf(transfer: DataTransfer): Promise<FoundFile[]> {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found = await Promise.all(roots.map((root) => walk(root)));
  return found.flat();
}

/** Files chosen in the browser's own dialog. */
export function filesIn(list: FileList): FoundFile[] {
  return [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

async function walk(entry: FileSystemEntry): Promise<FoundFile[]> {
  if (entry.name.startsWith('.')) return [];
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FoundFile[] = [];
  // A reader gives its entries in portions, and an empty one at the end.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (portion.length === 0) return found;
    for (const child of portion) found.push(...(await walk(child)));
  }
}

/**
 * Sends files to the project's own folder.
 *
 * @returns the folder to import from, or the one file or folder that everything is in
 * @throws Error with the server's sentence when a file is refused
 */
export async function upload(
  files: readonly FoundFile[],
  onSent: (sent: number) => void,
  signal: AbortSignal,
): Promise<string> {
  // A name of its own for each batch, that says something where the import is spoken of.
  const batch = `sent-${new Date().toISOString().replaceAll(/\D/g, '')}`;
  const queue = [...files];
  let sent = 0;
  let folder = '';
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const address = ['/uploads', batch, ...next.path.split('/').map(encodeURIComponent)].join('/');
      const response = await fetch(address, { method: 'PUT', body: next.file, signal });
      if (!response.ok) throw new Error(await response.text());
      const answer = (await response.json()) as { folder: string };
      folder = answer.folder;
      onSent(++sent);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const roots = new Set(files.map(({ path }) => path.split('/')[0]));
  const separator = folder.includes('\\') ? '\\' : '/';
  return roots.size === 1 ? `${folder}${separator}${[...roots][0]}` : folder;
}
