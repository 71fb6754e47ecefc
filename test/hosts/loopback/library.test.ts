import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAccess,
  FileAttributes,
  NtStatus,
  SecurityInformation,
  type DokanOperations,
  type MountOptions,
} from 'node-dokan';
import { loopback, type LoopbackClient } from 'node-dokan/testing';
import { describe, expect, it } from 'vitest';
import { outcome } from './scripted_backend.js';
import { CallbackJournal } from './callback_journal.mjs';

const { OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF, SUPERSEDE } = CreateDisposition;
const { DIRECTORY_FILE, NON_DIRECTORY_FILE } = CreateOptions;
const { DELETE, DELETE_CHILD, LIST_DIRECTORY, READ_ATTRIBUTES } = FileAccess;

/** Fails like this whatever it is asked. */
function failing(status: number): () => never {
  return () => {
    throw new DokanError(status);
  };
}

interface Started {
  readonly client: LoopbackClient;
  readonly journal: CallbackJournal;
}

async function start(operations: DokanOperations, options: MountOptions = {}): Promise<Started> {
  const journal = new CallbackJournal();
  const opens = { createFile: () => undefined, cleanup: () => undefined };
  const all = { closeFile: () => undefined, ...opens, ...operations };
  const client = await loopback(journal.watch(all), options);
  return { client, journal };
}

const DENIED = NtStatus.ACCESS_DENIED;

describe('what the library makes of failures', () => {
  it.each([
    ['getFileInformation', 'INVALID_PARAMETER', 'INVALID_PARAMETER'],
    ['setFileSecurity', 'INVALID_PARAMETER', 'INVALID_PARAMETER'],
    ['flushFileBuffers', 'NOT_SUPPORTED', 'SUCCESS'],
    ['lockFile', 'LOCK_NOT_GRANTED', 'NOT_IMPLEMENTED'],
    ['unlockFile', 'SUCCESS', 'NOT_IMPLEMENTED'],
    ['getFileSecurity', 'ACCESS_DENIED', 'SUCCESS'],
    ['setEndOfFile', 'ACCESS_DENIED', 'NOT_IMPLEMENTED'],
    ['setAllocationSize', 'ACCESS_DENIED', 'NOT_IMPLEMENTED'],
    ['moveFile', 'ACCESS_DENIED', 'NOT_IMPLEMENTED'],
    ['readFile', 'ACCESS_DENIED', 'NOT_IMPLEMENTED'],
    ['findStreams', 'ACCESS_DENIED', 'NOT_IMPLEMENTED'],
    ['findFiles', 'ACCESS_DENIED', 'NOT_IMPLEMENTED'],
  ] as const)('%s that fails is %s, one that is missing %s', async (name, failed, missing) => {
    for (const operations of [{ [name]: failing(DENIED) }, {}]) {
      const { client } = await start(operations, { altStreams: true, userModeLock: true });
      const file = await client.create('/f', { access: FileAccess.MAXIMUM_ALLOWED });
      const { DACL } = SecurityInformation;
      const calls = {
        getFileInformation: () => file.stat(),
        setFileSecurity: () => file.setSecurity(DACL, Buffer.alloc(20)),
        flushFileBuffers: () => file.flush(),
        lockFile: () => file.lock(0, 1),
        unlockFile: () => file.unlock(0, 1),
        getFileSecurity: () => file.security(DACL),
        setEndOfFile: () => file.setEndOfFile(1),
        setAllocationSize: () => file.setAllocationSize(1),
        moveFile: () => file.rename('/g'),
        readFile: () => file.read(1),
        findStreams: () => file.streams(),
        findFiles: () => file.list(),
      };
      expect(await outcome(calls[name]())).toBe(name in operations ? failed : missing);
      await client.unmount();
    }
  });

  it('ends a read of nothing as the end of the file', async () => {
    const { client } = await start({ readFile: () => 0 });
    expect(await outcome((await client.create('/f')).read(1))).toBe('END_OF_FILE');
  });

  it('gives a default security descriptor', async () => {
    const { client } = await start({});
    const file = await client.create('/f', { access: FileAccess.MAXIMUM_ALLOWED });
    const descriptor = await file.security(SecurityInformation.DACL);
    expect(descriptor.readUInt16LE(2)).toBe(0x8004);
    // One entry: authenticated users, S-1-5-11, may do everything.
    const dacl = descriptor.readUInt32LE(16);
    expect(descriptor.readUInt16LE(dacl + 4)).toBe(1);
    expect(descriptor.readUInt32LE(dacl + 12)).toBe(0x1f01ff);
    expect(descriptor.subarray(-12).toString('hex')).toBe('010100000000000' + '50b000000');
    expect(dacl + descriptor.readUInt16LE(dacl + 2)).toBe(descriptor.length);
  });
});

