import fc from 'fast-check';
import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  FileAttributes,
  FileMode,
  FileSystemFlags,
  SecurityInformation,
} from 'node-dokan';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../../examples/memfs/memfs.js';
import { Client, FakeOpen, failure } from './fake_open.js';

const { DIRECTORY_FILE, NON_DIRECTORY_FILE } = CreateOptions;
const READ = FileAccess.FILE_GENERIC_READ;
const isWindows = process.platform === 'win32';

let fs: MemoryFileSystem;
let client: Client;

function start(options: ConstructorParameters<typeof MemoryFileSystem>[0] = {}): void {
  fs = new MemoryFileSystem({ caseSensitive: true, ...options });
  client = new Client(fs);
}

beforeEach(() => start());

describe('createFile', () => {
  const { SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;

  it.each([
    [SUPERSEDE, 'created', 'superseded'],
    [OPEN, 'OBJECT_NAME_NOT_FOUND', 'opened'],
    [CREATE, 'created', 'OBJECT_NAME_COLLISION'],
    [OPEN_IF, 'created', 'opened'],
    [OVERWRITE, 'OBJECT_NAME_NOT_FOUND', 'overwritten'],
    [OVERWRITE_IF, 'created', 'overwritten'],
  ] as const)('disposition %i: %s where it is missing, %s where it is there', (...row) => {
    const [createDisposition, whenMissing, whenThere] = row;
    const outcome = (path: string): string | undefined => {
      let result: string | undefined;
      return failure(() => (result = client.result(path, { createDisposition }))) ?? result;
    };
    client.write('/there', 'contents');
    expect(outcome('/missing')).toBe(whenMissing);
    expect(outcome('/there')).toBe(whenThere);
    expect(client.stat('/there').size).toBe(
      ['overwritten', 'superseded'].includes(whenThere) ? 0 : 8,
    );
  });

  it('tells directories from files', () => {
    client.mkdir('/d');
    client.write('/f', '');
    const open = (path: string, createOptions: number) =>
      failure(() => client.result(path, { createOptions }));
    expect(open('/d', NON_DIRECTORY_FILE)).toBe('FILE_IS_A_DIRECTORY');
    expect(open('/f', DIRECTORY_FILE)).toBe('NOT_A_DIRECTORY');
    expect(open('/d', DIRECTORY_FILE)).toBeUndefined();
    expect(open('/d', 0)).toBeUndefined();
    expect(client.open('/d').isDirectory).toBe(true);
    expect(client.open('/f').isDirectory).toBe(false);
    expect(client.open('/').isDirectory).toBe(true);
    expect(failure(() => client.mkdir('/f'))).toBe('OBJECT_NAME_COLLISION');
    expect(failure(() => client.result('/d', { createDisposition: OVERWRITE_IF }))).toBe(
      'FILE_IS_A_DIRECTORY',
    );
  });

  it('names what is missing', () => {
    client.write('/f', '');
    expect(failure(() => client.open('/no'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(failure(() => client.open('/no/x'))).toBe('OBJECT_PATH_NOT_FOUND');
    expect(failure(() => client.open('/f/x'))).toBe('NOT_A_DIRECTORY');
    expect(failure(() => client.create('/f/x'))).toBe('NOT_A_DIRECTORY');
    expect(failure(() => client.create('/no/x'))).toBe('OBJECT_PATH_NOT_FOUND');
    expect(failure(() => client.stat(`/${'x'.repeat(256)}`))).toBe('NAME_TOO_LONG');
  });

  it('takes mode and owner from the request', () => {
    client.create('/f', { mode: 0o4751 });
    client.mkdir('/d', { mode: 0o1777 });
    client.create('/default');
    expect(client.stat('/f')).toMatchObject({ mode: 0o104751, uid: 1000, gid: 100 });
    expect(client.stat('/d').mode).toBe(0o041777);
    expect(client.stat('/default').mode).toBe(0o100644);
  });

  it('makes what nobody in particular asks for the process its own', () => {
    const file = new FakeOpen();
    file.asker = { processId: 0, userId: -1, groupId: -1 };
    fs.createFile('/f', client.request({ createDisposition: CREATE }), file);
    expect(client.stat('/f').uid).toBe(process.getuid?.() ?? 0);
  });

  it('hands the group of a setgid directory down', () => {
    client.mkdir('/d', { mode: 0o755 });
    const d = client.open('/d');
    fs.setOwner('/d', undefined, 777, d);
    fs.setMode('/d', 0o2755, d);
    client.create('/d/f', { mode: 0o644 });
    client.mkdir('/d/e', { mode: 0o755 });
    fs.createSymbolicLink('/d/l', 'f', new FakeOpen());
    expect(client.stat('/d/f')).toMatchObject({ gid: 777, mode: 0o100644 });
    expect(client.stat('/d/e')).toMatchObject({ gid: 777, mode: 0o042755 });
    expect(client.stat('/d/l')).toMatchObject({ gid: 777, mode: 0o120777 });
  });

  it('keeps mode and streams of a file that is overwritten', () => {
    client.create('/f', { mode: 0o600 });
    client.write('/f:s', 'stream');
    const before = client.stat('/f');
    client.result('/f', { createDisposition: OVERWRITE, mode: 0o777 });
    expect(client.stat('/f')).toMatchObject({ mode: 0o100600, inode: before.inode });
    if (!isWindows) expect(client.read('/f:s')).toBe('stream');
    client.result('/f', { createDisposition: SUPERSEDE });
    expect(failure(() => client.read('/f:s'))).toBe('OBJECT_NAME_NOT_FOUND');
  });

  it('leaves no trace when the volume is full', () => {
    start({ capacity: 1200 });
    const before = client.used;
    client.create('/one');
    expect(failure(() => client.create('/two'))).toBe('DISK_FULL');
    expect(failure(() => client.mkdir('/two'))).toBe('DISK_FULL');
    expect(failure(() => fs.createSymbolicLink('/two', 'x', new FakeOpen()))).toBe('DISK_FULL');
    expect(failure(() => client.create('/two:stream'))).toBe('DISK_FULL');
    expect(client.names('/')).toEqual(['one']);
    client.rename('/one', '/three');
    const open = client.open('/three');
    client.unlink('/three');
    client.close('/three', open);
    expect(client.names('/')).toEqual([]);
    // The first open of it was never closed.
    expect(client.used).toBeGreaterThan(before);
  });
});

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

describe('listing', () => {
  it('describes every entry, and only once', () => {
    client.mkdir('/d');
    client.write('/d/f', 'abc');
    fs.createSymbolicLink('/d/l', 'f', new FakeOpen());
    const entries = [...fs.findFiles('/d', client.open('/d'))];
    expect(entries.map(({ name }) => name)).toEqual(['f', 'l']);
    expect(entries[0]).toEqual({ name: 'f', ...client.stat('/d/f') });
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

describe('names', () => {
  it('are exact where case matters', () => {
    client.write('/Name', '1');
    client.write('/name', '2');
    expect(client.names('/')).toEqual(['Name', 'name']);
  });

  it('keep their case where it does not', () => {
    start({ caseSensitive: false });
    client.mkdir('/Dir');
    client.write('/DIR/Größe', '1');
    client.write('/dir/GRÖßE', '2');
    expect(client.names('/dIR')).toEqual(['Größe']);
    client.rename('/dir/größe', '/DIR/GRÖSSE');
    client.rename('/dir/grösse', '/dir/Grösse', false);
    expect(client.names('/Dir')).toEqual(['Grösse']);
    client.unlink('/DIR/GRÖSSE');
    client.rmdir('/DIR');
    expect(client.names('/')).toEqual([]);
  });

  it('may hold bytes that are not UTF-8, and a colon where there are no streams', () => {
    start({ altStreams: false });
    client.write('/\udc80:x', 'y');
    expect(client.names('/')).toEqual(['\udc80:x']);
    expect(client.read('/\udc80:x')).toBe('y');
  });
});

describe('streams', () => {
  it('lie beside the data of files and directories', () => {
    client.write('/f', 'main');
    client.write('/f:one', 'first');
    client.write('/f:two:$DATA', 'second');
    client.mkdir('/d');
    client.write('/d:s', 'dir');
    expect(client.read('/f')).toBe('main');
    expect(client.read('/f::$DATA')).toBe('main');
    expect(client.read('/f:one:$DATA')).toBe('first');
    expect(fs.findStreams('/f', client.open('/f'))).toEqual([
      { name: '::$DATA', size: 4 },
      { name: ':one:$DATA', size: 5 },
      { name: ':two:$DATA', size: 6 },
    ]);
    expect(fs.findStreams('/d', client.open('/d'))).toEqual([{ name: ':s:$DATA', size: 3 }]);
    expect(client.stat('/f:two').size).toBe(6);
    expect((client.stat('/d:s').attributes ?? 0) & FileAttributes.DIRECTORY).toBe(0);
    expect(client.open('/d:s').isDirectory).toBe(false);
    expect(failure(() => client.result('/d:s', { createOptions: DIRECTORY_FILE }))).toBe(
      'NOT_A_DIRECTORY',
    );
    expect(failure(() => client.stat('/f:no'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(failure(() => client.open('/no:s'))).toBe('OBJECT_NAME_NOT_FOUND');
  });

  it('come with their file, and go with it', () => {
    const before = client.used;
    client.write('/f:s', 'x'.repeat(10_000));
    expect(client.stat('/f').size).toBe(0);
    client.rename('/f', '/g');
    expect(client.read('/g:s')).toHaveLength(10_000);
    client.unlink('/g');
    expect(client.used).toBe(before);
  });

  it('are deleted alone, and stay until closed', () => {
    client.write('/f', 'main');
    const before = client.used;
    const open = client.create('/f:s');
    fs.writeFile('/f:s', Buffer.from('text'), 0, open);
    client.unlink('/f:s');
    expect(failure(() => client.stat('/f:s'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(client.readOpen(open).toString()).toBe('text');
    client.close('/f:s', open);
    expect(client.used).toBe(before);
    expect(client.read('/f')).toBe('main');
  });

  it('do not hide that ::$DATA is the file itself', () => {
    client.write('/f', 'main');
    client.rename('/f::$DATA', '/g');
    expect(client.read('/g::$DATA')).toBe('main');
    client.unlink('/g::$DATA');
    expect(client.names('/')).toEqual([]);
  });

  it('can be renamed within the file', () => {
    client.write('/f:a', '1');
    client.write('/f:b', '2');
    expect(failure(() => client.rename('/f:a', '/f:b', false))).toBe('OBJECT_NAME_COLLISION');
    client.rename('/f:a', '/f:b');
    expect(client.read('/f:b')).toBe('1');
    expect(failure(() => client.stat('/f:a'))).toBe('OBJECT_NAME_NOT_FOUND');
    client.write('/g', '');
    expect(failure(() => client.rename('/f:b', '/g:b'))).toBe('INVALID_PARAMETER');
  });

  it('are no place for files', () => {
    client.write('/f', '');
    expect(failure(() => client.rename('/f', '/g:s'))).toBe('OBJECT_NAME_INVALID');
    expect(failure(() => fs.createHardLink('/f', '/g:s'))).toBe('OBJECT_NAME_INVALID');
    expect(failure(() => fs.createSymbolicLink('/g:s', 'f', new FakeOpen()))).toBe(
      'OBJECT_NAME_INVALID',
    );
    expect(client.names('/')).toEqual(['f']);
  });

  it('do not change the time of last write', () => {
    client.write('/f', '');
    const before = client.stat('/f');
    client.write('/f:s', 'x');
    expect(client.stat('/f').lastWriteTime).toBe(before.lastWriteTime);
    expect(client.stat('/f').changeTime).not.toBe(before.changeTime);
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

describe('locks', () => {
  it('belong to an open, until cleanup', () => {
    client.write('/f', 'x'.repeat(100));
    const one = client.open('/f');
    const two = client.open('/f');
    fs.lockFile('/f', 0, 10, one);
    expect(failure(() => fs.lockFile('/f', 9, 1, two))).toBe('LOCK_NOT_GRANTED');
    expect(failure(() => fs.lockFile('/f', 10, 2 ** 53, two))).toBeUndefined();
    expect(failure(() => fs.unlockFile('/f', 0, 10, two))).toBe('RANGE_NOT_LOCKED');
    expect(failure(() => fs.unlockFile('/f', 0, 5, one))).toBe('RANGE_NOT_LOCKED');
    fs.cleanup('/f', one);
    expect(failure(() => fs.lockFile('/f', 0, 10, two))).toBeUndefined();
    fs.unlockFile('/f', 0, 10, two);
    expect(failure(() => fs.unlockFile('/f', 0, 10, two))).toBe('RANGE_NOT_LOCKED');
  });
});

describe('security', () => {
  const { OWNER, DACL } = SecurityInformation;

  it('is the default until it is set, part by part', () => {
    client.write('/f', '');
    const file = client.open('/f');
    const before = client.used;
    const old = fs.getFileSecurity('/f', OWNER | DACL, file);
    const changed = Buffer.from(old);
    // The last sub-authority of the owner: Administrators become Users.
    changed.writeUInt32LE(545, 32);
    fs.setFileSecurity('/f', OWNER, changed, file);
    expect(fs.getFileSecurity('/f', OWNER | DACL, file)).toEqual(changed);
    expect(client.used).toBeGreaterThan(before);
    expect(failure(() => fs.setFileSecurity('/f', OWNER, Buffer.alloc(20), file))).toBe(
      'INVALID_SECURITY_DESCR',
    );
  });

  it('can be given to a new file', () => {
    client.write('/f', '');
    const securityDescriptor = fs.getFileSecurity('/f', OWNER | DACL, client.open('/f'));
    securityDescriptor.writeUInt32LE(545, 32);
    const file = client.create('/g', { securityDescriptor });
    expect(fs.getFileSecurity('/g', OWNER | DACL, file)).toEqual(securityDescriptor);
    expect(failure(() => client.create('/h', { securityDescriptor: Buffer.alloc(3) }))).toBe(
      'INVALID_SECURITY_DESCR',
    );
    expect(client.names('/')).toEqual(['f', 'g']);
  });
});

describe('the volume', () => {
  it('says what it is', () => {
    start({ volumeLabel: 'notes', capacity: 1_000_000 });
    expect(fs.getVolumeInformation()).toMatchObject({
      volumeName: 'notes',
      fileSystemName: 'NTFS',
    });
    const { fileSystemFlags = 0 } = fs.getVolumeInformation();
    expect(fileSystemFlags & FileSystemFlags.NAMED_STREAMS).not.toBe(0);
    expect(fileSystemFlags & FileSystemFlags.CASE_SENSITIVE_SEARCH).not.toBe(0);
    expect(fs.getDiskFreeSpace().totalBytes).toBe(1_000_000);
    expect(fs.getDiskFreeSpace().totalFreeBytes).toBe(1_000_000 - client.used);
  });

  it('gives every byte back, whatever was done', () => {
    const path = fc.constantFrom(
      '/a',
      '/b',
      '/d',
      '/d/a',
      '/d/b',
      '/d/e',
      '/d/e/a',
      '/a:s',
      '/d:s',
    );
    const action = fc.tuple(
      fc.constantFrom('write', 'mkdir', 'unlink', 'rmdir', 'rename', 'link', 'exchange', 'open'),
      path,
      path,
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        start();
        const before = client.used;
        const opens: [string, FakeOpen][] = [];
        for (const [what, from, to] of actions) {
          failure(() => {
            if (what === 'write') client.write(from, 'x'.repeat(3_000));
            else if (what === 'mkdir') client.mkdir(from);
            else if (what === 'unlink') client.unlink(from);
            else if (what === 'rmdir') client.rmdir(from);
            else if (what === 'rename') client.rename(from, to);
            else if (what === 'link') fs.createHardLink(from, to);
            else if (what === 'exchange') fs.exchangeFiles(from, to);
            else opens.push([from, client.open(from)]);
          });
          checkLinkCounts('/');
        }
        for (const [from, open] of opens) client.close(from, open);
        removeAll('/');
        expect(client.used).toBe(before);
      }),
      { numRuns: 500 },
    );
  });
});

function checkLinkCounts(directory: string): void {
  let subdirectories = 0;
  for (const { name, mode = 0 } of client.list(directory)) {
    if ((mode & FileMode.TYPE_MASK) !== FileMode.DIRECTORY) continue;
    subdirectories += 1;
    checkLinkCounts(`${directory === '/' ? '' : directory}/${name}`);
  }
  expect(client.stat(directory).linkCount).toBe(2 + subdirectories);
}

function removeAll(directory: string): void {
  const prefix = directory === '/' ? '' : directory;
  for (const name of client.names(directory)) {
    const path = `${prefix}/${name}`;
    if (((client.stat(path).mode ?? 0) & FileMode.TYPE_MASK) === FileMode.DIRECTORY) {
      removeAll(path);
      client.rmdir(path);
    } else {
      client.unlink(path);
    }
  }
}
