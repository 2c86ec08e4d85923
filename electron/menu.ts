import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import type { ProjectName } from './messages.ts';

export interface MenuActions {
  readonly newProject: () => void;
  readonly openProject: () => void;
  readonly openFolder: (folder: string) => void;
  readonly closeProject: () => void;
}

/** Sets the application's menu, as the platform has it. */
export function setMenu(open: ProjectName | null, recent: readonly ProjectName[], actions: MenuActions): void {
  const isMac = process.platform === 'darwin';
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const file: MenuItemConstructorOptions = {
    label: '&File',
    submenu: [
      { label: 'New Project…', accelerator: 'CmdOrCtrl+Shift+N', click: actions.newProject },
      { label: 'Open Project…', accelerator: 'CmdOrCtrl+O', click: actions.openProject },
      {
        label: 'Open Recent',
        enabled: recent.length > 0,
        submenu: recent.map(({ name, folder }) => ({
          // An ampersand marks a key in labels.
          label: name.replaceAll('&', '&&'),
          toolTip: folder,
          click: () => actions.openFolder(folder),
        })),
      },
      separator,
      { label: 'Close Project', enabled: open !== null, click: actions.closeProject },
      separator,
      isMac ? { role: 'close' } : { role: 'quit' },
    ],
  };
  const view: MenuItemConstructorOptions = {
    label: '&View',
    submenu: [
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      separator,
      { role: 'togglefullscreen' },
      ...(app.isPackaged ? [] : ([separator, { role: 'reload' }, { role: 'toggleDevTools' }] as const)),
    ],
  };
  const about: MenuItemConstructorOptions = { role: 'about' };
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? ([{ role: 'appMenu' }] as const) : []),
      file,
      { role: 'editMenu' },
      view,
      { role: 'windowMenu' },
      ...(isMac ? [] : [{ label: '&Help', submenu: [about] }]),
    ]),
  );
}
