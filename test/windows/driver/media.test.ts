import { expect, test } from 'vitest';
import { CreateDisposition, FileAccess } from '../../../lib/constants.js';
import { eventually } from '../../support/eventually.js';
import { describeWindows, type Scene } from './scene.js';

/** Every open asks. */
const REMOVABLE = { removable: true, mediaCheckInterval: 0 };
const HOUR = 3_600_000;
const OPEN = {
  name: '\\g',
  desiredAccess: FileAccess.FILE_GENERIC_READ,
  createDisposition: CreateDisposition.OPEN,
};
const READ = { offset: 0, length: 10 };

describeWindows('removable media', (bench) => {
  const absent = (scene: Scene): Promise<void> =>
    scene.answer('checkMedia', { always: true, returns: 'absent' });
  const present = (scene: Scene): Promise<void> =>
    scene.answer('checkMedia', { always: true, returns: 'present' });
  const checks = async (scene: Scene): Promise<number> =>
    (await scene.calls()).filter(({ callback }) => callback === 'checkMedia').length;

  test('absent: opens, open files and the volume; back again: it goes on', async () => {
    const scene = await bench.mount(REMOVABLE);
    const opened = await scene.open();
    await absent(scene);
    expect(await scene.status('create', OPEN)).toBe('NO_MEDIA_IN_DEVICE');
    expect(await scene.status('create', { ...OPEN, name: '\\' })).toBe('NO_MEDIA_IN_DEVICE');
    expect(await scene.status('read', { ...opened, ...READ })).toBe('NO_MEDIA_IN_DEVICE');
    expect(await scene.status('write', { ...opened, offset: 0 }, Buffer.from('x'))).toBe(
      'NO_MEDIA_IN_DEVICE',
    );
    // The library has one word for whatever goes wrong here.
    expect(await scene.status('queryInformation', opened)).toBe('INVALID_PARAMETER');
    expect(await scene.status('querySize')).toBe('NO_MEDIA_IN_DEVICE');
    expect(await scene.status('queryVolume')).toBe('NO_MEDIA_IN_DEVICE');
    await present(scene);
    expect(await scene.status('read', { ...opened, ...READ })).toBe('SUCCESS');
    expect(await scene.status('querySize')).toBe('SUCCESS');
    await absent(scene);
    expect(await scene.status('create', OPEN)).toBe('NO_MEDIA_IN_DEVICE');
    await scene.calls();
    await scene.close(opened);
    expect(await scene.called()).toEqual(['cleanup /f', 'closeFile /f']);
  });

  test('changed: old handles are of the wrong volume, and delete nothing', async () => {
    const scene = await bench.mount(REMOVABLE);
    const old = await scene.open('\\f', { desiredAccess: FileAccess.DELETE });
    await scene.must('setDisposition', { ...old, delete: true });
    await scene.answer('checkMedia', { returns: 'changed' });
    const fresh = await scene.open('\\f');
    expect(await scene.status('read', { ...old, ...READ })).toBe('WRONG_VOLUME');
    expect(await scene.status('read', { ...fresh, ...READ })).toBe('SUCCESS');
    await scene.calls();
    await scene.close(old, true);
    await scene.close(fresh);
    const cleanups = (await scene.calls()).filter(({ callback }) => callback === 'cleanup');
    expect(cleanups.map(({ file }) => file.deletePending)).toEqual([false, false]);
  });

  test('programs that show the root are told to look again', async () => {
    const scene = await bench.mount(REMOVABLE);
    const before = (await bench.simulator.must('notifications')).notifications.length;
    for (const state of ['absent', 'present', 'changed']) {
      await scene.answer('checkMedia', { returns: state });
      await scene.status('create', OPEN).catch(() => undefined);
    }
    const paths = await eventually('the notifications', async () => {
      const { notifications } = await bench.simulator.must('notifications');
      const all = notifications.slice(before);
      return all.length === 3 && all.map(({ path }) => path);
    });
    expect(paths).toEqual(['\\', '\\', '\\']);
  });

  test('hundreds of opens make no more than the one check that was due', async () => {
    const scene = await bench.mount({ ...REMOVABLE, mediaCheckInterval: HOUR });
    await absent(scene);
    for (let time = 0; time < 500; time += 1) {
      expect(await scene.status('create', OPEN)).toBe('NO_MEDIA_IN_DEVICE');
    }
    expect(await checks(scene)).toBe(1);
    expect(await scene.openCount()).toBe(0);
  });

  test('a check that hangs holds opens up for a moment only', async () => {
    const scene = await bench.mount(REMOVABLE);
    await scene.answer('checkMedia', { hold: 'check', returns: 'absent' });
    const opens = await Promise.all([1, 2, 3].map((index) => scene.open(`\\${String(index)}`)));
    opens.push(await scene.open());
    // An open file that is in want of it asks again, too.
    await absent(scene);
    await scene.release('check');
    await eventually('the late answer to count', async () => {
      return (await scene.status('read', { ...opens[0], ...READ })) === 'NO_MEDIA_IN_DEVICE';
    });
    await present(scene);
    for (const opened of opens) await scene.close(opened);
  });
});
