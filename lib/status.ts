import { errnoTable } from './errno_table.js';
import { statusTable, type StatusRow } from './status_table.js';

/** The name of a status, as in Microsoft's tables without STATUS_. */
export type NtStatusName = keyof typeof statusTable;

/**
 * NTSTATUS values by name, unsigned: `NtStatus.OBJECT_NAME_NOT_FOUND` is 0xC0000034.
 *
 * Names and values are those of Microsoft's tables ([MS-ERREF] 2.3.1), without STATUS_.
 */
export const NtStatus: { readonly [Name in NtStatusName]: number } = Object.freeze(
  Object.fromEntries(
    Object.entries(statusTable).map(([name, [value]]): [string, number] => [name, value]),
  ) as Record<NtStatusName, number>,
);

/** ERROR_MR_MID_NOT_FOUND: what RtlNtStatusToDosError answers for a status it does not know. */
const UNKNOWN_WIN32 = 317;

const names = new Map<number, NtStatusName>();
const errnos = new Map<number, number>();
const win32s = new Map<number, number>();
const statusOfErrno = new Map<string, number>();
const statusOfWin32 = new Map<number, number>();
const errnoNames: (string | undefined)[] = [];

for (const [name, row] of Object.entries(statusTable) as [NtStatusName, StatusRow][]) {
  const [value, errno, win32, chosenFor = []] = row;
  names.set(value, name);
  if (errno !== null) errnos.set(value, errnoTable[errno]);
  if (win32 !== null) win32s.set(value, win32);
  for (const code of chosenFor) {
    if (typeof code === 'string') statusOfErrno.set(code, value);
    else statusOfWin32.set(code, value);
  }
}
for (const [name, errno] of Object.entries(errnoTable)) errnoNames[errno] ??= name;

/**
 * The name of a status, for people to read.
 *
 * @param status - NTSTATUS, unsigned or as the signed 32 bits of C
 * @returns `'OBJECT_NAME_NOT_FOUND'`, or `'NTSTATUS 0xC0ABCDEF'` where there is no name
 */
export function statusName(status: number): string {
  const value = status >>> 0;
  return names.get(value) ?? `NTSTATUS 0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}

/**
 * NT_SUCCESS: true for a success and for an information, false for a warning and for an error
 * (so BUFFER_OVERFLOW and NO_MORE_FILES, being warnings, are none).
 *
 * @param status - NTSTATUS, unsigned or as the signed 32 bits of C
 */
export function isSuccess(status: number): boolean {
  return (status | 0) >= 0;
}

/** True for what a request fails with because there is no such file. */
export function isMissing(status: number): boolean {
  return (
    status === NtStatus.OBJECT_NAME_NOT_FOUND ||
    status === NtStatus.OBJECT_PATH_NOT_FOUND ||
    status === NtStatus.NO_SUCH_FILE
  );
}

/**
 * The status for the `code` of a Node error.
 *
 * @param code - any errno of Linux, or what libuv gives besides (`'UNKNOWN'`, `'EOF'`, ...)
 * @returns NTSTATUS; undefined for a string that is no errno, such as `'ERR_INVALID_ARG_TYPE'`
 */
export function statusFromErrno(code: string): number | undefined {
  return statusOfErrno.get(code);
}

/**
 * The errno that says the same as a status.
 *
 * @param status - NTSTATUS, unsigned or as the signed 32 bits of C
 * @returns a positive errno of Linux, on every platform; EIO where nothing fits better; 0 only
 *   where `isSuccess(status)`
 */
export function errnoFromStatus(status: number): number {
  if (isSuccess(status)) return 0;
  return errnos.get(status >>> 0) ?? errnoTable.EIO;
}

/**
 * The name of an errno of Linux.
 *
 * @param errno - positive, as on the FUSE wire without its sign
 * @returns `'ENOENT'` for 2; undefined for a number that is no errno
 */
export function errnoName(errno: number): string | undefined {
  return errnoNames[errno];
}

/**
 * The status for a Win32 error, as the Dokan library's DokanNtStatusFromWin32 has it (recorded in
 * test/data/win32-status.json).
 *
 * @param error - what GetLastError returns
 * @returns NTSTATUS; ACCESS_DENIED for an error the Dokan library does not know
 */
export function statusFromWin32(error: number): number {
  return statusOfWin32.get(error) ?? NtStatus.ACCESS_DENIED;
}

/**
 * The Win32 error for a status, by the rules of RtlNtStatusToDosError.
 *
 * @param status - NTSTATUS, unsigned or as the signed 32 bits of C
 * @returns what GetLastError would return; 317 (ERROR_MR_MID_NOT_FOUND) for an unknown status
 */
export function win32FromStatus(status: number): number {
  const value = status >>> 0;
  // Set by applications for codes of their own: handed through as it is.
  if ((value & 0x2000_0000) !== 0) return value;
  // Bit 28, reserved, makes 0xD... another way to write 0xC...
  const known = win32s.get(value >>> 28 === 0xd ? (value & 0xefff_ffff) >>> 0 : value);
  if (known !== undefined) return known;
  // Win32 errors in disguise: HRESULT_FROM_WIN32, and the facility of the debugger's own.
  const facility = value >>> 16;
  return facility === 0x8007 || facility === 0xc001 ? value & 0xffff : UNKNOWN_WIN32;
}
