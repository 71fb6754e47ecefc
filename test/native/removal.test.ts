import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addon, testDirectory } from './support.js';

const AT_REMOVEDIR = 0x200;
const [ENOENT, EPERM, EBUSY, EINVAL] = [-2, -1, -16, -22];
const [ALICE, BOB] = [65533, 65534];
const isRoot = process.geteuid?.() === 0;

describe.each([
  ['openat2', 1],
  ['component by component', 0],
] as const)('checkUnlinkBeneath, %s', (_, enabled) => {
  let root = '';
  let dir = -1;

  beforeEach(() => {
    addon.useOpenat2(enabled);
    root = testDirectory();
    chmodSync(root, 0o755);
    dir = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'd', 'f'), '');
    mkdirSync(join(root, 'd', 'e'));
  });
  afterEach(() => {
    addon.useOpenat2(1);
    closeSync(dir);
  });

  /** What it says, which must be what happens. */
  function removed(path: string, flags: number): number {
    const foretold = addon.checkUnlinkBeneath(dir, path, flags);
    expect(addon.unlinkBeneath(dir, path, flags), path).toBe(foretold);
    return foretold;
  }

  function asUser<T>(uid: number, work: () => T): T {
    process.seteuid?.(uid);
    try {
      return work();
    } finally {
      process.seteuid?.(0);
    }
  }

  it('removes nothing, and says what unlink(2) and rmdir(2) say', () => {
    expect(addon.checkUnlinkBeneath(dir, 'd/e', AT_REMOVEDIR)).toBe(0);
    expect(addon.checkUnlinkBeneath(dir, 'd/f', 0)).toBe(0);
    expect(existsSync(join(root, 'd', 'e')) && existsSync(join(root, 'd', 'f'))).toBe(true);
    expect(removed('d/f', AT_REMOVEDIR)).toBeLessThan(0);
    expect(removed('d/e', 0)).toBeLessThan(0);
    expect(removed('d/missing', 0)).toBe(ENOENT);
    expect(removed('missing/f', 0)).toBe(ENOENT);
    expect(removed('', AT_REMOVEDIR)).toBe(EINVAL);
    expect(removed('d/f', 0)).toBe(0);
    expect(removed('d/e', AT_REMOVEDIR)).toBe(0);
  });

  it.skipIf(!isRoot)('knows permissions and the sticky bit', () => {
    expect(asUser(ALICE, () => removed('d/f', 0))).toBe(-13);
    chmodSync(join(root, 'd'), 0o1777);
    chownSync(join(root, 'd', 'f'), ALICE, ALICE);
    expect(asUser(BOB, () => removed('d/f', 0))).toBe(EPERM);
    expect(asUser(BOB, () => removed('d/e', AT_REMOVEDIR))).toBe(EPERM);
    // Root may, whoever owns it.
    expect(addon.checkUnlinkBeneath(dir, 'd/f', 0)).toBe(0);
    expect(asUser(ALICE, () => removed('d/f', 0))).toBe(0);
    chownSync(join(root, 'd'), BOB, BOB);
    expect(asUser(BOB, () => removed('d/e', AT_REMOVEDIR))).toBe(0);
  });

  it.skipIf(!isRoot)('knows what is immutable', (context) => {
    const attribute = (change: string, path: string): number | null =>
      spawnSync('chattr', [change, join(root, path)]).status;
    if (attribute('+i', 'd/f') !== 0) context.skip('the file system has no such attribute');
    expect(removed('d/f', 0)).toBe(EPERM);
    attribute('-i', 'd/f');
    attribute('+a', 'd');
    const inAppendOnly = removed('d/f', 0);
    attribute('-a', 'd');
    expect(inAppendOnly).toBe(EPERM);
  });

  it.skipIf(!isRoot)('knows what is mounted there', () => {
    expect(spawnSync('mount', ['-t', 'tmpfs', 'none', join(root, 'd', 'e')]).status).toBe(0);
    const refused = removed('d/e', AT_REMOVEDIR);
    expect(spawnSync('umount', [join(root, 'd', 'e')]).status).toBe(0);
    expect(refused).toBe(EBUSY);
  });
});
