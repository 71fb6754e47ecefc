import { execFile, execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { FuseDevice } from '../../lib/hosts/addon.js';
import { eventually } from '../support/eventually.js';
import {
  MNT_DETACH,
  MNT_FORCE,
  Opcode,
  ROOT,
  addon,
  attributesBody,
  count,
  entryBody,
  initBody,
  mountPointIn,
  mountsAt,
  opcode,
  replyHeader,
  runProgramOnOneProcessor,
  serve,
  testDirectory,
} from './support.js';

const EAGAIN = -11;

function mountAt(mountPoint: string, data = ''): Promise<FuseDevice> {
  return addon.mountDirect({ mountPoint, source: 'test', type: 'fuse.test', flags: 0, data });
}

/** How many threads of this process are in a state: 'D' is an uninterruptible wait. */
function tasksIn(state: string): number {
  return readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/stat`, 'utf8').includes(`) ${state} `);
    } catch {
      return false; // It ended meanwhile.
    }
  }).length;
}

describe('mountDirect', () => {
  it('mounts, names the mount, and receives INIT', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    expect(device.fd).toBeGreaterThan(2);
    expect(device.mountPoint).toBe(point);
    expect(mountsAt(point)).toEqual([{ device: device.deviceNumber, type: 'fuse.test' }]);
    const buffer = Buffer.alloc(1 << 20);
    expect(device.receive(buffer, 0)).toBeGreaterThanOrEqual(40 + 16);
    expect(opcode(buffer)).toBe(Opcode.Init);
    expect(device.receive(buffer, 0)).toBe(EAGAIN);
    device.close();
    expect(mountsAt(point)).toHaveLength(1); // close() does not detach
    await addon.unmountDirect(point, MNT_DETACH);
    expect(mountsAt(point)).toEqual([]);
  });

  it('resolves links and finds mount points with odd names', async () => {
    const directory = testDirectory();
    const odd = mountPointIn(directory, 'a b\\c\td');
    symlinkSync(odd, join(directory, 'link'));
    const device = await mountAt(join(directory, 'link'));
    expect(device.mountPoint).toBe(odd);
    expect(mountsAt(odd).map((mount) => mount.device)).toEqual([device.deviceNumber]);
    await addon.unmountDirect(odd, MNT_DETACH);
    device.close();
  });

  it('takes the topmost of stacked mounts', async () => {
    const point = mountPointIn(testDirectory());
    execFileSync('mount', ['-t', 'tmpfs', 'none', point]);
    const lower = await mountAt(point);
    expect(mountsAt(point).at(-1)?.device).toBe(lower.deviceNumber);
    serve(lower); // Mounting on it asks for its root's attributes.
    const upper = await mountAt(point);
    expect(upper.deviceNumber).not.toBe(lower.deviceNumber);
    expect(mountsAt(point).at(-1)?.device).toBe(upper.deviceNumber);
    expect(mountsAt(point)).toHaveLength(3);
    upper.close();
    lower.close();
  });

  it('rejects with the errno, the call and the path', async () => {
    const directory = testDirectory();
    const missing = join(directory, 'missing');
    await expect(mountAt(missing)).rejects.toMatchObject({
      code: 'ENOENT',
      errno: 2,
      syscall: 'mount',
      path: missing,
      message: `ENOENT: no such file or directory, mount '${missing}'`,
    });
    const point = mountPointIn(directory);
    await expect(mountAt(point, 'no_such_option')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(mountAt(point, 'x'.repeat(4000))).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(mountAt(`${point}\0`)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(addon.mountDirect({} as never)).rejects.toThrow(TypeError);
    expect(mountsAt(point)).toEqual([]);
    await expect(addon.unmountDirect(point, 0)).rejects.toMatchObject({
      code: 'EINVAL',
      errno: 22,
      syscall: 'umount',
      path: point,
    });
  });

  it('leaks no descriptor and no thread', async () => {
    const point = mountPointIn(testDirectory());
    const cycle = async (): Promise<void> => {
      const device = await mountAt(point);
      device.start(() => undefined);
      device.notify(Buffer.alloc(16));
      await addon.unmountDirect(point, MNT_DETACH);
      device.close();
    };
    await cycle();
    await eventually('the first threads are gone', () => count('task') < 20);
    const before = { fd: count('fd'), task: count('task') };
    for (let index = 0; index < 50; index++) await cycle();
    await eventually('as many descriptors as before', () => count('fd') <= before.fd);
    await eventually('as many threads as before', () => count('task') <= before.task);
  });
});

describe('receive and send', () => {
  it('serves a request of another process', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const opcodes = serve(device);
    const { stdout } = await promisify(execFile)('stat', ['-c', '%Y %a', point]);
    expect(stdout).toBe('1234567 755\n');
    expect(opcodes).toEqual([Opcode.Init, Opcode.Getattr]);
    await addon.unmountDirect(point, 0); // while this thread serves
    device.close();
  });

  it('refuses what is no buffer or too short', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    expect(device.receive(Buffer.alloc(100), 0)).toBe(-22);
    const detached = new Uint8Array(65536);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(device.receive(detached, 0)).toBe(-14);
    expect(device.send(detached, 0)).toBe(-14);
    const head = Buffer.alloc(16);
    expect(device.sendParts(head, 16, detached, 1)).toBe(-14);
    const buffer = Buffer.alloc(65536);
    expect(device.exchangeParts(head, 16, detached, 1, buffer, 0)).toBe(-4096 - 14);
    expect(device.exchangeParts(head, 16, head, 17, buffer, 0)).toBe(-4096 - 22);
    expect(() => device.exchangeParts(head, 16, 'x' as never, 1, buffer, 0)).toThrow(TypeError);
    expect(device.send(head, 17)).toBe(-22);
    expect(device.send(head, -1)).toBe(-22);
    expect(device.exchange(detached, 0, head, 0)).toBe(-4096 - 14);
    expect(device.exchange(head, 17, head, 0)).toBe(-4096 - 22);
    expect(() => device.exchange(head, 1, 'x' as never, 0)).toThrow(TypeError);
    expect(device.sendParts(head, 17, head, 1)).toBe(-22);
    expect(device.sendParts(head, 1, head, 17)).toBe(-22);
    expect(device.sendParts(head, 1, head, NaN)).toBeLessThan(0);
    expect(() => device.receive('x' as never, 0)).toThrow(TypeError);
    expect(() => device.receive(new Int8Array(65536) as never, 0)).toThrow(TypeError);
    expect(() => device.send(head, '1' as never)).toThrow(/Expected a number for 'length'/);
    const { receive } = device as unknown as {
      receive: (this: unknown, ...args: unknown[]) => number;
    };
    expect(() => receive.call({}, head, 0)).toThrow(TypeError);
    const constructor = device.constructor as new () => FuseDevice;
    expect(() => new constructor()).toThrow(TypeError);
    // INIT is still there: nothing above has taken it.
    expect(device.receive(buffer, 0)).toBeGreaterThan(0);
    device.close();
  });

  it('can be one call, which takes nothing when the reply is not taken', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const buffer = Buffer.alloc(1 << 18);
    // No request has that number.
    const stray = Buffer.alloc(16);
    stray.writeUInt32LE(16, 0);
    stray.writeUInt32LE(4711, 8);
    expect(device.exchange(stray, 16, buffer, 0)).toBe(-4096 - 2);
    const detached = new Uint8Array(65536);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(device.receive(buffer, 0)).toBeGreaterThan(0);
    expect(opcode(buffer)).toBe(Opcode.Init);
    const body = initBody();
    const reply = Buffer.concat([replyHeader(buffer, body.length), body]);
    expect(device.exchange(reply, reply.length, detached, 0)).toBe(-14);
    const asking = promisify(execFile)('stat', ['-c', '%Y %a', point]);
    await eventually('a request', () => device.receive(buffer, 0) > 0);
    expect(opcode(buffer)).toBe(Opcode.Getattr);
    const attributes = attributesBody(ROOT);
    const answer = Buffer.concat([replyHeader(buffer, attributes.length), attributes]);
    expect(device.exchange(answer, answer.length, buffer, 0)).toBe(EAGAIN);
    expect((await asking).stdout).toBe('1234567 755\n');
    const again = promisify(execFile)('stat', ['-c', '%Y %a', point]);
    await eventually('a request', () => device.receive(buffer, 0) > 0);
    const head = replyHeader(buffer, attributes.length);
    // Memory that threads share.
    const shared = new Uint8Array(new SharedArrayBuffer(attributes.length));
    shared.set(attributes);
    expect(device.exchangeParts(head, 16, shared, shared.length, detached, 0)).toBe(-14);
    expect((await again).stdout).toBe('1234567 755\n');
    await addon.unmountDirect(point, MNT_DETACH);
    device.close();
  });

  it('spins for the time asked for', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const buffer = Buffer.alloc(65536);
    device.receive(buffer, 0);
    // Others may want the processor now and then: then it ends sooner, or later.
    await eventually('a look of 5 to 20 ms', () => {
      const start = process.hrtime.bigint();
      expect(device.receive(buffer, 5_000)).toBe(EAGAIN);
      const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
      return elapsed >= 5 && elapsed < 20;
    });
    device.close();
  });

  it('does not spin while another program wants the processor', async () => {
    const program = runProgramOnOneProcessor('looking', mountPointIn(testDirectory()));
    await program.line('left out');
    await program.line('looks again');
    expect(await program.ended).toMatchObject({ code: 0 });
  });

  it('is closed for good', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    device.start(() => undefined);
    device.close();
    device.close();
    device.stop();
    device.ref();
    device.unref();
    const buffer = Buffer.alloc(65536);
    expect(device.fd).toBe(-1);
    expect(device.receive(buffer, 1000)).toBe(-9);
    expect(device.send(buffer, 16)).toBe(-9);
    expect(device.exchange(buffer, 16, buffer, 0)).toBe(-4096 - 9);
    expect(device.notify(buffer)).toBe(false);
    expect(() => {
      device.start(() => undefined);
    }).toThrow(/EBADF/);
  });
});

describe('start', () => {
  it('calls back with ticks and promise jobs after it', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const order: string[] = [];
    const buffer = Buffer.alloc(65536);
    await new Promise<void>((resolve) => {
      device.start(() => {
        device.receive(buffer, 0);
        process.nextTick(() => order.push('tick'));
        void Promise.resolve().then(() => {
          order.push('job');
          resolve();
        });
        order.push('callback');
      });
    });
    expect(order).toEqual(['callback', 'tick', 'job']);
    device.close();
  });

  it('stops, starts again, and takes another callback', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    let first = 0;
    device.start(() => first++);
    device.stop();
    device.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(first).toBe(0);
    await new Promise<void>((resolve) => {
      device.start(() => {
        device.stop();
        resolve();
      });
    });
    expect(first).toBe(0);
    expect(() => {
      device.start(undefined as never);
    }).toThrow(TypeError);
    device.close();
  });

  it('does not tell of requests that were taken for it once it has stopped', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    serve(device);
    await promisify(execFile)('stat', [point]);
    const asking = spawn('stat', [point], { stdio: 'ignore' });
    const answered = new Promise((resolve) => asking.once('close', resolve));
    // This thread waits, so that another one looks what is there. Where that takes longer there is
    // nothing to tell of.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    device.stop();
    let told = 0;
    device.start(() => told++);
    device.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toBe(0);
    serve(device);
    expect(await answered).toBe(0);
    await addon.unmountDirect(point, MNT_DETACH);
    device.close();
  });

  it('tells of an unmount, once', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const buffer = Buffer.alloc(65536);
    device.receive(buffer, 0);
    const results: number[] = [];
    device.start(() => results.push(device.receive(buffer, 0)));
    await addon.unmountDirect(point, MNT_DETACH);
    await eventually('the callback', () => results.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(results).toEqual([-19]);
    device.close();
  });

  it('tells of an aborted connection', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const buffer = Buffer.alloc(65536);
    device.receive(buffer, 0);
    const results: number[] = [];
    device.start(() => results.push(device.receive(buffer, 0)));
    await addon.unmountDirect(point, MNT_FORCE);
    await eventually('the callback', () => results.length > 0);
    expect([-19, -103]).toContain(results[0]);
    device.close();
  });

  it('may close the device from its callback', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    await new Promise<void>((resolve) => {
      device.start(() => {
        device.close();
        resolve();
      });
    });
    expect(device.fd).toBe(-1);
  });
});

describe('notify', () => {
  const invalidate = Buffer.alloc(16 + 24);
  invalidate.writeUInt32LE(invalidate.length, 0);
  invalidate.writeInt32LE(2, 4); // FUSE_NOTIFY_INVAL_INODE
  invalidate.writeBigUInt64LE(77n, 16); // a node nobody knows

  it('is taken while the device lives, and not after', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const opcodes = serve(device);
    await eventually('INIT', () => opcodes.length > 0);
    for (let index = 0; index < 1000; index++) expect(device.notify(invalidate)).toBe(true);
    await addon.unmountDirect(point, MNT_DETACH);
    await eventually('notifications are refused', () => !device.notify(invalidate));
    device.close();
    expect(device.notify(invalidate)).toBe(false);
    expect(() => device.notify(1 as never)).toThrow(TypeError);
  });

  it('does not hold the device open when the kernel holds a notification', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    const file = { inode: 2, mode: 0o100644, size: 4096, mtime: 0 };
    const opcodes = serve(device, {
      [Opcode.Lookup]: () => entryBody(file),
      [Opcode.Open]: () => Buffer.alloc(16),
      [Opcode.Read]: () => undefined, // never answered: its page stays locked
    });
    const reader = spawn('cat', [join(point, 'file')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => reader.on('close', resolve));
    try {
      await eventually('READ', () => opcodes.includes(Opcode.Read));
      const wait = Buffer.from(invalidate);
      wait.writeBigUInt64LE(2n, 16);
      expect(device.notify(wait)).toBe(true);
      await eventually('the kernel holds the writing thread', () => tasksIn('D') === 1);
    } finally {
      device.close(); // Else this process could not even be killed.
    }
    expect(await ended).toBe(1); // The read failed instead of hanging for ever.
    expect(tasksIn('D')).toBe(0);
  });

  it('is bounded', async () => {
    const point = mountPointIn(testDirectory());
    const device = await mountAt(point);
    let taken = 0;
    // The writer empties the queue meanwhile; it cannot keep up for ever.
    while (device.notify(invalidate) && taken < 10_000_000) taken++;
    expect(taken).toBeGreaterThanOrEqual(65536);
    expect(taken).toBeLessThan(10_000_000);
    device.close();
  });
});
