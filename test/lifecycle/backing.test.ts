import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { release, tmpdir } from 'node:os';
import type { MountOptions } from 'node-dokan';
import { describe, expect, test } from 'vitest';
import { atExit } from '../support/cleanup.js';
import { eventually, within } from '../support/eventually.js';
import { FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE } from '../support/posix.js';
import { missingTools } from '../support/tools.js';
import type { HostProcess } from './host_process.js';
import {
  client,
  errnoOf,
  isGone,
  mountPoint,
  NOBODY,
  startHost,
  temporary,
  withoutRoot,
} from './place.js';

const MiB = 1 << 20;

interface Scene {
  readonly host: HostProcess;
  /** What is shown. */
  readonly root: string;
  readonly point: string;
  readonly at: (name: string) => string;
  readonly behind: (name: string) => string;
  /** How often JavaScript was asked for data. */
  readonly asked: () => Promise<number>;
}

async function scene(
  options: MountOptions,
  host?: HostProcess,
  elsewhere?: string,
  root = temporary().path,
): Promise<Scene> {
  const server = host ?? (await startHost());
  chmodSync(root, 0o777);
  const point = mountPoint();
  await server.order('mountBacked', 'v', point, root, options, elsewhere);
  return {
    host: server,
    root,
    point,
    at: (name) => `${point}/${name}`,
    behind: (name) => `${root}/${name}`,
    asked: async () =>
      (await server.calls('v', 'readFile')) + (await server.calls('v', 'writeFile')),
  };
}

function bytes(size: number, seed = 1): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed * 7) >>> 3),
  );
}

