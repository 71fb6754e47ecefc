import { describe, expect, it } from 'vitest';
import { FileSystemFlags } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import { DokanNotifications } from '../../../lib/hosts/dokan/notifications.js';
import type { FileContext, Requestor, RequestorToken } from '../../../lib/operations.js';
import { statusFromWin32, statusName } from '../../../lib/status.js';
import { deferred } from '../../dispatcher/harness.js';
import { NtStatus, Rig, status } from './harness.js';

const { NAMED_STREAMS, READ_ONLY_VOLUME } = FileSystemFlags;

describe('the volume', () => {
  it("answers the file system's words, and what the options add", async () => {
    const rig = new Rig(
      {
        getVolumeInformation: () => ({
          volumeName: 'notes',
          serialNumber: 0xdead_beef,
          maximumComponentLength: 200,
          fileSystemFlags: 2,
          fileSystemName: 'NTFS',
        }),
        getDiskFreeSpace: () =>
          Promise.resolve({ freeBytesAvailable: 1, totalBytes: 2 ** 50, totalFreeBytes: 3 }),
        createFile: () => undefined,
        getFileInformation: () => ({}),
      },
      { writeProtect: true },
    );
    const answer = await rig.atOnce({ operation: 'GET_VOLUME_INFORMATION' });
    expect(answer.result(0)).toBe(0xdead_beef);
    expect(answer.result(1)).toBe(200);
    expect(answer.result(2)).toBe(2 | NAMED_STREAMS | READ_ONLY_VOLUME);
    expect(answer.texts).toEqual(['notes', 'NTFS']);
    const space = await rig.ask({ operation: 'GET_DISK_FREE_SPACE' });
    expect([space.size(0), space.size(1), space.size(2)]).toEqual([1, 2 ** 50, 3]);
    const context = await rig.open('\\f');
    const about = { operation: 'GET_FILE_INFORMATION', name: '\\f', context } as const;
    expect((await rig.atOnce(about)).result(2)).toBe(0xdead_beef);
  });

  it("has Dokan's answers where the file system has none", async () => {
    const rig = new Rig({}, { altStreams: false });
    const answer = await rig.atOnce({ operation: 'GET_VOLUME_INFORMATION' });
    expect(answer.texts).toEqual(['DOKAN', 'NTFS']);
    expect(answer.result(2)).toBe(0x107);
    const space = await rig.atOnce({ operation: 'GET_DISK_FREE_SPACE' });
    expect([space.size(0), space.size(1)]).toEqual([512 * 2 ** 20, 2 ** 30]);
  });

  it('cuts names that Windows has no room for', async () => {
    const rig = new Rig({
      getVolumeInformation: () => ({
        volumeName: `${'x'.repeat(31)}\u{1f600}`,
        fileSystemName: 'a file system',
      }),
    });
    const answer = await rig.atOnce({ operation: 'GET_VOLUME_INFORMATION' });
    expect(answer.texts).toEqual(['x'.repeat(31), 'a file sys']);
  });

  it('remembers where the library says it is, and answers the rest', async () => {
    const rig = new Rig({});
    expect(status(await rig.atOnce({ operation: 'MOUNTED', secondName: 'M:' }))).toBe('SUCCESS');
    expect(rig.session.mountPoint).toBe('M:');
    expect(status(await rig.atOnce({ operation: 'UNMOUNTED' }))).toBe('SUCCESS');
  });
});

describe('security descriptors', () => {
  const descriptor = Buffer.alloc(24);
  descriptor[0] = 1;
  descriptor.writeUInt16LE(0x8000, 2);

  it.each([
    [24, 'SUCCESS'],
    [100, 'SUCCESS'],
    [23, 'BUFFER_OVERFLOW'],
    [0, 'BUFFER_OVERFLOW'],
  ])('trap: into %i bytes answer %s and what is needed', async (room, expected) => {
    const rig = new Rig({ createFile: () => undefined, getFileSecurity: () => descriptor });
    const context = await rig.open('\\f');
    const question = { operation: 'GET_FILE_SECURITY', name: '\\f', context } as const;
    const answer = await rig.atOnce({ ...question, arguments: [7, room] });
    expect([status(answer), answer.result(0)]).toEqual([expected, 24]);
    expect(answer.data).toEqual(expected === 'SUCCESS' ? descriptor : undefined);
  });

  it('trap: NOT_IMPLEMENTED gets Windows a default one', async () => {
    const rig = new Rig({ createFile: () => undefined });
    const context = await rig.open('\\f');
    const question = { operation: 'GET_FILE_SECURITY', name: '\\f', context } as const;
    const answer = await rig.atOnce({ ...question, arguments: [7, 100] });
    expect(status(answer)).toBe('NOT_IMPLEMENTED');
  });

  it('are handed on as a copy', async () => {
    const seen: Buffer[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      setFileSecurity: (_path: string, parts: number, given: Buffer) => {
        expect(parts).toBe(4);
        seen.push(given);
      },
    });
    const context = await rig.open('\\f');
    const question = { operation: 'SET_FILE_SECURITY', name: '\\f', context } as const;
    const sources = [7, 8].map((byte) => {
      const source = Buffer.alloc(20, byte);
      source.set([1, 0, 0, 0x80]);
      return source;
    });
    for (const source of sources) await rig.atOnce({ ...question, arguments: [4, 20], source });
    expect(seen).toEqual(sources);
  });

  it('that are none are refused', async () => {
    const rig = new Rig({ createFile: () => undefined, setFileSecurity: () => undefined });
    const context = await rig.open('\\f');
    for (const source of [Buffer.alloc(40, 0xff), Buffer.from([1, 0, 0, 0x80])]) {
      const answer = await rig.atOnce({
        ...{ operation: 'SET_FILE_SECURITY', name: '\\f', context },
        ...{ arguments: [4, source.length], source },
      });
      expect(status(answer)).toBe('INVALID_SECURITY_DESCR');
    }
  });
});

