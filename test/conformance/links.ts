import { describe, expect } from 'vitest';
import { NOBODY, refuses, type Suite } from './suite.js';

function symbolic(suite: Suite): void {
  const needs = ['symbolicLinks'] as const;

  const targets: readonly [title: string, target: string][] = [
    ['a name', 'file'],
    ['an absolute path', '/usr/bin/env'],
    ['a path upwards', '../../x/../y'],
    ['slashes in a row and at the end', 'a//b///'],
    ['a single character', 'x'],
    ['a colon', 'file:stream'],
    ['a backslash', 'a\\b'],
    ['a space and a newline', ' a\nb '],
    ['other scripts', 'ж/日本語/é/🐧'],
    ['255 bytes', 'n'.repeat(255)],
    ['4000 bytes', 'directory/'.repeat(400)],
    ['4095 bytes', `${'directory/'.repeat(409)}01234`],
  ];
  for (const [title, target] of targets) {
    suite.test(`the target stays as it is: ${title}`, needs, async ({ posix, path }) => {
      await posix.symlink(target, path('link'));
      expect((await posix.readlink(path('link'))).toString()).toBe(target);
      const found = await posix.lstat(path('link'));
      expect([found.kind, found.mode, found.nlink]).toEqual(['symlink', 0o777, 1]);
      expect(found.size).toBe(Buffer.byteLength(target));
    });
  }

  suite.test('a target that is not UTF-8', [...needs, 'rawNames'], async ({ posix, path }) => {
    const target = Buffer.from([0x61, 0xff, 0x2f, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
    await posix.symlink(target, path('link'));
    expect((await posix.readlink(path('link'))).toString('hex')).toBe(target.toString('hex'));
    expect((await posix.lstat(path('link'))).size).toBe(target.length);
  });

  suite.test('links are followed, however they lead', needs, async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.mkdir(path('directory', 'sub'));
    await posix.writeFile(path('directory', 'file'), 'content');
    await posix.symlink('directory/file', path('relative'));
    await posix.symlink(path('directory', 'file'), path('absolute'));
    await posix.symlink('../file', path('directory', 'sub', 'up'));
    await posix.symlink('directory', path('to-directory'));
    await posix.symlink('relative', path('to-link'));
    for (const name of [
      'relative',
      'absolute',
      'directory/sub/up',
      'to-directory/file',
      'to-link',
    ]) {
      expect(await posix.readText(path(name))).toBe('content');
    }
    expect(await posix.readText(path('to-directory', 'sub', 'up'))).toBe('content');
    expect(await posix.names(path('to-directory'))).toEqual(['file', 'sub']);
    await posix.writeFile(path('to-directory', 'made'), 'made');
    expect(await posix.readText(path('directory', 'made'))).toBe('made');
    await posix.truncate(path('to-link'), 3);
    expect(await posix.readText(path('directory', 'file'))).toBe('con');
  });

  suite.test('a link that leads nowhere', needs, async ({ posix, path }) => {
    await posix.symlink('nowhere', path('link'));
    await refuses(posix.stat(path('link')), 'ENOENT');
    await refuses(posix.readFile(path('link')), 'ENOENT');
    expect((await posix.lstat(path('link'))).kind).toBe('symlink');
    await posix.writeFile(path('nowhere'), 'now');
    expect(await posix.readText(path('link'))).toBe('now');
  });

  suite.test('links in a circle are ELOOP', needs, async ({ posix, path }) => {
    await posix.symlink('self', path('self'));
    await posix.symlink('b', path('a'));
    await posix.symlink('a', path('b'));
    for (const name of ['self', 'a', 'a/x']) {
      await refuses(posix.stat(path(name)), 'ELOOP');
      await refuses(posix.open(path(name), 'RDWR|CREAT'), 'ELOOP');
    }
    expect((await posix.lstat(path('self'))).kind).toBe('symlink');
    await posix.unlink(path('self'));
    await posix.rename(path('a'), path('c'));
    await refuses(posix.stat(path('b')), 'ENOENT');
  });

  suite.test('40 links in a row are followed, 41 are not', needs, async ({ posix, path }) => {
    await posix.writeFile(path('link-0'), 'content');
    for (let at = 1; at <= 41; at += 1) {
      await posix.symlink(`link-${String(at - 1)}`, path(`link-${String(at)}`));
    }
    expect(await posix.readText(path('link-40'))).toBe('content');
    await refuses(posix.readFile(path('link-41')), 'ELOOP');
  });

  suite.test('what is refused', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.symlink('file', path('link'));
    await refuses(posix.symlink('file', path('file')), 'EEXIST');
    await refuses(posix.symlink('file', path('link')), 'EEXIST');
    await refuses(posix.symlink('', path('empty')), 'ENOENT');
    await refuses(posix.symlink('x', path('missing', 'link')), 'ENOENT');
    await refuses(posix.symlink('x', path('file', 'link')), 'ENOTDIR');
    await refuses(posix.symlink('x'.repeat(4096), path('long')), 'ENAMETOOLONG');
    await refuses(posix.readlink(path('file')), 'EINVAL');
    await refuses(posix.readlink(path()), 'EINVAL');
    await refuses(posix.readlink(path('missing')), 'ENOENT');
    expect(await posix.names(path())).toEqual(['file', 'link']);
  });

  suite.test('a link that is replaced leads elsewhere at once', needs, async (scene) => {
    const { posix, path } = scene;
    const other = scene.helper();
    await posix.writeFile(path('one'), 'one');
    await posix.writeFile(path('two'), 'two');
    for (let round = 0; round < 20; round += 1) {
      const target = round % 2 === 0 ? 'one' : 'two';
      await posix.symlink(target, path('new'));
      await posix.rename(path('new'), path('link'));
      expect(await other.readText(path('link'))).toBe(target);
      expect((await other.readlink(path('link'))).toString()).toBe(target);
    }
  });
}

