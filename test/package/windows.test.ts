import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SimulatorClient, simulatorPort } from '../simulator/client.js';
import { eventually, within } from '../support/eventually.js';
import {
  missingWine,
  runWindows,
  startWindows,
  windowsNode,
  windowsPath,
} from '../support/wine.js';
import { testLibrary } from '../windows/windows_volume.js';
import { installPackage, type Installation } from './installation.js';
import { ensurePrebuilt } from './prebuilds.js';

const missing = missingWine();

/** The file that the volume shows, as the driver reads it. */
async function readThrough(client: SimulatorClient): Promise<string> {
  const volume = (await client.must('mounts')).volumes[0]?.volume;
  const name = '\\hello.txt';
  const created = await client.must('create', {
    ...{ volume, name, desiredAccess: 0x12_0089, shareAccess: 7 },
    ...{ createDisposition: 1, createOptions: 0x60, fileAttributes: 0 },
  });
  const open = { volume, name, context: created.context };
  const { payload } = await client.must('read', { ...open, offset: 0, length: 100 });
  await client.must('cleanup', open);
  await client.must('close', open);
  return payload.toString();
}

const MOUNT = `
import { mount } from 'node-dokan';
try {
  await mount('M:', { createFile: () => 'opened' });
  console.log(JSON.stringify({ mounted: true }));
} catch ({ name, code, message, cure }) {
  console.log(JSON.stringify({ name, code, message, cure }));
}
process.exit();
`;

// Installed by Linux' npm: what lies in node_modules is the same, but for the links in .bin.
describe.skipIf(missing !== undefined)(
  `the package in Windows' Node, without scripts run ${missing ?? ''}`,
  () => {
    let installed: Installation;
    beforeAll(async () => {
      await ensurePrebuilt('win32-x64');
      installed = await installPackage();
    }, 900_000);
    afterAll(() => installed.remove());

    describe.each([20, 22] as const)('version %i', (version) => {
      test('says how to install Dokan where it is missing', { timeout: 180_000 }, async () => {
        const program = installed.write('mount.mjs', MOUNT);
        const done = await runWindows(await windowsNode(version), [windowsPath(program)], {
          deadline: 120_000,
        });
        expect(done).toMatchObject({ code: 0, stderr: '' });
        const { name, message, cure } = JSON.parse(done.stdout) as Record<string, string>;
        expect(name).toBe('MountError');
        expect(message).toContain('dokan2.dll');
        expect(cure).toMatch(/install/i);
      });

      test.each(['mirrorfs', 'memfs'] as const)(
        'runs %s where Dokan is there',
        { timeout: 180_000 },
        async (name) => {
          const root = join(installed.directory, `shown-${String(version)}`);
          mkdirSync(root, { recursive: true });
          writeFileSync(join(root, 'hello.txt'), 'hello\n');
          const portFile = join(installed.directory, `port-${name}-${String(version)}`);
          const main = join(installed.packageDirectory, 'dist', 'examples', name, 'main.js');
          const program = await startWindows(
            await windowsNode(version),
            [
              ...[windowsPath(main), '--mount', 'M:'],
              ...(name === 'mirrorfs' ? ['--root', windowsPath(root)] : []),
              ...['--library-path', windowsPath(await testLibrary())],
            ],
            { env: { DOKAN_SIMULATOR_PORT_FILE: windowsPath(portFile) } },
          );
          try {
            await eventually(
              'the volume to be mounted',
              () => {
                if (!program.running) throw new Error(`${program.stdout}${program.stderr}`);
                return program.stdout.split('\n').includes('mounted M:');
              },
              60_000,
            );
            const client = await SimulatorClient.connect(await simulatorPort(portFile));
            if (name === 'mirrorfs') expect(await readThrough(client)).toBe('hello\n');
            await client.must('unmountOutside', { mountPoint: 'M:' });
            expect(await within('its end', 60_000, program.exit)).toMatchObject({ code: 0 });
            client.close();
          } finally {
            if (program.running) program.kill();
          }
        },
      );
    });
  },
);
