import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { run } from './tools.js';
import { buildDirectory, projectRoot, withLock } from './wine.js';
import { windowsAddon } from './windows_addon.js';

const require = createRequire(import.meta.url);
const { include_dir: nodeApi } = require('node-api-headers') as { include_dir: string };
const addonApi = dirname(require.resolve('node-addon-api'));

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
    source('test/windows/probe/watched_reads.cc'),
    source('native/windows/io_watch.cc'),
    source('native/windows/host_symbols.cc'),
  ];
  const headers = ['dokan_abi.h', 'io_watch.h'].map((name) => source(`native/windows/${name}`));
  const inputs = [...sources, ...headers, source('test/windows/probe/shares.h')];
  return withLock(join(buildDirectory, 'probe.lock'), async () => {
    const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
    if (existsSync(output) && statSync(output).mtimeMs > newest) return output;
    mkdirSync(dirname(output), { recursive: true });
    await run(
      'x86_64-w64-mingw32-g++-posix',
      [
        ...['-std=c++20', '-O2', '-Wall', '-Wextra', '-shared', '-static', '-s'],
        ...['-DUNICODE', '-DNOMINMAX', '-DWIN32_LEAN_AND_MEAN', '-D_WIN32_WINNT=0x0A00'],
        ...['-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS'],
        ...['-isystem', addonApi, '-I', nodeApi, '-I', source('native'), ...sources, '-o', output],
        ...[join(builtBeside, 'libnode.a'), '-ldelayimp', '-lsynchronization'],
      ],
      { deadline: 120_000 },
    );
    return output;
  });
}
