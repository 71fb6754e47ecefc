import {
  copyFileSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.js';
import { checkImage, makeImage, missingFatTools } from './images.js';
import { failure, Scene } from './scene.js';

const looks = vi.hoisted(() => ({ count: 0 }));
/** How many writes to files succeed before one fails; then it counts on, below zero. */
const writes = vi.hoisted(() => ({ left: -1 }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const statSync = (...args: unknown[]): unknown => {
    looks.count += 1;
    return (real.statSync as (...given: unknown[]) => unknown)(...args);
  };
  const openSync = (...args: unknown[]): unknown => {
    looks.count += 1;
    return (real.openSync as (...given: unknown[]) => unknown)(...args);
  };
  const writeSync = (...args: unknown[]): unknown => {
    if (writes.left-- === 0) throw Object.assign(new Error('bad sector'), { code: 'EIO' });
    return (real.writeSync as (...given: unknown[]) => unknown)(...args);
  };
  return { ...real, statSync, openSync, writeSync };
});

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

describe.skipIf(missingFatTools !== undefined)(`a medium ${missingFatTools ?? ''}`, () => {
  let count = 0;
  let image = '';
  let scene: Scene;

  beforeEach(() => {
    count += 1;
    image = join(temporary.path, `${String(count)}.img`);
    makeImage(image, 4096, '-i', '11112222', '-n', 'FIRST');
    scene = new Scene(image);
  });

  afterEach(() => scene.medium.end());

  it('is absent while its file is elsewhere, and goes on when it is back', () => {
    scene.write('/kept', 'before');
    const file = scene.open('/open');
    renameSync(image, `${image}.away`);
    expect(scene.operations.checkMedia()).toBe('absent');
    expect(failure(() => scene.read('/kept'))).toBe('NO_MEDIA_IN_DEVICE');
    expect(failure(() => scene.readOpen(file))).toBe('NO_MEDIA_IN_DEVICE');
    expect(failure(() => scene.operations.writeFile('', Buffer.from('x'), 0, file))).toBe(
      'NO_MEDIA_IN_DEVICE',
    );
    expect(failure(() => scene.operations.getDiskFreeSpace())).toBe('NO_MEDIA_IN_DEVICE');
    renameSync(`${image}.away`, image);
    expect(scene.operations.checkMedia()).toBe('present');
    scene.operations.writeFile('', Buffer.from('after'), 0, file);
    expect(scene.readOpen(file)).toBe('after');
    scene.close('/open', file);
    expect(scene.names()).toEqual(['kept', 'open']);
    expect(scene.events).toEqual(['absent', 'back']);
    checkImage(image);
  });

  it('fails a flush, and closes files, while there is none', async () => {
    const file = scene.open('/open');
    renameSync(image, `${image}.away`);
    scene.operations.checkMedia();
    await expect(scene.operations.flushFileBuffers()).rejects.toMatchObject({
      code: 'NO_MEDIA_IN_DEVICE',
    });
    scene.operations.cleanup('/open', file);
    scene.operations.closeFile('/open', file);
    renameSync(`${image}.away`, image);
    expect(scene.operations.checkMedia()).toBe('present');
    expect(scene.names()).toEqual(['open']);
  });

  it('looks at the file now and then, however much is asked of it', () => {
    for (const isAbsent of [false, true]) {
      if (isAbsent) {
        renameSync(image, `${image}.away`);
        scene.operations.checkMedia();
      }
      looks.count = 0;
      const start = performance.now();
      const elapsed = (): number => performance.now() - start;
      for (let requests = 0; requests < 20_000 || (looks.count < 2 && elapsed() < 30_000);) {
        failure(() => scene.operations.queryOpen('/nothing'));
        requests += 1;
      }
      const most = elapsed() / 250 + 1;
      expect(looks.count).toBeLessThanOrEqual(most);
      expect(looks.count).toBeGreaterThanOrEqual(2);
    }
  });

  it('notices by itself that it is gone, and that it is back', async () => {
    renameSync(image, `${image}.away`);
    await vi.waitUntil(() => failure(() => scene.names()) === 'NO_MEDIA_IN_DEVICE', 10_000);
    renameSync(`${image}.away`, image);
    await vi.waitUntil(() => failure(() => scene.names()) === undefined, 10_000);
  });

  it('is another one when serial number or label differ', () => {
    scene.write('/old', 'old');
    const file = scene.open('/old');
    unlinkSync(image);
    makeImage(image, 4096, '-i', '33334444', '-n', 'FIRST');
    expect(scene.operations.checkMedia()).toBe('changed');
    // Said once: from then on it is the medium.
    expect(scene.operations.checkMedia()).toBe('present');
    expect(failure(() => scene.readOpen(file))).toBe('WRONG_VOLUME');
    expect(failure(() => scene.operations.writeFile('', Buffer.from('x'), 0, file))).toBe(
      'WRONG_VOLUME',
    );
    scene.close('/old', file);
    expect(scene.names()).toEqual([]);
    expect(scene.operations.getVolumeInformation().serialNumber).toBe(0x33334444);
    scene.write('/new', 'new');
    checkImage(image);

    makeImage(`${image}.x`, 4096, '-i', '33334444', '-n', 'SECOND');
    renameSync(`${image}.x`, image);
    expect(scene.operations.checkMedia()).toBe('changed');
    expect(scene.operations.getVolumeInformation().volumeName).toBe('SECOND');
    expect(scene.events).toEqual(['changed', 'changed']);
  });

  it('is another one when its file is written over', () => {
    scene.write('/old', 'old');
    const other = makeImage(`${image}.other`, 4096, '-i', '55556666', '-n', 'OTHER');
    const { ino } = statSync(image);
    copyFileSync(other, image);
    expect(statSync(image).ino).toBe(ino);
    expect(scene.operations.checkMedia()).toBe('changed');
    expect(scene.names()).toEqual([]);
  });

  it('is the same one in another file, and what is open is found again', () => {
    scene.makeDirectory('/d');
    scene.write('/d/stays', 'stays');
    scene.write('/goes', 'goes');
    const stays = scene.open('/d/stays');
    const goes = scene.open('/goes');
    copyFileSync(image, `${image}.copy`);
    const elsewhere = new Scene(`${image}.copy`);
    elsewhere.remove('/goes');
    // Made a day later: its time is what tells it from the one before.
    const later = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);
    elsewhere.write('/goes', 'another file');
    later.mockRestore();
    elsewhere.write('/added', 'added');
    renameSync(`${image}.copy`, image);
    // Said once, so that the host keeps nothing of how it was.
    expect(scene.operations.checkMedia()).toBe('absent');
    expect(scene.operations.checkMedia()).toBe('present');
    expect(scene.readOpen(stays)).toBe('stays');
    expect(failure(() => scene.readOpen(goes))).toBe('FILE_INVALID');
    expect(scene.names()).toEqual(['added', 'd', 'goes']);
    scene.close('/goes', goes);
    scene.close('/d/stays', stays);
    checkImage(image);
  });

  it('keeps a file that has no name any more while it is away', () => {
    scene.write('/nameless', 'still here');
    const file = scene.open('/nameless');
    const closedWhileAway = scene.open('/nameless');
    scene.remove('/nameless');
    renameSync(image, `${image}.away`);
    expect(scene.operations.checkMedia()).toBe('absent');
    scene.close('/nameless', closedWhileAway);
    renameSync(`${image}.away`, image);
    expect(scene.operations.checkMedia()).toBe('present');
    expect(scene.readOpen(file)).toBe('still here');
    scene.close('/nameless', file);
    checkImage(image);
  });

  it('frees a file that lost its name and its last open while it was away', () => {
    scene.write('/nameless', 'x'.repeat(5000));
    const file = scene.open('/nameless');
    scene.remove('/nameless');
    renameSync(image, `${image}.away`);
    expect(scene.operations.checkMedia()).toBe('absent');
    scene.close('/nameless', file);
    renameSync(`${image}.away`, image);
    expect(scene.operations.checkMedia()).toBe('present');
    checkImage(image);
  });

  it.each([0, 512, 70_000, 4096 * 1024 - 1])('is absent when cut to %i bytes', (size) => {
    scene.write('/kept', 'kept');
    const whole = readFileSync(image);
    const file = scene.open('/kept');
    truncateSync(image, size);
    // Not looked at yet: the write itself must not make the file longer.
    expect(failure(() => scene.operations.writeFile('', Buffer.alloc(9000), 0, file))).toBe(
      'NO_MEDIA_IN_DEVICE',
    );
    expect(statSync(image).size).toBe(size);
    expect(scene.operations.checkMedia()).toBe('absent');
    writeFileSync(image, whole);
    expect(scene.operations.checkMedia()).toBe('present');
    expect(scene.readOpen(file)).toBe('kept');
    scene.close('/kept', file);
    checkImage(image);
  });

  it('reads nothing behind the end of a file that was cut', () => {
    scene.write('/kept', 'kept');
    const file = scene.open('/kept');
    truncateSync(image, 20_000);
    expect(failure(() => scene.readOpen(file))).toBe('NO_MEDIA_IN_DEVICE');
  });

  it('is read anew when a write fails, and what is open goes on', () => {
    scene.write('/other', 'other');
    const file = scene.open('/file');
    scene.operations.writeFile('', Buffer.from('begins'), 0, file);
    const seen = new Set<string | undefined>();
    for (let good = 0; good < 12; good += 1) {
      writes.left = good;
      seen.add(failure(() => scene.operations.writeFile('', Buffer.alloc(9000, 'x'), 6, file)));
      writes.left = good;
      seen.add(failure(() => scene.operations.setEndOfFile('', 6, file)));
      writes.left = -1;
      scene.operations.setEndOfFile('', 6, file);
      expect(scene.readOpen(file)).toBe('begins');
      expect(scene.read('/other')).toBe('other');
    }
    expect(seen).toEqual(new Set(['EIO', undefined]));
    expect(scene.events).toEqual([]);
    scene.close('/file', file);
    const again = new Scene(image);
    expect(again.read('/file')).toBe('begins');
    expect(again.names()).toEqual(['file', 'other']);
  });

  it('is absent when something else is in its place', () => {
    unlinkSync(image);
    writeFileSync(image, Buffer.alloc(4096 * 1024, 'no FAT'));
    expect(scene.operations.checkMedia()).toBe('absent');
    expect(scene.operations.checkMedia()).toBe('absent');
    expect(scene.events).toEqual(['absent']);
  });
});
