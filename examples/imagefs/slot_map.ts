import { SLOT_SIZE } from './record.js';

/** Which of a directory's slots of 32 bytes are taken. */
export class SlotMap {
  /** What the first byte of a free slot says; a zero says that all after it are free as well. */
  static readonly FREE = 0xe5;

  #taken: Uint8Array;
  /** Slots from here on were never used. */
  #end: number;
  /** Free slots before the end. */
  #holes = 0;
  /** Up to this slot, what is behind the end may look like records. */
  readonly #dirtyUntil: number;

  /** @param bytes - the directory */
  constructor(bytes: Buffer) {
    const count = bytes.length / SLOT_SIZE;
    this.#taken = new Uint8Array(count);
    this.#end = count;
    for (let slot = 0; slot < count; slot += 1) {
      const first = bytes[slot * SLOT_SIZE];
      if (first === 0) {
        this.#end = slot;
        break;
      }
      if (first === SlotMap.FREE) this.#holes += 1;
      else this.#taken[slot] = 1;
    }
    const isDirty = bytes.subarray(this.#end * SLOT_SIZE).some((byte) => byte !== 0);
    this.#dirtyUntil = isDirty ? count : 0;
  }

  /** @returns the first of `count` free slots in a row; undefined when there is no such row */
  find(count: number): number | undefined {
    if (this.#holes >= count) {
      let length = 0;
      for (let slot = 0; slot < this.#end; slot += 1) {
        length = this.#taken[slot] === 0 ? length + 1 : 0;
        if (length === count) return slot + 1 - count;
      }
    }
    return this.#end + count <= this.#taken.length ? this.#end : undefined;
  }

  take(start: number, count: number): void {
    this.#taken.fill(1, start, start + count);
    if (start >= this.#end) this.#end = start + count;
    else this.#holes -= count;
  }

  give(start: number, count: number): void {
    this.#taken.fill(0, start, start + count);
    this.#holes += count;
  }

  /** There are more slots, filled with zeros. */
  extend(count: number): void {
    const more = new Uint8Array(this.#taken.length + count);
    more.set(this.#taken);
    this.#taken = more;
  }

  /** The slot a zero must be written to, so that nothing behind it counts. */
  endToWrite(): number | undefined {
    return this.#end < this.#dirtyUntil ? this.#end : undefined;
  }
}
