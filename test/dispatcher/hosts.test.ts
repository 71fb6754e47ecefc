import { describe, expect, it } from 'vitest';
import { DokanError } from '../../lib/errors.js';
import type { FileContext, RequestorToken } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags } from '../../lib/target.js';
import {
  caller,
  deferred,
  failureLater,
  harness,
  Journal,
  now,
  openNow,
  settled,
} from './harness.js';

/** What a host may do, and know, beyond the requests themselves. */

describe('a cleanup', () => {
  const agree = { deleteFile: () => undefined, deleteDirectory: () => undefined };

  it.each([
    ['deletes what the host says, though nobody was asked', false, true, 'cleanup /f delete'],
    ['spares what the host says, though the file system has agreed', true, false, 'cleanup /f'],
  ])('%s', (_what, asked, pending, expected) => {
    const journal = new Journal();
    const { dispatcher } = harness({ ...journal.operations, ...agree });
    const file = openNow(dispatcher);
    if (asked) now(dispatcher.setDisposition(file, '/f', true, caller()));
    file.deletePending = pending;
    now(dispatcher.cleanup(file, '/f', caller()));
    expect(journal.lines).toContain(expected);
  });
});

describe('a running call', () => {
  it('tells when its callback comes back, though the request was given up long ago', async () => {
    const late = deferred<number>();
    const { dispatcher } = harness({ createFile: () => undefined, readFile: () => late.promise });
    const who = caller();
    const file = openNow(dispatcher);
    const memory = Buffer.alloc(1);
    const reading = dispatcher.readFile(file, '/f', memory, 0, IoFlags.NONE, who);
    const call = who.running;
    call?.interrupt();
    expect(await failureLater(reading)).toBe('CANCELLED');
    const returned = call?.whenReturned?.();
    expect(returned).toBeInstanceOf(Promise);
    expect(call?.whenReturned?.()).toBe(returned);
    let isBack = false;
    void returned?.then(() => (isBack = true));
    await settled();
    expect(isBack).toBe(false);
    late.resolve(1);
    await settled();
    expect(isBack).toBe(true);
    expect(call?.whenReturned?.()).toBeUndefined();
  });

  it('has come back when it fails by itself', async () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => Promise.reject(new DokanError(NtStatus.ACCESS_DENIED)),
    });
    const who = caller();
    const file = openNow(dispatcher);
    const reading = dispatcher.readFile(file, '/f', Buffer.alloc(1), 0, IoFlags.NONE, who);
    const call = who.running;
    expect(await failureLater(reading)).toBe('ACCESS_DENIED');
    expect(call?.whenReturned?.()).toBeUndefined();
  });
});

describe('requestor()', () => {
  it('has a token where the host has, and opens it when it is asked for', () => {
    let opened = 0;
    const token = { sid: 'S-1-5-18' } as RequestorToken;
    const source = (): RequestorToken => {
      opened += 1;
      return token;
    };
    const seen: unknown[] = [];
    const { dispatcher } = harness({
      createFile: (_path: string, _request: unknown, file: FileContext) => {
        const requestor = file.requestor();
        expect(opened).toBe(0);
        seen.push(requestor.token);
      },
      flushFileBuffers: (_path: string, file: FileContext) => void seen.push(file.requestor()),
    });
    const who = { ...caller(), tokenSource: () => source };
    const file = now(
      dispatcher.createFile(
        '/f',
        {
          desiredAccess: 1,
          fileAttributes: 0,
          shareAccess: 7,
          createDisposition: 1,
          createOptions: 0,
        },
        who,
      ),
    );
    now(
      dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, {
        ...caller(),
        tokenSource: () => undefined,
      }),
    );
    expect(seen).toEqual([token, { processId: 7, userId: 1000, groupId: 100 }]);
  });
});
