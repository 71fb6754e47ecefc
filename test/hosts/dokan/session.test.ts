import { describe, expect, it, vi } from 'vitest';
import { DokanError } from '../../../lib/errors.js';
import { Operation } from '../../../lib/hosts/dokan/slot.js';
import { deferred, settled } from '../../dispatcher/harness.js';
import { NtStatus, Rig, status } from './harness.js';

describe('requests', () => {
  it('are drained until there are none, in their order', async () => {
    const seen: string[] = [];
    const rig = new Rig({ createFile: (path: string) => void seen.push(path) });
    rig.native.hold();
    const asked = Array.from({ length: 40 }, (_, index) => rig.createLater(`\\${index}`));
    expect(seen).toEqual([]);
    rig.native.release();
    await Promise.all(asked);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => `/${index}`));
  });

  it('that come while others are answered are answered as well', async () => {
    const seen: string[] = [];
    const rig: Rig = new Rig({
      createFile: (path: string) => {
        seen.push(path);
        if (seen.length < 5) void rig.createLater(`\\${seen.length}`);
      },
    });
    await rig.createLater('\\f');
    expect(seen).toEqual(['/f', '/1', '/2', '/3', '/4']);
  });

  it('without end leave the event loop its turn', async () => {
    let answered = 0;
    let turns = 0;
    let isOver = false;
    const rig: Rig = new Rig({
      createFile: () => {
        answered += 1;
        if (!isOver) void rig.createLater('\\f');
      },
    });
    const count = (): void => {
      turns += 1;
      if (turns < 5) setImmediate(count);
      else isOver = true;
    };
    setImmediate(count);
    void rig.createLater('\\f');
    await vi.waitFor(() => expect(isOver).toBe(true));
    await vi.waitFor(() => expect(rig.native.outstanding).toBe(0));
    expect(answered).toBeGreaterThan(256);
  });

  it('of every kind are answered once, whatever the file system does', async () => {
    const failures = [
      (): never => {
        throw new DokanError(NtStatus.ACCESS_DENIED);
      },
      (): never => {
        throw new TypeError('a mistake');
      },
      (): never => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- so do file systems
        throw null;
      },
      (): unknown => Promise.reject(new DokanError(NtStatus.ACCESS_DENIED)),
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- and so
      (): unknown => Promise.reject(undefined),
      (): unknown => 'nonsense',
      (): unknown => Promise.resolve(-1),
      (): unknown => undefined,
    ];
    for (const failure of failures) {
      const rig = new Rig(
        new Proxy(
          { createFile: () => undefined },
          { get: (target, name): unknown => Reflect.get(target, name) ?? failure, has: () => true },
        ),
      );
      for (const operation of Object.keys(Operation) as (keyof typeof Operation)[]) {
        if (operation === 'CREATE_FILE') continue;
        const context = await rig.open('\\f');
        const on = { name: '\\f', context, secondName: '\\x' };
        const arguments_ = [1, 100];
        const source = Buffer.alloc(100);
        const isRead = operation === 'READ_FILE';
        const memory = isRead ? { target: 1 } : { source };
        const answer = await rig.ask({ operation, ...on, arguments: arguments_, ...memory });
        expect(Number.isInteger(answer.status)).toBe(true);
        if (operation !== 'CLOSE_FILE') await rig.release(context, '\\f');
      }
      await settled();
      expect(rig.session.contexts.size).toBe(0);
      expect(rig.session.waitingCount).toBe(0);
    }
  });

  it('there is no such thing as are NOT_IMPLEMENTED', async () => {
    const rig = new Rig({});
    const operations = Operation as Record<string, number>;
    operations['NOTHING'] = 99;
    try {
      const unknown = 'NOTHING' as keyof typeof Operation;
      expect(status(await rig.atOnce({ operation: unknown }))).toBe('NOT_IMPLEMENTED');
    } finally {
      delete operations['NOTHING'];
    }
  });

  it('fail with INTERNAL_ERROR and a warning when the mistake is ours', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      const rig = new Rig({ createFile: () => undefined });
      vi.spyOn(rig.native, 'name').mockImplementation(() => {
        throw new TypeError('a bug');
      });
      const answer = await rig.ask({ operation: 'CREATE_FILE', name: '\\f', long: true });
      expect(status(answer)).toBe('INTERNAL_ERROR');
      expect(warned).toHaveBeenCalledOnce();
    } finally {
      warned.mockRestore();
    }
  });
});

