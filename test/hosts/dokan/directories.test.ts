import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import type { FileContext, FindEntry, StreamEntry } from '../../../lib/operations.js';
import type { AnyOperations } from '../../dispatcher/harness.js';
import type { Answer } from './fake_answer.js';
import { MOUNT_TIME, NtStatus, Rig, status } from './harness.js';

const { ARCHIVE, DIRECTORY, NORMAL } = FileAttributes;

function rigOf(operations: AnyOperations, caseSensitive = false): Rig {
  return new Rig(
    {
      createFile: (path: string, _request: unknown, file: FileContext) => {
        file.isDirectory = !path.includes('f');
      },
      ...operations,
    },
    { caseSensitive },
  );
}

async function list(rig: Rig, pattern: string | undefined, name = '\\d'): Promise<Answer> {
  const context = await rig.open(name);
  const answer = await (pattern === undefined
    ? rig.ask({ operation: 'FIND_FILES', name, context })
    : rig.ask({ operation: 'FIND_FILES_WITH_PATTERN', name, context, secondName: pattern }));
  await rig.release(context, name);
  return answer;
}

const names = (answer: Answer): string[] => answer.entries.map(({ name }) => name);

describe('listings', () => {
  const files: FindEntry[] = [
    { name: 'a.txt', size: 5, attributes: ARCHIVE, creationTime: 1n, lastWriteTime: 2 },
    { name: 'sub', attributes: DIRECTORY },
    { name: '日本\ud800', size: 2 ** 40 },
  ];

  it('are written entry by entry', async () => {
    const answer = await list(rigOf({ findFiles: () => files }), undefined);
    expect(status(answer)).toBe('SUCCESS');
    expect(answer.entries).toEqual([
      { name: 'a.txt', attributes: ARCHIVE, size: 5, times: [1n, MOUNT_TIME, 2] },
      { name: 'sub', attributes: DIRECTORY, size: 0, times: Array(3).fill(MOUNT_TIME) },
      { name: '日本\ud800', attributes: NORMAL, size: 2 ** 40, times: Array(3).fill(MOUNT_TIME) },
    ]);
  });

  it.each([
    ['an array', (): Iterable<FindEntry> => files],
    [
      'a generator',
      function* (): Iterable<FindEntry> {
        yield* files;
      },
    ],
  ])('of %s need no promise', async (_what, findFiles) => {
    const rig = rigOf({ findFiles });
    const context = await rig.open('\\d');
    const answer = await rig.atOnce({ operation: 'FIND_FILES', name: '\\d', context });
    expect(answer.entries).toHaveLength(3);
  });

  it.each([
    ['promised', (): Promise<FindEntry[]> => Promise.resolve(files)],
    [
      'an async generator',
      async function* (): AsyncIterable<FindEntry> {
        for (const file of files) {
          await Promise.resolve();
          yield file;
        }
      },
    ],
  ])('that are %s work as well', async (_what, findFiles) => {
    expect((await list(rigOf({ findFiles }), undefined)).entries).toHaveLength(3);
  });

  it('never have dots: the library puts them in front', async () => {
    const findFiles = (): FindEntry[] => [{ name: '.' }, { name: '..' }, ...files];
    expect(names(await list(rigOf({ findFiles }), undefined))).toHaveLength(3);
  });

  it('may be empty', async () => {
    const answer = await list(rigOf({ findFiles: () => [] }), undefined);
    expect([status(answer), answer.entries]).toEqual(['SUCCESS', []]);
  });

  it('may be of any size, again and again', async () => {
    const many = Array.from({ length: 30_000 }, (_, index) => ({
      name: `file${index}`,
      size: index,
    }));
    const rig = rigOf({ findFiles: (path: string) => (path === '/d' ? many : files) });
    for (const name of ['\\d', '\\e', '\\d']) {
      const answer = await list(rig, undefined, name);
      expect(names(answer)).toEqual((name === '\\d' ? many : files).map((entry) => entry.name));
    }
  });

  it('leave out what no program could open', async () => {
    const findFiles = (): FindEntry[] =>
      ['a\\b', 'a:b', 'x'.repeat(256), 'x'.repeat(255), 'ok'].map((name) => ({ name, size: 0 }));
    expect(names(await list(rigOf({ findFiles }), undefined))).toEqual(['x'.repeat(255), 'ok']);
  });

  it('that fail half way fail', async () => {
    const rig = rigOf({
      *findFiles(): Iterable<FindEntry> {
        yield { name: 'a', size: 1 };
        throw new DokanError(NtStatus.DEVICE_DATA_ERROR);
      },
    });
    const answer = await list(rig, undefined);
    expect([status(answer), answer.data]).toEqual(['DEVICE_DATA_ERROR', undefined]);
  });

  it('are not to be had without the callback', async () => {
    expect(status(await list(rigOf({}), '*'))).toBe('NOT_IMPLEMENTED');
  });
});

