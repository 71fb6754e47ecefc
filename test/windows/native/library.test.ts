/** The library: found or not, its results, its lists, its notifications, its log. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatorClient } from '../../simulator/client.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import { run } from '../../support/tools.js';
import { windowsProbe } from '../../support/windows_probe.js';
import { missingWine, windowsNode, windowsPath } from '../../support/wine.js';
import { RawHost } from '../raw_host.js';
import { testLibrary } from '../windows_volume.js';
import { checkUseOf, ifDriverSees } from '../extensions.js';

const missing = missingWine();

/** Exports of a library that has everything a Dokan 2.0.0 has. */
const required = [
  ...['DokanInit', 'DokanShutdown', 'DokanCreateFileSystem', 'DokanWaitForFileSystemClosed'],
  ...['DokanCloseHandle', 'DokanRemoveMountPoint', 'DokanDriverVersion', 'DokanResetTimeout'],
  ...['DokanOpenRequestorToken', 'DokanGetMountPointList', 'DokanReleaseMountPointList'],
  ...['DokanNotifyCreate', 'DokanNotifyDelete', 'DokanNotifyUpdate', 'DokanNotifyXAttrUpdate'],
  'DokanNotifyRename',
];

/** A DLL whose functions do nothing but return a number. */
async function makeLibrary(path: string, version: number, names: string[]): Promise<void> {
  const functions = names.map((name) => `__declspec(dllexport) int ${name}() { return 0; }`);
  const source = `${path}.c`;
  writeFileSync(
    source,
    `__declspec(dllexport) int DokanVersion() { return ${String(version)}; }\n${functions.join('\n')}\n`,
  );
  await run('x86_64-w64-mingw32-gcc-posix', ['-shared', '-o', path, source]);
}

