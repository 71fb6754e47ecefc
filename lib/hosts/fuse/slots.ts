/** Below this many slots their memory is not worth giving back. */
const SMALL = 256;

/**
 * Objects by number, from 1. A number is used again only after its removal, the one given back last
 * first; the memory of many that are gone is given back.
 */
export class Slots<T extends object> {
  /** In a free slot the next free number; 0 ends that chain, and slot 0 is never used. */
  readonly #slots: (T | number)[] = [0];
  #free = 0;
  #size = 0;
  /** With fewer objects than this the free end is cut off. */
  #trimBelow = 0;

  get size(): number {
    return this.#size;
  }

  /** The number the next object will have. */
  get next(): number {
    return this.#free === 0 ? this.#slots.length : this.#free;
  }

  get(number: number): T | undefined {
    const slot = this.#slots[number];
    return typeof slot === 'object' ? slot : undefined;
  }

  /** @returns its number */
  add(value: T): number {
    const number = this.next;
    const slot = this.#slots[number];
    if (typeof slot === 'number') this.#free = slot;
    this.#slots[number] = value;
    this.#size += 1;
    const { length } = this.#slots;
    if (length > SMALL && this.#size * 2 > length) this.#trimBelow = length / 4;
    return number;
  }

  remove(number: number): T | undefined {
    const value = this.get(number);
    if (value === undefined) return undefined;
    this.#slots[number] = this.#free;
    this.#free = number;
    this.#size -= 1;
    if (this.#size < this.#trimBelow) this.#trim();
    return value;
  }

  /** In the order of their numbers. They may be removed meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let number = 1; number < this.#slots.length; number += 1) {
      const value = this.get(number);
      if (value !== undefined) yield value;
    }
  }

  /** Looks at every slot, and so comes again only when a quarter of the objects is left, or none. */
  #trim(): void {
    const slots = this.#slots;
    let { length } = slots;
    while (length > 1 && typeof slots[length - 1] === 'number') length -= 1;
    slots.length = length;
    this.#free = 0;
    for (let number = length - 1; number > 0; number -= 1) {
      if (typeof slots[number] === 'object') continue;
      slots[number] = this.#free;
      this.#free = number;
    }
    this.#trimBelow = this.#size / 4;
  }
}
