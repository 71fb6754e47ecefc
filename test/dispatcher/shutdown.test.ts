import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FileContext } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags, release } from '../../lib/target.js';
import {
  caller,
  deferred,
  failure,
  failureLater,
  harness,
  Journal,
  now,
  OPEN,
  openNow,
  promised,
  settled,
} from './harness.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const GONE = NtStatus.VOLUME_DISMOUNTED;
/** Twice the grace: once for the opens, once for `unmounted`. */
const LONGEST = 4_001;
const buffer = Buffer.alloc(8);
const never = () => new Promise<never>(() => undefined);

function watch(promise: Promise<void>) {
  const state = { done: false };
  void promise.then(() => (state.done = true));
  return state;
}

it('gives every open its cleanup and closeFile, then calls unmounted', async () => {
  const journal = new Journal();
  const { dispatcher, errors } = harness(journal.operations);
  const [a, b, c] = ['/a', '/b', '/c'].map((path) => openNow(dispatcher, path));
  now(dispatcher.cleanup(a!, '/a', caller()));
  now(release(dispatcher, b!, '/b', caller()));
  // Renamed meanwhile: told with the last path known.
  now(dispatcher.cleanup(c!, '/moved', caller()));
  journal.lines.length = 0;
  openNow(dispatcher, '/d');
  await dispatcher.shutdown(GONE);
  expect(journal.lines).toEqual([
    'createFile /d',
    'closeFile /a',
    'closeFile /moved',
    'cleanup /d',
    'closeFile /d',
    'unmounted',
  ]);
  expect(dispatcher.openCount).toBe(0);
  expect(errors).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

it('happens once, however often it is asked for', async () => {
  const journal = new Journal();
  const { dispatcher } = harness(journal.operations);
  openNow(dispatcher, '/a');
  await Promise.all([dispatcher.shutdown(GONE), dispatcher.shutdown(NtStatus.CANCELLED)]);
  await dispatcher.shutdown(GONE);
  expect(journal.lines).toEqual(['createFile /a', 'cleanup /a', 'closeFile /a', 'unmounted']);
});

it('needs none of the callbacks', async () => {
  const { dispatcher } = harness({ createFile: () => undefined });
  openNow(dispatcher);
  await dispatcher.shutdown(GONE);
  expect(dispatcher.openCount).toBe(0);
});

it('deletes what is to be deleted', async () => {
  const journal = new Journal();
  const agree = () => undefined;
  const { dispatcher } = harness({
    ...journal.operations,
    deleteFile: agree,
    deleteDirectory: agree,
  });
  const file = openNow(dispatcher, '/a');
  now(dispatcher.setDisposition(file, '/a', true, caller()));
  await dispatcher.shutdown(GONE);
  expect(journal.lines).toContain('cleanup /a delete');
});

describe('requests that are outstanding', () => {
  it('fail with the given status, and their signals fire', async () => {
    const signals: AbortSignal[] = [];
    const hang = (...given: unknown[]) => {
      signals.push((given.at(-1) as FileContext).signal);
      return never();
    };
    const { dispatcher, errors } = harness({
      createFile: (path: string) => (path === '/f' ? undefined : never()),
      readFile: hang,
      writeFile: hang,
      queryOpen: hang,
    });
    const file = openNow(dispatcher);
    const asked = [
      dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller()),
      dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller()),
      dispatcher.queryOpen('/f', caller()),
      dispatcher.createFile('/g', OPEN, caller()),
    ].map((outcome) => failureLater(outcome));
    const ending = dispatcher.shutdown(GONE);
    expect(await Promise.all(asked)).toEqual(Array(4).fill('VOLUME_DISMOUNTED'));
    expect(signals).toHaveLength(3);
    for (const { reason } of signals) expect(reason).toHaveProperty('status', GONE);
    await vi.advanceTimersByTimeAsync(LONGEST);
    await ending;
    expect(errors).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may still end their work before the close', async () => {
    const journal = new Journal();
    const writing = deferred<number>();
    const { dispatcher } = harness({ ...journal.operations, writeFile: () => writing.promise });
    const file = openNow(dispatcher);
    const write = dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    const failed = failureLater(write);
    const ending = watch(dispatcher.shutdown(GONE));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await failed).toBe('VOLUME_DISMOUNTED');
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f']);
    expect(ending.done).toBe(false);
    writing.resolve(8);
    await settled();
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f', 'closeFile /f', 'unmounted']);
    expect(ending.done).toBe(true);
  });

  it('do not keep an open from its closeFile for ever', async () => {
    const journal = new Journal();
    const { dispatcher } = harness({ ...journal.operations, readFile: never });
    const file = openNow(dispatcher);
    promised(dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller())).catch(
      () => undefined,
    );
    const ending = watch(dispatcher.shutdown(GONE));
    await vi.advanceTimersByTimeAsync(LONGEST);
    expect(ending.done).toBe(true);
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f', 'closeFile /f', 'unmounted']);
    expect(dispatcher.openCount).toBe(0);
  });

  it('nor one whose close the kernel had asked for before', async () => {
    const journal = new Journal();
    const { dispatcher } = harness(
      { ...journal.operations, readFile: never },
      { operationTimeout: 10 },
    );
    const file = openNow(dispatcher);
    const read = dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    promised(read).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(11);
    now(release(dispatcher, file, '/f', caller()));
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f']);
    const ending = watch(dispatcher.shutdown(GONE));
    await vi.advanceTimersByTimeAsync(LONGEST);
    expect(ending.done).toBe(true);
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f', 'closeFile /f', 'unmounted']);
  });
});

