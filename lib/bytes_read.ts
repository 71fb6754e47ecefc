import { DokanError } from './errors.js';
import { NtStatus } from './status.js';

/**
 * Puts what a read was answered with into the memory that was to be filled.
 * @param read - bytes that are there already, or those of the file system's own memory
 * @returns bytes that are there
 * @throws DokanError INTERNAL_ERROR for memory that was taken away since it was answered with
 */
export function fill(buffer: Buffer, read: number | Uint8Array): number {
  if (typeof read === 'number') return read;
  const { length } = read;
  if (length === 0) throw new DokanError(NtStatus.INTERNAL_ERROR);
  buffer.set(read);
  return length;
}
