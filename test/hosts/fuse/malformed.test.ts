import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import { OPCODES } from '../../../lib/hosts/fuse/opcodes.js';
import type { DokanOperations, FileInformation, FindEntry } from '../../../lib/operations.js';
import {
  dispatched,
  errnoOf,
  Kernel,
  ScriptedTarget,
  scripted,
  settled,
  type Dispatched,
} from './harness.js';
import {
  body,
  cString,
  FUSE,
  inHeader,
  Reply,
  u32,
  u64,
  zeros,
  type OpcodeName,
} from './kernel.js';

const NAMES = Object.keys(FUSE) as OpcodeName[];
const UNANSWERED = new Set<OpcodeName>(['FORGET', 'BATCH_FORGET', 'INTERRUPT', 'NOTIFY_REPLY']);

/** A whole message of each opcode that reads one; `parts` are what it must not be shorter than. */
const WHOLE: Partial<Record<OpcodeName, Buffer>> = {
  LOOKUP: cString('a'),
  FORGET: body.forget(1),
  GETATTR: body.getattr(),
  SETATTR: body.setattr(1, { mode: 0o600 }),
  SYMLINK: Buffer.from('a\0b\0'),
  MKNOD: Buffer.concat([body.mknod(0o100600), cString('a')]),
  MKDIR: Buffer.concat([body.mkdir(0o700), cString('a')]),
  UNLINK: cString('a'),
  RMDIR: cString('a'),
  RENAME: Buffer.concat([body.rename(1), Buffer.from('a\0b\0')]),
  LINK: Buffer.concat([body.link(1), cString('a')]),
  OPEN: body.open(0),
  READ: body.read(1, 0, 8),
  WRITE: body.write(1, 0, Buffer.from('data')),
  RELEASE: body.release(1),
  FSYNC: body.fsync(1),
  SETXATTR: body.setxattr('user.a', Buffer.from('x')),
  GETXATTR: body.getxattr('user.a', 8),
  LISTXATTR: body.listxattr(8),
  REMOVEXATTR: cString('user.a'),
  FLUSH: body.flush(1, 1),
  OPENDIR: body.open(0),
  READDIR: body.read(1, 0, 4096),
  RELEASEDIR: body.release(1),
  FSYNCDIR: body.fsync(1),
  GETLK: body.lock(1, 1, { start: 0, end: 1, type: 0 }),
  SETLK: body.lock(1, 1, { start: 0, end: 1, type: 0 }),
  SETLKW: body.lock(1, 1, { start: 0, end: 1, type: 0 }),
  ACCESS: body.access(4),
  CREATE: Buffer.concat([body.create(2, 0o600), cString('a')]),
  INTERRUPT: body.interrupt(1),
  BATCH_FORGET: body.batchForget([1, 1]),
  FALLOCATE: body.fallocate(1, 0, 8, 0),
  READDIRPLUS: body.read(1, 0, 4096),
  RENAME2: Buffer.concat([body.rename2(1, 0), Buffer.from('a\0b\0')]),
  LSEEK: body.lseek(1, 0, 3),
  STATX: body.statx(),
};

describe('the table of opcodes', () => {
  it('has a row for every opcode, and no other', () => {
    expect(NAMES.filter((name) => OPCODES[FUSE[name]]?.name !== name)).toEqual([]);
    expect(Object.keys(OPCODES)).toHaveLength(NAMES.length);
    for (const name of NAMES) expect(OPCODES[FUSE[name]]?.answered).toBe(!UNANSWERED.has(name));
  });
});

describe('a header that is wrong', () => {
  const header = { length: 40, opcode: FUSE.STATFS, unique: 8, nodeId: 1, uid: 0, gid: 0, pid: 0 };

  function answers(message: Buffer): Reply[] {
    const { kernel } = scripted();
    kernel.transport.sent.length = 0;
    kernel.transport.incoming.push(message);
    kernel.session.serve();
    const { sent } = kernel.transport;
    expect(kernel.fail('STATFS', 1)).toBe('OK');
    return sent.slice(0, -1).map((bytes) => new Reply(bytes));
  }

  it('is not answered when it is cut off: nobody knows whom to answer', () => {
    for (let length = 0; length < 40; length += 1) {
      expect(answers(inHeader(header).subarray(0, length))).toEqual([]);
    }
  });

  it.each([0, 39, 41, 2 ** 32 - 1])('is EIO when it announces %d bytes and has 40', (length) => {
    const [reply] = answers(inHeader({ ...header, length }));
    expect(errnoOf(reply!)).toBe('EIO');
    expect(reply!.unique).toBe(8n);
  });

  it('is not answered even so when its kind never is', () => {
    const message = inHeader({ ...header, length: 99, opcode: FUSE.FORGET });
    expect(answers(Buffer.concat([message, body.forget(1)]))).toEqual([]);
  });

  it.each([0, 7, 19, 54, 99, 4096, 2 ** 32 - 1])('is ENOSYS with opcode %d', (opcode) => {
    const [reply] = answers(inHeader({ ...header, opcode }));
    expect(errnoOf(reply!)).toBe('ENOSYS');
  });

  it('may have any number', () => {
    const unique = 2n ** 64n - 1n;
    expect(answers(inHeader({ ...header, unique }))[0]?.unique).toBe(unique);
  });
});

