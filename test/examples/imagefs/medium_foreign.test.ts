import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.js';
import { checkImage, makeImage, missingFatTools, mtool } from './images.js';
import { failure, Scene } from './scene.js';

interface MockedDisk {
  opens: number;
  areWritesBad: boolean;
  /** Asked before each read. */
  failureAt: (position: number) => Error | undefined;
}

const disk = vi.hoisted((): MockedDisk => ({
  opens: 0,
  areWritesBad: false,
  failureAt: () => undefined,
}));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const openSync = (...args: unknown[]): unknown => {
    disk.opens += 1;
    return (real.openSync as (...given: unknown[]) => unknown)(...args);
  };
  const readSync = (...args: unknown[]): unknown => {
    const error = disk.failureAt(Number(args[4]));
    if (error !== undefined) throw error;
    return (real.readSync as (...given: unknown[]) => unknown)(...args);
  };
  const writeSync = (...args: unknown[]): unknown => {
    if (disk.areWritesBad) throw badSector();
    return (real.writeSync as (...given: unknown[]) => unknown)(...args);
  };
  return { ...real, openSync, readSync, writeSync };
});

/** What a system call fails with. */
function badSector(): Error {
  return Object.assign(new Error('bad sector'), { code: 'EIO', errno: -5 });
}

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

