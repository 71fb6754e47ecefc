import { describe, expect } from 'vitest';
import { refuses, sameBytes, pattern, type Scene, type Suite } from './suite.js';
import { has } from './target.js';

const accessModes = ['RDONLY', 'WRONLY', 'RDWR'] as const;
const creations = ['', '|CREAT', '|CREAT|EXCL'] as const;

const old = pattern(5000, 7);

/** open(2) on a name that is free or taken, and what it must leave behind. */
async function disposition(scene: Scene, flags: string, there: boolean): Promise<void> {
  const { posix, path, target } = scene;
  const file = path('file');
  if (there) await posix.writeFile(file, old);
  const before = there ? await posix.stat(file) : undefined;

  const refusal = there ? flags.includes('EXCL') && 'EEXIST' : !flags.includes('CREAT') && 'ENOENT';
  if (refusal !== false) {
    await refuses(posix.open(file, flags), refusal);
    expect(await posix.names(path())).toEqual(there ? ['file'] : []);
    if (there) sameBytes(await posix.readFile(file), old);
    return;
  }

  const fd = await posix.open(file, flags, 0o640);
  const kept = there && !flags.includes('TRUNC') ? old : Buffer.alloc(0);
  const found = await posix.fstat(fd);
  expect(found.size).toBe(kept.length);
  if (there || has(target, 'modes')) expect(found.mode).toBe(before?.mode ?? 0o640);
  if (before !== undefined) expect(found.ino).toBe(before.ino);

  if (flags.startsWith('WRONLY')) await refuses(posix.read(fd, 1), 'EBADF');
  else sameBytes(await posix.pread(fd, 10_000, 0), kept);

  let wanted = kept;
  if (flags.startsWith('RDONLY')) {
    await refuses(posix.write(fd, 'x'), 'EBADF');
  } else {
    await posix.write(fd, 'new');
    const at = flags.includes('APPEND') ? kept.length : 0;
    wanted = Buffer.alloc(Math.max(kept.length, at + 3));
    kept.copy(wanted);
    wanted.write('new', at);
  }
  await posix.closeFd(fd);
  sameBytes(await posix.readFile(file), wanted);
}

function dispositions(suite: Suite): void {
  for (const access of accessModes) {
    for (const creation of creations) {
      for (const truncation of ['', '|TRUNC']) {
        for (const append of ['', '|APPEND']) {
          const flags = `${access}${creation}${truncation}${append}`;
          suite.test(`${flags} on a name that is free`, [], (scene) =>
            disposition(scene, flags, false),
          );
          suite.test(`${flags} on a file`, [], (scene) => disposition(scene, flags, true));
        }
      }
    }
  }
}

