import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CreateDisposition } from '../../lib/constants.js';
import type { DispatcherOptions } from '../../lib/dispatcher_options.js';
import { DokanError } from '../../lib/errors.js';
import type { Listing } from '../../lib/listing.js';
import type { FileContext, MediaState } from '../../lib/operations.js';
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
  request,
  settled,
  type AnyOperations,
  type Harness,
} from './harness.js';

const INTERVAL = 500;
const buffer = Buffer.alloc(16);

const drives: Harness[] = [];

// Checks that never end would count as running, for the whole process.
afterEach(async () => {
  for (const { dispatcher } of drives.splice(0)) {
    void dispatcher.shutdown(NtStatus.VOLUME_DISMOUNTED);
  }
  await settled();
  vi.useRealTimers();
});

/** A drive whose contents a test chooses; time goes on only when the test says so. */
interface Drive extends Harness {
  /** What the check answers or throws. */
  answer: () => unknown;
  checks: number;
  readonly told: MediaState[];
  readonly journal: Journal;
}

function drive(operations: AnyOperations = {}, options: Partial<DispatcherOptions> = {}): Drive {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  const journal = new Journal();
  const made: Drive = {
    ...harness(
      {
        ...journal.operations,
        readFile: () => 1,
        getFileInformation: () => ({}),
        deleteFile: () => undefined,
        deleteDirectory: () => undefined,
        ...operations,
        checkMedia: () => {
          made.checks += 1;
          return made.answer();
        },
      },
      options,
    ),
    answer: () => 'present',
    checks: 0,
    told: [],
    journal,
  };
  made.dispatcher.onMediaChange((state) => made.told.push(state));
  drives.push(made);
  void made.dispatcher.mounted('/mnt');
  return made;
}

/** The next open asks. */
function pass(milliseconds = INTERVAL): void {
  vi.advanceTimersByTime(milliseconds);
}

const open = ({ dispatcher }: Harness, by = caller()): unknown =>
  dispatcher.createFile('/f', OPEN, by);
const read = ({ dispatcher }: Harness, file: unknown): unknown =>
  dispatcher.readFile(file as never, '/f', buffer, 0, IoFlags.NONE, caller());

/** As often as the interval says: the present state, by an open. */
function becomes(one: Drive, state: MediaState): void {
  one.answer = () => state;
  pass();
  if (state === 'absent') expect(failure(() => open(one))).toBe('NO_MEDIA_IN_DEVICE');
  else void release(one.dispatcher, openNow(one.dispatcher), '/f', caller());
}

describe('a check', () => {
  it('is made before opens, at most once per interval', () => {
    const one = drive();
    for (let time = 0; time < 10; time += 1) openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    pass(INTERVAL - 1);
    openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    pass(1);
    openNow(one.dispatcher);
    openNow(one.dispatcher);
    expect(one.checks).toBe(2);
    expect(one.told).toEqual([]);
  });

  it('is made by the interval of the volume; 0 is before every open', () => {
    const one = drive({}, { mediaCheckInterval: 0 });
    for (let time = 0; time < 3; time += 1) openNow(one.dispatcher);
    expect(one.checks).toBe(3);
  });

  it('is not made before the volume is usable', async () => {
    let checks = 0;
    const checkMedia = (): string => {
      checks += 1;
      return 'present';
    };
    const { dispatcher } = harness({ createFile: () => undefined, checkMedia });
    now(dispatcher.getVolumeInformation(caller()));
    openNow(dispatcher);
    expect(checks).toBe(0);
    await dispatcher.mounted('/mnt');
    openNow(dispatcher);
    expect(checks).toBe(1);
  });

  it('is not made by requests on what is open', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    pass();
    expect(now(read(one, file))).toBe(1);
    expect(one.checks).toBe(1);
  });

  const BY_PATH: [string, AnyOperations, (one: Harness) => unknown][] = [
    [
      'queryOpen',
      { queryOpen: () => ({}) },
      ({ dispatcher }) => dispatcher.queryOpen('/f', caller()),
    ],
    [
      'queryOpen without the callback',
      {},
      ({ dispatcher }) => dispatcher.queryOpen('/f', caller()),
    ],
    ['readLink', { readLink: () => 'to' }, ({ dispatcher }) => dispatcher.readLink('/f', caller())],
    [
      'createSymbolicLink',
      { createSymbolicLink: () => undefined },
      ({ dispatcher }) => dispatcher.createSymbolicLink('/f', 'to', caller()),
    ],
    [
      'createHardLink',
      { createHardLink: () => undefined },
      ({ dispatcher }) => dispatcher.createHardLink('/f', '/g', caller()),
    ],
    [
      'exchangeFiles',
      { exchangeFiles: () => undefined },
      ({ dispatcher }) => dispatcher.exchangeFiles('/f', '/g', caller()),
    ],
    ['getDiskFreeSpace', {}, ({ dispatcher }) => dispatcher.getDiskFreeSpace(caller())],
    ['getVolumeInformation', {}, ({ dispatcher }) => dispatcher.getVolumeInformation(caller())],
  ];

  it.each(BY_PATH)('is made before %s, which fails while there is no medium', (_, more, ask) => {
    const one = drive(more);
    now(ask(one));
    expect(one.checks).toBe(1);
    one.answer = () => 'absent';
    pass();
    expect(failure(() => ask(one))).toBe('NO_MEDIA_IN_DEVICE');
    expect(one.checks).toBe(2);
    one.answer = () => 'present';
    pass();
    now(ask(one));
  });
});

