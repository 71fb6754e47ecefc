import { describe, expect, it } from 'vitest';
import { errnoTable } from '../../../lib/errno_table.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import { Kernel, known, ScriptedTarget, type Scripted } from './harness.js';
import { body } from './kernel.js';

/** linux/fuse.h. */
const DIRECT_IO = 1;
const KEEP_CACHE = 2;

interface Scene extends Scripted {
  readonly node: number;
  /** Opens the file; its data are behind descriptor 20 or another one. */
  readonly open: (fd?: number | null) => { handle: number; flags: number };
  readonly close: (opened: { handle: number }) => void;
  /** The data of the file are others; undefined: what cannot be told from them. */
  readonly change: (version: number | undefined) => void;
}

function scene(options: Partial<SessionOptions> = {}): Scene {
  const script = new ScriptedTarget();
  const kernel = new Kernel(script.target, {
    passthrough: false,
    keepCache: 'unchanged',
    ...options,
  });
  kernel.init();
  script.takeCalls();
  const all = { kernel, script };
  const node = known(all, 'a');
  const { versions } = kernel.transport;
  versions.set(20, 1);
  return {
    ...all,
    node,
    open: (fd = 20) => {
      script.backingFd = fd ?? undefined;
      const reply = kernel.ask('OPEN', node, body.open(2));
      return { handle: reply.u64(0), flags: reply.u32(8) };
    },
    close: ({ handle }) => void kernel.ask('RELEASE', node, body.release(handle)),
    change: (version) => {
      if (version === undefined) versions.delete(20);
      else versions.set(20, version);
    },
  };
}

/** Opens and closes. @returns the flags of the answer */
function look({ open, close }: Scene, fd?: number | null): number {
  const opened = open(fd);
  close(opened);
  return opened.flags;
}

describe('the pages of a file', () => {
  it('are kept while it is unchanged', () => {
    const all = scene();
    expect([look(all), look(all), look(all)]).toEqual([0, KEEP_CACHE, KEEP_CACHE]);
    all.change(2);
    expect([look(all), look(all)]).toEqual([0, KEEP_CACHE]);
  });

  it('are dropped while nothing tells whether it is', () => {
    const all = scene();
    all.change(undefined);
    expect([look(all), look(all)]).toEqual([0, 0]);
    all.change(1);
    expect([look(all), look(all)]).toEqual([0, KEEP_CACHE]);
  });

  it('are dropped until whoever was told to drop them has closed it', () => {
    const all = scene();
    const first = all.open();
    const second = all.open();
    all.close(first);
    const third = all.open();
    expect([first.flags, second.flags, third.flags]).toEqual([0, 0, 0]);
    all.close(second);
    all.close(third);
    const kept = all.open();
    expect([kept.flags, look(all)]).toEqual([KEEP_CACHE, KEEP_CACHE]);
  });

  it('are dropped after an answer that the kernel never got', () => {
    const all = scene();
    const { transport } = all.kernel;
    transport.sendResult = -errnoTable.ENOENT;
    all.open();
    transport.sendResult = 0;
    expect([look(all), look(all)]).toEqual([0, KEEP_CACHE]);
  });

  it('are dropped when the file behind the name is another one', () => {
    const all = scene();
    all.kernel.transport.versions.set(21, 5);
    expect([look(all), look(all, 21), look(all, 21)]).toEqual([0, 0, KEEP_CACHE]);
  });

  it('are dropped after callbacks have read it', () => {
    const all = scene();
    look(all);
    const plain = all.open(null);
    const backed = all.open();
    expect([plain.flags, backed.flags]).toEqual([0, 0]);
    all.close(backed);
    expect(look(all)).toBe(0);
    all.close(plain);
    expect([look(all), look(all)]).toEqual([0, KEEP_CACHE]);
  });

  it('are dropped after somebody has read another file meanwhile', () => {
    const all = scene();
    look(all);
    const first = all.open();
    expect(first.flags).toBe(KEEP_CACHE);
    // What it reads now is not what the others read.
    all.kernel.transport.versions.set(21, 5);
    expect(look(all, 21)).toBe(0);
    expect(look(all, 21)).toBe(0);
    all.close(first);
    expect([look(all, 21), look(all, 21)]).toEqual([0, KEEP_CACHE]);
  });

  it('are dropped where threads do not read it', () => {
    const all = scene();
    look(all);
    all.kernel.transport.serveError = -errnoTable.ENFILE;
    expect([look(all), look(all)]).toEqual([0, 0]);
  });

  it('are dropped without the option, and kept whatever happens with another one', () => {
    const never = scene({ keepCache: false });
    expect([look(never), look(never)]).toEqual([0, 0]);
    const always = scene({ keepCache: true });
    always.change(undefined);
    expect([look(always), look(always)]).toEqual([KEEP_CACHE, KEEP_CACHE]);
  });

  it('are none of an open that goes past them', () => {
    const all = scene({ directIo: true });
    expect((look(all) & DIRECT_IO) !== 0 && (look(all) & KEEP_CACHE) === 0).toBe(true);
  });
});
