/** Every callback of Dokan, field by field: what JavaScript sees, and what Dokan gets back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fields, Replies, SimulatorClient } from '../../simulator/client.js';
import { missingWine } from '../../support/wine.js';
import { RawHost, type SeenRequest } from '../raw_host.js';

const missing = missingWine();

const nanosecondsAt2001 = 978_307_200_123_456_700n;
const fileTimeAt2001 = '126227808001234567';
const latin1 = 1 << 8;

describe.skipIf(missing !== undefined)('the callbacks', () => {
  let host: RawHost;
  let driver: SimulatorClient;
  let volume: number;
  let open: Fields;

  beforeAll(async () => {
    host = await RawHost.start();
    volume = await host.mount({ options: 1 << 8 });
    driver = await host.simulator();
    await host.answer(volume, 'CREATE_FILE', { context: 4_503_599_627_370_497 });
    const created = await driver.must('create', { name: '\\f', createDisposition: 1 });
    open = { name: '\\f', context: created.context };
  }, 300_000);

  afterAll(async () => {
    await host.end();
  });

  /** The one request that `work` brings about. */
  async function seen(work: () => Promise<unknown>): Promise<SeenRequest> {
    await host.log(volume);
    await work();
    const log = await host.log(volume);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ clean: true });
    return log[0] as SeenRequest;
  }

  it('says that it is mounted, and where', async () => {
    const second = await host.mount({ mountPoint: 'N:' });
    expect(await host.log(second)).toMatchObject([
      { operation: 'MOUNTED', secondName: 'N:', name: '', context: 0 },
    ]);
    await host.close(second);
    expect(await host.log(second)).toMatchObject([{ operation: 'UNMOUNTED', name: '' }]);
  });

  it('createFile: arguments in, context, kind and status out', async () => {
    await host.answer(volume, 'CREATE_FILE', { context: 9, flags: 1, status: 0xc0000035 });
    let reply: Partial<Replies['create']> = {};
    const request = await seen(async () => {
      reply = await driver.must('create', {
        name: '\\dir\\sub\\file:stream',
        desiredAccess: 0x8012_019f,
        fileAttributes: 0x80,
        shareAccess: 7,
        createDisposition: 3,
        createOptions: 0x200060,
        processId: 4711,
      });
    });
    expect(request).toMatchObject({
      operation: 'CREATE_FILE',
      name: '/dir/sub/file:stream',
      flags: latin1,
      context: 0,
      processId: 4711,
      block: -1,
      arguments: [0x8012_019f, 0x80, 7, 3, 0x200060, 0],
    });
    // Collision with OPEN_IF: opened. And it is a directory.
    expect(reply).toMatchObject({ information: 1, isDirectory: true });
    const again = { name: '\\dir', context: reply.context };
    expect(await seen(() => driver.must('flush', again))).toMatchObject({
      operation: 'FLUSH_FILE_BUFFERS',
      context: 9,
      flags: latin1 | 1,
    });
    await driver.must('cleanup', again);
    await driver.must('close', again);
  });

  it('createFile: IS_DIRECTORY as asked for, and cleared by an answer that it is a file', async () => {
    const request = await seen(async () => {
      const reply = await driver.must('create', {
        name: '\\d',
        createDisposition: 1,
        createOptions: 1,
      });
      expect(reply.isDirectory).toBe(false);
    });
    expect(request.flags).toBe(latin1 | 1);
  });

  it('createFile: a failure leaves its context for the second call, which comes on the same thread', async () => {
    await host.log(volume);
    await host.answer(volume, 'CREATE_FILE', { context: 41, status: 0xc0000022 });
    await host.answer(volume, 'CREATE_FILE', { context: 42 });
    const created = await driver.must('create', {
      name: '\\d\\victim',
      desiredAccess: 0x10000,
      createDisposition: 1,
    });
    await driver.must('flush', { name: '\\d\\victim', context: created.context });
    const [first, second, third] = await host.log(volume);
    expect(first).toMatchObject({ name: '/d/victim', context: 0 });
    expect(second).toMatchObject({ name: '/d', context: 41, thread: first?.thread });
    expect(third).toMatchObject({ operation: 'FLUSH_FILE_BUFFERS', context: 41 });
  });

  it('names: UTF-16 where they must be, lone surrogates, long ones', async () => {
    const names = ['\\ÿ', '\\Ā\\x', '\\\u{1F600}', '\\lone\uD83D', `\\${'x'.repeat(1791)}`];
    for (const name of names) {
      const request = await seen(() => driver.must('create', { name, createDisposition: 1 }));
      expect(request.name).toBe(name.replaceAll('\\', '/'));
    }
    // One character more, in Latin-1 and in UTF-16, and a second name behind a long one.
    for (const name of [`\\${'x'.repeat(1792)}`, `\\${'Ā'.repeat(30_000)}\\y`]) {
      const request = await seen(() => driver.must('create', { name, createDisposition: 1 }));
      expect(request.flags & (1 << 9)).toBe(1 << 9);
      expect(request.name).toBe(name.replaceAll('\\', '/'));
      const move = await seen(() =>
        driver.must('rename', { ...open, name, newName: `${name}2`, flags: 0 }),
      );
      expect(move.name).toBe(name.replaceAll('\\', '/'));
      expect(move.secondName).toBe(`${name}2`.replaceAll('\\', '/'));
    }
  });

  it('moveFile: replaces by bit 0 alone; odd lengths of the first name', async () => {
    for (const [flags, replace] of [
      [0, 0],
      [1, 1],
      [2, 0],
      [0xc3, 1],
    ]) {
      const request = await seen(() =>
        driver.must('rename', { ...open, name: '\\abc', newName: '\\Ω\\b', flags }),
      );
      expect(request).toMatchObject({
        operation: 'MOVE_FILE',
        name: '/abc',
        secondName: '/Ω/b',
        context: 4_503_599_627_370_497,
      });
      expect(request.arguments[0]).toBe(replace);
    }
  });

  it('readFile and writeFile: offsets, lengths, flags, counts', async () => {
    const read = await seen(async () => {
      await host.answer(volume, 'READ_FILE', { count: 5 });
      const reply = await driver.must('read', {
        ...{ ...open, offset: 2 ** 53 - 1, length: 10, fileFlags: 32 | 64 | 256 },
      });
      expect(reply.payload).toHaveLength(5);
    });
    expect(read).toMatchObject({ operation: 'READ_FILE', offset: 2 ** 53 - 1 });
    expect(read.arguments[0]).toBe(10);
    expect(read.flags).toBe(latin1 | (1 << 2) | (1 << 3) | (1 << 4));
    const write = await seen(async () => {
      await host.answer(volume, 'WRITE_FILE', { count: 2 });
      const reply = await driver.must(
        'write',
        { ...open, offset: -1, fileFlags: 128 },
        Buffer.from('abc'),
      );
      expect(reply.written).toBe(2);
    });
    expect(write).toMatchObject({ operation: 'WRITE_FILE', offset: 0, flags: latin1 | (1 << 5) });
    expect(write.sha1).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
  });

  it('readFile: an answer that claims more than was asked for is cut', async () => {
    await host.answer(volume, 'READ_FILE', { count: 3, results: [99], always: false });
    const reply = await driver.must('read', { ...open, offset: 0, length: 3 });
    expect(reply.payload).toHaveLength(3);
  });

  it('flags offsets and sizes that no file has', async () => {
    const outOfRange = 1 << 14;
    const lengthOutOfRange = 1 << 15;
    const of = async (op: string, fields: Fields): Promise<SeenRequest> =>
      seen(() => driver.order(op, { ...open, ...fields }));
    for (const value of [2 ** 53, -1, 9_223_372_036_854_775_807n]) {
      expect((await of('read', { offset: value, length: 1 })).flags & outOfRange).not.toBe(0);
      expect((await of('setEndOfFile', { size: value })).flags & outOfRange).not.toBe(0);
      const lock = await of('lock', { offset: 0, length: value });
      expect(lock.flags & (outOfRange | lengthOutOfRange)).toBe(lengthOutOfRange);
    }
    expect((await of('setEndOfFile', { size: 2 ** 53 - 1 })).flags & outOfRange).toBe(0);
  });

  it('sizes and locks', async () => {
    const cases: [string, Fields, Partial<SeenRequest>][] = [
      [
        'setEndOfFile',
        { size: 12_345_678_901 },
        { operation: 'SET_END_OF_FILE', offset: 12_345_678_901 },
      ],
      ['setAllocation', { size: 65536 }, { operation: 'SET_ALLOCATION_SIZE', offset: 65536 }],
      ['lock', { offset: 7, length: 9 }, { operation: 'LOCK_FILE', offset: 7, length: 9 }],
      ['unlock', { offset: 7, length: 9 }, { operation: 'UNLOCK_FILE', offset: 7, length: 9 }],
    ];
    for (const [op, fields, expected] of cases) {
      expect(await seen(() => driver.must(op, { ...open, ...fields }))).toMatchObject(expected);
    }
  });

  it('setFileAttributes and setFileTime: 0 and all ones leave a time; exactly, and beyond nanoseconds', async () => {
    await host.log(volume);
    await driver.must('setBasic', {
      ...open,
      attributes: 0x22,
      creationTime: fileTimeAt2001,
      lastAccessTime: 0,
      lastWriteTime: '18446744073709551615',
    });
    const [attributes, times] = await host.log(volume);
    expect(attributes?.operation).toBe('SET_FILE_ATTRIBUTES');
    expect(attributes?.arguments[0]).toBe(0x22);
    expect(times?.operation).toBe('SET_FILE_TIME');
    expect(times?.arguments[0]).toBe(1);
    expect(times?.times[0]).toBe(String(nanosecondsAt2001));

    // 1601, 1677 and 2262 at the ends of 64 bits of nanoseconds, 9999.
    await driver.must('setBasic', {
      ...open,
      creationTime: 1,
      lastAccessTime: '24211015631452242',
      lastWriteTime: '2650467743999999999',
    });
    const [, extremes] = await host.log(volume);
    expect(extremes?.arguments[0]).toBe(0b101_111);
    expect(extremes?.times).toEqual([
      String(1n - 116_444_736_000_000_000n),
      String((24_211_015_631_452_242n - 116_444_736_000_000_000n) * 100n),
      String(2_650_467_743_999_999_999n - 116_444_736_000_000_000n),
    ]);
  });

  it('getFileInformation: every field, times of all kinds', async () => {
    await host.answer(volume, 'GET_FILE_INFORMATION', {
      results: [0x21, 3, 0xdeadbeef],
      sizes: [2 ** 53 - 1],
      index: '18364758544493064720',
      timeKinds: 0b10_00_01,
      times: [String(nanosecondsAt2001 + 99n), '0', '978307200123.5'],
    });
    expect(await driver.must('queryInformation', open)).toMatchObject({
      attributes: 0x21,
      links: 3,
      size: 2 ** 53 - 1,
      index: '18364758544493064720',
      creationTime: fileTimeAt2001,
      lastAccessTime: '0',
      lastWriteTime: '126227808001235000',
    });
    // Before the epoch, rounded down; ticks; nothing that a FILETIME could say.
    await host.answer(volume, 'GET_FILE_INFORMATION', {
      timeKinds: 0b10_11_01,
      times: ['-1', '-116444735999999999', 'NaN'],
    });
    expect(await driver.must('queryInformation', open)).toMatchObject({
      creationTime: '116444735999999999',
      lastAccessTime: '1',
      lastWriteTime: '0',
    });
  });

  it('deleteFile, deleteDirectory, cleanup: DeletePending', async () => {
    await host.log(volume);
    await driver.must('setDisposition', { ...open, delete: true });
    await driver.must('setDisposition', { ...open, delete: false });
    const [, first, second] = await host.log(volume);
    expect(first).toMatchObject({ operation: 'DELETE_FILE', flags: latin1 | 2 });
    expect(second).toMatchObject({ operation: 'DELETE_FILE', flags: latin1 });
    await host.answer(volume, 'CREATE_FILE', { flags: 1, context: 5 });
    const { context } = await driver.must('create', { name: '\\dd', createDisposition: 1 });
    const directory = { name: '\\dd', context };
    await host.log(volume);
    await driver.must('setDisposition', { ...directory, delete: true });
    await driver.must('cleanup', { ...directory, deleteOnClose: true });
    await driver.must('close', directory);
    expect((await host.log(volume)).slice(1)).toMatchObject([
      { operation: 'DELETE_DIRECTORY', flags: latin1 | 3 },
      { operation: 'CLEANUP', flags: latin1 | 3, context: 5 },
      { operation: 'CLOSE_FILE', context: 5 },
    ]);
  });

  it('getDiskFreeSpace and getVolumeInformation', async () => {
    await host.answer(volume, 'GET_DISK_FREE_SPACE', { sizes: [1e12, 2 ** 53 - 512, 3e12] });
    expect(await driver.must('querySize', { volume: 1 })).toMatchObject({
      available: 1e12,
      total: 2 ** 53 - 512,
      free: 3e12,
    });
    const answer = {
      results: [0x12345678, 255, 0x700ff, 2 * 300, 2 * 4],
      text: `${'L'.repeat(300)}NTFS`,
    };
    await host.answer(volume, 'GET_VOLUME_INFORMATION', answer);
    await host.answer(volume, 'GET_VOLUME_INFORMATION', answer);
    expect(await driver.must('queryVolume', { volume: 1 })).toMatchObject({
      // As much as fits into Dokan's buffer, with its NUL.
      label: 'L'.repeat(259),
      serial: 0x12345678,
      maxComponent: 255,
      flags: 0x700ff,
      fileSystemName: 'NTFS',
    });
  });

  it('passes statuses on as they are', async () => {
    for (const status of [0xc0000022, 0xc00000b5, 0x80000005]) {
      await host.answer(volume, 'READ_FILE', { status });
      expect((await driver.order('read', { ...open, offset: 0, length: 4 })).status).toBe(status);
    }
  });
});
