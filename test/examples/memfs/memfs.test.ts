import fc from 'fast-check';
import {
  CreateDisposition,
  CreateOptions,
  FileMode,
  FileSystemFlags,
  SecurityInformation,
} from 'node-dokan';
import { describe, expect, it } from 'vitest';
import { FakeOpen, failure } from './fake_open.js';
import { fs, client, start } from './scene.js';

const { DIRECTORY_FILE, NON_DIRECTORY_FILE } = CreateOptions;
const isWindows = process.platform === 'win32';

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