function hard(suite: Suite): void {
  const needs = ['hardLinks'] as const;

  suite.test('two names are one file', needs, async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('one'), 'content');
    await posix.link(path('one'), path('directory', 'two'));
    const two = path('directory', 'two');
    expect((await posix.stat(two)).ino).toBe((await posix.stat(path('one'))).ino);
    await posix.writeFile(two, 'through two');
    expect(await posix.readText(path('one'))).toBe('through two');
    await posix.chmod(path('one'), 0o604);
    await posix.utimens(two, 12n, 34n);
    expect(await posix.stat(two)).toEqual(await posix.stat(path('one')));
    expect((await posix.stat(two)).mode).toBe(0o604);
    await posix.truncate(path('one'), 3);
    expect((await posix.stat(two)).size).toBe(3);
    await posix.unlink(path('one'));
    expect(await posix.readText(two)).toBe('thr');
    expect((await posix.stat(two)).nlink).toBe(1);
  });

  suite.test('opens through both names see each other', needs, async ({ posix, path }) => {
    await posix.writeFile(path('one'), 'content');
    await posix.link(path('one'), path('two'));
    const one = await posix.open(path('one'), 'RDWR');
    const two = await posix.open(path('two'), 'RDWR');
    for (let round = 0; round < 20; round += 1) {
      await posix.pwrite(one, `round ${String(round)}`, round * 100);
      const read = await posix.pread(two, 100, round * 100);
      expect(read.toString()).toBe(`round ${String(round)}`);
      expect((await posix.fstat(two)).size).toBe((await posix.stat(path('one'))).size);
    }
    await posix.ftruncate(two, 1);
    expect((await posix.fstat(one)).size).toBe(1);
    expect((await posix.pread(one, 100, 0)).length).toBe(1);
  });

  suite.test('a hundred names', needs, async ({ posix, path }) => {
    await posix.writeFile(path('name-0'), 'content');
    for (let at = 1; at < 100; at += 1)
      await posix.link(path('name-0'), path(`name-${String(at)}`));
    expect((await posix.stat(path('name-50'))).nlink).toBe(100);
    for (let at = 0; at < 99; at += 1) await posix.unlink(path(`name-${String(at)}`));
    expect((await posix.stat(path('name-99'))).nlink).toBe(1);
    expect(await posix.readText(path('name-99'))).toBe('content');
  });

  suite.test('a link while the file is open', needs, async ({ posix, path }) => {
    const fd = await posix.open(path('one'), 'RDWR|CREAT');
    await posix.write(fd, 'before ');
    await posix.link(path('one'), path('two'));
    await posix.unlink(path('one'));
    await posix.write(fd, 'after');
    expect(await posix.readText(path('two'))).toBe('before after');
    expect((await posix.fstat(fd)).nlink).toBe(1);
    await posix.link(path('two'), path('one'));
    expect((await posix.fstat(fd)).nlink).toBe(2);
  });

  suite.test('names in directories that are renamed', needs, async ({ posix, path }) => {
    await posix.mkdir(path('a'));
    await posix.mkdir(path('b'));
    await posix.writeFile(path('a', 'one'), 'content');
    await posix.link(path('a', 'one'), path('b', 'two'));
    await posix.rename(path('a'), path('c'));
    await posix.writeFile(path('c', 'one'), 'changed');
    expect(await posix.readText(path('b', 'two'))).toBe('changed');
    await posix.removeTree(path('c'));
    expect((await posix.stat(path('b', 'two'))).nlink).toBe(1);
    await posix.chmod(path('b', 'two'), 0o600);
    expect((await posix.stat(path('b', 'two'))).mode).toBe(0o600);
  });

  suite.test('what is refused', [...needs, 'symbolicLinks'], async ({ posix, path, target }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.mkdir(path('directory'));
    await posix.symlink('file', path('link'));
    await refuses(posix.link(path('directory'), path('x')), 'EPERM');
    await refuses(posix.link(path('file'), path('directory')), 'EEXIST');
    await refuses(posix.link(path('file'), path('file')), 'EEXIST');
    await refuses(posix.link(path('file'), path('link')), 'EEXIST');
    await refuses(posix.link(path('missing'), path('x')), 'ENOENT');
    await refuses(posix.link(path('file'), path('missing', 'x')), 'ENOENT');
    await refuses(posix.link(path('file'), path('file', 'x')), 'ENOTDIR');
    await refuses(posix.link(path('file'), `${target.elsewhere}/x`), 'EXDEV');
    expect((await posix.stat(path('file'))).nlink).toBe(1);
    expect(await posix.names(path())).toEqual(['directory', 'file', 'link']);
  });

  suite.test('a hard link to a symbolic link', [...needs, 'symbolicLinks'], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'content');
    await posix.symlink('file', path('link'));
    await posix.link(path('link'), path('second'));
    const found = await posix.lstat(path('second'));
    expect([found.kind, found.nlink]).toEqual(['symlink', 2]);
    expect(found.ino).toBe((await posix.lstat(path('link'))).ino);
    expect((await posix.readlink(path('second'))).toString()).toBe('file');
    await posix.link(path('link'), path('third'), true);
    expect((await posix.lstat(path('third'))).kind).toBe('file');
    expect((await posix.stat(path('file'))).nlink).toBe(2);
  });

  suite.test('a link needs the directory', [...needs, 'root', 'otherUsers'], async (scene) => {
    const { posix, path } = scene;
    const nobody = scene.helper({ uid: NOBODY });
    await nobody.writeFile(path('own'), 'x');
    await posix.mkdir(path('closed'), 0o755);
    await refuses(nobody.link(path('own'), path('closed', 'x')), 'EACCES');
    await nobody.link(path('own'), path('second'));
    expect((await posix.stat(path('second'))).nlink).toBe(2);
  });
}

/** Symbolic and hard links. */
export function links(suite: Suite): void {
  describe('symbolic links', () => {
    symbolic(suite);
  });
  describe('hard links', () => {
    hard(suite);
  });
}
