import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DokanError } from '../../lib/errors.js';
import type { Listing } from '../../lib/listing.js';
import type { FileContext, FindEntry } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { caller, deferred, failure, failureLater, harness, openNow, promised } from './harness.js';

const NAMES = ['.', 'a', '..', 'B.txt', 'c.TXT', '...'];
const ORDINARY = ['a', 'B.txt', 'c.TXT', '...'];

function* sync(names = NAMES) {
  for (const name of names) yield { name };
}

async function* later(names = NAMES) {
  for (const name of names) {
    await Promise.resolve();
    yield { name };
  }
}

async function names(listing: Listing<FindEntry> | Promise<Listing<FindEntry>>) {
  const source = await listing;
  const read: string[] = [];
  for (;;) {
    const entry = await source.next();
    if (entry === undefined) return read;
    read.push(entry.name);
  }
}

function setUp(findFiles: unknown, options = {}) {
  const made = harness(
    { createFile: () => undefined, findFiles: findFiles as () => unknown },
    options,
  );
  const file = openNow(made.dispatcher, '/d');
  const find = (pattern?: string, by = caller()) =>
    made.dispatcher.findFiles(file, '/d', pattern, by);
  return { ...made, file, find };
}

describe('findFiles', () => {
  it.each<[string, () => unknown]>([
    ['an array', () => NAMES.map((name) => ({ name }))],
    ['a set', () => new Set(NAMES.map((name) => ({ name })))],
    ["a map's values", () => new Map(NAMES.map((name) => [name, { name }])).values()],
    ['a generator', () => sync()],
    ['an async generator', () => later()],
    ['a promise of an array', () => Promise.resolve(NAMES.map((name) => ({ name })))],
    ['a promise of a generator', () => Promise.resolve(sync())],
    ['a promise of an async generator', () => Promise.resolve(later())],
    [
      'an async iterable with a synchronous name for it that is no function',
      () => ({ [Symbol.iterator]: undefined, [Symbol.asyncIterator]: () => later() }),
    ],
  ])('may answer with %s; `.` and `..` are dropped', async (_what, answer) => {
    const { find, errors } = setUp(answer);
    expect(await names(find())).toEqual(ORDINARY);
    expect(await names(find('*'))).toEqual(ORDINARY);
    expect(errors).toEqual([]);
  });

  it('filters where only some are wanted', async () => {
    for (const answer of [() => sync(), () => later()]) {
      const { find } = setUp(answer);
      expect(await names(find('*.txt'))).toEqual(['B.txt']);
      expect(await names(find('*.TXT'))).toEqual(['c.TXT']);
      expect(await names(find('?'))).toEqual(['a']);
    }
  });

  it('ignores case where the volume does', async () => {
    const { find } = setUp(() => sync(), { caseSensitive: false });
    expect(await names(find('*.txt'))).toEqual(['B.txt', 'c.TXT']);
  });

  it('never lets `.` and `..` match', async () => {
    const { find } = setUp(() => sync());
    expect(await names(find('*.'))).toEqual(['...']);
  });

  it('hands the entries on as they are', () => {
    const entry = { name: 'a', size: 5, mine: true };
    const { find } = setUp(() => [entry]);
    const listing = find() as Listing<FindEntry>;
    expect(listing.next()).toBe(entry);
  });

  it.each([
    ['at once', () => ({ [Symbol.iterator]: failing })],
    ['later', () => Promise.resolve({ [Symbol.iterator]: failing })],
  ])('that does not even begin is told, %s', async (_when, answer) => {
    const { find, errors } = setUp(answer);
    const ask = async () => await find();
    expect(await failureLater(ask())).toBe('INTERNAL_ERROR');
    expect(errors).toMatchObject([{ callback: 'findFiles', path: '/d' }]);
  });

  function failing(): never {
    throw new TypeError('oops');
  }
});

