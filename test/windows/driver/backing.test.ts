import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileAccess } from '../../../lib/constants.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import { windowsPath } from '../../support/wine.js';
import { describeWindows, type Opened, type Scene } from './scene.js';

const WRITES = { desiredAccess: FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE };

describeWindows('opens that hand through a real file', (bench) => {
  let directory: TemporaryDirectory;
  let real: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    real = join(directory.path, 'real');
    writeFileSync(real, '0123456789');
  });
  afterEach(() => directory.remove());

  /** An open of `/f` with the file behind it; what was called until then is forgotten. */
  async function open(scene: Scene, backing: object = {}): Promise<Opened> {
    const path = windowsPath(real);
    await scene.answer('createFile', { backing: { path, ...backing } });
    const opened = await scene.open('\\f', WRITES);
    await scene.calls();
    return opened;
  }

  const read = async (scene: Scene, opened: Opened, offset: number, length: number) =>
    (await scene.must('read', { ...opened, offset, length })).payload.toString();

  test('are read and written without a callback', async () => {
    const scene = await bench.mount();
    const opened = await open(scene);
    expect(await read(scene, opened, 2, 4)).toBe('2345');
    expect(await read(scene, opened, 8, 4)).toBe('89');
    const { written } = await scene.must('write', { ...opened, offset: 9 }, Buffer.from('abc'));
    expect(written).toBe(3);
    expect(readFileSync(real, 'utf8')).toBe('012345678abc');
    expect(await scene.called()).toEqual([]);
    await scene.close(opened);
  });

  test('at the end of the file answer as a callback that read nothing', async () => {
    const scene = await bench.mount();
    const opened = await open(scene);
    const plain = await scene.open('\\g');
    await scene.answer('readFile', { bytes: 0 });
    const expected = await scene.order('read', { ...plain, offset: 10, length: 4 });
    const found = await scene.order('read', { ...opened, offset: 10, length: 4 });
    expect([found.status, found.payload.length]).toEqual([expected.status, 0]);
    await scene.close(plain);
    await scene.close(opened);
  });

  test('append, whatever the offset says', async () => {
    const scene = await bench.mount();
    const opened = await open(scene);
    await scene.must('write', { ...opened, offset: 0, writeToEndOfFile: true }, Buffer.from('end'));
    expect(readFileSync(real, 'utf8')).toBe('0123456789end');
    expect(await scene.called()).toEqual([]);
    await scene.close(opened);
  });

  test('get their pages from the callbacks, which know that none may extend them', async () => {
    const scene = await bench.mount();
    const opened = await open(scene);
    const page = { ...opened, pagingIo: true };
    await scene.must('write', { ...page, offset: 8 }, Buffer.from('pages'));
    await scene.must('write', { ...page, offset: 4096 }, Buffer.from('pages'));
    expect(readFileSync(real, 'utf8')).toBe('0123456789');
    expect(await scene.called()).toEqual(['writeFile /f', 'writeFile /f']);
    await scene.close(opened);
  });

  test('keep their file when its descriptor is closed and used again', async () => {
    const scene = await bench.mount();
    const other = join(directory.path, 'other');
    writeFileSync(other, 'another file');
    const opened = await open(scene, { closed: true });
    const second = await open(scene, { path: windowsPath(other) });
    expect(await read(scene, opened, 0, 10)).toBe('0123456789');
    expect(await read(scene, second, 0, 12)).toBe('another file');
    await scene.close(opened);
    await scene.close(second);
  });

  test('are asked for by callback where the file does not do it', async () => {
    const scene = await bench.mount();
    const opened = await open(scene, { flags: 'r' });
    await scene.must('write', { ...opened, offset: 0 }, Buffer.from('abc'));
    expect(await read(scene, opened, 0, 4)).toBe('0123');
    expect(await scene.called()).toEqual(['writeFile /f']);
    expect(readFileSync(real, 'utf8')).toBe('0123456789');
    await scene.close(opened);
    const writing = await open(scene, { flags: 'a' });
    expect(await read(scene, writing, 0, 4)).toBe('rrrr');
    // A write has a place, which a file that is only appended to has not.
    await scene.must('write', { ...writing, offset: 0 }, Buffer.from('here'));
    expect(await scene.called()).toEqual(['readFile /f', 'writeFile /f']);
    await scene.close(writing);
  });

  test('are the callbacks business after cleanup', async () => {
    const scene = await bench.mount();
    const opened = await open(scene);
    await scene.must('cleanup', opened);
    await scene.calls();
    await scene.must('read', { ...opened, offset: 0, length: 4, pagingIo: true });
    expect(await scene.called()).toEqual(['readFile /f']);
    await scene.must('close', opened);
  });

  test.each([9_999, -1, 1.5, 2 ** 20 + 77, 2 ** 40, 'x'])(
    'are served by callbacks when %j is no descriptor, which an error tells',
    async (number) => {
      const scene = await bench.mount();
      const opened = await open(scene, { number });
      expect(await read(scene, opened, 0, 4)).toBe('rrrr');
      expect(await scene.called()).toEqual(['readFile /f']);
      const [error, ...more] = await scene.errors();
      expect(error).toMatchObject({ callback: 'createFile', path: '/f' });
      expect(String(error?.['message'])).toContain("'backingFd'");
      expect(more).toEqual([]);
      await scene.close(opened);
    },
  );

  test('are served by callbacks when it is no file on a disk', async () => {
    const scene = await bench.mount();
    const opened = await open(scene, { path: '\\\\.\\NUL' });
    await scene.must('read', { ...opened, offset: 0, length: 4 });
    expect(await scene.called()).toEqual(['readFile /f']);
    expect(await scene.errors()).toHaveLength(1);
    await scene.close(opened);
  });

  test('are asked for by callback where media come and go', async () => {
    const scene = await bench.mount({ removable: true });
    const opened = await open(scene);
    await scene.must('read', { ...opened, offset: 0, length: 4 });
    expect(await scene.called()).toContain('readFile /f');
    await scene.close(opened);
  });

  test('give their handles back', async () => {
    const scene = await bench.mount();
    const handles = async (): Promise<number> => (await scene.simulator.must('process')).handles;
    const cycle = async (): Promise<void> => {
      const opened = await open(scene, { closed: true });
      await scene.must('read', { ...opened, offset: 0, length: 4 });
      await scene.close(opened);
    };
    await cycle();
    const before = await handles();
    for (let round = 0; round < 20; round += 1) await cycle();
    await eventually('the handles to be closed', async () => (await handles()) < before + 10);
  });
});
