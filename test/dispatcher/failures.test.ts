import { describe, expect, it } from 'vitest';
import { DokanError } from '../../lib/errors.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags } from '../../lib/target.js';
import { caller, failure, failureLater, harness, openNow } from './harness.js';

function withCode(code: string): Error {
  return Object.assign(new Error('no'), { code });
}

const aborted = new AbortController();
aborted.abort();

const ordinary: [string, unknown, string][] = [
  ['a DokanError', new DokanError(NtStatus.SHARING_VIOLATION), 'SHARING_VIOLATION'],
  ['ENOENT', withCode('ENOENT'), 'OBJECT_NAME_NOT_FOUND'],
  ['EEXIST', withCode('EEXIST'), 'OBJECT_NAME_COLLISION'],
  ['ENOTEMPTY', withCode('ENOTEMPTY'), 'DIRECTORY_NOT_EMPTY'],
  ['an AbortError', aborted.signal.reason, 'CANCELLED'],
  ['a TimeoutError', new DOMException('late', 'TimeoutError'), 'IO_TIMEOUT'],
  ['no error but an object with a code', { code: 'EROFS' }, 'MEDIA_WRITE_PROTECTED'],
];

function hostile(): [string, unknown][] {
  const bomb = (): never => {
    throw new Error('touched');
  };
  const traps = new Proxy({}, { get: () => bomb }) as ProxyHandler<object>;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  let asked = 0;
  return [
    ['a proxy with throwing traps', new Proxy({}, traps)],
    ['a function proxy with throwing traps', new Proxy(() => undefined, traps)],
    ['a revoked proxy', revoked.proxy],
    ['an error that hides behind a proxy', new Proxy(withCode('ENOENT'), traps)],
    [
      'a DokanError that answers to instanceof only',
      new Proxy(new DokanError(NtStatus.ACCESS_DENIED), { get: bomb }),
    ],
    [
      'a proxy that is a DokanError at first',
      new Proxy(new DokanError(NtStatus.ACCESS_DENIED), {
        get: (target, name): unknown =>
          name === 'status' && (asked += 1) > 1 ? 'nothing' : Reflect.get(target, name),
      }),
    ],
    ['no prototype', Object.create(null)],
  ];
}

const programming: [string, unknown][] = [
  ['null', null],
  ['undefined', undefined],
  ['a string', 'ENOENT'],
  ['a number', 2],
  ['a symbol', Symbol('s')],
  ['a TypeError', new TypeError('x is not a function')],
  ['an error with another code', withCode('ERR_INVALID_ARG_TYPE')],
  ...hostile().slice(0, 5),
  hostile()[6]!,
];

async function deferredFailure(error: unknown): Promise<never> {
  await Promise.resolve();
  throw error;
}

function throws(error: unknown) {
  return harness({
    createFile: () => undefined,
    readFile: () => {
      throw error;
    },
    writeFile: () => deferredFailure(error),
    flushFileBuffers: () => ({
      then() {
        throw error;
      },
    }),
  });
}

describe.each(ordinary)('%s', (_name, error, status) => {
  it('is the answer to the request, and nobody is told', async () => {
    const { dispatcher, errors } = throws(error);
    const file = openNow(dispatcher);
    const buffer = Buffer.alloc(4);
    const read = () => dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    expect(failure(read)).toBe(status);
    const write = dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    expect(await failureLater(write)).toBe(status);
    expect(
      await failureLater(dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, caller())),
    ).toBe(status);
    expect(errors).toEqual([]);
  });
});

describe.each(programming)('%s', (_name, error) => {
  it('is a programming error, told once', async () => {
    const { dispatcher, errors } = throws(error);
    const file = openNow(dispatcher);
    const buffer = Buffer.alloc(4);
    const read = () => dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    expect(failure(read)).toBe('INTERNAL_ERROR');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ name: 'CallbackError', callback: 'readFile', path: '/f' });
    expect(Object.is(errors[0]!.cause, error)).toBe(true);
    const write = dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    expect(await failureLater(write)).toBe('INTERNAL_ERROR');
    expect(errors).toHaveLength(2);
    const flush = dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, caller());
    expect(await failureLater(flush)).toBe('INTERNAL_ERROR');
    expect(errors).toHaveLength(3);
    expect(dispatcher.outstandingCount).toBe(0);
  });
});

