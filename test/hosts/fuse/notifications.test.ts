import { describe, expect, it } from 'vitest';
import { FuseNotifications } from '../../../lib/hosts/fuse/notifications.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import { known, scripted, type Scripted } from './harness.js';
import { cString, u32, u64 } from './kernel.js';

const FUSE_NOTIFY_INVAL_INODE = 2;
const FUSE_NOTIFY_INVAL_ENTRY = 3;

interface Notifying extends Scripted {
  notify: FuseNotifications;
  d: number;
  f: number;
}

function notifying(options: Partial<SessionOptions> = {}): Notifying {
  const all = scripted(options);
  const d = known(all, 'd', { mode: 0o040755 });
  const f = known(all, 'f', { size: 0 }, d);
  return { ...all, notify: new FuseNotifications(all.kernel.session), d, f };
}

function header(length: number, code: number): Buffer {
  return Buffer.concat([u32(length, code), u64(0)]);
}

function invalidInode(node: number): Buffer {
  return Buffer.concat([header(40, FUSE_NOTIFY_INVAL_INODE), u64(node, 0, 0)]);
}

function invalidEntry(parent: number, name: string | Buffer): Buffer {
  const bytes = cString(name);
  const head = header(32 + bytes.length, FUSE_NOTIFY_INVAL_ENTRY);
  return Buffer.concat([head, u64(parent), u32(bytes.length - 1, 0), bytes]);
}

describe('notifications', () => {
  it('of what is new or gone drop the name, and the directory’s own attributes', () => {
    for (const what of ['created', 'deleted'] as const) {
      const { kernel, notify, d } = notifying();
      expect(notify[what]('/d/x y')).toBe(true);
      expect(kernel.transport.notified).toEqual([invalidEntry(d, 'x y'), invalidInode(d)]);
      expect(notify[what]('/top')).toBe(true);
      expect(kernel.transport.notified.slice(2)).toEqual([invalidEntry(1, 'top'), invalidInode(1)]);
    }
  });

  it('of a change drop what is kept of the file', () => {
    const { kernel, notify, f } = notifying();
    expect(notify.updated('/d/f')).toBe(true);
    expect(notify.updated('/')).toBe(true);
    expect(kernel.transport.notified).toEqual([invalidInode(f), invalidInode(1)]);
  });

  it('of a rename drop both names', () => {
    const { kernel, notify, d } = notifying();
    expect(notify.renamed('/d/f', '/g')).toBe(true);
    expect(kernel.transport.notified).toEqual([
      invalidEntry(d, 'f'),
      invalidInode(d),
      invalidEntry(1, 'g'),
      invalidInode(1),
    ]);
  });

  it('say nothing of what the kernel was never told of', () => {
    const { kernel, notify } = notifying({ altStreams: true });
    expect(notify.updated('/d/unknown')).toBe(true);
    expect(notify.updated('/d/unknown/below')).toBe(true);
    expect(notify.created('/unknown/x')).toBe(true);
    expect(notify.created('/')).toBe(true);
    expect(notify.created(`/${'x'.repeat(1025)}`)).toBe(true);
    expect(notify.updated('/d/f:stream')).toBe(true);
    expect(notify.created('/d/f:stream')).toBe(true);
    expect(kernel.transport.notified).toEqual([]);
  });

  it('spell names as the kernel does', () => {
    const { kernel, notify } = notifying({ altStreams: true });
    notify.created('/a\uf03a\udcff');
    const name = Buffer.concat([Buffer.from('a:'), Buffer.of(0xff)]);
    expect(kernel.transport.notified[0]).toEqual(invalidEntry(1, name));
  });

  it('tell when they cannot be sent', () => {
    const { kernel, notify } = notifying();
    kernel.transport.notifyResult = false;
    expect(notify.created('/x')).toBe(false);
    expect(notify.updated('/d/f')).toBe(false);
    expect(notify.renamed('/d/f', '/g')).toBe(false);
    kernel.transport.notifyResult = true;
    kernel.transport.notified.length = 0;
    kernel.session.end('unmounted');
    expect(notify.created('/x')).toBe(false);
    expect(kernel.transport.notified).toEqual([]);
  });
});