describe('requestor()', () => {
  it('has the token of who opens the file, opened only when asked for, and closed for sure', async () => {
    const seen: (RequestorToken | undefined)[] = [];
    const rig = new Rig({
      createFile: (path: string, _request: unknown, file: FileContext) => {
        const requestor = file.requestor();
        expect(requestor).toMatchObject({ processId: 4711, userId: -1, groupId: -1 });
        if (path === '/ask') {
          seen.push(requestor.token, file.requestor().token);
          expect(rig.native.tokens.map(({ closed }) => closed)).toEqual([false]);
        }
      },
    });
    await rig.open('\\f');
    expect(rig.native.tokens).toHaveLength(0);
    await rig.open('\\ask');
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0]).toMatchObject({
      sid: 'S-1-5-21-1-2-3-1001',
      sessionId: 1,
      integrityLevel: 0x2000,
    });
    expect(rig.native.tokens).toMatchObject([{ closed: true }]);
  });

  it('closes a token when it is disposed of', async () => {
    const rig = new Rig({
      createFile: (_path: string, _request: unknown, file: FileContext) => {
        const { token } = file.requestor();
        token?.[Symbol.dispose]();
        expect(rig.native.tokens).toMatchObject([{ closed: true }]);
      },
    });
    await rig.open('\\f');
  });

  it('still has it after an await in createFile', async () => {
    const going = deferred<undefined>();
    let sid: string | undefined;
    const rig = new Rig({
      createFile: async (_path: string, _request: unknown, file: FileContext) => {
        const requestor = file.requestor();
        await going.promise;
        sid = requestor.token?.sid;
      },
    });
    const asked = rig.createLater('\\f');
    going.resolve(undefined);
    await asked;
    expect(sid).toMatch(/^S-1-/);
    expect(rig.native.tokens).toMatchObject([{ closed: true }]);
  });

  it("trap: has none outside createFile, nor for the slot's next request", async () => {
    let first: Requestor | undefined;
    const later: unknown[] = [];
    const rig = new Rig({
      createFile: (_path: string, _request: unknown, file: FileContext) => {
        first ??= file.requestor();
        later.push(first.token === undefined);
      },
      flushFileBuffers: (_path: string, file: FileContext) => {
        expect(file.requestor()).toEqual({ processId: 4711, userId: -1, groupId: -1 });
        expect(first?.token).toBeUndefined();
      },
    });
    const context = await rig.open('\\f');
    await rig.atOnce({ operation: 'FLUSH_FILE_BUFFERS', name: '\\f', context });
    await rig.open('\\g');
    expect(later).toEqual([false, true]);
    expect(rig.errors).toEqual([]);
  });

  it('fails as Windows does', async () => {
    const rig = new Rig({
      createFile: (_path: string, _request: unknown, file: FileContext) => {
        expect(file.requestor().token).toBe('never had');
      },
    });
    rig.native.tokenFailure = Object.assign(new Error('no'), { win32Error: 5 });
    expect(status(await rig.createLater('\\f'))).toBe(statusName(statusFromWin32(5)));
    rig.native.tokenFailure = new Error('no');
    expect(status(await rig.createLater('\\f'))).toBe('ACCESS_DENIED');
    expect(rig.errors).toEqual([]);
  });
});

describe('notifications', () => {
  it.each([
    ['M:', 'M:'],
    ['C:\\mnt\\notes', 'C:'],
  ])(
    'trap: have two characters in front on %s, and the path in the volume',
    (mountPoint, prefix) => {
      const rig = new Rig({});
      const notify = new DokanNotifications(rig.native, mountPoint);
      expect(notify.created('/d/f', false)).toBe(true);
      expect(notify.deleted('/d', true)).toBe(true);
      expect(notify.updated('/d/f')).toBe(true);
      expect(notify.renamed('/d/f', '/d/g', false)).toBe(true);
      expect(notify.renamed('/a/f', '/b/f', true)).toBe(true);
      expect(rig.native.notified).toEqual([
        [0, `${prefix}\\d\\f`, undefined, false, false],
        [1, `${prefix}\\d`, undefined, true, false],
        [2, `${prefix}\\d\\f`, undefined, false, false],
        [4, `${prefix}\\d\\f`, `${prefix}\\d\\g`, false, true],
        [4, `${prefix}\\a\\f`, `${prefix}\\b\\f`, true, false],
      ]);
    },
  );

  it('are not made of what is no path', () => {
    const rig = new Rig({});
    const notify = new DokanNotifications(rig.native, 'M:');
    expect([notify.created('f', false), notify.renamed('/f', 'g', false)]).toEqual([false, false]);
    expect(rig.native.notified).toEqual([]);
  });
});

describe('failures', () => {
  it('are passed on whatever their status', async () => {
    const rig = new Rig({
      createFile: () => {
        throw new DokanError(NtStatus.MEDIA_WRITE_PROTECTED);
      },
    });
    expect(status(await rig.createLater('\\f'))).toBe('MEDIA_WRITE_PROTECTED');
  });
});
