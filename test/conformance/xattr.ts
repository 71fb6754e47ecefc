import { describe, expect } from 'vitest';
import { NOBODY, pattern, refuses, sameBytes, type Suite } from './suite.js';

const needs = ['xattrs'] as const;

function values(suite: Suite): void {
  const cases: readonly [title: string, value: Buffer][] = [
    ['text', Buffer.from('value')],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(100)],
    ['all bytes', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['4000 bytes', pattern(4000, 1)],
  ];
  for (const [title, value] of cases) {
    suite.test(`a value of ${title}`, needs, async ({ posix, path, helper }) => {
      await posix.writeFile(path('file'), 'content');
      await posix.setxattr(path('file'), 'user.name', value);
      sameBytes(await posix.getxattr(path('file'), 'user.name'), value);
      sameBytes(await helper().getxattr(path('file'), 'user.name'), value);
      expect(await posix.listxattr(path('file'))).toEqual(['user.name']);
      expect(await posix.getxattrSize(path('file'), 'user.name', 0)).toBe(value.length);
      expect(await posix.readText(path('file'))).toBe('content');
      expect((await posix.stat(path('file'))).size).toBe(7);
    });
  }

  suite.test('a value is replaced, longer and shorter', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    for (const length of [10, 1000, 3, 0, 50]) {
      const value = pattern(length, length);
      await posix.setxattr(path('file'), 'user.name', value);
      sameBytes(await posix.getxattr(path('file'), 'user.name'), value);
    }
  });

  suite.test('names', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    const names = [
      'user.a',
      'user.A',
      'user.a.b.c',
      'user.with space',
      'user.-',
      'user.ж日本🐧',
      `user.${'n'.repeat(250)}`,
    ];
    for (const name of names) await posix.setxattr(path('file'), name, `value of ${name}`);
    expect((await posix.listxattr(path('file'))).sort()).toEqual([...names].sort());
    for (const name of names) {
      const value = await posix.getxattr(path('file'), name);
      expect(value.toString()).toBe(`value of ${name}`);
    }
    for (const name of names) await posix.removexattr(path('file'), name);
    expect(await posix.listxattr(path('file'))).toEqual([]);
  });
}

function calls(suite: Suite): void {
  suite.test('CREATE and REPLACE', needs, async ({ posix, path }) => {
    const file = path('file');
    await posix.writeFile(file, '');
    await refuses(posix.setxattr(file, 'user.name', 'a', 'REPLACE'), 'ENODATA');
    expect(await posix.listxattr(file)).toEqual([]);
    await posix.setxattr(file, 'user.name', 'b', 'CREATE');
    await refuses(posix.setxattr(file, 'user.name', 'c', 'CREATE'), 'EEXIST');
    expect((await posix.getxattr(file, 'user.name')).toString()).toBe('b');
    await posix.setxattr(file, 'user.name', 'd', 'REPLACE');
    expect((await posix.getxattr(file, 'user.name')).toString()).toBe('d');
  });

  suite.test('removing', needs, async ({ posix, path }) => {
    const file = path('file');
    await posix.writeFile(file, '');
    await posix.setxattr(file, 'user.one', '1');
    await posix.setxattr(file, 'user.two', '2');
    await posix.removexattr(file, 'user.one');
    await refuses(posix.getxattr(file, 'user.one'), 'ENODATA');
    await refuses(posix.removexattr(file, 'user.one'), 'ENODATA');
    expect(await posix.listxattr(file)).toEqual(['user.two']);
  });

  suite.test('buffers that are too small are ERANGE', needs, async ({ posix, path }) => {
    const file = path('file');
    await posix.writeFile(file, '');
    await posix.setxattr(file, 'user.name', '0123456789');
    expect(await posix.getxattrSize(file, 'user.name', 0)).toBe(10);
    expect(await posix.getxattrSize(file, 'user.name', 10)).toBe(10);
    await refuses(posix.getxattrSize(file, 'user.name', 9), 'ERANGE');
    const length = await posix.listxattrSize(file, 0);
    expect(length).toBeGreaterThanOrEqual('user.name\0'.length);
    expect(await posix.listxattrSize(file, length)).toBe(length);
    await refuses(posix.listxattrSize(file, length - 1), 'ERANGE');
  });

  suite.test('what is refused', needs, async ({ posix, path }) => {
    const file = path('file');
    await posix.writeFile(file, '');
    await refuses(posix.getxattr(file, 'user.missing'), 'ENODATA');
    await refuses(posix.setxattr(file, `user.${'n'.repeat(251)}`, 'x'), 'ERANGE');
    await refuses(posix.setxattr(file, 'user.large', Buffer.alloc(65_537)), 'E2BIG', 'ENOSPC');
    await refuses(posix.setxattr(file, 'user.', 'x'), 'EINVAL');
    await refuses(posix.getxattr(path('missing'), 'user.name'), 'ENOENT');
    await refuses(posix.setxattr(path('missing'), 'user.name', 'x'), 'ENOENT');
    expect(await posix.listxattr(file)).toEqual([]);
    expect(await posix.readText(file)).toBe('');
  });

  suite.test('namespaces that do not exist', needs, async ({ posix, path }) => {
    const file = path('file');
    await posix.writeFile(file, '');
    for (const name of ['unknown.name', 'name', 'userx.name', 'USER.name']) {
      await refuses(posix.setxattr(file, name, 'x'), 'ENOTSUP');
      await refuses(posix.getxattr(file, name), 'ENOTSUP', 'ENODATA');
      await refuses(posix.removexattr(file, name), 'ENOTSUP', 'ENODATA');
    }
    expect(await posix.listxattr(file)).toEqual([]);
  });

  suite.test('through an open file', needs, async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.fsetxattr(fd, 'user.name', 'value');
    await posix.rename(path('file'), path('renamed'));
    expect((await posix.fgetxattr(fd, 'user.name')).toString()).toBe('value');
    await posix.fsetxattr(fd, 'user.name', 'changed');
    expect((await posix.getxattr(path('renamed'), 'user.name')).toString()).toBe('changed');
  });

  suite.test(
    'a read-only file takes none',
    [...needs, 'root', 'otherUsers', 'modes'],
    async (scene) => {
      const { posix, path } = scene;
      const nobody = scene.helper({ uid: NOBODY });
      await posix.writeFile(path('file'), '');
      await posix.setxattr(path('file'), 'user.name', 'value');
      await refuses(nobody.setxattr(path('file'), 'user.name', 'x'), 'EACCES');
      await refuses(nobody.removexattr(path('file'), 'user.name'), 'EACCES');
      expect((await nobody.getxattr(path('file'), 'user.name')).toString()).toBe('value');
      await posix.chmod(path('file'), 0o600);
      await refuses(nobody.getxattr(path('file'), 'user.name'), 'EACCES');
    },
  );
}

