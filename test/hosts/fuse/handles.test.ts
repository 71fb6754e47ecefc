import { describe, expect, it } from 'vitest';
import { FileHandle, HandleTable } from '../../../lib/hosts/fuse/handles.js';
import { NodeTable } from '../../../lib/hosts/fuse/nodes.js';
import { IoFlags, type Open } from '../../../lib/target.js';

const EBADF = 'errno 9';

interface Named {
  readonly name: string;
}

describe('HandleTable', () => {
  it('never gives the number 0, which stands for no handle', () => {
    const table = new HandleTable<Named>();
    expect(table.add({ name: 'one' })).toBeGreaterThan(0);
    expect(table.find(0)).toBeUndefined();
    expect(() => table.get(0)).toThrow(EBADF);
  });

  it('uses a number again once it is released, not before', () => {
    const table = new HandleTable<Named>();
    const one = table.add({ name: 'one' });
    const two = table.add({ name: 'two' });
    expect(one).not.toBe(two);
    expect(table.remove(one)).toEqual({ name: 'one' });
    expect(() => table.get(one)).toThrow(EBADF);
    expect(table.remove(one)).toBeUndefined();
    expect(table.add({ name: 'three' })).toBe(one);
    expect(table.add({ name: 'four' })).not.toBe(one);
    expect(table.get(one)).toEqual({ name: 'three' });
    expect(table.get(two)).toEqual({ name: 'two' });
  });

  it.each([1, 99, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 64])('has no handle %d', (number) => {
    const table = new HandleTable<Named>();
    expect(table.find(number)).toBeUndefined();
    expect(() => table.get(number)).toThrow(EBADF);
    expect(table.remove(number)).toBeUndefined();
  });

  it('does not grow with opens and closes', () => {
    const table = new HandleTable<Named>();
    let highest = 0;
    for (let turn = 0; turn < 100_000; turn += 1) {
      const number = table.add({ name: `${turn}` });
      highest = Math.max(highest, number);
      table.remove(number);
    }
    expect(highest).toBeLessThan(4);
  });
});

describe('FileHandle', () => {
  const { root } = new NodeTable();
  const open: Open = { createResult: 'opened', isDirectory: false, backingFd: undefined };
  const O_DIRECT = process.arch === 'arm64' || process.arch === 'arm' ? 0o200000 : 0o40000;

  it.each<[string, number, boolean, boolean]>([
    ['O_RDONLY', 0, true, false],
    ['O_WRONLY', 1, false, true],
    ['O_RDWR', 2, true, true],
    ['O_RDONLY | O_APPEND', 0o2000, true, false],
  ])('%s', (_what, flags, readable, writable) => {
    const handle = new FileHandle(open, root, root, flags);
    expect(handle.readable).toBe(readable);
    expect(handle.writable).toBe(writable);
    expect(handle.io).toBe(IoFlags.SYNCHRONOUS_IO);
  });

  it('passes caches by with O_DIRECT', () => {
    const handle = new FileHandle(open, root, root, O_DIRECT);
    expect(handle.io).toBe(IoFlags.SYNCHRONOUS_IO | IoFlags.NO_CACHE);
  });

  it('ends with the last of those that share an open', () => {
    const first = new FileHandle(open, root, root, 2);
    const second = new FileHandle(open, root, root, 2);
    second.shared = first.share();
    const third = new FileHandle(open, root, root, 2);
    third.shared = second.share();
    expect([first, third, second].map((handle) => handle.letGo())).toEqual([false, false, true]);
    expect(new FileHandle(open, root, root, 2).letGo()).toBe(true);
  });
});