it('hands the DokanError on as it was thrown', () => {
  const error = new DokanError(NtStatus.ACCESS_DENIED, 'not today');
  const { dispatcher } = throws(error);
  const read = () =>
    dispatcher.readFile(openNow(dispatcher), '/f', Buffer.alloc(1), 0, IoFlags.NONE, caller());
  expect(read).toThrow(error);
});

it('keeps what a file system threw as the cause', () => {
  const error = withCode('EACCES');
  const { dispatcher } = throws(error);
  const read = () =>
    dispatcher.readFile(openNow(dispatcher), '/f', Buffer.alloc(1), 0, IoFlags.NONE, caller());
  expect(read).toThrow(expect.objectContaining({ cause: error }));
});

it('gives the host an error of its own where a proxy might change its mind', () => {
  const { dispatcher, errors } = throws(hostile()[5]![1]);
  const read = () =>
    dispatcher.readFile(openNow(dispatcher), '/f', Buffer.alloc(1), 0, IoFlags.NONE, caller());
  expect(failure(read)).toBe('ACCESS_DENIED');
  expect(errors).toEqual([]);
});

describe('an answer that fights back', () => {
  it.each([
    [
      'a throwing `then`',
      () => ({
        get then() {
          throw new Error('touched');
        },
      }),
    ],
    ['a proxy of a promise', () => new Proxy(Promise.resolve(4), {})],
    ...hostile()
      .slice(0, 3)
      .map(([name, value]): [string, () => unknown] => [name, () => value]),
  ])('%s', async (_name, make) => {
    const { dispatcher, errors } = harness({ createFile: () => undefined, readFile: make });
    const file = openNow(dispatcher);
    const read = async () =>
      await dispatcher.readFile(file, '/f', Buffer.alloc(4), 0, IoFlags.NONE, caller());
    expect(await failureLater(read())).toBe('INTERNAL_ERROR');
    expect(errors).toHaveLength(1);
    expect(dispatcher.outstandingCount).toBe(0);
  });

  it('a promise with a `then` of its own is a promise all the same', async () => {
    const promise = Object.assign(Promise.resolve(4), {
      then: () => {
        throw new Error('never called');
      },
    });
    const { dispatcher } = harness({ createFile: () => undefined, readFile: () => promise });
    const file = openNow(dispatcher);
    const read = dispatcher.readFile(file, '/f', Buffer.alloc(4), 0, IoFlags.NONE, caller());
    expect(await read).toBe(4);
  });

  it('a function with a `then` is a thenable', async () => {
    const thenable = Object.assign(() => undefined, {
      then: (answer: (value: number) => void) => answer(3),
    });
    const { dispatcher } = harness({ createFile: () => undefined, readFile: () => thenable });
    const file = openNow(dispatcher);
    const read = dispatcher.readFile(file, '/f', Buffer.alloc(4), 0, IoFlags.NONE, caller());
    expect(await read).toBe(3);
  });
});

describe('cleanup and closeFile cannot fail', () => {
  it.each([
    ['an ordinary error', withCode('EIO')],
    ['a DokanError', new DokanError(NtStatus.INTERNAL_ERROR)],
    ['a programming error', new TypeError('oops')],
  ])('%s is told once', async (_name, error) => {
    for (const later of [false, true]) {
      const fail = () => {
        if (later) return Promise.reject(error);
        throw error;
      };
      const { dispatcher, errors } = harness({
        createFile: () => undefined,
        cleanup: fail,
        closeFile: fail,
      });
      const file = openNow(dispatcher);
      await dispatcher.cleanup(file, '/f', caller());
      expect(errors).toMatchObject([{ callback: 'cleanup' }]);
      await dispatcher.closeFile(file, '/f', caller());
      expect(errors).toMatchObject([{ callback: 'cleanup' }, { callback: 'closeFile' }]);
      expect(dispatcher.openCount).toBe(0);
    }
  });
});
