import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listMounts, unmount } from 'node-dokan';
import { eventually } from '../../../support/eventually.js';
import { run } from '../../../support/tools.js';
import {
  freeDrive,
  missingDriver,
  RealVolume,
  scratchDirectory,
  type Scratch,
} from './real_volume.js';

const missing = missingDriver();

describe.skipIf(missing !== undefined)(`a mirrorfs ended by taskkill ${missing ?? ''}`, () => {
  let scratch: Scratch;
  let backing = '';
  beforeAll(() => {
    scratch = scratchDirectory();
    backing = join(scratch.path, 'backing');
    mkdirSync(backing);
    writeFileSync(join(backing, 'hello.txt'), 'hello');
  });
  afterAll(() => scratch.remove());

  const listed = async (mountPoint: string): Promise<boolean> => {
    const mounts = await listMounts();
    return mounts.some((each) => each.mountPoint.toLowerCase() === mountPoint.toLowerCase());
  };

  const killed = async (mountPoint: string): Promise<void> => {
    const volume = await RealVolume.start('mirrorfs', mountPoint, ['--root', backing]);
    expect(readFileSync(join(volume.root, 'hello.txt'), 'utf8')).toBe('hello');
    await run('taskkill', ['/F', '/PID', String(volume.child.pid)]);
    await volume.ended();
  };

  const points = {
    'a drive letter': () => freeDrive(),
    'a folder': () => {
      const folder = join(scratch.path, 'mounted');
      mkdirSync(folder, { recursive: true });
      return folder;
    },
  };

  describe.each(Object.entries(points))('at %s', (_, point) => {
    test('is released by force, and the place is free again', { timeout: 180_000 }, async () => {
      const mountPoint = point();
      await killed(mountPoint);
      // The driver may have noticed before we ask it to.
      await unmount(mountPoint, { force: true }).catch(async (error: unknown) => {
        if (await listed(mountPoint)) throw error;
      });
      await eventually('the mount list to forget it', async () => !(await listed(mountPoint)));
      await eventually(
        'its files to be gone',
        () => !existsSync(join(`${mountPoint}\\`, 'hello.txt')),
      );
      const again = await RealVolume.start('mirrorfs', mountPoint, ['--root', backing]);
      expect(readFileSync(join(again.root, 'hello.txt'), 'utf8')).toBe('hello');
      await again.stop();
    });

    test('gives way to the next one that mounts with force', { timeout: 180_000 }, async () => {
      const mountPoint = point();
      await killed(mountPoint);
      const args = ['--root', backing, '--force'];
      const next = await RealVolume.start('mirrorfs', mountPoint, args);
      expect(readFileSync(join(next.root, 'hello.txt'), 'utf8')).toBe('hello');
      await next.stop();
      expect(await listed(mountPoint)).toBe(false);
    });
  });
});
