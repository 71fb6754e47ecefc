import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MountOptions } from 'node-dokan';
import { eventually } from '../support/eventually.js';
import type { HostProcess } from './host_process.js';
import { client, errnoOf, mountPoint, startHost } from './place.js';

const MODULE = './own_bytes_module.mjs';
const SIZE = 2 ** 20;
const SPOILED = 255;

/** Bytes of a file from `offset` on. */
function pattern(offset: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (offset + index) % 251));
}

async function mounted(options: MountOptions): Promise<{ host: HostProcess; point: string }> {
  const host = await startHost();
  const point = mountPoint();
  await host.order('mountModule', 'one', point, MODULE, options);
  return { host, point };
}

describe.each([
  ['by one thread', { threads: 1 }],
  ['by one thread, without the page cache', { threads: 1, directIo: true }],
  ['by two threads', { threads: 2, directIo: true }],
  ['by two threads of a stateless file system', { threads: 2, stateless: true, directIo: true }],
])('reads answered with bytes of the file system, %s', (_how, options) => {
  it('arrive, whatever their size and place', async () => {
    const { host, point } = await mounted(options);
    const posix = client();
    for (const name of ['at-once', 'later', 'settled', 'shared']) {
      const fd = await posix.open(join(point, name), 'RDONLY');
      for (const [length, offset] of [
        [1, 0],
        [4096, 4096],
        [10_000, 3],
        [SIZE, 0],
        [SIZE, 200_000],
        [100, SIZE + 50],
        [100, SIZE + 100],
      ] as const) {
        const expected = pattern(offset, Math.max(0, Math.min(length, SIZE + 100 - offset)));
        const found = await posix.pread(fd, length, offset);
        expect(found.equals(expected), `${name}, ${length} at ${offset}`).toBe(true);
      }
      const direct = await posix.preadDirect(fd, SIZE, 0);
      expect(direct.equals(pattern(0, SIZE)), name).toBe(true);
      await posix.closeFd(fd);
    }
    expect(host.seen('error')).toEqual([]);
  });

  it('may be none, and are refused when they are none that can be sent', async () => {
    const { host, point } = await mounted({ ...options, directIo: true });
    const posix = client();
    for (const [name, mistake] of [
      ['none', undefined],
      ['too-long', /Uint8Array of no more but was given .*\(50001\)/],
      ['words', /Uint8Array of no more but was given Uint16Array/],
      ['taken', /whose memory was not taken away/],
    ] as const) {
      const fd = await posix.open(join(point, name), 'RDONLY');
      const result = await errnoOf(posix.pread(fd, 50_000, 0));
      expect(result, name).toBe(mistake === undefined ? 'ok' : 'EIO');
      await posix.closeFd(fd);
      if (mistake === undefined) continue;
      const path = `/${name}`;
      await eventually('an error', () => host.seen('error', path).length > 0);
      const messages = host.seen('error', path).map(({ message }) => message);
      expect(messages).toEqual([expect.stringMatching(mistake)]);
    }
    const fd = await posix.open(join(point, 'taken-later'), 'RDONLY');
    expect(await errnoOf(posix.pread(fd, 100_000, 0))).toBe('EIO');
    await posix.closeFd(fd);
    const alive = await posix.open(join(point, 'at-once'), 'RDONLY');
    expect(await posix.pread(alive, 3, 0)).toEqual(pattern(0, 3));
  });

  it.each(['fresh', 'fresh-later'])('are sent before they may change: %s', async (name) => {
    const { point } = await mounted({ ...options, directIo: true });
    const path = join(point, name);
    // Several at a time, so that the next request is there before a reply is sent.
    const readers = [client(), client()];
    const writers = [client(), client()];
    const values = new Set<number>();
    const read = async (posix: (typeof readers)[number]): Promise<void> => {
      const fd = await posix.open(path, 'RDONLY');
      for (let turn = 0; turn < 40; turn += 1) {
        const bytes = await posix.preadDirect(fd, SIZE, 0);
        expect(bytes).toHaveLength(SIZE);
        expect(bytes.equals(Buffer.alloc(SIZE, bytes[0]))).toBe(true);
        expect(bytes[0]).not.toBe(SPOILED);
        values.add(bytes[0]!);
      }
    };
    let isOver = false;
    const write = async (posix: (typeof writers)[number]): Promise<void> => {
      const fd = await posix.open(path, 'WRONLY');
      while (!isOver) await posix.pwrite(fd, 'x', 0);
    };
    const writing = name === 'fresh' ? writers.map(write) : [];
    await Promise.all(readers.map(read)).finally(() => (isOver = true));
    await Promise.all(writing);
    expect(values.size).toBeGreaterThan(1);
  });
});
