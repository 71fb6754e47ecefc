// Types, lint and format of everything, TypeScript and C++. `--fix-native` formats the C++ instead.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, tool } from './run.mjs';

const native = ['native', 'native/linux']
  .flatMap((directory) => readdirSync(join(root, directory)).map((name) => join(directory, name)))
  .filter((name) => /\.(cc|h)$/.test(name));

if (process.argv.includes('--fix-native')) {
  tool('clang-format/index.js', '-i', ...native);
  process.exit(0);
}

// The examples see the library as its users do: built.
tool('typescript/bin/tsc', '-p', 'lib/tsconfig.json');
tool('typescript/bin/tsc', '-p', 'tsconfig.json');
tool('eslint/bin/eslint.js', '--max-warnings=0', '.');
tool('prettier/bin/prettier.cjs', '--check', '.');
tool('clang-format/index.js', '--dry-run', '--Werror', ...native);

// clang-tidy reads how each file is compiled from the CMake build.
if (spawnSync('clang-tidy', ['--version']).error !== undefined) {
  console.error(
    "clang-tidy is not installed: apt-get install clang-tidy (or your system's package)",
  );
  process.exit(1);
}
run('npm', ['run', '--silent', 'build:cmake'], { shell: process.platform === 'win32' });
run('clang-tidy', [
  '--quiet',
  '-p',
  'build/cmake',
  ...native.filter((name) => name.endsWith('.cc')),
]);
