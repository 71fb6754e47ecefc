const SMALLEST = 64;

/**
 * Numbers by the hash of what they are found by: open addressing in one typed array, so that a
 * million of them are 16 MiB that the garbage collector need not look at. What is found by a hash
 * is compared by the caller:
 *
 *     for (let at = index.first(hash); at >= 0; at = index.next(at)) compare(index.id(at));
 */
export class IdIndex {
  /** Pairs of hash and number; number 0 is an empty slot. */
  #slots = new Int32Array(2 * SMALLEST);
  #mask = SMALLEST - 1;
  #size = 0;

  /** Slots it has memory for. */
  get capacity(): number {
    return this.#mask + 1;
  }

  /** @param hash - 32 bits, of which the low ones must be as good as any */
  first(hash: number): number {
    return this.#seek(hash & this.#mask, hash);
  }

  /** @param at - what `first` or `next` returned, with no change since */
  next(at: number): number {
    return this.#seek((at + 1) & this.#mask, this.#slots[2 * at] ?? 0);
  }

  id(at: number): number {
    return this.#slots[2 * at + 1] ?? 0;
  }

  /** @param id - 1 to 2^31 - 1; the same pair may be there several times */
  add(hash: number, id: number): void {
    if ((this.#size + 1) * 4 > this.capacity * 3) this.#resize(this.capacity * 2);
    this.#put(hash | 0, id);
    this.#size += 1;
  }

  /** Takes out one such pair, if there is any. */
  remove(hash: number, id: number): void {
    for (let at = this.first(hash); at >= 0; at = this.next(at)) {
      if (this.id(at) !== id) continue;
      this.#empty(at);
      this.#size -= 1;
      if (this.#size * 8 < this.capacity && this.capacity > SMALLEST) {
        this.#resize(this.capacity / 4);
      }
      return;
    }
  }

  clear(): void {
    this.#size = 0;
    this.#resize(SMALLEST);
  }

  #seek(start: number, hash: number): number {
    const slots = this.#slots;
    const wanted = hash | 0;
    for (let at = start; slots[2 * at + 1] !== 0; at = (at + 1) & this.#mask) {
      if (slots[2 * at] === wanted) return at;
    }
    return -1;
  }

  #put(hash: number, id: number): void {
    const slots = this.#slots;
    let at = hash & this.#mask;
    while (slots[2 * at + 1] !== 0) at = (at + 1) & this.#mask;
    slots[2 * at] = hash;
    slots[2 * at + 1] = id;
  }

  /** Moves up what would not be found behind the gap. */
  #empty(from: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let gap = from;
    for (let at = (gap + 1) & mask; slots[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = (slots[2 * at] ?? 0) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      slots.copyWithin(2 * gap, 2 * at, 2 * at + 2);
      gap = at;
    }
    slots[2 * gap + 1] = 0;
  }

  #resize(capacity: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * Math.max(capacity, SMALLEST));
    this.#mask = Math.max(capacity, SMALLEST) - 1;
    if (this.#size === 0) return;
    for (let at = 0; at < before.length; at += 2) {
      const id = before[at + 1] ?? 0;
      if (id !== 0) this.#put(before[at] ?? 0, id);
    }
  }
}

/** Spreads 32 bits over all bits of the result. */
function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * @param seed - 32 bits that make names which would meet in one slot hard to find
 * @param directory - the number of the directory the name is in
 */
export function hashOfPlace(seed: number, directory: number, name: string): number {
  // Spread, or the numbers of directories and the first letters of names would even out.
  let hash = seed ^ hashOfNumber(directory);
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return mixed(hash);
}

export function hashOfNumber(value: number | bigint): number {
  if (typeof value === 'number') return mixed(value ^ Math.imul(value / 0x1_0000_0000, 0x9e3779b1));
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return mixed(low ^ Math.imul(high, 0x9e3779b1));
}
