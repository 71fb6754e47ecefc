import { describe, expect, it } from 'vitest';
import { FileAttributes, FileMode } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import { RequestFlag } from '../../../lib/hosts/dokan/slot.js';
import type { FileContext, FileInformation } from '../../../lib/operations.js';
import { MOUNT_TIME, NtStatus, Rig, status } from './harness.js';
import type { Answer } from './fake_answer.js';

const { ARCHIVE, DIRECTORY, NORMAL, READONLY, REPARSE_POINT } = FileAttributes;

async function informationOf(info: FileInformation, name = '\\f'): Promise<Answer> {
  const rig = new Rig({
    createFile: (path: string, _request: unknown, file: FileContext) => {
      file.isDirectory = path === '/d';
    },
    getFileInformation: () => info,
  });
  const context = await rig.open(name);
  return rig.atOnce({ operation: 'GET_FILE_INFORMATION', name, context });
}

describe('getFileInformation', () => {
  it('answers all that Windows asks', async () => {
    const answer = await informationOf({
      attributes: ARCHIVE,
      size: 5_368_709_120,
      linkCount: 3,
      inode: 1_152_921_504_606_846_977n,
      creationTime: 1n,
      lastAccessTime: new Date(1_500),
      lastWriteTime: 2_500.25,
    });
    expect(status(answer)).toBe('SUCCESS');
    expect([answer.result(0), answer.result(1), answer.size(0)]).toEqual([32, 3, 5_368_709_120]);
    expect(answer.index).toBe(1_152_921_504_606_846_977n);
    expect([answer.time(0), answer.time(1), answer.time(2)]).toEqual([1n, 1_500, 2_500.25]);
  });

  it('fills in what is not said', async () => {
    const answer = await informationOf({});
    expect([answer.result(0), answer.result(1), answer.size(0)]).toEqual([NORMAL, 1, 0]);
    expect([answer.time(0), answer.time(1), answer.time(2)]).toEqual(Array(3).fill(MOUNT_TIME));
  });

  it.each([
    ['of the far future', 253_402_300_799_000_000_000n],
    ['of 1601', -11_644_473_600_000_000_000n],
    ['of before 1677', -9_500_000_000_000_000_100n],
    ['before the epoch', -1n],
  ])('takes a time %s with nothing lost', async (_when, time) => {
    expect((await informationOf({ creationTime: time })).time(0)).toBe(time);
  });

  it('rounds down what is finer than a FILETIME and too far for nanoseconds', async () => {
    const answer = await informationOf({ creationTime: -9_500_000_000_000_000_001n });
    expect(answer.time(0)).toBe(-9_500_000_000_000_000_100n);
  });

  it.each([
    [{ attributes: 0 }, NORMAL],
    [{ attributes: REPARSE_POINT }, REPARSE_POINT],
    [{ mode: 0o644 }, NORMAL],
    [{ mode: 0o444 }, READONLY],
    [{ mode: FileMode.DIRECTORY | 0o755 }, DIRECTORY],
    [{ mode: FileMode.DIRECTORY | 0o555 }, DIRECTORY | READONLY],
    // Nobody could tell Windows where it leads.
    [{ mode: FileMode.SYMBOLIC_LINK | 0o777 }, NORMAL],
  ])('makes attributes of %j', async (info, attributes) => {
    expect((await informationOf(info)).result(0)).toBe(attributes);
  });

  it('knows a directory though the file system does not say so', async () => {
    expect((await informationOf({}, '\\d')).result(0)).toBe(DIRECTORY);
    expect((await informationOf({ mode: 0o755 }, '\\d')).result(0)).toBe(DIRECTORY);
  });

  it('makes up an identity, one per path, that is never 0', async () => {
    const indexes = new Map<string, bigint>();
    for (const name of ['\\a', '\\b', '\\a\\b', '\\ab', '\\ba']) {
      indexes.set(name, (await informationOf({}, name)).index);
    }
    expect(new Set(indexes.values()).size).toBe(5);
    expect([...indexes.values()]).not.toContain(0n);
    expect((await informationOf({}, '\\A')).index).toBe(indexes.get('\\a'));
  });

  it('answers inodes of all sizes', async () => {
    for (const inode of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
      expect((await informationOf({ inode })).index).toBe(BigInt(inode));
    }
  });

  it('answers what is promised', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      getFileInformation: () => Promise.resolve({ size: 3 }),
    });
    const context = await rig.open('\\f');
    const answer = await rig.ask({ operation: 'GET_FILE_INFORMATION', name: '\\f', context });
    expect(answer.size(0)).toBe(3);
  });

  it.each(['ACCESS_DENIED', 'NOT_IMPLEMENTED', 'IO_TIMEOUT'] as const)(
    'passes %s as it is',
    async (name) => {
      const rig = new Rig({
        createFile: () => undefined,
        getFileInformation: () => {
          throw new DokanError(NtStatus[name]);
        },
      });
      const context = await rig.open('\\f');
      const question = { operation: 'GET_FILE_INFORMATION', name: '\\f', context } as const;
      expect(status(await rig.atOnce(question))).toBe(name);
    },
  );

  it('answers INTERNAL_ERROR for a mistake in the program, and reports it', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      getFileInformation: () => {
        throw new TypeError('a mistake');
      },
    });
    const context = await rig.open('\\f');
    const question = { operation: 'GET_FILE_INFORMATION', name: '\\f', context } as const;
    expect(status(await rig.atOnce(question))).toBe('INTERNAL_ERROR');
    expect(rig.errors).toHaveLength(1);
  });
});

