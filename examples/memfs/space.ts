import { DokanError, NtStatus } from 'node-dokan';

/** The room on the volume. Whatever is stored takes its bytes here first. */
export class Space {
  readonly capacity: number;
  #used = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  get free(): number {
    return this.capacity - this.#used;
  }

  /**
   * @param bytes - negative gives back
   * @throws DokanError DISK_FULL, having taken nothing
   */
  take(bytes: number): void {
    if (bytes > this.free) throw new DokanError(NtStatus.DISK_FULL);
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
