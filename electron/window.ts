import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, BrowserWindow, dialog, type Rectangle, screen } from 'electron';
import { appOrigin } from './app-protocol.ts';

interface WindowState {
  readonly bounds: Rectangle;
  readonly maximized: boolean;
}

const smallest = { width: 1024, height: 700 };
const stateFile = (): string => join(app.getPath('userData'), 'window.json');

/** Opens the studio's window where it was left. */
export function openWindow(): BrowserWindow {
  const state = readState();
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    ...state?.bounds,
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'Parfocal',
    // The dark theme's own, so that nothing flashes before the page is drawn.
    backgroundColor: '#14161a',
    webPreferences: {
      preload: join(import.meta.dirname, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  });
  window.once('ready-to-show', () => {
    // Either shows it.
    if (state?.maximized) window.maximize();
    else window.show();
  });
  window.on('close', () => writeState({ bounds: window.getNormalBounds(), maximized: window.isMaximized() }));
  const { webContents } = window;
  webContents.on('will-prevent-unload', (event) => {
    if (mayLeave(window)) event.preventDefault();
  });
  // What is saved is the core's: a page that died is drawn anew.
  webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') webContents.reload();
  });
  void window.loadURL(`${appOrigin}/`);
  return window;
}

/** The page has labels that the core has not confirmed: a browser would ask, Electron leaves that to the shell. */
function mayLeave(window: BrowserWindow): boolean {
  const answer = dialog.showMessageBoxSync(window, {
    type: 'warning',
    message: 'The last labels are not saved yet.',
    detail: 'They are saved as soon as the core answers again. Close the window all the same?',
    buttons: ['Wait', 'Close without them'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return answer === 1;
}

/** The last window's state; undefined where there was none, or where it would not be seen: on a screen that is gone. */
function readState(): WindowState | undefined {
  try {
    const { bounds, maximized } = JSON.parse(readFileSync(stateFile(), 'utf8')) as WindowState;
    const { x, y, width, height } = bounds;
    if (![x, y, width, height].every(Number.isInteger)) return undefined;
    const { workArea } = screen.getDisplayMatching(bounds);
    const isSeen =
      x < workArea.x + workArea.width && x + width > workArea.x && y >= workArea.y && y < workArea.y + workArea.height;
    return isSeen ? { bounds: { x, y, width, height }, maximized } : undefined;
  } catch {
    return undefined;
  }
}

function writeState(state: WindowState): void {
  try {
    writeFileSync(stateFile(), JSON.stringify(state));
  } catch {
    // A convenience: the next window opens where windows do.
  }
}
