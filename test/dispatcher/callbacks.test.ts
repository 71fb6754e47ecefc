import { describe, expect, it } from 'vitest';
import { CALLBACKS } from '../../lib/callbacks.js';
import type { Dispatcher } from '../../lib/dispatcher.js';
import type { Listing } from '../../lib/listing.js';
import type { OpenFile } from '../../lib/open_file.js';
import type { DokanOperations } from '../../lib/operations.js';
import { IoFlags, type Caller } from '../../lib/target.js';
import { caller, failure, harness, now, OPEN, promised } from './harness.js';

type Name = keyof DokanOperations;

const buffer = Buffer.alloc(16);
const times = { creationTime: 1n, lastAccessTime: undefined, lastWriteTime: 3n };
const info = { size: 5 };
const space = { freeBytesAvailable: 1, totalBytes: 3, totalFreeBytes: 2 };
const descriptor = Buffer.from([1, 0, 0, 0x80, ...Buffer.alloc(16)]);
const range = { offset: 4096, length: 1 };
const NOTHING = 'what nobody looks at';

interface Row {
  /** Makes the request. */
  readonly ask: (dispatcher: Dispatcher, file: OpenFile, by: Caller) => unknown;
  /** What the callback gets, less the FileContext, which is always the last. */
  readonly given: readonly unknown[];
  /** What the callback answers. */
  readonly answer: unknown;
  /** What the request is answered with. */
  readonly gets: unknown;
  /** The FileContext is not that of an open. */
  readonly byPath?: boolean;
}

const { NONE } = IoFlags;
const entries = (listing: unknown): unknown => (listing as Listing<unknown>).next();

