import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Dispatcher } from '../../../lib/dispatcher.js';
import { DokanError } from '../../../lib/errors.js';
import type { DriverBackend } from '../../../lib/hosts/loopback/backend.js';
import { LibraryBackend } from '../../../lib/hosts/loopback/library_backend.js';
import { fromFileTime } from '../../../lib/hosts/loopback/file_time.js';
import type { CreateFileRequest, CreateResult, FileContext } from '../../../lib/operations.js';
import { NtStatus } from '../../../lib/status.js';

/** What the real library did: orders with their replies, and the callbacks they led to. */
interface Recording {
  readonly case: string;
  readonly orders?: { readonly order: Fields & { op: string }; readonly reply: Fields }[];
  readonly callbacks: (Fields & { readonly callback: string; readonly returns?: Fields })[];
}
type Fields = Record<string, unknown>;

const RECORDINGS = JSON.parse(
  readFileSync(new URL('../../data/transcripts/requests.json', import.meta.url), 'utf8'),
) as Recording[];

/** Recordings of what cannot be told in this seam, and why. */
const ELSEWHERE = new Map([
  ['cleanup with delete on close', 'the dispatcher asks deleteFile, which Dokan does not'],
  ['empty name', 'the driver never gives that order'],
  ['query volume', 'the library asks once for the label, once for the rest'],
  ['query volume, failure', 'the library asks once for the label, once for the rest'],
  ['streams, too many for the buffer', 'there is no buffer'],
  ['query security, BUFFER_TOO_SMALL', 'getFileSecurity answers with all it has'],
  ['list twice on one open: from memory', 'the driver model remembers'],
  ['list, paged through a small buffer', 'the driver model pages'],
  ['list, dots given by the file system', "dots are the host's business"],
  ['list with a pattern through the pattern callback: not filtered', 'filtered or not is one call'],
  ['reset of the time-out', 'of the binding, not of the library'],
]);

const COLLISION = NtStatus.OBJECT_NAME_COLLISION;
const { OPEN_IF, OVERWRITE_IF, SUPERSEDE } = { SUPERSEDE: 0, OPEN_IF: 3, OVERWRITE_IF: 5 };

/** A file system that expects the recorded callbacks, one by one, and answers as they did. */
class Script {
  readonly #left: Recording['callbacks'];

  constructor({ callbacks }: Recording) {
    this.#left = [...callbacks];
  }

  get left(): string[] {
    return this.#left.map(({ callback }) => callback);
  }

