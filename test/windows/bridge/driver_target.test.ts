import { beforeEach, describe, expect, test } from 'vitest';
import { CreateDisposition, CreateOptions, FileAccess } from '../../../lib/constants.js';
import { NO_CALLER } from '../../../lib/open_file.js';
import type { CreateFileRequest } from '../../../lib/operations.js';
import { NtStatus } from '../../../lib/status.js';
import { IoFlags, release, withOpen, type Caller, type Open } from '../../../lib/target.js';
import type { Fields } from '../../simulator/client.js';
import { DriverTarget } from './driver_target.js';
import { ScriptedChannel, type Scripted, type Sent } from './scripted_channel.js';
import { SimulatorBackend } from './simulator_backend.js';

const VOLUME = 7;
const CALLER: Caller = { processId: 42, userId: 1, groupId: 2, running: undefined };
const OPENED = { information: 1, isDirectory: false, context: '18446744073709551615' };

const READ: CreateFileRequest = {
  desiredAccess: FileAccess.FILE_GENERIC_READ,
  fileAttributes: 0,
  shareAccess: 7,
  createDisposition: CreateDisposition.OPEN,
  createOptions: CreateOptions.NON_DIRECTORY_FILE,
  mode: 0o644,
};

let channel: ScriptedChannel;
let backend: SimulatorBackend;
let target: DriverTarget;

beforeEach(() => {
  channel = new ScriptedChannel();
  backend = new SimulatorBackend(channel, VOLUME);
  target = new DriverTarget(backend);
});

const ops = (): string[] => channel.sent.map(({ op }) => op);
const last = (): Sent => channel.sent.at(-1)!;

async function open(path = '/a/b', request = READ, reply: Scripted = OPENED): Promise<Open> {
  channel.answer('create', reply);
  const opened = await target.createFile(path, request, CALLER);
  channel.sent.length = 0;
  return opened;
}

/** The order about the open file that `open` gives, with what is its own. */
const about = (op: string, fields: Fields = {}): Fields => ({
  op,
  volume: VOLUME,
  processId: 42,
  context: OPENED.context,
  name: '\\a\\b',
  isDirectory: false,
  ...fields,
});

describe('opening', () => {
  test('everything the caller wants is passed on', async () => {
    channel.answer('create', { ...OPENED, information: 2 });
    const opened = await target.createFile('/a/b', READ, CALLER);
    expect(opened.createResult).toBe('created');
    expect(last()).toEqual({
      op: 'create',
      volume: VOLUME,
      processId: 42,
      name: '\\a\\b',
      desiredAccess: READ.desiredAccess,
      fileAttributes: 0,
      shareAccess: 7,
      createDisposition: CreateDisposition.OPEN,
      createOptions: CreateOptions.NON_DIRECTORY_FILE,
      openTargetDirectory: false,
    });
  });

  test.each([
    [0, 'superseded'],
    [1, 'opened'],
    [2, 'created'],
    [3, 'overwritten'],
  ])('information %i is %s', async (information, result) => {
    expect((await open('/x', READ, { ...OPENED, information })).createResult).toBe(result);
  });

  test('the reply tells what is a directory', async () => {
    expect((await open('/x', READ, { ...OPENED, isDirectory: true })).isDirectory).toBe(true);
  });

  test('a failure is the status', async () => {
    channel.answer('create', { status: NtStatus.SHARING_VIOLATION, information: 5, context: '0' });
    const opening = target.createFile('/a', READ, CALLER);
    await expect(opening).rejects.toMatchObject({ status: NtStatus.SHARING_VIOLATION });
  });

  test('a security descriptor is the payload', async () => {
    const securityDescriptor = Buffer.from('descriptor');
    channel.answer('create', OPENED);
    await target.createFile('/a', { ...READ, securityDescriptor }, CALLER);
    expect(channel.payloads).toEqual([securityDescriptor]);
    expect(last()).not.toHaveProperty('securityDescriptor');
  });
});

