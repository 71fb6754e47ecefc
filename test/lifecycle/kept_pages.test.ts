import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  readFileSync,
  renameSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MountOptions } from 'node-dokan';
import { describe, expect, test } from 'vitest';
import { atExit } from '../support/cleanup.js';
import { eventually, within } from '../support/eventually.js';
import type { Posix } from '../support/posix.js';
import { missingTools } from '../support/tools.js';
import type { HostProcess } from './host_process.js';
import { client, mountPoint, startHost, temporary, withoutRoot } from './place.js';

/** The kernel itself notices nothing. */
const HOUR = 3_600_000;
const TRUSTED: MountOptions = { passthrough: false, attributeTimeout: HOUR, entryTimeout: HOUR };

interface Scene {
  readonly host: HostProcess;
  readonly at: string;
  readonly behind: string;
  readonly posix: Posix;
}

/** A volume with a file, by two paths. */
async function scene(text: string, root = temporary().path): Promise<Scene> {
  const host = await startHost();
  const point = mountPoint();
  await host.order('mountBacked', 'v', point, root, TRUSTED);
  const behind = `${root}/file`;
  writeFileSync(behind, text);
  return { host, at: `${point}/file`, behind, posix: client() };
}

/** Waits until the file's time of change cannot be that of a later change. */
async function settled(behind: string): Promise<void> {
  const probe = `${temporary().path}/clock`;
  await eventually('the clock of the file system to go on', () => {
    writeFileSync(probe, '');
    const now = statSync(probe, { bigint: true });
    return now.ctimeNs > statSync(behind, { bigint: true }).ctimeNs;
  });
}

/** Opens, reads and closes, until the kernel has kept what was read before. */
async function warmed({ at, behind, posix }: Scene): Promise<void> {
  await settled(behind);
  for (let turn = 0; turn < 3; turn += 1) {
    expect(await posix.readText(at)).toBe(readFileSync(behind, 'latin1'));
  }
}

/** What an open finds whose volume answers nothing more. Somebody may drop the pages of all the system. */
function readAlone({ host, at, posix }: Scene, length: number): Promise<string> {
  return eventually('a read that asks nobody', async () => {
    const fd = await posix.open(at, 'RDONLY');
    host.signal('SIGSTOP');
    const read = posix.pread(fd, length, 0);
    try {
      return (await within('reading', 2_000, read)).toString();
    } catch {
      return undefined;
    } finally {
      host.signal('SIGCONT');
      await read;
      await posix.closeFd(fd);
    }
  });
}

/** ext4, XFS, Btrfs, F2FS: those whose times tell every change. */
const hasTrueTimes = [0xef53, 0x58465342, 0x9123683e, 0xf2f52010].includes(
  statfsSync(temporary().path).type,
);

describe.skipIf(!hasTrueTimes)('a file that has not changed', () => {
  test('is read again without a request', async () => {
    const all = await scene('content');
    await warmed(all);
    expect(await readAlone(all, 100)).toBe('content');
  });

  test('is so again after somebody has written it, here or behind the volume', async () => {
    const all = await scene('content');
    await warmed(all);
    writeFileSync(all.behind, 'CONTENT');
    await warmed(all);
    expect(await readAlone(all, 7)).toBe('CONTENT');
    const fd = await all.posix.open(all.at, 'WRONLY');
    await all.posix.pwrite(fd, 'written', 0);
    await all.posix.closeFd(fd);
    await warmed(all);
    expect(await readAlone(all, 7)).toBe('written');
  });

  test('by another of its names, too', async () => {
    const all = await scene('content');
    linkSync(all.behind, `${all.behind}2`);
    await warmed(all);
    await warmed({ ...all, at: `${all.at}2`, behind: `${all.behind}2` });
    expect(await readAlone(all, 7)).toBe('content');
  });
});

