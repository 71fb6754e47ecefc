import { DokanError } from '../../errors.js';
import type { Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import type { Request } from './request.js';
import { RequestFlag } from './slot.js';

/** Byte-range locks. Dokan brings them only with the option `userModeLock`. */

export function lockFile(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const { session, offset } = request;
  return session.target.lockFile(entry.open, path, offset, rangeLength(request), request);
}

export function unlockFile(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const { session, offset } = request;
  return session.target.unlockFile(entry.open, path, offset, rangeLength(request), request);
}

/**
 * A lock may reach beyond the largest file there can be: programs lock "all of it" with a length of
 * 2^64-1. What lies beyond 2^53-1 is cut off, for the lock and for its unlock alike.
 */
function rangeLength(request: Request): number {
  const { offset, length } = request;
  if (request.has(RequestFlag.OUT_OF_RANGE)) throw new DokanError(NtStatus.INVALID_PARAMETER);
  return request.has(RequestFlag.LENGTH_OUT_OF_RANGE) ? Number.MAX_SAFE_INTEGER - offset : length;
}