describe.skipIf(missing !== undefined)('the library', () => {
  let directory: TemporaryDirectory;
  let host: RawHost;
  let driver: SimulatorClient;
  let keeper: number;

  beforeAll(async () => {
    directory = temporaryDirectory();
    host = await RawHost.start({ env: { DOKAN_PROBE: windowsPath(await windowsProbe()) } });
    keeper = await host.mount({
      mountPoint: 'K:',
      options: (1 << 4) | (1 << 11),
      uncName: '\\\\h\\s',
    });
    driver = await host.simulator();
  }, 300_000);

  afterAll(async () => {
    await host.end();
    directory.remove();
  });

  it('says its versions and where it is', async () => {
    const versions = (await host.call('versions')) as { path: string };
    expect(versions).toMatchObject({ library: 231, driver: 0x190 });
    expect(versions.path.toLowerCase()).toBe(windowsPath(await testLibrary()).toLowerCase());
  });

  it('is looked for in System32 only', async () => {
    // One of that name is loaded already, which must not be taken for it.
    await expect(host.call('systemVersions')).rejects.toMatchObject({
      code: 'ELIBRARY',
      win32Error: 126,
      detail: expect.stringMatching(/\\system32\\dokan2\.dll$/i) as unknown,
      message: expect.stringMatching(/install Dokan/) as unknown,
    });
  });

  it('is not loaded from a path that is none, and not from a relative one', async () => {
    await expect(host.call('versions', 'Z:\\nowhere\\dokan2.dll')).rejects.toMatchObject({
      code: 'ELIBRARY',
      win32Error: 126,
      detail: 'Z:\\nowhere\\dokan2.dll',
    });
    await expect(host.call('versions', 'build\\x.dll')).rejects.toMatchObject({ code: 'ELIBRARY' });
    await expect(host.mount({ libraryPath: 'Z:\\nowhere\\dokan2.dll' })).rejects.toMatchObject({
      code: 'ELIBRARY',
    });
  });

  it('lacks an export, or is of another major version', async () => {
    const without = async (name: string, version: number, names: string[]): Promise<string> => {
      const path = join(directory.path, `${name}.dll`);
      await makeLibrary(path, version, names);
      return windowsPath(path);
    };
    const lacking = await without(
      'lacking',
      205,
      required.filter((name) => name !== 'DokanNotifyXAttrUpdate'),
    );
    await expect(host.call('versions', lacking)).rejects.toMatchObject({
      code: 'EEXPORT',
      detail: 'DokanNotifyXAttrUpdate',
    });
    for (const version of [110, 300]) {
      const other = await without(`v${String(version)}`, version, []);
      await expect(host.call('versions', other)).rejects.toMatchObject({
        code: 'EVERSION',
        libraryVersion: version,
      });
    }
    // What came after 2.0.0 may lack.
    const oldest = await without('oldest', 200, required);
    expect(await host.call('versions', oldest)).toMatchObject({ library: 200, driver: 0 });
  }, 120_000);

  it.each([-1, -2, -3, -4, -5, -6, -7])(
    'passes on that mounting failed with %d',
    async (result) => {
      await driver.must('fail', { call: 'DokanCreateFileSystem', result });
      await expect(host.mount()).rejects.toMatchObject({ code: 'EMOUNT', result });
      expect((await driver.must('mounts')).volumes).toHaveLength(1);
    },
  );

  it('refuses names that would not fit into the library’s buffers', async () => {
    await expect(host.mount({ mountPoint: `C:\\${'x'.repeat(257)}` })).rejects.toThrow(/259/);
    await expect(host.mount({ uncName: `\\${'x'.repeat(63)}` })).rejects.toThrow(/63/);
    await expect(host.mount({ mountPoint: 'M:\0' })).rejects.toThrow(/NUL/);
  });

  it('hands over every option', async () => {
    const volume = await host.mount({
      mountPoint: 'O:',
      options: (1 << 5) | (1 << 9),
      timeout: 30_000,
      allocationUnitSize: 8192,
      sectorSize: 4096,
      singleThread: true,
      volumeSecurityDescriptor: Buffer.alloc(100, 1).toString('base64'),
    });
    const mounted = (await driver.must('mounts')).volumes.at(-1)!;
    expect(mounted).toMatchObject({
      mountPoint: 'O:',
      options: (1 << 5) | (1 << 9),
      timeout: 30_000,
      allocationUnitSize: 8192,
      sectorSize: 4096,
      threads: 1,
    });
    ifDriverSees(mounted, (seen) => expect(seen.securityDescriptorLength).toBe(100));
    await host.close(volume);
  });

  it('lists mount points and removes them', async () => {
    const volume = await host.mount({ mountPoint: 'L:' });
    const all = (await host.call('listMountPoints', false)) as { mountPoint: string }[];
    const ours = all.filter(({ mountPoint }) => /[KL]/.test(mountPoint));
    expect(ours).toHaveLength(2);
    const unc = (await host.call('listMountPoints', true)) as { uncName: string }[];
    expect(
      unc.filter(({ uncName }) => uncName === '\\h\\s' || uncName === '\\\\h\\s'),
    ).toHaveLength(1);
    expect(unc.every(({ uncName }) => uncName !== '')).toBe(true);
    expect(await host.call('removeMountPoint', 'L:')).toBe(true);
    expect(await host.call('removeMountPoint', 'Q:')).toBe(false);
    await eventually('onClosed', async () => (await host.state(volume)).closedCalls === 1);
    await host.close(volume);
    expect(await host.call('sessionId')).toBeTypeOf('number');
  });

  it('notifies, in order, from a thread of its own', async () => {
    const calls: [number, string, string | undefined, boolean, boolean][] = [
      [0, 'K:\\new', undefined, false, false],
      [1, 'K:\\gone', undefined, true, false],
      [2, 'K:\\f\u{1F600}', undefined, false, false],
      [3, 'K:\\x', undefined, false, false],
      [4, 'K:\\a', 'K:\\b', false, true],
    ];
    for (const call of calls) expect(await host.call('notify', keeper, ...call)).toBe(true);
    const list = await eventually('the notifications', async () => {
      const { notifications } = await driver.must('notifications');
      return notifications.length >= 6 ? notifications : undefined;
    });
    expect(list.map(({ action, filter, path }) => [action, filter, path])).toEqual([
      [1, 1, '\\new'],
      [2, 2, '\\gone'],
      [3, 4, '\\f\u{1F600}'],
      [3, 4, '\\x'],
      [4, 1, '\\a'],
      [5, 1, '\\b'],
    ]);
    await checkUseOf(driver);
  });

  it('takes as many notifications as its queue holds, and goes on while it is closed', async () => {
    const volume = await host.mount({ mountPoint: 'P:' });
    const accepted = (await host.call('notifyMany', volume, 200_000)) as number;
    expect(accepted).toBeGreaterThanOrEqual(65_536);
    await host.close(volume);
  }, 120_000);

  it('passes on what the driver logs, while somebody listens', async () => {
    const volume = Number((await driver.must('mounts')).volumes[0]?.volume);
    const log = (message: string): Promise<unknown> =>
      driver.must('driverLog', { volume, message });
    await log('nobody listens');
    await host.call('onDriverLog', true);
    await host.call('onDriverLog', true);
    await log('first ä \u{1F600}');
    await log('second');
    expect(
      await eventually('the lines', async () => {
        const lines = (await host.call('driverLog')) as string[];
        return lines.length > 0 ? lines : undefined;
      }),
    ).toEqual(['DriverLog: first ä \u{1F600}', 'DriverLog: second']);
    await host.call('onDriverLog', false);
    await log('nobody any more');
    await host.call('sleep', 100);
    expect(await host.call('driverLog')).toEqual([]);
  });

  it('200 times mounted and unmounted leave no handle behind', async () => {
    const handles = async (): Promise<number> => (await host.call('handles')) as number;
    await host.call('cycles', 20, { mountPoint: 'Q:' });
    const before = await handles();
    await host.call('cycles', 200, { mountPoint: 'Q:' });
    const grown = (await handles()) - before;
    expect(grown).toBeLessThan(20);
    expect((await driver.must('counters')).threads).toBeLessThan(5);
  }, 300_000);

  it('200 times, with the library shut down in between', async () => {
    const other = await RawHost.start();
    try {
      await other.call('cycles', 200, {});
    } finally {
      await other.end();
    }
  }, 300_000);

  it('is loaded by a node.exe with another name', async () => {
    const renamed = join(directory.path, 'electron-like.exe');
    copyFileSync(await windowsNode(20), renamed);
    const other = await RawHost.start({ nodeProgram: renamed });
    try {
      const volume = await other.mount();
      await other.close(volume);
    } finally {
      await other.end();
    }
  }, 120_000);
});
