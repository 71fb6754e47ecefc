import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { CreateDisposition, FileAccess, FileAttributes } from 'node-dokan';
import { describe, expect, test } from 'vitest';
import { splitStream } from '../../../examples/mirrorfs/stream_path.js';
import { MirrorClient, READ_WRITE, WRITE } from './mirror_client.js';

const { CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;
const status = (code: string): unknown => expect.objectContaining({ code });
const missing = status('OBJECT_NAME_NOT_FOUND');

test('a stream is what follows the colon of the last name', () => {
  expect(splitStream('/a/b')).toBeUndefined();
  expect(splitStream('/a:b/c')).toBeUndefined();
  expect(splitStream('/a:b')).toEqual({ file: '/a', stream: 'b' });
  expect(splitStream('/d/a:b:$DATA')).toEqual({ file: '/d/a', stream: 'b' });
  expect(splitStream('/a::$data')).toEqual({ file: '/a', stream: '' });
  for (const path of ['/a:', '/a:b:', '/a:b:$INDEX_ALLOCATION', '/a:b:$DATA:c']) {
    expect(() => splitStream(path)).toThrow(status('OBJECT_NAME_INVALID'));
  }
});

describe.runIf(process.platform === 'linux')('streams as attributes', () => {
  const client = (): MirrorClient =>
    new MirrorClient({}, (root) => {
      writeFileSync(`${root}/f`, 'data');
      mkdirSync(`${root}/d`);
    });

  const streams = (c: MirrorClient, path: string): [string, number][] => {
    const file = c.openAttributes(path);
    const entries = [...c.mirror.findStreams(path, file)];
    c.close(path, file);
    return entries.map(({ name, size }): [string, number] => [name, size]).sort();
  };

  test.each(['/f', '/d'])('are written, read, listed and removed on %s', (owner) => {
    const c = client();
    const path = `${owner}:notes`;
    const own: [string, number][] = owner === '/f' ? [['', 4]] : [];
    expect(() => c.open(path)).toThrow(missing);
    expect(() => c.stat(path)).toThrow(missing);
    expect(() => c.remove(path)).toThrow(missing);
    const file = c.create(path);
    expect(file.result).toBe('created');
    expect(file.isDirectory).toBe(false);
    expect(file.backingFd).toBeUndefined();
    c.write(path, file, 'hello');
    c.write(path, file, '!', 7);
    expect(c.read(path, file)).toBe('hello\0\0!');
    expect(c.read(path, file, 6)).toBe('\0!');
    expect(c.read(path, file, 100)).toBe('');
    c.mirror.setEndOfFile(path, 4, file);
    file.writeToEndOfFile = true;
    c.write(path, file, '+', 0);
    expect(c.mirror.getFileInformation(path, file)).toMatchObject({
      size: 5,
      attributes: FileAttributes.NORMAL,
    });
    expect(c.mirror.queryAllocatedRange(path, 1, file)).toEqual({ offset: 1, length: 4 });
    c.close(path, file);
    expect(streams(c, owner)).toEqual([...own, ['notes', 5]]);
    expect(() => c.create(path)).toThrow(status('OBJECT_NAME_COLLISION'));
    c.remove(path);
    expect(streams(c, owner)).toEqual(own);
    expect(() => c.open(path)).toThrow(missing);
  });

  test('dispositions are those of files', () => {
    const c = client();
    expect(() => c.open('/f:s', { createDisposition: OVERWRITE })).toThrow(missing);
    const open = (createDisposition: CreateDisposition): unknown => {
      const file = c.open('/f:s', { createDisposition, desiredAccess: WRITE });
      c.close('/f:s', file);
      return file.result;
    };
    expect(open(OPEN_IF)).toBe('created');
    expect(open(OPEN_IF)).toBe('opened');
    expect(open(OVERWRITE_IF)).toBe('overwritten');
    expect(open(CreateDisposition.SUPERSEDE)).toBe('superseded');
  });

  test('a stream makes its file', () => {
    const c = client();
    const path = '/new:s';
    expect(() => c.open(path)).toThrow(missing);
    c.close(path, c.open(path, { createDisposition: CREATE, desiredAccess: READ_WRITE }));
    expect(readFileSync(c.at('new'), 'utf8')).toBe('');
    expect(streams(c, '/new')).toEqual([
      ['', 0],
      ['s', 0],
    ]);
  });

  test('::$DATA is the file', () => {
    const c = client();
    const path = '/f::$DATA';
    expect(c.stat(path).size).toBe(4);
    const file = c.open(path);
    expect(c.read(path, file)).toBe('data');
    c.close(path, file);
    expect(() => c.stat('/f:s:$OTHER')).toThrow(status('OBJECT_NAME_INVALID'));
  });

  test('what is too large for an attribute is refused, what was there stays', () => {
    const c = client();
    const file = c.create('/f:s');
    c.write('/f:s', file, 'kept');
    expect(() => c.write('/f:s', file, 'x'.repeat(70_000))).toThrow(status('DISK_FULL'));
    expect(c.read('/f:s', file)).toBe('kept');
    c.close('/f:s', file);
  });

  test('deleting an open stream leaves the file', () => {
    const c = client();
    c.close('/f:s', c.create('/f:s'));
    const file = c.open('/f:s', { desiredAccess: FileAccess.DELETE });
    file.deletePending = true;
    c.mirror.deleteFile('/f:s', file);
    c.close('/f:s', file);
    expect(streams(c, '/f')).toEqual([['', 4]]);
    expect(readFileSync(c.at('f'), 'utf8')).toBe('data');
  });

  test('a colon in a name travels as U+F03A', () => {
    const c = new MirrorClient({}, (root) => writeFileSync(`${root}/10:30`, 'x'));
    expect(c.names('/')).toEqual(['10\uf03a30']);
    expect(c.stat('/10\uf03a30').size).toBe(1);
    c.close('/a\uf03ab', c.create('/a\uf03ab'));
    expect(readFileSync(c.at('a:b'), 'utf8')).toBe('');
    c.mirror.createSymbolicLink('/l', 'x:y\uf03a', c.file());
    expect(c.mirror.readLink('/l')).toBe('x:y\uf03a');
    c.close('/l', c.openAttributes('/l'));
    c.close('/a\uf03ab:s\uf03at', c.create('/a\uf03ab:s\uf03at'));
    expect(streams(c, '/a\uf03ab')).toEqual([
      ['', 0],
      ['s\uf03at', 0],
    ]);
  });

  test('without streams a colon is an ordinary character', () => {
    const c = new MirrorClient({ altStreams: false });
    c.close('/a:b', c.create('/a:b'));
    expect(c.names('/')).toEqual(['a:b']);
    const file = c.openAttributes('/a:b');
    expect(() => c.mirror.findStreams('/a:b', file)).toThrow(status('NOT_IMPLEMENTED'));
    c.close('/a:b', file);
  });
});