describe('findFilesWithPattern', () => {
  function patterned(answer: (pattern: string) => unknown) {
    const calls: string[] = [];
    const made = harness({
      createFile: () => undefined,
      findFiles: () => {
        calls.push('all');
        return sync();
      },
      findFilesWithPattern: (_path: string, pattern: string) => {
        calls.push(pattern);
        return answer(pattern);
      },
    });
    const file = openNow(made.dispatcher, '/d');
    const find = (pattern?: string) => made.dispatcher.findFiles(file, '/d', pattern, caller());
    return { ...made, calls, find };
  }

  it('is asked for some, not for all', async () => {
    const { find, calls } = patterned(() => sync(['.', 'x', '..']));
    expect(await names(find('a*'))).toEqual(['x']);
    expect(await names(find('*'))).toEqual(ORDINARY);
    expect(await names(find())).toEqual(ORDINARY);
    expect(calls).toEqual(['a*', 'all', 'all']);
  });

  it.each<[string, () => unknown]>([
    [
      'at once',
      () => {
        throw new DokanError(NtStatus.NOT_IMPLEMENTED);
      },
    ],
    ['later', () => Promise.reject(new DokanError(NtStatus.NOT_IMPLEMENTED))],
  ])('not implemented after all, %s: findFiles is asked, from then on', async (_when, answer) => {
    const { find, calls, errors } = patterned(answer);
    expect(await names(find('?'))).toEqual(['a']);
    expect(await names(find('*.txt'))).toEqual(['B.txt']);
    expect(await names(find('*.TXT'))).toEqual(['c.TXT']);
    expect(calls).toEqual(['?', 'all', 'all', 'all']);
    expect(errors).toEqual([]);
  });

  it('that fails otherwise is not replaced', async () => {
    const { find, calls } = patterned(() => {
      throw new DokanError(NtStatus.ACCESS_DENIED);
    });
    expect(failure(() => find('?'))).toBe('ACCESS_DENIED');
    expect(failure(() => find('?'))).toBe('ACCESS_DENIED');
    expect(calls).toEqual(['?', '?']);
    const delayed = patterned(() => Promise.reject(new DokanError(NtStatus.ACCESS_DENIED)));
    expect(await failureLater(delayed.find('?'))).toBe('ACCESS_DENIED');
  });

  it('is enough without findFiles only for some', () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      findFilesWithPattern: () => {
        throw new DokanError(NtStatus.NOT_IMPLEMENTED);
      },
    });
    const file = openNow(dispatcher);
    for (const pattern of ['?', undefined]) {
      const ask = () => dispatcher.findFiles(file, '/d', pattern, caller());
      expect(failure(ask)).toBe('NOT_IMPLEMENTED');
    }
  });
});