function directoriesAndLinks(suite: Suite): void {
  const onDirectory: readonly [flags: string, errno: string | undefined][] = [
    ['RDONLY', undefined],
    ['RDONLY|DIRECTORY', undefined],
    ['RDONLY|DIRECTORY|NOFOLLOW', undefined],
    ['PATH', undefined],
    ['WRONLY', 'EISDIR'],
    ['RDWR', 'EISDIR'],
    ['RDONLY|TRUNC', 'EISDIR'],
    ['RDONLY|CREAT', 'EISDIR'],
    ['RDWR|CREAT', 'EISDIR'],
    ['RDWR|CREAT|EXCL', 'EEXIST'],
    ['WRONLY|CREAT|TRUNC', 'EISDIR'],
  ];
  for (const [flags, errno] of onDirectory) {
    suite.test(`${flags} on a directory: ${errno ?? 'opens'}`, [], async ({ posix, path }) => {
      await posix.mkdir(path('directory'));
      await posix.writeFile(path('directory', 'child'), 'c');
      const opened = posix.open(path('directory'), flags);
      if (errno !== undefined) await refuses(opened, errno);
      else expect((await posix.fstat(await opened)).kind).toBe('directory');
      expect(await posix.names(path('directory'))).toEqual(['child']);
    });
  }

  suite.test('O_DIRECTORY on a file is ENOTDIR', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    await refuses(posix.open(path('file'), 'RDONLY|DIRECTORY'), 'ENOTDIR');
    await refuses(posix.open(path('missing'), 'RDONLY|DIRECTORY'), 'ENOENT');
  });

  suite.test('a directory is neither read nor written', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    const fd = await posix.open(path('directory'), 'RDONLY');
    await refuses(posix.read(fd, 10), 'EISDIR');
    await refuses(posix.write(fd, 'x'), 'EBADF');
    await refuses(posix.ftruncate(fd, 0), 'EINVAL', 'EBADF');
    await posix.fsync(fd);
  });

  suite.test('O_NOFOLLOW refuses a symbolic link', ['symbolicLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    await posix.mkdir(path('directory'));
    await posix.symlink('file', path('to-file'));
    await posix.symlink('directory', path('to-directory'));
    await refuses(posix.open(path('to-file'), 'RDONLY|NOFOLLOW'), 'ELOOP');
    await refuses(posix.open(path('to-file'), 'RDWR|CREAT|NOFOLLOW'), 'ELOOP');
    await refuses(posix.open(path('to-directory'), 'RDONLY|DIRECTORY|NOFOLLOW'), 'ENOTDIR');
    // Only the last component counts.
    await posix.writeFile(path('directory', 'inner'), 'inner');
    const fd = await posix.open(path('to-directory', 'inner'), 'RDONLY|NOFOLLOW');
    expect((await posix.read(fd, 10)).toString()).toBe('inner');
    const link = await posix.open(path('to-file'), 'PATH|NOFOLLOW');
    expect((await posix.fstat(link)).kind).toBe('symlink');
  });

  suite.test('O_CREAT through a dangling link', ['symbolicLinks'], async ({ posix, path }) => {
    await posix.symlink('target', path('link'));
    await refuses(posix.open(path('link'), 'RDWR'), 'ENOENT');
    await refuses(posix.open(path('link'), 'RDWR|CREAT|EXCL'), 'EEXIST');
    expect(await posix.names(path())).toEqual(['link']);
    await posix.writeFile(path('link'), 'made');
    expect(await posix.readText(path('target'))).toBe('made');
    expect((await posix.lstat(path('link'))).kind).toBe('symlink');
  });

  suite.test('RESOLVE_NO_SYMLINKS and _BENEATH', ['symbolicLinks'], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('directory', 'file'), 'x');
    await posix.symlink('directory', path('link'));
    await posix.symlink('..', path('directory', 'up'));
    const base = await posix.open(path('directory'), 'PATH|DIRECTORY');
    const above = await posix.open(path(), 'PATH|DIRECTORY');
    await posix.openat2(base, 'file', 'RDONLY', 0, 8);
    await refuses(posix.openat2(base, 'up/link/file', 'RDONLY', 0, 8), 'EXDEV');
    await refuses(posix.openat2(above, 'link/file', 'RDONLY', 0, 4), 'ELOOP');
  });
}

