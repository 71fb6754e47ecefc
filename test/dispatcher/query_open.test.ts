import { describe, expect, it } from 'vitest';
import { CreateDisposition, CreateOptions, FileAccess } from '../../lib/constants.js';
import { DokanError } from '../../lib/errors.js';
import type { CreateFileRequest } from '../../lib/operations.js';
import { NtStatus, type NtStatusName } from '../../lib/status.js';
import { withOpen } from '../../lib/target.js';
import { caller, failure, failureLater, harness, now, OPEN } from './harness.js';

const names = ['createFile', 'getFileInformation', 'cleanup', 'closeFile'] as const;

/** Every way for the four callbacks to answer at once or later. */
const mixes = Array.from({ length: 16 }, (_, bits) => {
  const later = names.filter((_name, index) => (bits & (1 << index)) !== 0);
  return [later.length === 0 ? 'all at once' : `later: ${later.join(', ')}`, later] as const;
});

function setUp(later: readonly string[], failing?: string) {
  const lines: string[] = [];
  const requests: CreateFileRequest[] = [];
  const step = (name: (typeof names)[number], value?: unknown) => (path: string) => {
    lines.push(`${name} ${path}`);
    if (name !== failing) return later.includes(name) ? Promise.resolve(value) : value;
    const error = new DokanError(NtStatus.ACCESS_DENIED);
    if (later.includes(name)) return Promise.reject(error);
    throw error;
  };
  const create = step('createFile');
  const made = harness({
    createFile: (path: string, how: CreateFileRequest) => {
      requests.push(how);
      return create(path);
    },
    getFileInformation: step('getFileInformation', { size: 3 }),
    cleanup: step('cleanup'),
    closeFile: step('closeFile'),
  });
  return { ...made, lines, requests };
}

describe.each(mixes)('queryOpen of a file system without it, %s', (_when, later) => {
  const all = names.map((name) => `${name} /f`);

  it('opens, asks and closes', async () => {
    const { dispatcher, lines, requests } = setUp(later);
    const outcome = dispatcher.queryOpen('/f', caller());
    if (later.length === 0) now(outcome);
    expect(await outcome).toEqual({ size: 3 });
    expect(lines).toEqual(all);
    expect(requests).toMatchObject([
      {
        desiredAccess: FileAccess.READ_ATTRIBUTES,
        createDisposition: CreateDisposition.OPEN,
        createOptions: CreateOptions.OPEN_REPARSE_POINT,
      },
    ]);
    expect(dispatcher.openCount).toBe(0);
  });

  it('closes also when asking fails', async () => {
    const { dispatcher, lines, errors } = setUp(later, 'getFileInformation');
    const ask = () => dispatcher.queryOpen('/f', caller());
    expect(later.length === 0 ? failure(ask) : await failureLater(ask0(ask))).toBe('ACCESS_DENIED');
    expect(lines).toEqual(all);
    expect(dispatcher.openCount).toBe(0);
    expect(errors).toEqual([]);
  });

  it('does nothing more when it cannot be opened', async () => {
    const { dispatcher, lines } = setUp(later, 'createFile');
    const ask = () => dispatcher.queryOpen('/f', caller());
    expect(await failureLater(ask0(ask))).toBe('ACCESS_DENIED');
    expect(lines).toEqual(['createFile /f']);
  });

  it('answers also when closing fails, which is told', async () => {
    for (const failing of ['cleanup', 'closeFile']) {
      const { dispatcher, errors } = setUp(later, failing);
      expect(await dispatcher.queryOpen('/f', caller())).toEqual({ size: 3 });
      expect(errors).toMatchObject([{ callback: failing }]);
    }
  });

  async function ask0(ask: () => unknown): Promise<unknown> {
    return await ask();
  }
});

it('withOpen hands its arguments on', () => {
  const { dispatcher } = setUp([]);
  const by = caller();
  const work = (...given: unknown[]) => given;
  const given = now(withOpen(dispatcher, '/f', OPEN, by, work, 'a', 'b'));
  expect(given).toEqual([dispatcher, expect.objectContaining({}), '/f', by, 'a', 'b']);
});

describe.each([
  ['answers undefined', () => undefined],
  ['throws OBJECT_NAME_NOT_FOUND', failing('OBJECT_NAME_NOT_FOUND')],
  ['throws ENOENT', throwing('ENOENT')],
  ['throws OBJECT_PATH_NOT_FOUND', failing('OBJECT_PATH_NOT_FOUND')],
  ['promises undefined', () => Promise.resolve(undefined)],
  ['rejects with OBJECT_NAME_NOT_FOUND', failingLater('OBJECT_NAME_NOT_FOUND')],
])('a file that is not there: queryOpen %s', (_how, queryOpen: () => unknown) => {
  it('lookUp answers undefined', async () => {
    const { dispatcher, errors } = harness({ queryOpen });
    expect(await dispatcher.lookUp('/f', caller())).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('queryOpen fails', async () => {
    const { dispatcher, errors } = harness({ queryOpen });
    const asking = (async () => dispatcher.queryOpen('/f', caller()))();
    await expect(asking).rejects.toMatchObject({
      code: expect.stringMatching(/^OBJECT_(NAME|PATH)_NOT_FOUND$/) as unknown,
    });
    expect(errors).toEqual([]);
  });

  it('counts as a failure', async () => {
    const { dispatcher } = harness({ queryOpen });
    await dispatcher.lookUp('/f', caller());
    expect(dispatcher.statistics().queryOpen).toEqual({ calls: 1, failures: 1, timeouts: 0 });
  });
});

describe.each([
  ['at once', failing('OBJECT_NAME_NOT_FOUND')],
  ['later', failingLater('OBJECT_NAME_NOT_FOUND')],
])('lookUp of a file system without queryOpen that finds nothing %s', (_when, createFile) => {
  it('answers undefined', async () => {
    const { dispatcher, errors } = harness({ createFile });
    expect(await dispatcher.lookUp('/f', caller())).toBeUndefined();
    expect(errors).toEqual([]);
  });
});

it('lookUp fails with whatever else queryOpen fails with', () => {
  const { dispatcher } = harness({ queryOpen: failing('ACCESS_DENIED') });
  expect(() => dispatcher.lookUp('/f', caller())).toThrow('ACCESS_DENIED');
});

function failing(name: NtStatusName): () => never {
  return () => {
    throw new DokanError(NtStatus[name]);
  };
}

function failingLater(name: NtStatusName): () => Promise<never> {
  return () => Promise.reject(new DokanError(NtStatus[name]));
}

function throwing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}
