import { describe, expect, it } from 'vitest';
import { InitFlags } from '../../../lib/hosts/fuse/protocol.js';
import type { FindEntry } from '../../../lib/operations.js';
import { IoFlags } from '../../../lib/target.js';
import {
  ALL_FLAGS,
  dispatched,
  errnoOf,
  Kernel,
  known,
  scripted,
  ScriptedTarget,
  settled,
  type Dispatched,
} from './harness.js';
import { body, cString, dirents } from './kernel.js';

const O_RDWR = 2;
const O_APPEND = 0o2000;
const IS_ARM = process.arch === 'arm64' || process.arch === 'arm';
const O_DIRECT = IS_ARM ? 0o200000 : 0o40000;
const NONE = 0;

describe('files that need no open', () => {
  const files = { noOpen: true };

  it('are opened and made without a handle', () => {
    const all = scripted(files);
    const node = known(all, 'a');
    expect(all.kernel.fail('OPEN', node, body.open(O_RDWR))).toBe('ENOSYS');
    const create = body.create(O_RDWR, 0o644, 0, 0);
    expect(all.kernel.fail('CREATE', 1, create, cString('b'))).toBe('ENOSYS');
    expect(all.script.takeCalls()).toEqual([]);
    // The kernel goes on with this, which needs a createFile.
    all.kernel.ask('MKNOD', 1, body.mknod(0o100644, 0), cString('b'));
    expect(all.script.takeNames()).toContain('createFile');
  });

  it('are read and written by path', () => {
    const all = scripted(files);
    const { kernel, script } = all;
    const node = known(all, 'a');
    script.answers.readFile = 3;
    script.answers.writeFile = 2;
    expect(kernel.ask('READ', node, body.read(NONE, 7, 10, O_DIRECT)).body.length).toBe(3);
    const direct = IoFlags.SYNCHRONOUS_IO | IoFlags.NO_CACHE;
    const [read = []] = script.takeCalls();
    expect([read[0], read[1], read[2]]).toEqual(['readFile', 'adopted /a', '/a']);
    expect([(read[3] as Buffer).length, read[4], read[5]]).toEqual([10, 7, direct]);
    kernel.ask('READ', node, body.read(NONE, 0, 10));
    expect(script.takeCalls()[0]?.at(-1)).toBe(IoFlags.SYNCHRONOUS_IO);
    const write = body.write(NONE, 5, Buffer.from('xy'), 0, O_RDWR | O_APPEND);
    expect(kernel.ask('WRITE', node, write).u32(0)).toBe(2);
    const append = IoFlags.SYNCHRONOUS_IO | IoFlags.WRITE_TO_END_OF_FILE;
    expect(script.takeCalls()).toEqual([
      ['writeFile', 'adopted /a', '/a', Buffer.from('xy'), 5, append],
    ]);
    kernel.ask('FSYNC', node, body.fsync(NONE));
    expect(script.takeCalls()).toEqual([['flushFileBuffers', 'adopted /a', '/a', IoFlags.NONE]]);
    script.answers.getFileInformation = { size: 10 };
    kernel.ask('FALLOCATE', node, body.fallocate(NONE, 0, 20, 0));
    expect(script.takeNames()).toContain('setEndOfFile');
    script.answers.queryAllocatedRange = { offset: 4, length: 6 };
    expect(kernel.ask('LSEEK', node, body.lseek(NONE, 0, 3)).u64(0)).toBe(4);
  });

  it('are gone when they are deleted', () => {
    const all = scripted(files);
    const node = known(all, 'a');
    all.kernel.ask('UNLINK', 1, cString('a'));
    expect(all.kernel.fail('READ', node, body.read(NONE, 0, 10))).toBe('ESTALE');
    expect(all.kernel.fail('WRITE', node, body.write(NONE, 0, Buffer.from('x')))).toBe('ESTALE');
  });

  it('have their truncation apart: an open cannot tell of it', () => {
    const { kernel } = scripted(files);
    expect(kernel.session.has(InitFlags.ATOMIC_O_TRUNC)).toBe(false);
    expect(scripted().kernel.session.has(InitFlags.ATOMIC_O_TRUNC)).toBe(true);
  });

  it('are opened as others for a kernel that does not know of that', () => {
    const script = new ScriptedTarget();
    const kernel = new Kernel(script.target, files);
    kernel.init(31, ALL_FLAGS & ~InitFlags.NO_OPEN_SUPPORT);
    const node = known({ kernel, script }, 'a');
    const handle = kernel.ask('OPEN', node, body.open(0)).u64(0);
    expect(handle).not.toBe(NONE);
    expect(kernel.session.has(InitFlags.ATOMIC_O_TRUNC)).toBe(true);
    expect(kernel.fail('READ', node, body.read(NONE, 0, 10))).toBe('EBADF');
  });

  it('that are opened have no handle 0', () => {
    const all = scripted();
    const node = known(all, 'a');
    expect(all.kernel.fail('READ', node, body.read(NONE, 0, 10))).toBe('EBADF');
    expect(all.kernel.fail('WRITE', node, body.write(NONE, 0, Buffer.from('x')))).toBe('EBADF');
    expect(all.kernel.fail('READDIR', 1, body.read(NONE, 0, 4096))).toBe('EBADF');
  });
});

