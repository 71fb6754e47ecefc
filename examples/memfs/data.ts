import type { AllocatedRange } from 'node-dokan';
import { CHUNK, newChunk, recycle } from './chunks.js';
import type { Space } from './space.js';

/** Storage is counted in sectors; `blocks` of stat are of this size too. */
export const SECTOR = 512;

function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR) * SECTOR;
}

function chunkOf(offset: number): number {
  return Math.floor(offset / CHUNK);
}

/** Where the last chunk of a file of that size ends. */
function endOfChunk(size: number): number {
  return Math.ceil(size / CHUNK) * CHUNK;
}

/** Of all streams that are empty: many are never anything else. */
const NO_CHUNKS = new Map<number, Buffer>();

/**
 * The bytes of one stream, in chunks by number. What no chunk holds reads as zeros: whole chunks
 * that were never written, and the rest of a chunk behind the end of its buffer, which is as long
 * as what was written there. Bytes of a buffer that lie behind `size` are zero.
 */
export class SparseData {
  readonly #space: Space;
  #chunks = NO_CHUNKS;
  #size = 0;
  /** Sum of the buffers' lengths. */
  #stored = 0;
  /** What the file was promised; storage is charged only beyond it. */
  #reserved = 0;

  constructor(space: Space) {
    this.#space = space;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the volume's space that are taken. */
  get allocated(): number {
    return Math.max(this.#stored, this.#reserved);
  }

  /** @returns bytes read: all that `target` holds, or up to the end */
  read(target: Buffer, offset: number): number {
    const length = Math.min(target.length, this.#size - offset);
    let done = 0;
    while (done < length) {
      const index = chunkOf(offset + done);
      const start = offset + done - index * CHUNK;
      const end = Math.min(CHUNK, start + length - done);
      const chunk = this.#chunks.get(index);
      const copied =
        chunk === undefined || chunk.length <= start ? 0 : chunk.copy(target, done, start, end);
      if (copied < end - start) target.fill(0, done + copied, done + end - start);
      done += end - start;
    }
    return done;
  }

  /** @throws DokanError DISK_FULL, having written nothing */
  write(source: Buffer, offset: number): void {
    const length = source.length;
    this.#takeFor(offset, length);
    let done = 0;
    while (done < length) {
      const index = chunkOf(offset + done);
      const start = offset + done - index * CHUNK;
      const end = Math.min(CHUNK, start + length - done);
      source.copy(this.#chunkFor(index, start, end), start, done, done + end - start);
      done += end - start;
    }
    if (length > 0 && offset + length > this.#size) this.#size = offset + length;
  }

  /** Sets the size. What is cut off is given back, and a reservation with it. */
  truncate(size: number): void {
    if (size < this.#size) this.#clear(size, endOfChunk(this.#size));
    // Emptying a file that is empty gives a reservation back as well.
    if (size < this.#size || size === 0) this.#changeReserved(0);
    this.#size = size;
  }

  /** The last open is closed: gives back what appending took ahead. */
  trim(): void {
    this.#clear(this.#size, endOfChunk(this.#size));
  }

  /**
   * Takes the space for a file of `bytes` ahead of time; a longer file is cut.
   * @throws DokanError DISK_FULL, having changed nothing
   */
  reserve(bytes: number): void {
    if (bytes < this.#size) this.truncate(bytes);
    else this.#changeReserved(wholeSectors(bytes));
  }

  /** Makes a range read as zeros and gives its storage back, reserved or not. */
  zero(offset: number, length: number): void {
    this.#clear(offset, offset + length);
    const overlap = Math.min(offset + length, this.#reserved) - offset;
    if (overlap > 0) this.#changeReserved(Math.floor((this.#reserved - overlap) / SECTOR) * SECTOR);
  }

  /** The first run with storage at or after `offset`. */
  nextRange(offset: number): AllocatedRange | undefined {
    let index = this.#chunkFrom(chunkOf(offset));
    if (index !== undefined && index * CHUNK + this.#length(index) <= offset) {
      index = this.#chunkFrom(index + 1);
    }
    if (index === undefined) return undefined;
    const start = Math.max(offset, index * CHUNK);
    while (this.#length(index) === CHUNK && this.#chunks.has(index + 1)) index += 1;
    const end = Math.min(index * CHUNK + this.#length(index), this.#size);
    return end > start ? { offset: start, length: end - start } : undefined;
  }

  #length(index: number): number {
    return this.#chunks.get(index)?.length ?? 0;
  }

  /** Space for a write: taken in one piece before the first byte, so that a write is whole or not. */
  #takeFor(offset: number, length: number): void {
    let growth = 0;
    for (let done = 0; done < length;) {
      const index = chunkOf(offset + done);
      const start = offset + done - index * CHUNK;
      const end = Math.min(CHUNK, start + length - done);
      growth += Math.max(0, wholeSectors(end) - this.#length(index));
      done += end - start;
    }
    if (growth > 0) this.#charge(growth);
  }

  /** The buffer of a chunk, long enough for a write of its bytes from `start` to `end`. */
  #chunkFor(index: number, start: number, end: number): Buffer {
    const old = this.#chunks.get(index);
    if (old !== undefined && old.length >= end) return old;
    const oldLength = old?.length ?? 0;
    const length = wholeSectors(end) + this.#headroom(index, oldLength, wholeSectors(end));
    const chunk = newChunk(length, oldLength >= start && end === length);
    if (old !== undefined) {
      old.copy(chunk, 0, 0, start);
      recycle(old);
    }
    if (this.#chunks === NO_CHUNKS) this.#chunks = new Map();
    this.#chunks.set(index, chunk);
    return chunk;
  }

  /**
   * More bytes than a growing chunk needs, so that appending in small pieces does not copy it each
   * time: it doubles, and one that follows a full one is made whole, where the space lets it, but
   * not into what is reserved for other chunks. `trim` gives back what was not used.
   */
  #headroom(index: number, oldLength: number, needed: number): number {
    const goesOn = this.#length(index - 1) === CHUNK;
    let length = goesOn ? CHUNK : Math.min(CHUNK, oldLength * 2);
    if (this.#reserved > 0) length = Math.min(length, this.#reserved - index * CHUNK);
    const extra = length - needed;
    if (extra <= 0 || extra > this.#space.free) return 0;
    this.#charge(extra);
    return extra;
  }

  /** Buffers are about to grow by that many bytes, or have shrunk. */
  #charge(growth: number): void {
    const stored = this.#stored + growth;
    this.#space.take(Math.max(stored, this.#reserved) - this.allocated);
    this.#stored = stored;
  }

  #changeReserved(reserved: number): void {
    this.#space.take(Math.max(this.#stored, reserved) - this.allocated);
    this.#reserved = reserved;
  }

  /** Drops the bytes from `start` to `end`. */
  #clear(start: number, end: number): void {
    if (this.#chunks.size === 0) return;
    for (const index of this.#chunksWithin(chunkOf(start), Math.ceil(end / CHUNK))) {
      const base = index * CHUNK;
      this.#clearWithin(index, Math.max(0, start - base), Math.min(CHUNK, end - base));
    }
  }

  #clearWithin(index: number, start: number, end: number): void {
    const chunk = this.#chunks.get(index);
    if (chunk === undefined || start >= chunk.length) return;
    if (end < chunk.length) {
      chunk.fill(0, start, end);
      return;
    }
    const kept = wholeSectors(start);
    if (kept === 0) {
      this.#chunks.delete(index);
    } else {
      chunk.fill(0, start);
      if (kept === chunk.length) return;
      const shorter = newChunk(kept, true);
      chunk.copy(shorter, 0, 0, kept);
      this.#chunks.set(index, shorter);
    }
    this.#charge(kept - chunk.length);
    recycle(chunk);
  }

  /** Numbers of the chunks there are from `first` up to, not including, `end`, in any order. */
  #chunksWithin(first: number, end: number): number[] {
    const found: number[] = [];
    if (end - first <= this.#chunks.size) {
      for (let index = first; index < end; index += 1) {
        if (this.#chunks.has(index)) found.push(index);
      }
    } else {
      for (const index of this.#chunks.keys()) if (index >= first && index < end) found.push(index);
    }
    return found;
  }

  /** The first chunk there is from `first` on: tried one by one, unless the hole is a wide one. */
  #chunkFrom(first: number): number | undefined {
    for (let index = first; index - first <= this.#chunks.size; index += 1) {
      if (this.#chunks.has(index)) return index;
    }
    let nearest: number | undefined;
    for (const index of this.#chunks.keys()) {
      if (index >= first && (nearest === undefined || index < nearest)) nearest = index;
    }
    return nearest;
  }
}
