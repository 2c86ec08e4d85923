import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';
import { isFresh, root } from './paths.ts';

const sources = ['electron', 'main', 'package-lock.json', 'scripts/build/desktop.ts'];
const outDir = join(root, 'dist/desktop');

/** What comes with native files is left where it was installed. */
const external = ['electron', 'better-sqlite3', 'sqlite-vec', 'sharp', 'onnxruntime-node'];

/** The sources name each other's files as they are run by Node; in the bundle those files end in .js, side by side. */
const siblings: Plugin = {
  name: 'parfocal-siblings',
  // Before TypeScript is taken away, and with it how the sources are written.
  enforce: 'pre',
  transform: (code) =>
    code.replaceAll(/new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g, "new URL('./$1.js', import.meta.url)"),
};

/**
 * Builds the desktop shell and the core for Electron into dist/desktop, unless that has been done since the last change.
 * Bundled, since Electron strips no types inside a package.
 */
export async function buildDesktop(): Promise<void> {
  if (isFresh(join(outDir, 'main.js'), sources)) return;
  rmSync(outDir, { recursive: true, force: true });
  const bundle = (input: Record<string, string>, format: 'es' | 'cjs'): InlineConfig => ({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [siblings],
    ssr: { noExternal: true, external },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      target: 'node24',
      minify: false,
      rolldownOptions: {
        input,
        output: {
          format,
          entryFileNames: format === 'es' ? '[name].js' : '[name].cjs',
          chunkFileNames: 'shared-[hash].js',
        },
      },
    },
  });
  // A preload in the sandbox is a script, no module.
  await build(bundle({ preload: 'electron/preload.ts' }, 'cjs'));
  await build(
    bundle(
      {
        core: 'electron/core.ts',
        trainer: 'electron/trainer.ts',
        'render-worker': 'main/trainer/render-worker.ts',
        'picture-worker': 'main/images/picture-worker.ts',
        'search-worker': 'main/database/search-worker.ts',
        'graph-worker': 'main/networks/graph-worker.ts',
        main: 'electron/main.ts',
      },
      'es',
    ),
  );
}
