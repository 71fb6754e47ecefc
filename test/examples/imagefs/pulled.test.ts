import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { checkImage, makeImage, missingFatTools, mtool } from './images.js';
import { MountedImage } from './mounted_image.js';
import { isGood, isWithout, VolumeClient } from './volume_client.js';

const missing =
  process.platform === 'linux' ? missingFatTools : 'the mount of Linux is what is used';
const isRoot = process.getuid?.() === 0;

const TICKS_PER_SECOND = 100;

/** Seconds of processor time a process has taken. */
function processorTime(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13);
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
}

/** Bytes of memory a process has. */
function memory(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

describe.skipIf(missing !== undefined)(`a stick that is pulled ${missing ?? ''}`, () => {
  let volume: MountedImage;
  let client: VolumeClient | undefined;

  beforeEach(async () => {
    volume = await new MountedImage(64 * 1024, '-F', '32', '-i', '11112222').mount();
    writeFileSync(volume.path('kept'), 'kept');
    client = undefined;
  });

  afterEach(() => {
    client?.kill();
    volume.remove();
  });

  const start = async (): Promise<VolumeClient> => {
    client = new VolumeClient(volume.mountPoint);
    await client.expect('good', isGood);
    return client;
  };

  /** What was acknowledged is there, and the image is sound. */
  async function checkLog(written: number): Promise<void> {
    const log = readFileSync(volume.path('log'));
    expect(log.length).toBeGreaterThanOrEqual(written * 4096);
    for (let block = 0; block < written; block += 1) {
      expect(log[block * 4096]).toBe(1 + (block % 255));
      expect(log[block * 4096 + 4095]).toBe(1 + (block % 255));
    }
    await volume.unmount();
    checkImage(volume.image);
  }

  it('fails programs at once, and they go on when it is back', { timeout: 120_000 }, async () => {
    const writer = await start();
    const { pid } = volume.example;
    for (let time = 0; time < 3; time += 1) {
      renameSync(volume.image, `${volume.image}.away`);
      await writer.expect('without a medium', isWithout('ENOMEDIUM'), 50);
      const before = memory(pid);
      await writer.expect('without a medium', isWithout('ENOMEDIUM'), 200);
      expect(memory(pid) - before).toBeLessThan(32 * 2 ** 20);
      renameSync(`${volume.image}.away`, volume.image);
      await writer.expect('good', isGood, 20);
    }
    // None waited for anything: each was three requests, and the longest has still an end.
    expect(Math.max(...writer.rounds.map(({ milliseconds }) => milliseconds))).toBeLessThan(10_000);
    await writer.end();
    expect(volume.example.stderr).toContain('is gone');
    expect(volume.example.stderr).toContain('is back');
    await checkLog(writer.written);
  });

  it('costs nothing while it is away', { timeout: 60_000 }, async () => {
    renameSync(volume.image, `${volume.image}.away`);
    await eventually('the volume to fail', () => {
      const { status, stderr } = spawnSync('ls', [volume.mountPoint], {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      });
      return status !== 0 && /No medium found/.test(stderr);
    });
    const { pid } = volume.example;
    const [wall, used] = [performance.now(), processorTime(pid)];
    // Time is what is measured here: of that much, little may be used.
    await delay(1500);
    const seconds = (performance.now() - wall) / 1000;
    expect(processorTime(pid) - used).toBeLessThan(seconds / 3);
    renameSync(`${volume.image}.away`, volume.image);
    await eventually('the volume to be back', () => readOf(volume.path('kept')) === 'kept');
    await volume.unmount();
  });

  it('fails programs while it is cut, and they go on when it is whole', async () => {
    const whole = join(dirname(volume.image), 'whole.img');
    copyFileSync(volume.image, whole);
    const writer = await start();
    truncateSync(volume.image, 100_000);
    await writer.expect('without a medium', isWithout('ENOMEDIUM'), 20);
    expect(readFileSync(volume.image).length).toBe(100_000);
    renameSync(whole, volume.image);
    // It is the same medium; but what was written since then is not on it.
    await writer.expect(
      'good but for the file that is open',
      ({ write, read, list }) => write === 'ESTALE' && read === 'ok' && list === 'ok',
    );
    await writer.end();
    await volume.unmount();
    checkImage(volume.image);
  });

  it('shows what was written to it elsewhere, and nothing of how it was', async () => {
    expect(readFileSync(volume.path('kept'), 'utf8')).toBe('kept');
    const theirs = join(dirname(volume.image), 'theirs');
    writeFileSync(theirs, 'them');
    renameSync(volume.image, `${volume.image}.away`);
    mtool('mcopy', `${volume.image}.away`, '-o', theirs, '::kept');
    mtool('mcopy', `${volume.image}.away`, theirs, '::added');
    renameSync(`${volume.image}.away`, volume.image);
    await eventually('the new contents', () => readOf(volume.path('kept')) === 'them');
    await eventually('the new file', () => readOf(volume.path('added')) === 'them');
    await eventually('to be writable', () => {
      try {
        writeFileSync(volume.path('ours'), 'ours');
        return true;
      } catch {
        return false;
      }
    });
    await volume.unmount();
    checkImage(volume.image);
  });

  it('shows another one, and what was open is lost', async () => {
    const writer = await start();
    const other = join(dirname(volume.image), 'other.img');
    makeImage(other, 64 * 1024, '-F', '32', '-i', '33334444');
    renameSync(volume.image, `${volume.image}.first`);
    renameSync(other, volume.image);
    await eventually('the other one', () => readdirSyncOf(volume.mountPoint)?.length === 0, 30_000);
    await writer.expect('lost', ({ write, read, list }) => {
      return write === 'ESTALE' && read === 'ENOENT' && list === 'ok';
    });
    writeFileSync(volume.path('kept'), 'on the other one');
    expect(readFileSync(volume.path('kept'), 'utf8')).toBe('on the other one');
    await writer.end();
    await volume.unmount();
    checkImage(volume.image);
    // Nothing of it went to the first one.
    checkImage(`${volume.image}.first`);
  });

  it.skipIf(!isRoot)('lets go of the file system it was on', { timeout: 120_000 }, async () => {
    await volume.unmount();
    const stick = dirname(volume.image);
    const behind = volume.temporary.directory('behind');
    must('mount', '-t', 'tmpfs', 'tmpfs', behind);
    copyFileSync(volume.image, join(behind, 'disk.img'));
    // What shows when the stick is gone must not have the image: it is the same medium, as it was.
    renameSync(volume.image, `${volume.image}.hidden`);
    must('mount', '--bind', behind, stick);
    await volume.mount();
    const writer = await start();
    must('umount', '-l', stick);
    await writer.expect('without a medium', isWithout('ENOMEDIUM'), 20);
    expect(openFilesOf(volume.example.pid).filter((path) => path.includes('disk.img'))).toEqual([]);
    must('mount', '--bind', behind, stick);
    await writer.expect('good', isGood, 20);
    await writer.end();
    await checkLog(writer.written);
    must('umount', stick);
    must('umount', behind);
  });

  it.skipIf(!isRoot)('is read-only where its file is', async () => {
    await volume.unmount();
    const stick = dirname(volume.image);
    must('mount', '--bind', stick, stick);
    must('mount', '-o', 'remount,ro,bind', stick);
    await volume.mount();
    expect(volume.example.stderr).toContain('the volume is read-only');
    expect(readFileSync(volume.path('kept'), 'utf8')).toBe('kept');
    expect(() => writeFileSync(volume.path('new'), '')).toThrow(/EROFS/);
    await volume.unmount();
    must('umount', stick);
  });
});

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

function openFilesOf(pid: number): string[] {
  const directory = `/proc/${String(pid)}/fd`;
  return readdirSync(directory).map((name) => {
    try {
      return readlinkSync(join(directory, name));
    } catch {
      // Closed meanwhile.
      return '';
    }
  });
}

function readOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readdirSyncOf(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}
