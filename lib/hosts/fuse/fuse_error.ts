import { DokanError } from '../../errors.js';
import { errnoFromStatus, NtStatus } from '../../status.js';
import { Errno } from './protocol.js';

/** A request is answered with this errno: for what only the FUSE protocol knows. */
export class FuseError extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`errno ${errno}`);
    this.name = 'FuseError';
    this.errno = errno;
  }
}

// Answers, not accidents: made once each, without a stack worth keeping.
const made = new Map<number, FuseError>();

/** The one FuseError of that errno. */
export function fuseError(errno: number): FuseError {
  let error = made.get(errno);
  if (error === undefined) {
    error = new FuseError(errno);
    made.set(errno, error);
  }
  return error;
}

/**
 * The errno a request fails with. A missing callback is EOPNOTSUPP: ENOSYS would tell the kernel
 * never to ask any file again.
 */
export function errnoOf(error: unknown): number {
  if (error instanceof FuseError) return error.errno;
  if (error instanceof DokanError) {
    if (error.status === NtStatus.NOT_IMPLEMENTED) return Errno.EOPNOTSUPP;
    const errno = errnoFromStatus(error.status);
    return errno === Errno.ENOSYS ? Errno.EOPNOTSUPP : errno;
  }
  return Errno.EIO;
}