describe('absent', () => {
  it('fails opens at once, and makes no more checks for it', () => {
    const one = drive();
    becomes(one, 'absent');
    const { checks } = one;
    one.journal.lines.length = 0;
    for (let time = 0; time < 10_000; time += 1) {
      expect(() => open(one)).toThrow(DokanError);
    }
    expect(one.checks).toBe(checks);
    expect(one.journal.lines).toEqual([]);
    expect(one.dispatcher.openCount).toBe(0);
    expect(one.dispatcher.outstandingCount).toBe(0);
    expect(one.told).toEqual(['absent']);
  });

  const REQUESTS: [string, (one: Harness, file: never) => unknown][] = [
    ['readFile', read],
    [
      'writeFile',
      ({ dispatcher }, file) => dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller()),
    ],
    [
      'flushFileBuffers',
      ({ dispatcher }, file) => dispatcher.flushFileBuffers(file, '/f', caller()),
    ],
    [
      'getFileInformation',
      ({ dispatcher }, file) => dispatcher.getFileInformation(file, '/f', caller()),
    ],
    ['findFiles', ({ dispatcher }, file) => dispatcher.findFiles(file, '/f', undefined, caller())],
    ['setEndOfFile', ({ dispatcher }, file) => dispatcher.setEndOfFile(file, '/f', 0, caller())],
    [
      'setDisposition',
      ({ dispatcher }, file) => dispatcher.setDisposition(file, '/f', true, caller()),
    ],
    ['moveFile', ({ dispatcher }, file) => dispatcher.moveFile(file, '/f', '/g', true, caller())],
    ['lockFile', ({ dispatcher }, file) => dispatcher.lockFile(file, '/f', 0, 1, caller())],
  ];
  const ALL: AnyOperations = {
    writeFile: () => 16,
    findFiles: () => [],
    setEndOfFile: () => undefined,
    moveFile: () => undefined,
    lockFile: () => undefined,
  };

  it.each(REQUESTS)('%s of an open file fails, and works again when it is back', (_, ask) => {
    const one = drive(ALL);
    const file = openNow(one.dispatcher) as never;
    now(ask(one, file));
    becomes(one, 'absent');
    expect(failure(() => ask(one, file))).toBe('NO_MEDIA_IN_DEVICE');
    becomes(one, 'present');
    now(ask(one, file));
    expect(one.told).toEqual(['absent', 'present']);
  });

  it('open files get their cleanup and closeFile', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    becomes(one, 'absent');
    one.journal.lines.length = 0;
    now(release(one.dispatcher, file, '/f', caller()));
    expect(one.journal.lines).toEqual(['cleanup /f', 'closeFile /f']);
    expect(one.dispatcher.openCount).toBe(0);
  });

  it('who only goes on with what is open finds out that the medium is back', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    becomes(one, 'absent');
    one.answer = () => 'present';
    expect(failure(() => read(one, file))).toBe('NO_MEDIA_IN_DEVICE');
    pass();
    expect(now(read(one, file))).toBe(1);
  });

  it('who goes on with what is open does not wait for a check', async () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    becomes(one, 'absent');
    const back = deferred<MediaState>();
    one.answer = () => back.promise;
    pass();
    const { checks } = one;
    for (let time = 0; time < 3; time += 1) {
      expect(failure(() => read(one, file))).toBe('NO_MEDIA_IN_DEVICE');
    }
    expect(one.checks).toBe(checks + 1);
    back.resolve('present');
    await settled();
    expect(now(read(one, file))).toBe(1);
  });

  it('a listing that is being read breaks off, and goes on when it is back', () => {
    const one = drive({ findFiles: () => [{ name: 'a' }, { name: 'b' }].values() });
    const file = openNow(one.dispatcher);
    const found = one.dispatcher.findFiles(file, '/', undefined, caller());
    const listing = now(found) as Listing<unknown>;
    expect(now(listing.next())).toEqual({ name: 'a' });
    becomes(one, 'absent');
    expect(failure(() => listing.next())).toBe('NO_MEDIA_IN_DEVICE');
    becomes(one, 'present');
    expect(now(listing.next())).toEqual({ name: 'b' });
    expect(now(listing.next())).toBeUndefined();
  });

  it('what was being opened or asked for meanwhile fails, and is closed', async () => {
    const opening = deferred<undefined>();
    const looking = deferred<object>();
    const one = drive({ createFile: () => opening.promise, queryOpen: () => looking.promise });
    const opened = failureLater(open(one));
    const looked = failureLater(one.dispatcher.queryOpen('/f', caller()));
    one.answer = () => 'absent';
    pass();
    expect(failure(() => open(one))).toBe('NO_MEDIA_IN_DEVICE');
    opening.resolve(undefined);
    looking.resolve({});
    expect(await opened).toBe('NO_MEDIA_IN_DEVICE');
    expect(await looked).toBe('NO_MEDIA_IN_DEVICE');
    expect(one.journal.lines).toEqual(['cleanup /f', 'closeFile /f']);
    expect(one.dispatcher.openCount).toBe(0);
  });
});