function modes(suite: Suite): void {
  const cases: readonly [umask: number, asked: number, file: number, directory: number][] = [
    [0o022, 0o666, 0o644, 0o644],
    [0o000, 0o777, 0o777, 0o777],
    [0o077, 0o777, 0o700, 0o700],
    [0o027, 0o1777, 0o1750, 0o1750],
    // mkdir(2) takes the sticky bit, but not setuid and setgid.
    [0o022, 0o6755, 0o6755, 0o755],
    [0o777, 0o777, 0o000, 0o000],
    [0o022, 0o000, 0o000, 0o000],
  ];
  for (const [umask, asked, file, directory] of cases) {
    const title = `mode ${asked.toString(8)} under umask ${umask.toString(8)}`;
    suite.test(title, ['modes'], async ({ posix, path }) => {
      await posix.umask(umask);
      await posix.closeFd(await posix.open(path('file'), 'RDWR|CREAT', asked));
      await posix.mkdir(path('directory'), asked);
      expect((await posix.stat(path('file'))).mode.toString(8)).toBe(file.toString(8));
      expect((await posix.stat(path('directory'))).mode.toString(8)).toBe(directory.toString(8));
    });
  }

  suite.test('a file made without any permission is open all the same', [], async (scene) => {
    const { posix, path } = scene;
    const fd = await posix.open(path('file'), 'RDWR|CREAT|EXCL', 0o000);
    await posix.write(fd, 'written');
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('written');
    if (has(scene.target, 'modes')) await posix.fchmod(fd, 0o600);
    await posix.closeFd(fd);
    expect(await posix.readText(path('file'))).toBe('written');
  });

  suite.test(
    'the mode of O_CREAT does not touch a file that is there',
    ['modes'],
    async (scene) => {
      const { posix, path } = scene;
      await posix.writeFile(path('file'), 'x');
      await posix.chmod(path('file'), 0o604);
      await posix.closeFd(await posix.open(path('file'), 'RDWR|CREAT|TRUNC', 0o777));
      expect((await posix.stat(path('file'))).mode).toBe(0o604);
    },
  );
}

function sharing(suite: Suite): void {
  suite.test('O_APPEND from four processes loses nothing', [], async ({ posix, path, helper }) => {
    const tags = ['a', 'b', 'c', 'd'];
    const count = 300;
    await Promise.all(
      tags.map((tag) => helper().appendRecords(path('log'), tag, count, 100 + tag.charCodeAt(0))),
    );
    const lines = (await posix.readText(path('log'))).trimEnd().split('\n');
    const wanted = tags.flatMap((tag) =>
      Array.from({ length: count }, (_, number) =>
        `${tag}:${String(number)}:`.padEnd(99 + tag.charCodeAt(0), '.'),
      ),
    );
    expect(lines.length).toBe(wanted.length);
    expect(lines.sort()).toEqual(wanted.sort());
  });

  suite.test('O_APPEND writes at the end of the moment', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '0123');
    const appender = await posix.open(path('file'), 'RDWR|APPEND');
    const other = await posix.open(path('file'), 'WRONLY');
    await posix.pwrite(other, '456789', 4);
    await posix.write(appender, 'end');
    expect(await posix.lseek(appender, 0, 'CUR')).toBe(13);
    await posix.ftruncate(other, 2);
    // Linux appends even when pwrite(2) is given a place.
    await posix.pwrite(appender, 'XY', 0);
    await posix.lseek(appender, 0, 'SET');
    expect((await posix.read(appender, 100)).toString()).toBe('01XY');
  });

  suite.test('each open has its own position, a dup shares it', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'abcdef');
    const first = await posix.open(path('file'), 'RDONLY');
    const second = await posix.open(path('file'), 'RDONLY');
    const copy = await posix.dup(first);
    expect((await posix.read(first, 2)).toString()).toBe('ab');
    expect((await posix.read(copy, 2)).toString()).toBe('cd');
    expect((await posix.read(second, 2)).toString()).toBe('ab');
    await posix.closeFd(first);
    expect((await posix.read(copy, 2)).toString()).toBe('ef');
    expect((await posix.read(copy, 2)).length).toBe(0);
  });

  suite.test('what is written is seen by every open at once', [], async (scene) => {
    const { posix, path } = scene;
    const other = scene.helper();
    const writer = await posix.open(path('file'), 'RDWR|CREAT');
    const reader = await other.open(path('file'), 'RDONLY');
    for (let round = 1; round <= 20; round += 1) {
      const data = pattern(3000, round);
      await posix.pwrite(writer, data, round * 2000);
      sameBytes(await other.pread(reader, 3000, round * 2000), data);
      expect((await other.fstat(reader)).size).toBe(round * 2000 + 3000);
      expect((await other.stat(path('file'))).size).toBe(round * 2000 + 3000);
    }
  });

  suite.test('nine hundred opens at once', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'shared');
    const opens = await posix.batch(
      Array.from({ length: 900 }, () => ['open', path('file'), 'RDWR', 0o666, null] as const),
    );
    expect(new Set(opens).size).toBe(900);
    for (const fd of [opens[0], opens[450], opens[899]]) {
      expect((await posix.pread(fd as number, 10, 0)).toString()).toBe('shared');
    }
  });
}

