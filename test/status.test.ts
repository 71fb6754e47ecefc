import { readFileSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { errnoTable, type ErrnoName } from '../lib/errno_table.js';
import {
  errnoFromStatus,
  errnoName,
  isSuccess,
  NtStatus,
  statusFromErrno,
  statusFromWin32,
  statusName,
  win32FromStatus,
  type NtStatusName,
} from '../lib/status.js';
import { statusTable, type StatusRow } from '../lib/status_table.js';
import { otherStatuses } from '../lib/status_table_other.js';

const rows = Object.entries(statusTable) as [NtStatusName, StatusRow][];
const codes = rows.flatMap(([name, [, , , chosenFor = []]]) =>
  chosenFor.map((code) => ({ name, code })),
);
const recorded = (
  JSON.parse(readFileSync(new URL('data/win32-status.json', import.meta.url), 'utf8')) as [
    number,
    string,
  ][]
).map(([error, status]): [number, number] => [error, Number(status)]);

/** Errnos that share another one's status, and what they therefore come back as. */
const SHARED: Partial<Record<ErrnoName, ErrnoName>> = {
  EALREADY: 'EINPROGRESS',
  EBADFD: 'EBADF',
  ECHILD: 'ESRCH',
  EDESTADDRREQ: 'EADDRNOTAVAIL',
  EIDRM: 'ESTALE',
  ENFILE: 'EMFILE',
  ENOMSG: 'ENODATA',
  ENONET: 'ENETUNREACH',
  ENOSR: 'ENOBUFS',
  ENOSTR: 'ENOTTY',
  ENOTSOCK: 'EINVAL',
  ERESTART: 'EINTR',
  ESTRPIPE: 'EPIPE',
  ETIME: 'ETIMEDOUT',
  ETOOMANYREFS: 'EMLINK',
  EUNATCH: 'ENODEV',
  ...sharing('EINVAL', ['ECHRNG', 'ELNRNG', 'EBADE', 'EBADR', 'EBADRQC', 'EBADSLT']),
  ...sharing('ENOEXEC', ['ELIBBAD', 'ELIBSCN', 'ELIBMAX', 'ELIBEXEC']),
  ...sharing('EOPNOTSUPP', ['ENOPKG', 'EMULTIHOP', 'EPROTOTYPE', 'ENOPROTOOPT']),
  ...sharing('EOPNOTSUPP', ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EPFNOSUPPORT', 'EAFNOSUPPORT']),
  ...sharing('EIO', ['EL2NSYNC', 'EL3HLT', 'EL3RST', 'EL2HLT', 'ENOCSI', 'EXFULL', 'ENOANO']),
  ...sharing('EIO', ['EBFONT', 'EADV', 'ESRMNT', 'EDOTDOT', 'ENOTNAM', 'ENAVAIL', 'EISNAM']),
  ...sharing('EIO', ['EOWNERDEAD', 'ENOTRECOVERABLE']),
};

function sharing(canonical: ErrnoName, names: ErrnoName[]): Partial<Record<ErrnoName, ErrnoName>> {
  return Object.fromEntries(names.map((name) => [name, canonical]));
}

describe('the table', () => {
  it('has each value once', () => {
    expect(new Set(rows.map(([, [value]]) => value)).size).toBe(rows.length);
  });

  it('has no name in both of its parts', () => {
    const parts = Object.keys(otherStatuses).length;
    const fileSystem = rows.filter(([name]) => !(name in otherStatuses)).length;
    expect(parts + fileSystem).toBe(rows.length);
    expect(
      Object.entries(otherStatuses).every(([name, row]) => statusTable[name as never] === row),
    ).toBe(true);
  });

  it('chooses one status for a code', () => {
    expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length);
  });

  it.each(rows)('%s', (name, row) => {
    const [value, errno, win32, chosenFor = []] = row;
    expect(NtStatus[name]).toBe(value);
    expect(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff).toBe(true);
    expect(statusName(value)).toBe(name);
    expect(statusName(value | 0)).toBe(name);
    // Bits 28 and 29 mark reserved and application codes: none of Microsoft's has them.
    expect((value >>> 28) & 3).toBe(0);

    expect(isSuccess(value)).toBe(value < 0x8000_0000);
    expect(isSuccess(value | 0)).toBe(isSuccess(value));
    if (isSuccess(value)) {
      expect(errno).toBeNull();
      expect(errnoFromStatus(value)).toBe(0);
    } else {
      const expectedErrno = errnoTable[errno ?? 'EIO'];
      expect(errnoFromStatus(value)).toBe(expectedErrno);
      expect(errnoFromStatus(value | 0)).toBe(expectedErrno);
    }

    expect(win32FromStatus(value)).toBe(win32 ?? 317);
    expect(win32FromStatus(value | 0)).toBe(win32 ?? 317);
    for (const code of chosenFor) {
      expect(typeof code === 'string' ? statusFromErrno(code) : statusFromWin32(code)).toBe(value);
    }
  });
});

describe('errno', () => {
  it.each(Object.entries(errnoTable) as [ErrnoName, number][])('%s = %i', (name, number) => {
    const canonical = errnoName(number);
    expect(errnoTable[canonical as ErrnoName]).toBe(number);

    const status = statusFromErrno(name);
    expect(status).toBeDefined();
    expect(isSuccess(status!)).toBe(false);
    // A status that says nothing to Windows programs would be no good choice.
    expect(win32FromStatus(status!)).not.toBe(317);
    expect(errnoName(errnoFromStatus(status!))).toBe(SHARED[name] ?? canonical);
  });

  it('has all 133 numbers of Linux but the two that were never given', () => {
    const missing = Array.from({ length: 134 }, (_, errno) => errno).filter(
      (errno) => errnoName(errno) === undefined,
    );
    expect(missing).toEqual([0, 41, 58]);
  });

  it.runIf(process.platform === 'linux')('agrees with the C library', () => {
    for (const [name, number] of Object.entries(constants.errno)) {
      expect([name, errnoTable[name as ErrnoName]]).toEqual([name, number]);
    }
  });

  it('knows every code of libuv', () => {
    const unknown = [...getSystemErrorMap().values()]
      .map(([code]) => code)
      .filter((code) => statusFromErrno(code) === undefined);
    expect(unknown).toEqual([]);
    expect(statusFromErrno('UNKNOWN')).toBe(NtStatus.UNSUCCESSFUL);
    expect(statusFromErrno('EOF')).toBe(NtStatus.END_OF_FILE);
    expect(statusFromErrno('ECHARSET')).toBe(NtStatus.UNMAPPABLE_CHARACTER);
  });

  it('knows nothing else', () => {
    for (const code of ['', 'enoent', 'ERR_INVALID_ARG_TYPE', 'toString', '__proto__', 'E']) {
      expect(statusFromErrno(code)).toBeUndefined();
    }
    for (const errno of [0, -2, 2.5, 134, 1e9, NaN]) expect(errnoName(errno)).toBeUndefined();
  });

  it('prefers the name Linux prefers', () => {
    expect(errnoName(2)).toBe('ENOENT');
    expect(errnoName(11)).toBe('EAGAIN');
    expect(errnoName(35)).toBe('EDEADLK');
    expect(errnoName(95)).toBe('EOPNOTSUPP');
  });

  // Both ways: these are what file systems live on.
  it.each([
    ['ENOENT', 'OBJECT_NAME_NOT_FOUND'],
    ['EEXIST', 'OBJECT_NAME_COLLISION'],
    ['EACCES', 'ACCESS_DENIED'],
    ['EROFS', 'MEDIA_WRITE_PROTECTED'],
    ['ENOTEMPTY', 'DIRECTORY_NOT_EMPTY'],
    ['EXDEV', 'NOT_SAME_DEVICE'],
    ['EISDIR', 'FILE_IS_A_DIRECTORY'],
    ['ENOTDIR', 'NOT_A_DIRECTORY'],
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'QUOTA_EXCEEDED'],
    ['EFBIG', 'FILE_TOO_LARGE'],
    ['EMLINK', 'TOO_MANY_LINKS'],
    ['ELOOP', 'REPARSE_POINT_NOT_RESOLVED'],
    ['ENAMETOOLONG', 'NAME_TOO_LONG'],
    ['EBUSY', 'SHARING_VIOLATION'],
    ['ETXTBSY', 'USER_MAPPED_FILE'],
    ['EINTR', 'CANCELLED'],
    ['ETIMEDOUT', 'IO_TIMEOUT'],
    ['ENOMEDIUM', 'NO_MEDIA_IN_DEVICE'],
    ['EOPNOTSUPP', 'NOT_SUPPORTED'],
    ['ENOSYS', 'NOT_IMPLEMENTED'],
    ['EINVAL', 'INVALID_PARAMETER'],
    ['EAGAIN', 'LOCK_NOT_GRANTED'],
    ['ESTALE', 'FILE_INVALID'],
    ['EILSEQ', 'UNMAPPABLE_CHARACTER'],
    ['ENODATA', 'NONEXISTENT_EA_ENTRY'],
    ['EIO', 'IO_DEVICE_ERROR'],
  ] as const)('%s <-> %s', (errno, status) => {
    expect(statusName(statusFromErrno(errno)!)).toBe(status);
    expect(errnoName(errnoFromStatus(NtStatus[status]))).toBe(errno);
  });

  it.each([
    ['OBJECT_PATH_NOT_FOUND', 'ENOENT'],
    ['NO_SUCH_FILE', 'ENOENT'],
    ['PRIVILEGE_NOT_HELD', 'EPERM'],
    ['CANNOT_DELETE', 'EPERM'],
    ['FILE_LOCK_CONFLICT', 'EAGAIN'],
    ['WRONG_VOLUME', 'ESTALE'],
    ['INTERNAL_ERROR', 'EIO'],
    ['UNSUCCESSFUL', 'EIO'],
    ['INSUFFICIENT_RESOURCES', 'ENOMEM'],
    ['STOPPED_ON_SYMLINK', 'ELOOP'],
  ] as const)('%s -> %s', (status, errno) => {
    expect(errnoName(errnoFromStatus(NtStatus[status]))).toBe(errno);
  });

  it("keeps Windows' access denied, which libuv calls EPERM or EACCES", () => {
    expect(win32FromStatus(statusFromErrno('EPERM')!)).toBe(5);
    expect(win32FromStatus(statusFromErrno('EACCES')!)).toBe(5);
  });

  it('never takes a failure for a success', () => {
    expect(errnoFromStatus(0xc0abcdef)).toBe(5);
    expect(errnoFromStatus(0x80abcdef)).toBe(5);
    expect(errnoFromStatus(0xffff_ffff)).toBe(5);
    expect(errnoFromStatus(-1)).toBe(5);
    expect(errnoFromStatus(NtStatus.PENDING)).toBe(0);
  });
});

