import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FuseDevice, SharedNodes, ThreadDevice } from '../../lib/hosts/addon.js';
import { eventually } from '../support/eventually.js';
import { Posix } from '../support/posix.js';
import {
  addon,
  attributesBody,
  entryBody,
  initBody,
  MNT_DETACH,
  mountPointIn,
  Opcode,
  opcode,
  replyHeader,
  ROOT,
  testDirectory,
} from './support.js';

const EAGAIN = -11;
const ECONNABORTED = -103;
const EIO = -5;
const UNLINK = 10;
const OPENDIR = 27;
const RELEASEDIR = 29;
const ACCESS = 34;
const READDIRPLUS = 44;
/** Of INIT. */
const DO_READDIRPLUS = 1 << 13;
const ROOT_ID = 1;
const FILE = 0o100644;
const READS = 1;
const WRITES = 2;

/** What of the kernel's questions comes to which of two threads, both of which this one plays. */
describe('threads that serve one device', () => {
  const buffer = Buffer.alloc(1 << 18);
  let point: string;
  let device: FuseDevice;
  let one: ThreadDevice;
  let two: ThreadDevice;
  let nodes: SharedNodes;
  let client: Posix;

  beforeEach(async () => {
    point = mountPointIn(testDirectory());
    const request = { mountPoint: point, source: 'test', type: 'fuse.test', flags: 0, data: '' };
    device = await addon.mountDirect(request);
    const id = device.share(false);
    [one, two] = [addon.joinThreads(id), addon.joinThreads(id)];
    nodes = one.nodes();
    client = new Posix();
    expect(opcode(await taken(one))).toBe(Opcode.Init);
    const init = initBody();
    init.writeUInt32LE(DO_READDIRPLUS, 12);
    answer(one, init);
  });

  afterEach(async () => {
    await addon.unmountDirect(point, MNT_DETACH).catch(() => undefined);
    // Whoever still waits gets an error, and can be ended.
    one.close();
    two.close();
    device.close();
    await client.kill();
  });

  /** The next request that is that thread's. */
  function taken(thread: ThreadDevice): Promise<Buffer> {
    return eventually('a request', () => {
      const length = thread.receive(buffer, 0);
      return length > 0 && buffer.subarray(0, length);
    });
  }

  /** Answers the request that was taken last. */
  function answer(thread: ThreadDevice, body: Buffer, error = 0): void {
    const reply = Buffer.concat([replyHeader(buffer, body.length, error), body]);
    expect(thread.send(reply, reply.length)).toBeGreaterThanOrEqual(0);
  }

  /** An entry of a reply to READDIRPLUS. */
  function direntPlus(name: string, id: number): Buffer {
    const entry = entryBody({ inode: id, mode: FILE, size: 10, mtime: 0 });
    const dirent = Buffer.alloc(Math.ceil((24 + name.length) / 8) * 8);
    dirent.writeUInt32LE(1);
    dirent.writeUInt32LE(name.length, 16);
    dirent.write(name, 24);
    return Buffer.concat([id === 0 ? Buffer.alloc(entry.length) : entry, dirent]);
  }

  /** Lets a thread read a request, which it has to hand on. */
  async function handedOn(thread: ThreadDevice): Promise<void> {
    await eventually('the request to be handed on', () => {
      expect(thread.receive(buffer, 0)).toBe(EAGAIN);
      return device.isWaitedFor();
    });
  }

  /** A node of the file `/file`. */
  function enter(): { id: number; generation: number } {
    const id = nodes.enter(ROOT_ID, 0, 'file', 7, undefined, 1, FILE)!;
    return { id, generation: nodes.results[0] ?? 0 };
  }

  /** Has the client open the file; that thread answers. @returns the descriptor */
  async function open(
    thread: ThreadDevice,
    node: { id: number; generation: number },
    flags: 'RDONLY' | 'RDWR',
  ): Promise<number> {
    const opening = client.open(join(point, 'file'), flags);
    let request = await taken(thread);
    if (opcode(request) === Opcode.Lookup) {
      answer(thread, entryBody({ inode: node.id, mode: FILE, size: 10, mtime: 0 }));
      request = await taken(thread);
    }
    expect(opcode(request)).toBe(Opcode.Open);
    const handle = Buffer.alloc(16);
    handle.writeUInt32LE(4096 + thread.thread);
    answer(thread, handle);
    const ways = flags === 'RDWR' ? READS | WRITES : READS;
    nodes.addOpen(node.id, node.generation, thread.thread, ways);
    return opening;
  }

  it('trap: an unlinked file is opened once more by the thread that has it open in that way', async () => {
    const node = enter();
    await open(one, node, 'RDONLY');
    const fd = await open(two, node, 'RDWR');
    nodes.unlink(ROOT_ID, 0, 'file');
    const again = client.open(`/proc/self/fd/${fd}`, 'RDWR');
    await handedOn(one);
    expect(opcode(await taken(two))).toBe(Opcode.Open);
    answer(two, Buffer.alloc(16));
    await again;
    // For reading, the open of the first is as good.
    const reading = client.open(`/proc/self/fd/${fd}`, 'RDONLY');
    expect(opcode(await taken(one))).toBe(Opcode.Open);
    answer(one, Buffer.alloc(16));
    await reading;
  });

  it('trap: who may use an unlinked file is asked of a thread that has it open', async () => {
    const node = enter();
    const fd = await open(two, node, 'RDONLY');
    nodes.unlink(ROOT_ID, 0, 'file');
    const asking = client.access(`/proc/self/fd/${fd}`, 4);
    await handedOn(one);
    expect(opcode(await taken(two))).toBe(ACCESS);
    answer(two, Buffer.alloc(0));
    await asking;
  });

  it('take back what they have not told the kernel when they end', async () => {
    const first = client.stat(join(point, 'file'));
    expect(opcode(await taken(one))).toBe(Opcode.Lookup);
    const told = enter();
    answer(one, entryBody({ inode: told.id, mode: FILE, size: 10, mtime: 0 }));
    await first;
    const second = client.stat(join(point, 'other'));
    second.catch(() => undefined);
    expect(opcode(await taken(one))).toBe(Opcode.Lookup);
    const untold = nodes.enter(ROOT_ID, 0, 'other', 8, undefined, 1, FILE)!;
    const generation = nodes.results[0]!;
    nodes.know(untold, generation);
    nodes.know(told.id, told.generation);
    const left = two.nodes();
    one.close();
    expect(left.find(untold)).toBe(-1);
    expect(left.lookups(told.id, told.generation)).toBe(1);
    // Whoever tries to take back once more what never got there takes back nothing.
    nodes.forget(told.id, told.generation, 1);
    expect(left.lookups(told.id, told.generation)).toBe(1);
    await expect(second).rejects.toMatchObject({ code: 'EIO' });
  });

  it('know what of a listing the kernel was told', async () => {
    const listing = client.names(point);
    expect(opcode(await taken(one))).toBe(OPENDIR);
    const handle = Buffer.alloc(16);
    handle.writeUInt32LE(4096 + one.thread);
    answer(one, handle);
    let request = await taken(one);
    if (opcode(request) === Opcode.Getattr) {
      answer(one, attributesBody(ROOT));
      request = await taken(one);
    }
    expect(opcode(request)).toBe(READDIRPLUS);
    const ids = ['a', 'three', 'b'].map((name, inode) =>
      nodes.enter(ROOT_ID, 0, name, inode, undefined, 1, FILE)!,
    );
    const [a = 0, untold = 0, b = 0] = ids;
    answer(one, Buffer.concat([direntPlus('a', a), direntPlus('none', 0), direntPlus('b', b)]));
    expect(opcode(await taken(one))).toBe(READDIRPLUS);
    answer(one, Buffer.alloc(0));
    expect(opcode(await taken(one))).toBe(RELEASEDIR);
    answer(one, Buffer.alloc(0));
    expect((await listing).sort()).toEqual(['a', 'b', 'none']);
    const left = two.nodes();
    one.close();
    expect([a, untold, b].map((id) => left.find(id) >= 0)).toEqual([true, false, true]);
  });

  it('forget at once what the kernel forgets', async () => {
    const asking = client.stat(join(point, 'file'));
    await taken(one);
    const node = enter();
    answer(one, entryBody({ inode: node.id, mode: FILE, size: 10, mtime: 0 }));
    await asking;
    const removing = client.unlink(join(point, 'file'));
    expect(opcode(await taken(two))).toBe(UNLINK);
    nodes.unlink(ROOT_ID, 0, 'file');
    answer(two, Buffer.alloc(0));
    await removing;
    // Nobody gets to see the message: who has read it could die before it has done what it says.
    await eventually('the node to be gone', () => {
      expect(two.receive(buffer, 0)).toBe(EAGAIN);
      return nodes.find(node.id) === -1;
    });
  });

  it('get nothing any more once the volume has ended, though their descriptors stay theirs', async () => {
    const asking = client.stat(join(point, 'file'));
    asking.catch(() => undefined);
    expect(opcode(await taken(one))).toBe(Opcode.Lookup);
    device.close();
    // They hold the connection no longer, or whoever waits would wait for them.
    await expect(asking).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTCONN|ECONNABORTED)$/) as unknown,
    });
    for (const thread of [one, two]) expect(thread.receive(buffer, 0)).toBe(ECONNABORTED);
    // The loop of one that has not begun to watch it can still do so, and learns of the end.
    const told = new Promise<void>((resolve) => two.start(resolve));
    await told;
    expect(two.receive(buffer, 0)).toBe(ECONNABORTED);
    const reply = replyHeader(buffer, 0, EIO);
    expect(two.send(reply, reply.length)).toBeLessThan(0);
  });
});
