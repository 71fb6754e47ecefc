import { fill } from '../../bytes_read.js';
import { CreateDisposition } from '../../constants.js';
import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { IoFlags, withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import * as access from './access.js';
import { fuseError } from './fuse_error.js';
import { Errno } from './protocol.js';

/** Alternate streams, read and written whole as extended attributes are. */

/** XATTR_SIZE_MAX: a longer stream is no attribute. */
const LONGEST_VALUE = 65536;

const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;

interface Streaming {
  readonly target: RequestTarget;
  readonly open: Open;
  readonly path: string;
  readonly caller: Caller;
}

/** The whole content of an open stream. */
export function readStream(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<Buffer> {
  const info = target.getFileInformation(open, path, caller);
  return andThen(info, readAll, { target, open, path, caller });
}

function readAll(
  info: FileInformation,
  { target, open, path, caller }: Streaming,
): Outcome<Buffer> {
  const size = info.size ?? 0;
  if (size > LONGEST_VALUE) throw fuseError(Errno.E2BIG);
  const value = Buffer.alloc(size);
  if (size === 0) return value;
  const read = target.readFile(open, path, value, 0, IoFlags.SYNCHRONOUS_IO, caller);
  return andThen(read, firstBytes, value);
}

function firstBytes(read: number | Uint8Array, value: Buffer): Buffer {
  return value.subarray(0, fill(value, read));
}

/**
 * Makes `value` the content of a stream. The old content is overwritten, not dropped first: when
 * there is no room for the new one, the old one is still there.
 * @param flags - XATTR_CREATE, XATTR_REPLACE or 0
 */
export function writeStream(
  target: RequestTarget,
  path: string,
  value: Buffer,
  flags: number,
  caller: Caller,
): Outcome<void> {
  const disposition =
    flags === XATTR_CREATE
      ? CreateDisposition.CREATE
      : flags === XATTR_REPLACE
        ? CreateDisposition.OPEN
        : CreateDisposition.OPEN_IF;
  const how = access.writeStream(disposition);
  return withOpen(target, path, how, caller, replace, value, undefined);
}

interface Replacing extends Streaming {
  readonly value: Buffer;
}

function replace(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  value: Buffer,
): Outcome<void> {
  const replacing: Replacing = { target, open, path, caller, value };
  try {
    const written =
      value.length === 0
        ? 0
        : target.writeFile(open, path, value, 0, IoFlags.SYNCHRONOUS_IO, caller);
    const done = andThen(written, cut, replacing);
    return done instanceof Promise
      ? done.catch((error: unknown) => dropNew(replacing, error))
      : done;
  } catch (error) {
    return dropNew(replacing, error);
  }
}

function cut(count: number, { target, open, path, caller, value }: Replacing): Outcome<void> {
  if (count < value.length) throw fuseError(Errno.ENOSPC);
  return target.setEndOfFile(open, path, value.length, caller);
}

/** A stream that was made for a value it could not take goes again. */
function dropNew({ target, open, path, caller }: Replacing, error: unknown): Outcome<void> {
  if (open.createResult !== 'created') throw error;
  const fail = (): never => {
    throw error;
  };
  try {
    const dropped = target.setDisposition(open, path, true, caller);
    return dropped instanceof Promise ? dropped.then(fail, fail) : fail();
  } catch {
    return fail();
  }
}
