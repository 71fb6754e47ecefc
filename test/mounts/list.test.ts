import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useWindowsAddon } from '../../lib/hosts/dokan/addon.js';
import type { WindowsAddon } from '../../lib/hosts/dokan/native.js';
import { OptionError } from '../../lib/errors.js';
import { groupOf, listMounts, ownerOf, type MountEntry } from '../../lib/mounts/list.js';
import type { ListOptions } from '../../lib/options.js';
import * as mountinfo from '../../lib/mounts/mountinfo.js';

const { parseMountInfo } = mountinfo;

const file = vi.hoisted((): { text: string | Buffer } => ({ text: '' }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const readFile = (path: string, ...rest: []): Promise<unknown> =>
    path.endsWith('/mountinfo')
      ? Promise.resolve(Buffer.from(file.text))
      : real.readFile(path, ...rest);
  return { ...real, readFile };
});

/** Nobody has a note of what is only made up. */
beforeEach(() => {
  vi.stubEnv('NODE_DOKAN_RUNTIME_DIR', '/nowhere/notes');
});

afterEach(() => {
  vi.unstubAllEnvs();
  Object.defineProperty(process, 'platform', platform);
});

const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;

function on(name: NodeJS.Platform): void {
  Object.defineProperty(process, 'platform', { ...platform, value: name });
}

/** What nothing is known of, and nobody can ask. */
const BARE: Omit<MountEntry, 'mountPoint'> = {
  volumeLabel: '',
  userId: undefined,
  sessionId: undefined,
  readOnly: false,
  state: 'unknown',
  processId: undefined,
  command: undefined,
  fileSystem: undefined,
  options: undefined,
  mountedAt: undefined,
};

describe('listMounts', () => {
  it("lists our volumes and nobody else's", async () => {
    on('linux');
    file.text = `
1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 0:50 / /mnt/a rw,nosuid - fuse.node-dokan my\\040notes rw,user_id=1000,group_id=1000
3 1 0:51 / /mnt/b\\134c ro - fuse.node-dokan notes rw,user_id=0,group_id=0
4 1 0:52 / /mnt/d rw - fuse.node-dokan x ro
5 1 0:53 / /mnt/e rw - fuse.sshfs node-dokan rw,user_id=1000
`;
    expect(await listMounts()).toEqual([
      { ...BARE, mountPoint: '/mnt/a', volumeLabel: 'my notes', userId: 1000 },
      { ...BARE, mountPoint: '/mnt/b\\c', volumeLabel: 'notes', userId: 0, readOnly: true },
      { ...BARE, mountPoint: '/mnt/d', volumeLabel: 'x', readOnly: true },
    ]);
  });

  it('names places of any bytes', async () => {
    on('linux');
    file.text = Buffer.from('2 1 0:50 / /mnt/\xe4 rw - fuse.node-dokan x rw,user_id=1', 'latin1');
    expect(await listMounts()).toMatchObject([{ mountPoint: '/mnt/\udce4', state: 'unknown' }]);
  });

  it.each([{ timeout: -1 }, { timeout: 1.5 }, { timeout: '1' }, { other: 1 }])(
    'refuses %j',
    async (options) => {
      await expect(listMounts(options as ListOptions)).rejects.toThrow(OptionError);
    },
  );

  it('has nothing to list on darwin', async () => {
    on('darwin');
    file.text = '2 1 0:50 / /mnt/a rw - fuse.node-dokan x rw';
    expect(await listMounts()).toEqual([]);
  });

  it("lists what is mounted through Dokan, by the driver's list", async () => {
    on('win32');
    const asked: unknown[] = [];
    const probed: unknown[] = [];
    const addon = {
      listMountPoints: (...given: unknown[]): Promise<unknown[]> => {
        asked.push(given);
        const rest = { type: 0, uncName: '', deviceName: 'd' };
        return Promise.resolve([
          { ...rest, mountPoint: '\\DosDevices\\m:', mountOptions: 0, sessionId: 1 },
          { ...rest, mountPoint: 'C:\\mnt\\notes\\', mountOptions: 2, sessionId: 0xffff_ffff },
        ]);
      },
      probeVolume: (...given: unknown[]): Promise<string> => {
        probed.push(given);
        return Promise.resolve(given[0] === 'M:' ? 'live' : 'hung');
      },
    };
    const before = useWindowsAddon(addon as unknown as WindowsAddon);
    try {
      expect(await listMounts({ libraryPath: 'C:\\d\\dokan2.dll', timeout: 5 })).toEqual([
        { ...BARE, mountPoint: 'M:', sessionId: 1, state: 'live' },
        { ...BARE, mountPoint: 'C:\\mnt\\notes', readOnly: true, state: 'hung' },
      ]);
      expect(asked).toEqual([['C:\\d\\dokan2.dll', false]]);
      expect(probed).toEqual([
        ['M:', 5],
        ['C:\\mnt\\notes', 5],
      ]);
      await expect(listMounts({ libraryPath: 'dokan2.dll' })).rejects.toThrow(/absolute path/);
    } finally {
      useWindowsAddon(before);
    }
  });

  it('lists nothing on Windows without Dokan', async () => {
    on('win32');
    const missing = Object.assign(new Error('no library'), { code: 'ELIBRARY', win32Error: 126 });
    const listMountPoints = (): Promise<never> => Promise.reject(missing);
    const before = useWindowsAddon({ listMountPoints } as unknown as WindowsAddon);
    try {
      expect(await listMounts()).toEqual([]);
    } finally {
      useWindowsAddon(before);
    }
  });
});

describe('ownerOf and groupOf', () => {
  it.each([
    ['rw,user_id=1000', 1000],
    ['user_id=0', 0],
    ['rw', undefined],
    ['user_id=', undefined],
    ['user_id=root', undefined],
    ['user_id=-1', undefined],
    ['my_user_id=5', undefined],
  ])('%s: %s', (options, owner) => {
    const [mount] = parseMountInfo(`2 1 0:50 / /mnt/a rw - fuse.x y ${options}`);
    expect(ownerOf(mount!)).toBe(owner);
    const [group] = parseMountInfo(
      `2 1 0:50 / /mnt/a rw - fuse.x y ${options.replace('user', 'group')}`,
    );
    expect(groupOf(group!)).toBe(owner);
  });
});