  #next(name: string, path: string, file: FileContext, ...given: unknown[]): Fields {
    let row = this.#left.shift();
    // The dispatcher asks findFiles for all entries, where the library first asks with '*'.
    if (name === 'FindFiles' && row?.callback === 'FindFilesWithPattern') {
      expect(row['pattern']).toBe('*');
      if (Number(row.returns?.['status']) === NtStatus.NOT_IMPLEMENTED) row = this.#left.shift();
      else given.push('*');
      name = row?.callback ?? '';
    }
    expect(row?.callback).toBe(name);
    expect(path.replaceAll('/', '\\')).toBe(row?.['name']);
    const flags = (row?.['fileInfo'] ?? {}) as Fields;
    for (const flag of ['isDirectory', 'deletePending', 'pagingIo', 'noCache'] as const) {
      expect(Number(file[flag]), flag).toBe(flags[flag] ?? 0);
    }
    for (const [index, field] of (ARGUMENTS[name] ?? []).entries()) {
      if (field !== '') expect(given[index], field).toEqual(row?.[field]);
    }
    const returns = row?.returns ?? {};
    if (returns['setIsDirectory'] !== undefined) file.isDirectory = true;
    const status = Number(returns['status'] ?? 0);
    if (status !== 0 && !(name === 'ZwCreateFile' && status === COLLISION)) {
      throw new DokanError(status);
    }
    return returns;
  }

  createFile = (path: string, request: CreateFileRequest, file: FileContext): CreateResult => {
    const { desiredAccess, fileAttributes, shareAccess, createDisposition } = request;
    const given = [desiredAccess, fileAttributes, shareAccess, createDisposition];
    const returns = this.#next('ZwCreateFile', path, file, ...given, request.createOptions);
    const exists = Number(returns['status'] ?? 0) === COLLISION;
    const choices: number[] = [OPEN_IF, OVERWRITE_IF, SUPERSEDE];
    if (exists && !choices.includes(createDisposition)) throw new DokanError(COLLISION);
    return choices.includes(createDisposition) && !exists ? 'created' : 'opened';
  };
  cleanup = (path: string, file: FileContext): void => void this.#next('Cleanup', path, file);
  closeFile = (path: string, file: FileContext): void => void this.#next('CloseFile', path, file);
  readFile = (path: string, buffer: Buffer, offset: number, file: FileContext): number =>
    Number(this.#next('ReadFile', path, file, buffer.length, offset)['bytes'] ?? 0);
  writeFile = (path: string, data: Buffer, offset: number, file: FileContext): number => {
    const given = file.writeToEndOfFile ? -1 : offset;
    return Number(this.#next('WriteFile', path, file, data.length, given)['bytes'] ?? data.length);
  };
  flushFileBuffers = (path: string, file: FileContext): void =>
    void this.#next('FlushFileBuffers', path, file);
  getFileInformation = (path: string, file: FileContext): object => {
    const { links, index, ...rest } = this.#next('GetFileInformation', path, file);
    return {
      size: 12_345,
      attributes: 0x20,
      ...rest,
      linkCount: links ?? 1,
      inode: BigInt((index as string | undefined) ?? 77),
      creationTime: fromFileTime(130000000000000001n),
      lastAccessTime: fromFileTime(130000000000000002n),
      lastWriteTime: fromFileTime(130000000000000003n),
    };
  };
  findFiles = (path: string, file: FileContext): object =>
    this.#next('FindFiles', path, file)['entries'] as object;
  findFilesWithPattern = (path: string, pattern: string, file: FileContext): object =>
    this.#next('FindFilesWithPattern', path, file, pattern)['entries'] as object;
  setFileAttributes = (path: string, attributes: number, file: FileContext): void =>
    void this.#next('SetFileAttributes', path, file, attributes);
  setFileTime = (path: string, _times: object, file: FileContext): void =>
    void this.#next('SetFileTime', path, file);
  deleteFile = (path: string, file: FileContext): void => void this.#next('DeleteFile', path, file);
  deleteDirectory = (path: string, file: FileContext): void =>
    void this.#next('DeleteDirectory', path, file);
  moveFile = (path: string, newPath: string, _replace: boolean, file: FileContext): void =>
    void this.#next('MoveFile', path, file, newPath.replaceAll('/', '\\'));
  setEndOfFile = (path: string, size: number, file: FileContext): void =>
    void this.#next('SetEndOfFile', path, file, size);
  setAllocationSize = (path: string, size: number, file: FileContext): void =>
    void this.#next('SetAllocationSize', path, file, size);
  lockFile = (path: string, offset: number, length: number, file: FileContext): void =>
    void this.#next('LockFile', path, file, offset, length);
  unlockFile = (path: string, offset: number, length: number, file: FileContext): void =>
    void this.#next('UnlockFile', path, file, offset, length);
  getDiskFreeSpace = (): object => {
    const status = Number(this.#left.shift()?.returns?.['status'] ?? 0);
    if (status !== 0) throw new DokanError(status);
    return { freeBytesAvailable: 1_000_000, totalBytes: 3_000_000, totalFreeBytes: 2_000_000 };
  };
  getFileSecurity = (path: string, parts: number, file: FileContext): Buffer => {
    const row = this.#left[0];
    // A file system answers with the whole descriptor; that it does not fit is our business.
    if (row?.returns?.['needed'] !== undefined) row.returns['status'] = 0;
    const { needed } = this.#next('GetFileSecurity', path, file, parts);
    const descriptor = Buffer.alloc(Number(needed));
    descriptor[0] = 1;
    descriptor.writeUInt16LE(0x8000, 2);
    return descriptor;
  };
  setFileSecurity = (path: string, parts: number, bytes: Buffer, file: FileContext): void =>
    void this.#next('SetFileSecurity', path, file, parts, bytes.length);
  findStreams = (path: string, file: FileContext): object =>
    this.#next('FindStreams', path, file)['streams'] as object;
}

/** What of a callback's arguments was recorded, by position after the path. */
const ARGUMENTS: Record<string, string[]> = {
  ZwCreateFile: [
    'desiredAccess',
    'fileAttributes',
    'shareAccess',
    'createDisposition',
    'createOptions',
  ],
  ReadFile: ['length', 'offset'],
  WriteFile: ['length', ''],
  FindFilesWithPattern: ['pattern'],
  SetFileAttributes: ['attributes'],
  MoveFile: ['newName'],
  SetEndOfFile: ['size'],
  SetAllocationSize: ['size'],
  LockFile: ['offset', 'length'],
  UnlockFile: ['offset', 'length'],
  GetFileSecurity: ['securityInformation'],
  SetFileSecurity: ['securityInformation', 'length'],
};

const PAYLOADS = ['write', 'setSecurity'];
const TIMES = ['creationTime', 'lastAccessTime', 'lastWriteTime'];

const DEFAULTS = {
  processId: 0,
  securityDescriptor: undefined,
  isDirectory: false,
  openTargetDirectory: false,
  deleteOnClose: false,
  pagingIo: false,
  synchronousIo: false,
  noCache: false,
  writeToEndOfFile: false,
};

/** The order as the driver model gives it. */
function orderOf(recorded: Fields & { op: string }, contexts: Fields[]): object {
  const open = contexts[recorded['open'] as number];
  const order: Fields = { ...DEFAULTS };
  for (const [name, value] of Object.entries({ ...recorded, ...open })) {
    order[name] = TIMES.includes(name) ? BigInt(value as string) : value;
  }
  if (PAYLOADS.includes(recorded.op)) {
    const bytes = Buffer.alloc(recorded['payloadLength'] as number);
    order[recorded.op === 'write' ? 'data' : 'descriptor'] = bytes;
  }
  return order;
}

function comparable(reply: Fields): Fields {
  const { entries, data, descriptor, ...rest } = reply;
  const result: Fields = {};
  for (const [name, value] of Object.entries(rest)) {
    // The library's own, and the position that only the I/O manager knows.
    if (name === 'context' || name === 'offset') continue;
    result[name] = typeof value === 'bigint' ? String(value) : value;
  }
  result['status'] = Number(reply['status']);
  if (entries !== undefined) result['entries'] = (entries as Fields[]).map(({ name }) => name);
  const payload = (data ?? descriptor) as Buffer | undefined;
  if (payload !== undefined) result['payloadLength'] = payload.length;
  return result;
}

describe('the real library', () => {
  it.each(RECORDINGS.filter((row) => row.orders !== undefined && !ELSEWHERE.has(row.case)))(
    'did the same: $case',
    async (recording) => {
      const script = new Script(structuredClone(recording));
      const absent = / (\w+) absent$/.exec(recording.case)?.[1];
      if (absent !== undefined) {
        const name = absent[0]!.toLowerCase() + absent.slice(1);
        Object.assign(script, { [name]: undefined });
      }
      const errors: unknown[] = [];
      const dispatcher = new Dispatcher(script as never, {
        operationTimeout: Infinity,
        mediaCheckInterval: 500,
        caseSensitive: false,
        userModeLock: true,
        altStreams: true,
        volumeLabel: undefined,
        fileSystemName: undefined,
        onError: (error) => errors.push(error),
      });
      const backend = new LibraryBackend(dispatcher, { allocationUnitSize: 512, sectorSize: 512 });
      const contexts: Fields[] = [];
      for (const { order, reply } of recording.orders ?? []) {
        const given = orderOf(order, contexts) as never;
        const answer = (await backend[order.op as Exclude<keyof DriverBackend, 'expire'>](
          given,
        )) as Fields;
        if (order.op === 'create') {
          contexts.push({ context: answer['context'], isDirectory: answer['isDirectory'] });
        }
        expect(errors).toEqual([]);
        const actual = comparable(answer);
        const expected = comparable(reply);
        // Left out in a failure, or of the recording process.
        if (recording.case === 'query security, not implemented') continue;
        for (const [name, value] of Object.entries(actual)) {
          if (name === 'isDirectory' && order.op === 'create' && actual['status'] !== 0) continue;
          expect(value, `${order.op}: ${name}`).toEqual(expected[name]);
        }
        expect(actual['entries']).toEqual(expected['entries']);
      }
      expect(script.left).toEqual([]);
    },
  );
});
