import { describe, expect, it } from 'vitest';
import { errnoTable } from '../../../lib/errno_table.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import {
  ALL_FLAGS,
  dispatched,
  errnoOf,
  Kernel,
  known,
  opened,
  ScriptedTarget,
  settled,
  type Scripted,
} from './harness.js';
import { body, cString } from './kernel.js';

/** linux/fuse.h. */
const DIRECT_IO = 1;
const KEEP_CACHE = 2;
const PARALLEL_DIRECT_WRITES = 64;
const PASSTHROUGH = 128;
const TO_US = PASSTHROUGH | DIRECT_IO | PARALLEL_DIRECT_WRITES;

const O_RDONLY = 0;
const O_RDWR = 2;
const SET_USER_ID = 0o104755;

interface Opened {
  readonly handle: number;
  readonly flags: number;
  readonly id: number;
}

/** Opens a file whose data are behind a descriptor, or behind none. */
function open(all: Scripted, node: number, fd: number | undefined, flags = O_RDWR): Opened {
  all.script.backingFd = fd;
  const reply = all.kernel.ask('OPEN', node, body.open(flags));
  return { handle: reply.u64(0), flags: reply.u32(8), id: reply.u32(12) };
}

function close(all: Scripted, node: number, { handle }: { handle: number }): void {
  all.kernel.ask('RELEASE', node, body.release(handle));
}

/** A session on a kernel that passes through. */
function passing(options: Partial<SessionOptions> = {}): Scripted {
  const script = new ScriptedTarget();
  const kernel = new Kernel(script.target, options);
  kernel.init(45, ALL_FLAGS, -1);
  script.takeCalls();
  return { kernel, script };
}

function scene(options: Partial<SessionOptions> = {}): Scripted & { node: number } {
  const all = passing(options);
  return { ...all, node: known(all, 'a') };
}

describe('a file that the kernel reads and writes itself', () => {
  it('has one number for all opens, and none when they are closed', () => {
    const all = scene();
    const { transport } = all.kernel;
    transport.fileOf.set(21, 20);
    const first = open(all, all.node, 20);
    const second = open(all, all.node, 21, O_RDONLY);
    expect([first.flags, second.flags]).toEqual([PASSTHROUGH, PASSTHROUGH]);
    expect(second.id).toBe(first.id);
    expect(transport.passings).toBe(1);
    close(all, all.node, first);
    expect(transport.passed.size).toBe(1);
    close(all, all.node, second);
    expect(transport.passed.size).toBe(0);
    expect(transport.served.size).toBe(0);
    const third = open(all, all.node, 20);
    expect(third.flags).toBe(PASSTHROUGH);
    expect(third.id).not.toBe(first.id);
  });

  it('is one that was just created, too', () => {
    const all = scene();
    all.script.backingFd = 7;
    all.script.createResult = 'created';
    const reply = all.kernel.ask('CREATE', 1, body.create(O_RDWR, 0o644, 0, 0), cString('new'));
    expect([reply.u32(136), reply.u32(140)]).toEqual([PASSTHROUGH, 1]);
  });

  it('goes back with an answer that nobody took', () => {
    const all = scene();
    const { transport } = all.kernel;
    transport.sendResult = -errnoTable.ENOENT;
    open(all, all.node, 20);
    expect(transport.passed.size).toBe(0);
  });

  it('is none when the option says no', () => {
    const all = scene({ passthrough: false, keepCache: true });
    const { transport } = all.kernel;
    const first = open(all, all.node, 20);
    expect(first).toMatchObject({ flags: KEEP_CACHE, id: 0 });
    expect(transport.passings).toBe(0);
    expect([...transport.served]).toEqual([[first.handle, { fd: 20, mayExtend: false }]]);
    close(all, all.node, first);
    expect(transport.served.size).toBe(0);
  });

  it('is none without a page cache of ours that could be asked for: writebackCache', () => {
    const all = scene({ writebackCache: true });
    const { handle, flags } = open(all, all.node, 20);
    expect(flags).toBe(0);
    expect(all.kernel.transport.served.get(handle)).toEqual({ fd: 20, mayExtend: true });
  });

  it.each(['EPERM', 'ENOTTY'] as const)('is asked for once when that is %s', (name) => {
    const all = scene();
    const { transport } = all.kernel;
    transport.passthroughError = -errnoTable[name];
    const first = open(all, all.node, 20);
    open(all, known(all, 'b'), 21);
    expect(first).toMatchObject({ flags: 0, id: 0 });
    expect(transport.passings).toBe(1);
    expect(transport.served.size).toBe(2);
  });

  it.each(['ELOOP', 'ENFILE', 'EOPNOTSUPP'] as const)('%s is about one file', (name) => {
    const all = scene();
    const { transport } = all.kernel;
    transport.passthroughError = -errnoTable[name];
    expect(open(all, all.node, 20).flags).toBe(0);
    transport.passthroughError = 0;
    expect(open(all, known(all, 'b'), 21).flags).toBe(PASSTHROUGH);
  });

  it('loses set-user-ID when it is written: such an open comes to us', () => {
    const all = passing();
    const node = known(all, 'a', { size: 1, mode: SET_USER_ID });
    expect(open(all, node, 20, O_RDWR).flags).toBe(0);
    const reading = known(all, 'b', { size: 1, mode: SET_USER_ID });
    expect(open(all, reading, 21, O_RDONLY).flags).toBe(PASSTHROUGH);
    expect(open(all, reading, 21, O_RDWR).flags).toBe(TO_US);
  });
});

