import { chmodSync, chownSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import {
  MNT_DETACH,
  NOBODY,
  Opcode,
  addon,
  count,
  mountPointIn,
  mountsAt,
  opcode,
  runProgramApart,
  testDirectory,
} from './support.js';

const helper = 'fusermount3';

/** Our children by name, zombies included. */
function childrenNamed(name: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      return (
        status.includes(`\nPPid:\t${String(process.pid)}\n`) &&
        status.startsWith(`Name:\t${name}\n`)
      );
    } catch {
      return false; // It ended meanwhile.
    }
  });
}

/** A helper of our own making. */
function script(directory: string, text: string): string {
  const path = join(directory, 'helper');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('mountWithHelper', () => {
  it('mounts and unmounts as root', async () => {
    const point = mountPointIn(testDirectory(), 'a b');
    const options = 'fsname=test,subtype=test';
    const device = await addon.mountWithHelper({
      helper,
      mountPoint: point,
      options,
    });
    expect(mountsAt(point)).toEqual([{ device: device.deviceNumber, type: 'fuse.test' }]);
    expect(childrenNamed(helper)).toEqual([]);
    const buffer = Buffer.alloc(65536);
    expect(device.receive(buffer, 0)).toBeGreaterThan(0);
    expect(opcode(buffer)).toBe(Opcode.Init);
    expect(device.receive(buffer, 0)).toBe(-11); // not blocking, though the helper opened it
    await addon.unmountWithHelper(helper, point, true);
    expect(mountsAt(point)).toEqual([]);
    expect(device.receive(buffer, 0)).toBe(-19);
    device.close();
  });

  it('mounts and unmounts without privileges', async () => {
    const point = mountPointIn(testDirectory());
    chownSync(point, NOBODY, NOBODY);
    const program = runProgramApart('unprivileged', String(NOBODY), point, '');
    expect(await program.ended).toMatchObject({ code: 0, signal: null, errors: '' });
    expect(program.lines).toEqual([
      'direct EPERM mount',
      'mounted 1, opcode 26',
      'umount2 EPERM',
      'after -19',
      'left 0',
    ]);
  });

  it('detaches at the exit of an unprivileged process', async () => {
    const point = mountPointIn(testDirectory());
    chownSync(point, NOBODY, NOBODY);
    const program = runProgramApart('unprivileged', String(NOBODY), point, 'exit');
    expect(await program.ended).toMatchObject({ code: 3, signal: null, errors: '' });
    expect(program.lines).toEqual(['direct EPERM mount', 'mounted 1, opcode 26', 'left 0']);
  });

  it('leaks no descriptor', async () => {
    const point = mountPointIn(testDirectory());
    const cycle = async (): Promise<void> => {
      const device = await addon.mountWithHelper({
        helper,
        mountPoint: point,
        options: 'fsname=x',
      });
      await addon.unmountDirect(point, MNT_DETACH);
      device.close();
      await addon
        .mountWithHelper({ helper, mountPoint: point, options: 'bogus' })
        .catch(() => undefined);
    };
    await cycle();
    const before = count('fd');
    for (let index = 0; index < 10; index++) await cycle();
    await eventually('as many descriptors as before', () => count('fd') <= before);
    expect(childrenNamed(helper)).toEqual([]);
  });

  it('rejects with what the helper said', async () => {
    const directory = testDirectory();
    const point = mountPointIn(directory);
    const mount = (program: string, options: string) =>
      addon.mountWithHelper({ helper: program, mountPoint: point, options });
    await expect(mount(helper, 'no_such_option')).rejects.toMatchObject({
      code: 'EHELPER',
      syscall: 'helper',
      path: helper,
      exitCode: 1,
      detail: expect.stringContaining("unknown option 'no_such_option'") as string,
      message: expect.stringMatching(
        /fusermount3 failed \(exit code 1\): .*no_such_option/,
      ) as string,
    });
    await expect(mount('/no/such/helper', '')).rejects.toMatchObject({
      code: 'ENOENT',
      errno: 2,
      syscall: 'spawn',
      path: '/no/such/helper',
    });
    await expect(mount(script(directory, 'kill -9 $$'), '')).rejects.toMatchObject({
      code: 'EHELPER',
      exitCode: 137,
    });
    // Succeeds without passing a descriptor; says a lot.
    const verbose = script(
      directory,
      'i=0; while [ $i -lt 9000 ]; do echo 0123456789 >&2; i=$((i+1)); done',
    );
    await expect(mount(verbose, '')).rejects.toMatchObject({
      code: 'EHELPER',
      exitCode: 0,
      detail: expect.stringMatching(/^0123456789\n/) as string,
    });
    await expect(
      addon.mountWithHelper({
        helper,
        mountPoint: join(directory, 'missing'),
        options: '',
      }),
    ).rejects.toMatchObject({ code: 'ENOENT', syscall: 'mount' });
    expect(mountsAt(point)).toEqual([]);
  });

  it('gives the helper no other descriptor, signal mask or shell', async () => {
    const directory = testDirectory();
    const point = mountPointIn(directory, "$(touch x); 'q'");
    const other = await addon.mountDirect({
      mountPoint: mountPointIn(directory, 'other'),
      source: 'x',
      type: 'fuse',
      flags: 0,
      data: '',
    });
    const report = script(
      directory,
      'ls -l /proc/self/fd >&2; grep -E "SigBlk|SigIgn" /proc/self/status >&2; echo "$_FUSE_COMMFD|$2|$4" >&2; exit 7',
    );
    const error = await addon
      .mountWithHelper({ helper: report, mountPoint: point, options: 'a b;c' })
      .catch((reason: unknown) => reason as { detail: string; exitCode: number });
    expect(error).toMatchObject({ exitCode: 7 });
    const lines = (error as { detail: string }).detail.split('\n');
    const descriptors = lines.filter((line) => line.includes(' -> ')).join('\n');
    expect(descriptors).toMatch(/ 0 -> \/dev\/null\n.* 2 -> pipe:/s);
    expect(descriptors).toMatch(/ 3 -> socket:/);
    expect(descriptors).not.toContain('/dev/fuse');
    other.close();
    expect(lines).toContain('SigBlk:\t0000000000000000');
    // Node ignores SIGPIPE, bit 12; what this process itself was started with may be there.
    const ignored = lines.find((line) => line.startsWith('SigIgn:'))?.slice(8) ?? '';
    expect(BigInt(`0x${ignored}`) & (1n << 12n)).toBe(0n);
    expect(lines).toContain(`3|a b;c|${point}`);
  });
});

describe('unmountWithHelper', () => {
  it('rejects with what the helper said', async () => {
    const point = mountPointIn(testDirectory());
    await expect(addon.unmountWithHelper(helper, point, false)).rejects.toMatchObject({
      code: 'EHELPER',
      exitCode: 1,
      detail: expect.stringContaining(point) as string,
    });
    await expect(addon.unmountWithHelper('/no/helper', point, false)).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'spawn',
    });
    await expect(addon.unmountWithHelper(helper, point, 1 as never)).rejects.toThrow(TypeError);
  });
});
