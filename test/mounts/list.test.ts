import { afterEach, describe, expect, it, vi } from 'vitest';
import { useWindowsAddon } from '../../lib/hosts/dokan/addon.js';
import type { WindowsAddon } from '../../lib/hosts/dokan/native.js';
import { listMounts, ownerOf } from '../../lib/mounts/list.js';
import * as mountinfo from '../../lib/mounts/mountinfo.js';

const { parseMountInfo } = mountinfo;

const file = vi.hoisted(() => ({ text: '' }));

vi.mock('node:fs/promises', () => ({ readFile: () => Promise.resolve(file.text) }));

afterEach(() => {
  vi.unstubAllGlobals();
  Object.defineProperty(process, 'platform', platform);
});

const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;

function on(name: NodeJS.Platform): void {
  Object.defineProperty(process, 'platform', { ...platform, value: name });
}

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
      { mountPoint: '/mnt/a', volumeLabel: 'my notes', userId: 1000, readOnly: false },
      { mountPoint: '/mnt/b\\c', volumeLabel: 'notes', userId: 0, readOnly: true },
      { mountPoint: '/mnt/d', volumeLabel: 'x', userId: undefined, readOnly: true },
    ]);
  });

  it('has nothing to list on darwin', async () => {
    on('darwin');
    file.text = '2 1 0:50 / /mnt/a rw - fuse.node-dokan x rw';
    expect(await listMounts()).toEqual([]);
  });

  it("lists what is mounted through Dokan, by the driver's list", async () => {
    on('win32');
    const asked: unknown[] = [];
    const listMountPoints = (...given: unknown[]): Promise<unknown[]> => {
      asked.push(given);
      const rest = { type: 0, uncName: '', deviceName: 'd', sessionId: 1 };
      return Promise.resolve([
        { ...rest, mountPoint: '\\DosDevices\\m:', mountOptions: 0 },
        { ...rest, mountPoint: 'C:\\mnt\\notes\\', mountOptions: 2 },
      ]);
    };
    const before = useWindowsAddon({ listMountPoints } as unknown as WindowsAddon);
    try {
      expect(await listMounts({ libraryPath: 'C:\\d\\dokan2.dll' })).toEqual([
        { mountPoint: 'M:', volumeLabel: '', userId: undefined, readOnly: false },
        { mountPoint: 'C:\\mnt\\notes', volumeLabel: '', userId: undefined, readOnly: true },
      ]);
      expect(asked).toEqual([['C:\\d\\dokan2.dll', false]]);
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

describe('ownerOf', () => {
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
  });
});
