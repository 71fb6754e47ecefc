// Installs a packed package as a user without compiler does and loads its addon:
// node scripts/ci/try-package.mjs TARBALL. Needs nothing but Node and npm.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The tarball itself, or the only one in a directory. */
function tarballIn(path) {
  if (!statSync(path).isDirectory()) return resolve(path);
  return resolve(path, readdirSync(path).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
}

const PROGRAM = `
import { listMounts, mount } from 'node-dokan';
import { createRequire } from 'node:module';
const { DokanError } = createRequire(import.meta.url)('node-dokan');
if (typeof mount !== 'function' || typeof DokanError !== 'function') process.exit(3);
try {
  console.log('mounted here:', await listMounts());
} catch (error) {
  // A machine without Dokan's library is told so; that is an answer of the loaded addon.
  if (error.name !== 'MountError') throw error;
  console.log(error.message);
}
`;

const tarball = tarballIn(process.argv[2] ?? 'build/package');
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'node-dokan-try-')));
const run = (program, args, shell = false) =>
  execFileSync(program, args, { cwd: directory, stdio: 'inherit', shell });
try {
  writeFileSync(join(directory, 'package.json'), '{ "name": "try", "private": true }\n');
  writeFileSync(join(directory, 'try.mjs'), PROGRAM);
  const windows = process.platform === 'win32';
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], windows);
  run(process.execPath, ['try.mjs']);
  const addon = join('node_modules', 'node-dokan');
  run(process.execPath, [
    '-e',
    `require('node-gyp-build')(${JSON.stringify(join(directory, addon))})`,
  ]);
} finally {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