describe('names', () => {
  test.each([
    ['/', '\\'],
    ['/a', '\\a'],
    ['/a/b:stream', '\\a\\b:stream'],
    ['/\udcff', '\\\udcff'],
    [`/${'語'.repeat(85)}/${'n'.repeat(255)}`, `\\${'語'.repeat(85)}\\${'n'.repeat(255)}`],
    [`/${'\udcff'.repeat(255)}`, `\\${'\udcff'.repeat(255)}`],
    [`/${'\uf03a'.repeat(255)}`, `\\${'\uf03a'.repeat(255)}`],
  ])('%j', async (path, name) => {
    channel.answer('create', OPENED);
    await target.createFile(path, READ, CALLER);
    expect(last()['name']).toBe(name);
  });

  test.each([
    ['/a\\b', NtStatus.OBJECT_NAME_INVALID],
    [`/${'n'.repeat(256)}`, NtStatus.NAME_TOO_LONG],
    [`/${'語'.repeat(86)}/x`, NtStatus.NAME_TOO_LONG],
  ])('%j is refused before anybody is asked', async (path, status) => {
    await expect(target.createFile(path, READ, CALLER)).rejects.toMatchObject({ status });
    expect(channel.sent).toEqual([]);
  });
});

describe('the end of an open', () => {
  test('cleanup is waited for, close is not', async () => {
    const opened = await open();
    const never = new Promise<never>(() => undefined);
    const order = channel.order.bind(channel);
    channel.order = (op, fields) => (op === 'close' ? never : order(op, fields));
    await release(target, opened, '/a/b', CALLER);
    expect(channel.sent).toEqual([about('cleanup', { deleteOnClose: false })]);
    expect(backend.pendingCount).toBe(1);
  });

  test('what is to be deleted is deleted by the cleanup', async () => {
    const opened = await open();
    channel.answer('setDisposition', { deletePending: true });
    await target.setDisposition(opened, '/a/b', true, CALLER);
    await release(target, opened, '/a/b', CALLER);
    expect(channel.sent).toEqual([
      about('setDisposition', { delete: true }),
      about('cleanup', { deleteOnClose: true }),
      about('close'),
    ]);
  });

  test('a deletion that is refused, and one that is taken back', async () => {
    const opened = await open();
    channel.answer(
      'setDisposition',
      { status: NtStatus.CANNOT_DELETE, deletePending: false },
      { deletePending: true },
      { deletePending: false },
    );
    const refused = target.setDisposition(opened, '/a/b', true, CALLER);
    await expect(refused).rejects.toMatchObject({ status: NtStatus.CANNOT_DELETE });
    await target.setDisposition(opened, '/a/b', true, CALLER);
    await target.setDisposition(opened, '/a/b', false, CALLER);
    await target.cleanup(opened, '/a/b', CALLER);
    expect(last()).toEqual(about('cleanup', { deleteOnClose: false }));
  });

  test('DELETE_ON_CLOSE', async () => {
    const createOptions = CreateOptions.DELETE_ON_CLOSE;
    const opened = await open('/a/b', { ...READ, createOptions });
    await target.cleanup(opened, '/a/b', CALLER);
    expect(last()['deleteOnClose']).toBe(true);
  });
});

describe('data', () => {
  test('a read fills the buffer', async () => {
    const opened = await open();
    channel.answer('read', { payload: Buffer.from('content') });
    const buffer = Buffer.alloc(10, '.');
    const io = IoFlags.PAGING_IO | IoFlags.NO_CACHE;
    expect(await target.readFile(opened, '/a/b', buffer, 2 ** 40, io, CALLER)).toBe(7);
    expect(buffer.toString()).toBe('content...');
    const flags = { pagingIo: true, synchronousIo: false, noCache: true };
    expect(last()).toEqual(about('read', { ...flags, offset: 2 ** 40, length: 10 }));
  });

  test('the end of the file is no failure', async () => {
    const opened = await open();
    channel.answer('read', { status: NtStatus.END_OF_FILE });
    expect(await target.readFile(opened, '/a/b', Buffer.alloc(1), 0, 0, CALLER)).toBe(0);
  });

  test('writing, and writing at the end', async () => {
    const opened = await open();
    channel.answer('write', { written: 3 }, { written: 3 });
    const data = Buffer.from('new');
    expect(await target.writeFile(opened, '/a/b', data, 5, 0, CALLER)).toBe(3);
    expect(last()).toMatchObject({ offset: 5, writeToEndOfFile: false });
    await target.writeFile(opened, '/a/b', data, 5, IoFlags.WRITE_TO_END_OF_FILE, CALLER);
    expect(last()).toMatchObject({ offset: -1, writeToEndOfFile: true });
    expect(channel.payloads.slice(-2)).toEqual([data, data]);
    expect(last()).not.toHaveProperty('data');
  });

  test('sizes, locks, flushing', async () => {
    const opened = await open();
    await target.setEndOfFile(opened, '/a/b', 12, CALLER);
    await target.setAllocationSize(opened, '/a/b', 34, CALLER);
    await target.lockFile(opened, '/a/b', 5, 6, CALLER);
    await target.unlockFile(opened, '/a/b', 5, 6, CALLER);
    await target.flushFileBuffers(opened, '/a/b', IoFlags.NONE, CALLER);
    expect(channel.sent).toEqual([
      about('setEndOfFile', { size: 12 }),
      about('setAllocation', { size: 34 }),
      about('lock', { offset: 5, length: 6 }),
      about('unlock', { offset: 5, length: 6 }),
      about('flush'),
    ]);
  });
});

