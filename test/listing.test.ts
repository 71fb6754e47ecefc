import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DokanError, expectedAnswer, statusFromError } from '../lib/errors.js';
import { Listing, type ListingGuard } from '../lib/listing.js';
import { NtStatus, statusName } from '../lib/status.js';

/** A guard that counts, and whose waits can be given up. */
function guard() {
  const failures: unknown[] = [];
  let depth = 0;
  const made = {
    failures,
    giveUp: undefined as ((error: DokanError) => void) | undefined,
    get isInside() {
      return depth > 0;
    },
    begin() {
      depth += 1;
    },
    end() {
      depth -= 1;
    },
    failure(error: unknown) {
      failures.push(error);
      return new DokanError(statusFromError(error) ?? NtStatus.INTERNAL_ERROR);
    },
    wait(step: Promise<unknown>) {
      return new Promise((resolve, reject) => {
        made.giveUp = reject;
        step.then(resolve, reject);
      });
    },
  };
  return made satisfies ListingGuard;
}

function list(entries: unknown, keep: (entry: number) => boolean = () => true) {
  const made = guard();
  const check = (value: unknown): number => {
    if (typeof value === 'number') return value;
    throw expectedAnswer('a number', value);
  };
  const listing = new Listing(entries as Iterable<unknown>, check, keep, made);
  return { listing, guard: made, failures: made.failures };
}

function status(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return statusName((error as DokanError).status);
  }
  throw new Error('expected a failure');
}

async function statusLater(work: unknown): Promise<string> {
  expect(work).toBeInstanceOf(Promise);
  const error: unknown = await (work as Promise<unknown>).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DokanError);
  return statusName((error as DokanError).status);
}

async function all(listing: Listing<number>): Promise<number[]> {
  const read: number[] = [];
  for (;;) {
    const entry = await listing.next();
    if (entry === undefined) return read;
    read.push(entry);
  }
}

it('gives what is kept, in order, from any source', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 3 }), async (data, step) => {
      const keep = (value: number): boolean => value % step === 0;
      const sources: unknown[] = [
        data,
        new Map(data.entries()).values(),
        (function* () {
          yield* data;
        })(),
        (async function* () {
          for (const value of data) {
            if (value % 2 === 0) await Promise.resolve();
            yield value;
          }
        })(),
      ];
      for (const source of sources) {
        const { listing, failures } = list(source, keep);
        expect(await all(listing)).toEqual(data.filter(keep));
        expect(await listing.next()).toBeUndefined();
        expect(failures).toEqual([]);
      }
    }),
    { numRuns: 50 },
  );
});

it('is synchronous where the source is', () => {
  const { listing } = list([1, 2, 3], (value) => value === 3);
  expect(listing.next()).toBe(3);
  expect(listing.next()).toBeUndefined();
});

it('reads an array as it was when it was given', () => {
  const array = [1, 2, 3, 4];
  const { listing } = list(array);
  expect(listing.next()).toBe(1);
  array.shift();
  array.push(5);
  expect([listing.next(), listing.next(), listing.next(), listing.next()]).toEqual([
    2,
    3,
    4,
    undefined,
  ]);
});

