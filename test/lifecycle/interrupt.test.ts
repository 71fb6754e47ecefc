import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atExit } from '../support/cleanup.js';
import { within } from '../support/eventually.js';
import { client, mountPoint, mountsAt, startHost } from './place.js';

/** A program that can be interrupted as one at a terminal is. */
function run(program: string, ...args: string[]): { child: ChildProcess; ended: Promise<string> } {
  const child = spawn(program, args, { stdio: 'ignore' });
  const released = atExit(() => child.kill('SIGKILL'));
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      released();
      resolve(signal ?? String(code));
    });
  });
  return { child, ended };
}

describe('a client that waits for a promise that never settles', () => {
  it.each([
    ['readFile', 'SIGINT'],
    ['readFile', 'SIGTERM'],
    ['readFile', 'SIGKILL'],
    ['queryOpen', 'SIGINT'],
    ['queryOpen', 'SIGKILL'],
    ['findFiles', 'SIGINT'],
    ['createFile', 'SIGINT'],
    ['createFile', 'SIGKILL'],
  ] as const)('in %s ends at once by %s, and the signal of the open fires', async (where, how) => {
    const point = mountPoint();
    const host = await startHost();
    // What the page cache reads, it reads for everybody: such requests are not interrupted.
    await host.mount('one', point, { operationTimeout: 60_000, directIo: true });
    const path = `/${where}!never`;
    const program = run(where === 'findFiles' ? 'ls' : 'cat', join(point, path));
    await host.event('waiting', path);
    program.child.kill(how);
    expect(await within('the client to end', 5_000, program.ended)).toBe(how);
    expect(await host.event('signal', path)).toMatchObject({ status: 'CANCELLED' });
    // The volume goes on, and has nothing left of it.
    expect(await client().readText(join(point, 'good'))).toBe('good');
    expect(host.seen('error')).toEqual([]);
    await host.unmount('one');
    expect(mountsAt(point)).toEqual([]);
    // An open that never came about has nothing to close.
    const opened = where === 'createFile' ? 0 : host.seen('createFile', path).length;
    expect(host.seen('closeFile', path).length).toBe(opened);
  });

  it('in a change ends soon', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { operationTimeout: 60_000, directIo: true });
    const program = run('sh', '-c', `exec echo text > '${join(point, 'writeFile!never')}'`);
    await host.event('waiting');
    program.child.kill('SIGKILL');
    expect(await within('the client to end', 5_000, program.ended)).toBe('SIGKILL');
    expect(await host.event('signal')).toMatchObject({ status: 'CANCELLED' });
    await host.unmount('one');
    expect(mountsAt(point)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'through the page cache ends at once by %s',
    async (how) => {
      const point = mountPoint();
      const host = await startHost();
      await host.mount('one', point, { operationTimeout: 60_000 });
      const program = run('cat', join(point, 'readFile!never'));
      await host.event('waiting');
      program.child.kill(how);
      expect(await within('the client to end', 5_000, program.ended)).toBe(how);
      expect(await client().readText(join(point, 'good'))).toBe('good');
      // Nobody uses the file any more, though the read is still outstanding.
      await host.unmount('one');
      expect(mountsAt(point)).toEqual([]);
      expect(await host.event('signal')).toMatchObject({ status: 'VOLUME_DISMOUNTED' });
      expect(await host.closed('one')).toBe('unmounted');
      expect(host.seen('closeFile', '/readFile!never')).toHaveLength(1);
    },
  );
});
