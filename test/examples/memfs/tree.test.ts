import { FileAttributes } from 'node-dokan';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeOpen, failure } from './fake_open.js';
import { fs, client } from './scene.js';

describe('deleting', () => {
  it('takes the name at cleanup and the file at the last closeFile', () => {
    const before = client.used;
    const file = client.create('/f');
    fs.writeFile('/f', Buffer.from('still here'), 0, file);
    client.unlink('/f');
    expect(failure(() => client.stat('/f'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(client.readOpen(file).toString()).toBe('still here');
    expect(fs.writeFile('/f', Buffer.from('!'), 10, file)).toBe(1);
    expect(fs.getFileInformation('/f', file)).toMatchObject({ size: 11, linkCount: 0 });
    client.close('/f', file);
    expect(client.used).toBe(before);
  });

  it('leaves a new file of the same name alone', () => {
    const file = client.create('/f');
    client.unlink('/f');
    client.write('/f', 'new');
    file.deletePending = true;
    client.close('/f', file);
    expect(client.read('/f')).toBe('new');
  });

  it('takes directories that are empty', () => {
    client.mkdir('/d');
    client.write('/d/f', '');
    expect(failure(() => client.rmdir('/d'))).toBe('DIRECTORY_NOT_EMPTY');
    expect(failure(() => client.rmdir('/d/f'))).toBe('NOT_A_DIRECTORY');
    expect(failure(() => client.unlink('/d'))).toBe('FILE_IS_A_DIRECTORY');
    expect(failure(() => client.rmdir('/'))).toBe('CANNOT_DELETE');
    client.unlink('/d/f');
    const d = client.open('/d');
    client.rmdir('/d');
    expect(client.names('/')).toEqual([]);
    expect([...fs.findFiles('/d', d)]).toEqual([]);
    expect(fs.getFileInformation('/d', d).linkCount).toBe(0);
    expect(failure(() => client.create('/d/x'))).toBe('OBJECT_PATH_NOT_FOUND');
  });

  it('can be called off', () => {
    client.write('/f', '');
    const file = client.open('/f');
    file.deletePending = true;
    fs.deleteFile('/f', file);
    file.deletePending = false;
    fs.deleteFile('/f', file);
    client.close('/f', file);
    expect(client.names('/')).toEqual(['f']);
  });

  it('does not take a directory that was filled after it agreed', () => {
    client.mkdir('/d');
    const d = client.open('/d');
    d.deletePending = true;
    fs.deleteDirectory('/d', d);
    client.write('/d/f', '');
    client.close('/d', d);
    expect(client.names('/d')).toEqual(['f']);
  });
});

describe('renaming', () => {
  beforeEach(() => {
    client.mkdir('/d');
    client.mkdir('/d/sub');
    client.write('/d/sub/f', 'f');
    client.write('/g', 'g');
  });

  it('moves files and trees', () => {
    client.rename('/d', '/e');
    expect(client.read('/e/sub/f')).toBe('f');
    expect(failure(() => client.stat('/d/sub/f'))).toBe('OBJECT_PATH_NOT_FOUND');
    client.mkdir('/d');
    client.rename('/e/sub', '/d/sub');
    expect(client.read('/d/sub/f')).toBe('f');
    expect(client.stat('/e').linkCount).toBe(2);
    expect(client.stat('/d').linkCount).toBe(3);
  });

  it('replaces when it may', () => {
    const before = client.stat('/g').inode;
    expect(failure(() => client.rename('/g', '/d/sub/f', false))).toBe('OBJECT_NAME_COLLISION');
    const old = client.open('/d/sub/f');
    client.rename('/g', '/d/sub/f');
    expect(client.stat('/d/sub/f')).toMatchObject({ inode: before, linkCount: 1 });
    expect(client.readOpen(old).toString()).toBe('f');
    expect(client.names('/')).toEqual(['d']);
  });

  it('replaces like by like', () => {
    client.mkdir('/empty');
    const rename = (from: string, to: string) => failure(() => client.rename(from, to));
    expect(rename('/g', '/empty')).toBe('FILE_IS_A_DIRECTORY');
    expect(rename('/d', '/g')).toBe('NOT_A_DIRECTORY');
    expect(rename('/empty', '/d')).toBe('DIRECTORY_NOT_EMPTY');
    expect(rename('/d', '/empty')).toBeUndefined();
    expect(client.read('/empty/sub/f')).toBe('f');
    expect(client.stat('/').linkCount).toBe(3);
  });

  it('does not put a directory into itself', () => {
    const rename = (from: string, to: string) => failure(() => client.rename(from, to));
    expect(rename('/d', '/d/x')).toBe('INVALID_PARAMETER');
    expect(rename('/d', '/d/sub/x')).toBe('INVALID_PARAMETER');
    expect(rename('/d/sub', '/d')).toBe('DIRECTORY_NOT_EMPTY');
    expect(rename('/', '/x')).not.toBeUndefined();
    expect(rename('/g', `/${'x'.repeat(256)}`)).toBe('NAME_TOO_LONG');
    expect(client.read('/g')).toBe('g');
  });

  it('does nothing where both names are one file', () => {
    fs.createHardLink('/g', '/h');
    client.rename('/g', '/h');
    client.rename('/g', '/g', false);
    expect(client.names('/')).toEqual(['d', 'g', 'h']);
    expect(failure(() => client.rename('/g', '/h', false))).toBe('OBJECT_NAME_COLLISION');
  });

  it('swaps', () => {
    fs.exchangeFiles('/g', '/d/sub');
    expect(client.read('/g/f')).toBe('f');
    expect(client.read('/d/sub')).toBe('g');
    expect(client.stat('/').linkCount).toBe(4);
    expect(client.stat('/d').linkCount).toBe(2);
    expect(failure(() => fs.exchangeFiles('/g', '/g/f'))).toBe('INVALID_PARAMETER');
    expect(failure(() => fs.exchangeFiles('/g/f', '/g'))).toBe('INVALID_PARAMETER');
    expect(failure(() => fs.exchangeFiles('/g', '/no'))).toBe('OBJECT_NAME_NOT_FOUND');
  });
});

describe('links', () => {
  it('gives one file several names', () => {
    client.write('/a', 'text');
    client.mkdir('/d');
    fs.createHardLink('/a', '/d/b');
    expect(client.stat('/d/b')).toEqual(client.stat('/a'));
    expect(client.stat('/a').linkCount).toBe(2);
    client.unlink('/a');
    expect(client.read('/d/b')).toBe('text');
    expect(client.stat('/d/b').linkCount).toBe(1);
    expect(failure(() => fs.createHardLink('/d', '/e'))).toBe('FILE_IS_A_DIRECTORY');
    expect(failure(() => fs.createHardLink('/d/b', '/d'))).toBe('OBJECT_NAME_COLLISION');
  });

  it('stores symbolic links as they are', () => {
    fs.createSymbolicLink('/l', '../no/\udc80where', new FakeOpen());
    expect(fs.readLink('/l')).toBe('../no/\udc80where');
    expect(client.stat('/l')).toMatchObject({ size: 12, mode: 0o120777 });
    expect((client.stat('/l').attributes ?? 0) & FileAttributes.REPARSE_POINT).not.toBe(0);
    expect(failure(() => fs.createSymbolicLink('/l', 'x', new FakeOpen()))).toBe(
      'OBJECT_NAME_COLLISION',
    );
    expect(failure(() => client.open('/l/x'))).toBe('NOT_A_DIRECTORY');
    expect(failure(() => client.rmdir('/l'))).toBe('NOT_A_DIRECTORY');
    client.write('/f', '');
    expect(failure(() => fs.readLink('/f'))).toBe('NOT_A_REPARSE_POINT');
    client.unlink('/l');
    expect(client.names('/')).toEqual(['f']);
  });
});

describe('removal by path', () => {
  it('takes the name at once and the file at the last closeFile', () => {
    const before = client.used;
    const file = client.create('/f');
    fs.writeFile('/f', Buffer.from('still here'), 0, file);
    fs.removeEntry('/f', false);
    expect(failure(() => client.stat('/f'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(client.readOpen(file).toString()).toBe('still here');
    client.close('/f', file);
    expect(client.used).toBe(before);
  });

  it('goes by the rules of deleting', () => {
    client.mkdir('/d');
    client.write('/d/f', '');
    const remove = (path: string, isDirectory: boolean) =>
      failure(() => fs.removeEntry(path, isDirectory));
    expect(remove('/missing', false)).toBe('OBJECT_NAME_NOT_FOUND');
    expect(remove('/missing/f', false)).toBe('OBJECT_PATH_NOT_FOUND');
    expect(remove('/d', true)).toBe('DIRECTORY_NOT_EMPTY');
    expect(remove('/d/f', true)).toBe('NOT_A_DIRECTORY');
    expect(remove('/d', false)).toBe('FILE_IS_A_DIRECTORY');
    expect(remove('/', true)).toBe('CANNOT_DELETE');
    const file = client.open('/d/f');
    fs.setFileAttributes('/d/f', FileAttributes.READONLY, file);
    expect(remove('/d/f', false)).toBe('CANNOT_DELETE');
    fs.setFileAttributes('/d/f', FileAttributes.NORMAL, file);
    client.close('/d/f', file);
    fs.removeEntry('/d/f', false);
    fs.removeEntry('/d', true);
    expect(client.names('/')).toEqual([]);
    expect(failure(() => client.create('/d/x'))).toBe('OBJECT_PATH_NOT_FOUND');
  });

  it('takes a stream, and leaves its file', () => {
    client.write('/f', 'main');
    client.write('/f:s', 'stream');
    fs.removeEntry('/f:s', false);
    expect(failure(() => client.read('/f:s'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(client.read('/f')).toBe('main');
    fs.removeEntry('/f::$DATA', false);
    expect(client.names('/')).toEqual([]);
  });
});

describe('a path that was just asked for', () => {
  it('leads elsewhere once a directory above has moved', () => {
    client.mkdir('/a');
    client.mkdir('/b');
    client.write('/a/f', 'a');
    client.write('/b/f', 'b');
    expect(client.read('/a/f')).toBe('a');
    fs.exchangeFiles('/a', '/b');
    expect(client.read('/a/f')).toBe('b');
    client.rename('/a', '/c');
    expect(failure(() => client.read('/a/f'))).toBe('OBJECT_PATH_NOT_FOUND');
    expect(client.read('/c/f')).toBe('b');
    client.unlink('/c/f');
    client.rmdir('/c');
    expect(failure(() => client.create('/c/f'))).toBe('OBJECT_PATH_NOT_FOUND');
  });
});

describe('listing', () => {
  it('describes every entry, and only once', () => {
    client.mkdir('/d');
    client.write('/d/f', 'abc');
    fs.createSymbolicLink('/d/l', 'f', new FakeOpen());
    const entries = [...fs.findFiles('/d', client.open('/d'))];
    expect(entries.map(({ name }) => name)).toEqual(['f', 'l']);
    expect(entries[0]).toMatchObject({ name: 'f', ...client.stat('/d/f') });
    expect(entries[1]).toMatchObject({ name: 'l', ...client.stat('/d/l') });
    // An entry that is kept tells of the file as it is.
    client.write('/d/f', 'longer');
    expect(entries[0]).toMatchObject({ size: 6, ...client.stat('/d/f') });
    expect(failure(() => fs.findFiles('/d/f', client.open('/d/f')))).toBe('NOT_A_DIRECTORY');
  });

  it('stands entries that come and go meanwhile', () => {
    for (let count = 0; count < 100; count += 1) client.write(`/f${count}`, '');
    let listed = 0;
    for (const { name } of fs.findFiles('/', client.open('/'))) {
      listed += 1;
      client.rename(`/${name}`, `/new-${name}`);
    }
    expect(listed).toBe(100);
    for (const { name } of fs.findFiles('/', client.open('/'))) client.unlink(`/${name}`);
    expect(client.names('/')).toEqual([]);
  });

  it('leaves out what went before its turn', () => {
    for (const name of ['a', 'b', 'c']) client.write(`/${name}`, '');
    const seen: string[] = [];
    for (const { name } of fs.findFiles('/', client.open('/'))) {
      seen.push(name);
      if (name === 'a') client.unlink('/b');
    }
    expect(seen).toEqual(['a', 'c']);
  });
});
