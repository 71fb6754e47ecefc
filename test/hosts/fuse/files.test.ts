import { describe, expect, it } from 'vitest';
import { CreateDisposition, CreateOptions } from '../../../lib/constants.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import { IoFlags } from '../../../lib/target.js';
import {
  ALL_FLAGS,
  failure,
  Kernel,
  known,
  MOUNTED_AT,
  opened,
  OPTIONS,
  scripted,
  ScriptedTarget,
  settled,
} from './harness.js';
import { body, cString, entryOut, u32, u64 } from './kernel.js';

const { OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;
const { NON_DIRECTORY_FILE, DIRECTORY_FILE, WRITE_THROUGH } = CreateOptions;
const { NO_INTERMEDIATE_BUFFERING } = CreateOptions;

/** winnt.h. */
const FILE_GENERIC_READ = 0x120089;
const FILE_GENERIC_WRITE = 0x120116;
const FILE_EXECUTE = 0x20;
const FILE_READ_ATTRIBUTES = 0x80;
const WRITE_ONLY = FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES;
const SHARE_ALL = 7;
const FILE_ATTRIBUTE_NORMAL = 0x80;

/** open(2) of this machine. */
const isArm = process.arch === 'arm64' || process.arch === 'arm';
const O_WRONLY = 1;
const O_RDWR = 2;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_DSYNC = 0o10000;
const O_SYNC = 0o4010000;
const O_DIRECT = isArm ? 0o200000 : 0o40000;
const FMODE_EXEC = 0o40;
const KILL_SUIDGID = 1;

const FOPEN_DIRECT_IO = 1;
const FOPEN_KEEP_CACHE = 2;
const FOPEN_PARALLEL_DIRECT_WRITES = 64;
const DIRECT = FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES;

const VALID = { entry: OPTIONS.entryTimeout, attr: OPTIONS.attributeTimeout };
const TIMES = { atime: MOUNTED_AT, mtime: MOUNTED_AT, ctime: MOUNTED_AT };
const NEW = { ...TIMES, mode: 0o100644, uid: 501, gid: 502 };

function how(
  desiredAccess: number,
  createDisposition: number,
  createOptions: number,
  mode?: number,
): unknown {
  const fileAttributes = mode === undefined ? 0 : FILE_ATTRIBUTE_NORMAL;
  const shareAccess = SHARE_ALL;
  return { desiredAccess, fileAttributes, shareAccess, createDisposition, createOptions, mode };
}

describe('OPEN', () => {
  it.each<[string, number, unknown]>([
    ['O_RDONLY', 0, how(FILE_GENERIC_READ, OPEN, NON_DIRECTORY_FILE)],
    ['O_WRONLY', O_WRONLY, how(WRITE_ONLY, OPEN, NON_DIRECTORY_FILE)],
    ['O_RDWR', O_RDWR, how(FILE_GENERIC_READ | FILE_GENERIC_WRITE, OPEN, NON_DIRECTORY_FILE)],
    ['O_WRONLY | O_TRUNC', O_WRONLY | O_TRUNC, how(WRITE_ONLY, OVERWRITE, NON_DIRECTORY_FILE)],
    ['O_WRONLY | O_APPEND', O_WRONLY | O_APPEND, how(WRITE_ONLY, OPEN, NON_DIRECTORY_FILE)],
    ['for execve', FMODE_EXEC, how(FILE_GENERIC_READ | FILE_EXECUTE, OPEN, NON_DIRECTORY_FILE)],
    ['O_DSYNC', O_DSYNC, how(FILE_GENERIC_READ, OPEN, NON_DIRECTORY_FILE)],
    ['O_SYNC', O_SYNC, how(FILE_GENERIC_READ, OPEN, NON_DIRECTORY_FILE | WRITE_THROUGH)],
    [
      'O_DIRECT',
      O_DIRECT,
      how(FILE_GENERIC_READ, OPEN, NON_DIRECTORY_FILE | NO_INTERMEDIATE_BUFFERING),
    ],
  ])('%s', (_what, flags, request) => {
    const all = scripted();
    const node = known(all, 'a');
    const reply = all.kernel.ask('OPEN', node, body.open(flags));
    expect(all.script.takeCalls()).toEqual([['createFile', '/a', request]]);
    expect(reply.body).toEqual(Buffer.concat([u64(1), u32(0, 0)]));
  });

  it.each([
    [{}, 0],
    [{ keepCache: true }, FOPEN_KEEP_CACHE],
    [{ directIo: true }, DIRECT],
  ])('with %j tells the kernel what to cache', (options, flags) => {
    const all = scripted(options);
    const node = known(all, 'a');
    expect(all.kernel.ask('OPEN', node, body.open(0)).u32(8)).toBe(flags);
  });

  it.each<[string, Partial<SessionOptions>, number, number]>([
    ['goes past the page cache', {}, -1, DIRECT],
    ['and keepCache has nothing to keep', { keepCache: true }, -1, DIRECT],
    ['of a kernel that would not keep both in step does not', {}, 0, 0],
    ['does not where the page cache has data to write back', { writebackCache: true }, -1, 0],
  ])('with O_DIRECT %s', (_what, options, flags2, expected) => {
    const script = new ScriptedTarget();
    const kernel = new Kernel(script.target, options);
    kernel.init(45, ALL_FLAGS, flags2);
    const node = known({ kernel, script }, 'a');
    expect(kernel.ask('OPEN', node, body.open(O_DIRECT)).u32(8)).toBe(expected);
    expect(kernel.ask('OPEN', node, body.open(0)).u32(8) & FOPEN_DIRECT_IO).toBe(0);
  });

  describe('of a file that may be replaced meanwhile', () => {
    it.each([
      ['the same', 11, 0, 0],
      ['another one, for reading', 12, 0, DIRECT],
    ])('by another thread: %s', (_what, inode, flags, expected) => {
      const all = scripted({ severalThreads: true });
      const node = known(all, 'a', { size: 0, inode: 11 });
      all.script.answers.getFileInformation = { size: 0, inode };
      expect(all.kernel.ask('OPEN', node, body.open(flags)).u32(8)).toBe(expected);
      expect(all.script.takeNames()).toEqual(['createFile', 'getFileInformation']);
    });

    it('by another thread: another one, for writing, is looked up anew', () => {
      const all = scripted({ severalThreads: true });
      const node = known(all, 'a', { size: 0, inode: 11 });
      all.script.answers.getFileInformation = { size: 0, inode: 12 };
      expect(all.kernel.fail('OPEN', node, body.open(O_RDWR))).toBe('ESTALE');
      const calls = ['createFile', 'getFileInformation', 'cleanup', 'closeFile'];
      expect(all.script.takeNames()).toEqual(calls);
    });

    it('by a rename that is under way', async () => {
      const all = scripted();
      const { kernel, script } = all;
      const node = known(all, 'a', { size: 0, inode: 11 });
      known(all, 'b', { size: 0, inode: 12 });
      script.answers.getFileInformation = { size: 0, inode: 12 };
      script.isAsync = true;
      const rename = kernel.post('RENAME', 1, u64(1), cString('b'), cString('a'));
      const open = kernel.post('OPEN', node, body.open(0));
      await settled();
      expect(kernel.reply(rename).errno).toBe(0);
      expect(kernel.reply(open).u32(8)).toBe(DIRECT);
      // Afterwards nothing is asked for that.
      script.takeCalls();
      script.isAsync = false;
      const other = known(all, 'c', { size: 0, inode: 13 });
      script.isAsync = true;
      await kernel.later('OPEN', other, body.open(0));
      expect(script.takeNames()).toEqual(['createFile']);
    });
  });

  it('later is answered as at once', async () => {
    const all = scripted();
    const node = known(all, 'a');
    all.script.isAsync = true;
    const reply = await all.kernel.later('OPEN', node, body.open(0));
    expect(reply.body).toEqual(Buffer.concat([u64(1), u32(0, 0)]));
  });

  it('that is refused leaves no handle', () => {
    const all = scripted();
    const node = known(all, 'a');
    all.script.answers.createFile = failure('SHARING_VIOLATION');
    expect(all.kernel.fail('OPEN', node, body.open(0))).toBe('EBUSY');
    expect(all.kernel.session.nodes.get(node).opens).toBeUndefined();
    delete all.script.answers.createFile;
    expect(all.kernel.ask('OPEN', node, body.open(0)).u64(0)).toBe(1);
  });

  it('that truncates takes set-user-ID away', () => {
    const all = scripted();
    const node = known(all, 'a', { size: 0, mode: 0o106755 });
    all.kernel.ask('OPEN', node, body.open(O_WRONLY | O_TRUNC, KILL_SUIDGID));
    expect(all.script.takeCalls().slice(1)).toEqual([['setMode', 'open 1', '/a', 0o755]]);
  });

  it('whose set-user-ID stays is closed again', () => {
    const all = scripted();
    const node = known(all, 'a', { size: 0, mode: 0o104755 });
    all.script.answers.setMode = failure('ACCESS_DENIED');
    const flags = O_WRONLY | O_TRUNC;
    expect(all.kernel.fail('OPEN', node, body.open(flags, KILL_SUIDGID))).toBe('EACCES');
    expect(all.script.takeNames()).toEqual(['createFile', 'setMode', 'cleanup', 'closeFile']);
    expect(all.kernel.session.nodes.get(node).opens).toBeUndefined();
    // What could not be taken is tried again.
    expect(all.kernel.session.nodes.get(node).mode).toBe(0o104755);
  });

  it('of an unlinked file that is open shares that open until the last is released', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const first = opened(all, node, O_RDWR);
    kernel.ask('UNLINK', 1, cString('a'));
    script.takeCalls();
    const second = kernel.ask('OPEN', node, body.open(O_RDWR | O_TRUNC)).u64(0);
    expect(script.takeCalls()).toEqual([['setEndOfFile', 'open 1', '/a', 0]]);
    kernel.ask('RELEASE', node, body.release(first));
    expect(script.takeCalls()).toEqual([]);
    kernel.ask('RELEASE', node, body.release(second));
    expect(script.takeNames()).toEqual(['cleanup', 'closeFile']);
  });

  it('of an unlinked file is ESTALE where no open will do', () => {
    const all = scripted();
    const node = known(all, 'a');
    const handle = opened(all, node, 0);
    all.kernel.ask('UNLINK', 1, cString('a'));
    expect(all.kernel.fail('OPEN', node, body.open(O_RDWR))).toBe('ESTALE');
    all.kernel.ask('RELEASE', node, body.release(handle));
    expect(all.kernel.fail('OPEN', node, body.open(0))).toBe('ESTALE');
  });

  it('for reading of a file that was replaced meanwhile gets what replaced it', () => {
    const all = scripted();
    const { kernel, script } = all;
    const old = known(all, 'a');
    known(all, 'b');
    kernel.ask('RENAME', 1, body.rename(1), cString('b'), cString('a'));
    script.takeCalls();
    const reply = kernel.ask('OPEN', old, body.open(0));
    expect(script.takeCalls()[0]?.slice(0, 2)).toEqual(['createFile', '/a']);
    expect(reply.u32(8)).toBe(FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES);
    expect(kernel.fail('OPEN', old, body.open(O_RDWR))).toBe('ESTALE');
  });
});

