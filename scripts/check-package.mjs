// Builds, packs and checks the package as its users get it: nothing in it that is not meant to be,
// its prebuilt addons, and that Node and TypeScript resolve what it exports. `--release` insists on
// the prebuilt addons of every platform.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { root, run, tool } from './run.mjs';

await import('./build.mjs');

const { tarball, files } = pack();
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const ALLOWED = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^(lib|examples)\/[\w/]+\.ts$/,
  // What `npm install` builds from where no prebuilt addon fits.
  /^(binding\.gyp|scripts\/sources\.cjs)$/,
  /^native\/[\w/]+\.(cc|h)$/,
  /^native\/(CMakeLists\.txt|windows\/uv_symbols\.txt|cmake\/[\w-]+\.(cmake|map))$/,
  /^prebuilds\/linux-(x64|arm64)\/node\.napi\.(glibc|musl)\.node$/,
  /^prebuilds\/win32-(x64|arm64)\/node\.napi\.node$/,
  /^service\/(systemd\/(user|system)\/node-dokan\.service|windows\/node-dokan\.xml)$/,
];

/** Compiled files, each of a source that is there: tsc does not take away what a source left. */
function isCompiled(file) {
  const [, path] = /^dist\/(.+?)\.(js|js\.map|d\.ts)$/.exec(file) ?? [];
  if (path === undefined) return false;
  return existsSync(join(root, path.startsWith('examples/') ? '' : 'lib', `${path}.ts`));
}

const commonjs = Object.values(exports)
  .flatMap((entry) => Object.values(entry.require ?? {}))
  .map((path) => path.replace('./', ''));

const problems = files
  .filter((file) => !ALLOWED.some((pattern) => pattern.test(file)))
  .filter((file) => !isCompiled(file) && !commonjs.includes(file))
  .map((file) => `${file}: does not belong into the package`);

// A pattern that matches nothing is a folder that was forgotten.
for (const pattern of ALLOWED.slice(0, 5)) {
  if (!files.some((file) => pattern.test(file))) problems.push(`nothing in it matches ${pattern}`);
}

console.log(`${tarball}: ${files.length} files`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);

const prebuilds = {
  every: [
    'linux-x64/node.napi.glibc.node',
    'linux-x64/node.napi.musl.node',
    'linux-arm64/node.napi.glibc.node',
    'linux-arm64/node.napi.musl.node',
    'win32-x64/node.napi.node',
  ],
  // What `npm run prebuild` makes on a developer's machine.
  own: [`${process.platform}-${process.arch}`],
};
const isRelease = process.argv.includes('--release');
run(process.execPath, [
  join(root, 'scripts', 'check-prebuilds.mjs'),
  ...(isRelease ? ['--release', ...prebuilds.every] : prebuilds.own),
]);

tool('publint/src/cli.js', 'run', tarball, '--strict');
// Resolution without `exports`, as TypeScript's `node10` does it, is older than any Node this runs on.
tool('@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'node16');
