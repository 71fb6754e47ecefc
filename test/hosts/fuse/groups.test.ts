import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { groupsOf } from '../../../lib/hosts/fuse/groups.js';
import { atExit } from '../../support/cleanup.js';
import { eventually } from '../../support/eventually.js';
import { scripted } from './harness.js';
import { body } from './kernel.js';

const isRoot = process.geteuid?.() === 0;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process of a user with these supplementary groups. */
async function member(...groups: number[]): Promise<number> {
  const which = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  const args = ['--reuid=1000', '--regid=100', which, 'cat'];
  const child = spawn('setpriv', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  children.push(child);
  child.once(
    'close',
    atExit(() => child.kill('SIGKILL')),
  );
  const pid = child.pid ?? -1;
  await eventually('the groups to be set', () =>
    readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('cat'),
  );
  return pid;
}

describe.skipIf(!isRoot)('supplementary groups', () => {
  it('are those of the process', async () => {
    expect(groupsOf(await member(4711, 5))).toEqual([5, 4711]);
    expect(groupsOf(await member())).toEqual([]);
  });

  it('of a process that is gone, or not to be seen, are none', () => {
    expect(groupsOf(0)).toEqual([]);
    expect(groupsOf(2 ** 31 - 1)).toEqual([]);
  });

  it.each([
    [0o640, 4, [4711], undefined],
    [0o640, 4, [4712], 'EACCES'],
    [0o640, 2, [4711], 'EACCES'],
    [0o604, 4, [4711], 'EACCES'],
    [0o604, 4, [], undefined],
  ])('count in ACCESS: mode %o, mask %i, groups %j: %s', async (mode, mask, groups, expected) => {
    const { kernel, script } = scripted();
    script.answers.queryOpen = { mode: 0o100000 | mode, uid: 1, gid: 4711 };
    kernel.asker = { uid: 1000, gid: 100, pid: await member(...groups) };
    const unique = kernel.post('ACCESS', 1, body.access(mask));
    expect(kernel.reply(unique).errno).toBe(expected === undefined ? 0 : 13);
  });
});
