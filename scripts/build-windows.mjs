// Cross-builds the Windows addon with mingw-w64, into build/windows/dokan.node.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, run } from './run.mjs';

const output = join(root, 'build', 'windows');
run('cmake', [
  ...['-S', join(root, 'native'), '-B', output, '-DCMAKE_BUILD_TYPE=Release'],
  `-DCMAKE_TOOLCHAIN_FILE=${join(root, 'native', 'cmake', 'mingw-w64.cmake')}`,
]);
// Without a number make would start a compiler for every file at once.
run('cmake', ['--build', output, '--parallel', String(availableParallelism())]);
