import { describe, expect, it } from 'vitest';
import { failure, known, MOUNTED_AT, opened, OPTIONS, scripted, settled } from './harness.js';
import { body, cString, entryOut } from './kernel.js';

/** winnt.h. */
const DELETE = 0x10000;
const READ_ATTRIBUTES = 0x80;
const LIST_DIRECTORY = 1;
const OPEN = 1;
const NON_DIRECTORY = 0x40;
const DIRECTORY = 1;
const OPEN_REPARSE_POINT = 0x200000;

const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const RENAME_WHITEOUT = 4;

const VALID = { entry: OPTIONS.entryTimeout, attr: OPTIONS.attributeTimeout };
const TIMES = { atime: MOUNTED_AT, mtime: MOUNTED_AT, ctime: MOUNTED_AT };
const FILE = { ...TIMES, mode: 0o100644, uid: 501, gid: 502 };

function opening(desiredAccess: number, createOptions: number): unknown {
  return {
    desiredAccess,
    fileAttributes: 0,
    shareAccess: 7,
    createDisposition: OPEN,
    createOptions: createOptions | OPEN_REPARSE_POINT,
    mode: undefined,
  };
}

const closing = (path: string): unknown[][] => [
  ['cleanup', 'open 1', path],
  ['closeFile', 'open 1', path],
];

describe('UNLINK', () => {
  it.each([false, true])('asks, and deletes with the cleanup (async: %s)', async (isAsync) => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    script.isAsync = isAsync;
    const unique = kernel.post('UNLINK', 1, cString('a'));
    await settled();
    expect(kernel.reply(unique).bytes).toHaveLength(16);
    expect(script.takeCalls()).toEqual([
      ['createFile', '/a', opening(DELETE | READ_ATTRIBUTES, NON_DIRECTORY)],
      ['setDisposition', 'open 1', '/a', true],
      ...closing('/a'),
    ]);
    expect(kernel.session.nodes.get(node).isUnlinked).toBe(true);
  });

  it('that is refused leaves the name', async () => {
    const all = scripted();
    const node = known(all, 'a');
    all.script.answers.setDisposition = failure('CANNOT_DELETE');
    const reply = await all.kernel.later('UNLINK', 1, cString('a'));
    expect(reply.errno).not.toBe(0);
    expect(all.kernel.session.nodes.get(node).isUnlinked).toBe(false);
    expect(all.script.takeNames().slice(-3)).toEqual(['cleanup', 'closeFile', 'queryOpen']);
    all.script.answers.createFile = failure('FILE_IS_A_DIRECTORY');
    expect(all.kernel.fail('UNLINK', 1, cString('a'))).toBe('EISDIR');
    all.script.answers.createFile = failure('OBJECT_NAME_NOT_FOUND');
    expect(all.kernel.fail('UNLINK', 1, cString('b'))).toBe('ENOENT');
  });

  it('leaves an open file readable', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const handle = opened(all, node);
    kernel.ask('UNLINK', 1, cString('a'));
    const other = known(all, 'a');
    expect(other).not.toBe(node);
    script.answers.readFile = 0;
    kernel.ask('READ', node, body.read(handle, 0, 10));
    expect(script.takeCalls()[0]?.slice(0, 3)).toEqual(['readFile', 'open 1', '/a']);
  });
});

