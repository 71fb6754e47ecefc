import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import type { StreamEntry } from '../../../lib/operations.js';
import {
  dispatched,
  Failure,
  failure,
  known,
  opened,
  scripted,
  settled,
  status,
  type Scripted,
} from './harness.js';
import { body, cString, u32, u64 } from './kernel.js';

const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
/** winnt.h: CREATE_NEW and the like in NT's own words. */
const OPEN = 1;
const CREATE = 2;
const OPEN_IF = 3;

interface WithFile extends Scripted {
  node: number;
}

function file(streams = true): WithFile {
  const all = scripted({ altStreams: streams });
  const node = known(all, 'a', { size: 0 });
  return { ...all, node };
}

/** Makes the stream hold `value`. */
function holding(value: Buffer): WithFile {
  const all = file();
  all.script.answers.getFileInformation = { size: value.length };
  all.script.answers.readFile = (_open: unknown, _path: unknown, buffer: Buffer): number =>
    value.copy(buffer);
  return all;
}

describe('GETXATTR of a stream', () => {
  it.each([false, true])('opens, reads and closes it (async: %s)', async (isAsync) => {
    const all = holding(Buffer.from('value'));
    all.script.isAsync = isAsync;
    const unique = all.kernel.post('GETXATTR', all.node, body.getxattr('user.note', 100));
    await settled();
    expect(all.kernel.reply(unique).body.toString()).toBe('value');
    const calls = all.script.takeCalls();
    expect(calls.map((call) => call.slice(0, 3))).toEqual([
      ['createFile', '/a:note', expect.objectContaining({ createDisposition: OPEN })],
      ['getFileInformation', 'open 1', '/a:note'],
      ['readFile', 'open 1', '/a:note'],
      ['cleanup', 'open 1', '/a:note'],
      ['closeFile', 'open 1', '/a:note'],
    ]);
  });

  it.each([false, true])(
    'takes bytes in memory of the file system (async: %s)',
    async (isAsync) => {
      const content = Buffer.from('value');
      const all = holding(content);
      all.script.answers.readFile = () => content;
      // It may change as soon as the next callback is called.
      all.script.answers.cleanup = () => void content.fill(0);
      all.script.isAsync = isAsync;
      const unique = all.kernel.post('GETXATTR', all.node, body.getxattr('user.note', 100));
      await settled();
      expect(all.kernel.reply(unique).body.toString()).toBe('value');
    },
  );

  it('tells the size, fits exactly, or is ERANGE', () => {
    const { kernel, node } = holding(Buffer.from('value'));
    expect(kernel.ask('GETXATTR', node, body.getxattr('user.n', 0)).body).toEqual(u32(5, 0));
    expect(kernel.ask('GETXATTR', node, body.getxattr('user.n', 5)).body).toHaveLength(5);
    expect(kernel.fail('GETXATTR', node, body.getxattr('user.n', 4))).toBe('ERANGE');
  });

  it('is empty, or too large to be an attribute', () => {
    const empty = holding(Buffer.alloc(0));
    expect(empty.kernel.ask('GETXATTR', empty.node, body.getxattr('user.n', 9)).length).toBe(16);
    expect(empty.script.takeNames()).not.toContain('readFile');
    const { kernel, node } = holding(Buffer.alloc(65_536));
    expect(kernel.ask('GETXATTR', node, body.getxattr('user.n', 65_536)).body).toHaveLength(65_536);
    const large = holding(Buffer.alloc(65_537));
    for (const size of [0, 65_536]) {
      const message = body.getxattr('user.n', size);
      expect(large.kernel.fail('GETXATTR', large.node, message)).toBe('E2BIG');
    }
  });

  it('that is missing is ENODATA; without streams nothing is supported', () => {
    const { kernel, script, node } = file();
    const get = (name: string): string => kernel.fail('GETXATTR', node, body.getxattr(name, 10));
    script.answers.createFile = failure('OBJECT_NAME_NOT_FOUND');
    expect(get('user.n')).toBe('ENODATA');
    script.answers.createFile = failure('NO_SUCH_FILE');
    expect(get('user.n')).toBe('ENODATA');
    script.answers.createFile = failure('OBJECT_NAME_INVALID');
    expect(get('user.n')).toBe('EOPNOTSUPP');
    script.answers.createFile = failure('ACCESS_DENIED');
    expect(get('user.n')).toBe('EACCES');
    script.takeCalls();
    for (const name of [
      'security.capability',
      'trusted.x',
      'system.posix_acl_access',
      'user',
      '',
    ]) {
      expect(get(name)).toBe('EOPNOTSUPP');
    }
    expect(get('user.')).toBe('EINVAL');
    expect(get('user.a/b')).toBe('EINVAL');
    const plain = file(false);
    const message = body.getxattr('user.n', 10);
    expect(plain.kernel.fail('GETXATTR', plain.node, message)).toBe('EOPNOTSUPP');
    expect([...script.takeCalls(), ...plain.script.takeCalls()]).toEqual([]);
  });

  it('has its name translated like that of a file', () => {
    const { kernel, script, node } = file();
    kernel.post('GETXATTR', node, u32(10, 0), Buffer.from('user.a:\xff\0', 'latin1'));
    expect(script.takeCalls()[0]?.[1]).toBe('/a:a\uf03a\udcff');
  });

  it('of an unlinked file is not there to be asked for', () => {
    const all = file();
    opened(all, all.node);
    all.kernel.ask('UNLINK', 1, cString('a'));
    all.script.takeCalls();
    const { kernel, node } = all;
    expect(kernel.fail('GETXATTR', node, body.getxattr('user.n', 10))).toBe('EOPNOTSUPP');
    expect(kernel.fail('GETXATTR', node, body.getxattr('system.ntfs_attrib', 10))).toBe('ESTALE');
    const set = body.setxattr('system.ntfs_attrib', u32(1));
    expect(kernel.fail('SETXATTR', node, set)).toBe('ESTALE');
    expect(kernel.ask('LISTXATTR', node, body.listxattr(100)).length).toBe(16);
    expect(all.script.takeCalls()).toEqual([]);
  });
});

