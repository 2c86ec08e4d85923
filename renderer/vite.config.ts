import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** `vite build renderer` writes dist/renderer: files only, nothing inline, so that a strict content security policy holds. */
export default defineConfig({
  base: './',
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // `vite renderer` while `parfocal serve --port 4242` runs: the pages from here, everything else from the core.
    proxy: {
      '/rpc': { target: 'ws://127.0.0.1:4242', ws: true },
      '/thumbnails': 'http://127.0.0.1:4242',
      '/images': 'http://127.0.0.1:4242',
      '/uploads': 'http://127.0.0.1:4242',
    },
  },
});
