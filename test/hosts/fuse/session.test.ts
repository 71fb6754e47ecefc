import { describe, expect, it } from 'vitest';
import { DokanError } from '../../../lib/errors.js';
import type { DokanOperations, FileContext } from '../../../lib/operations.js';
import { NtStatus } from '../../../lib/status.js';
import { deferred, type Deferred } from '../../dispatcher/harness.js';
import {
  dispatched,
  errnoOf,
  Failure,
  FakeTransport,
  failure,
  known,
  opened,
  scripted,
  settled,
  type Dispatched,
} from './harness.js';
import { body, cString, dirents, FUSE, Reply } from './kernel.js';

const ENODEV = -19;
const EAGAIN = -11;
const ENOENT = -2;

interface Slow extends Dispatched {
  node: number;
  handle: number;
  /** Of each callback that was called and has not come back. */
  pending: { signal: AbortSignal; done: Deferred<unknown>; buffer: Buffer }[];
}

/** A file system whose reads and writes take as long as the test likes. */
function slow(operations: DokanOperations = {}): Slow {
  const pending: Slow['pending'] = [];
  const wait = (_path: string, buffer: Buffer, _at: number, file: FileContext): Promise<number> => {
    const done = deferred();
    pending.push({ signal: file.signal, done, buffer });
    return done.promise as Promise<number>;
  };
  const all = dispatched({
    queryOpen: () => ({ size: 0 }),
    createFile: () => 'opened',
    readFile: wait,
    writeFile: wait,
    ...operations,
  });
  const node = all.kernel.ask('LOOKUP', 1, cString('a')).u64(0);
  const handle = all.kernel.ask('OPEN', node, body.open(2)).u64(0);
  return { ...all, node, handle, pending };
}