describe('Win32', () => {
  const known = new Map(recorded);

  it.each(recorded)('error %i as the Dokan library maps it', (error, status) => {
    expect(statusFromWin32(error)).toBe(status);
  });

  it('gives ACCESS_DENIED for every other error, as the Dokan library does', () => {
    const others = Array.from({ length: 0x1_0000 }, (_, error) => error).filter(
      (error) => !known.has(error) && statusFromWin32(error) !== NtStatus.ACCESS_DENIED,
    );
    expect(others).toEqual([]);
    for (const error of [-1, 0.5, NaN, 0xffff_ffff]) {
      expect(statusFromWin32(error)).toBe(NtStatus.ACCESS_DENIED);
    }
  });

  it('comes back as it was, but for ERROR_FILE_EXISTS', () => {
    const changed = recorded.filter(([error, status]) => win32FromStatus(status) !== error);
    expect(changed).toEqual([[80, NtStatus.OBJECT_NAME_COLLISION]]);
  });

  it('follows the rules of RtlNtStatusToDosError beyond the table', () => {
    expect(win32FromStatus(0xc0abcdef)).toBe(317);
    // An application's own code.
    expect(win32FromStatus(0xe0000001)).toBe(0xe0000001);
    // 0xD... is 0xC..., and Win32 errors in disguise come out again.
    expect(win32FromStatus(0xd0000034)).toBe(2);
    expect(win32FromStatus(0x80070005)).toBe(5);
    expect(win32FromStatus(0xc0010005)).toBe(5);
  });
});

