import { CreateDisposition, type DokanOperations, type MediaState } from 'node-dokan';
import { loopback, type LoopbackClient } from 'node-dokan/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { outcome } from './scripted_backend.js';

/** A program that is not the one that serves the volume. */
const STRANGER = 0x7fff_fff0;

const clients: LoopbackClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.unmount();
});

interface Drive {
  /** What the next checks answer. */
  state: MediaState;
  checks: number;
  /** Work that a check does. */
  work: (() => Promise<unknown>) | undefined;
  readonly calls: string[];
}

async function mounted(): Promise<{ client: LoopbackClient; drive: Drive }> {
  const drive: Drive = { state: 'present', checks: 0, work: undefined, calls: [] };
  const answer = (): MediaState => {
    const { state } = drive;
    if (state === 'changed') drive.state = 'present';
    return state;
  };
  const operations: DokanOperations = {
    createFile: () => 'opened',
    readFile: (_path, buffer) => buffer.length,
    deleteFile: () => undefined,
    deleteDirectory: () => undefined,
    getFileInformation: () => ({ size: 100 }),
    cleanup: (path, file) => {
      drive.calls.push(`cleanup ${path}${file.deletePending ? ' delete' : ''}`);
    },
    closeFile: (path) => void drive.calls.push(`closeFile ${path}`),
    checkMedia: () => {
      drive.checks += 1;
      return drive.work === undefined ? answer() : drive.work().then(answer);
    },
  };
  const client = await loopback(operations, { removable: true, mediaCheckInterval: 0 });
  clients.push(client);
  return { client, drive };
}

describe('removable media', () => {
  it('absent: opens, reads and the volume itself; back again: it goes on', async () => {
    const { client, drive } = await mounted();
    const file = await client.create('/f');
    drive.state = 'absent';
    expect(await outcome(client.create('/g'))).toBe('NO_MEDIA_IN_DEVICE');
    expect(await outcome(file.read(10))).toBe('NO_MEDIA_IN_DEVICE');
    expect(await outcome(client.volumeInformation())).toBe('NO_MEDIA_IN_DEVICE');
    expect(await outcome(client.diskSpace())).toBe('NO_MEDIA_IN_DEVICE');
    drive.state = 'present';
    expect(await outcome(file.read(10))).toBe('SUCCESS');
    expect(await outcome(client.diskSpace())).toBe('SUCCESS');
    await file.close();
    expect(drive.calls).toEqual(['cleanup /f', 'closeFile /f']);
  });

  it('changed: old handles are of the wrong volume, and delete nothing', async () => {
    const { client, drive } = await mounted();
    const old = await client.create('/f');
    const deleted = await client.create('/g');
    await deleted.delete();
    drive.state = 'changed';
    const fresh = await client.create('/h', { disposition: CreateDisposition.OPEN });
    expect(await outcome(old.read(10))).toBe('WRONG_VOLUME');
    expect(await outcome(fresh.read(10))).toBe('SUCCESS');
    await deleted.close();
    await old.close();
    await fresh.close();
    expect(drive.calls.filter((call) => call.endsWith('delete'))).toEqual([]);
    expect(drive.calls).toHaveLength(6);
  });

  it('a check that uses the volume is not asked from within, and does not wait for itself', async () => {
    const { client, drive } = await mounted();
    drive.work = async () => {
      const file = await client.create('/identity');
      await file.read(10);
      await file.close();
    };
    for (let time = 1; time <= 3; time += 1) {
      await (await client.create('/f', { processId: STRANGER })).close();
      expect(drive.checks).toBe(time);
    }
  });

  it('two volumes whose checks use each other: neither is asked from within the other', async () => {
    const one = await mounted();
    const two = await mounted();
    one.drive.work = async () => (await two.client.create('/identity')).close();
    two.drive.work = async () => (await one.client.create('/identity')).close();
    await (await one.client.create('/f', { processId: STRANGER })).close();
    expect([one.drive.checks, two.drive.checks]).toEqual([1, 0]);
    await (await two.client.create('/f', { processId: STRANGER })).close();
    expect([one.drive.checks, two.drive.checks]).toEqual([1, 1]);
  });
});