describe('serving', () => {
  it('answers all there is, in turn, then waits to be called', () => {
    const all = scripted();
    const { kernel } = all;
    for (let turn = 0; turn < 10; turn += 1) {
      kernel.transport.incoming.push(kernel.message(17, 1, []));
    }
    kernel.transport.sent.length = 0;
    kernel.session.serve();
    expect(kernel.transport.sent).toHaveLength(10);
    expect(kernel.transport.sent.map((reply) => reply.readUInt32LE(8))).toEqual(
      kernel.transport.sent.map(
        (_reply, index) => kernel.transport.sent[0]!.readUInt32LE(8) + 2 * index,
      ),
    );
  });

  it('leaves the event loop its turn when there is always more', () => {
    const { kernel } = scripted();
    for (let turn = 0; turn < 1000; turn += 1) {
      kernel.transport.incoming.push(kernel.message(17, 1, []));
    }
    kernel.transport.sent.length = 0;
    kernel.session.serve();
    const first = kernel.transport.sent.length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(1000);
    while (kernel.transport.incoming.length > 0) kernel.session.serve();
    expect(kernel.transport.sent).toHaveLength(1000);
  });

  it('looks for the next request for a while, but not while answers are outstanding', async () => {
    const { kernel, script } = scripted({ pollTime: 40 });
    const { spins } = kernel.transport;
    spins.length = 0;
    kernel.ask('STATFS', 1);
    expect(spins).toEqual([0, 40]);
    script.isAsync = true;
    spins.length = 0;
    kernel.post('STATFS', 1);
    expect(spins).toEqual([0, 0]);
    await settled();
    script.isAsync = false;
    spins.length = 0;
    kernel.ask('STATFS', 1);
    expect(spins).toEqual([0, 40]);
  });

  it('seldom looks where requests come alone, and always where they follow each other', () => {
    const { kernel } = scripted({ pollTime: 40 });
    const { spins, incoming } = kernel.transport;
    for (let turn = 0; turn < 100; turn += 1) kernel.ask('STATFS', 1);
    spins.length = 0;
    for (let turn = 0; turn < 200; turn += 1) kernel.ask('STATFS', 1);
    expect(spins.filter((spin) => spin !== 0).length).toBeLessThan(10);
    for (let turn = 0; turn < 1_000; turn += 1) {
      incoming.push(kernel.message(17, 1, []));
    }
    while (incoming.length > 0) kernel.session.serve();
    spins.length = 0;
    for (let turn = 0; turn < 10; turn += 1) incoming.push(kernel.message(17, 1, []));
    kernel.session.serve();
    expect(spins).toEqual([0, ...Array<number>(10).fill(40)]);
  });

  it('uses the same memory again for answers given at once', () => {
    const { kernel } = scripted();
    for (let turn = 0; turn < 100; turn += 1) kernel.ask('STATFS', 1);
    expect(kernel.transport.received.size).toBe(1);
  });

  it.each([false, true])(
    'uses it again after an answer that took time (failing: %s)',
    async (fails) => {
      const { kernel, script } = scripted();
      script.isAsync = true;
      if (fails) script.answers.queryOpen = failure('OBJECT_NAME_NOT_FOUND');
      for (let turn = 0; turn < 100; turn += 1) await kernel.later('LOOKUP', 1, cString('x'));
      expect(kernel.transport.received.size).toBeLessThan(4);
    },
  );

  it('keeps the memory of requests apart that are under way at once', async () => {
    const all = slow();
    const { kernel, node, handle, pending } = all;
    const uniques = Array.from({ length: 20 }, () =>
      kernel.post('READ', node, body.read(handle, 0, 8)),
    );
    expect(kernel.session.waitingCount).toBe(20);
    expect(new Set(pending.map(({ buffer }) => buffer.buffer)).size).toBe(20);
    pending.reverse().forEach(({ buffer, done }, index) => {
      buffer.fill(index);
      done.resolve(8);
    });
    await settled();
    uniques.reverse().forEach((unique, index) => {
      expect(kernel.reply(unique).body).toEqual(Buffer.alloc(8, index));
    });
    expect(kernel.session.waitingCount).toBe(0);
  });

  it.each([
    ['all of it', 4096, 100, 100],
    ['little of what carried much', 100 * 1024, 1, 8],
  ])(
    'keeps the memory of many that were under way at once: %s',
    async (_what, size, least, most) => {
      const { kernel, node, handle, pending } = slow();
      const { received } = kernel.transport;
      const wave = async (): Promise<Set<Uint8Array>> => {
        received.clear();
        for (let turn = 0; turn < 100; turn += 1) {
          kernel.post('READ', node, body.read(handle, 0, size));
        }
        for (const { done } of pending.splice(0)) done.resolve(8);
        await settled();
        expect(kernel.session.waitingCount).toBe(0);
        return new Set(received);
      };
      const first = await wave();
      const second = await wave();
      const kept = [...second].filter((buffer) => first.has(buffer)).length;
      expect(kept).toBeGreaterThanOrEqual(least);
      expect(kept).toBeLessThanOrEqual(most);
    },
  );

  it('tells the file system who asks', () => {
    const { kernel, script } = scripted();
    let caller: unknown;
    script.answers.getDiskFreeSpace = (given: {
      processId: number;
      userId: number;
      groupId: number;
    }) => {
      caller = [given.processId, given.userId, given.groupId];
      return { totalBytes: 0, totalFreeBytes: 0, freeBytesAvailable: 0 };
    };
    kernel.asker = { uid: 0xffff_fffe, gid: 5, pid: 6 };
    kernel.ask('STATFS', 1);
    expect(caller).toEqual([6, 0xffff_fffe, 5]);
  });

  it.each([false, true])(
    'turns everything thrown into EIO at worst (async: %s)',
    async (isAsync) => {
      const { kernel, script } = scripted();
      script.isAsync = isAsync;
      for (const thrown of [
        new Error('mistake'),
        null,
        undefined,
        5,
        'text',
        Object.create(null),
      ]) {
        script.answers.getDiskFreeSpace = new Failure(thrown);
        script.answers.queryOpen = new Failure(thrown);
        for (const [name, parts] of [
          ['STATFS', []],
          ['LOOKUP', [cString('a')]],
        ] as const) {
          const unique = kernel.post(name, 1, ...parts);
          await settled();
          expect(errnoOf(kernel.reply(unique))).toBe('EIO');
        }
      }
    },
  );
});