/** The ways in which data get around JavaScript. What the kernel cannot do here is the second. */
describe.each<[string, MountOptions]>([
  ['passed through', {}],
  ['served by threads', { passthrough: false }],
  ['served by threads under a page cache that collects writes', { writebackCache: true }],
])('files that are %s', (_way, options) => {
  test('are read, written, mapped, cut and run without JavaScript', async () => {
    const { at, behind, asked, host, point } = await scene({ ...options, allowOther: false });
    const posix = client();
    const other = client();
    const data = bytes(3 * MiB + 77);

    // The size is right at once.
    const fd = await posix.open(at('a'), 'RDWR|CREAT');
    expect(await posix.write(fd, data)).toBe(data.length);
    expect((await posix.stat(at('a'))).size).toBe(data.length);
    await posix.fsync(fd);
    expect(readFileSync(behind('a')).equals(data)).toBe(true);
    expect((await posix.readFile(at('a'))).equals(data)).toBe(true);
    expect((await posix.pread(fd, 100, data.length - 50)).length).toBe(50);
    expect((await posix.pread(fd, 100, data.length + 50)).length).toBe(0);

    // Cut shorter and longer.
    await posix.ftruncate(fd, 100);
    expect((await posix.fstat(fd)).size).toBe(100);
    await posix.truncate(at('a'), 200);
    expect(
      (await posix.pread(fd, 300, 90)).equals(
        Buffer.concat([data.subarray(90, 100), Buffer.alloc(100)]),
      ),
    ).toBe(true);

    // A map is the file, in both directions.
    const map = await posix.map(fd, 200);
    await posix.mapWrite(map, 10, 'mapped');
    await posix.msync(map);
    expect(readFileSync(behind('a')).subarray(10, 16).toString()).toBe('mapped');
    await posix.pwrite(fd, 'written', 30);
    expect((await posix.mapRead(map, 30, 7)).toString()).toBe('written');
    await posix.unmap(map);

    // Two who append do not meet.
    const one = await posix.open(at('log'), 'WRONLY|CREAT|APPEND');
    const two = await other.open(at('log'), 'WRONLY|APPEND');
    for (let round = 0; round < 5; round += 1) {
      await posix.write(one, 'one ');
      await other.write(two, 'two ');
    }
    expect(await posix.readText(at('log'))).toBe('one two '.repeat(5));

    // Copies that the kernel makes.
    const copy = await posix.open(at('copy'), 'RDWR|CREAT');
    expect(await posix.copyFileRange(fd, copy, 200, 0, 0)).toBe(200);
    expect(await posix.sendfile(copy, fd, 0, 200)).toBe(200);
    expect((await posix.readFile(at('copy'))).subarray(10, 16).toString()).toBe('mapped');

    // Past caches.
    const direct = await posix.open(at('direct'), 'RDWR|CREAT|DIRECT');
    const page = bytes(8192, 5);
    await posix.pwriteDirect(direct, page, 4096);
    expect((await posix.preadDirect(direct, 8192, 4096)).equals(page)).toBe(true);
    expect(readFileSync(behind('direct')).subarray(4096).equals(page)).toBe(true);

    // Holes, and room.
    const sparse = await posix.open(at('sparse'), 'RDWR|CREAT');
    await posix.pwrite(sparse, 'x', 4 * MiB);
    await posix.fsync(sparse);
    expect(await posix.lseek(sparse, 0, 'DATA')).toBe(4 * MiB);
    await posix.fallocate(sparse, FALLOC_KEEP_SIZE, 0, 6 * MiB);
    expect((await posix.fstat(sparse)).size).toBe(4 * MiB + 1);
    await posix.fallocate(sparse, FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE, 4 * MiB, 4096);
    expect((await posix.pread(sparse, 10, 4 * MiB)).equals(Buffer.alloc(1))).toBe(true);

    // A program.
    const program = readFileSync('/bin/true');
    await posix.writeFile(at('program'), program, 0o755);
    expect(await posix.execute(at('program'))).toBe(0);

    expect(await asked()).toBe(0);
    expect(host.seen('error')).toEqual([]);
    await posix.close();
    await other.close();
    await host.unmount('v');
    await isGone(point);
  });

  test('are opened many times in many ways, and leave nothing open', async () => {
    const { at, asked, host } = await scene(options);
    const posix = client();
    await posix.writeFile(at('warm'), 'up');
    await posix.readFile(at('warm'));
    const before = await eventually('no file to be open', async () =>
      (await host.order('openCount', 'v')) === 0 ? await host.resources() : undefined,
    );
    const fds: number[] = [];
    for (let round = 0; round < 34; round += 1) {
      fds.push(await posix.open(at('many'), 'RDWR|CREAT'));
      fds.push(await posix.open(at('many'), 'RDONLY'));
      fds.push(await posix.open(at('many'), 'WRONLY|APPEND'));
    }
    const held = await host.resources();
    expect(held.fds - before.fds).toBeGreaterThan(100);
    for (const [index, fd] of fds.entries()) {
      if (index % 3 === 0) await posix.pwrite(fd, `${index}`.padStart(4), index * 4);
    }
    expect((await posix.pread(fds[1] ?? -1, 4, 99 * 4)).toString()).toBe('  99');
    for (const fd of fds) await posix.closeFd(fd);
    await eventually('all of it to be closed', async () => {
      const { fds: now } = await host.resources();
      return now === before.fds;
    });
    expect(await asked()).toBe(0);
  });

  test.skipIf(withoutRoot !== undefined)(
    'take set-user-ID away when somebody without rights writes',
    async () => {
      const { at, behind } = await scene({ ...options, allowOther: true });
      const root = client();
      const nobody = client({ uid: NOBODY });
      // Marked before it is opened, and marked while it is open.
      for (const order of ['before', 'after']) {
        const path = at(`set-${order}`);
        await root.writeFile(path, 'data');
        await root.chmod(path, 0o777);
        if (order === 'before') await root.chmod(path, 0o4777);
        const fd = await nobody.open(path, 'WRONLY');
        if (order === 'after') await root.chmod(path, 0o4777);
        await nobody.pwrite(fd, 'evil', 0);
        await nobody.fsync(fd);
        await nobody.closeFd(fd);
        expect(statSync(behind(`set-${order}`)).mode & 0o7777).toBe(0o777);
        expect((await root.stat(path)).mode & 0o7777).toBe(0o777);
      }
    },
  );

  test('may be closed by the file system', async () => {
    const { at, behind, host } = await scene(options);
    const posix = client();
    const fd = await posix.open(at('a'), 'RDWR|CREAT');
    await posix.pwrite(fd, 'before', 0);
    const [was, taken] = (await host.order('drive', 'v', 'closeBehind', '/a')) as number[];
    expect(taken).toBe(was);
    await posix.pwrite(fd, 'after!', 6);
    await posix.fsync(fd).catch(() => undefined);
    await eventually('it to be written', () => readFileSync(behind('a')).length === 12);
    expect(readFileSync(behind('a'), 'latin1')).toBe('beforeafter!');
    expect((await posix.pread(fd, 20, 0)).toString()).toBe('beforeafter!');
  });

  test('stand beside opens that have no descriptor', async () => {
    const { at, behind, asked } = await scene(options);
    const posix = client();
    await posix.writeFile(at('plain'), 'through JavaScript');
    expect(readFileSync(behind('plain'), 'latin1')).toBe('through JavaScript');
    expect(await posix.readText(at('plain'))).toBe('through JavaScript');
    expect(await asked()).toBeGreaterThan(0);
    // Two names of one file.
    await posix.link(at('plain'), at('backed'));
    const backed = await posix.open(at('backed'), 'RDWR');
    const plain = await posix.open(at('plain'), 'RDWR');
    await posix.pwrite(backed, 'By a descriptor   ', 0);
    expect((await posix.pread(plain, 100, 0)).toString()).toBe('By a descriptor   ');
    await posix.pwrite(plain, 'from', 14);
    expect((await posix.pread(backed, 100, 0)).toString()).toBe('By a descriptofrom');
  });

  test('end with a process that is killed while it writes', async () => {
    const { at, behind, host, point } = await scene(options);
    const posix = client();
    await posix.writeFile(at('a'), 'x');
    const writer = spawn('dd', ['if=/dev/zero', `of=${at('long')}`, 'bs=1M', 'count=400']);
    const released = atExit(() => writer.kill('SIGKILL'));
    const exit = once(writer, 'close');
    const size = (): number => statSync(behind('long'), { throwIfNoEntry: false })?.size ?? 0;
    await eventually('something to be written', () => size() > 4 * MiB);
    await host.kill();
    await within('the writer to end', 20_000, exit);
    released();
    // What the kernel writes itself needs the process for nothing.
    if (writer.exitCode === 0) expect(size()).toBe(400 * MiB);
    await isGone(point);
    expect(await errnoOf(posix.open(at('a'), 'RDONLY'))).toBe('ENOENT');
  });

  test('are let go of by force', async () => {
    const { at, host, point } = await scene(options);
    const posix = client();
    const fd = await posix.open(at('a'), 'RDWR|CREAT');
    await posix.write(fd, 'x');
    await host.unmount('v', { force: true, timeout: 0 });
    expect(await host.closed('v')).toBe('forced');
    await isGone(point);
    await host.order('mountBacked', 'again', point, temporary().path, options);
    await posix.writeFile(`${point}/b`, 'works');
    expect(await posix.readText(`${point}/b`)).toBe('works');
  });

  test('are read and written by a hundred at once', async () => {
    const { at, asked } = await scene(options);
    const posix = client();
    await posix.mkdir(at('many'));
    // Each writes a file of its own, and counts what is not as it was written.
    const script =
      'for i in $(seq 100); do { yes "line $i" | head -n 30000 > "$1/$i"; ' +
      'grep -vcx "line $i" "$1/$i"; } & done; wait';
    const output = execFileSync('sh', ['-c', script, 'sh', at('many')], { timeout: 50_000 });
    expect(new Set(output.toString().trim().split('\n'))).toEqual(new Set(['0']));
    expect((await posix.stat(at('many/100'))).size).toBe(30_000 * 'line 100\n'.length);
    expect(await asked()).toBe(0);
  });
});

