import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';

/** Whose lock it is: the open, the process and the key it was taken with (all three, as in NT). */
export interface LockOwner {
  readonly open: object;
  readonly processId: number;
  readonly key: number;
}

interface Lock extends LockOwner {
  readonly offset: number;
  readonly end: number;
  readonly exclusive: boolean;
}

interface Waiting {
  readonly lock: Lock;
  readonly grant: () => void;
  readonly refuse: (error: DokanError) => void;
}

/**
 * The byte-range locks of one file, as FsRtlProcessFileLock keeps them for the Dokan driver (without
 * the option `userModeLock`). An exclusive lock shares its bytes with no other lock. A shared one
 * shares them with shared ones, and with an exclusive one of the same owner. A range of no bytes
 * conflicts with what it lies strictly inside of.
 */
export class RangeLocks {
  readonly #locks: Lock[] = [];
  readonly #waiting: Waiting[] = [];

  /**
   * @param offset - bytes
   * @param length - bytes; the range may lie beyond the end of the file
   * @param wait - wait for whoever holds the range, instead of failing
   * @throws DokanError LOCK_NOT_GRANTED; a wait ends with RANGE_NOT_LOCKED when the open is closed
   */
  lock(
    owner: LockOwner,
    offset: number,
    length: number,
    exclusive: boolean,
    wait: boolean,
  ): Promise<void> | undefined {
    const lock = { ...owner, offset, end: offset + length, exclusive };
    if (!this.#conflicts(lock)) {
      this.#locks.push(lock);
      return undefined;
    }
    if (!wait) throw new DokanError(NtStatus.LOCK_NOT_GRANTED);
    return new Promise((grant, refuse) => {
      this.#waiting.push({ lock, grant, refuse });
    });
  }

  /** @throws DokanError RANGE_NOT_LOCKED unless it is exactly a range that the owner locked */
  unlock(owner: LockOwner, offset: number, length: number): void {
    const isIt = (lock: Lock): boolean =>
      isOwner(lock, owner) && lock.offset === offset && lock.end === offset + length;
    // Exclusive first: of one range locked both ways the first unlock takes that one.
    let index = this.#locks.findIndex((lock) => lock.exclusive && isIt(lock));
    if (index === -1) index = this.#locks.findIndex(isIt);
    if (index === -1) throw new DokanError(NtStatus.RANGE_NOT_LOCKED);
    this.#locks.splice(index, 1);
    this.#grantWaiting();
  }

  /** The open is gone, with its locks and its waits. */
  release(open: object): void {
    for (let index = this.#locks.length - 1; index >= 0; index -= 1) {
      if (this.#locks[index]?.open === open) this.#locks.splice(index, 1);
    }
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      if (this.#waiting[index]?.lock.open !== open) continue;
      const [waiting] = this.#waiting.splice(index, 1);
      waiting?.refuse(new DokanError(NtStatus.RANGE_NOT_LOCKED));
    }
    this.#grantWaiting();
  }

  /** FsRtlCheckLockForReadAccess: somebody else's exclusive lock keeps readers out. */
  mayRead(owner: LockOwner, offset: number, length: number): boolean {
    const range = { offset, end: offset + length };
    return !this.#locks.some(
      (lock) => lock.exclusive && overlap(lock, range) && !isOwner(lock, owner),
    );
  }

  #conflicts(wanted: Lock): boolean {
    return this.#locks.some(
      (lock) =>
        overlap(lock, wanted) && (wanted.exclusive || (lock.exclusive && !isOwner(lock, wanted))),
    );
  }

  #grantWaiting(): void {
    for (let index = 0; index < this.#waiting.length;) {
      const waiting = this.#waiting[index]!;
      if (this.#conflicts(waiting.lock)) {
        index += 1;
        continue;
      }
      this.#waiting.splice(index, 1);
      this.#locks.push(waiting.lock);
      waiting.grant();
    }
  }
}

function isOwner(lock: LockOwner, owner: LockOwner): boolean {
  return lock.open === owner.open && lock.processId === owner.processId && lock.key === owner.key;
}

interface Range {
  readonly offset: number;
  readonly end: number;
}

function overlap(one: Range, other: Range): boolean {
  return one.offset < other.end && other.offset < one.end;
}