describe('the end', () => {
  it.each([
    [ENODEV, 'unmounted'],
    [-103, 'aborted'],
    [-5, 'lost'],
    [-9, 'lost'],
  ])('by %d is told as %s', async (errno, how) => {
    const { kernel } = scripted();
    kernel.transport.whenEmpty = errno;
    kernel.transport.onReadable();
    expect(await kernel.session.ended).toBe(how);
    await kernel.session.ready;
    // Nothing is asked for any more.
    const { length } = kernel.transport.spins;
    kernel.transport.onReadable();
    expect(kernel.transport.spins).toHaveLength(length);
  });

  it('comes once', async () => {
    const { kernel } = scripted();
    kernel.session.end('aborted');
    kernel.session.end('lost');
    expect(await kernel.session.ended).toBe('aborted');
  });

  it('does not come with EAGAIN, or with a buffer that was transferred away', () => {
    const { kernel } = scripted();
    for (const errno of [EAGAIN, -14]) {
      kernel.transport.whenEmpty = errno;
      kernel.transport.onReadable();
    }
    kernel.transport.whenEmpty = EAGAIN;
    kernel.ask('STATFS', 1);
  });

  it('leaves nothing to send for callbacks that come back later', async () => {
    const all = slow();
    const { kernel, node, handle, pending } = all;
    for (const offset of [0, 1]) kernel.post('READ', node, body.read(handle, offset, 8));
    const { length } = kernel.transport.sent;
    kernel.session.end('unmounted');
    pending[0]!.done.resolve(8);
    pending[1]!.done.reject(new Error('too late'));
    await settled();
    expect(kernel.transport.sent).toHaveLength(length);
    expect(kernel.session.waitingCount).toBe(0);
  });

  it('closes what a late callback opens, which nobody will release', async () => {
    const opening = deferred<'opened'>();
    const calls: string[] = [];
    const all = dispatched({
      queryOpen: () => ({ size: 0 }),
      createFile: () => opening.promise,
      cleanup: () => void calls.push('cleanup'),
      closeFile: () => void calls.push('closeFile'),
    });
    const node = all.kernel.ask('LOOKUP', 1, cString('a')).u64(0);
    all.kernel.post('OPEN', node, body.open(0));
    all.kernel.session.end('unmounted');
    opening.resolve('opened');
    await settled();
    expect(calls).toEqual(['cleanup', 'closeFile']);
    expect(all.dispatcher.openCount).toBe(0);
  });
});