describe('cleanup and closeFile that take time', () => {
  it('are waited for, in their order, before unmounted', async () => {
    const { lines } = new Journal();
    const step = async (line: string) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      lines.push(line);
    };
    const { dispatcher, errors } = harness({
      createFile: () => undefined,
      cleanup: (path: string) => step(`cleanup ${path}`),
      closeFile: (path: string) => step(`closeFile ${path}`),
      unmounted: () => void lines.push('unmounted'),
    });
    const [early, late] = [openNow(dispatcher, '/early'), openNow(dispatcher, '/late')];
    expect(late).toBeDefined();
    // The kernel closes one just before the volume goes.
    void release(dispatcher, early, '/early', caller());
    await vi.advanceTimersByTimeAsync(250);
    const ending = watch(dispatcher.shutdown(GONE));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ending.done).toBe(true);
    expect(lines).toEqual([
      'cleanup /early',
      'cleanup /late',
      'closeFile /early',
      'closeFile /late',
      'unmounted',
    ]);
    // Nothing was given up on, so there is nothing to tell.
    expect(errors).toEqual([]);
    expect(dispatcher.openCount).toBe(0);
  });

  it.each(['cleanup', 'closeFile', 'unmounted'] as const)(
    'do not hold the volume for ever: %s',
    async (name) => {
      const journal = new Journal();
      const { dispatcher, errors } = harness({
        ...journal.operations,
        [name]: () => {
          journal.lines.push(name);
          return never();
        },
      });
      openNow(dispatcher, '/f');
      const ending = watch(dispatcher.shutdown(GONE));
      await vi.advanceTimersByTimeAsync(LONGEST);
      expect(ending.done).toBe(true);
      expect(journal.lines.map((line) => line.split(' ')[0])).toEqual([
        'createFile',
        'cleanup',
        'closeFile',
        'unmounted',
      ]);
      expect(errors).toMatchObject([{ callback: name }]);
      expect(dispatcher.outstandingCount).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('may fail', async () => {
    const fail = () => {
      throw new TypeError('oops');
    };
    const { dispatcher, errors } = harness({
      createFile: () => undefined,
      cleanup: fail,
      closeFile: fail,
      unmounted: fail,
    });
    openNow(dispatcher);
    await dispatcher.shutdown(GONE);
    expect(errors.map(({ callback }) => callback)).toEqual(['cleanup', 'closeFile', 'unmounted']);
  });
});

