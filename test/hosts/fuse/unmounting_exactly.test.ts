import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unmountExactly } from '../../../lib/hosts/fuse/unmounting_exactly.js';
import { readMountInfo, topmostAt } from '../../../lib/mounts/mountinfo.js';
import { detach } from '../../support/mounts.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import { run } from '../../support/tools.js';

describe.skipIf(process.getuid?.() !== 0)('unmountExactly() (needs root)', () => {
  let directory: TemporaryDirectory;
  let point: string;

  beforeEach(async () => {
    directory = temporaryDirectory();
    point = directory.directory('mnt');
    await mount('ours');
  });

  afterEach(() => {
    detach(point);
    directory.remove();
  });

  const mount = (source: string): Promise<string> => run('mount', ['-t', 'tmpfs', source, point]);

  const top = async (): Promise<string | undefined> =>
    topmostAt(await readMountInfo(), point)?.source;

  /** Looks, and does something in the moment after that look. */
  function lookingOnce(look: number, then: () => Promise<unknown>): () => Promise<boolean> {
    let looks = 0;
    return async () => {
      const isThere = (await top()) === 'ours';
      looks += 1;
      if (looks === look) await then();
      return isThere;
    };
  }

  it('unmounts what is there', async () => {
    await unmountExactly(point, lookingOnce(0, top));
    expect(await top()).toBeUndefined();
  });

  it.each([1, 2])('trap: leaves what is mounted on top after look %i', async (look) => {
    await unmountExactly(
      point,
      lookingOnce(look, () => mount('other')),
    );
    expect(await top()).toBe('other');
  });

  it.each([1, 2])('trap: leaves what is mounted instead after look %i', async (look) => {
    const replace = async (): Promise<void> => {
      await run('umount', [point]);
      await mount('other');
    };
    await unmountExactly(point, lookingOnce(look, replace));
    expect(await top()).toBe('other');
  });

  it.each([1, 2])('is content when somebody else unmounts it after look %i', async (look) => {
    await unmountExactly(
      point,
      lookingOnce(look, () => run('umount', [point])),
    );
    expect(await top()).toBeUndefined();
  });

  it('does nothing when it is not there any more', async () => {
    await unmountExactly(point, () => Promise.resolve(false));
    expect(await top()).toBe('ours');
  });

  it('of what is in use fails', async () => {
    const file = await open(`${point}/file`, 'w');
    try {
      await expect(unmountExactly(point, lookingOnce(0, top))).rejects.toMatchObject({
        code: 'EBUSY',
        mountPoint: point,
      });
    } finally {
      await file.close();
    }
  });

  it('unmounts what somebody looks at again and again', async () => {
    const looking = async (): Promise<boolean> => {
      const isThere = (await top()) === 'ours';
      readdirSync(point);
      return isThere;
    };
    await unmountExactly(point, looking);
    expect(await top()).toBeUndefined();
  });
});