describe('changed', () => {
  it('old opens fail for good, new ones work', () => {
    const one = drive();
    const old = openNow(one.dispatcher);
    one.answer = () => 'changed';
    pass();
    const fresh = openNow(one.dispatcher);
    one.answer = () => 'present';
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(now(read(one, fresh))).toBe(1);
    becomes(one, 'absent');
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(failure(() => read(one, fresh))).toBe('NO_MEDIA_IN_DEVICE');
    becomes(one, 'present');
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(now(read(one, fresh))).toBe(1);
    expect(one.told).toEqual(['changed', 'absent', 'present']);
  });

  it('answered again means changed again', () => {
    const one = drive();
    one.answer = () => 'changed';
    const first = openNow(one.dispatcher);
    pass();
    const second = openNow(one.dispatcher);
    expect(failure(() => read(one, first))).toBe('WRONG_VOLUME');
    pass();
    openNow(one.dispatcher);
    expect(failure(() => read(one, second))).toBe('WRONG_VOLUME');
    expect(one.told).toEqual(['changed', 'changed', 'changed']);
  });

  it('while it was absent: what was open then is of the old one', () => {
    const one = drive();
    const old = openNow(one.dispatcher);
    becomes(one, 'absent');
    one.answer = () => 'changed';
    pass();
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(now(read(one, openNow(one.dispatcher)))).toBe(1);
  });

  it.each(['changed', 'absent'] as const)('%s: nothing is deleted by what was open', (state) => {
    const one = drive();
    const old = openNow(one.dispatcher);
    now(one.dispatcher.setDisposition(old, '/f', true, caller()));
    one.answer = () => state;
    pass();
    if (state === 'absent') expect(() => open(one)).toThrow();
    else openNow(one.dispatcher);
    one.journal.lines.length = 0;
    // Hosts say so themselves, just before.
    old.deletePending = true;
    now(release(one.dispatcher, old, '/f', caller()));
    expect(one.journal.lines).toEqual(['cleanup /f', 'closeFile /f']);
  });

  it('on a medium that is there, what is to be deleted is', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    now(one.dispatcher.setDisposition(file, '/f', true, caller()));
    one.journal.lines.length = 0;
    now(release(one.dispatcher, file, '/f', caller()));
    expect(one.journal.lines).toEqual(['cleanup /f delete', 'closeFile /f']);
  });

  it('what is told of a file that was open then is not believed', async () => {
    const informing = deferred<object>();
    const one = drive({ getFileInformation: () => informing.promise });
    const file = openNow(one.dispatcher);
    const informed = failureLater(one.dispatcher.getFileInformation(file, '/f', caller()));
    one.answer = () => 'changed';
    pass();
    openNow(one.dispatcher);
    informing.resolve({});
    expect(await informed).toBe('WRONG_VOLUME');
  });
});