describe('paths', () => {
  it('follow renames: the driver knows the present name', async () => {
    const seen: string[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      moveFile: (path: string, to: string, replace: boolean) =>
        void seen.push(`${path} -> ${to} ${replace}`),
      flushFileBuffers: (path: string) => void seen.push(path),
    });
    const context = await rig.open('\\a');
    const flush = { operation: 'FLUSH_FILE_BUFFERS', context } as const;
    await rig.atOnce({ ...flush, name: '\\a' });
    const move = { operation: 'MOVE_FILE', name: '\\a', context } as const;
    await rig.atOnce({ ...move, secondName: '\\日\\b', arguments: [1] });
    for (const name of ['\\日\\b', '\\日\\b', '\\日\\c', '\\b', '\\c']) {
      await rig.atOnce({ ...flush, name });
    }
    expect(seen).toEqual(['/a', '/a -> /日/b true', '/日/b', '/日/b', '/日/c', '/b', '/c']);
  });

  it('that do not fit into a slot are asked for', async () => {
    const seen: string[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      moveFile: (path: string, to: string) => void seen.push(path, to),
    });
    const name = `\\${'x'.repeat(200)}`.repeat(12);
    const context = await rig.open(name);
    const move = { operation: 'MOVE_FILE', name, context, secondName: `${name}\\y` } as const;
    await rig.atOnce(move);
    expect(seen).toEqual([name.replaceAll('\\', '/'), `${name.replaceAll('\\', '/')}/y`]);
  });

  it.each([
    [0, false],
    [1, true],
    [2, false],
    [3, true],
    [64, false],
  ])('trap: of the flags %i of a rename bit 0 alone says replace', async (flags, expected) => {
    const seen: boolean[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      moveFile: (_path: string, _to: string, replace: boolean) => void seen.push(replace),
    });
    const context = await rig.open('\\a');
    const move = { operation: 'MOVE_FILE', name: '\\a', secondName: '\\b', context } as const;
    await rig.atOnce({ ...move, arguments: [flags] });
    expect(seen).toEqual([expected]);
  });

  it.each(['b', '', ':b', '\\..\\b'])('refuses to rename to %j', async (secondName) => {
    const rig = new Rig({ createFile: () => undefined, moveFile: () => undefined });
    const context = await rig.open('\\a');
    const answer = await rig.atOnce({ operation: 'MOVE_FILE', name: '\\a', secondName, context });
    expect(status(answer)).toBe('OBJECT_NAME_INVALID');
  });
});

