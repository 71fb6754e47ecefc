import { describe, expect, it } from 'vitest';
import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  FileAttributes,
  FileSystemFlags,
  SecurityInformation,
  ShareAccess,
} from '../../../lib/constants.js';
import { driverTimeout } from '../../../lib/hosts/loopback/orders.js';
import { NtStatus } from '../../../lib/status.js';
import { bench, outcome } from './scripted_backend.js';

const { OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF, SUPERSEDE } = CreateDisposition;
const { DIRECTORY_FILE, DELETE_ON_CLOSE, NO_INTERMEDIATE_BUFFERING } = CreateOptions;
const { DELETE, READ_DATA, WRITE_DATA, APPEND_DATA, READ_ATTRIBUTES } = FileAccess;

describe('create', () => {
  it('normalises names', async () => {
    const { client, log } = bench();
    await client.create('//x/y/');
    await client.create('/');
    expect(log()).toEqual(['create \\x\\y', 'create \\']);
    expect(await outcome(client.create('relative'))).toBe('OBJECT_NAME_INVALID');
  });

  it.each([
    ['an unknown disposition', { disposition: 6 as typeof OPEN }],
    ['an unknown share', { share: 8 }],
    ['an unknown attribute', { attributes: 0x8 }],
    ['delete-on-close without the right', { options: DELETE_ON_CLOSE, access: READ_DATA }],
    ['a directory to overwrite', { options: DIRECTORY_FILE, disposition: OVERWRITE }],
    ['a directory to supersede', { options: DIRECTORY_FILE, disposition: SUPERSEDE }],
    [
      'a temporary directory',
      { options: DIRECTORY_FILE, disposition: CREATE, attributes: FileAttributes.TEMPORARY },
    ],
  ])('refuses %s', async (_, options) => {
    const { client, log } = bench();
    expect(await outcome(client.create('/f', options))).toBe('INVALID_PARAMETER');
    expect(log()).toEqual([]);
  });

  it('shows the file system no generic rights', async () => {
    const { client, backend } = bench();
    await client.create('/f', { access: FileAccess.GENERIC_READ | FileAccess.GENERIC_WRITE });
    expect(backend.orders[0]).toMatchObject({ desiredAccess: 0x12019f });
  });

  it('does not ask whether a file can be created that is open', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    expect(await outcome(client.create('/f', { disposition: CREATE }))).toBe(
      'OBJECT_NAME_COLLISION',
    );
    await file.close();
    log();
    expect(await outcome(client.create('/f', { disposition: CREATE }))).toBe('SUCCESS');
    expect(log()).toEqual(['create \\f']);
  });

  it('knows no streams without the option', async () => {
    const { client, log } = bench({}, { altStreams: false });
    expect(await outcome(client.create('/f:s'))).toBe('INVALID_PARAMETER');
    expect(log()).toEqual([]);
    const file = await client.create('/f');
    expect(await outcome(file.streams())).toBe('INVALID_PARAMETER');
  });

  it('says what was done', async () => {
    const { client } = bench({ create: () => ({ information: 3 }) });
    const file = await client.create('/f', { disposition: OVERWRITE_IF });
    expect(file.createResult).toBe('overwritten');
  });
});

describe('write protection', () => {
  it.each([SUPERSEDE, CREATE, OVERWRITE, OVERWRITE_IF])('refuses disposition %i', async (how) => {
    const { client, log } = bench({}, { writeProtect: true });
    expect(await outcome(client.create('/f', { disposition: how }))).toBe('MEDIA_WRITE_PROTECTED');
    expect(log()).toEqual([]);
  });

  it('makes an open of an open-or-create', async () => {
    const missing = { status: NtStatus.OBJECT_NAME_NOT_FOUND, information: 5 };
    const { client, backend } = bench(
      { create: (order: { name: string }) => (order.name === '\\f' ? undefined : missing) },
      { writeProtect: true },
    );
    expect(await outcome(client.create('/f', { disposition: OPEN_IF }))).toBe('SUCCESS');
    expect(backend.orders[0]).toMatchObject({ createDisposition: OPEN });
    expect(await outcome(client.create('/g', { disposition: OPEN_IF }))).toBe(
      'MEDIA_WRITE_PROTECTED',
    );
    expect(await outcome(client.create('/g'))).toBe('OBJECT_NAME_NOT_FOUND');
  });

  it('refuses every change through a handle, and shows the flag', async () => {
    const { client, log } = bench({}, { writeProtect: true });
    const file = await client.create('/f', { access: FileAccess.GENERIC_ALL });
    log();
    const changes = [
      file.write('x'),
      file.flush(),
      file.setAttributes(1),
      file.setEndOfFile(0),
      file.setAllocationSize(0),
      file.setValidDataLength(0),
      file.delete(),
      file.rename('/g'),
      file.setSecurity(SecurityInformation.DACL, Buffer.alloc(20)),
    ];
    for (const change of changes) expect(await outcome(change)).toBe('MEDIA_WRITE_PROTECTED');
    expect(log()).toEqual([]);
    const { fileSystemFlags } = await client.volumeInformation();
    expect(fileSystemFlags).toBe(6 | FileSystemFlags.READ_ONLY_VOLUME);
  });
});

