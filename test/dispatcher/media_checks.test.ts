import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CreateDisposition } from '../../lib/constants.js';
import { DokanError } from '../../lib/errors.js';
import type { FileContext, MediaState } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags } from '../../lib/target.js';
import { becomes, buffer, drive, open, pass, read, type Drive } from './drive.js';
import {
  caller,
  deferred,
  failure,
  failureLater,
  harness,
  now,
  OPEN,
  openNow,
  promised,
  request,
  settled,
} from './harness.js';

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
