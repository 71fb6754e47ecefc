import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import type { FileInformation } from '../../../lib/operations.js';
import { dispatched, failure, scripted } from './harness.js';
import { body, u32, u64, zeros, type OpcodeName } from './kernel.js';

describe('STATFS', () => {
  it('counts in units of the volume', () => {
    const { kernel, script } = scripted();
    script.answers.getDiskFreeSpace = {
      totalBytes: Number.MAX_SAFE_INTEGER,
      totalFreeBytes: 8191,
      freeBytesAvailable: 4095,
    };
    expect(kernel.ask('STATFS', 1).body).toEqual(
      Buffer.concat([u64(2n ** 41n - 1n, 1, 0, 0, 0), u32(4096, 200, 4096, 0), zeros(6 * 4)]),
    );
    expect(script.takeCalls()).toEqual([['getDiskFreeSpace']]);
  });

  it('fails as the file system does, and has a default', () => {
    const { kernel, script } = scripted();
    script.answers.getDiskFreeSpace = failure('NO_MEDIA_IN_DEVICE');
    expect(kernel.fail('STATFS', 1)).toBe('ENOMEDIUM');
    const none = dispatched({});
    const reply = none.kernel.ask('STATFS', 1);
    expect([reply.u64(0), reply.u64(8), reply.u32(44)]).toEqual([2 ** 18, 2 ** 17, 255]);
  });
});

describe('ACCESS', () => {
  const X = 1;
  const W = 2;
  const R = 4;

  it.each<[string, FileInformation, { uid: number; gid: number }, number, string]>([
    ['the owner', { mode: 0o100600, uid: 5, gid: 6 }, { uid: 5, gid: 1 }, R | W, 'OK'],
    ['the owner, who may not', { mode: 0o100077, uid: 5, gid: 6 }, { uid: 5, gid: 6 }, R, 'EACCES'],
    ['the group', { mode: 0o100050, uid: 5, gid: 6 }, { uid: 1, gid: 6 }, R | X, 'OK'],
    [
      'the group, which may not',
      { mode: 0o100707, uid: 5, gid: 6 },
      { uid: 1, gid: 6 },
      W,
      'EACCES',
    ],
    ['others', { mode: 0o100004, uid: 5, gid: 6 }, { uid: 1, gid: 1 }, R, 'OK'],
    ['others, who may not', { mode: 0o100774, uid: 5, gid: 6 }, { uid: 1, gid: 1 }, W, 'EACCES'],
    ['F_OK', { mode: 0o100000, uid: 5, gid: 6 }, { uid: 1, gid: 1 }, 0, 'OK'],
    ['root', { mode: 0o100000, uid: 5 }, { uid: 0, gid: 0 }, R | W, 'OK'],
    ['root, of what nobody may execute', { mode: 0o100666 }, { uid: 0, gid: 0 }, X, 'EACCES'],
    ['root, of what somebody may execute', { mode: 0o100001 }, { uid: 0, gid: 0 }, X, 'OK'],
    ['root, of a directory', { mode: 0o040000 }, { uid: 0, gid: 0 }, X, 'OK'],
    ['the mounter, by default', { size: 0 }, { uid: 501, gid: 1 }, R | W, 'OK'],
    ['somebody else, by default', { size: 0 }, { uid: 1, gid: 1 }, W, 'EACCES'],
    ['READONLY', { attributes: FileAttributes.READONLY }, { uid: 501, gid: 1 }, W, 'EACCES'],
  ])('%s', (_what, info, asker, mask, expected) => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = info;
    kernel.asker = { ...asker, pid: 0 };
    expect(kernel.fail('ACCESS', 1, body.access(mask))).toBe(expected);
  });

  it('fails with the file', () => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = failure('OBJECT_NAME_NOT_FOUND');
    expect(kernel.fail('ACCESS', 1, body.access(0))).toBe('ENOENT');
    expect(kernel.fail('ACCESS', 9, body.access(0))).toBe('ESTALE');
  });
});

describe('what is not done here', () => {
  // Each of these the kernel then does itself, or tells the caller so, without asking again.
  it.each<OpcodeName>([
    'BMAP',
    'POLL',
    'COPY_FILE_RANGE',
    'COPY_FILE_RANGE_64',
    'SETUPMAPPING',
    'REMOVEMAPPING',
    'SYNCFS',
    'TMPFILE',
  ])('%s is ENOSYS', (name) => {
    const { kernel, script } = scripted();
    expect(kernel.fail(name, 1, zeros(56))).toBe('ENOSYS');
    expect(kernel.fail(name, 1)).toBe('ENOSYS');
    expect(script.takeCalls()).toEqual([]);
  });

  it('IOCTL is ENOTTY, DESTROY succeeds, NOTIFY_REPLY is not answered', () => {
    const { kernel, script } = scripted();
    expect(kernel.fail('IOCTL', 1, zeros(32))).toBe('ENOTTY');
    expect(kernel.ask('DESTROY', 0).length).toBe(16);
    expect(kernel.repliesTo(kernel.post('NOTIFY_REPLY', 1, zeros(40)))).toHaveLength(0);
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('a file system without any callback', () => {
  it.each(['NOT_IMPLEMENTED', 'INVALID_SYSTEM_SERVICE'] as const)(
    'or one that answers %s itself, is EOPNOTSUPP',
    (name) => {
      const { kernel, script } = scripted();
      script.answers.getDiskFreeSpace = failure(name);
      expect(kernel.fail('STATFS', 1)).toBe('EOPNOTSUPP');
    },
  );

  it.each<[OpcodeName, Buffer[]]>([
    ['GETATTR', [body.getattr()]],
    ['STATX', [body.statx()]],
    ['READLINK', []],
    ['ACCESS', [body.access(4)]],
    ['OPEN', [body.open(0)]],
    ['OPENDIR', [body.open(0)]],
    ['LOOKUP', [Buffer.from('a\0')]],
    ['CREATE', [body.create(2, 0o600), Buffer.from('a\0')]],
    ['MKNOD', [body.mknod(0o100600), Buffer.from('a\0')]],
    ['MKDIR', [body.mkdir(0o700), Buffer.from('a\0')]],
    ['UNLINK', [Buffer.from('a\0')]],
    ['RMDIR', [Buffer.from('a\0')]],
    ['RENAME', [body.rename(1), Buffer.from('a\0b\0')]],
    ['SETATTR', [body.setattr(1, { mode: 0o600 })]],
    ['GETXATTR', [body.getxattr('user.a', 10)]],
    ['GETXATTR', [body.getxattr('system.ntfs_acl', 10)]],
    ['SETXATTR', [body.setxattr('user.a', Buffer.from('x'))]],
  ])(
    'never answers %s with ENOSYS, which would hold for every file and for good',
    (name, parts) => {
      const { kernel, errors } = dispatched({}, { altStreams: true });
      expect(kernel.fail(name, 1, ...parts)).toBe('EOPNOTSUPP');
      expect(errors).toEqual([]);
    },
  );
});
