/** The desktop shell: windows, menus and dialogs around the same core and the same screens as everywhere. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { app, type BrowserWindow, dialog, ipcMain, MessageChannelMain } from 'electron';
import { version } from '../main/contract/product.ts';
import { registerAppProtocol, serveAppProtocol } from './app-protocol.ts';
import { type Core, startCore } from './core-process.ts';
import { choosePath } from './dialogs.ts';
import { type MenuActions, setMenu } from './menu.ts';
import { restrictPages } from './restrictions.ts';
import { openWindow } from './window.ts';

let core: Core | undefined;
let window: BrowserWindow | undefined;
/** A project that the system asked for before there was a core to open it. */
let wanted: string | undefined;

/** The project's folder in a command line: what is given last and is there. */
function folderIn(commandLine: readonly string[], workingFolder: string): string | undefined {
  const given = commandLine
    .slice(1)
    .filter((one) => !one.startsWith('-'))
    .map((one) => resolve(workingFolder, one));
  return given.findLast((path) => path !== app.getAppPath() && existsSync(path) && statSync(path).isDirectory());
}

function openProject(folder: string): void {
  if (core) core.open(folder, 'open');
  else wanted = folder;
}

function showWindow(): BrowserWindow {
  if (!window) {
    window = openWindow();
    window.on('closed', () => (window = undefined));
  }
  if (window.isMinimized()) window.restore();
  window.focus();
  return window;
}

/** Gives the page its own line to the core. */
function connectPage(): void {
  if (!window || !core) return;
  const { port1, port2 } = new MessageChannelMain();
  core.connect(port1);
  window.webContents.postMessage('port', null, [port2]);
}

const actions: MenuActions = {
  newProject: () => {
    const choice = {
      what: 'new',
      title: 'New project',
      start: app.getPath('documents'),
      name: 'Project.parfocal',
    } as const;
    void choosePath(showWindow(), choice).then((folder) => {
      if (folder !== null) core?.open(folder.endsWith('.parfocal') ? folder : `${folder}.parfocal`, 'create');
    });
  },
  openProject: () => {
    const choice = { what: 'project', title: 'Open a project', start: null, name: '' } as const;
    void choosePath(showWindow(), choice).then((folder) => {
      if (folder !== null) openProject(folder);
    });
  },
  openFolder: (folder) => {
    showWindow();
    openProject(folder);
  },
  closeProject: () => core?.closeProject(),
};

function start(): void {
  restrictPages();
  setMenu(null, [], actions);
  app.setAboutPanelOptions({ applicationName: 'Parfocal', applicationVersion: version, copyright: 'Apache-2.0' });
  const appPath = app.getAppPath();
  core = startCore(
    {
      app: join(appPath, 'dist/renderer'),
      // Native code reads the sample's images and the networks: they lie beside the archive.
      resources: join(appPath.replace(/\.asar$/, '.asar.unpacked'), 'resources'),
    },
    {
      choosePath: (choice) => choosePath(showWindow(), choice),
      onProjects: (open, recent) => {
        setMenu(open, recent, actions);
        if (open) app.addRecentDocument(open.folder);
      },
      onRefused: (sentence) => void dialog.showMessageBox(showWindow(), { type: 'warning', message: sentence }),
      onRestart: connectPage,
      onGivenUp: () => {
        dialog.showErrorBox(
          'Parfocal cannot go on',
          'Its core stops each time that it is started. What was saved is kept.',
        );
        app.exit(1);
      },
    },
  );
  const { getContent } = core;
  serveAppProtocol(getContent);
  ipcMain.on('ready', (event) => {
    if (event.sender === window?.webContents) connectPage();
  });
  showWindow();
  const first = wanted ?? folderIn(process.argv, process.cwd());
  if (first !== undefined) openProject(first);
}

app.setName('Parfocal');
// By this Windows knows which program its taskbar and its list of recent documents belong to.
app.setAppUserModelId('org.parfocal.studio');
app.enableSandbox();
registerAppProtocol();
if (app.requestSingleInstanceLock()) {
  app.on('second-instance', (_event, commandLine, workingFolder) => {
    showWindow();
    const folder = folderIn(commandLine, workingFolder);
    if (folder !== undefined) openProject(folder);
  });
  // macOS: a project was opened in the Finder, or dropped on the icon: perhaps before there is a core, or after the
  // window was closed.
  app.on('open-file', (event, path) => {
    event.preventDefault();
    openProject(path);
    if (core) showWindow();
  });
  app.on('activate', () => {
    if (core) showWindow();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  let ended = false;
  // After the windows are closed: until then a page may have labels to save.
  app.on('will-quit', (event) => {
    if (ended || !core) return;
    event.preventDefault();
    void core.end().then(() => {
      ended = true;
      app.quit();
    });
  });
  // Not awaited: Electron is ready only after this module has been run.
  void app.whenReady().then(start);
} else {
  app.quit();
}