describe('a reply the kernel no longer takes', () => {
  it('of LOOKUP, MKDIR, LINK: the lookup is not counted', () => {
    const all = scripted();
    const { kernel } = all;
    const node = known(all, 'a');
    const { nodes } = kernel.session;
    kernel.transport.sendResult = ENOENT;
    kernel.post('LOOKUP', 1, cString('a'));
    kernel.post('LINK', 1, body.link(node), cString('second'));
    expect(nodes.get(node).lookups).toBe(1);
    kernel.post('LOOKUP', 1, cString('b'));
    kernel.post('MKDIR', 1, body.mkdir(0o755), cString('d'));
    kernel.post('SYMLINK', 1, cString('l'), cString('x'));
    expect(nodes.size).toBe(2);
  });

  it.each([false, true])(
    'of OPEN, CREATE, OPENDIR: the open is closed (async: %s)',
    async (isAsync) => {
      const all = scripted();
      const { kernel, script } = all;
      const node = known(all, 'a');
      kernel.transport.sendResult = ENOENT;
      script.isAsync = isAsync;
      const closes = async (): Promise<unknown[]> => {
        await settled();
        return script.takeNames().slice(-2);
      };
      kernel.post('OPEN', node, body.open(0));
      expect(await closes()).toEqual(['cleanup', 'closeFile']);
      kernel.post('CREATE', 1, body.create(2, 0o600), cString('n'));
      expect(await closes()).toEqual(['cleanup', 'closeFile']);
      kernel.post('OPENDIR', 1, body.open(0));
      expect(await closes()).toEqual(['cleanup', 'closeFile']);
      const { nodes, files, directories } = kernel.session;
      expect(nodes.size).toBe(2);
      expect(nodes.get(node).opens).toBeUndefined();
      expect(files.find(1)).toBeUndefined();
      expect(directories.find(1)).toBeUndefined();
    },
  );

  it('keeps nothing from the requests that are there by then', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const { transport } = kernel;
    const { nodes, files } = kernel.session;
    // The second request comes to the memory of the first, whose reply is not taken.
    transport.exchange = (...given) => {
      transport.sendResult = ENOENT;
      const taken = FakeTransport.prototype.exchange.apply(transport, given);
      transport.sendResult = 0;
      return taken;
    };
    const lookups = nodes.get(node).lookups;
    const open = kernel.message(FUSE.OPEN, node, [body.open(0)]);
    const next = kernel.message(FUSE.GETATTR, node, [body.getattr()]);
    transport.incoming.push(open, next);
    script.takeNames();
    transport.onReadable();
    expect(script.takeNames()).toEqual(['createFile', 'cleanup', 'closeFile', 'queryOpen']);
    expect(nodes.get(node).opens).toBeUndefined();
    expect(nodes.get(node).lookups).toBe(lookups);
    expect(files.find(1)).toBeUndefined();
    const [, answer] = transport.sent.slice(-2);
    expect(new Reply(answer!).errno).toBe(0);
  });

  it('of READ or an error is nothing to undo', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const handle = opened(all, node);
    script.answers.readFile = 0;
    kernel.transport.sendResult = ENOENT;
    kernel.post('READ', node, body.read(handle, 0, 1));
    kernel.post('LOOKUP', 99, cString('a'));
    kernel.transport.sendResult = 0;
    expect(kernel.fail('READ', node, body.read(handle, 0, 1))).toBe('OK');
  });
});

describe('INTERRUPT', () => {
  it('of what changes nothing is EINTR at once', async () => {
    const all = slow();
    const { kernel, node, handle, pending } = all;
    const unique = kernel.post('READ', node, body.read(handle, 0, 8));
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('EINTR');
    expect(pending[0]!.signal.aborted).toBe(true);
    pending[0]!.done.resolve(8);
    await settled();
    kernel.reply(unique);
  });

  it('of what changes something is answered with what was done', async () => {
    const all = slow();
    const { kernel, node, handle, pending } = all;
    const unique = kernel.post('WRITE', node, body.write(handle, 0, Buffer.from('data')));
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(pending[0]!.signal.aborted).toBe(true);
    expect(kernel.repliesTo(unique)).toHaveLength(0);
    pending[0]!.done.resolve(4);
    await settled();
    expect(kernel.reply(unique).u32(0)).toBe(4);
  });

  it('has no answer of its own, and does not mind what is not there', () => {
    const { kernel } = scripted();
    const { length } = kernel.transport.sent;
    for (const unique of [0, 2, 99, 2n ** 64n - 1n]) {
      kernel.post('INTERRUPT', 0, body.interrupt(unique));
    }
    kernel.post('INTERRUPT', 0);
    expect(kernel.transport.sent).toHaveLength(length);
  });

  it.each<[string, 'MKDIR' | 'CREATE' | 'SETATTR' | 'SYMLINK', Buffer[]]>([
    ['a new directory', 'MKDIR', [body.mkdir(0o755), cString('n')]],
    ['a new file', 'CREATE', [body.create(2, 0o600), cString('n')]],
    ['a change of attributes', 'SETATTR', [body.setattr(1, { mode: 0o600 })]],
    ['a new link', 'SYMLINK', [cString('n'), cString('x')]],
  ])('does not make %s undone that only has still to be described', async (_what, name, parts) => {
    const asked = deferred<object>();
    const info = (): Promise<object> => asked.promise;
    const { kernel } = dispatched({
      createFile: () => 'created',
      queryOpen: info,
      getFileInformation: info,
      setMode: () => undefined,
      createSymbolicLink: () => undefined,
    });
    const unique = kernel.post(name, 1, ...parts);
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(kernel.repliesTo(unique)).toHaveLength(0);
    asked.resolve({ mode: name === 'MKDIR' ? 0o040755 : 0o600 });
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('OK');
  });

  it('of a lookup that only asks is EINTR', async () => {
    const { kernel } = dispatched({
      createFile: () => 'opened',
      getFileInformation: () => new Promise(() => undefined),
    });
    const lookup = kernel.post('LOOKUP', 1, cString('a'));
    kernel.post('INTERRUPT', 0, body.interrupt(lookup));
    await settled();
    expect(errnoOf(kernel.reply(lookup))).toBe('EINTR');
  });

  it('of a listing loses no entry', async () => {
    const first = deferred<object>();
    async function* entries(): AsyncIterable<{ name: string }> {
      await first.promise;
      yield { name: 'a' };
    }
    const { kernel } = dispatched({
      createFile: (_path, _how, file) => void (file.isDirectory = true),
      findFiles: entries,
    });
    const handle = kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
    const unique = kernel.post('READDIR', 1, body.read(handle, 2, 4096));
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('EINTR');
    const again = kernel.post('READDIR', 1, body.read(handle, 2, 4096));
    first.resolve({});
    await settled();
    expect(dirents(kernel.reply(again).body).map(({ name }) => name)).toEqual(['a']);
  });
});

