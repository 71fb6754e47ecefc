import { describe, expect, it } from 'vitest';
import { CreateDisposition, CreateOptions, FileAccess } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import type { CreateFileRequest, CreateResult, FileContext } from '../../../lib/operations.js';
import { deferred, settled } from '../../dispatcher/harness.js';
import { NtStatus, Rig, status } from './harness.js';

const { SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;
const DELETE = FileAccess.DELETE | FileAccess.READ_ATTRIBUTES;

describe('what a createFile is reported as', () => {
  it.each([
    [SUPERSEDE, 'superseded', 'OBJECT_NAME_COLLISION'],
    [SUPERSEDE, 'created', 'SUCCESS'],
    [OPEN, 'opened', 'SUCCESS'],
    [CREATE, 'created', 'SUCCESS'],
    [OPEN_IF, 'opened', 'OBJECT_NAME_COLLISION'],
    [OPEN_IF, 'created', 'SUCCESS'],
    [OVERWRITE, 'overwritten', 'SUCCESS'],
    [OVERWRITE_IF, 'overwritten', 'OBJECT_NAME_COLLISION'],
    [OVERWRITE_IF, 'created', 'SUCCESS'],
  ] as [number, CreateResult, string][])(
    'trap: disposition %i that has %s the file answers %s',
    async (disposition, result, expected) => {
      const rig = new Rig({ createFile: () => result });
      const answer = await rig.createLater('\\f', { disposition });
      expect(status(answer)).toBe(expected);
      expect(answer.context).toBeGreaterThan(0);
      await rig.release(answer.context, '\\f');
    },
  );

  it.each([SUPERSEDE, OPEN_IF, OVERWRITE_IF])(
    'trap: a failure with OBJECT_NAME_COLLISION would be a success for disposition %i',
    async (disposition) => {
      const rig = new Rig({
        createFile: () => {
          throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
        },
      });
      expect(status(await rig.createLater('\\f', { disposition }))).toBe('SHARING_VIOLATION');
    },
  );

  it.each([
    [CREATE, 'OBJECT_NAME_COLLISION'],
    [OPEN, 'OBJECT_NAME_COLLISION'],
  ])('a collision with disposition %i is the failure it is', async (disposition, expected) => {
    const rig = new Rig({
      createFile: () => {
        throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
      },
    });
    expect(status(await rig.createLater('\\f', { disposition }))).toBe(expected);
  });

  it('tells that the open is a directory though nobody asked for one', async () => {
    const rig = new Rig({
      createFile: (path: string, _request: unknown, file: FileContext) => {
        file.isDirectory = path === '/d';
      },
    });
    const directory = await rig.createLater('\\d');
    const file = await rig.createLater('\\f');
    expect([directory.isDirectory, file.isDirectory]).toEqual([true, false]);
  });
});

describe('parameters', () => {
  it('hands on what NtCreateFile was given', async () => {
    const seen: unknown[] = [];
    const rig = new Rig({
      createFile: (path: string, request: CreateFileRequest, file: FileContext) => {
        seen.push(path, request, file.processId);
      },
    });
    const descriptor = Buffer.from('descriptor');
    await rig.createLater('\\d\\ä', {
      access: 0x12_0089,
      attributes: 0x20,
      share: 3,
      disposition: CREATE,
      options: 0x60,
      descriptor,
    });
    expect(seen).toEqual([
      '/d/ä',
      {
        desiredAccess: 0x12_0089,
        fileAttributes: 0x20,
        shareAccess: 3,
        createDisposition: CREATE,
        createOptions: 0x60,
        securityDescriptor: descriptor,
      },
      4711,
    ]);
    // The block it came in is used again, the descriptor may be kept.
    await rig.createLater('\\x', { disposition: CREATE, descriptor: Buffer.alloc(10, 7) });
    expect((seen[1] as CreateFileRequest).securityDescriptor).toEqual(descriptor);
  });

  it.each(['\\a', '\\日本', '\\a\ud800', '\\f:s', '\\f:s:$DATA', '\\', '\\:s', '\\...', '\\.a'])(
    'hands on %j',
    async (name) => {
      const seen: string[] = [];
      const rig = new Rig({ createFile: (path: string) => void seen.push(path) });
      await rig.createLater(name);
      expect(seen).toEqual([name.replaceAll('\\', '/')]);
    },
  );

  it.each([
    '',
    'a',
    '\\a\\\\b',
    '\\..\\a',
    '\\a\\..',
    '\\.',
    `\\${'x'.repeat(256)}`,
    `\\${'x'.repeat(256)}\\a`,
    `\\f:${'s'.repeat(256)}`,
    '\\a:b\\c',
    '\\d\\:s',
    '\\a\0b',
  ])('refuses %j before any code of the file system runs', async (name) => {
    const rig = new Rig({
      createFile: () => {
        throw new Error('called');
      },
    });
    expect(status(await rig.createLater(name))).toBe('OBJECT_NAME_INVALID');
    expect(rig.errors).toEqual([]);
  });

  it('takes a name of 255 units, and a path longer than a slot', async () => {
    const seen: string[] = [];
    const rig = new Rig({ createFile: (path: string) => void seen.push(path) });
    const component = `\\${'ü'.repeat(255)}`;
    await rig.createLater(component);
    await rig.createLater(component.repeat(20));
    const wide = `\\${'日'.repeat(255)}`.repeat(4);
    await rig.createLater(wide);
    expect(seen.map((path) => path.length)).toEqual([256, 5120, 1024]);
    expect(seen[2]).toBe(wide.replaceAll('\\', '/'));
  });

  it('refuses streams without the option altStreams', async () => {
    const rig = new Rig({ createFile: () => undefined }, { altStreams: false });
    expect(status(await rig.createLater('\\f:s'))).toBe('OBJECT_NAME_INVALID');
  });
});

describe('opens', () => {
  it('keeps one number per open, and never the same twice', async () => {
    const rig = new Rig({ createFile: () => undefined });
    const numbers: number[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      const context = await rig.open('\\f');
      numbers.push(context);
      await rig.release(context, '\\f');
    }
    expect(new Set(numbers).size).toBe(100);
    expect(rig.session.contexts.size).toBe(0);
    expect(rig.dispatcher.openCount).toBe(0);
  });

  it('answers later what is promised later', async () => {
    const creating = deferred<CreateResult>();
    const rig = new Rig({ createFile: () => creating.promise });
    const asked = rig.createLater('\\f', { disposition: OPEN_IF });
    expect(rig.session.waitingCount).toBe(1);
    creating.resolve('opened');
    expect(status(await asked)).toBe('OBJECT_NAME_COLLISION');
    expect(rig.session.waitingCount).toBe(0);
  });

  it.each([
    ['at once', (): CreateResult => 'opened'],
    ['later', (): Promise<CreateResult> => Promise.resolve('opened')],
  ])('releases an open that nobody waits for any more, answered %s', async (_when, createFile) => {
    const closed: string[] = [];
    const rig = new Rig({
      createFile,
      cleanup: (path: string) => void closed.push(`cleanup ${path}`),
      closeFile: (path: string) => void closed.push(`closeFile ${path}`),
    });
    rig.native.hold();
    void rig.createLater('\\f');
    rig.native.giveUp(0);
    rig.native.release();
    await settled();
    expect(closed).toEqual(['cleanup /f', 'closeFile /f']);
    expect(rig.session.contexts.size).toBe(0);
  });

  it('trap: the target of a rename is opened as the child first and its parent under the same number', async () => {
    const opened: string[] = [];
    const rig = new Rig({ createFile: (path: string) => void opened.push(path) });
    const child = await rig.open('\\p\\c', { access: 2 });
    await rig.release(child, '\\p\\c');
    const parent = await rig
      .open('\\p', {
        access: 2,
        options: CreateOptions.DIRECTORY_FILE,
        context: child,
      })
      .catch(() => 0);
    // A file system that says nothing opens directories asked for as such.
    expect(parent).not.toBe(child);
    expect(rig.session.contexts.size).toBe(1);
    expect(opened).toEqual(['/p/c', '/p']);
    await rig.release(parent, '\\p');
    expect(rig.session.contexts.size).toBe(0);
  });

  it('answers INVALID_HANDLE for an open there is not, and goes on', async () => {
    const rig = new Rig({ createFile: () => undefined, flushFileBuffers: () => undefined });
    for (const context of [0, 12_345]) {
      const question = { operation: 'FLUSH_FILE_BUFFERS', name: '\\f', context } as const;
      expect(status(await rig.atOnce(question))).toBe('INVALID_HANDLE');
      await rig.release(context, '\\f');
    }
    expect(rig.errors).toEqual([]);
  });
});

describe('an open that is denied DELETE', () => {
  /** What Dokan asks next, of the parent. */
  const RETRY = {
    access: FileAccess.DELETE_CHILD | FileAccess.LIST_DIRECTORY,
    options: CreateOptions.OPEN_FOR_BACKUP_INTENT,
  };

  function rig(mayOpenParent: boolean, mayOpenChild = true, promises = false) {
    const calls: string[] = [];
    const denied = (): never => {
      throw new DokanError(NtStatus.ACCESS_DENIED);
    };
    const made = new Rig({
      createFile: (path: string, request: CreateFileRequest, file: FileContext) => {
        const wantsDelete = (request.desiredAccess & FileAccess.DELETE) !== 0;
        calls.push(`${path}${wantsDelete ? ' DELETE' : ''}`);
        if (path === '/p') {
          file.isDirectory = true;
          if (!mayOpenParent) denied();
        } else if (wantsDelete || !mayOpenChild) denied();
        const result = request.createDisposition === OPEN_IF ? 'opened' : undefined;
        return promises ? Promise.resolve(result) : result;
      },
      cleanup: (path: string, file: FileContext) =>
        void calls.push(`cleanup ${path}${file.deletePending ? ' delete' : ''}`),
      closeFile: (path: string) => void calls.push(`closeFile ${path}`),
      deleteFile: (path: string) => void calls.push(`deleteFile ${path}`),
      deleteDirectory: (path: string) => void calls.push(`deleteDirectory ${path}`),
    });
    return { made, calls };
  }

  it.each([false, true])(
    "trap: every later callback has the denied call's context, and is about the child (promises: %s)",
    async (promises) => {
      const { made, calls } = rig(true, true, promises);
      const first = await made.createLater('\\p\\c', { access: DELETE });
      expect(status(first)).toBe('ACCESS_DENIED');
      expect(first.context).toBeGreaterThan(0);
      const second = await made.createLater('\\p', { ...RETRY, context: first.context });
      expect(status(second)).toBe('SUCCESS');
      expect(second.isDirectory).toBe(false);
      // What the second call sets is lost, and so must not matter.
      const context = first.context;
      const asked = await made.ask({ operation: 'DELETE_FILE', name: '\\p\\c', context, flags: 2 });
      expect(status(asked)).toBe('SUCCESS');
      await made.release(context, '\\p\\c', 2);
      expect(calls).toEqual([
        '/p/c DELETE',
        '/p',
        'cleanup /p',
        'closeFile /p',
        '/p/c',
        'deleteFile /p/c',
        'cleanup /p/c delete',
        'closeFile /p/c',
      ]);
      expect(made.session.contexts.size).toBe(0);
      expect(made.session.contexts.deniedCount).toBe(0);
    },
  );

  it('trap: answers the retry with nothing but SUCCESS, whatever the disposition', async () => {
    const { made } = rig(true);
    const disposition = OPEN_IF;
    const first = await made.createLater('\\p\\c', { access: DELETE, disposition });
    const retry = { ...RETRY, disposition, context: first.context };
    expect(status(await made.createLater('\\p', retry))).toBe('SUCCESS');
    await made.release(first.context, '\\p\\c');
  });

  it('never asks whether the parent may be deleted', async () => {
    const { made, calls } = rig(true);
    const options = CreateOptions.DELETE_ON_CLOSE;
    const first = await made.createLater('\\p\\c', { access: DELETE, options });
    const retry = { ...RETRY, options: RETRY.options | options, context: first.context };
    expect(status(await made.createLater('\\p', retry))).toBe('SUCCESS');
    expect(calls).toContain('deleteFile /p/c');
    expect(calls).not.toContain('deleteDirectory /p');
    await made.release(first.context, '\\p\\c', 2);
  });

  it.each([
    ['the parent does not allow it', false, true],
    ['the child does not open without DELETE either', true, false],
  ])('is denied when %s, and forgotten', async (_why, parent, child) => {
    const { made } = rig(parent, child);
    const first = await made.createLater('\\p\\c', { access: DELETE });
    const second = await made.createLater('\\p', { ...RETRY, context: first.context });
    expect(status(second)).toBe('ACCESS_DENIED');
    expect(made.session.contexts.size).toBe(0);
    expect(made.session.contexts.deniedCount).toBe(0);
    expect(made.dispatcher.openCount).toBe(0);
  });

  it('is forgotten when its thread comes with something else', async () => {
    const { made } = rig(true);
    const first = await made.createLater('\\p\\c', { access: DELETE, thread: 3 });
    expect(made.session.contexts.deniedCount).toBe(1);
    await made.createLater('\\p\\d', { access: 1, thread: 3 });
    expect(made.session.contexts.deniedCount).toBe(0);
    const late = await made.createLater('\\p', { ...RETRY, context: first.context, thread: 3 });
    expect(status(late)).toBe('ACCESS_DENIED');
  });

  it('is remembered for so many threads and no more', async () => {
    const { made } = rig(true);
    for (let thread = 0; thread < 1000; thread += 1) {
      await made.createLater('\\p\\c', { access: DELETE, thread });
    }
    expect(made.session.contexts.deniedCount).toBeLessThanOrEqual(64);
  });

  it('leaves nothing behind for an open that did not want DELETE', async () => {
    const { made } = rig(true, false);
    const answer = await made.createLater('\\p\\c', { access: 1 });
    expect([status(answer), answer.context]).toEqual(['ACCESS_DENIED', 0]);
  });
});