function places(suite: Suite): void {
  suite.test('where there are none', [], async ({ posix, path, target }) => {
    await posix.writeFile(path('file'), '');
    const set = posix.setxattr(path('file'), 'user.name', 'value');
    if (target.features.xattrs === true) {
      await set;
      expect(await posix.listxattr(path('file'))).toEqual(['user.name']);
      return;
    }
    await refuses(set, 'ENOTSUP');
    await refuses(posix.getxattr(path('file'), 'user.name'), 'ENOTSUP');
    expect(await posix.listxattr(path('file'))).toEqual([]);
    expect(await posix.names(path())).toEqual(['file']);
  });

  suite.test('of a directory', needs, async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.setxattr(path('directory'), 'user.name', 'of the directory');
    await posix.writeFile(path('directory', 'file'), '');
    expect(await posix.names(path('directory'))).toEqual(['file']);
    expect(await posix.listxattr(path('directory', 'file'))).toEqual([]);
    const value = await posix.getxattr(path('directory'), 'user.name');
    expect(value.toString()).toBe('of the directory');
    await posix.rename(path('directory'), path('renamed'));
    expect(await posix.listxattr(path('renamed'))).toEqual(['user.name']);
    await posix.removeTree(path('renamed'));
    expect(await posix.names(path())).toEqual([]);
  });

  suite.test('they go where the file goes', [...needs, 'hardLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.setxattr(path('file'), 'user.name', 'value');
    await posix.link(path('file'), path('linked'));
    expect((await posix.getxattr(path('linked'), 'user.name')).toString()).toBe('value');
    await posix.writeFile(path('other'), 'y');
    await posix.setxattr(path('other'), 'user.other', 'other');
    await posix.rename(path('file'), path('other'));
    expect(await posix.listxattr(path('other'))).toEqual(['user.name']);
    await posix.truncate(path('other'), 0);
    expect(await posix.listxattr(path('linked'))).toEqual(['user.name']);
    await posix.unlink(path('other'));
    await posix.writeFile(path('other'), 'new');
    expect(await posix.listxattr(path('other'))).toEqual([]);
    expect(await posix.names(path())).toEqual(['linked', 'other']);
  });

  suite.test('of a symbolic link', [...needs, 'symbolicLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.symlink('file', path('link'));
    await refuses(posix.setxattr(path('link'), 'user.name', 'x', '', false), 'EPERM');
    await refuses(posix.getxattr(path('link'), 'user.name', false), 'EPERM', 'ENODATA');
    expect(await posix.listxattr(path('link'), false)).toEqual([]);
    await posix.setxattr(path('link'), 'user.name', 'of the file');
    expect((await posix.getxattr(path('file'), 'user.name')).toString()).toBe('of the file');
  });

  suite.test('of an unlinked open file', needs, async ({ posix, path, target }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.fsetxattr(fd, 'user.name', 'value');
    await posix.unlink(path('file'));
    if (target.features.unlinkedXattrs !== true) {
      await refuses(posix.fgetxattr(fd, 'user.name'), 'ENOTSUP');
      await refuses(posix.fsetxattr(fd, 'user.name', 'changed'), 'ENOTSUP');
      return;
    }
    expect((await posix.fgetxattr(fd, 'user.name')).toString()).toBe('value');
    await posix.fsetxattr(fd, 'user.name', 'changed');
    expect((await posix.fgetxattr(fd, 'user.name')).toString()).toBe('changed');
  });
}

/** Extended attributes in the `user.` namespace. */
export function xattr(suite: Suite): void {
  describe('xattr', () => {
    values(suite);
    calls(suite);
    places(suite);
  });
}
