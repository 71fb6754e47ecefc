import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isRunning, parseStart, thisProcess } from '../../lib/mounts/process_identity.js';
import { eventually } from '../support/eventually.js';
import { run } from '../support/tools.js';

/** A line of /proc/PID/stat. */
function line(name: string, state: string, started: string): string {
  const between = Array.from({ length: 18 }, (_, index) => String(index)).join(' ');
  return `123 (${name}) ${state} ${between} ${started} 4096 7 18446744073709551615`;
}

describe('the start of a process', () => {
  it.each(['node', 'a b', ') R 1 2 3', '((', '))) Z', ''])(
    'is found whatever its name: %j',
    (name) => {
      expect(parseStart(line(name, 'S', '12345'))).toBe('12345');
    },
  );

  it.each(['Z', 'X', 'x'])('is none of one that has ended: %s', (state) => {
    expect(parseStart(line('node', state, '12345'))).toBeUndefined();
  });

  it.each(['', '1', '1 (x)', '1 (x) S 1 2', line('x', 'S', 'y')])('is none in %j', (text) => {
    expect(parseStart(text)).toBeUndefined();
  });
});

describe.runIf(process.platform === 'linux')('a process', () => {
  it('knows itself', async () => {
    const here = await thisProcess();
    expect(here).toMatchObject({ id: process.pid });
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    expect(here?.started).toMatch(new RegExp(`^${boot} \\d+$`));
    expect(await isRunning(here!)).toBe(true);
  });

  it('is another one when it was started at another time, or before the machine was', async () => {
    const here = (await thisProcess())!;
    const [boot, ticks] = here.started.split(' ');
    expect(await isRunning({ ...here, started: `${boot!} ${String(Number(ticks) - 1)}` })).toBe(
      false,
    );
    expect(await isRunning({ ...here, started: `another ${ticks!}` })).toBe(false);
    expect(await isRunning({ ...here, started: '' })).toBe(false);
  });

  it('is gone when it has ended', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const started = `${(await thisProcess())!.started.split(' ')[0]!} ${parseStart(
      readFileSync(`/proc/${String(child.pid)}/stat`, 'latin1'),
    )!}`;
    const identity = { id: child.pid!, started };
    expect(await isRunning(identity)).toBe(true);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await isRunning(identity)).toBe(false);
  });

  it('is gone as a zombie', async () => {
    // A parent that never waits for its child.
    const script =
      'import os, time\npid = os.fork()\nif pid == 0: os._exit(0)\nprint(pid, flush=True)\ntime.sleep(60)';
    const parent = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [told] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = told.toString().trim();
      const state = () => run('ps', ['-o', 'stat=', '-p', pid]);
      await eventually('the zombie', async () => (await state()).startsWith('Z'));
      expect(parseStart(readFileSync(`/proc/${pid}/stat`, 'latin1'))).toBeUndefined();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
