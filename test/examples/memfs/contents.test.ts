import { CreateDisposition, FileAccess, FileAttributes, FileMode } from 'node-dokan';
import { describe, expect, it } from 'vitest';
import { failure } from './fake_open.js';
import { fs, client, start } from './scene.js';

const READ = FileAccess.FILE_GENERIC_READ;

describe('reading and writing', () => {
  it('gives back what was written', () => {
    const file = client.create('/f');
    expect(fs.writeFile('/f', Buffer.from('hello'), 3, file)).toBe(5);
    expect(client.readOpen(file).toString()).toBe('\0\0\0hello');
    expect(client.readOpen(file, 2, 4).toString()).toBe('el');
    expect(client.readOpen(file, 10, 8)).toHaveLength(0);
    expect(client.stat('/f')).toMatchObject({ size: 8, blocks: 1 });
  });

  it('appends', () => {
    client.write('/f', 'one');
    const file = client.open('/f');
    file.writeToEndOfFile = true;
    fs.writeFile('/f', Buffer.from('two'), 0, file);
    expect(client.read('/f')).toBe('onetwo');
  });

  it('refuses writes through an open that is for reading', () => {
    client.write('/f', 'x');
    const file = client.open('/f', { desiredAccess: READ });
    const data = Buffer.from('y');
    expect(failure(() => fs.writeFile('/f', data, 0, file))).toBe('ACCESS_DENIED');
    expect(failure(() => fs.setEndOfFile('/f', 0, file))).toBe('ACCESS_DENIED');
    expect(failure(() => fs.setAllocationSize('/f', 0, file))).toBe('ACCESS_DENIED');
    expect(failure(() => fs.setZeroData('/f', 0, 1, file))).toBe('ACCESS_DENIED');
    file.pagingIo = true;
    expect(fs.writeFile('/f', data, 0, file)).toBe(1);
  });

  it('cuts paging writes at the end where the host does not', () => {
    start({ pagingWritesExtend: false });
    client.write('/f', 'abcdef');
    const file = client.open('/f');
    file.pagingIo = true;
    expect(fs.writeFile('/f', Buffer.from('XYZ'), 4, file)).toBe(2);
    expect(fs.writeFile('/f', Buffer.from('XYZ'), 9, file)).toBe(0);
    expect(client.read('/f')).toBe('abcdXY');
    start({ pagingWritesExtend: true });
    client.write('/f', 'ab');
    const other = client.open('/f');
    other.pagingIo = true;
    expect(fs.writeFile('/f', Buffer.from('XYZ'), 1, other)).toBe(3);
    expect(client.read('/f')).toBe('aXYZ');
  });

  it('goes on between cleanup and closeFile', () => {
    const file = client.create('/f');
    fs.cleanup('/f', file);
    file.pagingIo = true;
    fs.writeFile('/f', Buffer.alloc(0), 0, file);
    expect(client.readOpen(file)).toHaveLength(0);
    fs.closeFile('/f', file);
  });

  it('refuses what is beyond numbers', () => {
    const file = client.create('/f');
    const last = Number.MAX_SAFE_INTEGER;
    expect(failure(() => fs.writeFile('/f', Buffer.from('x'), last, file))).toBe('FILE_TOO_LARGE');
  });

  it('answers large reads with where the bytes lie, and puts small ones into the buffer', () => {
    const content = Buffer.alloc(2 ** 20, 'abc');
    client.write('/f', content);
    const file = client.open('/f');
    const buffer = Buffer.alloc(2 ** 20);
    const found = fs.readFile('/f', buffer, 0, file) as Uint8Array;
    expect(content.equals(found)).toBe(true);
    expect(buffer.equals(Buffer.alloc(2 ** 20))).toBe(true);
    expect(fs.readFile('/f', buffer.subarray(0, 4096), 3, file)).toBe(4096);
    expect(buffer.toString('latin1', 0, 3)).toBe('abc');
    // Of a hole there is nothing to show.
    const sparse = client.create('/sparse');
    fs.setEndOfFile('/sparse', 2 ** 20, sparse);
    buffer.fill(1);
    expect(fs.readFile('/sparse', buffer, 0, sparse)).toBe(2 ** 20);
    expect(buffer.equals(Buffer.alloc(2 ** 20))).toBe(true);
  });

  it('does not read or write directories', () => {
    const file = client.open('/');
    const buffer = Buffer.alloc(1);
    expect(failure(() => fs.readFile('/', buffer, 0, file))).toBe('INVALID_DEVICE_REQUEST');
    expect(failure(() => fs.writeFile('/', buffer, 0, file))).toBe('INVALID_DEVICE_REQUEST');
  });

  it('cuts, extends and reserves', () => {
    client.write('/f', 'abcdef');
    const file = client.open('/f');
    fs.setEndOfFile('/f', 3, file);
    fs.setEndOfFile('/f', 5, file);
    expect(client.read('/f')).toBe('abc\0\0');
    fs.setAllocationSize('/f', 1_000_000, file);
    expect(client.stat('/f')).toMatchObject({ size: 5, blocks: Math.ceil(1_000_000 / 512) });
    fs.setAllocationSize('/f', 2, file);
    expect(client.stat('/f')).toMatchObject({ size: 2, blocks: 1 });
  });

  it('counts a reservation until the file is cut', () => {
    start({ capacity: 1_000_000 });
    const before = client.used;
    const file = client.create('/f');
    fs.setAllocationSize('/f', 900_000, file);
    expect(failure(() => client.write('/other', Buffer.alloc(200_000)))).toBe('DISK_FULL');
    expect(failure(() => fs.setAllocationSize('/f', 1_100_000, file))).toBe('DISK_FULL');
    fs.setEndOfFile('/f', 0, file);
    client.unlink('/other');
    client.unlink('/f');
    client.close('/f', file);
    // The open of /other that failed to write is still there.
    expect(client.used - before).toBeLessThan(1_000);
  });

  it('knows where a sparse file has storage', () => {
    const file = client.create('/f');
    fs.setEndOfFile('/f', 1_000_000, file);
    expect(fs.queryAllocatedRange('/f', 0, file)).toBeUndefined();
    fs.writeFile('/f', Buffer.alloc(131_072, 1), 131_072, file);
    expect(fs.queryAllocatedRange('/f', 0, file)).toEqual({ offset: 131_072, length: 131_072 });
    fs.setZeroData('/f', 131_072, 65_536, file);
    expect(fs.queryAllocatedRange('/f', 0, file)).toEqual({ offset: 196_608, length: 65_536 });
    expect(client.stat('/f')).toMatchObject({ size: 1_000_000, blocks: 128 });
  });
});

