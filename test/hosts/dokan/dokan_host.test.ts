import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useWindowsAddon } from '../../../lib/hosts/dokan/addon.js';
import { dokanHost } from '../../../lib/hosts/dokan/dokan_host.js';
import type { WindowsAddon } from '../../../lib/hosts/dokan/native.js';
import type { HostedVolume } from '../../../lib/hosts/host.js';
import { resolveOptions, resolveUnmountOptions, type MountOptions } from '../../../lib/options.js';
import { deferred, harness, settled, type AnyOperations } from '../../dispatcher/harness.js';
import { EVERY_SESSION, failureOf, FakeAddon, holder, LIBRARY, native } from './fake_addon.js';

let addon: FakeAddon;
let before: WindowsAddon | undefined;

beforeEach(() => {
  addon = new FakeAddon();
  before = useWindowsAddon(addon as unknown as WindowsAddon);
});

afterEach(() => {
  useWindowsAddon(before);
  for (const volume of addon.volumes) expect(volume.violations).toEqual([]);
});

async function mountAt(
  mountPoint: string,
  options: MountOptions = {},
  operations: AnyOperations = {},
): Promise<HostedVolume> {
  const { dispatcher } = harness(operations);
  return dokanHost.mount(mountPoint, dispatcher, resolveOptions(options));
}

describe('mount points', () => {
  it.each([
    ['M', 'M:'],
    ['m', 'M:'],
    ['M:', 'M:'],
    ['M:\\', 'M:'],
    ['M:/', 'M:'],
  ])('%s is %s', async (given, expected) => {
    const volume = await mountAt(given);
    expect(addon.volumes[0]?.mountOptions?.mountPoint).toBe(expected);
    expect(volume.mountPoint).toBe(expected);
    expect(await dokanHost.spelling(given)).toBe(expected);
    await volume.unmount(false);
  });

  it.each([
    ['C:\\mnt\\notes', 'C:\\mnt\\notes'],
    ['c:/mnt//notes/', 'C:\\mnt\\notes'],
    ['C:\\mnt\\x\\..\\notes', 'C:\\mnt\\notes'],
  ])('the folder %s is %s', async (given, expected) => {
    expect(await dokanHost.spelling(given)).toBe(expected);
  });

  it.each([
    '',
    'MM',
    '1:',
    'M:notes',
    'mnt',
    '.\\mnt',
    '\\mnt',
    '\\\\server\\share',
    '\\\\?\\C:\\x',
  ])('refuses %j', async (given) => {
    expect(await failureOf(mountAt(given))).toMatchObject({ code: 'EINVAL', mountPoint: given });
    expect(addon.volumes).toEqual([]);
  });

  it('refuses a folder that is not there', async () => {
    const error = await failureOf(mountAt('C:\\no\\such\\folder'));
    expect(error).toMatchObject({ code: 'ENOENT', cure: 'Create the folder first.' });
  });

  it('tells what the system really assigned', async () => {
    addon.mounting = () => Promise.resolve('\\DosDevices\\N:');
    const volume = await mountAt('M:', { mountManager: true });
    expect(volume.mountPoint).toBe('N:');
    await volume.unmount(false);
  });
});

describe('options', () => {
  it.each([
    ['debug', 0],
    ['stderr', 1],
    ['altStreams', 2],
    ['writeProtect', 3],
    ['removable', 5],
    ['mountManager', 6],
    ['currentSession', 7],
    ['userModeLock', 8],
    ['caseSensitive', 9],
    ['networkUnmount', 10],
    ['driverLogs', 11],
    ['ipcBatching', 12],
  ])('%s is bit %i', async (name, bit) => {
    const volume = await mountAt('M:', { caseSensitive: false, [name]: true });
    expect(addon.volumes[0]?.mountOptions?.options).toBe(1 << bit);
    await volume.unmount(false);
  });

  it('are handed on', async () => {
    const volumeSecurityDescriptor = Buffer.alloc(20);
    const volume = await mountAt('M:', {
      caseSensitive: false,
      network: true,
      uncName: '\\\\server\\share',
      singleThread: true,
      timeout: 60_000,
      allocationUnitSize: 8192,
      sectorSize: 1024,
      volumeSecurityDescriptor,
      version: 220,
      operationTimeout: Infinity,
      pollTime: 7,
      readAhead: 65_536,
      libraryPath: LIBRARY,
    });
    expect(addon.volumes[0]?.mountOptions).toEqual({
      libraryPath: LIBRARY,
      mountPoint: 'M:',
      uncName: '\\server\\share',
      version: 220,
      singleThread: true,
      options: 1 << 4,
      timeout: 60_000,
      allocationUnitSize: 8192,
      sectorSize: 1024,
      volumeSecurityDescriptor,
      operationTimeout: Infinity,
      pollTime: 7,
      readAhead: 65_536,
    });
    await volume.unmount(false);
  });

  it('trap: a network volume on a folder is refused, for Dokan would drop the option', async () => {
    const options = { network: true, uncName: '\\\\server\\share' };
    expect(await failureOf(mountAt('C:\\mnt', options))).toMatchObject({ code: 'EINVAL' });
  });

  it.each(['server', '\\\\server', 'server\\share', '\\\\a\\b\\c', '\\\\\\a'])(
    'refuses the UNC name %j',
    async (uncName) => {
      const error = await failureOf(mountAt('M:', { network: true, uncName }));
      expect(error.code).toBe('EINVAL');
    },
  );
});