describe('RMDIR', () => {
  it('asks, and deletes with the cleanup', () => {
    const all = scripted();
    const { kernel, script } = all;
    const directory = { mode: 0o040700, linkCount: 2 };
    const node = known(all, 'd', directory);
    script.answers.getFileInformation = directory;
    kernel.ask('RMDIR', 1, cString('d'));
    const access = DELETE | READ_ATTRIBUTES | LIST_DIRECTORY;
    expect(script.takeCalls()).toEqual([
      ['createFile', '/d', opening(access, DIRECTORY)],
      ['getFileInformation', 'open 1', '/d'],
      ['setDisposition', 'open 1', '/d', true],
      ...closing('/d'),
    ]);
    // Somebody may still be in it.
    const reply = kernel.ask('GETATTR', node, body.getattr());
    expect([reply.u32(16 + 60), reply.u32(16 + 64)]).toEqual([0o040700, 0]);
    expect(script.takeCalls()).toEqual([]);
  });

  it('of a directory the kernel does not know asks no more than it must', () => {
    const { kernel, script } = scripted();
    kernel.ask('RMDIR', 1, cString('d'));
    const names = ['createFile', 'setDisposition', 'cleanup', 'closeFile'];
    expect(script.takeNames()).toEqual(names);
  });

  it.each([false, true])('of one that is not empty is refused (async: %s)', async (isAsync) => {
    const all = scripted();
    const node = known(all, 'd', { mode: 0o040755 });
    all.script.answers.setDisposition = failure('DIRECTORY_NOT_EMPTY');
    all.script.isAsync = isAsync;
    const unique = all.kernel.post('RMDIR', 1, cString('d'));
    await settled();
    expect(all.kernel.reply(unique).errno).toBe(39);
    const kept = all.kernel.session.nodes.get(node);
    expect(kept.isUnlinked).toBe(false);
    expect(kept.remains).toBeUndefined();
  });
});

describe('a file system that removes by path', () => {
  function byPath() {
    const all = scripted();
    all.script.missing.delete('removeEntry');
    return all;
  }

  it.each([false, true])('is asked once to remove a file (async: %s)', async (isAsync) => {
    const all = byPath();
    const { kernel, script } = all;
    const node = known(all, 'a');
    script.isAsync = isAsync;
    const unique = kernel.post('UNLINK', 1, cString('a'));
    await settled();
    expect(kernel.reply(unique).bytes).toHaveLength(16);
    expect(script.takeCalls()).toEqual([['removeEntry', '/a', false]]);
    expect(kernel.session.nodes.get(node).isUnlinked).toBe(true);
  });

  it('may refuse, and the name stays', () => {
    const all = byPath();
    const { kernel, script } = all;
    const node = known(all, 'a');
    script.answers.removeEntry = failure('FILE_IS_A_DIRECTORY');
    expect(kernel.fail('UNLINK', 1, cString('a'))).toBe('EISDIR');
    expect(kernel.session.nodes.get(node).isUnlinked).toBe(false);
  });

  it.each([false, true])('is asked what a directory was (async: %s)', async (isAsync) => {
    const all = byPath();
    const { kernel, script } = all;
    const directory = { mode: 0o040700, linkCount: 2 };
    const node = known(all, 'd', directory);
    script.answers.queryOpen = directory;
    script.isAsync = isAsync;
    const unique = kernel.post('RMDIR', 1, cString('d'));
    await settled();
    expect(kernel.reply(unique).bytes).toHaveLength(16);
    expect(script.takeCalls()).toEqual([
      ['queryOpen', '/d'],
      ['removeEntry', '/d', true],
    ]);
    const reply = kernel.ask('GETATTR', node, body.getattr());
    expect([reply.u32(16 + 60), reply.u32(16 + 64)]).toEqual([0o040700, 0]);
    expect(script.takeCalls()).toEqual([]);
  });

  it('is asked no more than it must of a directory the kernel does not know', () => {
    const { kernel, script } = byPath();
    kernel.ask('RMDIR', 1, cString('d'));
    expect(script.takeCalls()).toEqual([['removeEntry', '/d', true]]);
  });

  it.each([false, true])('keeps a directory that is not empty (async: %s)', async (isAsync) => {
    const all = byPath();
    const { kernel, script } = all;
    const node = known(all, 'd', { mode: 0o040755 });
    script.answers.queryOpen = { mode: 0o040755 };
    script.answers.removeEntry = failure('DIRECTORY_NOT_EMPTY');
    script.isAsync = isAsync;
    const unique = kernel.post('RMDIR', 1, cString('d'));
    await settled();
    expect(kernel.reply(unique).errno).toBe(39);
    const kept = kernel.session.nodes.get(node);
    expect(kept.isUnlinked).toBe(false);
    expect(kept.remains).toBeUndefined();
  });
});

