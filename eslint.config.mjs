import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import svelte from 'eslint-plugin-svelte';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** One folder a domain; dependencies point one way. The first matching `except` list is all that a folder may import. */
const zones = [
  {
    target: './main/engine',
    from: './main',
    except: ['./engine'],
    message: 'The engine imports nothing else of the project.',
  },
  { target: './main/contract', from: './main', except: ['./contract'], message: 'The contract imports nothing.' },
  { target: './main/threads', from: './main', except: ['./threads', './contract'] },
  { target: './main/database', from: './main', except: ['./database', './contract', './threads'] },
  { target: './main/images', from: './main', except: ['./images', './contract', './threads'] },
  {
    target: './main/evaluation/measures',
    from: './main',
    except: ['./evaluation/measures', './contract', './engine/random.ts', './engine/linear/scores.ts'],
    message: 'Measures are pure functions; of the engine they share the random numbers and the class scores.',
  },
  {
    target: './main/trainer',
    from: './main',
    except: ['./trainer', './contract', './engine', './images', './database', './threads', './evaluation/measures'],
    message: 'The trainer knows the engine, pixels and codes, never a domain.',
  },
  {
    target: './renderer',
    from: './main',
    except: ['./contract'],
    message: 'The screens know the core by its contract alone.',
  },
  {
    target: './main/serve',
    from: './main',
    except: ['./serve', './contract'],
    message: 'Transports carry what they are given.',
  },
  {
    target: './electron',
    from: './main',
    except: ['./contract', './serve', './studio.ts', './session/failures.ts', './projects/recent.ts', './trainer'],
    message: 'The desktop shell is thin.',
  },
  { target: ['./main', './renderer'], from: './electron', message: 'The desktop is one shell of two.' },
  { target: './main', from: './renderer', message: 'The core knows no screen.' },
  {
    target: './main/!(advisor|cli|studio.ts)/**',
    from: './main/advisor',
    message: 'The advisor knows the other domains; none knows it.',
  },
  { target: './main/!(cli)/**', from: './main/cli', message: 'The command line is a face: nothing depends on it.' },
];

/** A native dependency has one importer. */
const natives = [
  { name: 'onnxruntime-node', home: 'main/engine/runtime' },
  { name: 'better-sqlite3', home: 'main/database' },
  { name: 'sqlite-vec', home: 'main/database' },
  { name: 'sharp', home: 'main/images' },
  { name: 'electron', home: 'electron' },
];

export default defineConfig(
  { ignores: ['main/engine/graph/proto/**', 'node_modules/**', 'dist/**'] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    plugins: { 'import-x': importX },
    // Told outright, since the resolver named `node` by default would load the package of that name: our runtime.
    settings: { 'import-x/resolver-next': [createNodeResolver()], 'import-x/ignore': ['node_modules'] },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-for-of': 'off',
      // It overflows the stack on oRPC's recursive types of routers.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { zones }],
      'max-lines': ['error', { max: 500 }],
    },
  },
  { files: ['main/**/*.ts'], rules: { 'no-restricted-imports': ['error', ...natives.map((n) => n.name)] } },
  ...[...new Set(natives.map((n) => n.home))].map((home) => ({
    files: [`${home}/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', ...natives.filter((n) => n.home !== home).map((n) => n.name)],
    },
  })),
  { files: ['main/**/*.ts'], rules: { 'no-console': 'error' } },
  { files: ['main/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['renderer/**'], extends: [svelte.configs.recommended] },
  {
    files: ['renderer/**/*.svelte', 'renderer/**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Props are destructured with `let` where one of them can be bound.
      'prefer-const': 'off',
      'svelte/prefer-const': ['error', { destructuring: 'all' }],
      // Narrowing in a template does not see that state changes from one event to the next.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // The linter does not see the types of components, which it takes for `any`; svelte-check does.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      // State classes say themselves what of them is reactive.
      'svelte/prefer-svelte-reactivity': 'off',
      // Templates call functions for what they do.
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  {
    files: ['renderer/public/**'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { document: 'readonly', localStorage: 'readonly' } },
  },
  { files: ['**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
);
