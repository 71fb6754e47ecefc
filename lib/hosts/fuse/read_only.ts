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

/** A removal or a replacement that a READONLY file may be in the way of. */
export interface Removal {
  readonly target: RequestTarget;
  /** What is removed or moved. */
  readonly path: string;
  /** Where it is moved to, which then is READONLY as before. */
  readonly newPath: string | undefined;
  /** Something else may be at `newPath`, and is replaced. */
  readonly replaces: boolean;
  readonly caller: Caller;
}

/**
 * @param work - done once more when the files are READONLY no more
 * @param removal - what the work is about, which it is given
 * @returns what `work` gives
 */
export function despiteReadOnly<R extends Removal>(
  work: (removal: R) => Outcome<void>,
  removal: R,
): Outcome<void> {
  let outcome: Outcome<void>;
  try {
    outcome = work(removal);
  } catch (error) {
    return again(work, removal, error);
  }
  return outcome instanceof Promise ? againLater(work, removal, outcome) : outcome;
}

async function againLater<R extends Removal>(
  work: (removal: R) => Outcome<void>,
  removal: R,
  working: Promise<void>,
): Promise<void> {
  try {
    await working;
  } catch (error) {
    await again(work, removal, error);
  }
}

function again<R extends Removal>(
  work: (removal: R) => Outcome<void>,
  removal: R,
  error: unknown,
): Promise<void> {
  if (!mayBeReadOnly(error) || !removal.target.supports('setFileAttributes')) throw error;
  return withoutReadOnly(work, removal, error);
}

/** A file whose attributes were changed, and what they were. */
interface Cleared {
  readonly path: string;
  readonly attributes: number;
}

async function withoutReadOnly<R extends Removal>(
  work: (removal: R) => Outcome<void>,
  removal: R,
  error: unknown,
): Promise<void> {
  const { target, path: first, newPath, replaces, caller } = removal;
  const paths = newPath !== undefined && replaces ? [first, newPath] : [first];
  const cleared: Cleared[] = [];
  try {
    for (const path of paths) {
      const attributes = await readOnlyAttributes(target, path, caller);
      if (attributes === undefined) continue;
      await setAttributes(target, path, caller, attributes & ~FileAttributes.READONLY);
      cleared.push({ path, attributes });
    }
    if (cleared.length === 0) throw error;
    await work(removal);
  } catch (failure) {
    for (const { path, attributes } of cleared) await putBack(target, path, caller, attributes);
    throw failure;
  }
  const [changed] = cleared;
  if (newPath !== undefined && changed?.path === first) {
    await setAttributes(target, newPath, caller, changed.attributes);
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
