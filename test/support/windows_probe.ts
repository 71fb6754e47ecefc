import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { run } from './tools.js';
import { buildDirectory, projectRoot, withLock } from './wine.js';
import { windowsAddon } from './windows_addon.js';

const { include_dir: nodeApi } = createRequire(import.meta.url)('node-api-headers') as {
  include_dir: string;
};

/**
 * The addon of test/windows/probe, cross-built as far as it is out of date.
 * @returns its path
 */
export async function windowsProbe(): Promise<string> {
  // Its build makes the import library of node.exe.
  const builtBeside = dirname(await windowsAddon());
  const output = join(buildDirectory, 'probe', 'probe.node');
  const source = (path: string): string => join(projectRoot, path);
  const sources = [
    source('test/windows/probe/probe.cc'),
    source('test/windows/probe/fake_dokan.cc'),
    source('native/windows/host_symbols.cc'),
  ];
  const inputs = [...sources, source('native/windows/dokan_abi.h')];
  return withLock(join(buildDirectory, 'probe.lock'), async () => {
    const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
    if (existsSync(output) && statSync(output).mtimeMs > newest) return output;
    mkdirSync(dirname(output), { recursive: true });
    await run(
      'x86_64-w64-mingw32-g++-posix',
      [
        ...['-std=c++20', '-O2', '-Wall', '-Wextra', '-shared', '-static', '-s'],
        ...['-DUNICODE', '-DNOMINMAX', '-DWIN32_LEAN_AND_MEAN', '-D_WIN32_WINNT=0x0A00'],
        ...['-I', nodeApi, '-I', source('native'), ...sources, '-o', output],
        ...[join(builtBeside, 'libnode.a'), '-ldelayimp', '-lsynchronization'],
      ],
      { deadline: 120_000 },
    );
    return output;
  });
}
