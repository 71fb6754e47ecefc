import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MountOptions } from 'node-dokan';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.js';
import { windowsPath } from '../../support/wine.js';
import { describeWindows, type Bench } from './scene.js';
import { ifDriverSees } from '../extensions.js';

/** Bits of DOKAN_OPTIONS.Options, and what the driver makes of them. */
const FLAGS: readonly [keyof MountOptions, number, number][] = [
  ['debug', 0, -1],
  ['stderr', 1, -1],
  ['altStreams', 2, 0],
  ['writeProtect', 3, 1],
  ['removable', 5, 2],
  ['mountManager', 6, 3],
  ['currentSession', 7, 4],
  ['userModeLock', 8, 5],
  ['caseSensitive', 9, 6],
  ['networkUnmount', 10, 7],
  ['driverLogs', 11, 8],
  ['ipcBatching', 12, 9],
];

/** What the driver sees of the volume mounted last. */
async function seen(bench: Bench) {
  return (await bench.simulator.must('mounts')).volumes.at(-1)!;
}

describeWindows('what the driver sees of the options', (bench) => {
  test('nothing of what is not said', async () => {
    await bench.mount();
    const volume = await seen(bench);
    expect(volume).toMatchObject({
      ...{ mountPoint: 'M:', options: 0, timeout: 15_000, sectorSize: 512 },
      ...{ allocationUnitSize: 4096, uncName: '', sessionId: 0xffffffff },
    });
    const nothing = { deviceType: 0, options: 0, securityDescriptorLength: 0, timeout: 0 };
    ifDriverSees(volume, (driver) => expect(driver).toMatchObject(nothing));
  });

  test.each(FLAGS)('%s', async (option, bit, driverBit) => {
    await bench.mount({ [option]: true });
    const volume = await seen(bench);
    expect(volume.options).toBe(1 << bit);
    const passedOn = driverBit < 0 ? 0 : 1 << driverBit;
    ifDriverSees(volume, (driver) => expect(driver.options).toBe(passedOn));
  });

  test('network and uncName', async () => {
    await bench.mount({ network: true, uncName: '\\\\server\\share' });
    const volume = await seen(bench);
    expect(volume.options).toBe(1 << 4);
    const passedOn = { deviceType: 1, uncName: '\\server\\share' };
    ifDriverSees(volume, (driver) => expect(driver).toMatchObject(passedOn));
  });

  test.each([
    ['', { timeout: 1_000 }, { timeout: 15_000 }],
    ['', { timeout: 20_000 }, { timeout: 20_000 }],
    ['', { timeout: 300_000 }, { timeout: 300_000 }],
    [
      '',
      { allocationUnitSize: 65_536, sectorSize: 4096 },
      { allocationUnitSize: 65_536, sectorSize: 4096 },
    ],
    ['', { allocationUnitSize: 512 }, { allocationUnitSize: 512, sectorSize: 512 }],
    ['', { singleThread: true }, { threads: 1 }],
    ['', { version: 200 }, { options: 0 }],
  ])('%s%j', async (_, options: MountOptions, expected) => {
    await bench.mount(options);
    expect(await seen(bench)).toMatchObject(expected);
  });

  test.each([20, 16 * 1024])('a security descriptor of %d bytes', async (length) => {
    const volumeSecurityDescriptor = Buffer.alloc(length);
    volumeSecurityDescriptor.writeUInt32LE(0x80000001);
    await bench.mount({ volumeSecurityDescriptor });
    ifDriverSees(await seen(bench), (driver) => {
      expect(driver.securityDescriptorLength).toBe(length);
    });
  });

  test.each([
    ['M', 'M:'],
    ['m:', 'M:'],
    ['M:\\', 'M:'],
  ])('the mount point %s', async (given, point) => {
    const scene = await bench.mount({}, [], given);
    expect(scene.mountPoint).toBe(point);
    expect((await scene.calls())[0]).toMatchObject({ callback: 'mounted', args: [point] });
  });

  test('trap: the mount manager may give another letter', async () => {
    const scene = await bench.mount({ mountManager: true }, [], 'C:');
    expect(scene.mountPoint).toBe('D:');
    expect((await scene.calls())[0]).toMatchObject({ callback: 'mounted', args: ['D:'] });
  });

  test.each([
    ['label', { volumeLabel: 'l'.repeat(32) }, { label: 'l'.repeat(32) }],
    ['name', { fileSystemName: 'n'.repeat(10) }, { fileSystemName: 'n'.repeat(10) }],
    ['NTFS', {}, { fileSystemName: 'NTFS', label: 'DOKAN', maxComponent: 255 }],
  ])('trap: a volume has a sane %s', async (_, options: MountOptions, expected) => {
    const scene = await bench.mount(options);
    expect(await scene.must('queryVolume')).toMatchObject(expected);
  });

  test('trap: labels above 32 and names above 10 units are cut, never within a character', async () => {
    const scene = await bench.mount();
    const ask = async (volumeName: string, fileSystemName: string) => {
      const returns = { volumeName, fileSystemName };
      await scene.answer('getVolumeInformation', { always: true, returns });
      const { label, fileSystemName: name } = await scene.must('queryVolume');
      return [label.length, name.length];
    };
    expect(await ask('l'.repeat(32), 'n'.repeat(10))).toEqual([32, 10]);
    expect(await ask('l'.repeat(33), 'n'.repeat(11))).toEqual([32, 10]);
    expect(await ask(`${'l'.repeat(31)}\u{1f600}`, '')).toEqual([31, 0]);
  });

  test('trap: no free space to tell is 1 GiB, half of it free', async () => {
    const scene = await bench.mount({}, ['getDiskFreeSpace']);
    expect(await scene.must('querySize')).toMatchObject({ total: 2 ** 30, available: 2 ** 29 });
  });

  test('trap: requests come from several threads, with singleThread from one', async () => {
    const several = await bench.mount();
    expect((await seen(bench)).threads).toBeGreaterThanOrEqual(2);
    await several.unmount();
    const scene = await bench.mount({ singleThread: true });
    const opened = await scene.open();
    await scene.calls();
    await scene.answer('readFile', { hold: 'read' });
    const reading = scene.must('read', { ...opened, offset: 0, length: 1 });
    await scene.calling('readFile');
    const flushing = scene.must('flush', opened);
    expect(await scene.called()).toEqual(['readFile /f']);
    await scene.release('read');
    await Promise.all([reading, flushing]);
  });
});

