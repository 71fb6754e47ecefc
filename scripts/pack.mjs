// Packs the package as it is built now into build/package/ and says what is in it.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/**
 * Without npm's scripts: building is the caller's, because it must not happen under programs that run
 * from dist/.
 * @returns {{ tarball: string, files: string[] }} an absolute path, and paths in the package
 */
export function pack(directory = join(root, 'build', 'package')) {
  mkdirSync(directory, { recursive: true });
  const output = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32', maxBuffer: 64 << 20 },
  );
  const [{ filename, files }] = JSON.parse(output);
  return { tarball: join(directory, filename), files: files.map(({ path }) => path).sort() };
}