describe('a process that uses its own volume', () => {
  const askedBy = async (processId: number, name: string): Promise<unknown[][]> => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      const rig = new Rig({ createFile: () => undefined });
      rig.session.mountPoint = 'M:\\';
      for (let turn = 0; turn < 3; turn += 1) {
        const answer = await rig.ask({ operation: 'CREATE_FILE', name, processId });
        await rig.release(answer.context, name);
      }
      return warned.mock.calls;
    } finally {
      warned.mockRestore();
    }
  };

  it('is warned once', async () => {
    const calls = await askedBy(process.pid, '\\f');
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[0]).toContain('M:\\');
    expect(calls[0]?.[1]).toMatchObject({ code: 'NODE_DOKAN_OWN_MOUNT' });
  });

  it('is not warned of the root, which libraries ask for', async () => {
    expect(await askedBy(process.pid, '\\')).toEqual([]);
  });

  it('is another one as a rule', async () => {
    expect(await askedBy(process.pid + 1, '\\f')).toEqual([]);
  });
});

describe('the end', () => {
  it('fires the signals of outstanding callbacks', async () => {
    let signal: AbortSignal | undefined;
    const rig = new Rig({
      createFile: () => undefined,
      getFileInformation: (_path: string, file: { signal: AbortSignal }) => {
        signal = file.signal;
        return new Promise(() => undefined);
      },
    });
    const context = await rig.open('\\f');
    const asked = rig.ask({ operation: 'GET_FILE_INFORMATION', name: '\\f', context });
    rig.session.interruptAll();
    expect(signal?.aborted).toBe(true);
    expect(status(await asked)).toBe('CANCELLED');
  });

  it('completes what no callback answers, and lets no late one touch the slot', async () => {
    const late = deferred<object>();
    const creating = deferred<undefined>();
    const listing = deferred<object[]>();
    const closed: string[] = [];
    const rig = new Rig({
      createFile: (path: string) => (path === '/late' ? creating.promise : undefined),
      getFileInformation: () => late.promise,
      findFiles: () => listing.promise,
      closeFile: (path: string) => void closed.push(path),
    });
    const context = await rig.open('\\f');
    const about = rig.ask({ operation: 'GET_FILE_INFORMATION', name: '\\f', context });
    const list = rig.ask({ operation: 'FIND_FILES', name: '\\f', context });
    const create = rig.createLater('\\late');
    rig.session.abandonAll(NtStatus.DEVICE_REMOVED);
    for (const answer of [await about, await list, await create]) {
      expect(status(answer)).toBe('DEVICE_REMOVED');
    }
    expect(rig.session.waitingCount).toBe(0);
    // The slots are others' by now.
    rig.native.hold();
    const next = [rig.createLater('\\1'), rig.createLater('\\2'), rig.createLater('\\3')];
    late.resolve({ size: 1 });
    listing.resolve([{ name: 'a', size: 1 }]);
    creating.resolve(undefined);
    await settled();
    rig.native.release();
    for (const answer of await Promise.all(next)) expect(status(answer)).toBe('SUCCESS');
    expect(closed).toEqual(['/late']);
  });

  it('completes a write that nobody answers, and its block is not used again', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      writeFile: () => new Promise(() => undefined),
    });
    const context = await rig.open('\\f');
    const source = Buffer.from('abc');
    const asked = rig.ask({
      operation: 'WRITE_FILE',
      name: '\\f',
      context,
      arguments: [3],
      source,
    });
    rig.session.abandonAll(NtStatus.DEVICE_REMOVED);
    const answer = await asked;
    expect([status(answer), answer.dropsBlock]).toEqual(['DEVICE_REMOVED', true]);
  });
});