const ROWS: Record<Exclude<Name, 'mounted' | 'unmounted' | 'checkMedia'>, Row> = {
  createFile: {
    ask: (d, _file, by) => d.createFile('/p', OPEN, by),
    given: ['/p', OPEN],
    answer: 'opened',
    gets: expect.objectContaining({ createResult: 'opened' }),
    byPath: true,
  },
  cleanup: {
    ask: (d, file, by) => d.cleanup(file, '/p', by),
    given: ['/p'],
    answer: NOTHING,
    gets: undefined,
  },
  closeFile: {
    ask: (d, file, by) => d.closeFile(file, '/p', by),
    given: ['/p'],
    answer: NOTHING,
    gets: undefined,
  },
  readFile: {
    ask: (d, file, by) => d.readFile(file, '/p', buffer, 99, NONE, by),
    given: ['/p', buffer, 99],
    answer: 16,
    gets: 16,
  },
  writeFile: {
    ask: (d, file, by) => d.writeFile(file, '/p', buffer, 99, NONE, by),
    given: ['/p', buffer, 99],
    answer: 0,
    gets: 0,
  },
  flushFileBuffers: {
    ask: (d, file, by) => d.flushFileBuffers(file, '/p', IoFlags.NONE, by),
    given: ['/p'],
    answer: NOTHING,
    gets: undefined,
  },
  getFileInformation: {
    ask: (d, file, by) => d.getFileInformation(file, '/p', by),
    given: ['/p'],
    answer: info,
    gets: info,
  },
  findFiles: {
    ask: (d, file, by) => d.findFiles(file, '/p', undefined, by),
    given: ['/p'],
    answer: [{ name: 'a' }],
    gets: expect.toSatisfy((listing) => (entries(listing) as { name: string }).name === 'a'),
  },
  findFilesWithPattern: {
    ask: (d, file, by) => d.findFiles(file, '/p', 'a?', by),
    given: ['/p', 'a?'],
    answer: [{ name: 'the file system decides' }],
    gets: expect.toSatisfy((listing) => entries(listing) !== undefined),
  },
  setFileAttributes: {
    ask: (d, file, by) => d.setFileAttributes(file, '/p', 0x21, by),
    given: ['/p', 0x21],
    answer: NOTHING,
    gets: undefined,
  },
  setFileTime: {
    ask: (d, file, by) => d.setFileTime(file, '/p', times, by),
    given: ['/p', times],
    answer: NOTHING,
    gets: undefined,
  },
  deleteFile: {
    ask: (d, file, by) => d.setDisposition(file, '/p', true, by),
    given: ['/p'],
    answer: NOTHING,
    gets: undefined,
  },
  deleteDirectory: {
    ask: (d, file, by) => {
      file.isDirectory = true;
      return d.setDisposition(file, '/p', true, by);
    },
    given: ['/p'],
    answer: NOTHING,
    gets: undefined,
  },
  moveFile: {
    ask: (d, file, by) => d.moveFile(file, '/p', '/q', true, by),
    given: ['/p', '/q', true],
    answer: NOTHING,
    gets: undefined,
  },
  setEndOfFile: {
    ask: (d, file, by) => d.setEndOfFile(file, '/p', 2 ** 52, by),
    given: ['/p', 2 ** 52],
    answer: NOTHING,
    gets: undefined,
  },
  setAllocationSize: {
    ask: (d, file, by) => d.setAllocationSize(file, '/p', 77, by),
    given: ['/p', 77],
    answer: NOTHING,
    gets: undefined,
  },
  lockFile: {
    ask: (d, file, by) => d.lockFile(file, '/p', 10, 20, by),
    given: ['/p', 10, 20],
    answer: NOTHING,
    gets: undefined,
  },
  unlockFile: {
    ask: (d, file, by) => d.unlockFile(file, '/p', 10, 20, by),
    given: ['/p', 10, 20],
    answer: NOTHING,
    gets: undefined,
  },
  getDiskFreeSpace: {
    ask: (d, _file, by) => d.getDiskFreeSpace(by),
    given: [],
    answer: space,
    gets: space,
    byPath: true,
  },
  getVolumeInformation: {
    ask: (d, _file, by) => d.getVolumeInformation(by),
    given: [],
    answer: { volumeName: 'v', serialNumber: 1, fileSystemFlags: 2, maximumComponentLength: 3 },
    gets: {
      volumeName: 'v',
      serialNumber: 1,
      fileSystemFlags: 2,
      maximumComponentLength: 3,
      fileSystemName: 'NTFS',
    },
    byPath: true,
  },
  getFileSecurity: {
    ask: (d, file, by) => d.getFileSecurity(file, '/p', 5, by),
    given: ['/p', 5],
    answer: descriptor,
    gets: descriptor,
  },
  setFileSecurity: {
    ask: (d, file, by) => d.setFileSecurity(file, '/p', 4, descriptor, by),
    given: ['/p', 4, descriptor],
    answer: NOTHING,
    gets: undefined,
  },
  findStreams: {
    ask: (d, file, by) => d.findStreams(file, '/p', by),
    given: ['/p'],
    answer: [{ name: 's', size: 1 }],
    gets: expect.toSatisfy((listing) => (entries(listing) as { size: number }).size === 1),
  },
  queryOpen: {
    ask: (d, _file, by) => d.queryOpen('/p', by),
    given: ['/p'],
    answer: info,
    gets: info,
    byPath: true,
  },
  readLink: {
    ask: (d, _file, by) => d.readLink('/p', by),
    given: ['/p'],
    answer: '../q',
    gets: '../q',
    byPath: true,
  },
  createSymbolicLink: {
    ask: (d, _file, by) => d.createSymbolicLink('/p', 'anything', by),
    given: ['/p', 'anything'],
    answer: NOTHING,
    gets: undefined,
    byPath: true,
  },
  createHardLink: {
    ask: (d, _file, by) => d.createHardLink('/p', '/q', by),
    given: ['/p', '/q'],
    answer: NOTHING,
    gets: undefined,
    byPath: true,
  },
  setMode: {
    ask: (d, file, by) => d.setMode(file, '/p', 0o750, by),
    given: ['/p', 0o750],
    answer: NOTHING,
    gets: undefined,
  },
  setOwner: {
    ask: (d, file, by) => d.setOwner(file, '/p', undefined, 5, by),
    given: ['/p', undefined, 5],
    answer: NOTHING,
    gets: undefined,
  },
  removeEntry: {
    ask: (d, _file, by) => d.removeEntry('/p', true, by),
    given: ['/p', true],
    answer: NOTHING,
    gets: undefined,
    byPath: true,
  },
  exchangeFiles: {
    ask: (d, _file, by) => d.exchangeFiles('/p', '/q', by),
    given: ['/p', '/q'],
    answer: NOTHING,
    gets: undefined,
    byPath: true,
  },
  queryAllocatedRange: {
    ask: (d, file, by) => d.queryAllocatedRange(file, '/p', 123, by),
    given: ['/p', 123],
    answer: range,
    gets: range,
  },
  setZeroData: {
    ask: (d, file, by) => d.setZeroData(file, '/p', 4, 8, by),
    given: ['/p', 4, 8],
    answer: NOTHING,
    gets: undefined,
  },
};

const rows = Object.entries(ROWS) as [keyof typeof ROWS, Row][];