describe('CREATE', () => {
  it.each<[string, number, unknown]>([
    ['O_WRONLY', O_WRONLY, how(WRITE_ONLY, OPEN_IF, NON_DIRECTORY_FILE, 0o640)],
    ['O_EXCL', O_WRONLY | O_EXCL, how(WRITE_ONLY, CREATE, NON_DIRECTORY_FILE, 0o640)],
    ['O_TRUNC', O_WRONLY | O_TRUNC, how(WRITE_ONLY, OVERWRITE_IF, NON_DIRECTORY_FILE, 0o640)],
    [
      'O_EXCL | O_TRUNC',
      O_WRONLY | O_EXCL | O_TRUNC,
      how(WRITE_ONLY, CREATE, NON_DIRECTORY_FILE, 0o640),
    ],
  ])('%s', (_what, flags, request) => {
    const { kernel, script } = scripted();
    script.createResult = 'created';
    const reply = kernel.ask('CREATE', 1, body.create(flags, 0o100640, 0o022), cString('n'));
    expect(script.takeCalls()).toEqual([
      ['createFile', '/n', request],
      ['getFileInformation', 'open 1', '/n'],
    ]);
    const entry = entryOut(2, 0, VALID, { ...NEW, ino: 2 });
    expect(reply.body).toEqual(Buffer.concat([entry, u64(1), u32(0, 0)]));
    expect(kernel.session.nodes.get(2).lookups).toBe(1);
    expect(kernel.session.files.get(1).node.id).toBe(2);
  });

  it.each([false, true])('gives up the open it cannot describe (async: %s)', async (isAsync) => {
    const { kernel, script } = scripted();
    script.answers.getFileInformation = failure('ACCESS_DENIED');
    script.isAsync = isAsync;
    const unique = kernel.post('CREATE', 1, body.create(O_RDWR, 0o600), cString('n'));
    await settled();
    expect(kernel.reply(unique).errno).toBe(13);
    expect(script.takeNames()).toEqual([
      'createFile',
      'getFileInformation',
      'cleanup',
      'closeFile',
    ]);
    expect(kernel.session.nodes.size).toBe(1);
    expect(kernel.session.files.find(1)).toBeUndefined();
  });

  it('takes set-user-ID from a file that was there after all', () => {
    const { kernel, script } = scripted();
    script.createResult = 'overwritten';
    script.answers.getFileInformation = { size: 0, mode: 0o104711 };
    const create = body.create(O_WRONLY | O_TRUNC, 0o600, 0, KILL_SUIDGID);
    kernel.ask('CREATE', 1, create, cString('n'));
    expect(script.takeCalls().at(-1)).toEqual(['setMode', 'open 1', '/n', 0o711]);
  });

  it('passes errors on', () => {
    const { kernel, script } = scripted();
    script.answers.createFile = failure('OBJECT_NAME_COLLISION');
    expect(kernel.fail('CREATE', 1, body.create(O_EXCL, 0o600), cString('n'))).toBe('EEXIST');
    expect(kernel.fail('CREATE', 9, body.create(O_EXCL, 0o600), cString('n'))).toBe('ESTALE');
  });
});