describe('an open of a file that has changed behind the volume', () => {
  const change: Record<string, (all: Scene) => void | Promise<void>> = {
    'with the same size': ({ behind }) => writeFileSync(behind, 'CONTENT'),
    'and had its times set back': async ({ behind, posix }) => {
      const { atimeNs, mtimeNs } = statSync(behind, { bigint: true });
      writeFileSync(behind, 'CONTENT');
      await posix.utimens(behind, atimeNs, mtimeNs);
      expect(statSync(behind, { bigint: true }).mtimeNs).toBe(mtimeNs);
    },
    'by another name': ({ behind }) => {
      linkSync(behind, `${behind}2`);
      writeFileSync(`${behind}2`, 'CONTENT');
    },
    'by becoming another file': async ({ behind, posix }) => {
      const { atimeNs, mtimeNs } = statSync(behind, { bigint: true });
      writeFileSync(`${behind}2`, 'CONTENT');
      await posix.utimens(`${behind}2`, atimeNs, mtimeNs);
      renameSync(`${behind}2`, behind);
    },
    'by being cut and growing again': ({ behind }) => {
      truncateSync(behind, 0);
      writeFileSync(behind, 'CON', { flag: 'a' });
      writeFileSync(behind, 'TENT', { flag: 'a' });
    },
  };

  test.each(Object.keys(change))('%s', async (how) => {
    const all = await scene('content');
    await warmed(all);
    await change[how]?.(all);
    expect(await all.posix.readText(all.at)).toBe('CONTENT');
  });

  test('again and again, faster than the clock goes', async () => {
    const { at, behind, posix } = await scene('0000');
    for (let turn = 0; turn < 300; turn += 1) {
      const text = `${turn}`.padStart(4, '0');
      writeFileSync(behind, text);
      expect(await posix.readText(at)).toBe(text);
    }
  });

  test('by a map, which sets no time', async () => {
    const all = await scene('content');
    const writer = client();
    const fd = await writer.open(all.behind, 'RDWR');
    const map = await writer.map(fd, 7);
    await writer.closeFd(fd);
    // This does; what follows meets a page that may be written.
    await writer.mapWrite(map, 0, 'c');
    await warmed(all);
    for (let turn = 0; turn < 10; turn += 1) {
      await writer.mapWrite(map, 0, String(turn));
      expect(await all.posix.readText(all.at)).toBe(`${turn}ontent`);
    }
  });

  test('while somebody else has it open', async () => {
    const all = await scene('content');
    const other = client();
    await warmed(all);
    const fd = await other.open(all.at, 'RDONLY');
    expect((await other.pread(fd, 100, 0)).toString()).toBe('content');
    writeFileSync(all.behind, 'CONTENT');
    expect(await all.posix.readText(all.at)).toBe('CONTENT');
    expect((await other.pread(fd, 100, 0)).toString()).toBe('CONTENT');
  });
});

describe.skipIf(withoutRoot !== undefined || missingTools('mkfs.ext4') !== undefined)(
  'a file system that keeps whole seconds',
  () => {
    test('shows what is written within one of them', async ({ skip }) => {
      const place = temporary();
      const image = `${place.path}/image`;
      const disk = place.directory('disk');
      execFileSync('mkfs.ext4', ['-q', '-F', '-I', '128', image, '8M'], { stdio: 'ignore' });
      try {
        execFileSync('mount', ['-o', 'loop', image, disk], { stdio: 'ignore' });
      } catch {
        skip('no image can be mounted here');
      }
      const unmount = (): void => void execFileSync('umount', ['-l', disk]);
      const unmounted = atExit(unmount);
      try {
        const { host, at, behind, posix } = await scene('0000', disk);
        for (let turn = 0; turn < 100; turn += 1) {
          const text = `${turn}`.padStart(4, '0');
          writeFileSync(behind, text);
          expect(await posix.readText(at)).toBe(text);
        }
        await host.unmount('v');
      } finally {
        unmount();
        unmounted();
      }
    });
  },
);

/** Opens a file for writing and closes it, over and over. */
const RESTLESS = `
import os, sys
print('going', flush=True)
for turn in range(6000):
    os.close(os.open(sys.argv[1], os.O_RDWR))
`;

test('looking for writers disturbs neither them nor the volume', async () => {
  const { at, behind, posix, host } = await scene('content');
  // Those are looked for once in each file, if there is none.
  const names = Array.from({ length: 8 }, (_, index) => String(index));
  for (const name of names) writeFileSync(behind + name, 'content');
  await settled(behind + (names.at(-1) ?? ''));
  for (const name of names) {
    const writer = spawn('python3', ['-c', RESTLESS, behind + name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const released = atExit(() => writer.kill('SIGKILL'));
    const ended = once(writer, 'close');
    await once(writer.stdout, 'data');
    while (writer.exitCode === null && writer.signalCode === null) {
      await posix.closeFd(await posix.open(at + name, 'RDONLY'));
      await nextTurn();
    }
    await ended;
    released();
    expect(writer.exitCode).toBe(0);
    expect(host.ended).toBeUndefined();
  }
});
