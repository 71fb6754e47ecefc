import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCreateResult, checkFindEntry } from '../../lib/answers.js';
import { CreateDisposition } from '../../lib/constants.js';
import type { Dispatcher } from '../../lib/dispatcher.js';
import type { Listing } from '../../lib/listing.js';
import type { OpenFile } from '../../lib/open_file.js';
import type { DokanOperations, FindEntry } from '../../lib/operations.js';
import { IoFlags } from '../../lib/target.js';
import { caller, failure, failureLater, harness, openNow, promised, request } from './harness.js';

const UNSAFE = 2 ** 53;
const throwing = {
  get size(): number {
    throw new Error('gotcha');
  },
};

const wrongSizes = [-1, NaN, Infinity, 1.5, UNSAFE, '1', 1n, null];
const wrong32 = [-1, NaN, 1.5, 2 ** 32, '1', 1n, null];
const wrongTimes = [NaN, Infinity, -Infinity, new Date(NaN), '2020-01-01', null, {}];
const wrongObjects = [undefined, null, 5, 'text', true, () => undefined];
const wrongInformation: unknown[] = [
  ...wrongObjects,
  throwing,
  ...['size', 'blocks'].flatMap((field) => wrongSizes.map((value) => ({ [field]: value }))),
  ...['attributes', 'linkCount', 'mode', 'uid', 'gid', 'rdev'].flatMap((field) =>
    wrong32.map((value) => ({ [field]: value })),
  ),
  ...['creationTime', 'lastAccessTime', 'lastWriteTime', 'changeTime'].flatMap((field) =>
    wrongTimes.map((value) => ({ [field]: value })),
  ),
  ...[-1, -1n, 2n ** 64n, 1.5, UNSAFE, '1', null].map((inode) => ({ inode })),
];
const wrongNames = ['', 'a/b', '/', 'a\0b', '\0', 5, null, undefined, {}];
const wrongListings = [undefined, null, 5, 'text', {}, { [Symbol.iterator]: 5 }];
const header = Buffer.from([1, 0, 0, 0x80, ...Buffer.alloc(16)]);

/** Test names are made here: vitest's own formats call getters. */
function named(values: readonly unknown[]): [string, unknown][] {
  return values.map((value) => [inspect(value), value]);
}

type Ask = (dispatcher: Dispatcher, file: OpenFile) => unknown;
const { NONE } = IoFlags;

const WRONG: [keyof DokanOperations, Ask, readonly unknown[]][] = [
  [
    'readFile',
    (d, file) => d.readFile(file, '/f', Buffer.alloc(4), 0, NONE, caller()),
    [undefined, 5, ...wrongSizes],
  ],
  [
    'writeFile',
    (d, file) => d.writeFile(file, '/f', Buffer.alloc(4), 0, NONE, caller()),
    [undefined, 5, ...wrongSizes],
  ],
  ['getFileInformation', (d, file) => d.getFileInformation(file, '/f', caller()), wrongInformation],
  [
    'queryOpen',
    (d) => d.queryOpen('/f', caller()),
    // undefined says that there is no such file.
    wrongInformation.filter((value) => value !== undefined),
  ],
  ['findFiles', (d, file) => d.findFiles(file, '/f', undefined, caller()), wrongListings],
  ['findFilesWithPattern', (d, file) => d.findFiles(file, '/f', '*.a', caller()), wrongListings],
  ['findStreams', (d, file) => d.findStreams(file, '/f', caller()), wrongListings],
  [
    'getDiskFreeSpace',
    (d) => d.getDiskFreeSpace(caller()),
    [
      ...wrongObjects,
      {},
      ...['freeBytesAvailable', 'totalBytes', 'totalFreeBytes'].flatMap((field) =>
        [undefined, ...wrongSizes].map((value) => ({
          freeBytesAvailable: 1,
          totalBytes: 1,
          totalFreeBytes: 1,
          [field]: value,
        })),
      ),
    ],
  ],
  [
    'getVolumeInformation',
    (d) => d.getVolumeInformation(caller()),
    [
      ...wrongObjects,
      ...['volumeName', 'fileSystemName'].flatMap((field) =>
        [5, null, {}].map((value) => ({ [field]: value })),
      ),
      ...['serialNumber', 'maximumComponentLength', 'fileSystemFlags'].flatMap((field) =>
        wrong32.map((value) => ({ [field]: value })),
      ),
    ],
  ],
  [
    'getFileSecurity',
    (d, file) => d.getFileSecurity(file, '/f', 4, caller()),
    [
      ...wrongObjects,
      'O:BAG:BA',
      Buffer.alloc(0),
      Buffer.alloc(20),
      header.subarray(0, 19),
      // Another revision; an absolute one, which is full of pointers.
      Buffer.from([2, ...header.subarray(1)]),
      Buffer.from([1, 0, 0, 0, ...header.subarray(4)]),
      new Uint8Array(header),
    ],
  ],
  ['readLink', (d) => d.readLink('/f', caller()), [undefined, null, 5, '', 'a\0b', {}]],
  [
    'queryAllocatedRange',
    (d, file) => d.queryAllocatedRange(file, '/f', 0, caller()),
    [
      null,
      5,
      'text',
      {},
      { offset: 0, length: 0 },
      ...wrongSizes.map((value) => ({ offset: value, length: 1 })),
      ...wrongSizes.map((value) => ({ offset: 0, length: value })),
    ],
  ],
];