describe('a listing that takes time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** An async generator whose steps the test takes, and what it did. */
  function stepping(options = {}) {
    const steps: ReturnType<typeof deferred<string>>[] = [];
    const seen: { signal: AbortSignal | undefined; late: AbortSignal[]; ended: boolean } = {
      signal: undefined,
      late: [],
      ended: false,
    };
    const made = setUp(async function* (_path: string, file: FileContext) {
      seen.signal = file.signal;
      try {
        for (;;) {
          const step = deferred<string>();
          steps.push(step);
          const name = await step.promise;
          seen.late.push(file.signal);
          yield { name };
        }
      } finally {
        seen.ended = true;
      }
    }, options);
    return { ...made, steps, seen, listing: made.find() as Listing<FindEntry> };
  }

  it('has a time limit on each step; the next reading goes on where it was', async () => {
    const { listing, steps, seen, dispatcher } = stepping({ operationTimeout: 1_000 });
    for (const name of ['a', 'b']) {
      const entry = promised(listing.next());
      await vi.advanceTimersByTimeAsync(900);
      steps.at(-1)!.resolve(name);
      expect(await entry).toEqual({ name });
    }
    const late = failureLater(listing.next());
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await late).toBe('IO_TIMEOUT');
    expect(seen.signal!.reason).toHaveProperty('code', 'IO_TIMEOUT');
    expect(dispatcher.statistics().findFiles).toEqual({ calls: 1, failures: 1, timeouts: 1 });
    const again = promised(listing.next());
    steps.at(-1)!.resolve('c');
    expect(await again).toEqual({ name: 'c' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be interrupted by who asks', async () => {
    const { listing, steps, seen } = stepping();
    const by = caller();
    const interrupted = failureLater(listing.next(by));
    by.running!.interrupt();
    expect(await interrupted).toBe('CANCELLED');
    expect(seen.signal!.aborted).toBe(true);
    expect(by.running).toBeUndefined();
    // An EINTR is no end of the directory, and no entry is lost.
    const entry = promised(listing.next(caller()));
    steps[0]!.resolve('a');
    expect(await entry).toEqual({ name: 'a' });
  });

  it('leaves the request alone that began it: it may be another one by now', async () => {
    const by = caller();
    const { find } = setUp(() => later(['a']));
    const listing = find(undefined, by) as Listing<FindEntry>;
    const other = { interrupt: () => undefined };
    by.running = other;
    const entry = listing.next();
    expect(by.running).toBe(other);
    await entry;
    expect(by.running).toBe(other);
  });

  it('has one signal from its first step to its last', async () => {
    const { listing, steps, seen, dispatcher, file } = stepping();
    const first = promised(listing.next());
    steps[0]!.resolve('a');
    await first;
    // Another callback of the same open has a signal of its own.
    failure(() => dispatcher.getFileInformation(file, '/d', caller()));
    const by = caller();
    const second = failureLater(listing.next(by));
    expect(seen.signal!.aborted).toBe(false);
    by.running!.interrupt();
    expect(await second).toBe('CANCELLED');
    expect(seen.signal!.aborted).toBe(true);
    expect(seen.late).toEqual([seen.signal]);
  });

  it('has that signal also for a generator that asks late', async () => {
    let signal: AbortSignal | undefined;
    const { find } = setUp(async function* (_path: string, file: FileContext) {
      await Promise.resolve();
      signal = file.signal;
      yield { name: 'a' };
      await deferred().promise;
    });
    const listing = find() as Listing<FindEntry>;
    expect(await listing.next()).toEqual({ name: 'a' });
    const by = caller();
    const next = failureLater(listing.next(by));
    by.running!.interrupt();
    expect(await next).toBe('CANCELLED');
    expect(signal!.aborted).toBe(true);
  });

  it('may pass over many entries, each in its own time', async () => {
    const { find } = setUp(
      async function* () {
        for (const name of ['x', 'y', 'z.a']) {
          await new Promise((resolve) => setTimeout(resolve, 900));
          yield { name };
        }
      },
      { operationTimeout: 1_000 },
    );
    const entry = promised((find('*.a') as Listing<FindEntry>).next());
    await vi.advanceTimersByTimeAsync(2_701);
    expect(await entry).toEqual({ name: 'z.a' });
  });

  it('lets the generator go when it is closed, also while a step is outstanding', async () => {
    const { listing, steps, seen } = stepping({ operationTimeout: 10 });
    const late = failureLater(listing.next());
    await vi.advanceTimersByTimeAsync(11);
    expect(await late).toBe('IO_TIMEOUT');
    listing.close();
    steps[0]!.resolve('a');
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.ended).toBe(true);
    expect(listing.next()).toBeUndefined();
  });
});

it('generators are told who asked first', () => {
  const seen: unknown[] = [];
  const { find } = setUp(function* (_path: string, file: FileContext) {
    seen.push(file.processId, file.requestor());
    yield { name: 'a' };
    seen.push(file.processId);
    yield { name: 'b' };
  });
  const by = { ...caller(21), userId: 5, groupId: 6 };
  const listing = find(undefined, by) as Listing<FindEntry>;
  // The host uses its requests again.
  Object.assign(by, { processId: 99, userId: 99 });
  expect(listing.next()).toEqual({ name: 'a' });
  expect(listing.next(caller(22))).toEqual({ name: 'b' });
  expect(seen).toEqual([21, { processId: 21, userId: 5, groupId: 6 }, 22]);
});
