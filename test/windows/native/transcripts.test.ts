/**
 * The addon against recordings of the real library: what its callbacks were and what it made of their
 * answers is the same when they go through JavaScript. Cases whose answers raw_volume.mjs does not
 * know how to give (listings, streams, descriptors) are for the simulator's own test.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fields, Reply, SimulatorClient } from '../../simulator/client.js';
import { missingWine } from '../../support/wine.js';
import { RawHost, type RawAnswer } from '../raw_host.js';

interface Callback {
  readonly callback: string;
  readonly name?: string;
  readonly newName?: string;
  readonly fileInfo?: { readonly context?: number; readonly isDirectory?: number };
  readonly returns?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

interface Case {
  readonly case: string;
  readonly orders?: readonly {
    readonly order: Readonly<Record<string, unknown>> & { readonly op: string };
    readonly reply: Readonly<Record<string, unknown>>;
  }[];
  readonly callbacks?: readonly Callback[];
}

/** The callbacks whose answers are no more than the fields below. */
const OPERATIONS: Readonly<Record<string, string>> = {
  ZwCreateFile: 'CREATE_FILE',
  Cleanup: 'CLEANUP',
  CloseFile: 'CLOSE_FILE',
  ReadFile: 'READ_FILE',
  WriteFile: 'WRITE_FILE',
  FlushFileBuffers: 'FLUSH_FILE_BUFFERS',
  SetFileAttributes: 'SET_FILE_ATTRIBUTES',
  SetFileTime: 'SET_FILE_TIME',
  SetAllocationSize: 'SET_ALLOCATION_SIZE',
  SetEndOfFile: 'SET_END_OF_FILE',
  DeleteDirectory: 'DELETE_DIRECTORY',
  MoveFile: 'MOVE_FILE',
  LockFile: 'LOCK_FILE',
  UnlockFile: 'UNLOCK_FILE',
};
const ANSWERED = new Set(['status', 'setContext', 'setIsDirectory', 'bytes']);
const COMPARED = ['status', 'information', 'isDirectory', 'written', 'offset'];

function isForUs({ case: title, orders, callbacks = [] }: Case): boolean {
  if (orders === undefined || / absent$/.test(title)) return false;
  return callbacks.every(({ callback, returns = {}, hasSecurityDescriptor = false }) => {
    const opens = callback === 'ZwCreateFile' || !('setContext' in returns);
    if (!opens || hasSecurityDescriptor === true) return false;
    return callback in OPERATIONS && Object.keys(returns).every((key) => ANSWERED.has(key));
  });
}

const recorded = JSON.parse(
  readFileSync(new URL('../../data/transcripts/requests.json', import.meta.url), 'utf8'),
) as Case[];
const cases = recorded.filter(isForUs);

function answerOf({ callback, returns = {}, fileInfo = {}, length }: Callback): RawAnswer {
  return {
    status: Number(returns['status'] ?? 0) | 0,
    context: returns['setContext'] ?? fileInfo.context ?? 0,
    flags: returns['setIsDirectory'] ?? fileInfo.isDirectory ?? 0,
    // What the recorder answered where nothing else is said.
    count: returns['bytes'] ?? (callback === 'WriteFile' ? length : 0),
  };
}

/** What JavaScript saw of a callback. */
function seen({ callback, name = '', newName, ...rest }: Callback): unknown {
  const slashed = (path: string): string => path.replaceAll('\\', '/');
  const opening = ['desiredAccess', 'fileAttributes', 'shareAccess', 'createDisposition'];
  return {
    operation: OPERATIONS[callback],
    name: slashed(name),
    secondName: slashed(newName ?? ''),
    ...(callback === 'ZwCreateFile' ? { opening: opening.map((field) => rest[field]) } : {}),
    context: rest.fileInfo?.context ?? 0,
  };
}

function compared(reply: Reply | Readonly<Record<string, unknown>>): unknown {
  const fields = reply as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    COMPARED.map((key) => [key, key === 'status' ? Number(fields[key]) : fields[key]]),
  );
}

describe.skipIf(missingWine() !== undefined)('recorded requests, through the addon', () => {
  let host: RawHost;
  let driver: SimulatorClient;
  let keeper: number;

  beforeAll(async () => {
    host = await RawHost.start();
    keeper = await host.mount({ mountPoint: 'K:' });
    driver = await host.simulator();
  }, 300_000);

  afterAll(async () => {
    await host.close(keeper);
    await host.end();
  });

  it('are most of the recordings', () => {
    expect(cases.length).toBeGreaterThan(70);
  });

  it.each(cases.map((each) => [each.case, each] as const))('%s', async (_, each) => {
    const volume = await host.mount();
    const id = (await driver.must('mounts')).volumes.at(-1)?.volume;
    try {
      await host.state(volume);
      for (const callback of each.callbacks ?? []) {
        await host.answer(volume, OPERATIONS[callback.callback] ?? '', answerOf(callback));
      }
      const contexts: string[] = [];
      for (const { order, reply } of each.orders ?? []) {
        const { op, open, payloadLength, ...fields } = order;
        const context = open === undefined ? {} : { context: contexts[open as number] };
        const given = { volume: id, ...(fields as Fields), ...context };
        const got = await driver.order(op, given, Buffer.alloc((payloadLength as number) || 0, 1));
        expect(compared(got), op).toEqual(compared(reply));
        if (op === 'create' && got.status === 0) {
          contexts.push((got as Reply & { context: string }).context);
        }
      }
      const log = (await host.log(volume)).map(
        ({ operation, name, secondName, arguments: words, context }) => ({
          operation,
          name,
          secondName,
          ...(operation === 'CREATE_FILE' ? { opening: words.slice(0, 4) } : {}),
          context,
        }),
      );
      expect(log).toEqual((each.callbacks ?? []).map(seen));
    } finally {
      await host.close(volume);
    }
  });
});
