import { FileAccess } from '../../constants.js';
import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { demand } from './access_rights.js';
import type { FileObject } from './file_object.js';
import type { LockOwner } from './range_locks.js';

const { READ_DATA, WRITE_DATA, APPEND_DATA } = FileAccess;

/**
 * NtReadFile.
 * @param key - of the lock the bytes may be under
 * @throws DokanError END_OF_FILE where there is nothing to read, FILE_LOCK_CONFLICT under somebody
 *   else's exclusive lock
 */
export async function readFile(
  file: FileObject,
  offset: number,
  length: number,
  key: number,
): Promise<Buffer> {
  file.checkHandle();
  demand(file.granted, READ_DATA);
  checkSectors(file, offset, length);
  file.driver.admit(false);
  if (length === 0) return Buffer.alloc(0);
  if (file.control.isDirectory) throw new DokanError(NtStatus.INVALID_PARAMETER);
  if (file.control.section !== undefined) await file.control.section.flush();
  if (!file.control.locks.mayRead(ownerOf(file, key), offset, length)) {
    throw new DokanError(NtStatus.FILE_LOCK_CONFLICT);
  }
  const { data } = await file.order(false, (order) =>
    file.driver.backend.read({ ...order, ...transferFlags(file), offset, length }),
  );
  return data;
}

/**
 * NtWriteFile. Locks do not keep writers out: the driver does not look at them.
 * @param offset - 'end': at the end of the file; so is every write of a handle that may only append
 * @returns bytes written
 */
export async function writeFile(
  file: FileObject,
  offset: number | 'end',
  data: Buffer,
): Promise<number> {
  file.checkHandle();
  demand(file.granted, WRITE_DATA | APPEND_DATA);
  if (offset !== 'end') checkSectors(file, offset, data.length);
  file.driver.admit(true);
  if (data.length === 0) return 0;
  if (file.control.isDirectory) throw new DokanError(NtStatus.INVALID_PARAMETER);
  const mayOnlyAppend = (file.granted & WRITE_DATA) === 0;
  const writeToEndOfFile = offset === 'end' || mayOnlyAppend;
  if (file.control.section !== undefined) await file.control.section.flushAndPurge();
  const { written } = await file.order(true, (order) =>
    file.driver.backend.write({
      ...order,
      ...transferFlags(file),
      offset: writeToEndOfFile ? -1 : offset,
      data,
      writeToEndOfFile,
    }),
  );
  // A mapping that was read meanwhile would show what was there before.
  if (file.control.section !== undefined) await file.control.section.flushAndPurge();
  return written;
}

/** NtFlushBuffersFile. */
export async function flushFile(file: FileObject): Promise<void> {
  file.checkHandle();
  demand(file.granted, WRITE_DATA | APPEND_DATA);
  file.driver.admit(true);
  if (file.control.section !== undefined) await file.control.section.flush();
  await file.order(true, (order) => file.driver.backend.flush(order));
}

/** How a range is locked. */
export interface LockParameters {
  readonly exclusive: boolean;
  readonly wait: boolean;
  readonly key: number;
}

/** NtLockFile. @throws DokanError LOCK_NOT_GRANTED; INVALID_PARAMETER for a directory */
export async function lockFile(
  file: FileObject,
  offset: number,
  length: number,
  how: LockParameters,
): Promise<void> {
  checkLockable(file);
  if (file.driver.settings.userModeLock) {
    await file.order(false, (order) => file.driver.backend.lock({ ...order, offset, length }));
    return;
  }
  const { locks } = file.control;
  await locks.lock(ownerOf(file, how.key), offset, length, how.exclusive, how.wait);
}

/** NtUnlockFile. @throws DokanError RANGE_NOT_LOCKED */
export async function unlockFile(
  file: FileObject,
  offset: number,
  length: number,
  key: number,
): Promise<void> {
  checkLockable(file);
  if (file.driver.settings.userModeLock) {
    await file.order(false, (order) => file.driver.backend.unlock({ ...order, offset, length }));
    return;
  }
  file.control.locks.unlock(ownerOf(file, key), offset, length);
}

function checkLockable(file: FileObject): void {
  file.checkHandle();
  demand(file.granted, READ_DATA | WRITE_DATA);
  file.driver.admit(false);
  if (file.control.isDirectory && !file.driver.settings.userModeLock) {
    throw new DokanError(NtStatus.INVALID_PARAMETER);
  }
}

function ownerOf(file: FileObject, key: number): LockOwner {
  return { open: file, processId: file.processId, key };
}

/** @throws DokanError INVALID_PARAMETER for what no disk could transfer without a buffer */
function checkSectors(file: FileObject, offset: number, length: number): void {
  const { sectorSize } = file.driver.settings;
  if (file.isUncached && (offset % sectorSize !== 0 || length % sectorSize !== 0)) {
    throw new DokanError(NtStatus.INVALID_PARAMETER);
  }
}

function transferFlags(file: FileObject): {
  pagingIo: boolean;
  synchronousIo: boolean;
  noCache: boolean;
} {
  return { pagingIo: false, synchronousIo: file.isSynchronous, noCache: file.isUncached };
}