const EPOCH = 116_444_736_000_000_000n;
const INFORMATION = {
  attributes: 0x20,
  creationTime: '0',
  lastAccessTime: String(EPOCH + 1n),
  lastWriteTime: String(EPOCH - 1n),
  size: 5000,
  allocationSize: 8192,
  links: 1,
  index: '18446744073709551615',
  deletePending: false,
  isDirectory: false,
};

describe('attributes', () => {
  test('what a file is', async () => {
    const opened = await open();
    channel.answer('queryInformation', INFORMATION);
    expect(await target.getFileInformation(opened, '/a/b', CALLER)).toEqual({
      attributes: 0x20,
      creationTime: undefined,
      lastAccessTime: 100n,
      lastWriteTime: -100n,
      size: 5000,
      linkCount: 1,
      blocks: 16,
    });
  });

  test('asked by name: open, ask, close', async () => {
    channel.answer('create', OPENED);
    channel.answer('queryInformation', INFORMATION);
    expect(await target.queryOpen('/a/b', CALLER)).toMatchObject({ size: 5000 });
    expect(ops()).toEqual(['create', 'queryInformation', 'cleanup', 'close']);
    expect(channel.sent[0]).toMatchObject({
      desiredAccess: FileAccess.READ_ATTRIBUTES,
      createOptions: CreateOptions.OPEN_REPARSE_POINT,
    });
  });

  test('zero leaves what is not to be set', async () => {
    const opened = await open();
    await target.setFileAttributes(opened, '/a/b', 0x21, CALLER);
    const left = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n };
    expect(last()).toEqual(about('setBasic', { ...left, attributes: 0x21 }));
    const times = { creationTime: undefined, lastAccessTime: 199n, lastWriteTime: -1n };
    await target.setFileTime(opened, '/a/b', times, CALLER);
    const set = { lastAccessTime: EPOCH + 1n, lastWriteTime: EPOCH - 1n };
    expect(last()).toEqual(about('setBasic', { ...left, ...set, attributes: 0 }));
  });

  test('security descriptors, also long ones', async () => {
    const opened = await open();
    const descriptor = Buffer.alloc(5000, 'd');
    const tooLong = { status: NtStatus.BUFFER_OVERFLOW, needed: 5000 };
    channel.answer('querySecurity', tooLong, { needed: 5000, payload: descriptor });
    expect(await target.getFileSecurity(opened, '/a/b', 4, CALLER)).toEqual(descriptor);
    expect(channel.sent.map(({ length }) => length)).toEqual([4096, 5000]);
    await target.setFileSecurity(opened, '/a/b', 4, descriptor, CALLER);
    expect(last()).toEqual(about('setSecurity', { securityInformation: 4 }));
    expect(channel.payloads.at(-1)).toEqual(descriptor);
  });
});

