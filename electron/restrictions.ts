import { app, session } from 'electron';
import { appOrigin } from './app-protocol.ts';

/** Of all that a page can ask for: what `Copy path` needs. */
const isAllowed = (permission: string): boolean => permission === 'clipboard-sanitized-write';

/**
 * The page is the studio's own and needs next to nothing: no other page, no other window. Of downloads what it made itself, as a chart's
 * picture; the system asks where to.
 */
export function restrictPages(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, permission, answer) => answer(isAllowed(permission)));
  defaultSession.setPermissionCheckHandler((_contents, permission) => isAllowed(permission));
  defaultSession.setDevicePermissionHandler(() => false);
  defaultSession.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${appOrigin}/`)) event.preventDefault();
  });
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-navigate', (event) => {
      if (!event.url.startsWith(`${appOrigin}/`)) event.preventDefault();
    });
    contents.on('will-frame-navigate', (event) => {
      if (!event.isMainFrame) event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}