describe.each(WRONG)('%s', (name, ask, answers) => {
  it('is told of each wrong answer once, and the request fails', async () => {
    for (const answer of answers) {
      const sync = harness({ createFile: () => undefined, [name]: () => answer });
      const file = openNow(sync.dispatcher);
      expect(failure(() => ask(sync.dispatcher, file))).toBe('INTERNAL_ERROR');
      expect(sync.errors).toMatchObject([
        {
          callback: name,
          cause: { name: expect.stringMatching(/AnswerError|^Error$/) as unknown },
        },
      ]);

      const later = harness({
        createFile: () => undefined,
        [name]: () => Promise.resolve(answer),
      });
      const opened = openNow(later.dispatcher);
      expect(await failureLater(ask(later.dispatcher, opened))).toBe('INTERNAL_ERROR');
      expect(later.errors).toHaveLength(1);
    }
  });
});

describe('what is right', () => {
  it.each([
    {},
    { size: 0, attributes: 0, inode: 0 },
    { size: Number.MAX_SAFE_INTEGER, attributes: 0xffffffff, inode: 2n ** 64n - 1n },
    { creationTime: -1n, lastAccessTime: -1.5, lastWriteTime: new Date(-1), changeTime: 0 },
    { mode: 0o104755, uid: 2 ** 32 - 1, gid: 0, linkCount: 1, blocks: 8, rdev: 0x801 },
  ])('information %o', (info) => {
    const { dispatcher, errors } = harness({ queryOpen: () => info });
    expect(dispatcher.queryOpen('/f', caller())).toBe(info);
    expect(errors).toEqual([]);
  });

  it('no range means a hole up to the end', () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      queryAllocatedRange: () => undefined,
    });
    const file = openNow(dispatcher);
    expect(dispatcher.queryAllocatedRange(file, '/f', 0, caller())).toBeUndefined();
  });

  it('any name without separator and NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const right = name !== '' && !name.includes('/') && !name.includes('\0');
        const entry = { name };
        if (right) expect(checkFindEntry(entry)).toBe(entry);
        else expect(() => checkFindEntry(entry)).toThrow('a name');
      }),
    );
  });
});

describe('an entry that is wrong', () => {
  it.each(
    named([
      ...wrongNames.map((name) => ({ name })),
      ...wrongInformation.filter((info) => typeof info !== 'object' || info === null),
      { name: 'a', size: -1 },
      { name: 'a', creationTime: NaN },
      throwing,
    ]),
  )('fails the listing: %s', (_name, entry) => {
    const { dispatcher, errors } = harness({
      createFile: () => undefined,
      findFiles: () => [{ name: 'good' }, entry, { name: 'never reached' }],
    });
    const listing = dispatcher.findFiles(openNow(dispatcher), '/f', undefined, caller());
    const { next } = reader(listing as Listing<FindEntry>);
    expect(next()).toEqual({ name: 'good' });
    expect(failure(next)).toBe('INTERNAL_ERROR');
    // Never the end of the listing: the application would take it for complete.
    expect(failure(next)).toBe('INTERNAL_ERROR');
    expect(errors).toMatchObject([{ callback: 'findFiles', path: '/f' }]);
  });

  it.each(
    named([
      ...['a/b', 'a\0', 5, undefined].map((name) => ({ name, size: 1 })),
      ...[undefined, ...wrongSizes].map((size) => ({ name: 's', size })),
      null,
      's',
    ]),
  )('fails the streams: %s', (_name, entry) => {
    const { dispatcher, errors } = harness({
      createFile: () => undefined,
      findStreams: () => [entry],
    });
    const listing = dispatcher.findStreams(openNow(dispatcher), '/f', caller());
    expect(failure(() => (listing as Listing<unknown>).next())).toBe('INTERNAL_ERROR');
    expect(errors).toHaveLength(1);
  });

  it('is not a stream without a name, which is the data of the file', () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      findStreams: () => [{ name: '', size: 3 }],
    });
    const listing = dispatcher.findStreams(openNow(dispatcher), '/f', caller());
    expect((listing as Listing<unknown>).next()).toEqual({ name: '', size: 3 });
  });

  function reader<E>(listing: Listing<E>) {
    return { next: () => listing.next() };
  }
});

