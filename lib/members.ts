/** What can be among `Members`: of one at a time. */
export interface Member {
  /** Where it is among them, kept by them; -1: nowhere. */
  position: number;
}

/**
 * What comes and goes with every open or request, in no order. A Set or Map would make a new table
 * every few times, and keep what the old ones refer to alive.
 */
export class Members<T extends Member> {
  readonly #items: T[] = [];
  readonly #count: Float64Array | undefined;

  /** @param count - one number that is kept at the size, for others to see */
  constructor(count?: Float64Array) {
    this.#count = count;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Nothing happens when it is there already. */
  add(item: T): void {
    if (item.position >= 0) return;
    item.position = this.#items.push(item) - 1;
    this.#tell();
  }

  /** Nothing happens when it is not there. */
  delete(item: T): void {
    const { position } = item;
    if (position < 0) return;
    item.position = -1;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      this.#items[position] = last;
      last.position = position;
    }
    this.#tell();
  }

  /** All that are there now: they may be deleted meanwhile. */
  all(): T[] {
    return [...this.#items];
  }

  /** The first one found of those that are wanted. */
  find(wanted: (item: T) => boolean): T | undefined {
    return this.#items.find(wanted);
  }

  #tell(): void {
    if (this.#count !== undefined) this.#count[0] = this.#items.length;
  }
}