describe('names in directories', () => {
  test('a rename opens the directory of the new name, and closes it', async () => {
    const opened = await open();
    channel.answer('create', { ...OPENED, isDirectory: true, context: '9' });
    await target.moveFile(opened, '/a/b', '/c/d/e', true, CALLER);
    expect(ops()).toEqual(['create', 'rename', 'cleanup', 'close']);
    expect(channel.sent[0]).toMatchObject({ name: '\\c\\d\\e', openTargetDirectory: true });
    expect(channel.sent[1]).toEqual(about('rename', { newName: '\\c\\d\\e', flags: 1 }));
    expect(channel.sent[2]).toMatchObject({ name: '\\c\\d', context: '9', isDirectory: true });
  });

  test('a rename that fails closes the directory too', async () => {
    const opened = await open();
    channel.answer('create', OPENED);
    channel.answer('rename', { status: NtStatus.OBJECT_NAME_COLLISION });
    const moving = target.moveFile(opened, '/a/b', '/c', false, CALLER);
    await expect(moving).rejects.toMatchObject({ status: NtStatus.OBJECT_NAME_COLLISION });
    expect(ops()).toEqual(['create', 'rename', 'cleanup', 'close']);
    expect(channel.sent[1]).toMatchObject({ flags: 0 });
    expect(last()).toMatchObject({ name: '\\' });
  });

  const entry = (name: string): object => ({
    ...{ name, attributes: 0x10, size: 4096 },
    ...{ creationTime: '0', lastAccessTime: '0', lastWriteTime: String(EPOCH) },
  });

  test('a listing has no dots', async () => {
    const opened = await open();
    channel.answer('queryDirectory', { entries: ['.', '..', 'x', '...'].map(entry) });
    const listing = await target.findFiles(opened, '/a/b', undefined, CALLER);
    expect(listing.next()).toMatchObject({ name: 'x', size: 0, lastWriteTime: 0n });
    expect(listing.next()).toMatchObject({ name: '...' });
    expect(listing.next()).toBeUndefined();
    expect(last()).toMatchObject({ pattern: '*', restartScan: true });
  });

  test('an empty directory, and one that cannot be listed', async () => {
    const opened = await open();
    const statuses = [NtStatus.NO_SUCH_FILE, NtStatus.ACCESS_DENIED];
    channel.answer('queryDirectory', ...statuses.map((status) => ({ status })));
    const listing = await target.findFiles(opened, '/', undefined, CALLER);
    expect(listing.next()).toBeUndefined();
    const failing = target.findFiles(opened, '/', undefined, CALLER);
    await expect(failing).rejects.toMatchObject({ status: NtStatus.ACCESS_DENIED });
  });

  test('streams', async () => {
    const opened = await open();
    const streams = [{ name: '::$DATA', size: 5 }];
    channel.answer('queryStreams', { streams }, {});
    const listing = await target.findStreams(opened, '/a/b', CALLER);
    expect([listing.next(), listing.next()]).toEqual([...streams, undefined]);
    expect((await target.findStreams(opened, '/a/b', CALLER)).next()).toBeUndefined();
  });
});

describe('the volume', () => {
  test('its size, and what it is called', async () => {
    const size = { available: 1, total: '9007199254740993', free: 3 };
    channel.answer('querySize', size);
    expect(await target.getDiskFreeSpace(NO_CALLER)).toEqual({
      freeBytesAvailable: 1,
      totalBytes: 2 ** 53,
      totalFreeBytes: 3,
    });
    const volume = { label: 'notes', serial: 5, maxComponent: 255, flags: 6 };
    channel.answer('queryVolume', { ...volume, fileSystemName: 'NTFS' });
    expect(await target.getVolumeInformation(NO_CALLER)).toEqual({
      volumeName: 'notes',
      serialNumber: 5,
      maximumComponentLength: 255,
      fileSystemFlags: 6,
      fileSystemName: 'NTFS',
    });
  });

  test('there are no POSIX requests', async () => {
    expect(target.supports('setMode')).toBe(false);
    expect(target.supports('createHardLink')).toBe(false);
    expect(target.supports('findStreams')).toBe(true);
    await expect(target.readLink()).rejects.toMatchObject({ status: NtStatus.NOT_SUPPORTED });
  });

  test('when the simulator has gone, everything fails', async () => {
    const opened = await open();
    channel.isGone = true;
    const asking = withOpen(
      target,
      '/a',
      READ,
      CALLER,
      () => Promise.resolve(),
      undefined,
      undefined,
    );
    await expect(asking).rejects.toMatchObject({ status: NtStatus.VOLUME_DISMOUNTED });
    await release(target, opened, '/a/b', CALLER);
    await backend.lost;
  });
});
