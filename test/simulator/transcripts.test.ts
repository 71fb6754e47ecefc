/**
 * The simulator against recordings of the real library: the same orders and the same answers of
 * the file system have to give the same callbacks and the same replies.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingWine } from '../support/wine.js';
import type { Fields, Reply } from './client.js';
import { ScriptedVolume, type Answer } from './scripted_volume.js';

type Json = Record<string, unknown>;

interface RequestCase {
  case: string;
  orders?: { order: Json & { op: string }; reply: Json }[];
  callbacks?: (Json & { callback?: string; returns?: Answer })[];
}

interface MountCase {
  mount: string;
  options: Fields;
  result: number;
  driverSees?: Json;
  allocationUnitSize?: number;
  sectorSize?: number;
  optionsAfter?: number;
  callbacks?: Json[];
}

interface NotificationCase {
  call: Fields & { kind: string };
  result: boolean;
  delivered: { action: number; filter: number; path: string }[];
}

function recorded<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../data/${path}`, import.meta.url), 'utf8')) as T;
}

const requests = recorded<RequestCase[]>('transcripts/requests.json');
const mounts = recorded<MountCase[]>('transcripts/mounts.json');
const notifications = recorded<NotificationCase[]>('transcripts/notifications.json');
const wildcards = recorded<[string, string, boolean, boolean?][]>('wildcards.json');
const win32Status = recorded<[number, string][]>('win32-status.json');

/** The bytes the recorder sent: four were text, others counted up in sevens. */
function payloadOf(length: number): Buffer {
  if (length === 4) return Buffer.from('abcd');
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff));
}

function comparable(reply: Json): Json {
  return JSON.parse(
    JSON.stringify(reply, (_key, value: unknown) =>
      typeof value === 'string' && /^1[34]\d{16}$/.test(value) && !value.startsWith('1300000')
        ? 'now'
        : value,
    ),
  ) as Json;
}

function without(record: object, field: string): Json {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== field));
}

function expectedReply(
  reply: Json,
  contexts: readonly string[],
  orderIds: readonly number[],
): Json {
  const expected: Json = { ...reply, status: Number(reply['status']) };
  // The recorder numbered the opens; ours have numbers of their own.
  if (expected['context'] === 'open1') expected['context'] = contexts.at(-1);
  if (Array.isArray(expected['resets'])) {
    // Its orders, too: here the case has one read.
    expected['resets'] = (expected['resets'] as Json[]).map((reset) => ({
      ...reset,
      order: orderIds[1],
    }));
  }
  return expected;
}

function actualReply(reply: Reply): Json {
  const { payload, ...fields } = reply;
  const actual: Json & { id?: number } = { ...fields };
  delete actual.id;
  if (payload.length > 0) actual['payloadLength'] = payload.length;
  return actual;
}

const missing = missingWine();