describe('deletion', () => {
  it('happens with the cleanup of the last handle, whoever asked', async () => {
    const { client, log } = bench();
    const one = await client.create('/f');
    const two = await client.create('/f');
    log();
    await one.delete();
    await one.close();
    await two.close();
    expect(log()).toEqual([
      'setDisposition \\f',
      'cleanup \\f',
      'close \\f',
      'cleanup \\f delete',
      'close \\f',
    ]);
  });

  it('keeps everybody else out until then', async () => {
    const { client } = bench();
    const file = await client.create('/f');
    await file.delete();
    expect((await file.stat()).deletePending).toBe(true);
    expect(await outcome(client.create('/F'))).toBe('DELETE_PENDING');
    await file.close();
    expect(await outcome(client.create('/f'))).toBe('SUCCESS');
  });

  it('asks nothing that is so already, and is taken back with any handle', async () => {
    const { client, log } = bench();
    const one = await client.create('/f');
    const two = await client.create('/f');
    log();
    await one.delete(false);
    await one.delete();
    await two.delete();
    await two.delete(false);
    await one.close();
    await two.close();
    expect(log()).toEqual([
      'setDisposition \\f',
      'setDisposition \\f not',
      'cleanup \\f',
      'close \\f',
      'cleanup \\f',
      'close \\f',
    ]);
  });

  it('on close is the matter of one handle until that is closed', async () => {
    const { client, log } = bench();
    const one = await client.create('/f', { options: DELETE_ON_CLOSE });
    const two = await client.create('/f');
    log();
    await one.close();
    expect(log()).toEqual(['cleanup \\f', 'close \\f']);
    expect(await outcome(client.create('/f'))).toBe('DELETE_PENDING');
    await two.close();
    expect(log()).toEqual(['cleanup \\f delete', 'close \\f']);
  });

  it('is over once, even when two handles are closed at the same time', async () => {
    const { client, log } = bench();
    const one = await client.create('/f');
    const two = await client.create('/f');
    await one.delete();
    log();
    await Promise.all([one.close(), two.close()]);
    expect(log().filter((line) => line.endsWith('delete'))).toHaveLength(1);
  });

  it('does not begin when the file system refuses', async () => {
    const { client } = bench({ setDisposition: () => ({ status: NtStatus.CANNOT_DELETE }) });
    const file = await client.create('/f');
    expect(await outcome(file.delete())).toBe('CANNOT_DELETE');
    expect(await outcome(client.create('/f'))).toBe('SUCCESS');
  });
});

