import { FileAttributes } from '../../constants.js';
import { DokanError } from '../../errors.js';
import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import { CHANGE_ATTRIBUTES } from './access.js';
import { attributesOf } from './attributes.js';

/**
 * NT protects a file with the attribute READONLY from deletion and from being replaced, POSIX does
 * not: there the rights of the directory count. So where that attribute is in the way, it is taken
 * away first, as Samba and NTFS-3G do, and put back when the removal fails nevertheless.
 */

/** NT's words for it, which may also mean something else. */
function mayBeReadOnly(error: unknown): boolean {
  return (
    error instanceof DokanError &&
    (error.status === NtStatus.CANNOT_DELETE || error.status === NtStatus.ACCESS_DENIED)
  );
}

/**
 * @param paths - what may be READONLY, that which `work` is about first
 * @param moved - where `work` puts the first one, which then is READONLY as before
 * @returns what `work` gives, or what it gives once they are READONLY no more
 */
export function despiteReadOnly(
  target: RequestTarget,
  paths: readonly string[],
  caller: Caller,
  work: () => Outcome<void>,
  moved?: string,
): Outcome<void> {
  const again = (error: unknown): Promise<void> => {
    if (!mayBeReadOnly(error) || !target.supports('setFileAttributes')) throw error;
    return withoutReadOnly(target, paths, caller, work, error, moved);
  };
  try {
    const outcome = work();
    return outcome instanceof Promise ? outcome.catch(again) : outcome;
  } catch (error) {
    return again(error);
  }
}

/** A file whose attributes were changed, and what they were. */
interface Cleared {
  readonly path: string;
  readonly attributes: number;
}

async function withoutReadOnly(
  target: RequestTarget,
  paths: readonly string[],
  caller: Caller,
  work: () => Outcome<void>,
  error: unknown,
  moved: string | undefined,
): Promise<void> {
  const cleared: Cleared[] = [];
  try {
    for (const path of paths) {
      const attributes = await readOnlyAttributes(target, path, caller);
      if (attributes === undefined) continue;
      await setAttributes(target, path, caller, attributes & ~FileAttributes.READONLY);
      cleared.push({ path, attributes });
    }
    if (cleared.length === 0) throw error;
    await work();
  } catch (failure) {
    for (const { path, attributes } of cleared) await putBack(target, path, caller, attributes);
    throw failure;
  }
  const [first] = cleared;
  if (moved !== undefined && first?.path === paths[0]) {
    await setAttributes(target, moved, caller, first?.attributes ?? 0);
  }
}

/** @returns undefined when the file is not READONLY, or not there */
async function readOnlyAttributes(
  target: RequestTarget,
  path: string,
  caller: Caller,
): Promise<number | undefined> {
  let info: FileInformation;
  try {
    info = await target.queryOpen(path, caller);
  } catch {
    return undefined;
  }
  const attributes = attributesOf(info);
  return (attributes & FileAttributes.READONLY) === 0 ? undefined : attributes;
}

/** One that fails keeps the others from nothing, and the failure it follows is the one to tell. */
async function putBack(
  target: RequestTarget,
  path: string,
  caller: Caller,
  attributes: number,
): Promise<void> {
  try {
    await setAttributes(target, path, caller, attributes);
  } catch {
    // It stays writable.
  }
}

function setAttributes(
  target: RequestTarget,
  path: string,
  caller: Caller,
  attributes: number,
): Outcome<void> {
  const given = attributes || FileAttributes.NORMAL;
  return withOpen(target, path, CHANGE_ATTRIBUTES, caller, change, given, undefined);
}

function change(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  attributes: number,
): Outcome<void> {
  return target.setFileAttributes(open, path, attributes, caller);
}