describe('a check that takes its time', () => {
  it('is shared by all who come meanwhile', async () => {
    const one = drive();
    const checking = deferred<MediaState>();
    one.answer = () => checking.promise;
    const opens = Array.from({ length: 5 }, () => failureLater(open(one)));
    expect(one.checks).toBe(1);
    expect(one.journal.lines).toEqual([]);
    checking.resolve('absent');
    expect(await Promise.all(opens)).toEqual(Array(5).fill('NO_MEDIA_IN_DEVICE'));
    expect(one.checks).toBe(1);
  });

  it('of opens that all wait, all are of the new medium', async () => {
    const one = drive();
    const checking = deferred<MediaState>();
    one.answer = () => checking.promise;
    const opens = [promised(open(one)), promised(open(one))];
    checking.resolve('changed');
    for (const file of await Promise.all(opens)) expect(now(read(one, file))).toBe(1);
  });

  it('holds nobody up for more than a second; then what was known counts', async () => {
    const one = drive();
    const checking = deferred<MediaState>();
    one.answer = () => checking.promise;
    const waiting = promised(open(one));
    pass(999);
    await settled();
    expect(one.journal.lines).toEqual([]);
    pass(1);
    const old = await waiting;
    expect(now(read(one, old))).toBe(1);
    // Still the same check: nobody waits for it any more.
    for (let time = 0; time < 3; time += 1) openNow(one.dispatcher);
    pass(10_000);
    openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    // Late, it still counts.
    checking.resolve('changed');
    await settled();
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    one.answer = () => 'present';
    openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    pass();
    openNow(one.dispatcher);
    expect(one.checks).toBe(2);
  });

  it('and more than a request may take, counts late all the same', async () => {
    const one = drive({}, { operationTimeout: 100 });
    const checking = deferred<MediaState>();
    const { dispatcher } = one;
    const old = openNow(dispatcher);
    one.answer = () => checking.promise;
    pass();
    const waiting = promised(open(one));
    pass(100);
    await waiting;
    expect(dispatcher.statistics().checkMedia).toEqual({ calls: 2, failures: 1, timeouts: 1 });
    pass(10_000);
    openNow(dispatcher);
    expect(one.checks).toBe(2);
    checking.resolve('changed');
    await settled();
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(one.errors).toEqual([]);
  });

  it('lets go of whoever is interrupted', async () => {
    const one = drive();
    one.answer = () => deferred<MediaState>().promise;
    const by = caller();
    const waiting = failureLater(open(one, by));
    by.running?.interrupt();
    expect(await waiting).toBe('CANCELLED');
    expect(by.running).toBeUndefined();
    expect(one.journal.lines).toEqual([]);
  });

  it('ends with the volume', async () => {
    const one = drive();
    let signal: AbortSignal | undefined;
    const { dispatcher } = harness({
      createFile: () => undefined,
      checkMedia: (file: FileContext) => {
        ({ signal } = file);
        return new Promise(() => undefined);
      },
    });
    await dispatcher.mounted('/mnt');
    const waiting = failureLater(dispatcher.createFile('/f', OPEN, caller()));
    const ending = dispatcher.shutdown(NtStatus.VOLUME_DISMOUNTED);
    expect(await waiting).toBe('VOLUME_DISMOUNTED');
    await ending;
    expect(signal?.aborted).toBe(true);
    // And stands in no other volume's way.
    openNow(one.dispatcher);
    openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    pass();
    now(open(one, caller(process.pid)));
    expect(one.checks).toBe(2);
  });
});