describe('pour', () => {
  const asNumber = (value: unknown): number => {
    if (typeof value === 'number') return value;
    throw expectedAnswer('a number', value);
  };
  /** Takes until it has one that is a multiple of `enough`. */
  function taker(enough = Infinity) {
    const taken: number[] = [];
    return { taken, take: (entry: number) => taken.push(entry) > 0 && entry % enough !== 0 };
  }

  it.each<[string, () => unknown]>([
    ['an array', () => [1, 2, 3, 4, 5]],
    ['an iterator', () => [1, 2, 3, 4, 5].values()],
  ])('hands on what is kept of %s, until that is enough', (_what, source) => {
    const { listing, guard: made } = list(source(), (value) => value !== 2);
    const some = taker(3);
    expect(listing.pour(some, asNumber)).toBe(false);
    expect(some.taken).toEqual([1, 3]);
    expect(listing.next()).toBe(4);
    const rest = taker();
    expect(listing.pour(rest, asNumber)).toBe(true);
    expect(rest.taken).toEqual([5]);
    expect(listing.pour(rest, asNumber)).toBe(true);
    expect(made.isInside).toBe(false);
  });

  it('stops at an entry that takes time, which is given to nobody but who waits', async () => {
    const steps = [{ value: 1 }, Promise.resolve({ value: 2 }), { value: 3 }, { done: true }];
    const { listing } = list({ [Symbol.iterator]: () => ({ next: () => steps.shift() }) });
    const all = taker();
    expect(await listing.pour(all, asNumber)).toBe(2);
    expect(all.taken).toEqual([1]);
    expect(listing.pour(all, asNumber)).toBe(true);
    expect(all.taken).toEqual([1, 3]);
  });

  it('goes on waiting after a wait that was given up', async () => {
    const { listing, guard: made } = list(
      (async function* () {
        await Promise.resolve();
        yield 1;
      })(),
    );
    const first = statusLater(listing.pour(taker(), asNumber));
    made.giveUp!(new DokanError(NtStatus.CANCELLED));
    expect(await first).toBe('CANCELLED');
    expect(await listing.pour(taker(), asNumber)).toBe(1);
  });

  it('checks as it is told', () => {
    const { listing, failures } = list(['a', 'b']);
    const taken: unknown[] = [];
    const all = { take: (entry: number) => taken.push(entry) > 0 };
    expect(listing.pour(all, (value) => value as number)).toBe(true);
    expect(taken).toEqual(['a', 'b']);
    expect(failures).toEqual([]);
    const wrong = list(['a', 'b']);
    expect(status(() => wrong.listing.pour(taker(), asNumber))).toBe('INTERNAL_ERROR');
    expect(status(() => wrong.listing.pour(taker(), asNumber))).toBe('INTERNAL_ERROR');
    expect(wrong.failures).toHaveLength(1);
  });

  it('runs the code of the file system within the guard, and leaves that whatever happens', () => {
    const inside: boolean[] = [];
    const made = guard();
    const source = {
      [Symbol.iterator]: () => ({
        next: () => {
          inside.push(made.isInside);
          if (inside.length === 4) throw new Error('broken');
          return { value: inside.length };
        },
      }),
    };
    const listing = new Listing(source as Iterable<unknown>, asNumber, () => true, made);
    const some = taker(2);
    expect(listing.pour(some, asNumber)).toBe(false);
    expect(made.isInside).toBe(false);
    expect(status(() => listing.pour(taker(), asNumber))).toBe('INTERNAL_ERROR');
    expect(inside).toEqual([true, true, true, true]);
    expect(made.isInside).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ['an array', () => [1, 2]],
    ['an iterator', () => [1, 2].values()],
  ])('throws what the taker throws, and loses no more than that entry of %s', (_what, source) => {
    const { listing, failures } = list(source());
    const broken = {
      take: () => {
        throw new RangeError('oops');
      },
    };
    expect(() => listing.pour(broken, asNumber)).toThrow(RangeError);
    expect(failures).toEqual([]);
    expect(listing.next()).toBe(2);
  });
});

it('an entry that is refused afterwards ends the listing with that failure', () => {
  const log: string[] = [];
  const { listing, failures } = list(
    (function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        log.push('finally');
      }
    })(),
  );
  expect(listing.next()).toBe(1);
  listing.refuse(expectedAnswer('another number', 1));
  expect(status(() => listing.next())).toBe('INTERNAL_ERROR');
  expect(status(() => listing.pour({ take: () => true }, Number))).toBe('INTERNAL_ERROR');
  expect(failures).toHaveLength(1);
  expect(log).toEqual(['finally']);
});

it('pulls no more than it is asked for', () => {
  let pulled = 0;
  const { listing } = list(
    (function* () {
      for (;;) yield (pulled += 1);
    })(),
  );
  expect([listing.next(), listing.next()]).toEqual([1, 2]);
  expect(pulled).toBe(2);
});