describe('directories that need no open', () => {
  interface Listed extends Dispatched {
    /** Names from an offset on, in a reply that holds so many bytes. */
    names: (offset: number, size?: number) => string[];
    /** What became of every listing. */
    listings: string[];
  }

  function listed(count = 3): Listed {
    const listings: string[] = [];
    const all = dispatched(
      {
        getFileInformation: () => ({ mode: 0o040755 }),
        queryOpen: () => ({ mode: 0o040755 }),
        createFile: (_path, _request, file) => {
          listings.push('createFile');
          file.isDirectory = true;
        },
        removeEntry: () => undefined,
        *findFiles(path, file): Generator<FindEntry> {
          const index = listings.push('begun') - 1;
          try {
            expect(path).toMatch(/^\/d\d*$/);
            expect(file.isDirectory).toBe(true);
            for (let i = 0; i < count; i += 1) yield { name: `file-${i}` };
            listings[index] = 'read';
          } finally {
            listings[index] = `${listings[index] ?? ''}, closed`;
          }
        },
      },
      { noOpendir: true },
    );
    const { kernel } = all;
    const node = kernel.ask('LOOKUP', 1, cString('d')).u64(0);
    const names = (offset: number, size = 4096): string[] => {
      const reply = kernel.ask('READDIR', node, body.read(NONE, offset, size));
      return dirents(reply.body).map(({ name }) => name);
    };
    return { ...all, names, listings };
  }

  it('are listed by path, once', () => {
    const { kernel, names, listings } = listed();
    expect(kernel.fail('OPENDIR', 2, body.open(0))).toBe('ENOSYS');
    expect(names(0)).toEqual(['.', '..', 'file-0', 'file-1', 'file-2']);
    expect(names(5)).toEqual([]);
    expect(listings).toEqual(['read, closed']);
    expect(errnoOf(kernel.ask('FSYNCDIR', 2, body.fsync(NONE)))).toBe('OK');
  });

  it('go on where they were, and anew when nothing is kept', () => {
    const { names, listings } = listed();
    expect(names(0, 64)).toEqual(['.', '..']);
    expect(names(2, 40)).toEqual(['file-0']);
    expect(names(3)).toEqual(['file-1', 'file-2']);
    expect(names(5)).toEqual([]);
    expect(listings).toEqual(['read, closed']);
    // Somebody still reads at the end.
    expect(names(4)).toEqual(['file-2']);
    expect(listings.length).toBe(2);
  });

  it('begin anew at their beginning, and close what was not read', () => {
    const { names, listings } = listed(100);
    names(0, 256);
    names(0, 256);
    expect(listings).toEqual(['begun, closed', 'begun']);
  });

  it('keep no more than some listings, those of the latest', () => {
    const { kernel, listings } = listed(100);
    const begin = (i: number): void => {
      const node = kernel.ask('LOOKUP', 1, cString(`d${i}`)).u64(0);
      kernel.ask('READDIR', node, body.read(NONE, 0, 256));
    };
    for (let i = 0; i < 64; i += 1) begin(i);
    expect(listings.every((what) => what === 'begun')).toBe(true);
    begin(64);
    expect(listings[0]).toBe('begun, closed');
    expect(listings.slice(1).every((what) => what === 'begun')).toBe(true);
  });

  it('are read by several at a time, each in a listing of its own', async () => {
    const gates: (() => void)[] = [];
    let closed = 0;
    const { kernel } = dispatched(
      {
        getFileInformation: () => ({ mode: 0o040755 }),
        queryOpen: () => ({ mode: 0o040755 }),
        async *findFiles(): AsyncGenerator<FindEntry> {
          try {
            for (let i = 0; i < 4; i += 1) {
              if (i === 2) await new Promise<void>((resolve) => gates.push(resolve));
              yield { name: `file-${i}` };
            }
          } finally {
            closed += 1;
          }
        },
      },
      { noOpendir: true },
    );
    const node = kernel.ask('LOOKUP', 1, cString('d')).u64(0);
    const read = (offset: number): number =>
      kernel.post('READDIR', node, body.read(NONE, offset, 4096));
    const names = (unique: number): string[] =>
      dirents(kernel.reply(unique).body).map(({ name }) => name);
    const one = read(0);
    const other = read(4);
    await settled();
    expect(gates.length).toBe(2);
    for (const open of gates) open();
    await settled();
    expect(names(one)).toEqual(['.', '..', 'file-0', 'file-1', 'file-2', 'file-3']);
    expect(names(other)).toEqual(['file-2', 'file-3']);
    // Of the two one is kept, for whoever goes on.
    kernel.session.end('unmounted');
    await settled();
    expect(closed).toBe(2);
  });

  it('end with their connection', () => {
    const { kernel, names, listings } = listed(100);
    names(0, 256);
    expect(listings).toEqual(['begun']);
    kernel.session.end('unmounted');
    expect(listings).toEqual(['begun, closed']);
  });

  it('are opened before Linux 6.1, which keeps listings badly', () => {
    const script = new ScriptedTarget();
    const kernel = new Kernel(script.target, { noOpendir: true });
    kernel.init(36);
    expect(errnoOf(kernel.ask('OPENDIR', 1, body.open(0)))).toBe('OK');
  });

  it('are empty when they are removed', () => {
    const { kernel, names, listings } = listed();
    kernel.ask('RMDIR', 1, cString('d'));
    expect(names(0)).toEqual(['.', '..']);
    expect(listings).toEqual([]);
  });
});
