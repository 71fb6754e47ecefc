import { expect, test } from 'vitest';
import { CreateDisposition, CreateOptions, FileAccess } from '../../../lib/constants.js';
import { eventually } from '../../support/eventually.js';
import { describeWindows, type Call, type Opened, type Scene } from './scene.js';

const WINDOW = 64 * 1024;
const PIECE = 4096;
const SIZE = 256 * PIECE;

const expectedAt = (offset: number, length: number, seed = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (offset + index + seed) % 251));

describeWindows('reading ahead', (bench) => {
  async function mount(readAhead = WINDOW): Promise<Scene> {
    const scene = await bench.mount({ readAhead });
    await scene.answer('readFile', { always: true, pattern: { size: SIZE } });
    return scene;
  }

  async function read(
    scene: Scene,
    opened: Opened,
    offset: number,
    more: object = {},
  ): Promise<Buffer> {
    const fields = { ...opened, offset, length: PIECE, ...more };
    return (await scene.must('read', fields)).payload;
  }

  async function reads(scene: Scene): Promise<Call[]> {
    return (await scene.calls()).filter(({ callback }) => callback === 'readFile');
  }

  /** Reads two pieces, the second of which brings a window: what follows is in memory. */
  async function warm(scene: Scene, opened: Opened): Promise<void> {
    await read(scene, opened, 0);
    await read(scene, opened, PIECE);
    await read(scene, opened, 2 * PIECE);
    expect(await reads(scene)).toHaveLength(2);
  }

  test.each([
    ['filled', false],
    ['in memory of the file system', true],
  ])('answers small reads with few callbacks: %s', async (_where, own) => {
    const scene = await mount();
    await scene.answer('readFile', { always: true, pattern: { size: SIZE, own } });
    const opened = await scene.open();
    for (let offset = 0; offset < SIZE; offset += PIECE) {
      const data = await read(scene, opened, offset);
      expect(data.equals(expectedAt(offset, PIECE))).toBe(true);
    }
    // The first by itself, and windows of 16 pieces behind it.
    expect((await reads(scene)).length).toBeLessThanOrEqual(18);
    const end = await scene.order('read', { ...opened, offset: SIZE, length: PIECE });
    expect(end.payload.length).toBe(0);
    await scene.close(opened);
  });

  test('is off when it is not asked for', async () => {
    const scene = await mount(0);
    const opened = await scene.open();
    for (let offset = 0; offset < 16 * PIECE; offset += PIECE) await read(scene, opened, offset);
    expect(await reads(scene)).toHaveLength(16);
    await scene.close(opened);
  });

  test('leaves reads here and there as they are', async () => {
    const scene = await mount();
    const opened = await scene.open();
    const places = [7, 3, 90, 41, 12, 200, 5, 77];
    for (const place of places) await read(scene, opened, place * PIECE);
    const lengths = (await reads(scene)).map(({ args }) => args[1]);
    expect(lengths).toEqual(places.map(() => PIECE));
    await scene.close(opened);
  });

  test('leaves opens and reads without buffering as they are', async () => {
    const scene = await mount();
    const unbuffered = await scene.open('\\f', {
      createOptions: CreateOptions.NO_INTERMEDIATE_BUFFERING,
    });
    for (let offset = 0; offset < 4 * PIECE; offset += PIECE) await read(scene, unbuffered, offset);
    expect(await reads(scene)).toHaveLength(4);
    await scene.close(unbuffered);
    const opened = await scene.open();
    for (const more of [{ pagingIo: true }, { noCache: true }]) {
      for (let offset = 0; offset < 4 * PIECE; offset += PIECE) {
        await read(scene, opened, offset, more);
      }
    }
    expect(await reads(scene)).toHaveLength(8);
    await scene.close(opened);
  });

  test.each<[string, (scene: Scene, other: Opened) => Promise<unknown>]>([
    ['write', (scene, other) => scene.must('write', { ...other, offset: 0 }, Buffer.from('x'))],
    ['end of file', (scene, other) => scene.must('setEndOfFile', { ...other, size: 5 })],
    ['allocation', (scene, other) => scene.must('setAllocation', { ...other, size: 5 })],
    ['notification', (scene) => scene.host.order('notify', scene.name, 'updated', '/f')],
    [
      'overwriting open',
      async (scene) => {
        const disposition = { createDisposition: CreateDisposition.OVERWRITE };
        await scene.close(await scene.open('\\g', disposition));
      },
    ],
    ['deletion', async (scene) => scene.close(await scene.open('\\g'), true)],
    ['rename', (scene, other) => scene.must('rename', { ...other, newName: '\\h', flags: 0 })],
  ])('forgets what it has after a %s through another open', async (_name, change) => {
    const scene = await mount();
    const opened = await scene.open();
    const writes = { desiredAccess: FileAccess.FILE_GENERIC_WRITE };
    const other = await scene.open('\\F', writes);
    await warm(scene, opened);
    await change(scene, other);
    await scene.answer('readFile', { always: true, pattern: { size: SIZE, seed: 9 } });
    expect((await read(scene, opened, 3 * PIECE)).equals(expectedAt(3 * PIECE, PIECE, 9))).toBe(
      true,
    );
    await scene.close(other);
    await scene.close(opened);
  });

  test('never goes beyond the end of a file that was cut', async () => {
    const scene = await mount();
    const opened = await scene.open();
    await warm(scene, opened);
    await scene.must('setEndOfFile', { ...opened, size: 3 * PIECE + 10 });
    await scene.answer('readFile', { always: true, pattern: { size: 3 * PIECE + 10 } });
    expect(await read(scene, opened, 3 * PIECE)).toHaveLength(10);
    await scene.close(opened);
  });

  test('answers with nothing that is older than a second', async () => {
    const scene = await mount();
    const opened = await scene.open();
    const started = performance.now();
    await warm(scene, opened);
    // Nobody tells of this change.
    await scene.answer('readFile', { always: true, pattern: { size: SIZE, seed: 9 } });
    await eventually('the new data', async () =>
      (await read(scene, opened, 3 * PIECE)).equals(expectedAt(3 * PIECE, PIECE, 9)),
    );
    expect(performance.now() - started).toBeLessThan(5_000);
    await scene.close(opened);
  });

  test('does not report what went wrong behind the data that was asked for', async () => {
    const scene = await mount();
    const opened = await scene.open();
    await read(scene, opened, 0);
    await scene.answer('readFile', { throws: { status: 'DISK_CORRUPT_ERROR' } });
    expect((await read(scene, opened, PIECE)).equals(expectedAt(PIECE, PIECE))).toBe(true);
    expect((await reads(scene)).map(({ args }) => args[1])).toEqual([PIECE, WINDOW, PIECE]);
    await scene.close(opened);
  });

  test('gives way where its windows are of no use', async () => {
    const scene = await mount();
    const opened = await scene.open();
    const other = await scene.open('\\g', { desiredAccess: FileAccess.FILE_GENERIC_WRITE });
    await scene.calls();
    for (let offset = 0; offset < 16 * PIECE; offset += PIECE) {
      await read(scene, opened, offset);
      await scene.must('write', { ...other, offset: 0 }, Buffer.from('x'));
    }
    const lengths = (await reads(scene)).map(({ args }) => args[1]);
    expect(lengths.filter((length) => length === WINDOW)).toHaveLength(1);
    await scene.close(other);
    await scene.close(opened);
  });
});