it('runs the code of the file system within the guard', async () => {
  const inside: boolean[] = [];
  const made = guard();
  const note = () => inside.push(made.isInside);
  const source = {
    [Symbol.iterator]: () => {
      note();
      return {
        next: () => {
          note();
          return inside.length < 3 ? { value: 1 } : Promise.resolve({ done: true });
        },
      };
    },
  };
  const listing = new Listing(source as unknown as Iterable<unknown>, Number, () => true, made);
  expect(listing.next()).toBe(1);
  expect(await listing.next()).toBeUndefined();
  expect(inside).toEqual([true, true, true]);
  expect(made.isInside).toBe(false);
});

describe('close', () => {
  function* counted(log: string[]) {
    try {
      yield 1;
      yield 2;
    } finally {
      log.push('finally');
    }
  }

  it('lets a generator run its finally, once', () => {
    const log: string[] = [];
    const { listing } = list(counted(log));
    expect(listing.next()).toBe(1);
    listing.close();
    listing.close();
    expect(log).toEqual(['finally']);
    expect(listing.next()).toBeUndefined();
  });

  it('does nothing after the end', () => {
    const log: string[] = [];
    const { listing } = list(counted(log));
    while (listing.next() !== undefined);
    expect(log).toEqual(['finally']);
    listing.close();
    expect(log).toEqual(['finally']);
  });

  it('is no matter where the iterator has no return', () => {
    const { listing, failures } = list({
      [Symbol.iterator]: () => ({ next: () => ({ value: 1 }) }),
    });
    listing.close();
    expect(listing.next()).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
    ],
    ['rejects', () => Promise.reject(new Error('oops'))],
    [
      'answers with a thenable that throws',
      () => ({
        then() {
          throw new Error('oops');
        },
      }),
    ],
  ])('tells of a return that %s', async (_what, answer) => {
    const { listing, failures } = list({
      [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return: answer }),
    });
    listing.close();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(failures).toEqual([new Error('oops')]);
  });
});

describe('a failure', () => {
  it('of a generator ends the listing, and is said again to whoever asks again', () => {
    const { listing, failures } = list(
      (function* () {
        yield 1;
        throw Object.assign(new Error('no'), { code: 'EIO' });
      })(),
    );
    expect(listing.next()).toBe(1);
    expect(status(() => listing.next())).toBe('IO_DEVICE_ERROR');
    expect(status(() => listing.next())).toBe('IO_DEVICE_ERROR');
    expect(failures).toHaveLength(1);
  });

  it('of an async generator does likewise', async () => {
    const { listing, failures } = list(
      (async function* () {
        await Promise.resolve();
        yield 1;
        throw new TypeError('oops');
      })(),
    );
    expect(await listing.next()).toBe(1);
    expect(await statusLater(listing.next())).toBe('INTERNAL_ERROR');
    expect(status(() => listing.next())).toBe('INTERNAL_ERROR');
    expect(failures).toHaveLength(1);
  });

  it('of the check lets the generator run its finally', async () => {
    for (const make of [
      function* (log: string[]) {
        try {
          yield 'no number';
        } finally {
          log.push('finally');
        }
      },
      async function* (log: string[]) {
        await Promise.resolve();
        try {
          yield 'no number';
        } finally {
          log.push('finally');
        }
      },
    ]) {
      const log: string[] = [];
      const { listing, failures } = list(make(log));
      const ask = async () => await listing.next();
      expect(await statusLater(ask())).toBe('INTERNAL_ERROR');
      expect(failures).toHaveLength(1);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      expect(log).toEqual(['finally']);
    }
  });

  it('of the filter is one of the listing', () => {
    const { listing } = list([1], () => {
      throw new Error('oops');
    });
    expect(status(() => listing.next())).toBe('INTERNAL_ERROR');
  });

  it.each([undefined, null, 5, 'text'])('is a step that is %s', async (step) => {
    for (const answer of [step, Promise.resolve(step)]) {
      const { listing, failures } = list({ [Symbol.iterator]: () => ({ next: () => answer }) });
      const ask = async () => await listing.next();
      expect(await statusLater(ask())).toBe('INTERNAL_ERROR');
      expect(failures).toMatchObject([{ name: 'AnswerError' }]);
    }
  });

  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['no iterator', () => ({})],
    [
      'an exception',
      () => ({
        next: () => {
          throw new Error('oops');
        },
      }),
    ],
    [
      'an exception after a promise',
      () => {
        let first = true;
        return {
          next: () => {
            if (!first) throw new Error('oops');
            first = false;
            return Promise.resolve({ value: 1 });
          },
        };
      },
    ],
    [
      'a thenable that throws',
      () => ({
        next: () => ({
          then() {
            throw new Error('oops');
          },
        }),
      }),
    ],
    [
      'a getter that throws',
      () => ({
        next: () => ({
          get done() {
            throw new Error('oops');
          },
        }),
      }),
    ],
    ['a hostile proxy', () => ({ next: () => new Proxy({}, { get: () => neverFunction() }) })],
  ])('is an iterator that gives %s', async (_what, iterator) => {
    const { listing, failures } = list({ [Symbol.asyncIterator]: iterator }, () => false);
    const ask = async () => await listing.next();
    expect(await statusLater(ask())).toBe('INTERNAL_ERROR');
    expect(failures).toHaveLength(1);
  });

  function neverFunction(): never {
    throw new Error('touched');
  }

  it('to begin is told at once', () => {
    const made = guard();
    const source = {
      [Symbol.iterator]: () => {
        throw new Error('oops');
      },
    };
    expect(status(() => new Listing(source, Number, () => true, made))).toBe('INTERNAL_ERROR');
    expect(made.failures).toHaveLength(1);
    expect(made.isInside).toBe(false);
  });
});