describeWindows('what cannot be mounted', (bench) => {
  test.each([
    [{ allocationUnitSize: 131_072 }, 'EINVAL'],
    [{ uncName: 'x', network: true }, 'EINVAL'],
  ])('%j', async (options: MountOptions, code) => {
    expect(await bench.failure('M:', options)).toMatchObject({ name: 'MountError', code });
  });

  test.each<[object, string]>([
    [{ network: true, mountManager: true, uncName: '\\\\s\\x' }, 'network'],
    [{ mountManager: true, currentSession: true }, 'mountManager'],
    [{ network: true }, 'network'],
    [{ uncName: '\\\\s\\x' }, 'uncName'],
    [{ volumeLabel: 'l'.repeat(33) }, 'volumeLabel'],
    [{ fileSystemName: 'n'.repeat(11) }, 'fileSystemName'],
    [{ timeout: 300_001 }, 'timeout'],
    [{ volumeSecurityDescriptor: Buffer.alloc(16_385) }, 'volumeSecurityDescriptor'],
    [{ version: 199 }, 'version'],
    [{ libraryPath: 'dokan2.dll' }, 'libraryPath'],
    [{ sectorSize: 8192 }, 'sectorSize'],
    [{ nonsense: true }, 'nonsense'],
  ])('%j is refused before anything is asked', async (options, option) => {
    expect(await bench.failure('M:', options)).toMatchObject({ option });
  });

  test.each(['', 'MM:', '1:', 'relative', '/x'])('on %j', async (point) => {
    const { code, option } = await bench.failure(point);
    expect(code === 'EINVAL' || option === 'mountPoint').toBe(true);
  });

  test.each([
    [-1, 'EIO', /debug/],
    [-2, 'EINVAL', /drive letter/],
    [-3, 'ERR_DOKAN_NOT_INSTALLED', /[Ii]nstall/],
    [-4, 'ERR_DOKAN_DRIVER', /Restart/],
    [-5, 'EBUSY', /free/],
    [-6, 'EINVAL', /drive letter/],
    [-7, 'ERR_DOKAN_VERSION', /[Uu]pdate/],
    [-99, 'EIO', /debug/],
  ])('DokanCreateFileSystem returns %d: %s', async (result, code, cure) => {
    await bench.simulator.must('fail', { call: 'DokanCreateFileSystem', result });
    const error = await bench.failure('M:');
    expect(error).toMatchObject({ code, mountPoint: 'M:' });
    expect(error.cure).toMatch(cure);
    expect(error.message).toContain('M:');
    // The next one works.
    await bench.mount();
  });

  test('a letter that is taken, by whom; with forceUnmount it is free', async () => {
    const scene = await bench.mount();
    const error = await bench.failure('M:');
    expect(error.code).toBe('EBUSY');
    expect(error.cure).toContain('forceUnmount');
    expect(error.message).toMatch(/\\Device\\Volume/);
    await bench.mount({ forceUnmount: true });
    expect(await scene.closed()).toBe('ejected');
  });

  test('trap: a network volume on a folder would silently be none', async () => {
    const options = { network: true, uncName: '\\\\s\\x' };
    expect(await bench.failure('C:\\folder', options)).toMatchObject({ code: 'EINVAL' });
  });

  test('folders that are missing, or not empty', async () => {
    const temporary = temporaryDirectory();
    try {
      const point = windowsPath(temporary.path);
      expect(await bench.failure(`${point}\\missing`)).toMatchObject({ code: 'ENOENT' });
      writeFileSync(join(temporary.path, 'file'), '');
      expect(await bench.failure(point)).toMatchObject({ code: 'ENOTEMPTY' });
      expect(await bench.failure(`${point}\\file`)).toMatchObject({ code: 'ENOTDIR' });
    } finally {
      temporary.remove();
    }
  });
});
