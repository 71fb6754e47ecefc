import type { FileInformation, Timestamp } from '../../operations.js';
import { attributesOf } from './attributes.js';
import { Memory, writeUnits } from './memory.js';
import { EntryField, StreamField } from './slot.js';
import { writeTimes } from './times.js';

const FIRST_SIZE = 16 * 1024;

/** What is kept between two listings; larger ones are rare. */
const KEPT_SIZE = 1024 * 1024;

/** A listing as native code takes it: one entry after the other, in memory that grows and is kept. */
export class DataWriter {
  #memory = new Memory(new ArrayBuffer(FIRST_SIZE));
  #length = 0;

  get data(): Buffer {
    return this.#memory.bytes;
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
    if (this.data.length > KEPT_SIZE) this.#memory = new Memory(new ArrayBuffer(FIRST_SIZE));
  }

  /** @param fallback - for times the file system does not give */
  entry(name: string, info: FileInformation, fallback: Timestamp): void {
    const start = this.#begin(EntryField.NAME + 2 * name.length);
    const memory = this.#memory;
    const words = start >>> 2;
    const doubles = start >>> 3;
    memory.u32[words + EntryField.ATTRIBUTES / 4] = attributesOf(info, false);
    memory.u32[words + EntryField.TIME_KINDS / 4] = writeTimes(
      memory,
      doubles + EntryField.TIMES / 8,
      info,
      fallback,
    );
    memory.f64[doubles + EntryField.SIZE / 8] = info.size ?? 0;
    memory.u32[words + EntryField.NAME_UNITS / 4] = name.length;
    writeUnits(memory, start + EntryField.NAME, name);
  }

  /** @param name - the whole one, `:name:$DATA` */
  stream(name: string, size: number): void {
    const start = this.#begin(StreamField.NAME + 2 * name.length);
    this.#memory.f64[(start + StreamField.SIZE) >>> 3] = size;
    this.#memory.u32[(start + StreamField.NAME_UNITS) >>> 2] = name.length;
    writeUnits(this.#memory, start + StreamField.NAME, name);
  }

  /** Makes room. @returns where to write, a multiple of 8 */
  #begin(size: number): number {
    const start = (this.#length + 7) & ~7;
    this.#length = start + size;
    if (this.#length > this.data.length) {
      const bytes = (Math.max(2 * this.data.length, this.#length) + 7) & ~7;
      const larger = new Memory(new ArrayBuffer(bytes));
      larger.bytes.set(this.data);
      this.#memory = larger;
    }
    return start;
  }
}