/** Linux 6.9, and directories that do not lie on a stacked file system, as those of containers do. */
const passesThrough =
  /^(6\.(9|\d\d)|[7-9]|\d\d)/.test(release()) && statfsSync(tmpdir()).type !== 0x794c7630;

/** Where the kernel passes nothing through it goes by what it has cached. */
describe.skipIf(withoutRoot !== undefined)('a file that is passed through', () => {
  test.skipIf(!passesThrough)('is read while its process is stopped', async () => {
    const { at, behind, host } = await scene({});
    const posix = client();
    writeFileSync(behind('a'), 'content');
    const fd = await posix.open(at('a'), 'RDWR');
    host.signal('SIGSTOP');
    try {
      const read = within('reading', 10_000, posix.pread(fd, 100, 0));
      expect((await read).toString()).toBe('content');
    } finally {
      host.signal('SIGCONT');
    }
  });

  test('may be replaced behind the volume while it is open', async () => {
    const { at, behind } = await scene({
      entryTimeout: 600_000,
      attributeTimeout: 600_000,
    });
    const posix = client();
    writeFileSync(behind('a'), 'the old file');
    const old = await posix.open(at('a'), 'RDONLY');
    expect((await posix.pread(old, 100, 0)).toString()).toBe('the old file');
    writeFileSync(behind('b'), 'a new one that is longer');
    renameSync(behind('b'), behind('a'));
    const fresh = await posix.open(at('a'), 'RDWR');
    expect((await posix.pread(fresh, 100, 0)).toString()).toBe('a new one that is longer');
    await posix.pwrite(fresh, 'A', 0);
    await posix.fsync(fresh);
    expect(readFileSync(behind('a'), 'latin1')).toBe('A new one that is longer');
    expect((await posix.pread(old, 100, 0)).toString()).toBe('the old file');
  });
});

