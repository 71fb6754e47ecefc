import { expect, test } from 'vitest';
import { CreateDisposition, CreateOptions, FileAccess } from '../../../lib/constants.js';
import { statusName } from '../../../lib/status.js';
import { describeWindows } from './scene.js';

const { CREATE, OPEN, OPEN_IF, OVERWRITE_IF, SUPERSEDE } = CreateDisposition;
const { DELETE, DELETE_CHILD, READ_ATTRIBUTES, LIST_DIRECTORY } = FileAccess;
const { DIRECTORY_FILE, NON_DIRECTORY_FILE, DELETE_ON_CLOSE } = CreateOptions;

/** What Dokan does otherwise than one would think, each with what the host makes of it. */
describeWindows('opening', (bench) => {
  test('trap: a name collision is a success with OPEN_IF, OVERWRITE_IF and SUPERSEDE', async () => {
    const scene = await bench.mount();
    await scene.answer('createFile', { always: true, throws: { status: 'OBJECT_NAME_COLLISION' } });
    const create = (createDisposition: number) =>
      scene.order('create', { name: '\\f', createDisposition });
    for (const disposition of [OPEN_IF, OVERWRITE_IF, SUPERSEDE]) {
      expect(statusName((await create(disposition)).status)).toBe('SHARING_VIOLATION');
    }
    const collided = await create(CREATE);
    expect(statusName(collided.status)).toBe('OBJECT_NAME_COLLISION');
    expect(collided.information).toBe(4);
    expect(await scene.openCount()).toBe(0);
  });

  test('trap: success for a file that OPEN_IF found would be reported as "created"', async () => {
    const scene = await bench.mount();
    const found = await scene.must('create', { name: '\\f', createDisposition: OPEN_IF });
    expect(found.information).toBe(1);
    await scene.answer('createFile', { returns: 'created' });
    const made = await scene.must('create', { name: '\\g', createDisposition: OPEN_IF });
    expect(made.information).toBe(2);
  });

  test('trap: the parent of a rename target is opened after its child, as the same open', async () => {
    const scene = await bench.mount();
    await scene.calls();
    const created = await scene.must('create', {
      ...{ name: '\\dir\\f', createDisposition: OPEN, openTargetDirectory: true },
      ...{ desiredAccess: 2, createOptions: NON_DIRECTORY_FILE },
    });
    expect(created.isDirectory).toBe(true);
    await scene.close({ name: '\\dir', context: created.context });
    const calls = await scene.calls();
    expect(calls.map(({ callback, args: [path] }) => `${callback} ${String(path)}`)).toEqual([
      ...['createFile /dir/f', 'cleanup /dir/f', 'closeFile /dir/f'],
      ...['createFile /dir', 'cleanup /dir', 'closeFile /dir'],
    ]);
    const [child, , , parent, , closed] = calls;
    expect(parent?.args[1]).toMatchObject({ createOptions: DIRECTORY_FILE });
    expect(parent?.file.open).not.toBe(child?.file.open);
    expect(closed?.file.open).toBe(parent?.file.open);
  });

  test('trap: the parent of a rename target whose child is missing', async () => {
    const scene = await bench.mount();
    await scene.calls();
    await scene.answer('createFile', { throws: { status: 'OBJECT_NAME_NOT_FOUND' } });
    const fields = { createDisposition: OPEN, openTargetDirectory: true };
    const { context } = await scene.must('create', { name: '\\c', ...fields });
    await scene.close({ name: '\\', context });
    expect(await scene.called()).toEqual([
      ...['createFile /c', 'createFile /', 'cleanup /', 'closeFile /'],
    ]);
  });

  test.each([
    ['OPEN', OPEN],
    ['OPEN_IF', OPEN_IF],
  ])(
    'trap: a denied DELETE is asked of the parent, and the context of the denied call stays (%s)',
    async (_name, createDisposition) => {
      const scene = await bench.mount();
      await scene.calls();
      await scene.answer('createFile', { throws: { status: 'ACCESS_DENIED' } });
      const opened = await scene.open('\\dir\\f', {
        desiredAccess: DELETE | READ_ATTRIBUTES,
        createDisposition,
      });
      expect(opened).toMatchObject({ isDirectory: false });
      const [denied, parent, ...rest] = await scene.calls();
      expect(denied?.args).toMatchObject(['/dir/f', { desiredAccess: DELETE | READ_ATTRIBUTES }]);
      expect(parent?.args).toMatchObject([
        '/dir',
        { desiredAccess: DELETE_CHILD | LIST_DIRECTORY },
      ]);
      expect(rest.map(({ callback }) => callback)).toEqual(['cleanup', 'closeFile', 'createFile']);
      const [, , file] = rest;
      expect(file?.args).toMatchObject(['/dir/f', { desiredAccess: READ_ATTRIBUTES }]);
      await scene.must('setDisposition', { ...opened, delete: true });
      await scene.close(opened, true);
      const later = await scene.calls();
      expect(new Set(later.map((call) => call.file.open))).toEqual(new Set([file?.file.open]));
      expect(later.at(-2)).toMatchObject({ callback: 'cleanup', file: { deletePending: true } });
      expect(await scene.openCount()).toBe(0);
    },
  );

  test('trap: a denied DELETE that the parent denies too leaves nothing', async () => {
    const scene = await bench.mount();
    await scene.calls();
    await scene.answer('createFile', { always: true, throws: { status: 'ACCESS_DENIED' } });
    const create = { name: '\\dir\\f', desiredAccess: DELETE, createDisposition: OPEN };
    expect(await scene.status('create', create)).toBe('ACCESS_DENIED');
    expect(await scene.called()).toEqual(['createFile /dir/f', 'createFile /dir']);
    // The library strikes out directory-and-file by itself before the second call.
    await scene.answer('createFile', null);
    await scene.close(await scene.open());
    expect(await scene.openCount()).toBe(0);
  });

  test('trap: a create that fails is followed by no cleanup and no closeFile', async () => {
    const scene = await bench.mount();
    await scene.calls();
    await scene.answer('createFile', { throws: { status: 'OBJECT_NAME_NOT_FOUND' } });
    const reply = await scene.order('create', { name: '\\f', createDisposition: OPEN });
    expect(statusName(reply.status)).toBe('OBJECT_NAME_NOT_FOUND');
    expect(reply.information).toBe(5);
    expect(await scene.called()).toEqual(['createFile /f']);
  });

  test('trap: the file system says what is a directory, asked for or not', async () => {
    const scene = await bench.mount();
    await scene.answer('createFile', { isDirectory: true });
    expect(await scene.open('\\f')).toMatchObject({ isDirectory: true });
    // With FILE_DIRECTORY_FILE it is one before the call.
    await scene.calls();
    await scene.open('\\dir', { createOptions: DIRECTORY_FILE });
    expect((await scene.calls())[0]?.file.isDirectory).toBe(true);
    await scene.answer('createFile', { isDirectory: false });
    expect(await scene.open('\\f', { createOptions: NON_DIRECTORY_FILE })).toMatchObject({
      isDirectory: false,
    });
  });

  test('trap: a directory and none of both is refused without a callback', async () => {
    const scene = await bench.mount();
    await scene.calls();
    const createOptions = DIRECTORY_FILE | NON_DIRECTORY_FILE;
    const create = { name: '\\f', createDisposition: OPEN, createOptions };
    expect(await scene.status('create', create)).toBe('INVALID_PARAMETER');
    expect(await scene.calls()).toEqual([]);
  });

  test('trap: two backslashes in front are folded, one at the end is cut off', async () => {
    const scene = await bench.mount();
    await scene.calls();
    for (const name of ['\\\\dir\\f', '\\dir\\', '\\']) await scene.open(name);
    expect(await scene.called()).toEqual(['createFile /dir/f', 'createFile /dir', 'createFile /']);
  });

  test('trap: DELETE_ON_CLOSE asks nobody, so that the dispatcher does', async () => {
    const scene = await bench.mount();
    await scene.calls();
    const fields = { desiredAccess: DELETE, createOptions: DELETE_ON_CLOSE };
    await scene.answer('deleteFile', { throws: { status: 'CANNOT_DELETE' } });
    const create = { name: '\\f', createDisposition: OPEN, ...fields };
    expect(await scene.status('create', create)).toBe('CANNOT_DELETE');
    expect(await scene.called()).toEqual([
      ...['createFile /f', 'deleteFile /f', 'cleanup /f', 'closeFile /f'],
    ]);
    const opened = await scene.open('\\f', fields);
    await scene.close(opened, true);
    const calls = await scene.calls();
    expect(calls.map(({ callback, file }) => [callback, file.deletePending])).toEqual([
      ['createFile', false],
      ['deleteFile', true],
      ['cleanup', true],
      ['closeFile', false],
    ]);
  });
});

