/** `npm run build`: the screens into dist/renderer, the desktop shell into dist/desktop. */
import { buildDesktop } from './build/desktop.ts';
import { buildRenderer } from './build/renderer.ts';

await buildRenderer();
await buildDesktop();