describe('what can go wrong', () => {
  it.each([
    [native('ELIBRARY', { win32Error: 126, detail: LIBRARY }), 'ERR_DOKAN_NOT_INSTALLED', /winget/],
    [native('EEXPORT', { detail: 'DokanInit' }), 'ERR_DOKAN_VERSION', /choco/],
    [native('EVERSION', { libraryVersion: 140 }), 'ERR_DOKAN_VERSION', /winget/],
    [native('EMOUNT', { result: -1 }), 'EIO', /debug/],
    [native('EMOUNT', { result: -2 }), 'EINVAL', /drive letter/],
    [native('EMOUNT', { result: -3 }), 'ERR_DOKAN_NOT_INSTALLED', /winget/],
    [native('EMOUNT', { result: -4 }), 'ERR_DOKAN_DRIVER', /Restart/],
    [native('EMOUNT', { result: -5 }), 'EBUSY', /drive letter/],
    [native('EMOUNT', { result: -6 }), 'EINVAL', /drive letter/],
    [native('EMOUNT', { result: -7 }), 'ERR_DOKAN_VERSION', /update/],
    [native('EMOUNT', { result: -99 }), 'EIO', /debug/],
    [native('ECLOSED'), 'EIO', /again/],
    [native('EAGAIN'), 'EAGAIN', /again/],
  ])('%o is a MountError with code and cure', async (cause, code, cure) => {
    addon.mounting = () => Promise.reject(cause);
    const error = await failureOf(mountAt('M:'));
    expect(error).toMatchObject({ code, mountPoint: 'M:', cause });
    expect(error.cure).toMatch(cure);
    expect(error.message).toContain(error.cure);
  });

  it('names the missing export and the wrong version', async () => {
    addon.mounting = () => Promise.reject(native('EEXPORT', { detail: 'DokanInit' }));
    await expect(mountAt('M:')).rejects.toThrow(/lacks DokanInit/);
    addon.mounting = () => Promise.reject(native('EVERSION', { libraryVersion: 140 }));
    await expect(mountAt('M:')).rejects.toThrow(/Dokan 1\.4\.0 is installed/);
  });

  it('names who holds the mount point', async () => {
    addon.mounts = [holder({ sessionId: 2, mountPoint: 'm:\\' })];
    addon.mounting = () => Promise.reject(native('EMOUNT', { result: -5 }));
    const error = await failureOf(mountAt('M:'));
    expect(error).toMatchObject({ code: 'EBUSY' });
    expect(error.message).toMatch(/Volume\{1\}, of session 2.*forceUnmount/);
  });

  it('tells nothing of Dokan for what is no failure of its', async () => {
    const mistake = new TypeError('wrong');
    addon.mounting = () => Promise.reject(mistake);
    await expect(mountAt('M:')).rejects.toBe(mistake);
  });
});

describe('forceUnmount', () => {
  it('removes what holds the mount point first', async () => {
    addon.mounts = [holder({ sessionId: 1 })];
    const volume = await mountAt('M:', { forceUnmount: true, libraryPath: LIBRARY });
    expect(addon.removed).toEqual([[LIBRARY, 'M:']]);
    await volume.unmount(false);
  });

  it.each([
    ["another session's", 2, /\\server\\share, of session 2/],
    ['what everybody sees and nobody has a note of', EVERY_SESSION, /share, of all sessions/],
  ])('never touches %s', async (_what, sessionId, whose) => {
    addon.mounts = [holder({ sessionId, uncName: '\\server\\share' })];
    const error = await failureOf(mountAt('M:', { forceUnmount: true }));
    expect(error.code).toBe('EPERM');
    expect(error.message).toMatch(whose);
    expect(addon.removed).toEqual([]);
  });

  it.each([2, EVERY_SESSION])(
    'takes that of session %i with allSessions, when elevated',
    async (sessionId) => {
      addon.mounts = [holder({ sessionId })];
      const options = { forceUnmount: true, allSessions: true };
      expect((await failureOf(mountAt('M:', options))).code).toBe('EPERM');
      expect(addon.removed).toEqual([]);
      addon.elevated = true;
      const volume = await mountAt('M:', options);
      expect(addon.removed).toHaveLength(1);
      await volume.unmount(false);
    },
  );

  it('fails when it does not go', async () => {
    addon.mounts = [holder({ sessionId: 1 })];
    addon.removes = false;
    expect((await failureOf(mountAt('M:', { forceUnmount: true }))).code).toBe('EBUSY');
  });

  it('leaves other places alone', async () => {
    addon.mounts = [holder({ mountPoint: 'N:' })];
    const volume = await mountAt('M:', { forceUnmount: true });
    expect(addon.removed).toEqual([]);
    await volume.unmount(false);
  });
});

