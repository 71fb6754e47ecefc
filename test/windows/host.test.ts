import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CreateDisposition, FileAccess } from '../../lib/constants.js';
import { SimulatorClient } from '../simulator/client.js';
import { temporaryDirectory } from '../support/temporary.js';
import { missingWine, runWindows, windowsNode, windowsPath } from '../support/wine.js';
import { addonEnvironment, WindowsVolume } from './windows_volume.js';

const missing = missingWine();
const program = fileURLToPath(new URL('./programs/without_dokan.mjs', import.meta.url));

interface Outcome {
  readonly value?: unknown;
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cure?: string;
}

async function withoutDokan(
  node: 20 | 22,
  environment: (scratch: string) => Promise<NodeJS.ProcessEnv>,
): Promise<Record<string, Outcome>> {
  const temporary = temporaryDirectory();
  try {
    const file = join(temporary.path, 'seen.json');
    const { code, stderr } = await runWindows(
      await windowsNode(node),
      [windowsPath(program), windowsPath(file)],
      { env: await environment(temporary.path) },
    );
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Outcome>;
  } finally {
    temporary.remove();
  }
}

describe.skipIf(missing !== undefined)(`Windows without Dokan ${missing ?? ''}`, () => {
  it.each([20, 22] as const)(
    'the package loads, and says how to install it (Node %i)',
    async (node) => {
      const seen = await withoutDokan(node, addonEnvironment);
      for (const call of ['mount', 'unmount', 'versions']) {
        expect(seen[call]).toMatchObject({ name: 'MountError', code: 'ERR_DOKAN_NOT_INSTALLED' });
        expect(seen[call]?.cure).toMatch(/winget install dokan-dev\.Dokany.*choco install dokany2/);
      }
      expect(seen['folder']).toMatchObject({ name: 'MountError', code: 'EINVAL' });
      expect(seen['listMounts']).toEqual({ value: [] });
    },
    120_000,
  );

  it('the package loads without an addon as well, and nothing of Linux with it', async () => {
    const nowhere = 'C:\\nowhere';
    const seen = await withoutDokan(22, () => Promise.resolve({ NODE_DOKAN_PREBUILD: nowhere }));
    expect(seen['mount']).toMatchObject({ name: 'AddonError', code: 'ERR_ADDON' });
    expect(seen['folder']).toMatchObject({ name: 'MountError', code: 'EINVAL' });
  }, 120_000);
});

describe.skipIf(missing !== undefined)(`the memfs example on Windows ${missing ?? ''}`, () => {
  it('serves files, and ends when it is ejected', async () => {
    const temporary = temporaryDirectory();
    const served = await WindowsVolume.start('memfs', { scratch: temporary.path });
    const client = await SimulatorClient.connect(served.port);
    try {
      const { volumes } = await client.must('mounts');
      const { volume } = volumes[0]!;
      const created = await client.must('create', {
        volume,
        name: '\\hello.txt',
        processId: 1,
        desiredAccess: FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE,
        fileAttributes: 0,
        shareAccess: 7,
        createDisposition: CreateDisposition.OPEN_IF,
        createOptions: 0,
      });
      expect(created.information).toBe(2);
      const file = { volume, context: created.context, name: '\\hello.txt' };
      const data = Buffer.from('hello from Windows');
      expect((await client.must('write', { ...file, offset: 0 }, data)).written).toBe(data.length);
      const read = await client.must('read', { ...file, offset: 0, length: 100 });
      expect(read.payload.toString()).toBe('hello from Windows');
      const label = await client.must('queryVolume', { volume });
      expect(label).toMatchObject({ label: 'memfs', fileSystemName: 'NTFS' });
      await client.must('unmountOutside', { mountPoint: 'M:' });
      const { code, stderr } = await served.process.exit;
      expect([code, stderr]).toEqual([0, 'M: is gone: ejected\n']);
    } finally {
      client.close();
      served.process.kill();
      temporary.remove();
    }
  }, 120_000);
});
