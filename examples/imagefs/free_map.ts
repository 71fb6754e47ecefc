/** Which clusters are free: a bit for each, so that finding one does not read the table. */
export class FreeMap {
  readonly #words: Uint32Array;
  readonly #count: number;
  free = 0;

  /** All are taken at first. @param count - how many there are; they are numbered from 0 */
  constructor(count: number) {
    this.#count = count;
    this.#words = new Uint32Array(Math.ceil(count / 32));
  }

  #isFree(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  give(index: number): void {
    if (this.#isFree(index)) return;
    this.#words[index >>> 5]! |= 1 << (index & 31);
    this.free += 1;
  }

  take(index: number): void {
    if (!this.#isFree(index)) return;
    this.#words[index >>> 5]! &= ~(1 << (index & 31));
    this.free -= 1;
  }

  /** The first free one from `start` on, then from the beginning. @returns -1 when there is none */
  next(start: number): number {
    const from = start < this.#count ? start : 0;
    const found = this.#search(from, this.#count);
    return found === -1 ? this.#search(0, from) : found;
  }

  #search(start: number, end: number): number {
    for (let index = start; index < end;) {
      const rest = (this.#words[index >>> 5] ?? 0) >>> (index & 31);
      if (rest !== 0) {
        const found = index + (31 - Math.clz32(rest & -rest));
        return found < end ? found : -1;
      }
      index = (index | 31) + 1;
    }
    return -1;
  }
}
