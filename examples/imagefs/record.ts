import { FileAttributes, type FileTimes } from 'node-dokan';
import { decodeTime, encodeTime } from './fat_time.js';
import type { Geometry } from './geometry.js';
import { SHORT_LENGTH } from './short_name.js';

/** Bytes of a record of a directory. */
export const SLOT_SIZE = 32;

/** The attributes FAT has, and the bit of a volume label. */
const STORED =
  FileAttributes.READONLY | FileAttributes.HIDDEN | FileAttributes.SYSTEM | FileAttributes.ARCHIVE;
export const LABEL_BIT = 0x08;

/** What a directory says of a file, in its 32 bytes. FAT's attributes have NT's values. */
export class Record {
  readonly bytes: Buffer;
  /** Whether numbers of clusters have an upper half; others than FAT32 keep something else there. */
  readonly #isWide: boolean;

  /** @param bytes - 32; those of a new file are zeros */
  constructor(bytes: Buffer, { kind }: Pick<Geometry, 'kind'>) {
    this.bytes = bytes;
    this.#isWide = kind === 'FAT32';
  }

  get shortName(): Buffer {
    return this.bytes.subarray(0, SHORT_LENGTH);
  }

  /** Which parts of the short name are in small letters. */
  get caseBits(): number {
    return this.bytes.readUInt8(12);
  }

  setShortName(name: Buffer, caseBits: number): void {
    name.copy(this.bytes);
    this.bytes.writeUInt8(caseBits, 12);
  }

  get attributes(): number {
    return this.bytes.readUInt8(11) & (STORED | FileAttributes.DIRECTORY);
  }

  set attributes(value: number) {
    const kind = this.bytes.readUInt8(11) & FileAttributes.DIRECTORY;
    this.bytes.writeUInt8((value & STORED) | kind, 11);
  }

  get isDirectory(): boolean {
    return (this.bytes.readUInt8(11) & FileAttributes.DIRECTORY) !== 0;
  }

  makeDirectory(): void {
    this.bytes.writeUInt8(this.attributes | FileAttributes.DIRECTORY, 11);
  }

  get firstCluster(): number {
    const low = this.bytes.readUInt16LE(26);
    return this.#isWide ? low + this.bytes.readUInt16LE(20) * 0x1_0000 : low;
  }

  set firstCluster(cluster: number) {
    this.bytes.writeUInt16LE(cluster & 0xffff, 26);
    if (this.#isWide) this.bytes.writeUInt16LE(cluster >>> 16, 20);
  }

  get size(): number {
    return this.bytes.readUInt32LE(28);
  }

  set size(size: number) {
    this.bytes.writeUInt32LE(size, 28);
  }

  get creationTime(): bigint {
    const { bytes } = this;
    return decodeTime(bytes.readUInt16LE(16), bytes.readUInt16LE(14), bytes.readUInt8(13));
  }

  get lastAccessTime(): bigint {
    return decodeTime(this.bytes.readUInt16LE(18), 0);
  }

  get lastWriteTime(): bigint {
    return decodeTime(this.bytes.readUInt16LE(24), this.bytes.readUInt16LE(22));
  }

  setTimes(times: FileTimes): void {
    const { creationTime, lastAccessTime, lastWriteTime } = times;
    if (creationTime !== undefined) {
      const { date, time, rest } = encodeTime(creationTime);
      this.bytes.writeUInt8(rest, 13);
      this.bytes.writeUInt16LE(time, 14);
      this.bytes.writeUInt16LE(date, 16);
    }
    if (lastAccessTime !== undefined) {
      this.bytes.writeUInt16LE(encodeTime(lastAccessTime).date, 18);
    }
    if (lastWriteTime !== undefined) {
      const { date, time } = encodeTime(lastWriteTime);
      this.bytes.writeUInt16LE(time, 22);
      this.bytes.writeUInt16LE(date, 24);
    }
  }

  /** Its contents were changed. */
  written(now: bigint): void {
    this.setTimes({ creationTime: undefined, lastAccessTime: now, lastWriteTime: now });
  }

  /** For a new file. */
  created(now: bigint): void {
    this.setTimes({ creationTime: now, lastAccessTime: now, lastWriteTime: now });
  }
}

/** The time now, as records have it. */
export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
