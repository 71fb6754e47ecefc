import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mount } from '../../../lib/mount.js';
import { readMountInfo, topmostAt } from '../../../lib/mounts/mountinfo.js';
import { loadLinuxAddon, type FuseDevice } from '../../../lib/hosts/addon.js';
import { Errno } from '../../../lib/hosts/fuse/protocol.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';

/** umount2(2) flag: the mount is gone at once, whoever uses it. */
const MNT_DETACH = 2;

const isRoot = process.geteuid?.() === 0;

describe.skipIf(!isRoot)('a mount that fails when the kernel has it already', () => {
  let place: TemporaryDirectory;
  let device: FuseDevice | undefined;
  beforeEach(() => {
    place = temporaryDirectory();
    device = undefined;
  });
  afterEach(() => {
    vi.restoreAllMocks();
    place.remove();
  });

  /** A device on which one thing does not work. */
  function breakDevice(change: (device: FuseDevice) => void): void {
    const addon = loadLinuxAddon();
    const mountDirect = addon.mountDirect.bind(addon);
    vi.spyOn(addon, 'mountDirect').mockImplementation(async (request) => {
      device = await mountDirect(request);
      change(device);
      return device;
    });
  }

  async function nothingIsLeft(point: string): Promise<void> {
    if (device !== undefined) expect(device.fd).toBe(-1);
    expect(topmostAt(await readMountInfo(), point)).toBeUndefined();
    vi.restoreAllMocks();
    const volume = await mount(point, {});
    await volume.unmount();
  }

  it('to start leaves nothing', async () => {
    const point = place.directory('mnt');
    const failure = new Error('no polling today');
    breakDevice((broken) => {
      broken.start = () => {
        throw failure;
      };
    });
    await expect(mount(point, {})).rejects.toBe(failure);
    await nothingIsLeft(point);
  });

  it.each(['noOpen', 'noOpendir'])('because of %s with media leaves nothing', async (option) => {
    const point = place.directory('mnt');
    const operations = { checkMedia: () => 'present' as const };
    const mounting = mount(point, operations, { [option]: true });
    await expect(mounting).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option });
    await expect(mounting).rejects.toThrow('checkMedia');
    await nothingIsLeft(point);
  });

  it('because somebody is just taking it away says so', async () => {
    const point = place.directory('mnt');
    breakDevice((broken) => {
      // Whoever does so by force has cut the connection, and not unmounted it yet.
      broken.receive = () => -Errno.ENODEV;
    });
    await expect(mount(point, {})).rejects.toMatchObject({ code: 'EBUSY', mountPoint: point });
    if (device !== undefined) expect(device.fd).toBe(-1);
    await loadLinuxAddon().unmountDirect(point, MNT_DETACH);
    await nothingIsLeft(point);
  });

  it('to be ready leaves nothing', async () => {
    const point = place.directory('mnt');
    breakDevice((broken) => {
      broken.receive = () => -Errno.ECONNABORTED;
    });
    await expect(mount(point, {})).rejects.toMatchObject({ code: 'EPROTO', mountPoint: point });
    await nothingIsLeft(point);
  });
});
