// Builds what is not built: the addon, the library, the examples. `--native` builds the addon anew.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { prune } from './prune.mjs';
import { root, run, tool } from './run.mjs';

const addon = join(root, 'build', 'Release', 'dokan.node');

/** Time of the newest file below a directory, in milliseconds. */
function newest(directory) {
  let latest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) {
      latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
    }
  }
  return latest;
}

function addonIsCurrent() {
  if (!existsSync(addon)) return false;
  const sources = Math.max(
    newest(join(root, 'native')),
    statSync(join(root, 'binding.gyp')).mtimeMs,
  );
  return statSync(addon).mtimeMs >= sources;
}

if (process.argv.includes('--native') || !addonIsCurrent()) {
  // Through npm, which brings node-gyp along and knows how it is configured.
  run('npm', ['run', '--silent', 'build:native'], { shell: process.platform === 'win32' });
}
const inExamples = `examples${sep}`;
prune(join(root, 'dist'), (module) =>
  module.startsWith(inExamples) ? join(root, module) : join(root, 'lib', module),
);
tool('typescript/bin/tsc', '-p', 'lib/tsconfig.json');
tool('typescript/bin/tsc', '-p', 'examples/tsconfig.json');
await import('./commonjs-entries.mjs');
