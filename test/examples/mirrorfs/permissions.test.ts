import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startExample } from '../../support/example.js';
import { Posix } from '../../support/posix.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';

/** Who checks permissions, on a kernel. */
describe.skipIf(process.platform !== 'linux')('permissions', () => {
  let place: TemporaryDirectory;
  let posix: Posix;

  beforeEach(() => {
    place = temporaryDirectory();
    posix = new Posix({ deadline: 15_000 });
  });

  afterEach(async () => {
    await posix.kill();
    place.remove();
  });

  it.each([
    ['the kernel', [], true],
    ['nobody but the directory', ['--no-default-permissions'], false],
  ])('are checked by %s', async (_who, options, isChecked) => {
    const root = place.directory('root');
    const mountPoint = place.directory('mnt');
    const mirror = await startExample('mirrorfs', mountPoint, {
      args: ['--root', root, ...options],
    });
    try {
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
      const mine = mounts.find((line) => line.split(' ')[4] === mountPoint);
      expect(mine?.includes('default_permissions')).toBe(isChecked);

      await posix.mkdir(join(mountPoint, 'd'));
      await posix.writeFile(join(mountPoint, 'd', 'f'), 'text');
      expect(await posix.readText(join(mountPoint, 'd', 'f'))).toBe('text');
      await posix.unlink(join(mountPoint, 'd', 'f'));
      expect(await posix.names(join(mountPoint, 'd'))).toEqual([]);
    } finally {
      await mirror.stop();
    }
  });
});
