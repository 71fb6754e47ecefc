import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import type { FileInformation } from '../../../lib/operations.js';
import { failure, known, MOUNTED_AT, opened, scripted, settled, type Scripted } from './harness.js';
import { attrOut, body, cString, FATTR } from './kernel.js';

const { MODE, UID, GID, SIZE, ATIME, MTIME, FH, ATIME_NOW, MTIME_NOW, CTIME, KILL_SUIDGID } = FATTR;
const NOW = { atime: MOUNTED_AT, mtime: MOUNTED_AT, ctime: MOUNTED_AT, uid: 501, gid: 502 };

interface Setting extends Scripted {
  node: number;
  set: (valid: number, given?: Parameters<typeof body.setattr>[1]) => string;
}

function setting(info: FileInformation = { size: 3, mode: 0o100644 }): Setting {
  const all = scripted();
  const node = known(all, 'a', info);
  all.script.answers.getFileInformation = info;
  const set: Setting['set'] = (valid, given) =>
    all.kernel.fail('SETATTR', node, body.setattr(valid, given));
  return { ...all, node, set };
}

/** The calls between the open and its close. */
function inner({ script }: Setting): unknown[][] {
  const calls = script.takeCalls();
  expect(calls[0]?.[0]).toBe('createFile');
  expect(calls.slice(-2).map(([name]) => name)).toEqual(['cleanup', 'closeFile']);
  expect(calls.at(-3)).toEqual(['getFileInformation', 'open 1', '/a']);
  return calls.slice(1, -3);
}