describe('rights of a handle', () => {
  it.each([
    ['read', READ_DATA],
    ['write', WRITE_DATA],
    ['flush', WRITE_DATA],
    ['stat', READ_ATTRIBUTES],
    ['setBasic', FileAccess.WRITE_ATTRIBUTES],
    ['setEndOfFile', WRITE_DATA],
    ['delete', DELETE],
    ['rename', DELETE],
    ['list', FileAccess.LIST_DIRECTORY],
    ['lock', WRITE_DATA],
    ['map', READ_DATA | READ_ATTRIBUTES],
    ['security', FileAccess.READ_CONTROL],
    ['setSecurity', FileAccess.WRITE_DAC],
  ] as const)('%s needs 0x%x', async (what, needed) => {
    const { client } = bench();
    const run = async (access: number): Promise<string> => {
      await using file = await client.create('/f', { access });
      const calls = {
        read: () => file.read(1),
        write: () => file.write('x'),
        flush: () => file.flush(),
        stat: () => file.stat(),
        setBasic: () => file.setBasic({}),
        setEndOfFile: () => file.setEndOfFile(1),
        delete: () => file.delete(),
        rename: () => file.rename('/g'),
        list: () => file.list(),
        lock: () => file.lock(0, 1),
        map: () => file.map().then((section) => section.close()),
        security: () => file.security(SecurityInformation.DACL),
        setSecurity: () => file.setSecurity(SecurityInformation.DACL, Buffer.alloc(20)),
      };
      return await outcome(calls[what]());
    };
    expect(await run(needed)).toBe('SUCCESS');
    expect(await run(FileAccess.MAXIMUM_ALLOWED)).toBe('SUCCESS');
    const others = [
      READ_DATA,
      WRITE_DATA,
      APPEND_DATA,
      READ_ATTRIBUTES,
      DELETE,
      0x8,
      0x100,
      0x60000,
    ];
    const rest = others.filter((right) => (right & needed) === 0 && right !== APPEND_DATA);
    if (what === 'lock') rest.splice(0, rest.length, READ_ATTRIBUTES, DELETE);
    if (what === 'security' || what === 'setSecurity')
      rest.splice(0, rest.length, READ_DATA, DELETE);
    expect(await run(rest.reduce((all, right) => all | right, 0))).toBe('ACCESS_DENIED');
  });

  it('lets a handle that may only append do that, wherever it writes', async () => {
    const { client, backend } = bench();
    const file = await client.create('/f', { access: APPEND_DATA });
    await file.write('x', 5);
    expect(backend.orders.at(-1)).toMatchObject({ writeToEndOfFile: true });
  });

  it('ends with the handle, also in the middle of a rename', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    const renaming = outcome(file.rename('/g'));
    await file.close();
    expect(await renaming).toBe('INVALID_HANDLE');
    expect(log()).not.toContain('rename \\f \\g 0');
  });

  it('ends with the handle', async () => {
    const { client } = bench();
    const file = await client.create('/f');
    await file.cleanup();
    expect(await outcome(file.read(1))).toBe('INVALID_HANDLE');
    expect(await outcome(file.stat())).toBe('INVALID_HANDLE');
    expect(await outcome(file.close())).toBe('SUCCESS');
  });
});

describe('transfers', () => {
  it('of no bytes are not asked', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    log();
    expect(await file.read(0)).toEqual(Buffer.alloc(0));
    expect(await file.write('')).toBe(0);
    expect(log()).toEqual([]);
  });

  it('are not for directories', async () => {
    const { client } = bench();
    const directory = await client.create('/d', { options: DIRECTORY_FILE });
    expect(await outcome(directory.read(1))).toBe('INVALID_PARAMETER');
    expect(await outcome(directory.write('x'))).toBe('INVALID_PARAMETER');
    expect(await outcome(directory.lock(0, 1))).toBe('INVALID_PARAMETER');
  });

  it('of whole sectors only, where nothing buffers', async () => {
    const { client, backend } = bench();
    const file = await client.create('/f', { options: NO_INTERMEDIATE_BUFFERING });
    expect(await outcome(file.read(100))).toBe('INVALID_PARAMETER');
    expect(await outcome(file.write(Buffer.alloc(512), 1))).toBe('INVALID_PARAMETER');
    expect(await outcome(file.read(512, 1024))).toBe('SUCCESS');
    expect(backend.orders.at(-1)).toMatchObject({ noCache: true, synchronousIo: false });
  });

  it('say who asks', async () => {
    const { client, backend } = bench();
    const file = await client.create('/f', { processId: 77 });
    await file.read(1);
    expect(backend.orders.map(({ processId }) => processId)).toEqual([77, 77]);
  });

  it("under somebody else's exclusive lock: reads fail, writes do not", async () => {
    const { client } = bench();
    const one = await client.create('/f');
    const two = await client.create('/f');
    await one.lock(10, 10);
    expect(await outcome(two.read(1, 19))).toBe('FILE_LOCK_CONFLICT');
    expect(await outcome(two.read(1, 20))).toBe('SUCCESS');
    expect(await outcome(one.read(1, 19))).toBe('SUCCESS');
    expect(await outcome(two.write('x', 15))).toBe('SUCCESS');
    await one.close();
    expect(await outcome(two.read(1, 19))).toBe('SUCCESS');
  });

  it('lets the file system decide on locks with userModeLock', async () => {
    const { client, log } = bench(
      { lock: () => ({ status: NtStatus.LOCK_NOT_GRANTED }) },
      { userModeLock: true },
    );
    const file = await client.create('/f');
    expect(await outcome(file.lock(0, 10))).toBe('LOCK_NOT_GRANTED');
    expect(await outcome(file.unlock(0, 10))).toBe('SUCCESS');
    expect(log()).toEqual(['create \\f', 'lock \\f', 'unlock \\f']);
  });
});

