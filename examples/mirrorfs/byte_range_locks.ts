import { DokanError, NtStatus } from 'node-dokan';

type Inode = number | bigint;

interface Lock<Owner> {
  readonly owner: Owner;
  readonly offset: number;
  readonly length: number;
}

/** The byte ranges that opens have locked: for the option `userModeLock`. */
export class ByteRangeLocks<Owner> {
  readonly #files = new Map<Inode, Lock<Owner>[]>();

  /** @throws DokanError LOCK_NOT_GRANTED when another owner has some of the range */
  lock(inode: Inode, owner: Owner, offset: number, length: number): void {
    const locks = this.#files.get(inode) ?? [];
    const taken = locks.some((lock) => lock.owner !== owner && overlaps(lock, offset, length));
    if (taken) throw new DokanError(NtStatus.LOCK_NOT_GRANTED);
    locks.push({ owner, offset, length });
    this.#files.set(inode, locks);
  }

  /** @throws DokanError RANGE_NOT_LOCKED unless the owner has locked exactly this range */
  unlock(inode: Inode, owner: Owner, offset: number, length: number): void {
    const locks = this.#files.get(inode) ?? [];
    const index = locks.findIndex(
      (lock) => lock.owner === owner && lock.offset === offset && lock.length === length,
    );
    if (index < 0) throw new DokanError(NtStatus.RANGE_NOT_LOCKED);
    this.#keep(inode, locks.toSpliced(index, 1));
  }

  release(inode: Inode, owner: Owner): void {
    const locks = this.#files.get(inode) ?? [];
    this.#keep(
      inode,
      locks.filter((lock) => lock.owner !== owner),
    );
  }

  #keep(inode: Inode, locks: Lock<Owner>[]): void {
    if (locks.length > 0) this.#files.set(inode, locks);
    else this.#files.delete(inode);
  }
}

function overlaps(lock: Lock<unknown>, offset: number, length: number): boolean {
  return lock.offset < offset + length && offset < lock.offset + lock.length;
}
