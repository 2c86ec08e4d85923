/** All that the page gets from the shell: a port to the core, and the path of a file that was dropped on it. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';

window.addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
  const asks = typeof data === 'object' && data !== null && 'parfocal' in data && data.parfocal === 'ready';
  if (source === window && asks) ipcRenderer.send('ready');
});
ipcRenderer.on('port', ({ ports }) => window.postMessage({ parfocal: 'port' }, location.origin, ports));
contextBridge.exposeInMainWorld('parfocalPathOf', (file: File): string => webUtils.getPathForFile(file));
