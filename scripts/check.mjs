// Types, lint and format of everything, TypeScript and C++. `--fix-native` formats the C++ instead.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, run, tool } from './run.mjs';

const SOURCES = [
  ...['native', 'native/common', 'native/linux', 'native/windows'],
  ...['test/simulator/dll', 'test/simulator/script', 'test/windows/probe'],
];
const all = SOURCES.flatMap((directory) =>
  readdirSync(join(root, directory)).map((name) => `${directory}/${name}`),
).filter((name) => /\.(cc|h)$/.test(name));
const native = all.filter((name) => name.startsWith('native/'));

if (process.argv.includes('--fix-native')) {
  tool('clang-format/index.js', '-i', ...all);
  process.exit(0);
}

// The examples see the library as its users do: built.
tool('typescript/bin/tsc', '-p', 'lib/tsconfig.json');
tool('typescript/bin/tsc', '-p', 'tsconfig.json');
tool('eslint/bin/eslint.js', '--max-warnings=0', '.');
tool('prettier/bin/prettier.cjs', '--check', '.');
run(process.execPath, [join(root, 'scripts', 'check-workflows.mjs')]);
tool('clang-format/index.js', '--dry-run', '--Werror', ...all);

// clang-tidy reads how each file is compiled from the CMake build, of which it needs no more.
if (spawnSync('clang-tidy', ['--version']).error !== undefined) {
  console.error(
    "clang-tidy is not installed: apt-get install clang-tidy (or your system's package)",
  );
  process.exit(1);
}
tool('cmake-js/bin/cmake-js', 'configure', '--directory', 'native', '--out', 'build/cmake');
// It compiles nothing of Windows'.
const tidied = native.filter((name) => name.endsWith('.cc') && !name.includes('windows'));
const shares = Array.from({ length: availableParallelism() }, (_, share) =>
  tidied.filter((_, index) => index % availableParallelism() === share),
);
const codes = await Promise.all(
  shares.map(
    (files) =>
      new Promise((resolve, reject) => {
        const child = spawn('clang-tidy', ['--quiet', '-p', 'build/cmake', ...files], {
          cwd: root,
          stdio: 'inherit',
        });
        child.once('error', reject);
        child.once('exit', resolve);
      }),
  ),
);
if (codes.some((code) => code !== 0)) process.exit(1);