describe('times', () => {
  const times = (path: string) => client.stat(path) as Record<string, bigint>;

  it('differ between two writes', () => {
    const file = client.create('/f');
    fs.writeFile('/f', Buffer.from('1'), 0, file);
    const first = times('/f');
    fs.writeFile('/f', Buffer.from('2'), 0, file);
    const second = times('/f');
    expect(second['lastWriteTime']! > first['lastWriteTime']!).toBe(true);
    expect(second['changeTime']).toBe(second['lastWriteTime']);
    expect(second['creationTime']).toBe(first['creationTime']);
  });

  it('of access follows the first read after a write', () => {
    client.write('/f', '1');
    client.read('/f');
    const first = times('/f');
    expect(first['lastAccessTime']! > first['lastWriteTime']!).toBe(true);
    client.read('/f');
    expect(times('/f')['lastAccessTime']).toBe(first['lastAccessTime']);
  });

  it('are set to the nanosecond', () => {
    client.write('/f', '1');
    const set = { creationTime: 1n, lastAccessTime: undefined, lastWriteTime: -123_456_789n };
    const before = times('/f');
    fs.setFileTime('/f', set, client.open('/f'));
    expect(times('/f')).toMatchObject({ creationTime: 1n, lastWriteTime: -123_456_789n });
    expect(times('/f')['lastAccessTime']).toBe(before['lastAccessTime']);
    expect(times('/f')['changeTime']! > before['changeTime']!).toBe(true);
  });

  it.each([
    ['setMode', () => fs.setMode('/f', 0o600, client.open('/f'))],
    ['setOwner', () => fs.setOwner('/f', 5, undefined, client.open('/f'))],
    ['a link', () => fs.createHardLink('/f', '/g')],
    ['a rename', () => client.rename('/f', '/f2')],
    ['attributes', () => fs.setFileAttributes('/f', FileAttributes.HIDDEN, client.open('/f'))],
  ])('of change follows %s', (_what, change) => {
    client.write('/f', '');
    const file = client.open('/f');
    const before = fs.getFileInformation('/f', file);
    change();
    const after = fs.getFileInformation('/f', file);
    expect(after.changeTime).not.toBe(before.changeTime);
    expect(after.lastWriteTime).toBe(before.lastWriteTime);
  });

  it.each([
    ['create', () => client.write('/new', '')],
    ['unlink', () => client.unlink('/f')],
    ['rename', () => client.rename('/f', '/g')],
    ['mkdir', () => client.mkdir('/d')],
  ])('of a directory follow %s', (_what, change) => {
    client.write('/f', '');
    const before = times('/');
    change();
    expect(times('/')['lastWriteTime']! > before['lastWriteTime']!).toBe(true);
    expect(times('/')['changeTime']! > before['changeTime']!).toBe(true);
  });
});

describe('attributes', () => {
  it('are kept apart from the mode', () => {
    client.create('/f', { mode: 0o444, fileAttributes: FileAttributes.HIDDEN });
    const file = client.open('/f');
    expect(client.stat('/f').attributes).toBe(FileAttributes.HIDDEN | FileAttributes.ARCHIVE);
    fs.setFileAttributes('/f', 0, file);
    expect(client.stat('/f').attributes).toBe(FileAttributes.HIDDEN | FileAttributes.ARCHIVE);
    fs.setFileAttributes('/f', FileAttributes.READONLY | FileAttributes.DIRECTORY, file);
    expect(client.stat('/f')).toMatchObject({
      attributes: FileAttributes.READONLY,
      mode: FileMode.REGULAR | 0o444,
    });
    fs.setFileAttributes('/f', FileAttributes.NORMAL, file);
    expect(client.stat('/f').attributes).toBe(FileAttributes.NORMAL);
    expect(client.stat('/').attributes).toBe(FileAttributes.DIRECTORY);
  });

  it('keep a read-only file from being changed', () => {
    client.create('/f', { fileAttributes: FileAttributes.READONLY });
    client.write('/g', '');
    const { OVERWRITE } = CreateDisposition;
    expect(failure(() => client.open('/f'))).toBe('ACCESS_DENIED');
    expect(failure(() => client.open('/f:s'))).not.toBeUndefined();
    expect(
      failure(() => client.open('/f', { createDisposition: OVERWRITE, desiredAccess: READ })),
    ).toBe('ACCESS_DENIED');
    expect(failure(() => client.open('/f', { desiredAccess: READ }))).toBeUndefined();
    expect(failure(() => client.unlink('/f'))).toBe('CANNOT_DELETE');
    expect(failure(() => client.rename('/g', '/f'))).toBe('ACCESS_DENIED');
    expect(failure(() => client.rename('/f', '/h'))).toBeUndefined();
  });
});