describe('MKNOD and MKDIR', () => {
  it('make a plain file', () => {
    const { kernel, script } = scripted();
    const reply = kernel.ask('MKNOD', 1, body.mknod(0o100606), cString('n'));
    expect(script.takeCalls()).toEqual([
      ['createFile', '/n', how(WRITE_ONLY, CREATE, NON_DIRECTORY_FILE, 0o606)],
      ['getFileInformation', 'open 1', '/n'],
      ['cleanup', 'open 1', '/n'],
      ['closeFile', 'open 1', '/n'],
    ]);
    expect(reply.body).toEqual(entryOut(2, 0, VALID, { ...NEW, ino: 2 }));
    expect(kernel.fail('MKNOD', 1, body.mknod(0o600), cString('m'))).toBe('OK');
  });

  it.each([0o010000, 0o020000, 0o060000, 0o140000])('make nothing of type %o', (type) => {
    const { kernel, script } = scripted();
    expect(kernel.fail('MKNOD', 1, body.mknod(type | 0o600), cString('n'))).toBe('EPERM');
    expect(script.takeCalls()).toEqual([]);
  });

  it.each([false, true])('make a directory (async: %s)', async (isAsync) => {
    const { kernel, script } = scripted();
    script.isAsync = isAsync;
    script.answers.getFileInformation = { mode: 0o041777 };
    const unique = kernel.post('MKDIR', 1, body.mkdir(0o1777, 0o022), cString('d'));
    await settled();
    expect(script.takeCalls()).toEqual([
      ['createFile', '/d', how(FILE_GENERIC_READ, CREATE, DIRECTORY_FILE, 0o1777)],
      ['getFileInformation', 'open 1', '/d'],
      ['cleanup', 'open 1', '/d'],
      ['closeFile', 'open 1', '/d'],
    ]);
    const entry = { ...NEW, ino: 2, mode: 0o041777, nlink: 2 };
    expect(kernel.reply(unique).body).toEqual(entryOut(2, 0, VALID, entry));
  });

  it('pass errors on', () => {
    const { kernel, script } = scripted();
    script.answers.createFile = failure('OBJECT_NAME_COLLISION');
    expect(kernel.fail('MKDIR', 1, body.mkdir(0o755), cString('d'))).toBe('EEXIST');
    expect(kernel.fail('MKNOD', 1, body.mknod(0o100644), cString('d'))).toBe('EEXIST');
    script.answers.createFile = failure('DISK_FULL');
    expect(kernel.fail('MKDIR', 1, body.mkdir(0o755), cString('d'))).toBe('ENOSPC');
  });
});

