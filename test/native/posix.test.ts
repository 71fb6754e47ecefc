import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addon, count, testDirectory } from './support.js';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW } = constants;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20200000;
const AT_REMOVEDIR = 0x200;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

const [EPERM, ENOENT, EBADF, EEXIST, EXDEV, ENOTDIR, EISDIR, EINVAL] = [
  -1, -2, -9, -17, -18, -20, -21, -22,
];
const [ENAMETOOLONG, ENOTEMPTY, ELOOP, ENODATA, EILSEQ, EOPNOTSUPP] = [
  -36, -39, -40, -61, -84, -95,
];
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

// Every test with openat2 and with the walk that stands in for it on old kernels.
describe.each([
  ['openat2', 1],
  ['component by component', 0],
] as const)('%s', (_, enabled) => {
  let root = '';
  let outside = '';
  let dir = -1;
  let descriptors = 0;
  const out = new BigInt64Array(18);

  beforeEach(() => {
    addon.useOpenat2(enabled);
    const directory = testDirectory();
    root = join(directory, 'root');
    outside = join(directory, 'outside');
    mkdirSync(root);
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(root, 'a'));
    mkdirSync(join(root, 'a', 'b'));
    writeFileSync(join(root, 'file'), 'hello');
    writeFileSync(join(root, 'a', 'b', 'deep'), 'deep');
    symlinkSync('file', join(root, 'link'));
    symlinkSync(join(outside, 'secret'), join(root, 'escape'));
    symlinkSync('a', join(root, 'dirlink'));
    symlinkSync(outside, join(root, 'outlink'));
    symlinkSync('../outside', join(root, 'uplink'));
    dir = openSync(root, O_RDONLY | O_DIRECTORY);
    descriptors = count('fd');
  });
  afterEach(() => {
    addon.useOpenat2(1);
    expect(count('fd')).toBe(descriptors);
    closeSync(dir);
  });

  function opened(path: string | Uint8Array, flags = O_RDONLY, mode = 0): number {
    const fd = addon.openBeneath(dir, path, flags, mode);
    if (fd >= 0) {
      // FD_CLOEXEC is shown as a flag of the open file.
      const flagsLine = /flags:\t(\d+)/.exec(
        readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'utf8'),
      );
      expect(parseInt(flagsLine?.[1] ?? '', 8) & 0o2000000).not.toBe(0);
      closeSync(fd);
      return 0;
    }
    return fd;
  }

  function text(path: string | Uint8Array): string | number {
    const fd = addon.openBeneath(dir, path, O_RDONLY, 0);
    if (fd < 0) return fd;
    const buffer = Buffer.alloc(100);
    const length = readSync(fd, buffer);
    closeSync(fd);
    return buffer.toString('latin1', 0, length);
  }

  describe('openBeneath', () => {
    it('opens files and directories', () => {
      expect(text('file')).toBe('hello');
      expect(text('a/b/deep')).toBe('deep');
      expect(text('a//b/./deep')).toBe('deep');
      expect(text(bytes('a/b/deep'))).toBe('deep');
      for (const path of ['', '.', './', 'a', 'a/', 'a/b', 'a/.']) expect(opened(path)).toBe(0);
      expect(opened('file/')).toBe(ENOTDIR);
      expect(opened('file/x')).toBe(ENOTDIR);
      expect(opened('missing')).toBe(ENOENT);
      expect(opened('missing/x')).toBe(ENOENT);
      expect(opened('a', O_WRONLY)).toBe(EISDIR);
      expect(opened('file', O_RDONLY | O_DIRECTORY)).toBe(ENOTDIR);
      expect(addon.openBeneath(9999, 'file', O_RDONLY, 0)).toBe(EBADF);
    });

    it('creates with a mode', () => {
      const before = process.umask(0);
      try {
        expect(opened('new', O_WRONLY | O_CREAT | O_EXCL, 0o640)).toBe(0);
        expect(opened('new', O_WRONLY | O_CREAT | O_EXCL, 0o640)).toBe(EEXIST);
        expect(statSync(join(root, 'new')).mode & 0o7777).toBe(0o640);
        expect(opened('a', O_WRONLY | O_TMPFILE, 0o600)).toBe(0);
      } finally {
        process.umask(before);
      }
    });

    it('ignores flags and modes that open(2) ignores', () => {
      expect(opened('file', O_RDONLY | 0x20, 0o644)).toBe(0); // FMODE_EXEC, as FUSE passes it on
      expect(opened('file', O_PATH | O_RDWR | O_CREAT, 0o644)).toBe(0);
    });

    it('never leaves the directory', () => {
      for (const path of ['..', '../outside/secret', 'a/../..', 'a/../file', '/etc/passwd', '/']) {
        expect(opened(path), path).toBe(EXDEV);
      }
      for (const path of [
        'link',
        'escape',
        'dirlink',
        'dirlink/b',
        'dirlink/',
        'outlink/secret',
        'uplink/secret',
      ]) {
        expect(opened(path), path).toBe(ELOOP);
        expect(opened(path, O_PATH), path).toBe(ELOOP);
      }
      expect(opened('escape', O_WRONLY | O_CREAT, 0o600)).toBe(ELOOP);
      expect(opened('dirlink', O_RDONLY | O_DIRECTORY)).toBe(ELOOP);
      expect(opened('..file')).toBe(ENOENT); // a name like any other
      expect(opened('a/b..')).toBe(ENOENT);
      symlinkSync('/proc/self/root', join(root, 'magic'));
      expect(opened('magic/etc/passwd')).toBe(ELOOP);
    });

    it('opens a link itself with O_PATH|O_NOFOLLOW', () => {
      const fd = addon.openBeneath(dir, 'escape', O_PATH | O_NOFOLLOW, 0);
      expect(fstatSync(fd).isSymbolicLink()).toBe(true);
      closeSync(fd);
    });
  });

  describe('paths', () => {
    it('carry bytes that are not UTF-8', () => {
      const raw = [0x66, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98];
      const name = Uint8Array.from(raw);
      const escaped = 'f' + '\udcff' + '\udcc3(' + '\udced\udca0\udc80' + '\udcf0\udc9f\udc98';
      expect(opened(name, O_WRONLY | O_CREAT, 0o600)).toBe(0);
      expect(readdirSync(root, 'buffer').map((entry) => entry.toString('hex'))).toContain(
        Buffer.from(name).toString('hex'),
      );
      expect(text(escaped)).toBe('');
      const listing = addon.readDirectory(dir, '');
      expect(typeof listing === 'number' ? [] : listing.names).toContain(escaped);
      expect(addon.unlinkBeneath(dir, escaped, 0)).toBe(0);
      expect(text(name)).toBe(ENOENT);
    });

    it('carry all of Unicode', () => {
      for (const name of ['é', 'ß€', '漢字', '😀', 'a😀\udc80', '\u{10ffff}', '\ufffd', '\ue000']) {
        expect(addon.mkdirBeneath(dir, name, 0o700), name).toBe(0);
        const listing = addon.readDirectory(dir, '');
        expect(typeof listing === 'number' ? [] : listing.names).toContain(name);
        expect(addon.unlinkBeneath(dir, name, AT_REMOVEDIR)).toBe(0);
      }
      writeFileSync(join(root, 'ü😀'), 'both');
      expect(text('ü😀')).toBe('both');
    });

    it('are refused when they are no path', () => {
      expect(opened('fi\0le')).toBe(EINVAL);
      expect(opened(bytes('file\0'))).toBe(EINVAL);
      for (const name of ['\ud800', 'x\udbff', '\udc00', '\udc7f', '\udd00', '\ud800x']) {
        expect(opened(name)).toBe(EILSEQ);
      }
      expect(opened('x'.repeat(256))).toBe(ENAMETOOLONG);
      expect(opened('x/'.repeat(2048))).toBe(ENAMETOOLONG);
      expect(opened('x/'.repeat(100_000))).toBe(ENAMETOOLONG);
      expect(opened('€'.repeat(2000))).toBe(ENAMETOOLONG);
      expect(opened(new Uint8Array(4096).fill(0x2e))).toBe(ENAMETOOLONG);
      expect(opened('./'.repeat(2047))).toBe(0); // 4094 bytes
      for (const path of [1, null, undefined, {}, new Uint16Array(1), new ArrayBuffer(1)]) {
        expect(() => addon.openBeneath(dir, path as never, 0, 0)).toThrow(TypeError);
      }
      expect(() => addon.openBeneath('1' as never, 'file', 0, 0)).toThrow(
        /Expected a number for 'dirFd', got a string/,
      );
      expect(() => (addon as unknown as { openBeneath(): number }).openBeneath()).toThrow(
        TypeError,
      );
    });
  });

  describe('stat', () => {
    const fields = (): bigint[] => [...out];

    it('tells what node:fs tells', () => {
      for (const path of ['file', 'a', 'a/', 'a/b/deep', 'link', 'escape', '', '.', 'a/.']) {
        expect(addon.statBeneath(dir, path, out), path).toBe(0);
        const expected = lstatSync(join(root, path), { bigint: true });
        expect(fields().slice(0, 14), path).toEqual([
          expected.dev,
          expected.ino,
          expected.mode,
          expected.nlink,
          expected.uid,
          expected.gid,
          expected.rdev,
          expected.size,
          expected.blksize,
          expected.blocks,
          expected.atimeNs,
          expected.mtimeNs,
          expected.ctimeNs,
          expected.birthtimeNs === 0n ? -1n : expected.birthtimeNs,
        ]);
      }
      const fd = openSync(join(root, 'file'), 'r');
      expect(addon.statFd(fd, out)).toBe(0);
      expect(out[1]).toBe(fstatSync(fd, { bigint: true }).ino);
      closeSync(fd);
      expect(addon.statFd(fd, out)).toBe(EBADF);
    });

    it('does not follow and does not leave', () => {
      expect(addon.statBeneath(dir, 'outlink/secret', out)).toBe(ELOOP);
      expect(addon.statBeneath(dir, 'outlink/', out)).toBe(ELOOP);
      expect(addon.statBeneath(dir, '..', out)).toBe(EXDEV);
      expect(addon.statBeneath(dir, 'a/..', out)).toBe(EXDEV);
      expect(addon.statBeneath(dir, '/file', out)).toBe(EXDEV);
      expect(addon.statBeneath(dir, 'missing', out)).toBe(ENOENT);
      expect(addon.statBeneath(dir, 'file/', out)).toBe(ENOTDIR);
    });

    it('describes one name of a directory', () => {
      const expected = new BigInt64Array(18);
      for (const name of ['file', 'a', 'link']) {
        expect(addon.statBeneath(dir, name, expected)).toBe(0);
        expect(addon.statEntry(dir, name, out)).toBe(0);
        expect([...out]).toEqual([...expected]);
      }
      expect(addon.statEntry(dir, 'missing', out)).toBe(ENOENT);
      expect(addon.statEntry(dir, Buffer.from('file'), out)).toBe(0);
      for (const path of ['', '.', '..', 'dir/', '/file', 'a/b', 'fi\0le']) {
        expect(addon.statEntry(dir, path, out)).toBe(EINVAL);
      }
    });

    it('wants room for the answer', () => {
      expect(() => addon.statBeneath(dir, 'file', new BigInt64Array(17))).toThrow(TypeError);
      expect(() => addon.statFd(dir, new BigUint64Array(16) as never)).toThrow(TypeError);
    });
  });

  describe('entries', () => {
    it('are made and removed', () => {
      expect(addon.mkdirBeneath(dir, 'a/new', 0o700)).toBe(0);
      expect(addon.mkdirBeneath(dir, 'a/new', 0o700)).toBe(EEXIST);
      expect(addon.unlinkBeneath(dir, 'a/new', 0)).toBe(EISDIR);
      expect(addon.unlinkBeneath(dir, 'a/new', AT_REMOVEDIR)).toBe(0);
      expect(addon.unlinkBeneath(dir, 'a', AT_REMOVEDIR)).toBe(ENOTEMPTY);
      expect(addon.unlinkBeneath(dir, 'file', 0)).toBe(0);
      expect(existsSync(join(root, 'file'))).toBe(false);
      expect(addon.mknodBeneath(dir, 'fifo', 0o010600, 0)).toBe(0);
      expect(lstatSync(join(root, 'fifo')).isFIFO()).toBe(true);
      expect(addon.mknodBeneath(dir, 'null', 0o020600, (1 << 8) | 3)).toBe(0);
      expect(lstatSync(join(root, 'null')).rdev).toBe((1 << 8) | 3);
    });

    it('are linked', () => {
      expect(addon.symlinkBeneath('any/thing', dir, 'a/s')).toBe(0);
      expect(readlinkSync(join(root, 'a', 's'))).toBe('any/thing');
      expect(addon.symlinkBeneath(bytes('\xff\xfe'), dir, 'a/t')).toBe(0);
      expect(addon.readlinkBeneath(dir, 'a/t')).toEqual(Uint8Array.from([0xff, 0xfe]));
      expect(addon.symlinkBeneath('x'.repeat(4095), dir, 'a/long')).toBe(0);
      expect((addon.readlinkBeneath(dir, 'a/long') as Uint8Array).length).toBe(4095);
      expect(addon.readlinkBeneath(dir, 'file')).toBe(EINVAL);
      expect(addon.symlinkBeneath('', dir, 'a/u')).toBe(ENOENT);
      expect(addon.linkBeneath(dir, 'file', 'a/hard')).toBe(0);
      expect(statSync(join(root, 'file')).nlink).toBe(2);
      expect(addon.linkBeneath(dir, 'escape', 'a/second')).toBe(0); // the link, not the secret
      expect(lstatSync(join(root, 'a', 'second')).isSymbolicLink()).toBe(true);
      expect(statSync(join(outside, 'secret')).nlink).toBe(1);
    });

    it('are renamed', () => {
      expect(addon.renameBeneath(dir, 'file', 'a/moved', 0)).toBe(0);
      expect(text('a/moved')).toBe('hello');
      writeFileSync(join(root, 'other'), 'other');
      expect(addon.renameBeneath(dir, 'other', 'a/moved', RENAME_NOREPLACE)).toBe(EEXIST);
      expect(addon.renameBeneath(dir, 'other', 'a/moved', RENAME_EXCHANGE)).toBe(0);
      expect(text('other')).toBe('hello');
      expect(addon.renameBeneath(dir, 'other', 'a/moved', RENAME_NOREPLACE | RENAME_EXCHANGE)).toBe(
        EINVAL,
      );
      expect(addon.renameBeneath(dir, 'a', 'a/b/c', 0)).toBe(EINVAL);
      expect(addon.renameBeneath(dir, 'a/b/', 'c', 0)).toBe(EINVAL);
    });

    it('are linked and renamed beside each other, and between directories', () => {
      mkdirSync(join(root, 'a', 'c'));
      expect(addon.linkBeneath(dir, 'a/b/deep', 'a/b/beside')).toBe(0);
      expect(addon.linkBeneath(dir, 'a/b/deep', 'a/c/across')).toBe(0);
      expect(addon.linkBeneath(dir, 'file', 'a/c/up')).toBe(0);
      expect(addon.linkBeneath(dir, 'a/c/up', 'down')).toBe(0);
      expect(addon.renameBeneath(dir, 'a/b/beside', 'a/b/besides', 0)).toBe(0);
      expect(addon.renameBeneath(dir, 'a/c/across', 'a/b/crossed', 0)).toBe(0);
      expect(readdirSync(join(root, 'a', 'b')).sort()).toEqual(['besides', 'crossed', 'deep']);
      expect(readdirSync(join(root, 'a', 'c'))).toEqual(['up']);
      expect(statSync(join(root, 'a', 'b', 'deep')).nlink).toBe(3);
      expect(statSync(join(root, 'down')).nlink).toBe(3);
      expect(addon.linkBeneath(dir, 'a/none/x', 'a/none/y')).toBe(ENOENT);
      expect(addon.linkBeneath(dir, 'outlink/secret', 'outlink/taken')).toBe(ELOOP);
      expect(addon.renameBeneath(dir, 'a/b/deep', 'a/b/..', 0)).toBe(EINVAL);
    });

    it('need a name at the end and do not leave', () => {
      for (const path of ['', '.', '..', 'a/', 'a/.', 'a/..', '/']) {
        expect(addon.mkdirBeneath(dir, path, 0o700), path).toBe(EINVAL);
        expect(addon.unlinkBeneath(dir, path, AT_REMOVEDIR), path).toBe(EINVAL);
        expect(addon.symlinkBeneath('x', dir, path), path).toBe(EINVAL);
        expect(addon.linkBeneath(dir, 'file', path), path).toBe(EINVAL);
        expect(addon.renameBeneath(dir, path, 'x', 0), path).toBe(EINVAL);
        expect(addon.mknodBeneath(dir, path, 0o100600, 0), path).toBe(EINVAL);
        expect(addon.readlinkBeneath(dir, path), path).toBe(EINVAL);
      }
      const escapes: [string, number][] = [
        ['../x', EXDEV],
        ['a/../../x', EXDEV],
        [join(outside, 'x'), EXDEV],
        ['/x', EXDEV],
        ['outlink/x', ELOOP],
        ['uplink/x', ELOOP],
        ['dirlink/x', ELOOP],
      ];
      for (const [path, error] of escapes) {
        expect(addon.mkdirBeneath(dir, path, 0o700), path).toBe(error);
        expect(addon.symlinkBeneath('x', dir, path), path).toBe(error);
        expect(addon.linkBeneath(dir, 'file', path), path).toBe(error);
        expect(addon.linkBeneath(dir, path, 'y'), path).toBe(error);
        expect(addon.renameBeneath(dir, 'file', path, 0), path).toBe(error);
        expect(addon.renameBeneath(dir, path, 'y', 0), path).toBe(error);
        expect(addon.mknodBeneath(dir, path, 0o100600, 0), path).toBe(error);
        expect(addon.unlinkBeneath(dir, path.replace(/x$/, 'secret'), 0), path).toBe(error);
        expect(addon.readlinkBeneath(dir, path), path).toBe(error);
      }
      expect(addon.mkdirBeneath(dir, 'outlink', 0o700)).toBe(EEXIST);
      expect(readdirSync(outside)).toEqual(['secret']);
    });
  });

  describe('attributes', () => {
    it('sets modes, never through a link', () => {
      chmodSync(join(outside, 'secret'), 0o600);
      expect(addon.chmodBeneath(dir, 'a/b/deep', 0o4711)).toBe(0);
      expect(statSync(join(root, 'a/b/deep')).mode & 0o7777).toBe(0o4711);
      expect(addon.chmodBeneath(dir, '', 0o750)).toBe(0);
      expect(statSync(root).mode & 0o7777).toBe(0o750);
      expect(addon.chmodBeneath(dir, 'escape', 0o777)).toBe(EOPNOTSUPP);
      expect(addon.chmodBeneath(dir, 'outlink/secret', 0o777)).toBe(ELOOP);
      expect(addon.chmodBeneath(dir, 'missing', 0o777)).toBe(ENOENT);
      expect(statSync(join(outside, 'secret')).mode & 0o7777).toBe(0o600);
    });

    it('sets owners, of a link itself', () => {
      expect(addon.chownBeneath(dir, 'a/b/deep', 12, 34)).toBe(0);
      expect(addon.chownBeneath(dir, 'a/b/deep', -1, 35)).toBe(0);
      expect(statSync(join(root, 'a/b/deep'))).toMatchObject({ uid: 12, gid: 35 });
      expect(addon.chownBeneath(dir, 'escape', 12, 0xfffffffe)).toBe(0);
      expect(lstatSync(join(root, 'escape'))).toMatchObject({ uid: 12, gid: 0xfffffffe });
      expect(statSync(join(outside, 'secret')).uid).toBe(0);
      expect(addon.chownBeneath(dir, '.', 13, 14)).toBe(0);
      expect(statSync(root)).toMatchObject({ uid: 13, gid: 14 });
      expect(addon.chownBeneath(dir, 'outlink/secret', 1, 1)).toBe(ELOOP);
    });

    it('sets times to the nanosecond', () => {
      const times = (path: string): [bigint | undefined, bigint | undefined] => {
        expect(addon.statBeneath(dir, path, out)).toBe(0);
        const whole = (low: number): bigint =>
          ((out[low + 4] ?? 0n) << 64n) + BigInt.asUintN(64, out[low] ?? 0n);
        return [whole(10), whole(11)];
      };
      const one = 1_700_000_000_123_456_789n;
      const before1970 = -1n;
      expect(addon.utimesBeneath(dir, 'a/b/deep', one, before1970, 3)).toBe(0);
      expect(times('a/b/deep')).toEqual([one, before1970]);
      // Beyond 2262 nanoseconds since 1970 exceed 64 bits.
      const in2400 = 13_569_465_600_000_000_001n;
      expect(addon.utimesBeneath(dir, 'a/b/deep', one, in2400, 3)).toBe(0);
      expect(times('a/b/deep')).toEqual([one, in2400]);
      expect(() => addon.utimesBeneath(dir, 'a/b/deep', 1n << 100n, 0n, 3)).toThrow(RangeError);
      expect(addon.utimesBeneath(dir, 'a/b/deep', 5n, 7n, 2)).toBe(0);
      expect(times('a/b/deep')).toEqual([one, 7n]);
      expect(addon.utimesBeneath(dir, 'a/b/deep', -1_000_000_001n, 9n, 1)).toBe(0);
      expect(times('a/b/deep')).toEqual([-1_000_000_001n, 7n]);
      expect(addon.utimesBeneath(dir, 'a/b/deep', 0n, 0n, 0)).toBe(0);
      expect(times('a/b/deep')).toEqual([-1_000_000_001n, 7n]);
      const secret = statSync(join(outside, 'secret'), { bigint: true }).mtimeNs;
      expect(addon.utimesBeneath(dir, 'escape', 1n, 2n, 3)).toBe(0);
      expect(times('escape')).toEqual([1n, 2n]);
      expect(statSync(join(outside, 'secret'), { bigint: true }).mtimeNs).toBe(secret);
      for (const path of ['', 'a/']) {
        expect(addon.utimesBeneath(dir, path, 3n, 4n, 3)).toBe(0);
        expect(times(path)).toEqual([3n, 4n]);
      }
      expect(addon.utimesBeneath(dir, 'outlink/secret', 1n, 2n, 3)).toBe(ELOOP);
      const fd = openSync(join(root, 'file'), 'r');
      expect(addon.utimesFd(fd, one, one + 1n, 3)).toBe(0);
      closeSync(fd);
      expect(times('file')).toEqual([one, one + 1n]);
      expect(() => addon.utimesBeneath(dir, 'file', 1 as never, 2n, 3)).toThrow(TypeError);
    });

    it('gets, sets, lists and removes extended attributes', () => {
      const value = Uint8Array.from([0, 255, 1]);
      expect(addon.getXattr(dir, 'file', 'user.x')).toBe(ENODATA);
      expect(addon.setXattr(dir, 'file', 'user.x', value, 0)).toBe(0);
      expect(addon.setXattr(dir, 'file', 'user.x', value, 1)).toBe(EEXIST);
      expect(addon.setXattr(dir, 'file', 'user.y', value, 2)).toBe(ENODATA);
      expect(addon.setXattr(dir, 'file', 'user.\udcff', new Uint8Array(0), 0)).toBe(0);
      expect(addon.getXattr(dir, 'file', 'user.x')).toEqual(value);
      expect(addon.getXattr(dir, 'file', bytes('user.\xff'))).toEqual(new Uint8Array(0));
      expect([...(addon.listXattr(dir, 'file') as string[])].sort()).toEqual([
        'user.x',
        'user.\udcff',
      ]);
      expect(addon.removeXattr(dir, 'file', 'user.x')).toBe(0);
      expect(addon.removeXattr(dir, 'file', 'user.x')).toBe(ENODATA);
      expect(addon.listXattr(dir, 'a/b')).toEqual([]);
      expect(addon.setXattr(dir, '', 'user.root', value, 0)).toBe(0);
      expect(addon.getXattr(dir, '.', 'user.root')).toEqual(value);
      expect(addon.getXattr(dir, 'file', 'user.\0')).toBe(EINVAL);
      expect(() => addon.setXattr(dir, 'file', 'user.x', 'v' as never, 0)).toThrow(TypeError);
    });

    it('has extended attributes of a link itself', () => {
      const value = Uint8Array.from([1]);
      expect(addon.setXattr(dir, 'escape', 'user.x', value, 0)).toBe(EPERM); // not on links
      expect(addon.setXattr(dir, 'escape', 'trusted.x', value, 0)).toBe(0);
      expect(addon.getXattr(dir, 'escape', 'trusted.x')).toEqual(value);
      expect(addon.listXattr(dir, 'escape')).toEqual(['trusted.x']);
      const other = openSync(outside, O_RDONLY);
      expect(addon.listXattr(other, 'secret')).toEqual([]);
      closeSync(other);
      expect(addon.getXattr(dir, 'outlink/secret', 'user.x')).toBe(ELOOP);
    });

    it('has large extended attributes', () => {
      // tmpfs and others take no user attributes of this size: the disk decides.
      const value = new Uint8Array(3000).fill(7);
      const result = addon.setXattr(dir, 'file', 'user.large', value, 0);
      expect([0, -28]).toContain(result);
      if (result === 0) expect(addon.getXattr(dir, 'file', 'user.large')).toEqual(value);
    });
  });

  describe('data', () => {
    it('is allocated and found', () => {
      const path = join(root, 'sparse');
      const fd = openSync(path, 'w+');
      truncateSync(path, 8 << 20);
      writeSync(fd, 'x', 4 << 20);
      const data = addon.seek(fd, 0, 3);
      expect(data).toBeGreaterThan(0);
      expect(data).toBeLessThanOrEqual(4 << 20);
      expect(addon.seek(fd, 4 << 20, 4)).toBeGreaterThan(4 << 20);
      expect(addon.seek(fd, 8 << 20, 3)).toBe(-6);
      expect(addon.seek(fd, 2 ** 40, 0)).toBe(2 ** 40);
      expect(addon.seek(fd, 0, 99)).toBe(EINVAL);
      expect(addon.fallocate(fd, 0, 8 << 20, 4096)).toBe(0);
      expect(fstatSync(fd).size).toBe((8 << 20) + 4096);
      expect(addon.fallocate(fd, 1, 9 << 20, 4096)).toBe(0); // KEEP_SIZE
      expect(fstatSync(fd).size).toBe((8 << 20) + 4096);
      expect(addon.fallocate(fd, 0, -1, 1)).toBe(EINVAL);
      closeSync(fd);
      expect(addon.seek(fd, 0, 0)).toBe(EBADF);
    });
  });

  describe('readDirectory', () => {
    it('lists names, types and inodes', () => {
      const listing = addon.readDirectory(dir, '');
      if (typeof listing === 'number') throw new Error(String(listing));
      expect([...listing.names].sort()).toEqual(readdirSync(root).sort());
      const at = listing.names.indexOf('a');
      expect(listing.types[at]).toBe(4);
      expect(listing.types[listing.names.indexOf('link')]).toBe(10);
      expect(listing.inodes[at]).toBe(statSync(join(root, 'a'), { bigint: true }).ino);
      expect(listing.types).toHaveLength(listing.names.length);
      expect(listing.inodes).toHaveLength(listing.names.length);
      expect(addon.readDirectory(dir, 'a/b')).toMatchObject({ names: ['deep'] });
    });

    it('lists an empty and a large directory', () => {
      mkdirSync(join(root, 'many'));
      expect(addon.readDirectory(dir, 'many')).toEqual({
        names: [],
        types: new Uint8Array(0),
        inodes: new BigUint64Array(0),
      });
      for (let index = 0; index < 3000; index++)
        writeFileSync(join(root, 'many', String(index)), '');
      const listing = addon.readDirectory(dir, 'many');
      if (typeof listing === 'number') throw new Error(String(listing));
      expect(new Set(listing.names).size).toBe(3000);
    });

    it('does not follow and does not leave', () => {
      expect(addon.readDirectory(dir, 'outlink')).toBe(ELOOP);
      expect(addon.readDirectory(dir, 'dirlink/b')).toBe(ELOOP);
      expect(addon.readDirectory(dir, '..')).toBe(EXDEV);
      expect(addon.readDirectory(dir, 'file')).toBe(ENOTDIR);
      expect(addon.readDirectory(dir, 'missing')).toBe(ENOENT);
    });
  });
});
