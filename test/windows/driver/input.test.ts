import { describe, expect, test } from 'vitest';
import { describeWindows } from './scene.js';

/** What programs and file systems may give that nobody expects. */
describeWindows('bad input', (bench) => {
  describe('names', () => {
    test.each([
      ['\ud800', 'a lone high surrogate'],
      ['\udc00x', 'a lone low surrogate'],
      ['a\udfff\ud800b', 'both, the wrong way round'],
      ['\u{1f600}', 'a pair'],
      ['\ufffe\uffff', 'no characters'],
      ['\u0001\u001f"<>|*?', 'what Win32 forbids'],
      ['e\u0301', 'what could be composed'],
      [' . ', 'spaces and dots'],
      ['CON', 'a device'],
      ['\u00e4', 'Latin-1'],
      ['n'.repeat(255), 'the longest'],
      ['\u8a9e'.repeat(255), 'the longest of Unicode'],
    ])('%j is handed on: %s', async (name) => {
      const scene = await bench.mount();
      await scene.calls();
      const opened = await scene.open(`\\${name}`);
      await scene.must('rename', { ...opened, newName: `\\${name}${name.slice(0, 0)}`, flags: 0 });
      const entries = [{ name, size: 1 }];
      await scene.answer('findFiles', { entries });
      await scene.close(opened);
      const directory = await scene.open('\\dir');
      const listed = await scene.must('queryDirectory', directory);
      expect(listed.entries?.at(-1)?.name).toBe(name);
      const calls = await scene.calls();
      expect(calls[0]?.args[0]).toBe(`/${name}`);
      expect(calls[1]?.args.slice(0, 2)).toEqual([`/${name}`, `/${name}`]);
    });

    const LONG = `\\${'d'.repeat(250)}`.repeat(130);

    test('a path of 32,000 units', async () => {
      const scene = await bench.mount();
      const opened = await scene.open(`${LONG}\\f`);
      await scene.calls();
      await scene.must('rename', { ...opened, newName: `${LONG}\\g`, flags: 0 });
      await scene.must('flush', opened);
      const [move, flush] = await scene.calls();
      const path = LONG.replaceAll('\\', '/');
      expect(move?.args).toEqual([`${path}/f`, `${path}/g`, false]);
      expect(flush?.args).toEqual([`${path}/f`]);
      const unicode = `\\${'\u8a9e'.repeat(250)}`.repeat(100);
      await scene.close(await scene.open(unicode));
      expect((await scene.calls())[0]?.args[0]).toBe(unicode.replaceAll('\\', '/'));
    });

    test.each([
      ['', 'empty'],
      ['f', 'relative'],
      ['\\a\\\\b', 'with an empty one within'],
      [`\\${'n'.repeat(256)}`, 'too long'],
      ['\\a\\..\\b', 'with dots'],
      ['\\.', 'of a dot'],
      ['\\a/b', 'with a slash'],
      ['\\f:stream', 'of a stream, without altStreams'],
    ])('%j is refused: %s', async (name) => {
      const scene = await bench.mount();
      await scene.calls();
      const status = await scene.status('create', { name, createDisposition: 1 });
      expect(status).toBe('OBJECT_NAME_INVALID');
      expect(await scene.calls()).toEqual([]);
    });

    test('of streams', async () => {
      const scene = await bench.mount({ altStreams: true });
      await scene.calls();
      for (const name of ['\\f:s', '\\f::$DATA', '\\d\\f:s:$DATA', '\\:s']) await scene.open(name);
      expect(await scene.called()).toEqual([
        ...['createFile /f:s', 'createFile /f::$DATA', 'createFile /d/f:s:$DATA', 'createFile /:s'],
      ]);
      const long = { name: `\\f:${'s'.repeat(256)}`, createDisposition: 1 };
      expect(await scene.status('create', long)).toBe('OBJECT_NAME_INVALID');
      expect(await scene.status('create', { name: '\\f:a\\b', createDisposition: 1 })).toBe(
        'OBJECT_NAME_INVALID',
      );
    });

    test('of new names and patterns', async () => {
      const scene = await bench.mount();
      const opened = await scene.open();
      for (const newName of ['', 'g', `\\${'n'.repeat(256)}`, '\\a\\..\\b', '\\g:s']) {
        const status = await scene.status('rename', { ...opened, newName, flags: 0 });
        expect(status).toBe('OBJECT_NAME_INVALID');
      }
      const directory = await scene.open('\\dir');
      await scene.answer('findFiles', { always: true, entries: [{ name: 'x', size: 1 }] });
      const listing = { ...directory, restartScan: true };
      expect(await scene.status('queryDirectory', { ...listing, pattern: '*'.repeat(5_000) })).toBe(
        'SUCCESS',
      );
      expect(await scene.status('queryDirectory', { ...listing, pattern: '\ud800*' })).toBe(
        'NO_SUCH_FILE',
      );
    });
  });

  const MOST = Number.MAX_SAFE_INTEGER;

  test('offsets and sizes up to 2^53-1, and beyond', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    const data = Buffer.from('x');
    const transfer = (op: string, offset: bigint) =>
      scene.status(op, { ...opened, offset, length: 1 }, op === 'write' ? data : undefined);
    await scene.calls();
    for (const op of ['read', 'write']) expect(await transfer(op, BigInt(MOST))).toBe('SUCCESS');
    expect((await scene.calls()).map(({ args }) => args[2])).toEqual([MOST, MOST]);
    for (const offset of [2n ** 53n, 2n ** 62n, 2n ** 63n - 1n]) {
      expect(await transfer('read', offset)).toBe('END_OF_FILE');
      expect(await transfer('write', offset)).toBe('INVALID_PARAMETER');
      for (const op of ['setEndOfFile', 'setAllocation']) {
        expect(await scene.status(op, { ...opened, size: offset })).toBe('INVALID_PARAMETER');
      }
    }
    expect(await scene.calls()).toEqual([]);
    await scene.answer('getFileInformation', { returns: { size: MOST } });
    expect(await scene.must('queryInformation', opened)).toMatchObject({ size: MOST });
  });

  test('locks that reach beyond the end of everything', async () => {
    const scene = await bench.mount({ userModeLock: true });
    const opened = await scene.open();
    await scene.calls();
    for (const op of ['lock', 'unlock']) {
      await scene.must(op, { ...opened, offset: 5, length: 2n ** 63n - 1n });
      await scene.must(op, { ...opened, offset: 5, length: -1n });
    }
    const all = (await scene.calls()).map(({ args }) => args.slice(1));
    expect(all).toEqual(Array(4).fill([5, MOST - 5]));
  });

  test.each([
    ['year 1', -62_135_596_800_000_000_000n],
    ['long ago', -11_644_473_600_000_000_000n],
    ['long after', 253_402_300_799_000_000_000n],
    ['before what FILETIME knows', -99_999_999_999_999_999_999n],
  ])('times of %s', async (_when, time) => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.answer('getFileInformation', { returns: { lastWriteTime: time } });
    const { lastWriteTime } = await scene.must('queryInformation', opened);
    const ticks = time / 100n + 116_444_736_000_000_000n;
    expect(BigInt(lastWriteTime)).toBe(ticks < 0n ? 0n : ticks);
  });

  test('transfers of 0 bytes, of 1 MiB and of 16 MiB', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    expect(await scene.status('read', { ...opened, offset: 0, length: 0 })).toBe('END_OF_FILE');
    expect(await scene.must('write', { ...opened, offset: 0 })).toMatchObject({ written: 0 });
    for (const length of [4096, 65_535, 65_536, 2 ** 20, 2 ** 24]) {
      for (const how of [{}, { async: true }]) {
        await scene.answer('readFile', how);
        const { payload } = await scene.must('read', { ...opened, offset: 0, length });
        expect(payload.length).toBe(length);
        expect(payload.every((byte) => byte === 0x72)).toBe(true);
        const data = Buffer.alloc(length, 'w');
        await scene.answer('writeFile', { ...how, silent: true });
        const { written } = await scene.must('write', { ...opened, offset: 0 }, data);
        expect(written).toBe(length);
      }
    }
  });

  test.each([
    [0n, 0n],
    [1, 1n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [MOST, BigInt(MOST)],
  ])('the index %d', async (inode, index) => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.answer('getFileInformation', { returns: { inode } });
    expect(BigInt((await scene.must('queryInformation', opened)).index)).toBe(index);
  });

  test('trap: files without an index have one of their own, the same each time', async () => {
    const scene = await bench.mount({ caseSensitive: false });
    const index = async (name: string) =>
      (await scene.must('queryInformation', await scene.open(name))).index;
    expect(await index('\\f')).toBe(await index('\\F'));
    expect(new Set([await index('\\f'), await index('\\g'), await index('\\dir')]).size).toBe(3);
  });

  test('requests about an open that there is not', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.close(opened);
    await scene.calls();
    expect(await scene.status('flush', opened)).toBe('INVALID_HANDLE');
    expect(await scene.status('close', opened)).toBe('INVALID_HANDLE');
    expect(await scene.calls()).toEqual([]);
  });
});
