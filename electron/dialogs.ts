import { join } from 'node:path';
import { type BrowserWindow, dialog, type OpenDialogOptions } from 'electron';
import type { PathChoice } from '../main/contract/api/studio.ts';

/** Shows the system's dialog for a choice. @returns the path; null when nothing was chosen */
export async function choosePath(
  window: BrowserWindow,
  { what, title, start, name }: PathChoice,
): Promise<string | null> {
  // macOS has no titles on its dialogs, and shows the message.
  const said = { title, message: title };
  const place = start === null ? {} : { defaultPath: start };
  if (what === 'new') {
    const suggested = start === null ? name : join(start, name);
    const { canceled, filePath } = await dialog.showSaveDialog(window, { ...said, defaultPath: suggested });
    return canceled ? null : filePath;
  }
  const properties = what === 'any' ? await folderOrFile(window, title) : kinds[what];
  if (properties === undefined) return null;
  const { canceled, filePaths } = await dialog.showOpenDialog(window, { ...said, properties, ...place });
  return canceled ? null : (filePaths[0] ?? null);
}

type Properties = NonNullable<OpenDialogOptions['properties']>;

const kinds: Readonly<Record<'folder' | 'file' | 'project', Properties>> = {
  folder: ['openDirectory', 'createDirectory'],
  file: ['openFile'],
  // A folder everywhere, and on macOS a package, which its dialog takes for a file.
  project: process.platform === 'darwin' ? ['openFile', 'openDirectory'] : ['openDirectory'],
};

/** Only macOS has one dialog for both: elsewhere the person says first. */
async function folderOrFile(window: BrowserWindow, title: string): Promise<Properties | undefined> {
  if (process.platform === 'darwin') return ['openFile', 'openDirectory'];
  const buttons = ['A folder', 'A file', 'Cancel'];
  const { response } = await dialog.showMessageBox(window, { message: title, buttons, cancelId: 2, noLink: true });
  return ([kinds.folder, kinds.file] as const)[response];
}