describe('a message that breaks off', () => {
  it.each(Object.keys(WHOLE) as OpcodeName[])('in %s calls nobody and is EINVAL', (name) => {
    const whole = WHOLE[name]!;
    for (let length = 0; length < whole.length; length += 1) {
      const all = scripted({ altStreams: true, userModeLock: true });
      const { kernel, script } = all;
      kernel.ask('OPEN', 1, body.open(2));
      kernel.ask('OPENDIR', 1, body.open(0));
      script.takeCalls();
      const unique = kernel.post(name, 1, whole.subarray(0, length));
      const replies = kernel.repliesTo(unique).map(errnoOf);
      expect(replies).toEqual(UNANSWERED.has(name) ? [] : ['EINVAL']);
      expect(script.takeCalls()).toEqual([]);
    }
  });
});

describe('a nonsense node', () => {
  const ofNode = NAMES.filter((name) => WHOLE[name] !== undefined && !UNANSWERED.has(name));
  // These go by their handle alone.
  const byHandle = new Set<OpcodeName>(['READ', 'WRITE', 'RELEASE', 'FSYNC', 'FLUSH', 'LSEEK']);
  for (const name of ['READDIR', 'READDIRPLUS', 'RELEASEDIR', 'FSYNCDIR'] as const)
    byHandle.add(name);
  for (const name of ['GETLK', 'SETLK', 'SETLKW', 'FALLOCATE'] as const) byHandle.add(name);

  it.each(ofNode)('or handle in %s is ESTALE or EBADF', async (name) => {
    for (const nonsense of [0n, 77n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      const { kernel, script } = scripted({ altStreams: true, userModeLock: true });
      const message = Buffer.from(WHOLE[name]!);
      if (byHandle.has(name)) message.writeBigUInt64LE(nonsense);
      const unique = kernel.post(name, nonsense, message);
      await settled();
      expect(errnoOf(kernel.reply(unique))).toBe(byHandle.has(name) ? 'EBADF' : 'ESTALE');
      expect(script.takeCalls()).toEqual([]);
    }
  });

  it('elsewhere in the message is ESTALE too', () => {
    const { kernel } = scripted();
    const names = [cString('a'), cString('b')];
    expect(kernel.fail('RENAME', 1, body.rename(77), ...names)).toBe('ESTALE');
    expect(kernel.fail('RENAME2', 1, body.rename2(77, 0), ...names)).toBe('ESTALE');
    expect(kernel.fail('LINK', 1, body.link(77), cString('a'))).toBe('ESTALE');
  });
});

/** Answers everything, sometimes later and sometimes not at all well. */
function anything(isAsync: boolean): DokanOperations {
  let turn = 0;
  const answer = <T>(value: T): T => {
    turn += 1;
    if (turn % 7 === 0) throw Object.assign(new Error('no'), { code: 'EACCES' });
    return (isAsync && turn % 3 === 0 ? Promise.resolve(value) : value) as T;
  };
  const info: FileInformation = { attributes: FileAttributes.NORMAL, size: 100, inode: 5 };
  const entries: FindEntry[] = [{ name: 'a', size: 1, inode: 5, linkCount: 2 }, { name: 'b' }];
  const nothing = (): void => answer(undefined);
  return {
    createFile: () => answer('opened' as const),
    // These two cannot fail.
    cleanup: () => (isAsync ? Promise.resolve() : undefined),
    closeFile: () => undefined,
    readFile: (_path, buffer) => answer(Math.min(buffer.length, 10)),
    writeFile: (_path, data) => answer(data.length),
    flushFileBuffers: nothing,
    getFileInformation: () => answer(info),
    findFiles: () => answer(entries),
    setFileAttributes: nothing,
    setFileTime: nothing,
    deleteFile: nothing,
    deleteDirectory: nothing,
    moveFile: nothing,
    setEndOfFile: nothing,
    setAllocationSize: nothing,
    lockFile: nothing,
    unlockFile: nothing,
    findStreams: () => answer([{ name: 's', size: 1 }]),
    readLink: () => answer('target'),
    createSymbolicLink: nothing,
    createHardLink: nothing,
    removeEntry: nothing,
    exchangeFiles: nothing,
    setZeroData: nothing,
    queryAllocatedRange: () => answer({ offset: 0, length: 10 }),
  };
}

const word = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 8, 0x80, 4096, 2 ** 31, 2 ** 32 - 1),
  fc.nat(2 ** 32 - 1),
);
const small = fc.oneof(fc.integer({ min: 0, max: 3 }), word);
const content = fc.oneof(
  fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(
      fc.array(small, { maxLength: 24 }),
      fc.constantFrom('', 'a\0', 'a\0b\0', 'user.a\0', 'x'),
    )
    .map(([words, text]) => Buffer.concat([u32(...words), Buffer.from(text)])),
  fc.constantFrom(...Object.values(WHOLE)),
);
const message = fc.record({
  opcode: fc.oneof(
    {
      weight: 9,
      arbitrary: fc.constantFrom(...Object.values(FUSE)).filter((code) => code !== FUSE.INIT),
    },
    { weight: 1, arbitrary: word },
  ),
  node: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 4 }) },
    { weight: 1, arbitrary: word },
  ),
  content,
  wrongLength: fc.oneof({ weight: 19, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: word }),
});