describe('mountManager', () => {
  it('trap: the driver would replace a volume of the same user: refused without force', async () => {
    addon.mounts = [holder()];
    const error = await failureOf(mountAt('M:', { mountManager: true }));
    expect(error.code).toBe('EBUSY');
    expect(error.message).toContain('forceUnmount');
    expect(addon.volumes).toEqual([]);
  });
});

describe('the name of a volume', () => {
  it('is the one in the list', async () => {
    addon.mounts = [holder({ mountPoint: 'N:', deviceName: 'n' }), holder()];
    const volume = await mountAt('M:');
    expect(await volume.identify?.()).toBe('\\Device\\Volume{1}');
    await volume.unmount(false);
  });

  it('may come a little later, or never', async () => {
    const volume = await mountAt('M:');
    const name = volume.identify?.();
    await settled();
    addon.mounts = [holder()];
    expect(await name).toBe('\\Device\\Volume{1}');
    await volume.unmount(false);
    addon.mounts = [];
    const unlisted = await mountAt('M:');
    expect(await unlisted.identify?.()).toBeUndefined();
    await unlisted.unmount(false);
  });
});

describe("another process's volume", () => {
  it('is unmounted by its mount point', async () => {
    addon.mounts = [holder({ mountPoint: 'C:\\Mnt\\', sessionId: 1 })];
    await dokanHost.unmount('c:\\mnt', resolveUnmountOptions({ libraryPath: LIBRARY }));
    expect(addon.removed).toEqual([[LIBRARY, 'C:\\mnt']]);
  });

  it('must be there', async () => {
    expect(await failureOf(dokanHost.unmount('M:', resolveUnmountOptions({})))).toMatchObject({
      code: 'EINVAL',
      mountPoint: 'M:',
    });
  });
});