function special(suite: Suite): void {
  suite.test('O_DIRECT reads and writes what the others see', ['directIo'], async (scene) => {
    const { posix, path } = scene;
    const data = pattern(64 << 10, 3);
    const direct = await posix.open(path('file'), 'RDWR|CREAT|DIRECT');
    expect(await posix.pwriteDirect(direct, data, 0)).toBe(data.length);
    sameBytes(await posix.readFile(path('file')), data);
    const plain = await posix.open(path('file'), 'RDWR');
    const patch = pattern(4096, 4);
    await posix.pwrite(plain, patch, 8192);
    sameBytes(await posix.preadDirect(direct, 4096, 8192), patch);
    expect((await posix.preadDirect(direct, 4096, 64 << 10)).length).toBe(0);
  });

  for (const flag of ['SYNC', 'DSYNC']) {
    suite.test(`O_${flag}`, [], async ({ posix, path }) => {
      const data = pattern(20_000, 5);
      const fd = await posix.open(path('file'), `WRONLY|CREAT|${flag}`);
      expect(await posix.write(fd, data)).toBe(data.length);
      await posix.fdatasync(fd);
      await posix.syncfs(fd);
      await posix.closeFd(fd);
      sameBytes(await posix.readFile(path('file')), data);
    });
  }

  suite.test('O_TMPFILE', ['root'], async ({ posix, path, target }) => {
    const made = posix.open(path(), 'RDWR|TMPFILE', 0o600);
    if (target.features.temporaryFiles !== true) {
      await refuses(made, 'ENOTSUP');
      return;
    }
    const fd = await made;
    await posix.write(fd, 'nameless');
    expect((await posix.fstat(fd)).nlink).toBe(0);
    expect(await posix.names(path())).toEqual([]);
    await posix.linkDescriptor(fd, path('named'));
    expect(await posix.readText(path('named'))).toBe('nameless');
  });

  const nodes = [
    ['fifo', 0o010644],
    ['socket', 0o140644],
    ['character', 0o020644],
    ['block', 0o060644],
  ] as const;
  for (const [kind, mode] of nodes) {
    suite.test(`mknod of a ${kind}`, ['root'], async ({ posix, path, target }) => {
      // The null device's number; nobody opens it here.
      const made = posix.mknod(path('node'), mode, 0x103);
      if (target.features.specialFiles !== true) {
        await refuses(made, 'EPERM');
        expect(await posix.names(path())).toEqual([]);
        return;
      }
      await made;
      expect((await posix.stat(path('node'))).kind).toBe(kind);
    });
  }

  suite.test('mknod of a regular file', [], async ({ posix, path, target }) => {
    await posix.mknod(path('file'), 0o100640);
    const found = await posix.stat(path('file'));
    expect([found.kind, found.size]).toEqual(['file', 0]);
    if (has(target, 'modes')) expect(found.mode).toBe(0o640);
    await refuses(posix.mknod(path('file'), 0o100640), 'EEXIST');
  });

  suite.test('binding a socket', [], async ({ posix, path, target }) => {
    // A socket address holds 107 bytes, the path may have more.
    await posix.chdir(path());
    if (target.features.specialFiles !== true) {
      await refuses(posix.bindSocket('socket'), 'EPERM');
      return;
    }
    await posix.bindSocket('socket');
    expect((await posix.stat(path('socket'))).kind).toBe('socket');
  });
}

/** open(2) and its relatives: what is made, what is kept, what is refused. */
export function create(suite: Suite): void {
  describe('create', () => {
    dispositions(suite);
    directoriesAndLinks(suite);
    modes(suite);
    sharing(suite);
    special(suite);
  });
}
