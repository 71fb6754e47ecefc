import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childrenOf } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import {
  MNT_DETACH,
  addon,
  count,
  mountPointIn,
  mountsAt,
  runProgram,
  testDirectory,
} from './support.js';

/** What mountDirect() takes besides the mount point. */
const rest = { source: 'test', type: 'fuse.test', flags: 0, data: '' };

/** A guard that writes what it is told to a file. */
const writing = (file: string) => ({
  command: ['/bin/sh', '-c', 'exec cat > "$0"', file],
  environment: [],
});

const children = (): string[] => childrenOf(process.pid);

/** What a guard wrote to a file before it ended. */
async function told(file: string): Promise<string> {
  await eventually('the guard to end', () => children().length === 0);
  return readFileSync(file, 'utf8');
}

describe('a guard', () => {
  it('is told which mount is its own, and when that has ended', async () => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    const device = await addon.mountDirect({ mountPoint: point, ...rest, guard: writing(file) });
    const line = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((mount) => mount.split(' ')[4] === point);
    const [id, , number] = line?.split(' ') ?? [];
    expect(number).toBe(device.deviceNumber);
    expect(device.isMounted()).toBe(true);
    await addon.unmountDirect(point, MNT_DETACH);
    expect(device.isMounted()).toBe(false);
    await eventually('the guard', () => children().length === 1);
    device.close();
    expect(device.isMounted()).toBe(false);
    expect(await told(file)).toBe(`${id} ${number}\n\n\n`);
  });

  it('of a device that is closed while mounted is not told that it has ended', async () => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    const device = await addon.mountDirect({ mountPoint: point, ...rest, guard: writing(file) });
    device.close();
    expect(await told(file)).toMatch(/^\d+ \d+:\d+\n$/);
  });

  it('of a mount that fails is sent away', async () => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    await expect(
      addon.mountDirect({ mountPoint: point, ...rest, data: 'bogus', guard: writing(file) }),
    ).rejects.toMatchObject({ code: 'EINVAL' });
    expect(await told(file)).toBe('\n\n');
    await expect(
      addon.mountWithHelper({
        ...{ helper: 'fusermount3', mountPoint: point, options: 'bogus', guard: writing(file) },
      }),
    ).rejects.toMatchObject({ code: 'EHELPER' });
    expect(await told(file)).toBe('\n\n');
  });

  it('that is killed before it knows what to watch is replaced', async () => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    const [first, helper] = [join(directory, 'first'), join(directory, 'helper')];
    const script = '[ -e "$0" ] && exec cat > "$1"; echo $$ > "$0"; exec cat';
    const guard = {
      command: ['/bin/sh', '-c', script, first, file],
      environment: [`PATH=${process.env['PATH'] ?? ''}`],
    };
    const killing = `#!/bin/sh
      until [ -s '${first}' ]; do sleep 0.1; done
      read -r guard < '${first}'
      kill -KILL "$guard"
      until grep -q 'State:.Z' "/proc/$guard/status"; do sleep 0.1; done
      exec fusermount3 "$@"\n`;
    writeFileSync(helper, killing, { mode: 0o755 });
    const mount = () =>
      addon.mountWithHelper({ helper, mountPoint: point, options: '', claim: true, guard });
    const device = await mount();
    // The claim is the second one's now.
    await addon.unmountDirect(point, MNT_DETACH);
    await expect(mount()).rejects.toMatchObject({ syscall: 'claim' });
    device.close();
    expect(await told(file)).toMatch(/^\d+ \d+:\d+\n\n\n$/);
  });

  it('that cannot be started is done without', async () => {
    const point = mountPointIn(testDirectory());
    const guard = { command: ['/no/such/shell'], environment: [] };
    const device = await addon.mountDirect({ mountPoint: point, ...rest, guard });
    expect(mountsAt(point)).toHaveLength(1);
    expect(children()).toEqual([]);
    await addon.unmountDirect(point, MNT_DETACH);
    device.close();
  });

  it('has a session and descriptors of its own, and nothing else of ours', async () => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    const other = mountPointIn(directory, 'other');
    const before = await addon.mountDirect({ mountPoint: other, ...rest });
    // What this process was started with may be inherited; a shell passes such on.
    const script =
      'exec 7< /dev/zero; exec "$0" -e "const { createRequire } = require(\'module\');' +
      "const addon = createRequire(process.argv[1] + '/x')('node-gyp-build')(process.argv[1]);" +
      'void addon.mountDirect({ ...JSON.parse(process.argv[2]) }).then((device) => {' +
      'console.log(\'mounted\'); setInterval(() => 0, 1000); })" "$@"';
    const report =
      'ls -l /proc/self/fd; cut -d" " -f1-6 /proc/$$/stat; grep SigBlk /proc/self/status; env';
    const guard = {
      command: ['/bin/sh', '-c', `{ ${report}; } > "$0.new" 2>&1; mv "$0.new" "$0"; cat`, file],
      environment: ['A=b c'],
    };
    const request = JSON.stringify({ mountPoint: point, ...rest, claim: true, guard });
    const child = spawn('/bin/sh', ['-c', script, process.execPath, process.cwd(), request], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const text = await eventually('the report', () => {
        try {
          return readFileSync(file, 'utf8');
        } catch {
          return undefined;
        }
      });
      expect(text).toMatch(/ 0 -> pipe:/);
      expect(text).toMatch(/ 3 -> socket:/);
      expect(text).not.toMatch(/\/dev\/(fuse|zero)/);
      const [, group, session] = / [A-Z] \d+ (\d+) (\d+)$/m.exec(text) ?? [];
      expect([group, session]).toEqual([/^(\d+) \(/m.exec(text)?.[1], group]);
      expect(text).toContain('SigBlk:\t0000000000000000');
      expect(text).toContain('A=b c');
      expect(text).not.toContain('HOME=');
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      await addon.unmountDirect(point, MNT_DETACH);
      await addon.unmountDirect(other, MNT_DETACH);
      before.close();
    }
  });

  it.each([
    ['exit', /^\d+ \d+:\d+\n\n\n$/],
    ['unmount', /^\d+ \d+:\d+\n\n\n$/],
    ['close', /^\d+ \d+:\d+\n$/],
    ['kill', /^\d+ \d+:\d+\n$/],
  ])('outlives its process, which ends with %s', async (how, expected) => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    writeFileSync(file, '');
    const program = runProgram('mounting', 'guarded', point, file, how);
    await program.line('mounted');
    if (how === 'kill') program.child.kill('SIGKILL');
    await eventually('the guard to know', () => expected.test(readFileSync(file, 'utf8')));
    program.child.kill('SIGKILL');
    await program.ended;
  });

  it('leaves no descriptor, process or thread behind', async () => {
    const directory = testDirectory();
    const [point, file] = [mountPointIn(directory), join(directory, 'told')];
    const cycle = async (): Promise<void> => {
      const guard = writing(file);
      const device = await addon.mountDirect({ mountPoint: point, ...rest, claim: true, guard });
      await addon.unmountDirect(point, MNT_DETACH);
      device.close();
      await told(file);
    };
    await cycle();
    const before = { fds: count('fd'), threads: count('task') };
    for (let index = 0; index < 20; index++) await cycle();
    await eventually('as many as before', () => {
      return count('fd') <= before.fds && count('task') <= before.threads;
    });
  });
});