describe('a node whose opens go different ways', () => {
  it('stays with the page cache while somebody uses that', () => {
    const all = scene();
    const cached = open(all, all.node, undefined);
    const second = open(all, all.node, 20);
    expect([cached.flags, second.flags]).toEqual([0, 0]);
    expect([...all.kernel.transport.served.keys()]).toEqual([second.handle]);
    close(all, all.node, cached);
    // The second one may use it still.
    expect(open(all, all.node, 20).flags).toBe(0);
  });

  it('passed through, has opens without a descriptor come to us', () => {
    const all = scene();
    const first = open(all, all.node, 20);
    const second = open(all, all.node, undefined);
    expect(second).toMatchObject({ flags: TO_US, id: first.id });
    expect(all.kernel.transport.served.size).toBe(0);
    close(all, all.node, first);
    expect(all.kernel.transport.passed.size).toBe(1);
    close(all, all.node, second);
    expect(all.kernel.transport.passed.size).toBe(0);
  });

  it('serves an open of another file, of the same identity, from that', () => {
    const all = scene();
    const first = open(all, all.node, 20);
    all.script.backingFd = 30;
    const second = all.kernel.ask('OPEN', all.node, body.open(O_RDWR));
    expect([second.u32(8), second.u32(12)]).toEqual([TO_US, first.id]);
    expect(all.kernel.transport.served.get(second.u64(0))?.fd).toBe(30);
  });

  it.each(['at once', 'later'])(
    'looks a path up anew that has another file by now, %s',
    async (when) => {
      const all = passing();
      const node = known(all, 'a', { size: 1, inode: 11 });
      open(all, node, 20);
      all.script.isAsync = when === 'later';
      all.script.backingFd = 30;
      all.script.answers.getFileInformation = { size: 2, inode: 12 };
      all.script.takeCalls();
      const asked = all.kernel.post('OPEN', node, body.open(O_RDWR));
      await settled();
      expect(errnoOf(all.kernel.reply(asked))).toBe('ESTALE');
      expect(all.script.takeNames()).toEqual([
        'createFile',
        'getFileInformation',
        'cleanup',
        'closeFile',
      ]);
      all.script.isAsync = false;
      all.script.answers.queryOpen = { size: 2, inode: 12 };
      const found = all.kernel.ask('LOOKUP', 1, cString('a')).u64(0);
      expect(found).not.toBe(node);
      expect(open(all, found, 30).flags).toBe(PASSTHROUGH);
    },
  );
});

describe('a descriptor that cannot be used', () => {
  it.each<[string, unknown, number, RegExp]>([
    ['a directory', 5, -errnoTable.EISDIR, /given 5 \(number\): a directory/],
    ['one that is not open', 5, -errnoTable.EBADF, /: no open descriptor/],
    ['a device', 5, -errnoTable.EINVAL, /no regular file/],
    ['one that is not open for writing', 5, -errnoTable.EACCES, /not open for reading or writing/],
    ['a negative number', -1, 0, /given -1/],
    ['a fraction', 1.5, 0, /given 1.5/],
    ['a text', '5', 0, /given "5"/],
    ['null', null, 0, /given null/],
  ])('%s is reported, and the open served all the same', (_what, given, error, message) => {
    const { kernel, errors } = dispatched({
      createFile(_path, _request, file) {
        file.backingFd = given as number;
        return 'opened';
      },
      getFileInformation: () => ({ size: 3 }),
      readFile: (_path, buffer) => buffer.write('abc'),
    });
    if (error !== 0) kernel.transport.wrongDescriptors.set(5, error);
    const node = kernel.ask('LOOKUP', 1, cString('a')).u64(0);
    const reply = kernel.ask('OPEN', node, body.open(O_RDONLY));
    expect(reply.u32(8)).toBe(0);
    expect(kernel.transport.served.size).toBe(0);
    const read = kernel.ask('READ', node, body.read(reply.u64(0), 0, 10));
    expect(read.body.toString()).toBe('abc');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ callback: 'createFile', path: '/a' });
    expect(errors[0]?.cause).toMatchObject({ code: 'ERR_INVALID_ANSWER' });
    expect(errors[0]?.message).toMatch(message);
  });

  it('nor has the process one to spare: JavaScript serves', () => {
    const all = scene({ passthrough: false });
    all.kernel.transport.serveError = -errnoTable.EMFILE;
    const first = open(all, all.node, 20);
    all.script.answers.readFile = 0;
    all.kernel.ask('READ', all.node, body.read(first.handle, 0, 10));
    expect(all.script.reported).toEqual([]);
  });
});

describe('a session', () => {
  it('goes on when a request was answered below it', () => {
    const all = scene();
    const handle = opened(all, all.node);
    all.script.answers.readFile = 0;
    const receive = all.kernel.transport.receive.bind(all.kernel.transport);
    let below = 3;
    all.kernel.transport.receive = (buffer, spin) => {
      below -= 1;
      return below >= 0 ? 0 : receive(buffer, spin);
    };
    all.kernel.ask('READ', all.node, body.read(handle, 0, 10));
    expect(below).toBeLessThan(0);
  });

  it('has written what was asked for when nothing is under way below it', async () => {
    const { kernel } = passing();
    kernel.transport.requestsBelow = 1;
    expect(kernel.session.isWaitedFor).toBe(true);
    let done = false;
    const written = kernel.session.written().then(() => (done = true));
    await settled();
    expect(done).toBe(false);
    kernel.transport.requestsBelow = 0;
    await written;
    expect(kernel.session.isWaitedFor).toBe(false);
  });
});
