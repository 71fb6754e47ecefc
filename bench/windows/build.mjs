// Cross-compiles the addon that measures, with mingw-w64: build/bench/windows/measure.node.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const require = createRequire(join(root, 'package.json'));

/** @returns its path */
export function buildMeasure() {
  const output = join(root, 'build', 'bench', 'windows');
  mkdirSync(output, { recursive: true });
  const addon = join(output, 'measure.node');
  const probe = join(root, 'test', 'windows', 'probe');
  const sources = [
    join(import.meta.dirname, 'native', 'measure.cc'),
    join(import.meta.dirname, 'native', 'mirror.cc'),
    join(probe, 'fake_dokan.cc'),
    join(root, 'native', 'windows', 'host_symbols.cc'),
  ];
  execFileSync(
    'x86_64-w64-mingw32-g++-posix',
    [
      ...['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-static', '-s'],
      ...['-DUNICODE', '-DNOMINMAX', '-DWIN32_LEAN_AND_MEAN', '-D_WIN32_WINNT=0x0A00'],
      ...['-I', require('node-api-headers').include_dir],
      ...['-I', join(root, 'native'), '-I', probe, ...sources, '-o', addon],
      ...[join(root, 'build', 'windows', 'libnode.a'), '-ldelayimp', '-lsynchronization'],
    ],
    { stdio: 'inherit' },
  );
  return addon;
}
