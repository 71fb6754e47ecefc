import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { CreateOptions, FileAttributes, FileMode } from 'node-dokan';
import { describe, expect, test } from 'vitest';
import { missing, MirrorClient, READ_WRITE, status } from './mirror_client.js';

const { DIRECTORY_FILE } = CreateOptions;
const onLinux = process.platform === 'linux';
const isRoot = process.geteuid?.() === 0;

describe.runIf(onLinux)('case is ignored where asked', () => {
  const client = (prepare: (root: string) => void): MirrorClient =>
    new MirrorClient({ caseSensitive: false }, prepare);

  test('names find each other, and collide', () => {
    const c = client((root) => {
      mkdirSync(`${root}/Dir`);
      writeFileSync(`${root}/Dir/File.txt`, 'x');
    });
    const path = '/dIR/file.TXT';
    const file = c.open(path);
    expect(c.read(path, file)).toBe('x');
    c.close(path, file);
    expect(() => c.create(path)).toThrow(status('EEXIST'));
    expect(() => c.stat('/dir/other')).toThrow(missing);
    c.close('/DIR/new', c.create('/DIR/new'));
    expect(readdirSync(c.at('Dir')).sort()).toEqual(['File.txt', 'new']);
    c.remove('/dir/FILE.TXT');
    expect(readdirSync(c.at('Dir'))).toEqual(['new']);
  });

  test('a file can be renamed to its own name in another case', () => {
    const c = client((root) => writeFileSync(`${root}/Name`, 'x'));
    c.rename('/name', '/NAME', false);
    expect(readdirSync(c.root)).toEqual(['NAME']);
  });

  test('an exact match goes first', () => {
    const c = client((root) => {
      writeFileSync(`${root}/a`, 'small');
      writeFileSync(`${root}/A`, 'big');
    });
    expect(c.stat('/a').size).toBe(5);
    expect(c.stat('/A').size).toBe(3);
  });
});