describe('close', () => {
  it('waits for what is running, the cleanup does not', async () => {
    let answer!: (reply: object) => void;
    const asked = new Promise<object>((resolve) => (answer = resolve));
    const { client, log } = bench({ read: () => asked });
    const file = await client.create('/f');
    const reading = file.read(4);
    await file.close();
    expect(log()).toEqual(['create \\f', 'read \\f 0+4', 'cleanup \\f']);
    answer({ data: Buffer.from('done') });
    expect(await reading).toEqual(Buffer.from('done'));
    await file.closed;
    expect(log()).toEqual(['close \\f']);
  });

  it('of all handles comes with the end of their process', async () => {
    const { client, backend } = bench();
    await client.create('/a', { processId: 5 });
    await client.create('/b', { processId: 5 });
    await client.create('/c', { processId: 6 });
    await client.endProcess(5);
    expect(client.openFiles).toEqual(['/c']);
    expect(backend.openCount).toBe(1);
  });
});

describe('rename', () => {
  it('opens the directory of the new name first', async () => {
    const { client, log, backend } = bench();
    const file = await client.create('/d/f');
    log();
    await file.rename('/e/g', { replace: true });
    expect(log()).toEqual([
      'create target \\e\\g',
      'rename \\d\\f \\e\\g 1',
      'cleanup \\e',
      'close \\e',
    ]);
    expect(backend.orders[1]).toMatchObject({
      desiredAccess: FileAccess.ADD_FILE,
      shareAccess: ShareAccess.READ | ShareAccess.WRITE,
    });
    expect(file.path).toBe('/e/g');
  });

  it('goes no further when that fails', async () => {
    const failure = { status: NtStatus.OBJECT_PATH_NOT_FOUND };
    const { client, log } = bench({
      create: (order: { openTargetDirectory: boolean }) =>
        order.openTargetDirectory ? failure : undefined,
    });
    const file = await client.create('/f');
    log();
    expect(await outcome(file.rename('/e/g'))).toBe('OBJECT_PATH_NOT_FOUND');
    expect(log()).toEqual(['create target \\e\\g']);
    expect(file.path).toBe('/f');
  });

  it('tells of its directories that they are used', async () => {
    const { client } = bench();
    await client.create('/e', { options: DIRECTORY_FILE, share: ShareAccess.READ });
    const file = await client.create('/f');
    expect(await outcome(file.rename('/e/g'))).toBe('SHARING_VIOLATION');
  });

  it('takes the name from an open file that had it', async () => {
    const { client, log } = bench();
    const old = await client.create('/g', { share: ShareAccess.ALL });
    const file = await client.create('/f');
    await file.rename('/g', { replace: true });
    await old.delete();
    // Who opens the name now gets the new file, which nobody deletes.
    expect(await outcome(client.create('/g'))).toBe('SUCCESS');
    await old.close();
    expect(await outcome(client.create('/g', { disposition: CREATE }))).toBe(
      'OBJECT_NAME_COLLISION',
    );
    await file.close();
    expect(log().filter((line) => line.startsWith('cleanup'))).toEqual([
      'cleanup \\',
      'cleanup \\g delete',
      'cleanup \\g',
    ]);
  });

  it('leaves what is open below a directory with its old name, as Dokan does', async () => {
    const { client } = bench();
    const file = await client.create('/d/f');
    const directory = await client.create('/d', { options: DIRECTORY_FILE });
    await directory.rename('/e');
    expect(directory.path).toBe('/e');
    expect(file.path).toBe('/d/f');
  });

  it('refuses both with the rules of NTFS', async () => {
    const { client } = bench({}, { renameRules: 'ntfs' });
    const directory = await client.create('/d', { options: DIRECTORY_FILE });
    const below = await client.create('/D/f');
    expect(await outcome(directory.rename('/e'))).toBe('ACCESS_DENIED');
    const target = await client.create('/g');
    expect(await outcome(below.rename('/g', { replace: true }))).toBe('ACCESS_DENIED');
    await target.close();
    expect(await outcome(below.rename('/g', { replace: true }))).toBe('SUCCESS');
    expect(await outcome(directory.rename('/e'))).toBe('SUCCESS');
  });

  it('of a stream stays within its file', async () => {
    const { client, log } = bench();
    const stream = await client.create('/d/f:a');
    const file = await client.create('/d/f');
    log();
    await stream.rename(':b');
    await file.rename(':c');
    expect(log()).toEqual(['rename \\d\\f:a \\d\\f:b 0', 'rename \\d\\f \\d\\f:c 0']);
  });
});