describe('the end of a volume', () => {
  it("is 'unmounted' by its own unmount", async () => {
    const volume = await mountAt('M:');
    await Promise.all([volume.unmount(false), volume.unmount(false), volume.unmount(true)]);
    expect(await volume.ended).toBe('unmounted');
    expect(addon.volumes[0]?.closeCalls).toBe(1);
    await volume.unmount(false);
  });

  it("trap: is 'ejected' by somebody else's, and closed then", async () => {
    const volume = await mountAt('M:');
    addon.volumes[0]?.eject();
    expect(await volume.ended).toBe('ejected');
    expect(addon.volumes[0]?.closeCalls).toBe(1);
    await volume.unmount(false);
  });

  it("is 'lost' when it cannot be closed", async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const volume = await mountAt('M:');
    addon.volumes[0]!.closeFailure = new Error('no');
    await volume.unmount(false);
    expect(await volume.ended).toBe('lost');
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
  });

  it('waits for what is being answered', async () => {
    const answer = deferred<object>();
    const volume = await mountAt('M:', {}, { getDiskFreeSpace: () => answer.promise });
    const asked = addon.volumes[0]!.ask({ operation: 'GET_DISK_FREE_SPACE' });
    let isOver = false;
    const leaving = volume.unmount(false).then(() => (isOver = true));
    await settled();
    expect(isOver).toBe(false);
    answer.resolve({ freeBytesAvailable: 1, totalBytes: 1, totalFreeBytes: 1 });
    await leaving;
    expect((await asked).status).toBe(0);
    expect(await volume.ended).toBe('unmounted');
  });

  it("by force is 'forced' when callbacks have to be stopped", async () => {
    const volume = await mountAt(
      'M:',
      {},
      { flushFileBuffers: () => undefined, createFile: () => new Promise(() => undefined) },
    );
    void addon.volumes[0]!.ask({
      operation: 'CREATE_FILE',
      name: '\\f',
      arguments: [1, 0, 7, 2, 0],
    });
    await volume.unmount(true);
    expect(await volume.ended).toBe('forced');
  });

  it("by force is 'forced' when transfers below JavaScript hang, which are cancelled", async () => {
    const volume = await mountAt('M:');
    const fake = addon.volumes[0]!;
    fake.transfer(2);
    await volume.unmount(true);
    expect(await volume.ended).toBe('forced');
    expect(fake.cancellations).toBe(1);
  });

  it('by force waits for transfers that cannot be cancelled, and tries again', async () => {
    const volume = await mountAt('M:');
    const fake = addon.volumes[0]!;
    fake.transfersEnd = false;
    fake.transfer(1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const leaving = volume.unmount(true);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(fake.cancellations).toBeGreaterThan(2);
      fake.transfer(0);
      await vi.advanceTimersByTimeAsync(10_000);
      await leaving;
      expect(await volume.ended).toBe('forced');
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits for transfers below JavaScript, which nobody disturbs', async () => {
    const volume = await mountAt('M:');
    const fake = addon.volumes[0]!;
    fake.transfer(1);
    const leaving = volume.unmount(false);
    await settled();
    expect(fake.cancellations).toBe(0);
    fake.transfer(0);
    await leaving;
    expect(await volume.ended).toBe('unmounted');
  });

  it('after an ejection does not wait for callbacks that never come back', async () => {
    const volume = await mountAt(
      'M:',
      {},
      { closeFile: () => new Promise(() => undefined), createFile: () => undefined },
    );
    const fake = addon.volumes[0]!;
    const { context } = await fake.ask({
      operation: 'CREATE_FILE',
      name: '\\f',
      arguments: [1, 0, 7, 1, 0],
    });
    void fake.ask({ operation: 'CLOSE_FILE', name: '\\f', context });
    fake.eject();
    expect(await volume.ended).toBe('ejected');
  });
});

describe('a volume that nobody says has gone', () => {
  const stuck: AnyOperations = {
    createFile: () => undefined,
    getFileInformation: () => new Promise(() => undefined),
  };

  /** One request whose callback never comes back. */
  async function ask(): Promise<void> {
    const fake = addon.volumes[0]!;
    const parameters = [1, 0, 7, 1, 0];
    const name = '\\f';
    const { context } = await fake.ask({ operation: 'CREATE_FILE', name, arguments: parameters });
    void fake.ask({ operation: 'GET_FILE_INFORMATION', name, context });
  }

  it("trap: is missed in Dokan's list while all its threads wait for callbacks", async () => {
    addon.mounts = [holder()];
    const volume = await mountAt('M:', {}, stuck);
    await ask();
    await settled();
    addon.mounts = [];
    expect(await volume.ended).toBe('ejected');
  });

  it("trap: is missed in Dokan's list while all its threads transfer what hangs", async () => {
    addon.mounts = [holder()];
    const volume = await mountAt('M:');
    addon.volumes[0]!.transfer(1);
    await settled();
    addon.mounts = [];
    expect(await volume.ended).toBe('ejected');
  });

  it('is not missed where it never was in the list, nor when it has got another letter', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const unlisted = await mountAt('M:', {}, stuck);
      await ask();
      await vi.advanceTimersByTimeAsync(10_000);
      addon.mounts = [holder()];
      await vi.advanceTimersByTimeAsync(2_000);
      addon.mounts = [holder({ mountPoint: 'N:' })];
      await vi.advanceTimersByTimeAsync(10_000);
      expect(addon.volumes[0]?.closeCalls).toBe(0);
      void unlisted.unmount(true);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await unlisted.ended).toBe('forced');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('driver logs', () => {
  it('reach the volumes that want them, from the beginning to the end', async () => {
    addon.mounting = ({ mountPoint }) => {
      addon.logHandler?.('early');
      return Promise.resolve(mountPoint);
    };
    const quiet = await mountAt('N:');
    const volume = await mountAt('M:', { driverLogs: true });
    const lines: string[] = [];
    quiet.onDriverLog?.((line) => lines.push(`quiet ${line}`));
    volume.onDriverLog?.((line) => lines.push(line));
    addon.logHandler?.('late');
    expect(lines).toEqual(['early', 'late']);
    await volume.unmount(false);
    expect(addon.logHandler).toBeUndefined();
    await quiet.unmount(false);
  });

  it('are listened to no longer when the mount fails', async () => {
    addon.mounting = () => Promise.reject(native('EAGAIN'));
    await failureOf(mountAt('M:', { driverLogs: true }));
    expect(addon.logHandler).toBeUndefined();
  });
});
