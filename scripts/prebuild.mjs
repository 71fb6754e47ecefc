// Release builds of the addon, where node-gyp-build looks for them in an installed package:
// prebuilds/<platform>-<arch>/. Without arguments: for this machine and, on Linux, for Windows
// (cross-compiled with mingw-w64); arguments such as `linux-x64` or `win32-x64` choose. With
// `--available`, as packing has it, what this machine has no compiler for is left out, and named.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { root, run, tool } from './run.mjs';

// npm runs the script `prebuild` before `build` as well, where nobody asked for it. Only when it is
// run by its name does `preprebuild` run first, and that leaves a note.
const note = join(root, 'build', 'prebuild', 'asked-for');
if (process.argv[2] === '--note') {
  mkdirSync(dirname(note), { recursive: true });
  writeFileSync(note, '');
  process.exit();
}
if (process.env.npm_lifecycle_event === 'prebuild' && !existsSync(note)) process.exit();
rmSync(note, { force: true });

const native = join(root, 'native');
const host = `${process.platform}-${process.arch}`;

/** Node says which C library it is linked with itself; glibcVersionRuntime is absent on musl. */
function libc() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function buildForLinux() {
  const output = join(root, 'build', 'prebuild', `${host}-${libc()}`);
  const flags = [
    // libstdc++ differs more between distributions than anything else does. libgcc_s stays outside:
    // Node needs it anyway, and linked in it wants a newer glibc than the rest (_dl_find_object).
    '-static-libstdc++',
    `-Wl,--version-script=${join(native, 'cmake', 'exports.map')}`,
    // Without what nobody calls, of which libstdc++ has parts that want a newer glibc as well.
    ...['-Wl,--gc-sections', '-Wl,-s'],
  ];
  run('cmake', [
    ...['-S', native, '-B', output, '-DCMAKE_BUILD_TYPE=Release'],
    `-DCMAKE_MODULE_LINKER_FLAGS=${flags.join(' ')}`,
  ]);
  run('cmake', ['--build', output, '--parallel', String(availableParallelism())]);
  return { addon: join(output, 'dokan.node'), name: `node.napi.${libc()}.node` };
}

function buildOnWindows() {
  const output = join(root, 'build', 'prebuild', host);
  // cmake-js brings Node's headers and import library, which an installed Node lacks on Windows.
  tool('cmake-js/bin/cmake-js', 'build', '--directory', native, '--out', output);
  return { addon: join(output, 'Release', 'dokan.node'), name: 'node.napi.node' };
}

async function crossBuildForWindows() {
  await import('./build-windows.mjs');
  return { addon: join(root, 'build', 'windows', 'dokan.node'), name: 'node.napi.node' };
}

function builderFor(target) {
  if (target === host && process.platform === 'linux') return buildForLinux;
  if (target === host && process.platform === 'win32') return buildOnWindows;
  if (target === 'win32-x64' && process.platform === 'linux') return crossBuildForWindows;
  console.error(`prebuild: ${target} cannot be built on ${host}`);
  process.exit(2);
}

const defaults = process.platform === 'linux' ? [host, 'win32-x64'] : [host];
const CROSS_COMPILER = 'x86_64-w64-mingw32-g++-posix';

function isAvailable(target) {
  if (target === host || spawnSync(CROSS_COMPILER, ['--version']).error === undefined) return true;
  console.warn(`prebuild: ${target} is left out, for want of ${CROSS_COMPILER}`);
  return false;
}

function chosen([...given]) {
  if (given[0] === '--available') return defaults.filter(isAvailable);
  return given.length > 0 ? given : defaults;
}

const targets = chosen(process.argv.slice(2));
for (const [target, build] of targets.map((target) => [target, builderFor(target)])) {
  const { addon, name } = await build();
  if (!existsSync(addon)) throw new Error(`${addon} was not built`);
  const directory = join(root, 'prebuilds', target);
  mkdirSync(directory, { recursive: true });
  // Whoever has the former one loaded keeps it.
  copyFileSync(addon, join(directory, `${name}.new`));
  renameSync(join(directory, `${name}.new`), join(directory, name));
}
process.argv = [...process.argv.slice(0, 2), ...targets];
await import('./check-prebuilds.mjs');