/** Every reply is whole, is to a request, and there is no second one. */
function checkReplies({ kernel }: Pick<Dispatched, 'kernel'>, asked: Set<bigint>): void {
  const seen = new Set<bigint>();
  for (const bytes of kernel.transport.sent) {
    const reply = new Reply(bytes);
    expect(reply.length).toBe(bytes.length);
    expect(asked.has(reply.unique)).toBe(true);
    expect(seen.has(reply.unique)).toBe(false);
    seen.add(reply.unique);
    expect(reply.errno).toBeGreaterThanOrEqual(0);
    expect(reply.errno).toBeLessThanOrEqual(133);
    if (reply.errno !== 0) expect(reply.length).toBe(16);
  }
}

describe('whatever the messages are', () => {
  it.each([false, true])(
    'nothing is thrown, and each has one whole reply at most (async: %s)',
    async (isAsync) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(message, { minLength: 1, maxLength: 25, size: 'max' }),
          async (messages) => {
            const options = { altStreams: true, userModeLock: true };
            const all = dispatched(anything(isAsync), options);
            const { kernel } = all;
            kernel.transport.sent.length = 0;
            const asked = new Set<bigint>();
            let unique = 1000n;
            for (const { opcode, node, content: rest, wrongLength } of messages) {
              unique += 2n;
              asked.add(unique);
              const length = 40 + rest.length + wrongLength;
              const head = inHeader({
                length,
                opcode,
                unique,
                nodeId: node,
                uid: 0,
                gid: 0,
                pid: 1,
              });
              kernel.transport.incoming.push(Buffer.concat([head, rest]));
              kernel.transport.onReadable();
            }
            for (let turn = 0; turn < 5; turn += 1) await settled();
            checkReplies(all, asked);
            expect(all.errors).toEqual([]);
            const waiting = messages.filter(({ opcode }) => opcode === FUSE.SETLKW).length;
            const answered = messages.filter(({ opcode }) => OPCODES[opcode]?.answered !== false);
            // A lock may be waited for to the end of time; everything else has its answer by now.
            expect(kernel.transport.sent.length).toBeGreaterThanOrEqual(answered.length - waiting);
            expect(kernel.session.waitingCount).toBeLessThanOrEqual(waiting);
            kernel.ask('DESTROY', 0);
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  it('garbage without any sense is survived', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isMounted) => {
        const script = new ScriptedTarget();
        const kernel = new Kernel(script.target);
        if (isMounted) kernel.init();
        kernel.transport.sent.length = 0;
        kernel.transport.incoming.push(Buffer.from(bytes));
        kernel.transport.onReadable();
        expect(kernel.transport.sent.length).toBeLessThanOrEqual(1);
        for (const sent of kernel.transport.sent) expect(new Reply(sent).errno).not.toBe(0);
        expect(script.takeCalls().length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it('the largest counts and offsets are survived', () => {
    const { kernel } = scripted();
    const most = 2n ** 64n - 1n;
    kernel.post('BATCH_FORGET', 0, u32(2 ** 32 - 1, 0), zeros(1000));
    kernel.post('FORGET', 1, u64(most));
    expect(kernel.fail('GETATTR', 1, body.getattr(0xffff_ffff, most))).toBe('OK');
    expect(kernel.fail('SETATTR', 1, Buffer.alloc(88, 0xff))).toBe('EFBIG');
  });
});