describe('statusName', () => {
  it('shows an unknown status as eight digits', () => {
    expect(statusName(0xc0abcdef)).toBe('NTSTATUS 0xC0ABCDEF');
    expect(statusName(0x0abc)).toBe('NTSTATUS 0x00000ABC');
  });
});

describe('NtStatus', () => {
  it('cannot be changed', () => {
    expect(Object.isFrozen(NtStatus)).toBe(true);
  });

  it('has the values everyone knows', () => {
    expect(NtStatus.SUCCESS).toBe(0);
    expect(NtStatus.PENDING).toBe(0x103);
    expect(NtStatus.BUFFER_OVERFLOW).toBe(0x80000005);
    expect(NtStatus.NO_MORE_FILES).toBe(0x80000006);
    expect(NtStatus.ACCESS_DENIED).toBe(0xc0000022);
    expect(NtStatus.OBJECT_NAME_NOT_FOUND).toBe(0xc0000034);
    expect(NtStatus.SHARING_VIOLATION).toBe(0xc0000043);
    expect(NtStatus.DELETE_PENDING).toBe(0xc0000056);
    expect(NtStatus.FILE_IS_A_DIRECTORY).toBe(0xc00000ba);
    expect(NtStatus.NOT_A_DIRECTORY).toBe(0xc0000103);
    expect(NtStatus.CANCELLED).toBe(0xc0000120);
  });
});