describe('a check that fails', () => {
  const ABSENT = ['ENOENT', 'EIO', 'ENXIO', 'ENODEV', 'ENOMEDIUM'];

  it.each(ABSENT)('%s: absent', (code) => {
    const one = drive();
    one.answer = () => {
      throw Object.assign(new Error(code), { code });
    };
    expect(failure(() => open(one))).toBe('NO_MEDIA_IN_DEVICE');
    expect(one.errors).toEqual([]);
  });

  it.each(['DEVICE_NOT_READY', 'NO_MEDIA', 'DEVICE_NOT_CONNECTED'] as const)(
    '%s, promised: absent',
    async (name) => {
      const one = drive();
      one.answer = () => Promise.reject(new DokanError(NtStatus[name]));
      expect(await failureLater(open(one))).toBe('NO_MEDIA_IN_DEVICE');
    },
  );

  it.each([
    [
      'a mistake',
      () => {
        throw new TypeError('a mistake');
      },
    ],
    ['no answer', () => undefined],
    ['another answer', () => 'gone'],
    ['a promise of one', () => Promise.resolve(true)],
  ])('%s: is reported, and what was known stays true', async (_, mistake) => {
    const one = drive();
    one.answer = mistake;
    const file = await Promise.resolve(open(one));
    expect(one.errors).toMatchObject([{ callback: 'checkMedia' }]);
    await Promise.resolve(read(one, file));
    becomes(one, 'absent');
    one.answer = mistake;
    pass();
    await expect(new Promise((resolve) => resolve(open(one)))).rejects.toThrow('NO_MEDIA');
    expect(one.told).toEqual(['absent']);
    expect(one.errors).toHaveLength(2);
  });

  it('with another status: nobody is told, and what was known stays true', () => {
    const one = drive();
    one.answer = () => {
      throw new DokanError(NtStatus.ACCESS_DENIED);
    };
    openNow(one.dispatcher);
    expect(one.errors).toEqual([]);
    expect(one.told).toEqual([]);
  });

  it('says what was expected of its answer', () => {
    const one = drive();
    one.answer = () => 'gone';
    openNow(one.dispatcher);
    expect(one.errors[0]!.message).toBe(
      "The file system's checkMedia failed for '': AnswerError: Expected 'present', 'changed' or " +
        '\'absent\' but was given "gone" (string)',
    );
  });
});

describe('a callback that fails for want of the medium', () => {
  const failing = (name: keyof typeof NtStatus): Drive =>
    drive({
      readFile: () => {
        throw new DokanError(NtStatus[name]);
      },
    });

  it.each(['NO_MEDIA_IN_DEVICE', 'DEVICE_NOT_READY', 'NO_SUCH_DEVICE'] as const)(
    '%s: the next open asks, whatever the time',
    (name) => {
      const one = failing(name);
      const file = openNow(one.dispatcher);
      expect(failure(() => read(one, file))).toBe(name);
      expect(one.checks).toBe(1);
      one.answer = () => 'absent';
      expect(failure(() => open(one))).toBe('NO_MEDIA_IN_DEVICE');
      expect(one.checks).toBe(2);
    },
  );

  it('is not asked about again and again', () => {
    const one = failing('NO_SUCH_DEVICE');
    for (let time = 0; time < 100; time += 1) {
      const file = openNow(one.dispatcher);
      expect(failure(() => read(one, file))).toBe('NO_SUCH_DEVICE');
    }
    expect(one.checks).toBe(2);
    pass();
    for (let time = 0; time < 100; time += 1) {
      const file = openNow(one.dispatcher);
      expect(failure(() => read(one, file))).toBe('NO_SUCH_DEVICE');
    }
    expect(one.checks).toBe(4);
  });

  it('any other failure changes nothing', () => {
    const one = failing('ACCESS_DENIED');
    const file = openNow(one.dispatcher);
    expect(failure(() => read(one, file))).toBe('ACCESS_DENIED');
    openNow(one.dispatcher);
    expect(one.checks).toBe(1);
  });
});