describe('a listing', () => {
  it('is read on from memory, by the pattern it began with, and taken anew', async () => {
    const { client, log, backend } = bench();
    const directory = await client.create('/d', { options: DIRECTORY_FILE });
    log();
    const names = async (...given: Parameters<typeof directory.list>) =>
      (await directory.list(...given)).map(({ name }) => name);
    expect(await names('*.a', { count: 2 })).toEqual(['a', 'b']);
    expect(await names('*.b')).toEqual(['c']);
    expect(await outcome(directory.list())).toBe('NO_MORE_FILES');
    expect(log()).toEqual(['queryDirectory \\d']);
    expect(await names('*.c', { restart: true })).toEqual(['a', 'b', 'c']);
    expect(log()).toEqual(['queryDirectory \\d']);
    expect(backend.orders.at(-1)).toMatchObject({ pattern: '*.a', restartScan: true });
  });
});

describe('time-outs', () => {
  it('fail the request alone, and tell the backend', async () => {
    const { client, backend } = bench(
      { read: () => new Promise<object>(() => undefined) },
      { requestTimeout: 20 },
    );
    const file = await client.create('/f');
    expect(await outcome(file.read(1))).toBe('INSUFFICIENT_RESOURCES');
    expect(backend.expired).toEqual([backend.orders[1]?.id]);
    expect(await outcome(file.write('x'))).toBe('SUCCESS');
  });

  it('of a create leave no open behind', async () => {
    let answer!: (reply: object) => void;
    const asked = new Promise<object>((resolve) => (answer = resolve));
    const { client, log, backend } = bench({ create: () => asked }, { requestTimeout: 20 });
    expect(await outcome(client.create('/f'))).toBe('INSUFFICIENT_RESOURCES');
    expect(client.openFiles).toEqual([]);
    answer({});
    await expect.poll(() => backend.log).toEqual(['create \\f', 'cleanup \\f', 'close \\f']);
    expect(log()).toHaveLength(3);
  });

  it('are 15 s to 5 min with the driver', () => {
    expect([0, 15_001, 300_000, 999_999].map(driverTimeout)).toEqual([
      15_000, 15_001, 300_000, 300_000,
    ]);
  });
});

describe('a volume that is gone', () => {
  it('fails what runs and what comes, and asks nothing more', async () => {
    const { client, driver, log } = bench({ read: () => new Promise<object>(() => undefined) });
    const file = await client.create('/f');
    const reading = outcome(file.read(1));
    await Promise.resolve();
    driver.dismount();
    expect(await reading).toBe('CANCELLED');
    log();
    expect(await outcome(file.write('x'))).toBe('NO_SUCH_DEVICE');
    expect(await outcome(client.create('/g'))).toBe('NO_SUCH_DEVICE');
    expect(await outcome(client.volumeInformation())).toBe('NO_SUCH_DEVICE');
    expect(await outcome(file.close())).toBe('SUCCESS');
    expect(log()).toEqual([]);
  });
});