describe('create', () => {
  it.each([
    [OPEN, 'opened', 'opened'],
    [CREATE, 'created', 'created'],
    [OPEN_IF, 'opened', 'opened'],
    [OPEN_IF, 'created', 'created'],
    [OVERWRITE, 'overwritten', 'overwritten'],
    [OVERWRITE_IF, 'overwritten', 'overwritten'],
    [OVERWRITE_IF, 'created', 'created'],
    [SUPERSEDE, 'superseded', 'superseded'],
    // The library knows no more of a file than whether it was there.
    [SUPERSEDE, 'overwritten', 'superseded'],
  ] as const)('disposition %i, answered %s, is %s', async (disposition, answer, result) => {
    const { client } = await start({ createFile: () => answer });
    expect((await client.create('/f', { disposition })).createResult).toBe(result);
  });

  it('cannot be of a directory and of none', async () => {
    const { client, journal } = await start({});
    const options = DIRECTORY_FILE | NON_DIRECTORY_FILE;
    expect(await outcome(client.create('/f', { options }))).toBe('INVALID_PARAMETER');
    expect(journal.take()).toEqual([]);
  });

  it('hands on who asks, and for what', async () => {
    const seen: unknown[] = [];
    const { client } = await start({
      createFile: (path, request, file) => {
        seen.push([path, request, file.processId, file.isDirectory]);
      },
    });
    const securityDescriptor = Buffer.alloc(20);
    await client.create('/d/f', {
      access: READ_ATTRIBUTES,
      share: 3,
      options: DIRECTORY_FILE,
      attributes: FileAttributes.HIDDEN,
      processId: 42,
      securityDescriptor,
    });
    const request = {
      desiredAccess: READ_ATTRIBUTES,
      fileAttributes: FileAttributes.HIDDEN,
      shareAccess: 3,
      createDisposition: OPEN,
      createOptions: DIRECTORY_FILE,
      securityDescriptor,
    };
    expect(seen).toEqual([['/d/f', request, 42, true]]);
  });

  it('that may not delete asks the directory', async () => {
    const asked: unknown[] = [];
    const { client, journal } = await start({
      createFile: (path, { desiredAccess }, file) => {
        asked.push([path, desiredAccess]);
        file.isDirectory = path === '/d';
        if (path === '/d/f') throw new DokanError(DENIED);
      },
      getFileInformation: () => ({}),
      deleteFile: () => undefined,
      deleteDirectory: () => undefined,
    });
    const file = await client.create('/d/f', { access: DELETE | READ_ATTRIBUTES });
    expect(asked).toEqual([
      ['/d/f', DELETE | READ_ATTRIBUTES],
      ['/d', DELETE_CHILD | LIST_DIRECTORY],
    ]);
    expect(file.isDirectory).toBe(false);
    journal.take();
    await file.delete();
    await file.close();
    expect(journal.take()).toEqual([
      'getFileInformation /d/f',
      'deleteFile /d/f delete',
      'cleanup /d/f delete',
      'closeFile /d/f',
    ]);
    expect(await outcome(client.create('/d/f', { access: READ_ATTRIBUTES }))).toBe('ACCESS_DENIED');
  });

  it('that neither may delete is denied', async () => {
    const { client, journal } = await start({ createFile: failing(DENIED) });
    expect(await outcome(client.create('/d/f', { access: DELETE }))).toBe('ACCESS_DENIED');
    expect(journal.take()).toEqual(['createFile /d/f', 'createFile /d']);
  });
});

describe('changes', () => {
  it('of attributes and times need both callbacks, and call both', async () => {
    const half = await start({ setFileAttributes: () => undefined });
    expect(await outcome((await half.client.create('/f')).setAttributes(1))).toBe(
      'NOT_IMPLEMENTED',
    );
    const seen: unknown[] = [];
    const whole = await start({
      setFileAttributes: (_, attributes) => void seen.push(attributes),
      setFileTime: (_, times) => void seen.push(times),
    });
    const file = await whole.client.create('/f', { access: FileAccess.MAXIMUM_ALLOWED });
    await file.setTimes({ lastWriteTime: 12_345_678_901_234_567_890n });
    const lastWriteTime = 12_345_678_901_234_567_800n;
    const left = { creationTime: undefined, lastAccessTime: undefined };
    expect(seen).toEqual([0, { ...left, lastWriteTime }]);
  });

  it('of the disposition need both callbacks', async () => {
    const { client, journal } = await start({ deleteFile: () => undefined });
    const file = await client.create('/f');
    journal.take();
    expect(await outcome(file.delete())).toBe('NOT_IMPLEMENTED');
    expect(journal.take()).toEqual([]);
  });

  it('delete a file of which nothing can be learned', async () => {
    const { client } = await start({
      getFileInformation: failing(DENIED),
      deleteFile: () => undefined,
      deleteDirectory: () => undefined,
    });
    expect(await outcome((await client.create('/f')).delete())).toBe('SUCCESS');
  });
});

describe('what is not said', () => {
  it('of a file: plain, empty, as old as the volume', async () => {
    const before = BigInt(Date.now() - 1) * 1_000_000n;
    const { client } = await start({ getFileInformation: () => ({}) });
    const stat = await client.stat('/f');
    expect(stat).toMatchObject({ attributes: FileAttributes.NORMAL, size: 0, linkCount: 1 });
    expect(stat.creationTime).toBeGreaterThan(before);
    expect(stat.creationTime).toBe(stat.lastWriteTime);
  });

  it.each([
    [0o040755, FileAttributes.DIRECTORY],
    [0o100644, FileAttributes.NORMAL],
    [0o100444, FileAttributes.READONLY],
  ])('attributes, where the mode is 0o%o', async (mode, attributes) => {
    const { client } = await start({ getFileInformation: () => ({ mode }) });
    expect((await client.stat('/f')).attributes).toBe(attributes);
  });

  it('of the volume', async () => {
    const { client } = await start({});
    expect(await client.diskSpace()).toEqual({
      freeBytesAvailable: 2 ** 29,
      totalBytes: 2 ** 30,
      totalFreeBytes: 2 ** 29,
    });
    expect((await client.volumeInformation()).volumeName).toBe('DOKAN');
  });

  it('of streams: the form of their names', async () => {
    const { client } = await start(
      {
        findStreams: () => [
          { name: '', size: 1 },
          { name: 's', size: 2 },
        ],
      },
      { altStreams: true },
    );
    expect(await (await client.create('/f')).streams()).toEqual([
      { name: '::$DATA', size: 1 },
      { name: ':s:$DATA', size: 2 },
    ]);
  });
});
