import { DokanError, NtStatus } from 'node-dokan';

interface Lock {
  readonly owner: object;
  readonly start: number;
  readonly end: number;
}

/** The byte-range locks of one stream: exclusive, by open, as LockFile(3) has them. */
export class RangeLocks {
  #locks: Lock[] = [];

  /** @throws DokanError LOCK_NOT_GRANTED where any byte of the range is locked, by whomever */
  lock(owner: object, offset: number, length: number): void {
    const end = offset + length;
    if (this.#locks.some((lock) => lock.start < end && offset < lock.end)) {
      throw new DokanError(NtStatus.LOCK_NOT_GRANTED);
    }
    this.#locks.push({ owner, start: offset, end });
  }

  /** @throws DokanError RANGE_NOT_LOCKED unless it is exactly a range that the owner locked */
  unlock(owner: object, offset: number, length: number): void {
    const end = offset + length;
    const index = this.#locks.findIndex(
      (lock) => lock.owner === owner && lock.start === offset && lock.end === end,
    );
    if (index === -1) throw new DokanError(NtStatus.RANGE_NOT_LOCKED);
    this.#locks.splice(index, 1);
  }

  /** The owner is gone, and its locks with it. */
  release(owner: object): void {
    this.#locks = this.#locks.filter((lock) => lock.owner !== owner);
  }
}