describe('entries that are only names', () => {
  it.each([false, true])('are completed by queryOpen (promises: %s)', async (promises) => {
    const asked: string[] = [];
    const rig = rigOf({
      findFiles: () => [{ name: 'a' }, { name: 'b', size: 1 }, { name: 'c', lastWriteTime: 9n }],
      queryOpen: (path: string) => {
        asked.push(path);
        const info = { size: 7, attributes: ARCHIVE, lastWriteTime: 3n };
        return promises ? Promise.resolve(info) : info;
      },
    });
    const answer = await list(rig, '*');
    expect(asked).toEqual(['/d/a', '/d/c']);
    expect(answer.entries.map(({ size, times }) => [size, times[2]])).toEqual([
      [7, 3n],
      [1, MOUNT_TIME],
      [7, 9n],
    ]);
    await list(rig, '*', '\\');
    expect(asked.slice(2)).toEqual(['/a', '/c']);
  });

  it('are asked for by an open where there is no queryOpen', async () => {
    const rig = rigOf({
      findFiles: () => [{ name: 'f1' }],
      getFileInformation: () => ({ size: 8 }),
    });
    expect((await list(rig, '*')).entries).toMatchObject([{ name: 'f1', size: 8 }]);
    expect(rig.dispatcher.openCount).toBe(0);
  });

  it('are left out when they have gone, and shown bare when they cannot be asked', async () => {
    const rig = rigOf({
      findFiles: () => [{ name: 'gone' }, { name: 'secret' }, { name: 'later' }],
      queryOpen: (path: string) => {
        if (path === '/d/gone') throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
        if (path === '/d/secret') throw new DokanError(NtStatus.ACCESS_DENIED);
        return Promise.reject(new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND));
      },
    });
    expect((await list(rig, '*')).entries).toMatchObject([
      { name: 'secret', attributes: NORMAL, size: 0 },
    ]);
  });
});

describe('patterns', () => {
  const files = ['abc', 'ab', 'a.b', 'x.', 'readme.txt'].map((name) => ({ name, size: 0 }));

  it.each([
    // DokanIsNameInExpression is wrong for these two.
    ['<', ['abc', 'ab', 'x.']],
    ['ab>>', ['abc', 'ab']],
    ['*', ['abc', 'ab', 'a.b', 'x.', 'readme.txt']],
    ['', ['abc', 'ab', 'a.b', 'x.', 'readme.txt']],
    ['README.*', ['readme.txt']],
    ['nothing', []],
  ])('trap: %j is matched by our own code', async (pattern, expected) => {
    const answer = await list(rigOf({ findFiles: () => files }), pattern);
    expect(status(answer)).toBe('SUCCESS');
    expect(names(answer)).toEqual(
      pattern === '<' ? expect.arrayContaining(['abc', 'ab']) : expected,
    );
  });

  it('tell case where the volume does', async () => {
    const rig = rigOf({ findFiles: () => files }, true);
    expect(names(await list(rig, 'README.*'))).toEqual([]);
  });

  it('trap: are always answered, though the file system has no such callback', async () => {
    const rig = rigOf({
      findFilesWithPattern: () => {
        throw new DokanError(NtStatus.NOT_IMPLEMENTED);
      },
      findFiles: () => files,
    });
    expect(names(await list(rig, 'ab*'))).toEqual(['abc', 'ab']);
    expect(names(await list(rig, 'x*'))).toEqual(['x.']);
  });

  it('go to the file system that wants them, and its answer is not filtered', async () => {
    const rig = rigOf({
      findFilesWithPattern: (_path: string, pattern: string) => [
        { name: `found ${pattern.length}`, size: 0 },
      ],
    });
    expect(names(await list(rig, 'ab"'))).toEqual(['found 3']);
  });
});

describe('streams', () => {
  async function streamsOf(findStreams: () => unknown): Promise<Answer> {
    const rig = rigOf({ findStreams });
    const context = await rig.open('\\f');
    return rig.ask({ operation: 'FIND_STREAMS', name: '\\f', context });
  }

  const streams: StreamEntry[] = [
    { name: 'notes', size: 2 },
    { name: ':more:$DATA', size: 3 },
    { name: '', size: 2 ** 33 },
  ];

  it.each([
    ['at once', () => streams],
    [
      'later',
      async function* (): AsyncIterable<StreamEntry> {
        await Promise.resolve();
        yield* streams;
      },
    ],
  ])('have their whole names, the default stream first, answered %s', async (_when, find) => {
    expect((await streamsOf(find)).streams).toEqual([
      { name: '::$DATA', size: 2 ** 33 },
      { name: ':notes:$DATA', size: 2 },
      { name: ':more:$DATA', size: 3 },
    ]);
  });

  it('may be none', async () => {
    const answer = await streamsOf(() => []);
    expect([status(answer), answer.streams]).toEqual(['SUCCESS', []]);
  });

  it('trap: without the callback are NOT_IMPLEMENTED, never unanswered', async () => {
    const rig = rigOf({});
    const context = await rig.open('\\f');
    const question = { operation: 'FIND_STREAMS', name: '\\f', context } as const;
    expect(status(await rig.atOnce(question))).toBe('NOT_IMPLEMENTED');
  });
});
