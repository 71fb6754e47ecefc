import { describe, expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { pattern, refuses, type Suite } from './suite.js';

/** statvfs(2): what df shows. */
export function statfs(suite: Suite): void {
  describe('statfs', () => {
    suite.test('the numbers make sense', [], async ({ posix, path }) => {
      const found = await posix.statvfs(path());
      expect(found.frsize).toBeGreaterThanOrEqual(512);
      expect(found.bsize).toBeGreaterThanOrEqual(512);
      expect(found.blocks).toBeGreaterThan(0);
      expect(found.bfree).toBeGreaterThan(0);
      expect(found.bfree).toBeLessThanOrEqual(found.blocks);
      expect(found.bavail).toBeLessThanOrEqual(found.bfree);
      expect(found.ffree).toBeLessThanOrEqual(found.files);
      expect(found.namemax).toBe(255);
    });

    suite.test('a file answers as its directory does', [], async ({ posix, path }) => {
      await posix.writeFile(path('file'), '');
      await posix.mkdir(path('directory'));
      const sizes = async (at: string): Promise<number[]> => {
        const { bsize, frsize, blocks } = await posix.statvfs(at);
        return [bsize, frsize, blocks];
      };
      expect(await sizes(path('file'))).toEqual(await sizes(path()));
      expect(await sizes(path('directory'))).toEqual(await sizes(path()));
      await refuses(posix.statvfs(path('missing')), 'ENOENT');
    });

    suite.test('writing takes free space', [], async ({ posix, path }) => {
      const part = pattern(4 << 20);
      const free = async (): Promise<number> => {
        const { bfree, frsize } = await posix.statvfs(path());
        return bfree * frsize;
      };
      // Others may use the same disk at the same moment, so one clear sight of it is enough.
      await eventually(
        'free space to shrink',
        async () => {
          const before = await free();
          const fd = await posix.open(path('file'), 'RDWR|CREAT|TRUNC');
          for (let at = 0; at < 8; at += 1) await posix.write(fd, part);
          await posix.fsync(fd);
          const after = await free();
          await posix.ftruncate(fd, 0);
          await posix.closeFd(fd);
          return before - after >= 16 << 20;
        },
        30_000,
      );
    });
  });
}
