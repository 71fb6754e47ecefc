// Checks what lies in prebuilds/: built for where it lies, loadable there without anything else.
// `--release` holds Linux addons to the glibc that Node itself needs; arguments such as linux-x64
// name directories that must be there.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { examine, LOCAL_GLIBC, RELEASE_GLIBC } from './prebuilt/requirements.mjs';
import { root } from './run.mjs';

const args = process.argv.slice(2);
const glibc = args.includes('--release') ? RELEASE_GLIBC : LOCAL_GLIBC;
const directory = join(root, 'prebuilds');
const required = args.filter((arg) => !arg.startsWith('--'));

const addons = existsSync(directory)
  ? readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  : [];

let failed = false;
const fail = (message) => {
  failed = true;
  console.error(message);
};
if (addons.length === 0) fail('prebuilds: nothing there; `npm run prebuild` makes them');
for (const name of required) {
  // `linux-x64/node.napi.musl.node`, or the directory alone.
  if (!addons.some((path) => relative(directory, path).replaceAll('\\', '/').startsWith(name))) {
    fail(`prebuilds/${name}: missing`);
  }
}
for (const path of addons) {
  const name = relative(root, path);
  const { problems, summary } = examine(path, glibc);
  console.log(`${name}: ${summary}`);
  for (const problem of problems) fail(`${name}: ${problem}`);
}
if (failed) process.exitCode = 1;