describe('RENAME and RENAME2', () => {
  it.each([false, true])('moves, and every path below (async: %s)', async (isAsync) => {
    const all = scripted();
    const { kernel, script } = all;
    const from = known(all, 'from', { mode: 0o040755 });
    const to = known(all, 'to', { mode: 0o040755 });
    const inner = known(all, 'x', { mode: 0o040755 }, from);
    const file = known(all, 'f', { size: 0 }, inner);
    script.isAsync = isAsync;
    const unique = kernel.post('RENAME', from, body.rename(to), cString('x'), cString('y'));
    await settled();
    expect(kernel.reply(unique).bytes).toHaveLength(16);
    expect(script.takeCalls()).toEqual([
      ['createFile', '/from/x', opening(DELETE | READ_ATTRIBUTES, 0)],
      ['moveFile', 'open 1', '/from/x', '/to/y', true],
      ...closing('/from/x'),
    ]);
    script.isAsync = false;
    kernel.ask('GETATTR', file, body.getattr());
    expect(script.takeCalls()).toEqual([['queryOpen', '/to/y/f']]);
  });

  it('replaces, or not', () => {
    const { kernel, script } = scripted();
    const names = [cString('a'), cString('b')];
    kernel.ask('RENAME2', 1, body.rename2(1, 0), ...names);
    expect(script.takeCalls()[1]).toEqual(['moveFile', 'open 1', '/a', '/b', true]);
    kernel.ask('RENAME2', 1, body.rename2(1, RENAME_NOREPLACE), ...names);
    expect(script.takeCalls()[1]).toEqual(['moveFile', 'open 2', '/a', '/b', false]);
    script.answers.moveFile = failure('OBJECT_NAME_COLLISION');
    const message = body.rename2(1, RENAME_NOREPLACE);
    expect(kernel.fail('RENAME2', 1, message, ...names)).toBe('EEXIST');
  });

  it('exchanges two names', () => {
    const all = scripted();
    const { kernel, script } = all;
    const a = known(all, 'a');
    const b = known(all, 'b', { mode: 0o040755 });
    const names = [cString('a'), cString('b')];
    kernel.ask('RENAME2', 1, body.rename2(1, RENAME_EXCHANGE), ...names);
    expect(script.takeCalls()).toEqual([['exchangeFiles', '/a', '/b']]);
    const { nodes } = kernel.session;
    expect([nodes.path(nodes.get(a)), nodes.path(nodes.get(b))]).toEqual(['/b', '/a']);
    script.missing.add('exchangeFiles');
    const message = body.rename2(1, RENAME_EXCHANGE);
    expect(kernel.fail('RENAME2', 1, message, ...names)).toBe('EINVAL');
  });

  it.each([RENAME_WHITEOUT, RENAME_EXCHANGE | RENAME_NOREPLACE, 8, 0x8000_0000])(
    'knows no flags %d',
    (flags) => {
      const { kernel, script } = scripted();
      const names = [cString('a'), cString('b')];
      expect(kernel.fail('RENAME2', 1, body.rename2(1, flags), ...names)).toBe('EINVAL');
      expect(script.takeCalls()).toEqual([]);
    },
  );

  it.each([
    ['RENAME', body.rename(1)],
    ['RENAME2', body.rename2(1, RENAME_EXCHANGE)],
  ] as const)('%s is of what had the name when it was asked for', async (name, message) => {
    const all = scripted();
    const { kernel, script } = all;
    const a = known(all, 'a');
    const { nodes } = kernel.session;
    script.isAsync = true;
    const unique = kernel.post(name, 1, message, cString('a'), cString('b'));
    // Somebody else finds the old name to be gone, before the file system says that it has renamed it.
    nodes.unlink(nodes.root, 'a');
    await settled();
    expect(kernel.reply(unique).errno).toBe(0);
    expect(nodes.path(nodes.get(a))).toBe('/b');
    expect(nodes.get(a).isUnlinked).toBe(false);
  });

  it('that fails changes nothing', () => {
    const all = scripted();
    const { kernel, script } = all;
    const a = known(all, 'a');
    const b = known(all, 'b');
    script.answers.moveFile = failure('NOT_SAME_DEVICE');
    expect(kernel.fail('RENAME', 1, body.rename(1), cString('a'), cString('b'))).toBe('EXDEV');
    const { nodes } = kernel.session;
    expect([nodes.path(nodes.get(a)), nodes.path(nodes.get(b))]).toEqual(['/a', '/b']);
  });

  it('needs two names and two directories', () => {
    const { kernel, script } = scripted();
    expect(kernel.fail('RENAME', 1, body.rename(1), cString('a'))).toBe('EINVAL');
    expect(kernel.fail('RENAME', 1, body.rename(9), cString('a'), cString('b'))).toBe('ESTALE');
    expect(kernel.fail('RENAME', 9, body.rename(1), cString('a'), cString('b'))).toBe('ESTALE');
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('SYMLINK', () => {
  it.each([false, true])('makes a link and tells of it (async: %s)', async (isAsync) => {
    const { kernel, script } = scripted({ altStreams: true });
    script.isAsync = isAsync;
    script.answers.queryOpen = { mode: 0o120777, size: 3 };
    const target = Buffer.concat([Buffer.from('x:'), Buffer.of(0xff, 0)]);
    const unique = kernel.post('SYMLINK', 1, cString('a:b'), target);
    await settled();
    expect(script.takeCalls()).toEqual([
      ['createSymbolicLink', '/a\uf03ab', 'x:\udcff'],
      ['queryOpen', '/a\uf03ab'],
    ]);
    const entry = { ...FILE, ino: 2, mode: 0o120777, size: 3 };
    expect(kernel.reply(unique).body).toEqual(entryOut(2, 0, VALID, entry));
  });

  it('fails without the callback, and without a target', () => {
    const { kernel, script } = scripted();
    expect(kernel.fail('SYMLINK', 1, cString('a'))).toBe('EINVAL');
    script.missing.add('createSymbolicLink');
    expect(kernel.fail('SYMLINK', 1, cString('a'), cString('b'))).toBe('EPERM');
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('LINK', () => {
  it('is one more name of the same node', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    const d = known(all, 'd', { mode: 0o040755 });
    script.answers.queryOpen = { size: 0, linkCount: 2 };
    const reply = kernel.ask('LINK', d, body.link(node), cString('b'));
    expect(script.takeCalls()).toEqual([
      ['createHardLink', '/a', '/d/b'],
      ['queryOpen', '/d/b'],
    ]);
    expect(reply.body).toEqual(entryOut(node, 0, VALID, { ...FILE, ino: node, nlink: 2 }));
    expect(kernel.session.nodes.get(node).lookups).toBe(2);
    kernel.ask('UNLINK', 1, cString('a'));
    script.takeCalls();
    kernel.ask('GETATTR', node, body.getattr());
    expect(script.takeCalls()).toEqual([['queryOpen', '/d/b']]);
  });

  it('fails without the callback, without a file and without a name of it', () => {
    const all = scripted();
    const { kernel, script } = all;
    const node = known(all, 'a');
    expect(kernel.fail('LINK', 1, body.link(77), cString('b'))).toBe('ESTALE');
    script.answers.createHardLink = failure('TOO_MANY_LINKS');
    expect(kernel.fail('LINK', 1, body.link(node), cString('b'))).toBe('EMLINK');
    script.missing.add('createHardLink');
    expect(kernel.fail('LINK', 1, body.link(node), cString('b'))).toBe('EPERM');
    script.missing.clear();
    kernel.ask('UNLINK', 1, cString('a'));
    expect(kernel.fail('LINK', 1, body.link(node), cString('b'))).toBe('ENOENT');
  });
});