/** A file system of a class, with state of its own, whose `tested` callback answers `answer`. */
function fileSystem(tested: Name, answer: unknown) {
  const calls: unknown[][] = [];
  const receivers: unknown[] = [];
  class FileSystem {
    readonly #secret = 'only methods called on their own object get at this';
    secret(): string {
      return this.#secret;
    }
    createFile(): void {
      this.secret();
    }
    // Deleting needs both.
    deleteFile(): void {
      this.secret();
    }
    deleteDirectory(): void {
      this.secret();
    }
  }
  Object.assign(FileSystem.prototype, {
    [tested](this: FileSystem, ...given: unknown[]): unknown {
      this.secret();
      receivers.push(this);
      calls.push(given);
      return answer;
    },
  });
  return { operations: new FileSystem(), calls, receivers };
}

it('knows every callback', () => {
  expect(CALLBACKS.map(({ name }) => name).sort()).toEqual(
    [...rows.map(([name]) => name), 'mounted', 'unmounted', 'checkMedia'].sort(),
  );
  CALLBACKS.forEach(({ index }, position) => expect(index).toBe(position));
});

describe.each(rows)('%s', (name, row) => {
  it('is called on its object, with its arguments, and answered at once', () => {
    const { operations, calls, receivers } = fileSystem(name, row.answer);
    const { dispatcher, errors } = harness(operations);
    const file = name === 'createFile' ? undefined : open(dispatcher);
    const outcome = now(row.ask(dispatcher, file!, caller()));
    expect(outcome).toEqual(row.gets);
    expect(receivers).toEqual([operations]);
    expect(calls).toHaveLength(1);
    const given = calls[0]!;
    expect(given.slice(0, -1)).toEqual(row.given);
    given.slice(0, -1).forEach((value, index) => expect(value).toBe(row.given[index]));
    if (row.byPath === true) expect(given.at(-1)).toHaveProperty('isDirectory', false);
    else expect(given.at(-1)).toBe(file);
    expect(errors).toEqual([]);
  });

  it('may answer with a promise', async () => {
    const { operations, calls } = fileSystem(name, Promise.resolve(row.answer));
    const { dispatcher } = harness(operations);
    const file = name === 'createFile' ? undefined : open(dispatcher);
    const outcome = promised(row.ask(dispatcher, file!, caller()));
    expect(calls).toHaveLength(1);
    expect(dispatcher.outstandingCount).toBe(1);
    expect(await outcome).toEqual(row.gets);
    expect(dispatcher.outstandingCount).toBe(0);
  });

  it('may answer with a thenable of another library', async () => {
    const thenable = {
      then(answer: (value: unknown) => void) {
        answer(row.answer);
        // A careless library settles twice, and fails afterwards.
        answer('something else');
        throw new Error('too late to matter');
      },
    };
    const { operations } = fileSystem(name, thenable);
    const { dispatcher, errors } = harness(operations);
    const file = name === 'createFile' ? undefined : open(dispatcher);
    expect(await promised(row.ask(dispatcher, file!, caller()))).toEqual(row.gets);
    expect(dispatcher.outstandingCount).toBe(0);
    expect(errors).toEqual([]);
  });
});

function open(dispatcher: Dispatcher): OpenFile {
  return now(dispatcher.createFile('/p', OPEN, caller()));
}

