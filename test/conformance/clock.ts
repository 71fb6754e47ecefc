import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { Scene } from './suite.js';

// Kernels stamp files with the time of their last clock tick, 10 ms apart at the worst.
const tick = 20_000_000n;

/**
 * Waits until the file system's own clock, read from a file's stamps, is past a time: only then
 * must a later change carry a later stamp.
 * @param time - nanoseconds since the epoch
 */
export async function past({ posix, directory }: Scene, time: bigint): Promise<void> {
  const probe = `${directory}.clock`;
  await posix.writeFile(probe, '');
  await eventually('the clock to move', async () => {
    await posix.utimens(probe, 'now', 'now');
    return (await posix.stat(probe)).mtime > time + tick;
  });
  await posix.unlink(probe);
}

export type TimeName = 'atime' | 'mtime' | 'ctime';

/**
 * Runs a step and checks which times of a path it moved forward.
 * @param unchecked - times that systems are free to move or leave
 */
export async function moves(
  scene: Scene,
  path: string,
  expected: readonly TimeName[],
  step: () => Promise<unknown>,
  unchecked: readonly TimeName[] = ['atime'],
): Promise<void> {
  const before = await scene.posix.lstat(path);
  await past(scene, before.mtime > before.ctime ? before.mtime : before.ctime);
  await step();
  const after = await scene.posix.lstat(path);
  for (const name of ['atime', 'mtime', 'ctime'] as const) {
    if (expected.includes(name)) {
      expect(after[name], `${name} of ${path}`).toBeGreaterThan(before[name]);
    } else if (!unchecked.includes(name)) {
      expect(after[name], `${name} of ${path}`).toBe(before[name]);
    }
  }
}
