import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { mountPointIn, mountsAt, runProgram, testDirectory } from './support.js';

// What a process or a Worker leaves behind when it ends without close(): nothing.
describe('the end of a process', () => {
  const cases: [how: string, code: number, errors: RegExp][] = [
    ['end', 0, /^$/],
    ['exit', 3, /^$/],
    ['exit-polling', 3, /^$/],
    ['exit-while-mounting', 3, /^$/],
    ['exit-while-unmounting', 3, /^$/],
    ['throw', 1, /thrown outside/],
    ['throw-in-callback', 1, /thrown in the callback/],
    ['throw-null', 1, /null/],
    ['throw-caught', 3, /^$/],
    ['throw-in-tick', 3, /^$/],
    ['helper', 3, /^$/],
    ['unref', 0, /^$/],
    ['worker-running', 3, /^$/],
  ];
  it.each(cases)('%s detaches the mount', async (how, code, errors) => {
    const point = mountPointIn(testDirectory());
    const end = await runProgram('mounting', how, point).ended;
    expect(end).toMatchObject({ code, signal: null });
    expect(end.errors).toMatch(errors);
    expect(mountsAt(point)).toEqual([]);
  });

  it('detaches several mounts', async () => {
    const directory = testDirectory();
    const [one, two] = [mountPointIn(directory, 'one'), mountPointIn(directory, 'two')];
    const end = await runProgram('mounting', 'nested', one, two).ended;
    expect(end).toMatchObject({ code: 3, signal: null, errors: '' });
    expect([...mountsAt(one), ...mountsAt(two)]).toEqual([]);
  });

  it('leaves what someone else has mounted there since', async () => {
    const point = mountPointIn(testDirectory());
    const end = await runProgram('mounting', 'covered', point).ended;
    expect(end).toMatchObject({ code: 3, signal: null, errors: '' });
    expect(mountsAt(point).map((mount) => mount.type)).toEqual(['tmpfs']);
  });

  it('leaves the mount of a closed device', async () => {
    const point = mountPointIn(testDirectory());
    const end = await runProgram('mounting', 'closed', point).ended;
    expect(end).toMatchObject({ code: 3, signal: null, errors: '' });
    expect(mountsAt(point)).toHaveLength(1);
  });
});

describe('the end of a Worker', () => {
  it.each([
    ['worker-terminate', 'served'],
    ['worker-exit', 'served'],
    ['worker-throw', 'thrown in the worker'],
    ['worker-end', 'served'],
    ['worker-mounting', undefined],
  ])('%s detaches the mount and leaves the process alone', async (how, said) => {
    const point = mountPointIn(testDirectory());
    const program = runProgram('mounting', how, point);
    await program.line('terminated');
    if (said !== undefined) expect(program.lines).toContain(said);
    expect(program.child.exitCode).toBeNull();
    await eventually('the mount is gone', () => mountsAt(point).length === 0);
    program.child.stdin?.end();
    expect(await program.ended).toMatchObject({ code: 3, signal: null, errors: '' });
  });
});

it('the addon stays in memory when the only Worker that loaded it has ended', () => {
  const flags = execFileSync('readelf', ['-d', 'build/Release/dokan.node'], { encoding: 'utf8' });
  expect(flags).toMatch(/FLAGS_1.*NODELETE/);
});