describe('SETATTR', () => {
  it.each([false, true])('opens the file, changes it and tells (async: %s)', async (isAsync) => {
    const all = setting();
    const { kernel, script, node } = all;
    script.isAsync = isAsync;
    const valid = MODE | UID | GID | SIZE | ATIME | MTIME;
    const given = {
      size: 2 ** 53 - 1,
      mode: 0o107755,
      uid: 5,
      gid: 6,
      atime: -1,
      atimensec: 999_999_999,
      mtime: 2n ** 40n,
      mtimensec: 1,
      ctime: 7,
    };
    const unique = kernel.post('SETATTR', node, body.setattr(valid, given));
    await settled();
    const expected = attrOut(2_250, { ...NOW, ino: node, size: 3, mode: 0o100644 });
    expect(kernel.reply(unique).body).toEqual(expected);
    const calls = script.takeCalls();
    expect(calls[0]?.slice(0, 2)).toEqual(['createFile', '/a']);
    expect(calls[0]?.[2]).toMatchObject({ desiredAccess: 0x120196, createOptions: 0x40 });
    expect(calls.slice(1)).toEqual([
      ['setEndOfFile', 'open 1', '/a', 2 ** 53 - 1],
      ['setOwner', 'open 1', '/a', 5, 6],
      ['setMode', 'open 1', '/a', 0o7755],
      [
        'setFileTime',
        'open 1',
        '/a',
        {
          creationTime: undefined,
          lastAccessTime: -1n,
          lastWriteTime: 2n ** 40n * 1_000_000_000n + 1n,
        },
      ],
      ['getFileInformation', 'open 1', '/a'],
      ['cleanup', 'open 1', '/a'],
      ['closeFile', 'open 1', '/a'],
    ]);
  });

  it('of nothing, or of ctime alone, only tells', () => {
    const all = setting();
    for (const valid of [0, CTIME]) {
      const open = valid === 0 ? 'open 1' : 'open 2';
      expect(all.set(valid, { ctime: 5 })).toBe('OK');
      const calls = all.script.takeCalls();
      expect(calls[0]?.[2]).toMatchObject({ desiredAccess: 0x180, createOptions: 0x200000 });
      expect(calls[1]).toEqual(['getFileInformation', open, '/a']);
      expect(calls).toHaveLength(4);
    }
  });

  it('goes through a handle that is named', () => {
    const all = setting();
    const handle = opened(all, all.node);
    expect(all.set(FH | SIZE, { fh: handle, size: 1 })).toBe('OK');
    expect(all.script.takeCalls()).toEqual([
      ['setEndOfFile', 'open 1', '/a', 1],
      ['getFileInformation', 'open 1', '/a'],
    ]);
  });

  it('goes through any open, but cuts only through one that may write', () => {
    const all = setting();
    opened(all, all.node, 0);
    all.set(MODE, { mode: 0o600 });
    expect(all.script.takeCalls()[0]).toEqual(['setMode', 'open 1', '/a', 0o600]);
    all.set(SIZE, { size: 1 });
    expect(all.script.takeNames()[0]).toBe('createFile');
    opened(all, all.node, 1);
    all.set(SIZE, { size: 1 });
    expect(all.script.takeCalls()[0]).toEqual(['setEndOfFile', 'open 3', '/a', 1]);
  });

  it('of an unlinked file needs an open of it', () => {
    const all = setting();
    const handle = opened(all, all.node);
    all.kernel.ask('UNLINK', 1, cString('a'));
    all.script.takeCalls();
    expect(all.set(SIZE, { size: 1 })).toBe('OK');
    expect(all.script.takeCalls()[0]).toEqual(['setEndOfFile', 'open 1', '/a', 1]);
    all.kernel.ask('RELEASE', all.node, body.release(handle));
    expect(all.set(MODE, { mode: 0o600 })).toBe('ESTALE');
  });

  it('stops at the first step that fails, and closes', () => {
    const all = setting();
    all.script.answers.setOwner = failure('ACCESS_DENIED');
    expect(all.set(SIZE | UID | MODE, { uid: 1 })).toBe('EACCES');
    const names = ['createFile', 'setEndOfFile', 'setOwner', 'cleanup', 'closeFile'];
    expect(all.script.takeNames()).toEqual(names);
  });

  it('refuses a size beyond 2^53 - 1', () => {
    const all = setting();
    expect(all.set(SIZE, { size: 2n ** 53n })).toBe('EFBIG');
    expect(all.script.takeCalls()).toEqual([]);
    // Without FATTR_SIZE the field means nothing.
    expect(all.set(MODE, { size: 2n ** 63n, mode: 0o600 })).toBe('OK');
  });

  describe('of times', () => {
    it('sets one and leaves the other', () => {
      const all = setting();
      all.set(ATIME, { atime: 3, mtime: 4 });
      const kept = { creationTime: undefined, lastWriteTime: undefined };
      expect(inner(all)).toEqual([
        ['setFileTime', 'open 1', '/a', { ...kept, lastAccessTime: 3_000_000_000n }],
      ]);
    });

    it('takes the clock for now, not the time in the message', () => {
      const all = setting();
      const before = BigInt(Date.now()) * 1_000_000n;
      all.set(ATIME | MTIME | ATIME_NOW | MTIME_NOW, { atime: 3, mtime: 4 });
      const after = BigInt(Date.now()) * 1_000_000n;
      const times = inner(all)[0]?.[3] as { lastAccessTime: bigint; lastWriteTime: bigint };
      for (const time of [times.lastAccessTime, times.lastWriteTime]) {
        expect(time >= before && time <= after).toBe(true);
      }
    });
  });

  describe('of the mode without setMode', () => {
    it('sets READONLY when nobody may write, and keeps other attributes', () => {
      const { HIDDEN, READONLY, NORMAL } = FileAttributes;
      const all = setting({ size: 0, attributes: HIDDEN });
      all.script.missing.add('setMode');
      expect(all.set(MODE, { mode: 0o100444 })).toBe('OK');
      const asked = ['getFileInformation', 'open 1', '/a'];
      const set = ['setFileAttributes', 'open 1', '/a', HIDDEN | READONLY];
      expect(inner(all)).toEqual([asked, set]);
      const back = setting({ size: 0, attributes: READONLY });
      back.script.missing.add('setMode');
      expect(back.set(MODE, { mode: 0o644 })).toBe('OK');
      expect(inner(back)[1]).toEqual(['setFileAttributes', 'open 1', '/a', NORMAL]);
    });

    it('keeps a directory one', () => {
      const all = setting({ mode: 0o040755 });
      all.script.missing.add('setMode');
      expect(all.set(MODE, { mode: 0o555 })).toBe('OK');
      const attributes = FileAttributes.DIRECTORY | FileAttributes.READONLY;
      expect(inner(all)[1]).toEqual(['setFileAttributes', 'open 1', '/a', attributes]);
    });

    it('does nothing when nothing changes, and refuses all else', () => {
      const all = setting({ size: 0 });
      all.script.missing.add('setMode');
      expect(all.set(MODE, { mode: 0o644 })).toBe('OK');
      expect(inner(all)).toEqual([]);
      expect(all.set(MODE, { mode: 0o755 })).toBe('EPERM');
      all.script.missing.add('setFileAttributes');
      expect(all.set(MODE, { mode: 0o444 })).toBe('EPERM');
    });
  });

  describe('of the owner', () => {
    it.each([
      [UID, { uid: 9 }, 9, undefined],
      [GID, { gid: 9 }, undefined, 9],
      [UID | GID, { uid: 0, gid: 0xffff_fffe }, 0, 0xffff_fffe],
    ])('%d sets what is given', (valid, given, uid, gid) => {
      const all = setting();
      all.set(valid, given);
      expect(inner(all)).toEqual([['setOwner', 'open 1', '/a', uid, gid]]);
    });

    it('without setOwner may only stay', () => {
      const all = setting();
      all.script.missing.add('setOwner');
      expect(all.set(UID | GID, { uid: 501, gid: 502 })).toBe('OK');
      expect(all.set(UID, { uid: 502 })).toBe('EPERM');
      expect(all.set(GID, { gid: 501 })).toBe('EPERM');
    });

    it('takes set-user-ID away (HANDLE_KILLPRIV_V2), but not from a directory', () => {
      const all = setting({ size: 0, mode: 0o106711 });
      all.set(UID, { uid: 9 });
      expect(inner(all).at(-1)).toEqual(['setMode', 'open 1', '/a', 0o711]);
      const directory = setting({ mode: 0o042755 });
      directory.set(GID, { gid: 9 });
      expect(inner(directory)).toHaveLength(1);
    });

    it('leaves a mode that is set with it as it is given', () => {
      const all = setting({ size: 0, mode: 0o104711 });
      all.set(UID | MODE, { uid: 9, mode: 0o4711 });
      expect(inner(all).at(-1)).toEqual(['setMode', 'open 1', '/a', 0o4711]);
    });
  });

  describe('of the size by somebody without privilege', () => {
    it.each<[number, number | undefined]>([
      [0o104755, 0o755],
      [0o102755, 0o755],
      [0o106755, 0o755],
      [0o102744, undefined],
      [0o106744, 0o2744],
      [0o100755, undefined],
      [0o101777, undefined],
    ])('mode %o becomes %o', (mode, left) => {
      const all = setting({ size: 0, mode });
      expect(all.set(SIZE | KILL_SUIDGID, { size: 0 })).toBe('OK');
      const [, second] = inner(all);
      expect(second).toEqual(left === undefined ? left : ['setMode', 'open 1', '/a', left]);
    });
  });
});
