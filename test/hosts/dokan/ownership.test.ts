import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useWindowsAddon } from '../../../lib/hosts/dokan/addon.js';
import type { NativeMountPoint, WindowsAddon } from '../../../lib/hosts/dokan/native.js';
import { checkOwner, EVERY_SESSION } from '../../../lib/hosts/dokan/ownership.js';
import { listDokanMounts, unmountDokan } from '../../../lib/hosts/dokan/mount_list.js';
import { storeNote } from '../../../lib/mounts/notes.js';
import { currentUser } from '../../../lib/mounts/own_mounts.js';
import { isRunning, thisProcess } from '../../../lib/mounts/process_identity.js';
import { makeRuntimeDirectory } from '../../../lib/mounts/runtime_directory.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';

/** Whose a volume of Dokan's is, with an addon that says what it is told. Wine knows no other users. */

const SESSION = 7;
const DEVICE = '\\Device\\Volume{1}';

const holder: NativeMountPoint = {
  type: 0,
  mountPoint: '\\DosDevices\\M:',
  uncName: '',
  deviceName: DEVICE,
  sessionId: EVERY_SESSION,
  mountOptions: 0,
};

let temporary: TemporaryDirectory;
let before: WindowsAddon | undefined;
const removed: string[] = [];
const addon = {
  sessionId: SESSION,
  isElevated: () => elevated,
  listMountPoints: () => Promise.resolve(removed.length === 0 ? [holder] : []),
  removeMountPoint: (_: unknown, mountPoint: string) => {
    removed.push(mountPoint);
    return Promise.resolve(true);
  },
  probeVolume: () => Promise.resolve(probed),
};
let elevated = false;
let probed = 'live';

beforeEach(() => {
  temporary = temporaryDirectory();
  vi.stubEnv('NODE_DOKAN_RUNTIME_DIR', `${temporary.path}/notes`);
  before = useWindowsAddon(addon as unknown as WindowsAddon);
  elevated = false;
  probed = 'live';
});

afterEach(() => {
  useWindowsAddon(before);
  vi.unstubAllEnvs();
  temporary.remove();
  removed.length = 0;
});

async function note(user: string, started?: string): Promise<void> {
  const here = (await thisProcess())!;
  await storeNote(await makeRuntimeDirectory([]), {
    ...{ device: DEVICE, mountPoint: 'M:', user, command: ['node'], fileSystem: 'x' },
    ...{ process: { ...here, started: started ?? here.started }, options: {}, mountedAt: 1 },
  });
}

describe.runIf(process.platform === 'linux')('a volume may be taken away', () => {
  const check = (changes: Partial<NativeMountPoint> = {}, allSessions = false): Promise<void> =>
    checkOwner('M:', { ...holder, ...changes }, allSessions);

  it("when it is this session's", async () => {
    await check({ sessionId: SESSION });
    await note(currentUser());
    await check({ sessionId: SESSION });
  });

  it("not when it is this session's, and another user's by a note", async () => {
    await note('somebody');
    await expect(check({ sessionId: SESSION })).rejects.toHaveProperty('code', 'EPERM');
    await expect(check()).rejects.toHaveProperty('code', 'EPERM');
  });

  it('when all sessions see it and this user has a note of it', async () => {
    await note(currentUser());
    await check();
  });

  it.each([
    ['another volume', { deviceName: '\\Device\\Volume{2}' }, /Volume\{2\}, of all sessions/],
    ['another session', { sessionId: SESSION + 1 }, /of session 8/],
    ['a share', { deviceName: 'x', uncName: '\\s\\x' }, /\\s\\x, of all sessions/],
  ])('not when the note is of %s', async (_what, changes, message) => {
    await note(currentUser());
    const refused = check(changes);
    await expect(refused).rejects.toMatchObject({ code: 'EPERM', mountPoint: 'M:' });
    await expect(refused).rejects.toThrow(message);
    await expect(check(changes)).rejects.toThrow(/'allSessions' as an administrator/);
  });

  it.each([{}, { sessionId: SESSION + 1 }])(
    'with allSessions by who is elevated: %j',
    async (of) => {
      await expect(check(of, true)).rejects.toMatchObject({ code: 'EPERM' });
      await expect(check(of, true)).rejects.toThrow(/is not elevated.*needs an administrator/);
      elevated = true;
      await check(of, true);
      // Being elevated is not enough.
      await expect(check(of, false)).rejects.toHaveProperty('code', 'EPERM');
    },
  );

  it('by unmounting, which removes nothing when it may not', async () => {
    await expect(unmountDokan('m:\\', {})).rejects.toHaveProperty('code', 'EPERM');
    await expect(unmountDokan('M:', { allSessions: true })).rejects.toHaveProperty('code', 'EPERM');
    expect(removed).toEqual([]);
    await note(currentUser());
    await unmountDokan('M:', {});
    expect(removed).toEqual(['M:']);
  });
});

it.runIf(process.platform === 'linux')('a volume is dead when its process is gone', async () => {
  await note(currentUser());
  expect(await listDokanMounts(undefined, 5)).toMatchObject([
    { mountPoint: 'M:', state: 'live', processId: process.pid, fileSystem: 'x' },
  ]);
  await note(currentUser(), 'before');
  expect(await isRunning({ id: process.pid, started: 'before' })).toBe(false);
  // Notes go before nothing that the system says.
  expect(await listDokanMounts(undefined, 5)).toMatchObject([{ state: 'live' }]);
  probed = 'hung';
  expect(await listDokanMounts(undefined, 5)).toMatchObject([
    { state: 'dead', processId: undefined, fileSystem: 'x', command: ['node'] },
  ]);
});
