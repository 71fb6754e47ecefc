import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../../scripts/prebuilt/requirements.mjs';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { missingTools, run } from '../support/tools.js';
import { ensurePrebuilt, hostTarget, prebuiltFor, prebuiltPath } from './prebuilds.js';

let temporary: TemporaryDirectory;
beforeAll(() => {
  temporary = temporaryDirectory();
});
afterAll(() => temporary.remove());

/** Puts a file where a prebuilt addon of that name would lie. */
function placed(source: string, name: string): string {
  const path = join(temporary.path, 'prebuilds', name);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(source, path);
  return path;
}

async function compiled(name: string, code: string, ...flags: string[]): Promise<string> {
  const output = join(temporary.path, name);
  await run('g++', ['-shared', '-fPIC', '-x', 'c++', '-', '-o', output, ...flags], { input: code });
  return output;
}

const ENTRY = 'extern "C" void napi_register_module_v1() {}\n';

describe('an addon for Linux', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    await ensurePrebuilt(hostTarget);
  }, 600_000);

  test('as built fulfils what is required', () => {
    expect(examine(prebuiltPath(hostTarget)).problems).toEqual([]);
  });

  test('is refused where it does not belong', () => {
    const foreign = hostTarget === 'linux-x64' ? 'linux-arm64' : 'linux-x64';
    const built = prebuiltPath(hostTarget);
    const { problems } = examine(placed(built, prebuiltFor[foreign]));
    expect(problems).toEqual([`is built for ${process.arch}`]);
    expect(examine(placed(built, `${hostTarget}/node.napi.node`)).problems).toContain(
      'names neither glibc nor musl',
    );
    expect(examine(placed(built, `${hostTarget}/node.napi.musl.node`)).problems).toContain(
      'is linked with glibc',
    );
  });

  test('is refused when it needs a newer glibc than it may', () => {
    expect(examine(prebuiltPath(hostTarget), '2.17').problems).toEqual([
      expect.stringMatching(/^needs glibc 2\.\d+, not 2\.17$/),
    ]);
  });

  test.skipIf(missingTools('g++') !== undefined)(
    'is refused without entry point, and with libraries of its own',
    async () => {
      const code =
        '#include <iostream>\nvoid print(const char* text) { std::cout << text; abort(); }\n';
      const bare = placed(await compiled('bare.so', code), prebuiltFor[hostTarget]);
      expect(examine(bare).problems).toEqual([
        'does not export napi_register_module_v1',
        'needs libstdc++.so.6',
      ]);
    },
  );
});

describe('an addon for Windows', { timeout: 600_000 }, () => {
  const missing = missingTools('x86_64-w64-mingw32-g++-posix');

  test.skipIf(missing !== undefined)('as built fulfils what is required', async () => {
    await ensurePrebuilt('win32-x64');
    expect(examine(prebuiltPath('win32-x64')).problems).toEqual([]);
    expect(
      examine(placed(prebuiltPath('win32-x64'), 'win32-arm64/node.napi.node')).problems,
    ).toEqual(['is built for x64']);
  });

  test.skipIf(missing !== undefined)(
    'is refused when it needs libraries of a compiler',
    async () => {
      const output = join(temporary.path, 'dynamic.dll');
      const code = `#include <string>\n${ENTRY}std::string text(int n) { return std::to_string(n); }\n`;
      await run('x86_64-w64-mingw32-g++-posix', ['-shared', '-x', 'c++', '-', '-o', output], {
        input: code,
      });
      expect(examine(placed(output, prebuiltFor['win32-x64'])).problems).toContain(
        'needs libstdc++-6.dll',
      );
    },
  );

  test('is told from what is no DLL at all', () => {
    const path = placed(
      join(import.meta.dirname, 'requirements.test.ts'),
      prebuiltFor['win32-x64'],
    );
    expect(() => examine(path)).toThrow('no PE file');
    expect(() => examine(placed(path, prebuiltFor[hostTarget]))).toThrow('no 64-bit');
  });
});