describe.runIf(onLinux)('on Linux', () => {
  test('modes are exact whatever our umask', () => {
    const before = process.umask(0o077);
    try {
      const c = new MirrorClient();
      c.close('/f', c.create('/f', { mode: 0o666 }));
      c.makeDirectory('/d', 0o777);
      expect(statSync(c.at('f')).mode & 0o7777).toBe(0o666);
      expect(statSync(c.at('d')).mode & 0o7777).toBe(0o777);
      expect(process.umask(0o077)).toBe(0o077);
    } finally {
      process.umask(before);
    }
  });

  test('a file made with a mode that forbids it is writable through its open', () => {
    const c = new MirrorClient();
    const file = c.create('/f', { mode: 0o000 });
    c.write('/f', file, 'x');
    c.close('/f', file);
    expect(statSync(c.at('f')).size).toBe(1);
  });

  test('times are exact to the nanosecond, before 1970 too', () => {
    const c = new MirrorClient({}, (root) => {
      writeFileSync(`${root}/f`, '');
      symlinkSync('f', `${root}/l`);
    });
    for (const path of ['/f', '/l']) {
      const file = c.openAttributes(path);
      for (const lastWriteTime of [1_234_567_890_123_456_789n, -1n]) {
        const lastAccessTime = lastWriteTime + 1n;
        const times = { creationTime: undefined, lastAccessTime, lastWriteTime };
        c.mirror.setFileTime(path, times, file);
        expect(c.stat(path)).toMatchObject({ lastAccessTime, lastWriteTime });
      }
      c.close(path, file);
    }
  });

  test('names that are not UTF-8 survive', () => {
    const c = new MirrorClient();
    const name = Buffer.from([0x61, 0xff, 0xc3, 0xa4]);
    writeFileSync(Buffer.concat([Buffer.from(`${c.root}/`), name]), 'x');
    expect(c.names('/')).toEqual(['a\udcffä']);
    expect(c.stat('/a\udcffä').size).toBe(1);
    symlinkSync(name, c.at('link'));
    const target = c.mirror.readLink('/link');
    c.mirror.createSymbolicLink('/copy', target, c.file());
    expect(c.stat('/copy').size).toBe(name.length);
    expect(c.mirror.readLink('/copy')).toBe(target);
  });

  test('a directory swapped for a link does not lead out', () => {
    const c = new MirrorClient({}, (root) => mkdirSync(`${root}/d`));
    const directory = c.open('/d', { createOptions: DIRECTORY_FILE });
    renameSync(c.at('d'), c.at('away'));
    symlinkSync(c.at('away'), c.at('d'));
    expect(() => c.open('/d/inside')).toThrow(status('ELOOP'));
    expect(() => c.create('/d/new')).toThrow(status('ELOOP'));
    expect([...c.mirror.findFiles('/d', directory)]).toEqual([]);
    c.close('/d', directory);
  });

  test('a removed directory that is open is empty', () => {
    const c = new MirrorClient();
    c.makeDirectory('/d');
    const directory = c.open('/d', { createOptions: DIRECTORY_FILE });
    c.remove('/d', true);
    expect([...c.mirror.findFiles('/d', directory)]).toEqual([]);
    expect(c.mirror.getFileInformation('/d', directory).attributes).toBe(FileAttributes.DIRECTORY);
    c.close('/d', directory);
  });

  test('holes are found and made', () => {
    const c = new MirrorClient({}, (root) => {
      writeFileSync(`${root}/f`, 'x'.repeat(4096));
      truncateSync(`${root}/f`, 1_000_000);
    });
    const file = c.open('/f', { desiredAccess: READ_WRITE });
    expect(c.mirror.queryAllocatedRange('/f', 0, file)).toEqual({ offset: 0, length: 4096 });
    expect(c.mirror.queryAllocatedRange('/f', 4096, file)).toBeUndefined();
    c.write('/f', file, 'y'.repeat(4096), 40_960);
    expect(c.mirror.queryAllocatedRange('/f', 5000, file)).toEqual({
      offset: 40_960,
      length: 4096,
    });
    c.mirror.setZeroData('/f', 40_960, 4096, file);
    expect(c.mirror.queryAllocatedRange('/f', 5000, file)).toBeUndefined();
    c.mirror.setAllocationSize('/f', 2_000_000, file);
    const { size, blocks = 0 } = c.mirror.getFileInformation('/f', file);
    expect(size).toBe(1_000_000);
    expect(blocks * 512).toBeGreaterThanOrEqual(2_000_000);
    c.close('/f', file);
  });

  test('names are exchanged at once', () => {
    const c = new MirrorClient({}, (root) => {
      writeFileSync(`${root}/a`, 'a');
      mkdirSync(`${root}/b`);
    });
    c.mirror.exchangeFiles('/a', '/b');
    expect(readFileSync(c.at('b'), 'utf8')).toBe('a');
    expect(statSync(c.at('a')).isDirectory()).toBe(true);
  });

  test.runIf(isRoot)('what another user makes is theirs, the group the directory’s own', () => {
    const c = new MirrorClient();
    mkdirSync(c.at('shared'));
    c.user = { processId: 1, userId: 1234, groupId: 5678 };
    c.close('/f', c.create('/f', { mode: 0o4755 }));
    c.makeDirectory('/d');
    c.mirror.createSymbolicLink('/l', 'f', c.file());
    for (const name of ['f', 'd', 'l']) {
      expect(lstatSync(c.at(name))).toMatchObject({ uid: 1234, gid: 5678 });
    }
    expect(statSync(c.at('f')).mode & 0o7777).toBe(0o4755);
    chmodSync(c.at('shared'), 0o2777);
    c.makeDirectory('/shared/d');
    c.close('/shared/f', c.create('/shared/f'));
    expect(statSync(c.at('shared/d'))).toMatchObject({ uid: 1234, gid: 0, mode: 0o42755 });
    expect(statSync(c.at('shared/f'))).toMatchObject({ uid: 1234, gid: 0 });
  });

  test('owners are set by name and by open', () => {
    const c = new MirrorClient({}, (root) => writeFileSync(`${root}/f`, ''));
    const { uid, gid } = statSync(c.at('f'));
    for (const file of [c.openAttributes('/f'), c.open('/f')]) {
      c.mirror.setOwner('/f', uid, undefined, file);
      c.mirror.setOwner('/f', undefined, gid, file);
      c.close('/f', file);
    }
    expect(statSync(c.at('f'))).toMatchObject({ uid, gid });
  });

  test('opening a pipe that took a file’s place neither waits nor succeeds', async () => {
    const { execFileSync } = await import('node:child_process');
    const c = new MirrorClient();
    execFileSync('mkfifo', [c.at('pipe')]);
    expect(() => c.open('/pipe')).toThrow(status('ACCESS_DENIED'));
    expect(c.stat('/pipe').mode).toBe(FileMode.FIFO | (statSync(c.at('pipe')).mode & 0o777));
  });
});