describe('RELEASE', () => {
  it('cleans up and closes, by the present path', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const handle = opened(all, node);
    kernel.ask('RENAME', 1, body.rename(1), cString('a'), cString('b'));
    script.takeCalls();
    expect(kernel.ask('RELEASE', node, body.release(handle)).length).toBe(16);
    expect(script.takeCalls()).toEqual([
      ['cleanup', 'open 1', '/b'],
      ['closeFile', 'open 1', '/b'],
    ]);
    expect(kernel.fail('RELEASE', node, body.release(handle))).toBe('EBADF');
    expect(kernel.fail('READ', node, body.read(handle, 0, 10))).toBe('EBADF');
  });

  it('lets go of a node that was forgotten before', () => {
    const all = scripted();
    const node = known(all, 'a');
    const handle = opened(all, node);
    all.kernel.post('FORGET', node, body.forget(1));
    expect(all.kernel.session.nodes.size).toBe(2);
    all.kernel.ask('RELEASE', node, body.release(handle));
    expect(all.kernel.session.nodes.size).toBe(1);
  });

  it('waits for a cleanup that takes time', async () => {
    const all = scripted();
    const node = known(all, 'a');
    const handle = opened(all, node);
    all.script.isAsync = true;
    const reply = await all.kernel.later('RELEASE', node, body.release(handle));
    expect(reply.errno).toBe(0);
    expect(all.script.takeNames()).toEqual(['cleanup', 'closeFile']);
  });
});