describeWindows('open files', (bench) => {
  test('trap: a late request stores its context back, so that it never changes', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.answer('readFile', { hold: 'late' });
    const late = scene.must('read', { ...opened, offset: 0, length: 1 });
    await scene.calling('readFile');
    await scene.answer('flushFileBuffers', { context: 'changed' });
    await scene.must('flush', opened);
    await scene.release('late');
    await late;
    await scene.close(opened);
    const calls = await scene.calls();
    const { file } = calls.find(({ callback }) => callback === 'closeFile')!;
    expect(file.context).toBe('changed');
    expect(await scene.openCount()).toBe(0);
  });

  test('trap: cleanup comes while a read is running, closeFile only after it', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    await scene.answer('readFile', { hold: 'read', fill: Buffer.from('x') });
    const reading = scene.must('read', { ...opened, offset: 0, length: 1 });
    await scene.calling('readFile');
    await scene.must('cleanup', opened);
    const closing = scene.must('close', opened);
    expect(await scene.called()).toEqual(['readFile /f', 'cleanup /f']);
    await scene.release('read');
    expect((await reading).payload).toEqual(Buffer.from('x'));
    await closing;
    expect(await scene.called()).toEqual(['closeFile /f']);
  });

  test('trap: what is READONLY is not deleted, and nobody is asked', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    await scene.answer('getFileInformation', { returns: { attributes: 1 } });
    const status = await scene.status('setDisposition', { ...opened, delete: true });
    expect(status).toBe('CANNOT_DELETE');
    expect(await scene.called()).toEqual(['getFileInformation /f']);
  });

  test('trap: deleteFile and deleteDirectory are asked only if there are both', async () => {
    for (const absent of ['deleteFile', 'deleteDirectory']) {
      const scene = await bench.mount({}, [absent]);
      const file = absent === 'deleteFile' ? '\\f' : '\\dir';
      const opened = await scene.open(file);
      // To Dokan both are there, whatever the file system has: the dispatcher keeps the rule.
      const other = await scene.open(absent === 'deleteFile' ? '\\dir' : '\\f');
      const ask = (open: typeof opened) =>
        scene.status('setDisposition', { ...open, delete: true });
      expect([await ask(opened), await ask(other)]).toEqual(['NOT_IMPLEMENTED', 'NOT_IMPLEMENTED']);
      await scene.unmount();
    }
  });

  test('trap: a deletion is taken back', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    for (const wanted of [true, false]) {
      const reply = await scene.must('setDisposition', { ...opened, delete: wanted });
      expect(reply.deletePending).toBe(wanted);
    }
    await scene.close(opened);
    const calls = await scene.calls();
    const asked = calls.filter(({ callback }) => callback === 'deleteFile');
    expect(asked.map(({ file }) => file.deletePending)).toEqual([true, false]);
    expect(calls.at(-2)).toMatchObject({ callback: 'cleanup', file: { deletePending: false } });
  });

  test('trap: attributes of 0, and times of 0 and of all bits, mean "leave"', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    await scene.must('setBasic', {
      ...opened,
      ...{ attributes: 0, creationTime: 0n, lastAccessTime: 2n ** 64n - 1n, lastWriteTime: 1n },
    });
    const [attributes, times] = await scene.calls();
    expect(attributes?.args).toEqual(['/f', 0]);
    expect(times?.args).toEqual(['/f', { lastWriteTime: -11_644_473_600_000_000_000n + 100n }]);
  });

  test('trap: a read of nothing is the end of the file', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    for (const how of [{}, { async: true }]) {
      await scene.answer('readFile', { ...how, bytes: 0 });
      const read = { ...opened, offset: 0, length: 10 };
      expect(await scene.status('read', read)).toBe('END_OF_FILE');
    }
  });

  test('trap: writing to the end of the file, the offset means nothing', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    const data = Buffer.from('tail');
    await scene.must('write', { ...opened, offset: -1, writeToEndOfFile: true }, data);
    const [call] = await scene.calls();
    expect(call?.file.writeToEndOfFile).toBe(true);
    expect(call?.args).toEqual(['/f', data, 0]);
  });

  test('trap: of the flags of a rename only the lowest says to replace', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    for (const flags of [0x42, 0x43, 0, 1]) {
      await scene.must('rename', { ...opened, newName: '\\g', flags });
    }
    expect((await scene.calls()).map(({ args }) => args[2])).toEqual([false, true, false, true]);
  });

  test('trap: without GetFileInformation or FindStreams a request would never end', async () => {
    const absent = ['getFileInformation', 'findStreams'];
    const scene = await bench.mount({ altStreams: true }, absent);
    const opened = await scene.open();
    expect(await scene.status('queryInformation', opened)).toBe('INVALID_PARAMETER');
    expect(await scene.status('queryStreams', opened)).toBe('NOT_IMPLEMENTED');
    await scene.close(opened);
  });

  test('trap: FindStreams is told when the buffer is full', async () => {
    const scene = await bench.mount({ altStreams: true });
    const opened = await scene.open();
    const entries = Array.from({ length: 9 }, (_, index) => ({ name: `s${index}`, size: 1 }));
    await scene.answer('findStreams', { always: true, entries });
    const ask = (bufferLength: number) => scene.order('queryStreams', { ...opened, bufferLength });
    expect(statusName((await ask(100)).status)).toBe('BUFFER_OVERFLOW');
    expect((await ask(1000)).streams?.length).toBe(9);
  });
});
