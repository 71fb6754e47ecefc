import { describe, expect, it } from 'vitest';
import type { FileContext } from '../../../lib/operations.js';
import { NtStatus, Rig } from './harness.js';

/** A file system that hands this through. */
const handsThrough = (backingFd: unknown, isDirectory = false): object => ({
  createFile: (_path: string, _request: unknown, file: FileContext) => {
    file.isDirectory = isDirectory;
    file.backingFd = backingFd as number;
  },
});

describe('a real file behind an open', () => {
  it('is told to native code before the open is', async () => {
    const rig = new Rig(handsThrough(7));
    const context = await rig.open('\\f');
    expect(rig.native.backings).toEqual([7]);
    await rig.release(context, '\\f');
  });

  it('is none for a directory, and where media come and go', async () => {
    const directory = new Rig(handsThrough(7, true));
    await directory.release(await directory.open('\\d'), '\\d');
    expect(directory.native.backings).toEqual([]);
    const media = new Rig({ ...handsThrough(7), checkMedia: () => 'present' });
    await media.release(await media.open('\\f'), '\\f');
    expect(media.native.backings).toEqual([]);
    expect([...directory.errors, ...media.errors]).toEqual([]);
  });

  it.each([-1, 1.5, NaN, '7', null])('is a mistake when it is %j', async (backingFd) => {
    const rig = new Rig(handsThrough(backingFd));
    await rig.release(await rig.open('\\f'), '\\f');
    expect(rig.native.backings).toEqual([]);
    expect(rig.errors).toEqual([
      expect.objectContaining({ code: 'ERR_CALLBACK_FAILED', callback: 'createFile', path: '/f' }),
    ]);
  });

  it('that Windows does not take leaves the open to the callbacks', async () => {
    const rig = new Rig({ ...handsThrough(7), readFile: () => 3 });
    rig.native.backingError = 6;
    const context = await rig.open('\\f');
    expect(rig.errors).toHaveLength(1);
    const read = await rig.ask({
      operation: 'READ_FILE',
      name: '\\f',
      context,
      arguments: [3],
      target: 3,
    });
    expect([read.status, read.result(0)]).toEqual([NtStatus.SUCCESS, 3]);
    await rig.release(context, '\\f');
  });

  it('is let go of when requests are given up', () => {
    const rig = new Rig({});
    rig.session.abandonAll(NtStatus.DEVICE_REMOVED);
    expect(rig.native.cancellations).toBe(1);
  });
});
