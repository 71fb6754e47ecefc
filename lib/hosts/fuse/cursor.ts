import { Errno } from './protocol.js';
import { fuseError } from './fuse_error.js';
import { decodeBytes } from './names.js';
import { RecentNames } from './recent_names.js';

/** 2^32, to put two halves of 64 bits together. */
const HIGH = 0x1_0000_0000;

/** Of all volumes: it is the bytes alone that make a name. */
const recentNames = new RecentNames();

/**
 * Reads one message of the kernel, front to back. Reading past its end fails the request with
 * EINVAL, never the process.
 */
export class Reader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #position = 0;
  #end = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The message lies in the first `length` bytes. */
  reset(position: number, length: number): void {
    this.#position = position;
    this.#end = length;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  #take(size: number): number {
    const at = this.#position;
    if (size > this.#end - at) throw fuseError(Errno.EINVAL);
    this.#position = at + size;
    return at;
  }

  skip(size: number): void {
    this.#take(size);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** 64 bits as a number: exact up to 2^53, beyond that near enough to be refused. */
  u64(): number {
    const at = this.#take(8);
    const low = this.#view.getUint32(at, true);
    const high = this.#view.getUint32(at + 4, true);
    // Small ones stay the engine's small integers: a product of 2^32 would make doubles of them, and
    // arrays and objects that have held a double are made anew, with all the code that knew them.
    return high === 0 ? low : low + high * HIGH;
  }

  /** An offset or length; beyond 2^53-1 the request fails with EFBIG. */
  size(): number {
    const value = this.u64();
    if (value > Number.MAX_SAFE_INTEGER) throw fuseError(Errno.EFBIG);
    return value;
  }

  /** 64 bits that only have to be told apart (lock owners). */
  big(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** Signed 64 bits (seconds of a time). */
  signedBig(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** Bytes up to the next NUL, which is consumed. They are the message's own: decode them at once. */
  cString(): Buffer {
    const start = this.#position;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0 || end >= this.#end) throw fuseError(Errno.EINVAL);
    this.#position = end + 1;
    return this.#bytes.subarray(start, end);
  }

  /** Text up to the next NUL, which is consumed. */
  text(): string {
    const bytes = this.#bytes;
    const start = this.#position;
    let at = start;
    let seen = 0;
    let hash = 0;
    for (let byte = bytes[at]; byte !== 0 && byte !== undefined; byte = bytes[at]) {
      seen |= byte;
      hash = Math.imul(hash ^ byte, 0x9e3779b1);
      at += 1;
    }
    if (at >= this.#end) throw fuseError(Errno.EINVAL);
    this.#position = at + 1;
    // Nearly every name is ASCII, and reading that needs no look at what UTF-8 it might be.
    if (seen < 0x80) return recentNames.ascii(bytes, start, at, hash);
    return decodeBytes(bytes.subarray(start, at));
  }

  /** The next `size` bytes, not copied. */
  bytes(size: number): Buffer {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }
}

/** Builds one reply. The caller knows the sizes: a reply that does not fit is a mistake of ours. */
export class Writer {
  readonly bytes: Buffer;
  readonly view: DataView;
  position = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(value: number): void {
    this.view.setUint16(this.position, value, true);
    this.position += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  i32(value: number): void {
    this.view.setInt32(this.position, value, true);
    this.position += 4;
  }

  /** A whole number from 0 to 2^53-1. */
  u64(value: number): void {
    const high = value < HIGH ? 0 : Math.floor(value / HIGH);
    this.view.setUint32(this.position, value - high * HIGH, true);
    this.view.setUint32(this.position + 4, high, true);
    this.position += 8;
  }

  big(value: bigint): void {
    this.view.setBigUint64(this.position, value, true);
    this.position += 8;
  }

  signedBig(value: bigint): void {
    this.view.setBigInt64(this.position, value, true);
    this.position += 8;
  }

  zeros(size: number): void {
    const end = this.position + size;
    // A call of fill takes longer than a few stores.
    if (size > 16) this.bytes.fill(0, this.position, end);
    else for (let at = this.position; at < end; at += 1) this.bytes[at] = 0;
    this.position = end;
  }

  copy(source: Uint8Array): void {
    this.bytes.set(source, this.position);
    this.position += source.length;
  }
}