describe('an absent callback', () => {
  it('stays absent when it is given later', () => {
    const operations: DokanOperations = {};
    const { dispatcher } = harness(operations);
    operations.readLink = () => 'target';
    expect(dispatcher.supports('readLink')).toBe(false);
    expect(failure(() => dispatcher.readLink('/p', caller()))).toBe('NOT_IMPLEMENTED');
  });

  const { dispatcher } = harness({ createFile: () => undefined });
  const file = open(dispatcher);
  const harmless = new Set(['cleanup', 'closeFile', 'flushFileBuffers']);
  const defaulted = new Set(['getDiskFreeSpace', 'getVolumeInformation']);

  it.each(rows.filter(([name]) => !harmless.has(name) && !defaulted.has(name)).slice(1))(
    '%s: the request is not implemented',
    (_name, row) => {
      expect(failure(() => row.ask(dispatcher, file, caller()))).toBe('NOT_IMPLEMENTED');
    },
  );

  it('createFile: nothing can be opened', () => {
    expect(failure(() => harness({}).dispatcher.createFile('/p', OPEN, caller()))).toBe(
      'NOT_IMPLEMENTED',
    );
  });

  it.each([...harmless] as (keyof typeof ROWS)[])('%s: succeeds', (name) => {
    expect(now(ROWS[name].ask(dispatcher, open(dispatcher), caller()))).toBeUndefined();
  });

  it('getDiskFreeSpace: the defaults of Dokan', () => {
    expect(now(dispatcher.getDiskFreeSpace(caller()))).toEqual({
      freeBytesAvailable: 512 * 1024 * 1024,
      totalBytes: 1024 * 1024 * 1024,
      totalFreeBytes: 512 * 1024 * 1024,
    });
  });

  it('getVolumeInformation: the defaults of Dokan', () => {
    expect(now(dispatcher.getVolumeInformation(caller()))).toEqual({
      volumeName: 'DOKAN',
      serialNumber: 0x19831116,
      maximumComponentLength: 255,
      fileSystemFlags: 0x107,
      fileSystemName: 'NTFS',
    });
  });

  it.each(['deleteFile', 'deleteDirectory'] as const)('%s alone cannot delete', (name) => {
    const one = harness({ createFile: () => undefined, [name]: () => undefined });
    const opened = open(one.dispatcher);
    for (const isDirectory of [false, true]) {
      opened.isDirectory = isDirectory;
      const ask = () => one.dispatcher.setDisposition(opened, '/p', true, caller());
      expect(failure(ask)).toBe('NOT_IMPLEMENTED');
    }
    expect(opened.deletePending).toBe(false);
  });

  it('is told by supports()', () => {
    expect(dispatcher.supports('createFile')).toBe(true);
    expect(dispatcher.supports('readFile')).toBe(false);
    expect(harness({ readFile: 'no function' as never }).dispatcher.supports('readFile')).toBe(
      false,
    );
  });
});

describe('volume information', () => {
  it('comes from the options before the file system', () => {
    const { dispatcher } = harness(
      { getVolumeInformation: () => ({ volumeName: 'a', fileSystemName: 'b', serialNumber: 0 }) },
      { volumeLabel: 'label', fileSystemName: 'FS' },
    );
    expect(now(dispatcher.getVolumeInformation(caller()))).toMatchObject({
      volumeName: 'label',
      fileSystemName: 'FS',
      serialNumber: 0,
    });
  });

  it.each([
    ['at once', () => harnessThatFails(false)],
    ['later', () => harnessThatFails(true)],
  ])('falls back when the callback is not implemented after all, %s', async (_when, make) => {
    const { dispatcher } = make();
    expect(await dispatcher.getDiskFreeSpace(caller())).toHaveProperty('totalBytes', 2 ** 30);
    expect(await dispatcher.getVolumeInformation(caller())).toHaveProperty('volumeName', 'DOKAN');
  });

  function harnessThatFails(later: boolean) {
    const fail = () => {
      const error = Object.assign(new Error('no'), { code: 'ENOSYS' });
      if (later) return Promise.reject(error);
      throw error;
    };
    return harness({ getDiskFreeSpace: fail, getVolumeInformation: fail });
  }

  it('hands other failures on', () => {
    const fail = () => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    };
    const { dispatcher } = harness({ getDiskFreeSpace: fail, getVolumeInformation: fail });
    expect(failure(() => dispatcher.getDiskFreeSpace(caller()))).toBe('ACCESS_DENIED');
    expect(failure(() => dispatcher.getVolumeInformation(caller()))).toBe('ACCESS_DENIED');
  });
});

it('asks for locks and streams only where the volume has them', () => {
  const fail = () => {
    throw new Error('never called');
  };
  const { dispatcher, errors } = harness(
    { createFile: () => undefined, lockFile: fail, unlockFile: fail, findStreams: fail },
    { userModeLock: false, altStreams: false },
  );
  const file = open(dispatcher);
  for (const name of ['lockFile', 'unlockFile', 'findStreams'] as const) {
    expect(failure(() => ROWS[name].ask(dispatcher, file, caller()))).toBe('NOT_IMPLEMENTED');
  }
  expect(errors).toEqual([]);
});

describe('mounted', () => {
  it('is told the mount point', async () => {
    const calls: unknown[] = [];
    const mounted = (...given: unknown[]): void => void calls.push(given);
    await harness({ mounted }).dispatcher.mounted('/mnt/x');
    expect(calls).toEqual([['/mnt/x', expect.objectContaining({ processId: 0 })]]);
  });

  it('may be absent, and may fail without harm', async () => {
    await harness({}).dispatcher.mounted('/mnt/x');
    for (const error of [Object.assign(new Error('no'), { code: 'EIO' }), new TypeError('oops')]) {
      const failing = harness({ mounted: () => Promise.reject(error) });
      await failing.dispatcher.mounted('/mnt/x');
      expect(failing.errors).toMatchObject([{ callback: 'mounted' }]);
    }
  });
});