describe('a wait that is given up', () => {
  function pending() {
    const steps: ((step: unknown) => void)[] = [];
    const rejects: ((error: unknown) => void)[] = [];
    const log: string[] = [];
    const made = list({
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise((resolve, reject) => {
            steps.push(resolve);
            rejects.push(reject);
          }),
        return: () => {
          log.push('return');
          return Promise.resolve({});
        },
      }),
    });
    const giveUp = () => made.guard.giveUp!(new DokanError(NtStatus.CANCELLED));
    return { ...made, steps, rejects, log, giveUp };
  }

  it('fails, and the next one goes on with the same step', async () => {
    const { listing, steps, giveUp, failures } = pending();
    const first = statusLater(listing.next());
    giveUp();
    expect(await first).toBe('CANCELLED');
    const second = listing.next();
    expect(steps).toHaveLength(1);
    steps[0]!({ value: 1 });
    expect(await second).toBe(1);
    expect(failures).toEqual([]);
  });

  it('loses nothing when the step is done in the same moment', async () => {
    const { listing, steps, giveUp } = pending();
    const first = statusLater(listing.next());
    giveUp();
    steps[0]!({ value: 1 });
    expect(await first).toBe('CANCELLED');
    expect(await listing.next()).toBe(1);
  });

  it('leaves a failure of the step to the next one', async () => {
    const { listing, rejects, giveUp, failures } = pending();
    const first = statusLater(listing.next());
    giveUp();
    rejects[0]!(new TypeError('oops'));
    expect(await first).toBe('CANCELLED');
    expect(failures).toEqual([]);
    expect(await statusLater(listing.next())).toBe('INTERNAL_ERROR');
    expect(failures).toHaveLength(1);
  });

  it('can be followed by a close', async () => {
    const { listing, giveUp, log } = pending();
    const first = statusLater(listing.next());
    giveUp();
    expect(await first).toBe('CANCELLED');
    listing.close();
    expect(log).toEqual(['return']);
    expect(listing.next()).toBeUndefined();
  });
});

it('a close while entries are passed over ends the search', async () => {
  let pulled = 0;
  const { listing } = list(
    {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          pulled += 1;
          if (pulled === 3) listing.close();
          return Promise.resolve({ value: pulled });
        },
      }),
    },
    () => false,
  );
  expect(await listing.next()).toBeUndefined();
  expect(pulled).toBe(3);
});