describe.skipIf(missingFatTools !== undefined)(`a medium ${missingFatTools ?? ''}`, () => {
  let count = 0;
  let image = '';
  let scene: Scene;

  beforeEach(() => {
    count += 1;
    image = join(temporary.path, `${String(count)}.img`);
    makeImage(image, 1024, '-F', '12', '-s', '1', '-i', '11111111');
    scene = new Scene(image);
  });

  afterEach(async () => {
    disk.areWritesBad = false;
    disk.failureAt = () => undefined;
    await scene.medium.end();
  });

  /** Waits until what is written from now on has another time than the image: clocks tick slowly. */
  function nextTime(): void {
    const probe = join(temporary.path, 'probe');
    do writeFileSync(probe, '');
    while (statSync(probe).mtimeMs <= statSync(image).mtimeMs);
  }

  /** Taken away, changed, and put back, before anybody looks. */
  function changeElsewhere(change: (path: string) => void): void {
    nextTime();
    renameSync(image, `${image}.away`);
    change(`${image}.away`);
    renameSync(`${image}.away`, image);
  }

  const writeTheirs = (path: string): void => new Scene(path).write('/theirs', 't'.repeat(5000));

  it('that was written to elsewhere is read anew, and said to be absent once', () => {
    scene.write('/ours', 'ours');
    const file = scene.open('/ours');
    expect(scene.operations.checkMedia()).toBe('present');
    changeElsewhere(writeTheirs);
    expect(scene.operations.checkMedia()).toBe('absent');
    expect(scene.operations.checkMedia()).toBe('present');
    expect(scene.readOpen(file)).toBe('ours');
    expect(scene.names()).toEqual(['ours', 'theirs']);
    scene.write('/more', 'm'.repeat(5000));
    scene.close('/ours', file);
    checkImage(image);
    expect(scene.operations.checkMedia()).toBe('present');
  });

  it('that was written to elsewhere is not written to as it was before', () => {
    scene.write('/ours', 'ours');
    changeElsewhere(writeTheirs);
    scene.write('/more', 'm'.repeat(5000));
    expect(scene.names()).toEqual(['more', 'ours', 'theirs']);
    checkImage(image);
  });

  it('is not said to be absent a second time when it is back', () => {
    changeElsewhere(writeTheirs);
    // Looks at it.
    scene.write('/ours', 'ours');
    renameSync(image, `${image}.away`);
    expect(scene.operations.checkMedia()).toBe('absent');
    renameSync(`${image}.away`, image);
    expect(scene.operations.checkMedia()).toBe('present');
  });

  it('whose lost clusters were given to another file does not free them', () => {
    scene.write('/nameless', 'x'.repeat(5000));
    const file = scene.open('/nameless');
    scene.remove('/nameless');
    changeElsewhere((path) => {
      spawnSync('fsck.fat', ['-a', path]);
      mtool('mdel', path, '::FSCK0000.REC');
      writeTheirs(path);
    });
    scene.close('/nameless', file);
    expect(scene.names()).toEqual(['theirs']);
    checkImage(image);
  });

  const other = (): string => {
    const path = makeImage(`${image}.other`, 1024, '-F', '12', '-s', '1', '-i', '22222222');
    const theirs = new Scene(path);
    for (const name of ['/one', '/two']) theirs.write(name, 'k'.repeat(3000));
    void theirs.medium.end();
    return path;
  };

  it('that another one is copied over gets nothing of what was meant for it', () => {
    const replacement = other();
    scene.write('/deleted', 'd'.repeat(3000));
    scene.write('/nameless', 'n'.repeat(3000));
    const [deleted, nameless, written] = ['/deleted', '/nameless', '/written'].map((path) =>
      scene.open(path),
    );
    scene.remove('/nameless');
    // It has just been looked at.
    expect(scene.operations.checkMedia()).toBe('present');
    copyFileSync(replacement, image);
    Object.assign(deleted!, { deletePending: true });
    expect(failure(() => scene.operations.cleanup('/deleted', deleted!))).toBe(
      'NO_MEDIA_IN_DEVICE',
    );
    scene.operations.closeFile('/deleted', deleted!);
    scene.close('/nameless', nameless!);
    expect(failure(() => scene.operations.writeFile('', Buffer.alloc(9000), 0, written!))).toBe(
      'NO_MEDIA_IN_DEVICE',
    );
    expect(readFileSync(image).equals(readFileSync(replacement))).toBe(true);
    expect(scene.operations.checkMedia()).toBe('changed');
    expect(scene.names()).toEqual(['one', 'two']);
  });

  it.each(['closed', 'overwritten'])(
    'that another one is copied over is not touched: %s',
    (how) => {
      const replacement = other();
      scene.write('/file', 'n'.repeat(3000));
      const file = scene.open('/file');
      if (how === 'closed') scene.remove('/file');
      expect(scene.operations.checkMedia()).toBe('present');
      copyFileSync(replacement, image);
      if (how === 'closed') scene.close('/file', file);
      else expect(failure(() => scene.write('/file', 'anew'))).toBe('NO_MEDIA_IN_DEVICE');
      expect(readFileSync(image).equals(readFileSync(replacement))).toBe(true);
    },
  );

  /** Where contents of a file are in the image. */
  const positionOf = (contents: string): number => readFileSync(image).indexOf(contents);

  it('with a bad sector goes on, and is not read anew for it', () => {
    scene.write('/bad', 'in a bad sector');
    scene.write('/good', 'in a good one');
    const bad = positionOf('in a bad sector');
    disk.failureAt = (position) => (position === bad ? badSector() : undefined);
    const { latest } = scene.medium;
    expect(failure(() => scene.read('/bad'))).toBe('EIO');
    expect(scene.read('/good')).toBe('in a good one');
    expect(scene.medium.latest).toBe(latest);
    expect(scene.events).toEqual([]);
  });

  it('with a directory that cannot be read loses what is open in it, and nothing else', () => {
    scene.makeDirectory('/d');
    scene.write('/d/file', 'file');
    scene.write('/good', 'good');
    const [lost, good] = [scene.open('/d/file'), scene.open('/good')];
    const bad = positionOf('.          ');
    changeElsewhere(writeTheirs);
    disk.failureAt = (position) => (position === bad ? badSector() : undefined);
    expect(scene.operations.checkMedia()).toBe('absent');
    expect(scene.operations.checkMedia()).toBe('present');
    expect(failure(() => scene.readOpen(lost))).toBe('IO_DEVICE_ERROR');
    expect(scene.readOpen(good)).toBe('good');
    scene.close('/good', good);
    scene.close('/d/file', lost);
  });

  it('goes on when what was closed meanwhile cannot be freed', () => {
    scene.write('/nameless', 'x'.repeat(3000));
    const file = scene.open('/nameless');
    scene.remove('/nameless');
    renameSync(image, `${image}.away`);
    expect(scene.operations.checkMedia()).toBe('absent');
    scene.close('/nameless', file);
    renameSync(`${image}.away`, image);
    disk.areWritesBad = true;
    expect(scene.operations.checkMedia()).toBe('present');
    disk.areWritesBad = false;
    scene.write('/more', 'more');
    expect(scene.read('/more')).toBe('more');
  });

  it('that cannot be read any more is not tried for each request', () => {
    const file = scene.open('/file');
    disk.areWritesBad = true;
    disk.failureAt = badSector;
    expect(failure(() => scene.operations.writeFile('', Buffer.from('x'), 0, file))).toBe(
      'NO_MEDIA_IN_DEVICE',
    );
    disk.opens = 0;
    const start = performance.now();
    for (let requests = 0; requests < 2000; requests += 1) failure(() => scene.names());
    expect(disk.opens).toBeLessThanOrEqual((performance.now() - start) / 250 + 1);
    expect(scene.events).toEqual(['absent']);
  });

  it('does not hide a defect behind its absence', () => {
    changeElsewhere(writeTheirs);
    disk.failureAt = () => Object.assign(new RangeError('wrong'), { code: 'ERR_OUT_OF_RANGE' });
    expect(() => scene.operations.checkMedia()).toThrow(RangeError);
    disk.failureAt = () => undefined;
  });
});
