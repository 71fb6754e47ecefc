import { describe, expect, test } from 'vitest';
import { statusName } from '../../../lib/status.js';
import { CALLBACK_ROWS } from './callback_rows.js';
import { describeWindows, PROCESS, type Action, type Opened, type Scene } from './scene.js';

const OPTIONS = { altStreams: true, userModeLock: true };

describeWindows('every callback', (bench) => {
  describe.each(CALLBACK_ROWS)('$callback', (row) => {
    const { callback, op, fields = {}, payload, action = {}, failure = (same) => same } = row;
    const { name = '\\f' } = row;
    let scene: Scene;
    let opened: Opened | undefined;

    async function start(absent: readonly string[] = []): Promise<void> {
      scene = await bench.mount(OPTIONS, absent);
      opened = op === 'create' || name === '' ? undefined : await scene.open(name);
      await scene.calls();
    }

    const ask = () => scene.order(op, { ...opened, ...fields }, payload);
    const status = async (): Promise<string> => statusName((await ask()).status);

    /** The calls of this callback, none but these and those that belong to the order. */
    async function calls() {
      const all = await scene.calls();
      const others = all.map((call) => call.callback).filter((each) => each !== callback);
      for (const other of others) expect([...(row.also ?? [])]).toContain(other);
      return all.filter((call) => call.callback === callback);
    }

    test.each([
      ['at once', {}],
      ['by a promise', { async: true }],
      ['later', { hold: 'key' }],
    ])('what it is given, and what it answers %s', async (_how, how: Action) => {
      await start();
      await scene.answer(callback, { ...action, ...how });
      const asking = ask();
      if (how.hold !== undefined) {
        await scene.calling(callback);
        await scene.release('key');
      }
      const reply = await asking;
      expect(statusName(reply.status)).toBe('SUCCESS');
      expect(reply).toMatchObject(row.reply ?? {});
      expect(reply.payload).toEqual(row.payloadBack ?? Buffer.alloc(0));
      const [call, ...more] = await calls();
      expect(call?.args).toEqual(row.args);
      expect(call?.file.processId).toBe(PROCESS);
      expect(more.length).toBe(callback === 'getVolumeInformation' ? 1 : 0);
    });

    test.each([
      ['throwing', {}],
      ['rejecting', { async: true }],
    ])('%s', async (_how, how: Action) => {
      await start();
      const fails = async (throws: Action['throws']) => {
        await scene.answer(callback, { ...how, always: true, throws: throws! });
        return status();
      };
      expect(await fails({ status: 'DISK_FULL' })).toBe(failure('DISK_FULL'));
      expect(await fails({ status: 'NO_MEDIA_IN_DEVICE' })).toBe(failure('NO_MEDIA_IN_DEVICE'));
      expect(await fails({ code: 'ENOTEMPTY' })).toBe(failure('DIRECTORY_NOT_EMPTY'));
      expect(await scene.errors()).toEqual([]);
      expect(await fails({ type: 'TypeError' })).toBe(failure('INTERNAL_ERROR'));
      expect(await fails({ value: null })).toBe(failure('INTERNAL_ERROR'));
      const errors = await scene.errors();
      expect(errors.length).toBeGreaterThanOrEqual(2);
      expect(new Set(errors.map((error) => error['callback']))).toEqual(new Set([callback]));
      await scene.answer(callback, null);
      expect(await status()).toMatch(/^(SUCCESS|NO_SUCH_FILE)$/);
    });

    test('answering nonsense', async () => {
      await start();
      for (const how of [{}, { async: true }]) {
        const { nonsense = { what: 'nobody asked for' } } = row;
        await scene.answer(callback, { ...how, always: true, returns: nonsense });
        // What is to answer nothing may answer anything.
        const expected = row.nonsense === undefined ? 'SUCCESS' : failure('INTERNAL_ERROR');
        expect(await status()).toBe(expected);
      }
      const errors = await scene.errors();
      expect(errors.length > 0).toBe(row.nonsense !== undefined);
      for (const error of errors) expect(error).toMatchObject({ callback });
    });

    test('being absent', async () => {
      await start([callback]);
      expect(await status()).toBe(row.absent ?? 'NOT_IMPLEMENTED');
      expect(await calls()).toEqual([]);
    });
  });

  test('one open is one object, from createFile to closeFile', async () => {
    const scene = await bench.mount();
    await scene.answer('createFile', { context: { mine: 1 } });
    const opened = await scene.open();
    await scene.must('read', { ...opened, offset: 0, length: 1 });
    await scene.must('flush', opened);
    await scene.close(opened);
    const calls = await scene.calls();
    expect(calls.map(({ callback }) => callback)).toEqual([
      ...['mounted', 'createFile', 'readFile', 'flushFileBuffers', 'cleanup', 'closeFile'],
    ]);
    const files = calls.slice(1).map(({ file }) => file);
    expect(new Set(files.map(({ open }) => open)).size).toBe(1);
    expect(files.slice(1).map(({ context }) => context)).toEqual(Array(4).fill({ mine: 1 }));
  });

  test.each(['pagingIo', 'synchronousIo', 'noCache'] as const)('%s is handed on', async (flag) => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    for (const op of ['read', 'write'] as const) {
      const order = { ...opened, offset: 0, length: 1 };
      await scene.must(op, { ...order, [flag]: true }, Buffer.from('x'));
      await scene.must(op, order, Buffer.from('x'));
    }
    const calls = await scene.calls();
    expect(calls.map(({ file }) => file[flag])).toEqual([true, false, true, false]);
    for (const { file } of calls) {
      const { pagingIo, synchronousIo, noCache } = file;
      expect([pagingIo, synchronousIo, noCache].filter(Boolean).length).toBe(file[flag] ? 1 : 0);
    }
  });

  test.each([
    [1, undefined, 1],
    [2, undefined, 2],
    [3, 'opened', 1],
    [3, 'created', 2],
    [4, undefined, 3],
    [5, 'overwritten', 3],
    [5, 'created', 2],
    [0, 'superseded', 0],
    [0, 'created', 2],
  ])(
    'createFile with disposition %d that answers %s is %d',
    async (createDisposition, returns, is) => {
      const scene = await bench.mount();
      for (const how of [{}, { async: true }]) {
        await scene.answer('createFile', { ...how, returns });
        const created = await scene.must('create', { name: '\\f', createDisposition });
        expect(created).toMatchObject({ information: is, isDirectory: false });
        await scene.close({ name: '\\f', context: created.context });
      }
    },
  );

  test('cleanup and closeFile that fail are told to the volume alone', async () => {
    const scene = await bench.mount();
    for (const how of [{}, { async: true }]) {
      await scene.answer('cleanup', { ...how, throws: { status: 'ACCESS_DENIED' } });
      await scene.answer('closeFile', { ...how, throws: { type: 'RangeError' } });
      await scene.close(await scene.open());
    }
    const errors = await scene.errors();
    expect(errors.map((error) => error['callback'])).toEqual([
      ...['cleanup', 'closeFile', 'cleanup', 'closeFile'],
    ]);
  });

  test('mounted and unmounted are called once each', async () => {
    const scene = await bench.mount();
    await scene.close(await scene.open());
    await scene.unmount();
    const calls = await scene.calls();
    expect(calls[0]).toMatchObject({ callback: 'mounted', args: ['M:'] });
    expect(calls.map(({ callback }) => callback)).toEqual([
      ...['mounted', 'createFile', 'cleanup', 'closeFile', 'unmounted'],
    ]);
  });

  test('listings: asynchronous, broken off, of many entries', async () => {
    const scene = await bench.mount();
    const opened = await scene.open('\\dir');
    const list = () => scene.order('queryDirectory', { ...opened, restartScan: true });
    const names = async () => (await list()).entries?.map(({ name }) => name).slice(2);
    const entries = [
      { name: 'one', size: 1 },
      { name: 'two', size: 2 },
    ];
    await scene.answer('findFiles', { entries, asynchronous: true });
    expect(await names()).toEqual(['one', 'two']);
    for (const asynchronous of [true, false]) {
      await scene.answer('findFiles', { entries, asynchronous, breaks: { status: 'DISK_FULL' } });
      expect(statusName((await list()).status)).toBe('DISK_FULL');
    }
    const many = Array.from({ length: 5_000 }, (_, index) => ({ name: `name ${index}`, size: 0 }));
    await scene.answer('findFiles', { entries: many });
    expect(await names()).toEqual(many.map(({ name }) => name));
    await scene.close(opened);
  });
});
