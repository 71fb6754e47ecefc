import type { AllocatedRange } from 'node-dokan';
import { CHUNK, newChunk, newPiece, PIECE_CHUNKS, recycle } from './chunks.js';
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
 *
 * Whole chunks that one write has made lie in one piece of memory, so that what is read as it was
 * written need not be put together. They leave it together: a piece takes no more than its chunks.
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

  /**
   * The bytes where they lie, as long as nothing is changed.
   * @returns `length` bytes, or up to the end; `undefined` where they lie in several places
   */
  view(offset: number, length: number): Uint8Array | undefined {
    const end = Math.min(offset + length, this.#size);
    if (end <= offset) return undefined;
    const index = chunkOf(offset);
    const last = chunkOf(end - 1);
    const first = this.#chunks.get(index);
    const start = offset - index * CHUNK;
    const bytes = end - offset;
    if (first === undefined) return undefined;
    if (index === last) {
      return first.length < start + bytes ? undefined : first.subarray(start, start + bytes);
    }
    const other = this.#chunks.get(last);
    // Those of one piece are whole, and none between them is missing.
    const isOnePiece =
      other?.buffer === first.buffer &&
      other.byteOffset - first.byteOffset === (last - index) * CHUNK;
    return isOnePiece ? new Uint8Array(first.buffer, first.byteOffset + start, bytes) : undefined;
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
      const whole = start === 0 ? this.#missingFrom(index, length - done) : 0;
      if (whole > 1) {
        source.copy(this.#addPiece(index, whole), 0, done, done + whole * CHUNK);
        done += whole * CHUNK;
      } else {
        source.copy(this.#chunkFor(index, start, end), start, done, done + end - start);
        done += end - start;
      }
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

  /**
   * Chunks there are none of yet, one after the other.
   * @param length - bytes that hold them
   * @returns how many, no more than a piece has
   */
  #missingFrom(index: number, length: number): number {
    const most = Math.min(Math.floor(length / CHUNK), PIECE_CHUNKS);
    let count = 0;
    while (count < most && !this.#chunks.has(index + count)) count += 1;
    return count;
  }

  /** Makes chunks in one piece of memory, which the caller fills. */
  #addPiece(index: number, count: number): Buffer {
    if (this.#chunks === NO_CHUNKS) this.#chunks = new Map();
    const piece = newPiece(count);
    for (let number = 0; number < count; number += 1) {
      this.#chunks.set(index + number, piece.subarray(number * CHUNK, (number + 1) * CHUNK));
    }
    return piece;
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
    let pieces: Map<ArrayBufferLike, number> | undefined;
    for (const index of this.#chunksWithin(chunkOf(start), Math.ceil(end / CHUNK))) {
      const base = index * CHUNK;
      const piece = this.#clearWithin(
        index,
        Math.max(0, start - base),
        Math.min(CHUNK, end - base),
      );
      if (piece !== undefined) (pieces ??= new Map()).set(piece, index);
    }
    for (const [piece, index] of pieces ?? []) this.#breakUp(piece, index);
  }

  /** @returns memory of which the chunk has been a part; `undefined` for memory of its own */
  #clearWithin(index: number, start: number, end: number): ArrayBufferLike | undefined {
    const chunk = this.#chunks.get(index);
    if (chunk === undefined || start >= chunk.length) return undefined;
    if (end < chunk.length) {
      chunk.fill(0, start, end);
      return undefined;
    }
    const kept = wholeSectors(start);
    if (kept === 0) {
      this.#chunks.delete(index);
    } else {
      chunk.fill(0, start);
      if (kept === chunk.length) return undefined;
      const shorter = newChunk(kept, true);
      chunk.copy(shorter, 0, 0, kept);
      this.#chunks.set(index, shorter);
    }
    this.#charge(kept - chunk.length);
    if (chunk.buffer.byteLength > CHUNK) return chunk.buffer;
    recycle(chunk);
    return undefined;
  }

  /** Gives chunks that are left in a piece memory of their own, and the piece to the next file. */
  #breakUp(memory: ArrayBufferLike, gone: number): void {
    for (let index = gone - PIECE_CHUNKS + 1; index < gone + PIECE_CHUNKS; index += 1) {
      const chunk = this.#chunks.get(index);
      if (chunk?.buffer !== memory) continue;
      const own = newChunk(CHUNK, true);
      chunk.copy(own);
      this.#chunks.set(index, own);
    }
    recycle(Buffer.from(memory as ArrayBuffer));
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
