/** Data of reads and writes: pooled blocks, buffers of Dokan's own, many requests at once. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fields, SimulatorClient } from '../../simulator/client.js';
import { missingWine } from '../../support/wine.js';
import { RawHost, type SeenRequest } from '../raw_host.js';

const missing = missingWine();

const mebibyte = 1 << 20;
const pooledBlocks = 4096;

/** What programs/raw_volume.mjs reads at an offset. */
function pattern(offset: number, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (offset + index) * 7));
}

const sha1 = (data: Buffer): string => createHash('sha1').update(data).digest('hex');

describe.skipIf(missing !== undefined).each([
  { external: true, title: 'with buffers of Dokan’s own' },
  { external: false, title: 'where the runtime forbids foreign memory' },
])('data $title', ({ external }) => {
  let host: RawHost;
  let driver: SimulatorClient;
  let volume: number;
  let open: Fields;

  beforeAll(async () => {
    host = await RawHost.start();
    expect(await host.call('externalBuffers', external)).toBe(external);
    volume = await host.mount();
    driver = await host.simulator();
    const created = await driver.must('create', { name: '\\f', createDisposition: 1 });
    open = { name: '\\f', context: created.context };
  }, 300_000);

  afterAll(async () => {
    await host.end();
  });

  async function read(offset: number, length: number): Promise<SeenRequest> {
    await host.log(volume);
    const reply = await driver.must('read', { ...open, offset, length });
    expect(reply.payload.equals(pattern(offset, length))).toBe(true);
    return (await host.log(volume))[0] as SeenRequest;
  }

  async function write(offset: number, data: Buffer): Promise<SeenRequest> {
    await host.log(volume);
    const reply = await driver.must('write', { ...open, offset }, data);
    expect(reply.written).toBe(data.length);
    const log = await host.log(volume);
    const request = log.find(({ operation }) => operation === 'WRITE_FILE') as SeenRequest;
    expect(request.sha1).toBe(sha1(data));
    return request;
  }

  it('uses the same block again for what fits', async () => {
    const first = await read(0, 100);
    expect(first.block).toBeGreaterThanOrEqual(0);
    expect((await read(1, 4096)).block).toBe(first.block);
    expect((await write(5, pattern(3, 4000))).block).toBe(first.block);
    expect((await read(2, 4097)).block).not.toBe(first.block);
  });

  it('exposes 64 KiB and more, and detaches it; or uses a block', async () => {
    for (const length of [65_535, 65_536, mebibyte, 8 * mebibyte]) {
      const exposed = external && length >= 65_536;
      for (const request of [await read(9, length), await write(9, pattern(1, length))]) {
        expect((request.flags & (1 << 13)) !== 0).toBe(exposed);
        expect(request.exposed ?? false).toBe(exposed);
        expect(request.detached ?? false).toBe(exposed);
        expect(request.block >= 0).toBe(!exposed);
      }
    }
  }, 120_000);

  it('gives a block in place of an exposed buffer', async () => {
    await host.answer(volume, 'READ_FILE', { block: true });
    expect((await read(4, mebibyte)).block).toBeGreaterThanOrEqual(0);
    await host.answer(volume, 'WRITE_FILE', { block: true });
    const request = await write(4, pattern(11, mebibyte));
    expect(request.block).toBeGreaterThanOrEqual(0);
    expect(request.exposed).toBeUndefined();
  });

  it('keeps its pool, however many blocks are dropped', async () => {
    await host.answer(volume, 'READ_FILE', { status: 0xc00000b5, flags: 2, always: true });
    const numbers = new Set<number>();
    // More than there are places in the pool.
    for (let round = 0; round < 70; round += 1) {
      const reads = Array.from({ length: 64 }, () =>
        driver.order('read', { ...open, offset: 0, length: 10_000 }),
      );
      await Promise.all(reads);
      for (const { block } of await host.log(volume)) {
        expect(numbers).not.toContain(block);
        numbers.add(block);
      }
    }
    expect(numbers.size).toBeGreaterThan(4096);
    await host.answer(volume, 'READ_FILE', { always: true });
    const { block } = await read(0, 10_000);
    expect(block).toBeLessThan(2 ** 30);
    expect((await read(1, 10_000)).block).toBe(block);
  }, 120_000);

  it('reads and writes nothing', async () => {
    await host.log(volume);
    expect((await driver.order('read', { ...open, offset: 0, length: 0 })).status).toBe(0xc0000011);
    expect((await driver.must('write', { ...open, offset: 0 })).written).toBe(0);
    const log = await host.log(volume);
    expect(log.map(({ block }) => block)).toEqual([-1, -1]);
  });

  it('never uses a dropped block again', async () => {
    const dropped = (await read(0, 30_000)).block;
    await host.answer(volume, 'READ_FILE', { status: 0xc00000b5, flags: 2 });
    const late = await driver.order('read', { ...open, offset: 0, length: 30_000 });
    expect(late.status).toBe(0xc00000b5);
    for (let i = 0; i < 5; i++) expect((await read(i, 30_000)).block).not.toBe(dropped);
    expect(await host.call('raw', volume, 'block', dropped).catch(String)).toMatch(/No such block/);
  });

  it('takes many requests from many threads in batches', async () => {
    const { threads } = (await driver.must('mounts')).volumes[0] ?? { threads: 0 };
    await host.state(volume);
    const orders = Array.from({ length: 400 }, (_, index) => {
      const offset = index * 11;
      const length = 1 + ((index * 977) % 9000);
      return index % 2 === 0
        ? driver.must('read', { ...open, offset, length }).then(({ payload }) => {
            expect(payload.equals(pattern(offset, length))).toBe(true);
          })
        : driver.must('write', { ...open, offset }, pattern(offset, length));
    });
    await Promise.all(orders);
    const { log, batches } = await host.state(volume);
    expect(log).toHaveLength(400);
    expect(new Set(log.map(({ thread }) => thread)).size).toBeLessThanOrEqual(threads);
    expect(batches.reduce((sum, count) => sum + count)).toBe(400);
    const written = log.filter(({ operation }) => operation === 'WRITE_FILE');
    for (const {
      offset,
      arguments: [length = 0],
      sha1: sum,
    } of written) {
      expect(sum).toBe(sha1(pattern(offset, length)));
    }
  }, 120_000);

  it('answers in any order, and takes what is queued while JavaScript works', async () => {
    await host.state(volume);
    await host.answer(volume, 'READ_FILE', { held: true });
    const held = driver.must('read', { ...open, offset: 0, length: 10 });
    for (let i = 0; i < 20; i++) await write(i, pattern(i, 50));
    expect((await host.state(volume)).held).toBe(1);
    expect(await host.call('release', volume)).toBe(1);
    expect((await held).payload.equals(pattern(0, 10))).toBe(true);
  });

  it('keeps a bounded pool: blocks beyond it serve one request each', async () => {
    await host.answer(volume, 'READ_FILE', { block: true, blank: true, always: true });
    const before = (await host.call('memory')) as { arrayBuffers: number };
    const block = async (length: number): Promise<number> => {
      await host.log(volume);
      await driver.must('read', { ...open, offset: 0, length });
      return (await host.log(volume))[0]?.block ?? -1;
    };
    for (let i = 0; i < 12; i++) expect(await block(16 * mebibyte)).toBeLessThan(pooledBlocks);
    const large = 64 * mebibyte;
    const one = await block(large);
    expect(one).toBeGreaterThanOrEqual(pooledBlocks);
    for (let i = 0; i < 4; i++) expect(await block(large)).toBe(one + 1 + i);
    const after = (await host.call('memory')) as { arrayBuffers: number };
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(200 * mebibyte);
    await host.answer(volume, 'READ_FILE', { always: true });
  }, 180_000);
});
