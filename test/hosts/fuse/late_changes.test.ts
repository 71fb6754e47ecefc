import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import type { DokanOperations, FileInformation } from '../../../lib/operations.js';
import { dispatched, errnoOf, settled, type Kernel } from './harness.js';
import { body, cString } from './kernel.js';

const NOTIFY_INVAL_INODE = 2;
const NOTIFY_INVAL_ENTRY = 3;
const FOPEN_CACHE_DIR = 8;
const FOPEN_KEEP_CACHE = 2;

/** Of SETATTR. */
const SIZE = 8;

const TIMEOUT = 50;
/** Far more than a listing may be kept. */
const LIFETIME = 1_000_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const informationOf = (path: string): FileInformation => ({
  attributes: path === '/' ? FileAttributes.DIRECTORY : FileAttributes.NORMAL,
  size: 0,
});

/** A volume whose callbacks of one name come back when they are told to. */
function slow(callback: keyof DokanOperations): { kernel: Kernel; comeBack: () => void } {
  let comeBack = (): void => undefined;
  const operations: DokanOperations = {
    createFile: (path, _request, file) => {
      file.isDirectory = path === '/';
      return 'opened';
    },
    getFileInformation: informationOf,
    queryOpen: informationOf,
    findFiles: () => ['a', 'b'].map((name) => ({ name })),
    deleteFile: () => undefined,
    deleteDirectory: () => undefined,
    cleanup: () => undefined,
    moveFile: () => undefined,
    setEndOfFile: () => undefined,
    createSymbolicLink: () => undefined,
    readLink: () => 'target',
    [callback]: () => new Promise<void>((resolve) => (comeBack = resolve)),
  };
  const options = { listingTimeout: LIFETIME };
  const { kernel } = dispatched(operations, options, { operationTimeout: TIMEOUT });
  return { kernel, comeBack: () => comeBack() };
}

/** What the kernel was told: a node, or a name in one. */
function told({ transport }: Kernel): string[] {
  return transport.notified.splice(0).map((message) => {
    const code = message.readInt32LE(4);
    const node = Number(message.readBigUInt64LE(16));
    if (code === NOTIFY_INVAL_INODE) return `${node}`;
    expect(code).toBe(NOTIFY_INVAL_ENTRY);
    const length = message.readUInt32LE(24);
    return `${node}/${message.toString('utf8', 32, 32 + length)}`;
  });
}

/** Lists the root. @returns true when that is served from what the kernel keeps */
function isServed(kernel: Kernel): boolean {
  const opened = kernel.ask('OPENDIR', 1, body.open(0));
  const handle = opened.u64(0);
  const flags = opened.u32(8);
  const isKept = flags === (FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE);
  // All four entries, and then the end.
  for (const offset of isKept ? [] : [0, 4]) {
    kernel.ask('READDIR', 1, body.read(handle, offset, 4096));
  }
  kernel.ask('RELEASEDIR', 1, body.release(handle));
  return isKept;
}

describe('a change that was given up on', () => {
  const root = 1;
  it.each([
    ['SYMLINK', 'createSymbolicLink', [cString('n'), cString('t')], ['1/n', '1', '1']],
    [
      'RENAME',
      'moveFile',
      [body.rename(1), cString('a'), cString('b')],
      ['1/a', '1', '1/b', '1', '1'],
    ],
    // The deletion itself: that it failed nobody can be told.
    ['UNLINK', 'cleanup', [cString('a')], ['1/a', '1', '1']],
  ] as const)(
    '%s: what the kernel has learned since it forgets',
    async (name, callback, parts, all) => {
      const { kernel, comeBack } = slow(callback);
      const unique = kernel.post(name, root, ...parts);
      await settled();
      await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
      expect(errnoOf(kernel.reply(unique))).toBe(name === 'UNLINK' ? 'OK' : 'ETIMEDOUT');
      expect(told(kernel)).toEqual([]);
      comeBack();
      await settled();
      expect(told(kernel)).toEqual(all);
    },
  );

  it('is told of, too, when the callback comes back because of its signal', async () => {
    const operations: DokanOperations = {
      createFile: () => 'opened',
      queryOpen: informationOf,
      moveFile: (_path, _newPath, _replace, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    };
    const { kernel } = dispatched(operations, {}, { operationTimeout: TIMEOUT });
    const unique = kernel.post('RENAME', root, body.rename(1), cString('a'), cString('b'));
    await settled();
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('ETIMEDOUT');
    expect(told(kernel)).toEqual(['1/a', '1', '1/b', '1', '1']);
  });

  it('makes listings that were told before it came back too old', async () => {
    const { kernel, comeBack } = slow('createSymbolicLink');
    kernel.post('SYMLINK', root, cString('n'), cString('t'));
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    isServed(kernel);
    expect(isServed(kernel)).toBe(true);
    comeBack();
    await settled();
    expect(isServed(kernel)).toBe(false);
    expect(isServed(kernel)).toBe(true);
  });

  it('of a file: its attributes and pages', async () => {
    const { kernel, comeBack } = slow('setEndOfFile');
    const node = kernel.ask('LOOKUP', root, cString('a')).u64(0);
    const unique = kernel.post('SETATTR', node, body.setattr(SIZE, { size: 5 }));
    await settled();
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    expect(errnoOf(kernel.reply(unique))).toBe('ETIMEDOUT');
    comeBack();
    await settled();
    expect(told(kernel)).toEqual([String(node)]);
  });

  it('is none when it only asked', async () => {
    const { kernel, comeBack } = slow('readLink');
    const node = kernel.ask('LOOKUP', root, cString('a')).u64(0);
    kernel.post('READLINK', node);
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    comeBack();
    await settled();
    expect(told(kernel)).toEqual([]);
  });
});
