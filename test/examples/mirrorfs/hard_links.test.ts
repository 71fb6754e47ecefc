import { linkSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startExample, type ExampleProcess } from '../../support/example.js';
import { Posix } from '../../support/posix.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';

/** Names of one file that change behind the kernel's back, or that the kernel has not seen yet. */
describe.skipIf(process.platform !== 'linux')('hard links', () => {
  let place: TemporaryDirectory;
  let mirror: ExampleProcess;
  let posix: Posix;
  const inside = (name: string): string => join(place.path, 'mnt', name);
  const outside = (name: string): string => join(place.path, 'root', name);

  beforeEach(async () => {
    place = temporaryDirectory();
    const root = place.directory('root');
    writeFileSync(outside('one'), 'linked');
    linkSync(outside('one'), outside('two'));
    const args = ['--root', root, '--cache-timeout', '0'];
    mirror = await startExample('mirrorfs', place.directory('mnt'), { args });
    posix = new Posix({ deadline: 15_000 });
  });

  afterEach(async () => {
    await posix.kill();
    await mirror.stop();
    place.remove();
  });

  it('keep their file when the first name is replaced outside', async () => {
    const { ino } = await posix.stat(inside('one'));
    expect((await posix.stat(inside('two'))).ino).toBe(ino);
    // The name looked up last is not the one that goes.
    await posix.stat(inside('one'));
    const fd = await posix.open(inside('two'), 'RDWR');
    writeFileSync(outside('new'), 'replaced');
    renameSync(outside('new'), outside('one'));

    expect((await posix.stat(inside('two'))).ino).toBe(ino);
    expect((await posix.stat(inside('one'))).ino).not.toBe(ino);
    expect(await posix.readText(inside('two'))).toBe('linked');
    expect(await posix.readText(inside('one'))).toBe('replaced');
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('linked');
    await posix.chmod(inside('two'), 0o600);
    await posix.truncate(inside('two'), 4);
    await posix.pwrite(fd, 'L', 0);
    expect(readFileSync(outside('two'), 'utf8')).toBe('Link');
    expect(readFileSync(outside('one'), 'utf8')).toBe('replaced');
    await posix.closeFd(fd);
  });

  it('are one file to the kernel when the only name it knew is removed', async () => {
    const fd = await posix.open(inside('one'), 'RDWR');
    const map = await posix.map(fd, 4096);
    await posix.mapWrite(map, 0, 'L');
    await posix.unlink(inside('one'));
    const other = await posix.open(inside('two'), 'RDWR');
    const otherMap = await posix.map(other, 4096);
    // Pages of two files would not know of each other.
    await posix.mapWrite(map, 1, 'I');
    expect((await posix.mapRead(otherMap, 0, 6)).toString()).toBe('LInked');
    await posix.mapWrite(otherMap, 5, 'D');
    expect((await posix.mapRead(map, 0, 6)).toString()).toBe('LInkeD');
    await posix.unmap(map);
    await posix.unmap(otherMap);
    await posix.closeFd(fd);
    await posix.closeFd(other);
    expect(readFileSync(outside('two'), 'utf8')).toBe('LInkeD');
  });
});
