import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, within } from '../support/eventually.js';
import { OrderError, type HostProcess } from './host_process.js';
import { client, errnoOf, isGone, mountPoint, mountsAt, startHost } from './place.js';

/** How often each race is run. */
const ROUNDS = Number(process.env['NODE_DOKAN_RACES'] ?? 15);

/** Each settles in time; what fails, fails with an error that says what is the matter. */
async function settle(...orders: Promise<unknown>[]): Promise<string[]> {
  const results = await within('the race', 60_000, Promise.allSettled(orders));
  return results.map((result) => {
    if (result.status === 'fulfilled') return 'ok';
    const error: unknown = result.reason;
    if (!(error instanceof OrderError) || error.code === undefined) throw error;
    return error.code;
  });
}

/** Processes that live through all rounds. */
async function hosts(): Promise<[HostProcess, HostProcess, HostProcess]> {
  return Promise.all([startHost(), startHost(), startHost()]);
}

async function isUsable(point: string): Promise<void> {
  expect(mountsAt(point)).toHaveLength(1);
  expect(await client().readText(join(point, 'good'))).toBe('good');
}

/** Nothing is left, and the place can be used again. */
async function isFree(point: string, host: HostProcess): Promise<void> {
  await isGone(point);
  await host.mount('after', point);
  await isUsable(point);
  await host.unmount('after', { timeout: 10_000 });
}

describe('at the same time', () => {
  it('two processes force a volume in use', async () => {
    const [owner, one, two] = await hosts();
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `volume-${round}`;
      await owner.mount(name, point);
      const posix = client();
      const fd = await posix.open(join(point, 'good'), 'RDONLY');
      const force = { force: true, timeout: 0 };
      const codes = await settle(
        one.order('unmountAt', point, force),
        two.order('unmountAt', point, force),
      );
      // Who comes too late finds nothing there.
      for (const code of codes) expect(code).toMatch(/^(ok|EINVAL)$/);
      expect(codes).toContain('ok');
      expect(await owner.closed(name)).toBe('forced');
      expect(await errnoOf(posix.pread(fd, 1, 0))).toMatch(/ECONNABORTED|ENOTCONN/);
      await posix.kill();
      await isGone(point);
    }
    await isFree(point, one);
  }, 300_000);

  it('one process mounts and another one forces', async () => {
    const [owner, other] = await hosts();
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `volume-${round}`;
      const mounting = owner.mount(name, point);
      mounting.catch(() => undefined);
      // Earlier or later in the mount.
      await eventually('the moment', () => {
        return (
          round % 3 === 0 || mountsAt(point).length > 0 || owner.seen('mounted').length > round
        );
      });
      const codes = await settle(
        mounting,
        other.order('unmountAt', point, { force: true, timeout: 0 }),
      );
      expect(codes[0]).toMatch(/^(ok|EBUSY)$/);
      expect(codes[1]).toMatch(/^(ok|EINVAL)$/);
      if (codes[0] === 'ok') await owner.unmount(name, { force: true });
      await isGone(point);
    }
    await isFree(point, other);
  }, 300_000);

  it('two unmount gently, from inside and outside', async () => {
    const [owner, other] = await hosts();
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `volume-${round}`;
      await owner.mount(name, point);
      const codes = await settle(
        owner.unmount(name),
        other.order('unmountAt', point, {}),
        owner.order('unmountAt', point, {}),
      );
      expect(codes[0]).toBe('ok');
      for (const code of codes) expect(code).toMatch(/^(ok|EINVAL)$/);
      expect(await owner.closed(name)).toMatch(/^(unmounted|ejected)$/);
      expect(mountsAt(point)).toEqual([]);
    }
    await isFree(point, other);
  }, 300_000);

  it('one is gentle and the other one forces, with a client that stays', async () => {
    const [owner, other] = await hosts();
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `volume-${round}`;
      await owner.mount(name, point);
      const posix = client();
      await posix.open(join(point, 'good'), 'RDONLY');
      const gentle = { timeout: 30_000 };
      const force = { force: true, timeout: 0 };
      const inside = round % 2 === 0;
      const codes = await settle(
        inside ? owner.unmount(name, gentle) : other.order('unmountAt', point, gentle),
        inside ? other.order('unmountAt', point, force) : owner.unmount(name, force),
      );
      expect(codes[0]).toMatch(/^(ok|EINVAL)$/);
      expect(codes[1]).toBe('ok');
      expect(await owner.closed(name)).toBe('forced');
      expect(mountsAt(point)).toEqual([]);
      await posix.kill();
    }
    await isFree(point, other);
  }, 300_000);

  it('two processes mount by force at the place of a third one', async () => {
    const [owner, one, two] = await hosts();
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `volume-${round}`;
      const posix = client();
      await owner.mount(name, point, { forceUnmount: true });
      await posix.open(join(point, 'good'), 'RDONLY');
      const codes = await settle(
        one.mount(name, point, { forceUnmount: true }),
        two.mount(name, point, { forceUnmount: true }),
      );
      // One wins, or both one after the other.
      for (const code of codes) expect(code).toMatch(/^(ok|EBUSY)$/);
      expect(codes).toContain('ok');
      expect(await owner.closed(name)).toBe('forced');
      await isUsable(point);
      await posix.kill();
      // Exactly one of both serves it.
      await eventually('one of both to have lost', () => {
        const ended = [one, two].filter(
          (host, index) =>
            codes[index] !== 'ok' || host.seen('closed').some(({ volume }) => volume === name),
        );
        return ended.length === 1;
      });
    }
    await owner.order('unmountAt', point, { force: true });
    await isFree(point, owner);
  }, 300_000);

  it('two processes mount at a free place', async () => {
    const [, one, two] = await hosts();
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `volume-${round}`;
      const codes = await settle(one.mount(name, point), two.mount(name, point));
      expect(codes.sort()).toEqual(['EBUSY', 'ok']);
      await isUsable(point);
      await one.order('unmountAt', point, { timeout: 10_000 });
    }
    await isFree(point, one);
  }, 300_000);

  it('a process dies, and two others mount by force', async () => {
    const point = mountPoint();
    for (let round = 0; round < ROUNDS; round += 1) {
      const [owner, one, two] = await hosts();
      await owner.mount('one', point);
      const dying = owner.kill();
      const codes = await settle(
        one.mount('two', point, { forceUnmount: true }),
        two.mount('three', point, { forceUnmount: true }),
      );
      await dying;
      for (const code of codes) expect(code).toMatch(/^(ok|EBUSY)$/);
      await isUsable(point);
      await one.order('unmountAt', point, { force: true, timeout: 0 });
      await Promise.all([one.kill(), two.kill()]);
    }
  }, 300_000);
});