describe('opens that come into being meanwhile', () => {
  function creating() {
    const journal = new Journal();
    const created = deferred();
    const made = harness({
      ...journal.operations,
      createFile: (path: string) => {
        journal.operations.createFile(path);
        return created.promise;
      },
    });
    const opening = failureLater(made.dispatcher.createFile('/a', OPEN, caller()));
    return { ...made, journal, created, opening };
  }

  const released = ['createFile /a', 'cleanup /a', 'closeFile /a'];

  it('are released, and unmounted waits for them', async () => {
    const { dispatcher, journal, created, opening } = creating();
    const ending = watch(dispatcher.shutdown(GONE));
    expect(await opening).toBe('VOLUME_DISMOUNTED');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(journal.lines).toEqual(['createFile /a']);
    created.resolve(undefined);
    await settled();
    expect(journal.lines).toEqual([...released, 'unmounted']);
    expect(ending.done).toBe(true);
  });

  it('are waited for until they are closed', async () => {
    const { lines } = new Journal();
    const [created, closing] = [deferred(), deferred()];
    const { dispatcher } = harness({
      createFile: () => created.promise,
      closeFile: () => closing.promise.then(() => void lines.push('closeFile')),
      unmounted: () => void lines.push('unmounted'),
    });
    const opening = failureLater(dispatcher.createFile('/a', OPEN, caller()));
    const ending = dispatcher.shutdown(GONE);
    expect(await opening).toBe('VOLUME_DISMOUNTED');
    created.resolve(undefined);
    await settled();
    closing.resolve(undefined);
    await ending;
    expect(lines).toEqual(['closeFile', 'unmounted']);
  });

  it('are released also when they come too late for that', async () => {
    const { dispatcher, journal, created, opening } = creating();
    const ending = watch(dispatcher.shutdown(GONE));
    expect(await opening).toBe('VOLUME_DISMOUNTED');
    await vi.advanceTimersByTimeAsync(LONGEST);
    expect(ending.done).toBe(true);
    expect(journal.lines).toEqual(['createFile /a', 'unmounted']);
    created.resolve(undefined);
    await settled();
    expect(journal.lines).toEqual(['createFile /a', 'unmounted', 'cleanup /a', 'closeFile /a']);
    expect(dispatcher.openCount).toBe(0);
  });

  it('are released when the answer and the end come at the same time', async () => {
    const { dispatcher, journal, created, opening } = creating();
    created.resolve(undefined);
    // As many turns as it takes until the answer is in, but not yet handed on.
    for (let turn = 0; turn < 10 && dispatcher.outstandingCount > 0; turn += 1) {
      await Promise.resolve();
    }
    const ending = dispatcher.shutdown(GONE);
    expect(await opening).toBe('VOLUME_DISMOUNTED');
    await ending;
    expect(journal.lines).toEqual([...released, 'unmounted']);
    expect(dispatcher.openCount).toBe(0);
  });

  it('and those that do not come about are not waited for', async () => {
    const { dispatcher, journal, created, opening } = creating();
    const ending = watch(dispatcher.shutdown(GONE));
    created.reject(new Error('oops'));
    await settled();
    expect(await opening).toBe('VOLUME_DISMOUNTED');
    expect(ending.done).toBe(true);
    expect(journal.lines).toEqual(['createFile /a', 'unmounted']);
  });
});

it('lets no further request through', async () => {
  const journal = new Journal();
  const call = () => {
    journal.lines.push('called');
    return {};
  };
  const { dispatcher } = harness({
    ...journal.operations,
    getFileInformation: call,
    queryOpen: call,
    getDiskFreeSpace: call,
    mounted: call,
  });
  const file = openNow(dispatcher);
  await dispatcher.shutdown(NtStatus.NO_SUCH_DEVICE);
  journal.lines.length = 0;
  for (const ask of [
    () => dispatcher.createFile('/a', OPEN, caller()),
    () => dispatcher.getFileInformation(file, '/f', caller()),
    () => dispatcher.queryOpen('/f', caller()),
    () => dispatcher.getDiskFreeSpace(caller()),
  ]) {
    expect(failure(ask)).toBe('NO_SUCH_DEVICE');
  }
  await dispatcher.mounted('/mnt');
  now(release(dispatcher, file, '/f', caller()));
  expect(journal.lines).toEqual([]);
});

it('lets go of listings that were not read to their end', async () => {
  let ended = false;
  const { dispatcher } = harness({
    createFile: () => undefined,
    *findFiles() {
      try {
        yield { name: 'a' };
        yield { name: 'b' };
      } finally {
        ended = true;
      }
    },
  });
  const listing = now(dispatcher.findFiles(openNow(dispatcher), '/', undefined, caller()));
  expect(listing.next()).toEqual({ name: 'a' });
  await dispatcher.shutdown(GONE);
  expect(ended).toBe(true);
  expect(listing.next()).toBeUndefined();
});