describe('memory that is not ours alone', () => {
  it('of a read that was given up is not used again', async () => {
    const all = slow();
    const { kernel, node, handle, pending } = all;
    const unique = kernel.post('READ', node, body.read(handle, 0, 8));
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    const [given] = pending;
    const sent = kernel.transport.sent.length;
    for (let turn = 0; turn < 20; turn += 1) kernel.post('READ', node, body.read(handle, 0, 8));
    for (const { buffer } of pending.slice(1)) {
      expect(buffer.buffer).not.toBe(given!.buffer.buffer);
      buffer.fill('y');
    }
    // The callback that nobody waits for goes on writing.
    given!.buffer.fill('x');
    for (const { done } of pending.slice(1)) done.resolve(8);
    await settled();
    for (const reply of kernel.transport.sent.slice(sent)) {
      expect(reply.subarray(16).toString()).toBe('yyyyyyyy');
    }
  });

  it('of a write that timed out is not used again', async () => {
    const all = slow();
    const { kernel, node, handle, pending } = all;
    const unique = kernel.post('WRITE', node, body.write(handle, 0, Buffer.from('data')));
    const [given] = pending;
    given!.done.reject(new DokanError(NtStatus.IO_TIMEOUT));
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('ETIMEDOUT');
    for (let turn = 0; turn < 20; turn += 1) kernel.ask('STATFS', 1);
    expect(given!.buffer.toString()).toBe('data');
  });

  it.each([false, true])(
    'may be transferred away: that request fails (async: %s)',
    async (isAsync) => {
      const all = scripted();
      const { kernel, script } = all;
      const node = known(all, 'a');
      const handle = opened(all, node);
      script.isAsync = isAsync;
      const detach = (_open: unknown, _path: unknown, given: Buffer): number => {
        const { buffer } = given;
        structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
        return 0;
      };
      script.answers.readFile = detach;
      script.answers.writeFile = detach;
      for (let turn = 0; turn < 3; turn += 1) {
        const read = kernel.post('READ', node, body.read(handle, 0, 8));
        await settled();
        expect(errnoOf(kernel.reply(read))).toBe('EIO');
        // The data of a write is gone after the file system has had it.
        const write = kernel.post('WRITE', node, body.write(handle, 0, Buffer.from('data')));
        await settled();
        expect(errnoOf(kernel.reply(write))).toBe('OK');
      }
      script.isAsync = false;
      kernel.ask('STATFS', 1);
      expect([...kernel.transport.received].every(({ byteLength }) => byteLength === 0)).toBe(
        false,
      );
    },
  );

  it('transferred away by a callback that throws makes no difference', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const handle = opened(all, node);
    script.answers.readFile = (_open: unknown, _path: unknown, { buffer }: Buffer): never => {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
      throw new DokanError(NtStatus.ACCESS_DENIED);
    };
    expect(kernel.fail('READ', node, body.read(handle, 0, 8))).toBe('EACCES');
    kernel.ask('STATFS', 1);
  });
});
