import { getSystemErrorName } from 'node:util';
import { DokanError, NtStatus } from 'node-dokan';

/**
 * The errors of failed system calls, one per errno, made when first needed and thrown again and
 * again: programs ask for names that are not there all day, and making an error takes longer than
 * finding out that there is no such file.
 */
const failures: Error[] = [];

/** What most lookups that fail fail with: made already, as the dispatcher wants it. */
const NOT_FOUND = new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);

/** @param result - the negative errno a call returned */
export function failure(result: number): Error {
  return (failures[-result] ??= makeFailure(result));
}

function makeFailure(result: number): Error {
  const code = getSystemErrorName(result);
  return code === 'ENOENT' ? NOT_FOUND : Object.assign(new Error(code), { code });
}

/** Passes on what a call returned, or throws what it failed with. */
export function check(result: number): number {
  if (result < 0) throw failure(result);
  return result;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** True when `error` has one of these codes: errno names, or names of NTSTATUS values. */
export function failedWith(error: unknown, ...codes: string[]): boolean {
  const code = codeOf(error);
  return typeof code === 'string' && codes.includes(code);
}

/** There is no such file. */
export function isMissing(error: unknown): boolean {
  return failedWith(error, 'ENOENT', 'OBJECT_NAME_NOT_FOUND');
}

/** There is such a file already. */
export function isCollision(error: unknown): boolean {
  return failedWith(error, 'EEXIST');
}