describe('FSYNC and FSYNCDIR', () => {
  it('flush an open', () => {
    const all = scripted();
    const node = known(all, 'a');
    const handle = opened(all, node);
    for (const [flags, io] of [
      [0, IoFlags.NONE],
      [1, IoFlags.DATA_ONLY],
    ] as const) {
      expect(all.kernel.ask('FSYNC', node, body.fsync(handle, flags)).length).toBe(16);
      expect(all.script.takeCalls()).toEqual([['flushFileBuffers', 'open 1', '/a', io]]);
    }
    expect(all.kernel.fail('FSYNC', node, body.fsync(99))).toBe('EBADF');
    // Handles of files and of directories are not the same numbers.
    expect(all.kernel.fail('FSYNCDIR', node, body.fsync(handle))).toBe('EBADF');
  });

  it('flush a directory, and nothing for one that is gone', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'd', { mode: 0o040755 });
    const handle = kernel.ask('OPENDIR', node, body.open(0)).u64(0);
    script.takeCalls();
    kernel.ask('FSYNCDIR', node, body.fsync(handle));
    expect(script.takeCalls()).toEqual([['flushFileBuffers', 'open 1', '/d', IoFlags.NONE]]);
    kernel.ask('FSYNCDIR', node, body.fsync(handle, 1));
    expect(script.takeCalls()).toEqual([['flushFileBuffers', 'open 1', '/d', IoFlags.DATA_ONLY]]);
    kernel.ask('RMDIR', 1, cString('d'));
    const second = kernel.ask('OPENDIR', node, body.open(0)).u64(0);
    script.takeCalls();
    expect(kernel.fail('FSYNCDIR', node, body.fsync(second))).toBe('OK');
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('reads and writes of an open', () => {
  it('say how it was opened', () => {
    const all = scripted();
    const node = known(all, 'a');
    const direct = opened(all, node, O_DIRECT);
    all.script.answers.readFile = 0;
    all.kernel.ask('READ', node, body.read(direct, 0, 10));
    const io = IoFlags.SYNCHRONOUS_IO | IoFlags.NO_CACHE;
    expect(all.script.takeCalls()[0]?.at(-1)).toBe(io);
  });
});