describe('createFile', () => {
  const { SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;

  it.each([
    [OPEN, 'opened'],
    [CREATE, 'created'],
    [OVERWRITE, 'overwritten'],
  ] as const)('needs no answer where there is no choice: %s', async (disposition, result) => {
    for (const answer of [undefined, Promise.resolve(undefined)]) {
      const { dispatcher } = harness({ createFile: () => answer });
      const file = await dispatcher.createFile('/f', request(disposition), caller());
      expect(file.createResult).toBe(result);
    }
  });

  it.each([SUPERSEDE, OPEN_IF, OVERWRITE_IF])('must answer where there is: %s', async (choice) => {
    for (const answer of [undefined, Promise.resolve(undefined)]) {
      const { dispatcher, errors } = harness({ createFile: () => answer });
      const ask = async () => await dispatcher.createFile('/f', request(choice), caller());
      expect(await failureLater(ask())).toBe('INTERNAL_ERROR');
      expect(errors).toHaveLength(1);
      expect(dispatcher.openCount).toBe(0);
    }
    for (const result of ['opened', 'created', 'overwritten', 'superseded'] as const) {
      expect(checkCreateResult(result, request(choice))).toBe(result);
    }
  });

  it.each([null, true, 'Opened', '', 0, { result: 'opened' }])('may not answer %o', (answer) => {
    const { dispatcher, errors } = harness({ createFile: () => answer });
    const ask = () => dispatcher.createFile('/f', request(OPEN), caller());
    expect(failure(ask)).toBe('INTERNAL_ERROR');
    expect(errors).toHaveLength(1);
    expect(dispatcher.openCount).toBe(0);
  });
});

describe('readFile answering with bytes', () => {
  const ask = (bytes: unknown, size = 4) => {
    const made = harness({ createFile: () => undefined, readFile: () => bytes });
    const { dispatcher } = made;
    const buffer = Buffer.alloc(size);
    const read = () => dispatcher.readFile(openNow(dispatcher), '/f', buffer, 0, NONE, caller());
    return { ...made, read };
  };

  it.each([
    ['as many as wanted', new Uint8Array(4)],
    ['fewer', Buffer.alloc(1)],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(8), 2, 3)],
    ['memory of another context', runInNewContext('new Uint8Array(4)') as Uint8Array],
    ['memory that has shrunk behind them', shrunk(6)],
  ])('hands them on: %s', async (_what, bytes) => {
    expect(ask(bytes).read()).toBe(bytes);
    expect(await ask(Promise.resolve(bytes)).read()).toBe(bytes);
  });

  it('takes none for a count of 0', async () => {
    for (const none of [new Uint8Array(0), Buffer.alloc(4).subarray(4)]) {
      expect(ask(none).read()).toBe(0);
      expect(await ask(Promise.resolve(none)).read()).toBe(0);
    }
  });

  it.each([
    ['too many', new Uint8Array(5), 'or a Uint8Array of no more but was given Uint8Array(5)'],
    ['other numbers', new Uint16Array(1), 'or a Uint8Array of no more but was given Uint16Array'],
    ['a view', new DataView(new ArrayBuffer(4)), 'or a Uint8Array of no more'],
    ['memory alone', new ArrayBuffer(4), 'or a Uint8Array of no more'],
    ['what lies of its length', lying(new Uint8Array(5), 4), 'or a Uint8Array of no more'],
    ['what lies behind a proxy', new Proxy(new Uint8Array(4), {}), 'or a Uint8Array of no more'],
    ['what was transferred away', transferred(new Uint8Array(4)), 'was not taken away'],
    ['what has shrunk', shrunk(5), 'was not taken away'],
  ])('refuses %s', async (_what, bytes, message) => {
    for (const answer of [bytes, Promise.resolve(bytes)]) {
      const { read, errors } = ask(answer);
      await expect(async () => await read()).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
      expect(errors).toHaveLength(1);
      expect(errors[0]!.message).toContain(message);
      expect(errors[0]!.cause).toMatchObject({ code: 'ERR_INVALID_ANSWER' });
    }
  });
});

/** Bytes 4 and 5 of memory that has had 8, and has only `length` now. */
function shrunk(length: number): Uint8Array {
  // Nothing of it is known to a compiler that has ES2023 in mind.
  const memory = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 8 }]) as ArrayBuffer & {
    resize(size: number): void;
  };
  const bytes = new Uint8Array(memory, 4, 2);
  memory.resize(length);
  return bytes;
}

function lying(bytes: Uint8Array, length: number): Uint8Array {
  return Object.defineProperty(bytes, 'length', { value: length });
}

function transferred(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

it('checks the count against the buffer as it is when the answer comes', async () => {
  const { dispatcher, errors } = harness({
    createFile: () => undefined,
    readFile: (_path: string, buffer: Buffer) => {
      // Transferred away meanwhile: nothing was read into what the host has.
      structuredClone(buffer.buffer, { transfer: [buffer.buffer as ArrayBuffer] });
      return Promise.resolve(4);
    },
  });
  const buffer = Buffer.from(new ArrayBuffer(4));
  const ask = dispatcher.readFile(openNow(dispatcher), '/f', buffer, 0, NONE, caller());
  await expect(promised(ask)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  expect(errors).toHaveLength(1);
});