describe('a claim', () => {
  it('is refused while something is mounted there', async () => {
    const point = mountPointIn(testDirectory());
    const device = await addon.mountDirect({ mountPoint: point, ...rest, claim: true });
    await expect(
      addon.mountDirect({ mountPoint: point, ...rest, claim: true }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'claim', path: point });
    await addon.unmountDirect(point, MNT_DETACH);
    device.close();
    // Without a guard it has gone with the mounting.
    const again = await addon.mountDirect({ mountPoint: point, ...rest, claim: true });
    await addon.unmountDirect(point, MNT_DETACH);
    again.close();
  });

  it('is held by the guard, and by what that has started', async () => {
    const directory = testDirectory();
    const [point, fifo] = [mountPointIn(directory), join(directory, 'fifo')];
    execFileSync('mkfifo', [fifo]);
    // The guard ends at once; its child when somebody opens the other end.
    const guard = { command: ['/bin/sh', '-c', 'cat "$0" & exit', fifo], environment: [] };
    const mount = () => addon.mountDirect({ mountPoint: point, ...rest, claim: true, guard });
    const device = await mount();
    await addon.unmountDirect(point, MNT_DETACH);
    device.close();
    await eventually('the guard to end', () => children().length === 0);
    await expect(mount()).rejects.toMatchObject({ syscall: 'claim' });
    closeSync(openSync(fifo, 'w'));
    const again = await eventually('the place to be free', async () => {
      try {
        return await mount();
      } catch {
        return undefined;
      }
    });
    await addon.unmountDirect(point, MNT_DETACH);
    again.close();
    closeSync(openSync(fifo, 'w'));
  });

  it('takes wrong arguments for what they are', async () => {
    const point = mountPointIn(testDirectory());
    const wrong = (more: object) => addon.mountDirect({ mountPoint: point, ...rest, ...more });
    await expect(wrong({ claim: 1 })).rejects.toThrow(TypeError);
    await expect(wrong({ guard: 'sh' })).rejects.toThrow(TypeError);
    await expect(wrong({ guard: { command: 'sh', environment: [] } })).rejects.toThrow(TypeError);
    await expect(wrong({ guard: { command: [5], environment: [] } })).rejects.toThrow(TypeError);
    expect(mountsAt(point)).toEqual([]);
  });
});
