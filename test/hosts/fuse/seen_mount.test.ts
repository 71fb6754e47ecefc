import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadLinuxAddon, type FuseDevice } from '../../../lib/hosts/addon.js';
import { isOnTop, seeMountAt, type SeenMount } from '../../../lib/hosts/fuse/seen_mount.js';
import { takeAway, unmountIfOnTop } from '../../../lib/hosts/fuse/taking_away.js';
import { unmountExactly } from '../../../lib/hosts/fuse/unmounting_exactly.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';

const isRoot = process.geteuid?.() === 0;
const MNT_DETACH = 2;

/** The kernel has numbers of mounts that are never used again. */
const hasNumbers = isRoot && (await loadLinuxAddon().uniqueMountId('/')) !== 0;

describe.skipIf(!hasNumbers)('a volume that has taken the place of another one', () => {
  let place: TemporaryDirectory;
  let point: string;
  const devices: FuseDevice[] = [];

  beforeEach(() => {
    place = temporaryDirectory();
    point = place.directory('mnt');
  });

  afterEach(() => {
    place.remove();
    for (const device of devices.splice(0)) device.close();
  });

  /** Mounts a volume that nobody serves. */
  async function mount(): Promise<SeenMount> {
    const request = { mountPoint: point, source: 'test', type: 'fuse.test', flags: 0, data: '' };
    devices.push(await loadLinuxAddon().mountDirect(request));
    return (await seeMountAt(point))!;
  }

  /** The first of two volumes as it was seen, with the numbers that the second one has got. */
  async function replaced(): Promise<{ before: SeenMount; now: SeenMount }> {
    const { uniqueId } = await mount();
    await loadLinuxAddon().unmountDirect(point, MNT_DETACH);
    const now = await mount();
    expect(now.uniqueId).not.toBe(uniqueId);
    // They are given out anew at once, unless somebody else gets them first.
    return { before: { ...now, uniqueId }, now };
  }

  it('is not taken for it', async () => {
    const { before, now } = await replaced();
    expect(await isOnTop(before)).toBe(false);
    expect(await isOnTop(now)).toBe(true);
    // Where the kernel has no such numbers the others must do.
    expect(await isOnTop({ ...before, uniqueId: 0 })).toBe(true);
  });

  it('is not unmounted in its stead, nor by force', async () => {
    const { before, now } = await replaced();
    await unmountIfOnTop(before);
    await takeAway(before, 0);
    expect(await isOnTop(now)).toBe(true);
    await takeAway(now, 0);
    expect(await isOnTop(now)).toBe(false);
  });

  it.each([1, 2])('trap: is not unmounted when it comes after look %i', async (last) => {
    const before = await mount();
    let looks = 0;
    let now = before;
    await unmountExactly(point, async () => {
      const answer = await isOnTop(before);
      looks += 1;
      if (looks === last) {
        await loadLinuxAddon().unmountDirect(point, MNT_DETACH);
        now = await mount();
      }
      return answer;
    });
    expect(await isOnTop(now)).toBe(true);
  });

  it('is no reason to look in a way that takes the mark of MNT_EXPIRE away', async () => {
    const now = await mount();
    const unmountDirect = vi.spyOn(loadLinuxAddon(), 'unmountDirect');
    try {
      await unmountIfOnTop(now);
      expect(await isOnTop(now)).toBe(false);
      expect(unmountDirect).toHaveBeenCalledTimes(2);
    } finally {
      unmountDirect.mockRestore();
    }
  });

  it('is told apart without being asked, and when nobody answers there', async () => {
    const now = await mount();
    expect(await isOnTop(now)).toBe(true);
    await loadLinuxAddon().abortConnection(now.deviceNumber);
    expect(await isOnTop(now)).toBe(true);
  });
});