describe('SETXATTR of a stream', () => {
  const value = Buffer.from('value');

  it.each([
    [0, OPEN_IF],
    [XATTR_CREATE, CREATE],
    [XATTR_REPLACE, OPEN],
  ])('with flags %d writes the value and cuts the rest', async (flags, createDisposition) => {
    for (const isAsync of [false, true]) {
      const { kernel, script, node } = file();
      script.answers.writeFile = 5;
      script.isAsync = isAsync;
      const unique = kernel.post('SETXATTR', node, body.setxattr('user.n', value, flags));
      await settled();
      expect(kernel.reply(unique).bytes).toHaveLength(16);
      expect(kernel.reply(unique).errno).toBe(0);
      const calls = script.takeCalls();
      expect(calls[0]?.[2]).toMatchObject({ createDisposition });
      expect(calls.slice(1)).toEqual([
        ['writeFile', 'open 1', '/a:n', value, 0, 2],
        ['setEndOfFile', 'open 1', '/a:n', 5],
        ['cleanup', 'open 1', '/a:n'],
        ['closeFile', 'open 1', '/a:n'],
      ]);
    }
  });

  it('to nothing only cuts', () => {
    const { kernel, script, node } = file();
    kernel.ask('SETXATTR', node, body.setxattr('user.n', Buffer.alloc(0)));
    const names = ['createFile', 'setEndOfFile', 'cleanup', 'closeFile'];
    expect(script.takeNames()).toEqual(names);
  });

  it('that exists, or does not, says so', () => {
    const { kernel, script, node } = file();
    script.answers.createFile = failure('OBJECT_NAME_COLLISION');
    const create = body.setxattr('user.n', value, XATTR_CREATE);
    expect(kernel.fail('SETXATTR', node, create)).toBe('EEXIST');
    script.answers.createFile = failure('OBJECT_NAME_NOT_FOUND');
    const replace = body.setxattr('user.n', value, XATTR_REPLACE);
    expect(kernel.fail('SETXATTR', node, replace)).toBe('ENODATA');
  });

  it.each<[string, 'writeFile' | 'setEndOfFile', unknown, number]>([
    ['the write fails', 'writeFile', failure('DISK_FULL'), 28],
    ['only a part is written', 'writeFile', 4, 28],
    ['the cut fails', 'setEndOfFile', failure('ACCESS_DENIED'), 13],
  ])('removes a stream it made when %s, and leaves one that was there', async (...row) => {
    const [, callback, answer, errno] = row;
    for (const createResult of ['created', 'opened'] as const) {
      for (const isAsync of [false, true]) {
        const { kernel, script, node } = file();
        script.answers.writeFile = 5;
        script.answers[callback] = answer;
        script.createResult = createResult;
        script.isAsync = isAsync;
        const unique = kernel.post('SETXATTR', node, body.setxattr('user.n', value));
        await settled();
        expect(kernel.reply(unique).errno).toBe(errno);
        const calls = script.takeCalls();
        const dropped = calls.some(([name]) => name === 'setDisposition');
        expect(dropped).toBe(createResult === 'created');
        expect(calls.slice(-2).map(([name]) => name)).toEqual(['cleanup', 'closeFile']);
      }
    }
  });

  it('reports the first failure, not that of clearing up', () => {
    const { kernel, script, node } = file();
    script.createResult = 'created';
    script.answers.writeFile = failure('DISK_FULL');
    script.answers.setDisposition = failure('CANNOT_DELETE');
    expect(kernel.fail('SETXATTR', node, body.setxattr('user.n', value))).toBe('ENOSPC');
  });

  it('needs the whole value', () => {
    const { kernel, script, node } = file();
    const message = body.setxattr('user.n', value).subarray(0, -1);
    expect(kernel.fail('SETXATTR', node, message)).toBe('EINVAL');
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('REMOVEXATTR', () => {
  it('deletes the stream', () => {
    const { kernel, script, node } = file();
    kernel.ask('REMOVEXATTR', node, cString('user.n'));
    expect(script.takeCalls().map((call) => call.slice(0, 3))).toEqual([
      ['createFile', '/a:n', expect.objectContaining({ desiredAccess: 0x10080 })],
      ['setDisposition', 'open 1', '/a:n'],
      ['cleanup', 'open 1', '/a:n'],
      ['closeFile', 'open 1', '/a:n'],
    ]);
    script.answers.createFile = failure('OBJECT_NAME_NOT_FOUND');
    expect(kernel.fail('REMOVEXATTR', node, cString('user.n'))).toBe('ENODATA');
    expect(kernel.fail('REMOVEXATTR', node, cString('system.ntfs_acl'))).toBe('EOPNOTSUPP');
    expect(kernel.fail('REMOVEXATTR', node, cString('trusted.n'))).toBe('EOPNOTSUPP');
  });
});

describe('LISTXATTR', () => {
  const STREAMS: StreamEntry[] = [
    { name: '::$DATA', size: 0 },
    { name: '', size: 0 },
    { name: ':$DATA', size: 0 },
    { name: ':', size: 0 },
    { name: 'bare', size: 0 },
    { name: ':whole:$DATA', size: 0 },
    { name: ':colon\uf03a', size: 0 },
    { name: 'x:$INDEX_ALLOCATION', size: 0 },
    { name: '\ud800', size: 0 },
    { name: '\udcff', size: 0 },
  ];
  const LIST = Buffer.from('user.bare\0user.whole\0user.colon:\0user.\xff\0', 'latin1');

  it.each([false, true])('names what can be asked for (async: %s)', async (isAsync) => {
    async function* later(): AsyncIterable<StreamEntry> {
      for (const stream of STREAMS) {
        await Promise.resolve();
        yield stream;
      }
    }
    const { kernel } = dispatched(
      {
        queryOpen: () => ({ size: 0 }),
        createFile: () => 'opened',
        findStreams: () => (isAsync ? later() : STREAMS),
      },
      { altStreams: true },
    );
    const node = kernel.ask('LOOKUP', 1, cString('a')).u64(0);
    const list = async (size: number): Promise<[number, Buffer]> => {
      const unique = kernel.post('LISTXATTR', node, body.listxattr(size));
      await settled();
      await settled();
      const reply = kernel.reply(unique);
      return [reply.errno, reply.body];
    };
    expect(await list(1000)).toEqual([0, LIST]);
    expect(await list(LIST.length)).toEqual([0, LIST]);
    expect(await list(LIST.length - 1)).toEqual([34, Buffer.alloc(0)]);
    expect(await list(0)).toEqual([0, u32(LIST.length, 0)]);
  });

  it('is empty where there are no streams', () => {
    const plain = file(false);
    expect(plain.kernel.ask('LISTXATTR', plain.node, body.listxattr(0)).body).toEqual(u32(0, 0));
    const { kernel, script, node } = file();
    script.missing.add('findStreams');
    expect(kernel.ask('LISTXATTR', node, body.listxattr(10)).length).toBe(16);
    expect(script.takeCalls()).toEqual([]);
  });

  it('passes errors on', () => {
    const { kernel, script, node } = file();
    script.answers.findStreams = new Failure(status('ACCESS_DENIED'));
    expect(kernel.fail('LISTXATTR', node, body.listxattr(10))).toBe('EACCES');
    expect(script.takeNames().slice(-2)).toEqual(['cleanup', 'closeFile']);
  });
});

describe('system.ntfs_*', () => {
  const OWNER_GROUP_DACL = 7;

  it('ntfs_acl is the security descriptor', () => {
    // Also without streams.
    const { kernel, script, node } = file(false);
    const descriptor = Buffer.from('a self-relative descriptor');
    script.answers.getFileSecurity = descriptor;
    const get = body.getxattr('system.ntfs_acl', 100);
    expect(kernel.ask('GETXATTR', node, get).body).toEqual(descriptor);
    expect(script.takeCalls()[1]).toEqual(['getFileSecurity', 'open 1', '/a', OWNER_GROUP_DACL]);
    kernel.ask('SETXATTR', node, body.setxattr('system.ntfs_acl', descriptor));
    const calls = script.takeCalls();
    expect(calls[0]?.[2]).toMatchObject({ desiredAccess: 0x40000 | 0x80000 | 0x80 });
    expect(calls[1]).toEqual(['setFileSecurity', 'open 2', '/a', OWNER_GROUP_DACL, descriptor]);
    script.answers.getFileSecurity = failure('NOT_IMPLEMENTED');
    expect(kernel.fail('GETXATTR', node, get)).toBe('EOPNOTSUPP');
  });

  it('ntfs_attrib is the attributes, made from the mode where there are none', () => {
    const { kernel, script, node } = file();
    const get = body.getxattr('system.ntfs_attrib', 4);
    script.answers.getFileInformation = { attributes: 0x8000_0021 };
    expect(kernel.ask('GETXATTR', node, get).body).toEqual(u32(0x8000_0021));
    script.answers.getFileInformation = { mode: 0o040755 };
    expect(kernel.ask('GETXATTR', node, get).body).toEqual(u32(FileAttributes.DIRECTORY));
    script.takeCalls();
    kernel.ask('SETXATTR', node, body.setxattr('system.ntfs_attrib', u32(0x8000_0006)));
    expect(script.takeCalls()[1]).toEqual(['setFileAttributes', 'open 3', '/a', 0x8000_0006]);
    for (const wrong of [u64(1), Buffer.alloc(3), Buffer.alloc(0)]) {
      const set = body.setxattr('system.ntfs_attrib', wrong);
      expect(kernel.fail('SETXATTR', node, set)).toBe('EINVAL');
      expect(script.takeNames()).toEqual(['createFile', 'cleanup', 'closeFile']);
    }
  });

  it.each<[string, bigint, bigint]>([
    ['1601', -11_644_473_600_000_000_000n, 0n],
    ['the epoch', 0n, 116_444_736_000_000_000n],
    ['100 ns later', 100n, 116_444_736_000_000_001n],
    ['100 ns before', -100n, 116_444_735_999_999_999n],
    ['today', 1_700_000_000_123_456_700n, 133_444_736_001_234_567n],
  ])('ntfs_crtime is the time of creation: %s', (_what, time, filetime) => {
    const { kernel, script, node } = file();
    script.answers.getFileInformation = { creationTime: time };
    const get = body.getxattr('system.ntfs_crtime', 8);
    expect(kernel.ask('GETXATTR', node, get).body).toEqual(u64(filetime));
    script.takeCalls();
    kernel.ask('SETXATTR', node, body.setxattr('system.ntfs_crtime', u64(filetime)));
    expect(script.takeCalls()[1]).toEqual([
      'setFileTime',
      'open 2',
      '/a',
      { creationTime: time, lastAccessTime: undefined, lastWriteTime: undefined },
    ]);
  });

  it('ntfs_crtime is ENODATA where it is not known, EINVAL when it is no FILETIME', () => {
    const { kernel, node } = file();
    const get = body.getxattr('system.ntfs_crtime', 8);
    expect(kernel.fail('GETXATTR', node, get)).toBe('ENODATA');
    const set = body.setxattr('system.ntfs_crtime', u32(1));
    expect(kernel.fail('SETXATTR', node, set)).toBe('EINVAL');
  });

  it.each(['system.ntfs_', 'system.constructor', 'system.__proto__'])('%s is nothing', (name) => {
    const { kernel, node } = file();
    expect(kernel.fail('GETXATTR', node, body.getxattr(name, 8))).toBe('EOPNOTSUPP');
  });
});

describe('a volume without extended attributes', () => {
  it.each([
    ['GETXATTR', body.getxattr('system.ntfs_attrib', 100)],
    ['GETXATTR', body.getxattr('user.note', 0)],
    ['LISTXATTR', u32(0, 0)],
    ['SETXATTR', Buffer.concat([u32(1, 0), cString('user.note'), Buffer.from('x')])],
    ['REMOVEXATTR', cString('user.note')],
  ] as const)('refuses %s for good', (request, message) => {
    const all = scripted({ altStreams: true, extendedAttributes: false });
    const node = known(all, 'a');
    expect(all.kernel.fail(request, node, message)).toBe('ENOSYS');
    expect(all.script.takeCalls()).toEqual([]);
  });
});