describe.skipIf(missing !== undefined)(`recorded behaviour (${missing ?? 'under Wine'})`, () => {
  let volume: ScriptedVolume;

  beforeAll(async () => {
    volume = await ScriptedVolume.start();
  }, 300_000);

  afterAll(async () => {
    await volume.end();
  });

  async function mountScripted(options: Fields = {}): Promise<number> {
    expect((await volume.mount(options)).result).toBe(0);
    const { volumes } = await volume.driver.must('mounts');
    await volume.log();
    return volumes[0]!.volume;
  }

  describe('requests.json', () => {
    const ordered = requests.filter(({ orders }) => orders !== undefined);

    it.each(ordered.map((each) => [each.case, each] as const))('%s', async (title, each) => {
      const absent = / (\w+) absent$/.exec(title)?.[1];
      const id = await mountScripted({ absent });
      try {
        for (const { callback, returns } of each.callbacks!) {
          if (callback !== undefined) await volume.answer(callback, returns ?? {});
        }
        const contexts: string[] = [];
        const orderIds: number[] = [];
        const expected: Json[] = [];
        const actual: Json[] = [];
        for (const { order, reply } of each.orders!) {
          const { op, open, payloadLength, ...fields } = order;
          orderIds.push(volume.driver.nextId);
          const got = await volume.driver.order(
            op,
            {
              volume: id,
              ...(fields as Fields),
              ...(open === undefined ? {} : { context: contexts[open as number] }),
            },
            payloadOf((payloadLength as number | undefined) ?? 0),
          );
          if (op === 'create' && got.status === 0) {
            contexts.push((got as Reply & { context: string }).context);
          }
          // Requests before this case have asked for more time as well.
          if (op === 'timeouts') {
            const resets = got as unknown as { resets: Json[] };
            resets.resets = resets.resets.filter((reset) =>
              orderIds.includes(reset['order'] as number),
            );
          }
          expected.push(comparable(expectedReply(reply, contexts, orderIds)));
          actual.push(comparable(actualReply(got)));
        }
        expect(actual).toStrictEqual(expected);
        const called = each.callbacks!.map((callback) => without(callback, 'returns'));
        expect(await volume.log()).toStrictEqual(called);
      } finally {
        await volume.unmount();
      }
    });

    it('close arrives while a read runs: CloseFile after it', async () => {
      const id = await mountScripted();
      try {
        const { context } = await volume.driver.must('create', {
          ...{ volume: id, name: '\\f', desiredAccess: 1180063, createDisposition: 1 },
        });
        await volume.log();
        const before = await volume.calls('ReadFile');
        await volume.answer('ReadFile', { bytes: 1, held: true });
        const open = { volume: id, name: '\\f', context };
        const ended: string[] = [];
        const read = volume.driver
          .must('read', { ...open, offset: 0, length: 1 })
          .then(() => ended.push('read'));
        await volume.called('ReadFile', before + 1);
        await volume.driver.must('cleanup', open);
        const close = volume.driver.must('close', open).then(() => ended.push('close'));
        // The close has been taken, and waits: what is asked after it is answered before it.
        await volume.driver.must('querySize', { volume: id });
        expect(ended).toEqual([]);
        await volume.release();
        await Promise.all([read, close]);
        const expected = requests.find(({ case: title }) => title.startsWith('close arrives'));
        const log = (await volume.log()).map((entry) => entry['callback']);
        expect(log.filter((name) => name !== 'GetDiskFreeSpace')).toEqual(expected!.callbacks);
      } finally {
        await volume.unmount();
      }
    });

    it('two reads of one open run in parallel', async () => {
      const id = await mountScripted();
      try {
        const { context } = await volume.driver.must('create', {
          ...{ volume: id, name: '\\f', desiredAccess: 1180063, createDisposition: 1 },
        });
        const before = await volume.calls('ReadFile');
        const open = { volume: id, name: '\\f', context };
        const reads = [];
        for (let i = 0; i < 2; ++i) {
          await volume.answer('ReadFile', { bytes: 1, held: true });
          reads.push(volume.driver.must('read', { ...open, offset: i, length: 1 }));
        }
        // Neither has been let go: both are within the callback.
        await volume.called('ReadFile', before + 2);
        await volume.release();
        await Promise.all(reads);
        await volume.driver.must('cleanup', open);
        await volume.driver.must('close', open);
      } finally {
        await volume.unmount();
      }
    });
  });

  describe('mounts.json', () => {
    it.each(mounts.map((each) => [each.mount, each] as const))('%s', async (_title, each) => {
      await volume.log();
      const mounted = await volume.mount(each.options);
      const { volumes } = await volume.driver.must('mounts');
      const log = await volume.log();
      if (mounted.result === 0) await volume.unmount();
      expect(mounted.result).toBe(each.result);
      expect(volumes[0]?.driverSees).toEqual(each.driverSees);
      expect(log).toEqual(each.callbacks ?? []);
      if (each.result === 0) {
        expect(mounted).toMatchObject({
          allocationUnitSize: each.allocationUnitSize,
          sectorSize: each.sectorSize,
          optionsAfter: each.optionsAfter,
        });
        expect(await volume.log()).toEqual([{ callback: 'Unmounted' }]);
      }
    });
  });

  describe('notifications.json', () => {
    it.each(notifications.map((each) => [JSON.stringify(each.call), each] as const))(
      '%s',
      async (_title, { call, result, delivered }) => {
        await mountScripted();
        try {
          const before = (await volume.driver.must('notifications')).notifications.length;
          expect(await volume.script.must('notify', call)).toMatchObject({ result });
          const { notifications: all } = await volume.driver.must('notifications');
          expect(all.slice(before).map((each) => without(each, 'volume'))).toEqual(delivered);
        } finally {
          await volume.unmount();
        }
      },
    );
  });

  describe('wildcards.json', () => {
    it.each(wildcards)('%s and %s: %s', async (expression, name, answer, ignoreCase = true) => {
      const reply = await volume.script.must('matches', { expression, name, ignoreCase });
      expect(reply).toMatchObject({ result: answer });
    });
  });

  it('win32-status.json', async () => {
    const all = await Promise.all(
      win32Status.map(async ([error]) => {
        const reply = await volume.script.must('win32Status', { error });
        return [error, `0x${(reply as unknown as { result: number }).result.toString(16)}`];
      }),
    );
    expect(all).toEqual(win32Status);
    expect(await volume.script.must('win32Status', { error: 123456 })).toMatchObject({
      result: 0xc0000022,
    });
  });
});
