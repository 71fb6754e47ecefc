import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountedOn } from '../support/mounts.js';
import { missingTools, run } from '../support/tools.js';
import { VolumeProcess } from '../support/volume_process.js';
import { installPackage, withOwnPrograms, type Installation } from './installation.js';
import { ensurePrebuilt, hostTarget, prebuiltFor } from './prebuilds.js';

let installed: Installation;
beforeAll(async () => {
  await ensurePrebuilt(hostTarget);
  installed = await installPackage();
}, 900_000);
afterAll(() => installed.remove());

describe('the package, installed without a compiler and without running scripts', () => {
  test('runs mirrorfs by its name until Ctrl-C', async () => {
    const root = join(installed.directory, 'shown');
    const mountPoint = join(installed.directory, 'mnt');
    mkdirSync(root);
    mkdirSync(mountPoint);
    writeFileSync(join(root, 'hello.txt'), 'hello\n');
    const program = join(installed.directory, 'node_modules', '.bin', 'mirrorfs');
    const mirror = new VolumeProcess(
      mountPoint,
      [program, '--root', root, '--mount', mountPoint],
      installed.env,
    );
    try {
      await mirror.line(`mounted ${mountPoint}`);
      expect(readFileSync(join(mountPoint, 'hello.txt'), 'utf8')).toBe('hello\n');
      writeFileSync(join(mountPoint, 'new.txt'), 'new');
      expect(readFileSync(join(root, 'new.txt'), 'utf8')).toBe('new');
      // No other addon than the one that was packed.
      expect(readFileSync(`/proc/${String(mirror.pid)}/maps`, 'utf8')).toContain(
        join(installed.packageDirectory, 'prebuilds', prebuiltFor[hostTarget]),
      );
      mirror.signal('SIGINT');
      expect(await mirror.exit).toEqual({ code: 0, signal: null });
      expect(mountedOn(mountPoint)).toBeUndefined();
    } finally {
      mirror.cleanUp();
    }
  });

  test('has an install script that is content with the prebuilt addon', async () => {
    const done = await installed.run('node-gyp-build', [], {
      cwd: installed.packageDirectory,
      env: withOwnPrograms(installed),
    });
    expect(done).toMatchObject({ code: 0 });
    expect(existsSync(join(installed.packageDirectory, 'build'))).toBe(false);
  });

  test.each([
    [
      'import',
      'a.mjs',
      "import * as api from 'node-dokan';\nimport * as testing from 'node-dokan/testing';\n",
    ],
    [
      'require',
      'a.cjs',
      "const api = require('node-dokan');\nconst testing = require('node-dokan/testing');\n",
    ],
  ])('can be loaded with %s, and nothing is warned of', async (_, name, loading) => {
    const program = installed.write(
      name,
      `${loading}console.log(typeof api.mount, typeof api.DokanError, typeof testing.loopback);\n`,
    );
    expect(await installed.run('node', [program])).toEqual({
      code: 0,
      stdout: 'function function function\n',
      stderr: '',
    });
  });

  test('is one package for programs of both kinds', async () => {
    const program = installed.write(
      'both.cjs',
      `const required = require('node-dokan');
      import('node-dokan').then((imported) => {
        console.log(imported.DokanError === required.DokanError);
      });`,
    );
    expect((await installed.run('node', [program])).stdout).toBe('true\n');
  });

  test('has no tests in it', () => {
    expect(installed.files.filter((file) => /(^|\/)test|\.test\.|^build\//.test(file))).toEqual([]);
  });
});

describe('where no prebuilt addon fits, and a compiler is there', () => {
  const compiler = missingTools('g++', 'make', 'python3');

  test.skipIf(compiler !== undefined)(
    `the package builds its addon ${compiler ?? ''}`,
    { timeout: 900_000 },
    async () => {
      const bare = await installPackage();
      try {
        rmSync(join(bare.packageDirectory, 'prebuilds'), { recursive: true });
        await run('npm', ['rebuild', 'node-dokan'], {
          cwd: bare.directory,
          env: { npm_config_jobs: 'max' },
          deadline: 900_000,
        });
        expect(existsSync(join(bare.packageDirectory, 'build', 'Release', 'dokan.node'))).toBe(
          true,
        );
        const program = bare.write(
          'built.mjs',
          "import { listMounts } from 'node-dokan';\nconsole.log(Array.isArray(await listMounts()));\n",
        );
        expect((await bare.run('node', [program])).stdout).toBe('true\n');
      } finally {
        bare.remove();
      }
    },
  );
});
