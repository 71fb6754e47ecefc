import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './test/support/left_out.js';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests see the sources, so that a failure names a line someone can edit.
    alias: [
      { find: /^node-dokan$/, replacement: source('./lib/index.ts') },
      { find: /^node-dokan\/posix$/, replacement: source('./lib/posix.ts') },
      { find: /^node-dokan\/win32$/, replacement: source('./lib/win32.ts') },
      { find: /^node-dokan\/testing$/, replacement: source('./lib/hosts/loopback/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Ends what Wine leaves running.
    globalSetup: ['test/support/wine.ts'],
    exclude: [...configDefaults.exclude, ...leftOut()],
    // Each file a process of its own: Workers share libuv's pool and signal handling.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-results/vitest.json' },
  },
});