describe('requests from within a check', () => {
  it('at once: are answered by what is known, and make no other', () => {
    const one = drive();
    let depth = 0;
    let deepest = 0;
    one.answer = () => {
      depth += 1;
      deepest = Math.max(deepest, depth);
      openNow(one.dispatcher);
      now(one.dispatcher.getDiskFreeSpace(caller()));
      depth -= 1;
      return 'present';
    };
    for (let time = 0; time < 3; time += 1) {
      pass();
      openNow(one.dispatcher);
    }
    expect({ deepest, checks: one.checks }).toEqual({ deepest: 1, checks: 3 });
  });

  it('later, by this process: do not wait for it', async () => {
    const one = drive();
    one.answer = async () => {
      await settled();
      now(open(one, caller(process.pid)));
      return 'present' as const;
    };
    await promised(open(one));
    expect(one.checks).toBe(1);
  });

  it('by a process that this one has started: do not wait for it either', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [text] = (await once(child.stdout, 'data')) as [Buffer];
      const grandchild = Number(text.toString());
      const one = drive();
      one.answer = async () => {
        await settled();
        now(open(one, caller(child.pid)));
        now(open(one, caller(grandchild)));
        return 'absent' as const;
      };
      expect(await failureLater(open(one))).toBe('NO_MEDIA_IN_DEVICE');
      expect(one.journal.lines).toEqual(['createFile /f', 'createFile /f']);
      process.kill(grandchild);
    } finally {
      child.kill();
    }
  });

  it('of two volumes that look at each other: each is asked once', async () => {
    const one = drive();
    const two = drive();
    const by = caller(process.pid);
    one.answer = async () => {
      await settled();
      await Promise.resolve(open(two, by));
      return 'present' as const;
    };
    two.answer = async () => {
      await settled();
      await Promise.resolve(open(one, by));
      return 'present' as const;
    };
    await promised(open(one, by));
    expect([one.checks, two.checks]).toEqual([1, 0]);
    await promised(open(two, by));
    expect([one.checks, two.checks]).toEqual([1, 1]);
    // By other processes, which nobody can tell from strangers: both at once, and both end.
    pass();
    const both = Promise.all([promised(open(one)), promised(open(two))]);
    await settled();
    await both;
    expect([one.checks, two.checks]).toEqual([2, 2]);
  });

  it('of two volumes that look at each other through strangers: both end', async () => {
    const one = drive();
    const two = drive();
    one.answer = async () => {
      await Promise.resolve(open(two));
      return 'present' as const;
    };
    two.answer = async () => {
      await Promise.resolve(open(one));
      return 'present' as const;
    };
    const opening = promised(open(one));
    await settled();
    pass(1_000);
    await settled();
    await opening;
    expect([one.checks, two.checks]).toEqual([1, 1]);
  });
});

it('a file system without the callback is told of nothing and refused nothing', () => {
  const { dispatcher } = harness({ createFile: () => undefined, readFile: () => 1 });
  const told: MediaState[] = [];
  dispatcher.onMediaChange((state) => told.push(state));
  const file = openNow(dispatcher, '/f', request(CreateDisposition.OPEN));
  expect(file.medium).toBeUndefined();
  expect(now(dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller()))).toBe(1);
  expect(told).toEqual([]);
});
