import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests see the sources, so that a failure names a line someone can edit.
    alias: [
      { find: /^node-dokan$/, replacement: source('./lib/index.ts') },
      { find: /^node-dokan\/posix$/, replacement: source('./lib/posix.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Each file a process of its own: Workers share libuv's pool and signal handling.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-results/vitest.json' },
  },
});
