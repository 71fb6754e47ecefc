import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import type { FileInformation } from '../../../lib/operations.js';
import {
  failure,
  known,
  MOUNTED_AT,
  opened,
  OPTIONS,
  scripted,
  type Scripted,
  settled,
} from './harness.js';
import { attrOut, body, cString, entryOut, timeParts, u16, u32, u64, zeros } from './kernel.js';

const NOW = { atime: MOUNTED_AT, mtime: MOUNTED_AT, ctime: MOUNTED_AT, uid: 501, gid: 502 };
const FILE = { ...NOW, mode: 0o100644 };
const VALID = { entry: OPTIONS.entryTimeout, attr: OPTIONS.attributeTimeout };

describe('LOOKUP', () => {
  it('asks for the path and tells of the file', () => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = { size: 5, inode: 99 };
    const reply = kernel.ask('LOOKUP', 1, cString('a b'));
    expect(script.takeCalls()).toEqual([['queryOpen', '/a b']]);
    expect(reply.body).toEqual(entryOut(2, 0, VALID, { ...FILE, ino: 99, size: 5 }));
    expect(kernel.session.nodes.get(2).lookups).toBe(1);
  });

  it('goes down directories', () => {
    const all = scripted();
    const { kernel, script } = all;
    const d = known(all, 'd', { attributes: FileAttributes.DIRECTORY });
    const e = known(all, 'e', { attributes: FileAttributes.DIRECTORY }, d);
    kernel.ask('LOOKUP', e, cString('f'));
    expect(script.takeCalls()).toEqual([['queryOpen', '/d/e/f']]);
  });

  it('answers later as at once', async () => {
    const { kernel, script } = scripted();
    script.isAsync = true;
    const reply = await kernel.later('LOOKUP', 1, cString('a'));
    expect(reply.body).toEqual(entryOut(2, 0, VALID, { ...FILE, ino: 2 }));
  });

  it.each(['OBJECT_NAME_NOT_FOUND', 'OBJECT_PATH_NOT_FOUND', 'NO_SUCH_FILE'] as const)(
    '%s is ENOENT, and the name is gone',
    async (name) => {
      for (const isAsync of [false, true]) {
        const all = scripted();
        const { kernel, script } = all;
        const node = known(all, 'a');
        script.isAsync = isAsync;
        script.answers.queryOpen = failure(name);
        const unique = kernel.post('LOOKUP', 1, cString('a'));
        await settled();
        expect(kernel.reply(unique).errno).toBe(2);
        expect(kernel.session.nodes.get(node).isUnlinked).toBe(true);
      }
    },
  );

  it.each([0, 1_000])('takes no name from a file made meanwhile (negative: %i)', async (time) => {
    const all = scripted({ negativeTimeout: time });
    const { kernel, script } = all;
    known(all, 'a');
    script.isAsync = true;
    script.answers.queryOpen = failure('OBJECT_NAME_NOT_FOUND');
    const unique = kernel.post('LOOKUP', 1, cString('a'));
    const { nodes } = kernel.session;
    nodes.unlink(nodes.root, 'a');
    const made = nodes.enter(nodes.root, 'a', { inode: 7 }, 0o100644);
    await settled();
    expect(kernel.reply(unique).errno).toBe(2);
    expect(nodes.child(nodes.root, 'a')).toBe(made);
    expect(made.isUnlinked).toBe(false);
  });

  it('asks once more when the name has got another file meanwhile', async () => {
    const all = scripted();
    const { kernel, script } = all;
    const a = known(all, 'a', { inode: 1 });
    const b = known(all, 'b', { inode: 2 });
    script.isAsync = true;
    script.answers.queryOpen = { inode: 1 };
    const unique = kernel.post('LOOKUP', 1, cString('a'));
    const { nodes } = kernel.session;
    nodes.rename(nodes.root, 'a', nodes.root, 'c');
    nodes.rename(nodes.root, 'b', nodes.root, 'a');
    script.answers.queryOpen = { inode: 2 };
    await settled();
    expect(kernel.reply(unique).u64(0)).toBe(b);
    expect([a, b].map((id) => nodes.path(nodes.get(id)))).toEqual(['/c', '/a']);
  });

  it('believes at last what does not fit', async () => {
    const all = scripted();
    const { kernel, script } = all;
    known(all, 'a', { inode: 1 });
    script.isAsync = true;
    let questions = 0;
    script.answers.queryOpen = () => {
      questions += 1;
      const { nodes } = kernel.session;
      void Promise.resolve().then(() => nodes.exchange(nodes.root, 'a', nodes.root, 'b'));
      return { inode: 5 };
    };
    const unique = kernel.post('LOOKUP', 1, cString('a'));
    await settled();
    expect(kernel.reply(unique).errno).toBe(0);
    expect(questions).toBe(4);
  });

  it('remembers that a name is not there for as long as the option says', () => {
    const { kernel, script } = scripted({ negativeTimeout: 3_250 });
    script.answers.queryOpen = failure('OBJECT_NAME_NOT_FOUND');
    const reply = kernel.ask('LOOKUP', 1, cString('a'));
    expect(reply.body).toEqual(Buffer.concat([u64(0, 0, 3, 0), u32(250e6), zeros(128 - 36)]));
  });

  it('does not take other errors for a missing file', () => {
    const all = scripted({ negativeTimeout: 1_000 });
    const { kernel, script } = all;
    const node = known(all, 'a');
    script.answers.queryOpen = failure('ACCESS_DENIED');
    expect(kernel.fail('LOOKUP', 1, cString('a'))).toBe('EACCES');
    expect(kernel.session.nodes.get(node).isUnlinked).toBe(false);
  });

  it('sends names that are not UTF-8 there and back', () => {
    const { kernel, script } = scripted();
    kernel.ask('LOOKUP', 1, Buffer.of(0x61, 0xff, 0));
    expect(script.takeCalls()).toEqual([['queryOpen', '/a\udcff']]);
  });

  it('hides colons only where they mean streams', () => {
    const plain = scripted();
    plain.kernel.ask('LOOKUP', 1, cString('a:b'));
    expect(plain.script.takeCalls()).toEqual([['queryOpen', '/a:b']]);
    const streams = scripted({ altStreams: true });
    streams.kernel.ask('LOOKUP', 1, cString('a:b'));
    expect(streams.script.takeCalls()).toEqual([['queryOpen', '/a\uf03ab']]);
    expect(streams.kernel.fail('LOOKUP', 1, cString('a\uf03ab'))).toBe('EILSEQ');
  });

  it('fails with ESTALE below what is not there, EINVAL without a name', () => {
    const { kernel, script } = scripted();
    for (const node of [0, 77, 2n ** 32n, 2n ** 64n - 1n]) {
      expect(kernel.fail('LOOKUP', node, cString('a'))).toBe('ESTALE');
    }
    expect(kernel.fail('LOOKUP', 1)).toBe('EINVAL');
    expect(kernel.fail('LOOKUP', 1, Buffer.from('abc'))).toBe('EINVAL');
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('FORGET and BATCH_FORGET', () => {
  it('are not answered, whatever they say', () => {
    const { kernel } = scripted();
    const before = kernel.transport.sent.length;
    kernel.post('FORGET', 99, body.forget(1));
    kernel.post('FORGET', 1, body.forget(2n ** 64n - 1n));
    kernel.post('FORGET', 1, zeros(3));
    kernel.post('BATCH_FORGET', 0, body.batchForget([99, 1], [2n ** 63n, 5]));
    kernel.post('BATCH_FORGET', 0, u32(1_000_000, 0), u64(1, 1));
    kernel.post('BATCH_FORGET', 0);
    expect(kernel.transport.sent).toHaveLength(before);
  });

  it('count down', () => {
    const all = scripted();
    const { kernel } = all;
    const { nodes } = kernel.session;
    const a = known(all, 'a');
    known(all, 'a');
    const b = known(all, 'b');
    kernel.post('FORGET', a, body.forget(1));
    expect(nodes.get(a).lookups).toBe(1);
    kernel.post('BATCH_FORGET', 0, body.batchForget([a, 1], [77, 3], [b, 1]));
    expect(nodes.size).toBe(1);
    expect(kernel.fail('GETATTR', a, body.getattr())).toBe('ESTALE');
  });

  it('do what a message that breaks off says up to there', () => {
    const all = scripted();
    const a = known(all, 'a');
    const b = known(all, 'b');
    all.kernel.post('BATCH_FORGET', 0, u32(2, 0), u64(a, 1, b));
    expect(all.kernel.session.nodes.find(a)).toBeUndefined();
    expect(all.kernel.session.nodes.find(b)).toBeDefined();
  });

  it('free a number for another file, in a new generation', () => {
    const all = scripted();
    const a = known(all, 'a');
    all.kernel.post('FORGET', a, body.forget(1));
    const reply = all.kernel.ask('LOOKUP', 1, cString('b'));
    expect(reply.u64(0)).toBe(a);
    expect(reply.u64(8)).toBe(1);
  });
});

describe('GETATTR', () => {
  it('of the root', () => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = { attributes: FileAttributes.DIRECTORY, inode: 2n ** 60n };
    const expected = { ...NOW, ino: 2n ** 60n, mode: 0o040755, nlink: 2 };
    expect(kernel.ask('GETATTR', 1, body.getattr()).body).toEqual(attrOut(2_250, expected));
    expect(script.takeCalls()).toEqual([['queryOpen', '/']]);
  });

  it.each([false, true])('by path, or through any open (async: %s)', async (isAsync) => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const expected = attrOut(2_250, { ...FILE, ino: node, size: 7 });
    script.answers.queryOpen = { size: 7 };
    script.answers.getFileInformation = { size: 7 };
    script.isAsync = isAsync;
    const ask = async (...parts: Buffer[]): Promise<Buffer> => {
      const unique = kernel.post('GETATTR', node, ...parts);
      await settled();
      return kernel.reply(unique).body;
    };
    expect(await ask(body.getattr())).toEqual(expected);
    expect(script.takeCalls()).toEqual([['queryOpen', '/a']]);
    script.isAsync = false;
    const handle = opened(all, node);
    script.isAsync = isAsync;
    expect(await ask(body.getattr())).toEqual(expected);
    expect(await ask(body.getattr(1, handle))).toEqual(expected);
    // A handle of no file, or of another one, is no better than none.
    expect(await ask(body.getattr(1, 99))).toEqual(expected);
    const asked = ['getFileInformation', 'open 1', '/a'];
    expect(script.takeCalls()).toEqual([asked, asked, asked]);
  });

  it('of an open file that is unlinked goes through its open, by its last path', () => {
    const all = scripted();
    const node = known(all, 'a');
    opened(all, node);
    all.kernel.ask('UNLINK', 1, cString('a'));
    all.script.takeCalls();
    expect(all.kernel.fail('GETATTR', node, body.getattr())).toBe('OK');
    expect(all.script.takeCalls()).toEqual([['getFileInformation', 'open 1', '/a']]);
  });

  it('of an unlinked file that is not open is ESTALE', () => {
    const all = scripted();
    const node = known(all, 'a');
    all.kernel.ask('UNLINK', 1, cString('a'));
    expect(all.kernel.fail('GETATTR', node, body.getattr())).toBe('ESTALE');
    expect(all.kernel.fail('STATX', node, body.statx())).toBe('ESTALE');
    expect(all.kernel.fail('READLINK', node)).toBe('ESTALE');
  });

  it.each<[string, FileInformation, FileInformation]>([
    ['inode', { size: 0, inode: 1 }, { size: 0, inode: 2 }],
    ['type', { size: 0 }, { attributes: FileAttributes.DIRECTORY }],
  ])('of another file by its %s is ESTALE: the kernel looks up anew', async (_what, one, other) => {
    for (const isAsync of [false, true]) {
      const all = scripted();
      const { kernel, script } = all;
      const node = known(all, 'a', one);
      script.answers.queryOpen = other;
      script.isAsync = isAsync;
      const unique = kernel.post('GETATTR', node, body.getattr());
      await settled();
      expect(kernel.reply(unique).errno).toBe(116);
      script.isAsync = false;
      expect(kernel.ask('LOOKUP', 1, cString('a')).u64(0)).not.toBe(node);
    }
  });

  it('remembers the inode of the root, which nobody looks up', () => {
    const { kernel, script } = scripted();
    for (const inode of [3, 4]) {
      script.answers.queryOpen = { mode: 0o040755, inode };
      expect(kernel.ask('GETATTR', 1, body.getattr()).u64(16)).toBe(inode);
    }
  });
});

describe('STATX', () => {
  const info: FileInformation = {
    mode: 0o020620,
    size: 2 ** 53 - 1,
    inode: 2n ** 63n,
    blocks: 9,
    linkCount: 4,
    uid: 7,
    gid: 8,
    rdev: 0xabc1_23ef,
    creationTime: -1n,
    lastAccessTime: 1n,
    lastWriteTime: 2_000_000_003n,
    changeTime: 4_000_000_005n,
  };
  const sxTime = (time: bigint): Buffer => {
    const [seconds, nanoseconds] = timeParts(time);
    return Buffer.concat([u64(seconds), u32(nanoseconds, 0)]);
  };

  it('tells everything, the time of creation too', () => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = info;
    const reply = kernel.ask('STATX', 1, body.statx());
    expect(script.takeCalls()).toEqual([['queryOpen', '/']]);
    expect(reply.body).toEqual(
      Buffer.concat([
        u64(2),
        u32(250e6, 0),
        u64(0, 0),
        u32(0xfff, 4096),
        u64(0),
        u32(4, 7, 8),
        u16(0o020620, 0),
        u64(2n ** 63n, 2 ** 53 - 1, 9, 0),
        ...[1n, -1n, 4_000_000_005n, 2_000_000_003n].map(sxTime),
        // makedev(0xc12, 0xabc3ef) as new_decode_dev takes it apart
        u32((0xabc1_23ef & 0xfff00) >> 8, (0xabc1_23ef & 0xff) | ((0xabc1_23ef >>> 12) & 0xfff00)),
        u32(0, 0),
        zeros(14 * 8),
      ]),
    );
    expect(reply.body).toHaveLength(288);
  });

  it('leaves out a time of creation that is not known', () => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = { mode: 0o040755, lastWriteTime: 5n };
    const reply = kernel.ask('STATX', 1, body.statx());
    expect(reply.u32(32)).toBe(0x7ff);
    expect(reply.u32(48)).toBe(2);
  });

  it('goes through the handle it names', () => {
    const all = scripted();
    const node = known(all, 'a');
    const handle = opened(all, node);
    all.kernel.ask('STATX', node, body.statx(1, handle));
    expect(all.script.takeCalls()).toEqual([['getFileInformation', 'open 1', '/a']]);
  });
});

describe('READLINK', () => {
  const readLink = (all: Scripted, target: unknown): string => {
    all.script.answers.readLink = target;
    return all.kernel.fail('READLINK', 1);
  };

  it('gives the target as it is, without NUL', () => {
    const all = scripted({ altStreams: true });
    const { kernel, script } = all;
    script.answers.readLink = '../a:b/\udcff';
    const node = known(all, 'l', { mode: 0o120777 });
    const reply = kernel.ask('READLINK', node);
    expect(script.takeCalls()).toEqual([['readLink', '/l']]);
    expect(reply.body).toEqual(Buffer.concat([Buffer.from('../a:b/'), Buffer.of(0xff)]));
  });

  it('refuses what the kernel cannot take', () => {
    const all = scripted();
    expect(readLink(all, 'x'.repeat(4095))).toBe('OK');
    expect(readLink(all, 'x'.repeat(4096))).toBe('ENAMETOOLONG');
    expect(readLink(all, '\ud800')).toBe('EILSEQ');
    expect(readLink(all, failure('NOT_IMPLEMENTED'))).toBe('EOPNOTSUPP');
    expect(readLink(all, failure('NOT_A_REPARSE_POINT'))).toBe('EINVAL');
  });
});