describe('changes', () => {
  it('hands on what is to be set', async () => {
    const seen: unknown[] = [];
    const note =
      (name: string) =>
      (path: string, ...rest: unknown[]): void =>
        void seen.push([name, path, ...rest.slice(0, -1)]);
    const rig = new Rig({
      createFile: () => undefined,
      setFileAttributes: note('attributes'),
      setFileTime: note('time'),
      setEndOfFile: note('end'),
      setAllocationSize: note('allocation'),
      lockFile: note('lock'),
      unlockFile: note('unlock'),
      flushFileBuffers: note('flush'),
    });
    const context = await rig.open('\\f');
    const on = { name: '\\f', context };
    await rig.atOnce({ operation: 'SET_FILE_ATTRIBUTES', ...on, arguments: [32] });
    const times = [1n, 2n, 3n];
    await rig.atOnce({ operation: 'SET_FILE_TIME', ...on, arguments: [0b101], times });
    await rig.atOnce({ operation: 'SET_FILE_TIME', ...on, arguments: [0b001_001], times });
    await rig.atOnce({ operation: 'SET_END_OF_FILE', ...on, offset: 2 ** 53 - 1 });
    await rig.atOnce({ operation: 'SET_ALLOCATION_SIZE', ...on, offset: 4096 });
    await rig.atOnce({ operation: 'LOCK_FILE', ...on, offset: 1, length: 2 });
    await rig.atOnce({ operation: 'UNLOCK_FILE', ...on, offset: 1, length: 2 });
    await rig.atOnce({ operation: 'FLUSH_FILE_BUFFERS', ...on });
    expect(seen).toEqual([
      ['attributes', '/f', 32],
      ['time', '/f', { creationTime: 1n, lastAccessTime: undefined, lastWriteTime: 3n }],
      ['time', '/f', { creationTime: 100n, lastAccessTime: undefined, lastWriteTime: undefined }],
      ['end', '/f', 2 ** 53 - 1],
      ['allocation', '/f', 4096],
      ['lock', '/f', 1, 2],
      ['unlock', '/f', 1, 2],
      ['flush', '/f'],
    ]);
  });

  it('refuses sizes no file can have', async () => {
    const made = new Rig({
      createFile: () => undefined,
      setEndOfFile: () => undefined,
      setAllocationSize: () => undefined,
    });
    const context = await made.open('\\f');
    const flags = RequestFlag.OUT_OF_RANGE;
    for (const operation of ['SET_END_OF_FILE', 'SET_ALLOCATION_SIZE'] as const) {
      const answer = await made.atOnce({ operation, name: '\\f', context, flags });
      expect(status(answer)).toBe('INVALID_PARAMETER');
    }
  });

  it('locks to the end of all files where the range goes further', async () => {
    const seen: number[][] = [];
    const rig = new Rig({
      createFile: () => undefined,
      lockFile: (_path: string, offset: number, length: number) => void seen.push([offset, length]),
    });
    const context = await rig.open('\\f');
    const flags = RequestFlag.LENGTH_OUT_OF_RANGE;
    const lock = { operation: 'LOCK_FILE', name: '\\f', context, flags } as const;
    // Native code gives 0 for what is out of range.
    await rig.atOnce({ ...lock, offset: 10, length: 0 });
    expect(seen).toEqual([[10, Number.MAX_SAFE_INTEGER - 10]]);
    for (const wrong of [RequestFlag.OUT_OF_RANGE, RequestFlag.OUT_OF_RANGE | flags]) {
      const answer = await rig.atOnce({ ...lock, flags: wrong, offset: 0, length: 5 });
      expect(status(answer)).toBe('INVALID_PARAMETER');
    }
    expect(seen).toHaveLength(1);
  });
});