describe.skipIf(withoutRoot !== undefined)('a disk that is full', () => {
  test('fails the whole of what the kernel has collected, of which a part fits', async () => {
    const disk = temporary().path;
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]);
    const unmount = (): void => void execFileSync('umount', ['-l', disk]);
    const unmounted = atExit(unmount);
    try {
      const { at, host } = await scene({ writebackCache: true }, undefined, undefined, disk);
      const posix = client();
      const fd = await posix.open(at('a'), 'RDWR|CREAT');
      await posix.pwrite(fd, bytes(MiB - 4096), 0);
      expect(await errnoOf(posix.fsync(fd))).toBe('ok');
      await posix.pwrite(fd, bytes(MiB), MiB - 4096);
      expect(await errnoOf(posix.fsync(fd))).toBe('ENOSPC');
      await posix.closeFd(fd);
      await host.unmount('v');
    } finally {
      unmount();
      unmounted();
    }
  });
});

describe('a descriptor that cannot back an open', () => {
  test.each([
    ['wrong-directory', 'a directory'],
    ['wrong-device', 'no regular file'],
    ['wrong-closed', 'no open descriptor'],
    ['wrong-readOnly', 'not open for reading or writing'],
    ['wrong-append', 'O_APPEND'],
    ['wrong-text', '"a file"'],
  ])('%s: the volume is told, and JavaScript serves', async (name, message) => {
    const { at, behind, asked, host } = await scene({});
    const posix = client();
    writeFileSync(behind(name), 'content');
    const fd = await posix.open(at(name), 'RDWR');
    await posix.pwrite(fd, 'C', 0);
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('Content');
    expect(await asked()).toBeGreaterThan(1);
    const error = await host.event('error', `/${name}`);
    expect(error.callback).toBe('createFile');
    expect(error.message).toContain(message);
  });
});

describe('a server that may not write files as long as they get', () => {
  const missing = missingTools('prlimit');
  test.skipIf(missing !== undefined)('lives, and says EFBIG', async () => {
    const host = await startHost({ via: ['prlimit', `--fsize=${2 * MiB}`, '--'] });
    const { at } = await scene({ passthrough: false }, host);
    const posix = client();
    const fd = await posix.open(at('a'), 'WRONLY|CREAT');
    // By a thread, and at once.
    expect(await errnoOf(posix.pwrite(fd, bytes(MiB), 2 * MiB))).toBe('EFBIG');
    expect(await errnoOf(posix.pwrite(fd, 'x', 2 * MiB))).toBe('EFBIG');
    await posix.pwrite(fd, bytes(MiB), MiB);
    expect((await posix.fstat(fd)).size).toBe(2 * MiB);
  });
});

/** Data that lie on another volume, which does not answer. */
describe('a disk that hangs', () => {
  interface Hanging extends Scene {
    /** Settles when the reader has ended. */
    readonly reader: Promise<unknown>;
  }

  async function hanging(inWorker: boolean): Promise<Hanging> {
    const disk = await startHost();
    const place = mountPoint('disk');
    await disk.mount('disk', place);
    const elsewhere = `${place}/readFile!never`;
    const host = await startHost();
    let on: Scene;
    if (inWorker) {
      const root = temporary().path;
      const point = mountPoint();
      await host.order('worker', 'w', point, {}, root, elsewhere);
      on = {
        host,
        root,
        point,
        at: (name) => `${point}/${name}`,
        behind: (name) => `${root}/${name}`,
        asked: () => Promise.resolve(0),
      };
    } else {
      on = await scene({}, host, elsewhere);
    }
    writeFileSync(on.behind('elsewhere'), 'never shown');
    const posix = client();
    const fd = await posix.open(on.at('elsewhere'), 'RDONLY');
    const reader = errnoOf(posix.pread(fd, 4096, 0));
    await disk.event('waiting', '/readFile!never');
    // Others are served meanwhile.
    const other = client();
    await other.writeFile(on.at('other'), 'quick');
    expect(await other.readText(on.at('other'))).toBe('quick');
    return { ...on, reader };
  }

  test('holds up no unmounting by force', async () => {
    const { host, point, reader } = await hanging(false);
    await within('unmounting', 8_000, host.unmount('v', { force: true, timeout: 0 }));
    expect(await within('the reader', 5_000, reader)).not.toBe('ok');
    await isGone(point);
  });

  test('holds up no exit', async () => {
    const { host, point, reader } = await hanging(false);
    void host.order('exit', 3).catch(() => undefined);
    expect((await host.ends(8_000)).code).toBe(3);
    expect(await within('the reader', 5_000, reader)).not.toBe('ok');
    await isGone(point);
  });

  test('holds up no end of a Worker', async () => {
    const { host, point, reader } = await hanging(true);
    await within('terminating', 8_000, host.order('terminate', 'w'));
    expect(await within('the reader', 5_000, reader)).not.toBe('ok');
    await isGone(point);
  });
});
