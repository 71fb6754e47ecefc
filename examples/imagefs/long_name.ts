import { SHORT_LENGTH } from './short_name.js';
import { LONGEST_NAME } from './names.js';
import { SLOT_SIZE } from './record.js';

/** A long name stands in records of its own before the file's, the end of the name first. */

const LONG_NAME = 0x0f;
const FIRST_OF_NAME = 0x40;
const NUMBER = 0x1f;
/** Where a record has its UTF-16 units. */
const UNITS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
const FILLER = 0xffff;
/** By the specification: enough for 255 units. */
const MOST_PARTS = 20;

export function isLongNameRecord(record: Buffer): boolean {
  return (record.readUInt8(11) & 0x3f) === LONG_NAME;
}

/** The records of a name, in the order in which they go to the disk. */
export function encodeLongName(name: string, shortName: Buffer): Buffer {
  const count = Math.ceil(name.length / UNITS.length);
  const bytes = Buffer.alloc(count * SLOT_SIZE);
  const sum = checksum(shortName);
  for (let part = 0; part < count; part += 1) {
    const record = bytes.subarray((count - 1 - part) * SLOT_SIZE);
    record.writeUInt8((part + 1) | (part === count - 1 ? FIRST_OF_NAME : 0), 0);
    record.writeUInt8(LONG_NAME, 11);
    record.writeUInt8(sum, 13);
    UNITS.forEach((at, index) => {
      const place = part * UNITS.length + index;
      const isEnd = place === name.length;
      record.writeUInt16LE(place < name.length ? name.charCodeAt(place) : isEnd ? 0 : FILLER, at);
    });
  }
  return bytes;
}

/** Puts a long name together from its records, as they come. */
export class LongNameReader {
  #name = '';
  #sum = 0;
  /** Of the record that must come next; 0: the name is whole. */
  #expected = -1;

  /** One more record. @returns whether a name begins with it */
  add(record: Buffer): boolean {
    const order = record.readUInt8(0);
    const number = order & NUMBER;
    const sum = record.readUInt8(13);
    const isFirst = (order & FIRST_OF_NAME) !== 0 && number <= MOST_PARTS;
    if (isFirst) {
      this.#name = '';
      this.#sum = sum;
    } else if (number !== this.#expected || sum !== this.#sum) {
      this.reset();
      return false;
    }
    this.#expected = number - 1;
    this.#name = unitsOf(record) + this.#name;
    return isFirst;
  }

  /** The name, when it is whole and belongs to the short one; the next one begins anew. */
  take(shortName: Buffer): string | undefined {
    const { length } = this.#name;
    const isOwn =
      this.#expected === 0 &&
      length > 0 &&
      length <= LONGEST_NAME &&
      this.#sum === checksum(shortName);
    const name = isOwn ? this.#name : undefined;
    this.reset();
    return name;
  }

  reset(): void {
    this.#name = '';
    this.#expected = -1;
  }
}

function unitsOf(record: Buffer): string {
  let text = '';
  for (const at of UNITS) {
    const unit = record.readUInt16LE(at);
    if (unit === 0 || unit === FILLER) break;
    text += String.fromCharCode(unit);
  }
  // As in short names: nothing the kernel would take for something else.
  return text.replaceAll('/', '_');
}

function checksum(shortName: Buffer): number {
  let sum = 0;
  for (let index = 0; index < SHORT_LENGTH; index += 1) {
    sum = (((sum & 1) << 7) + (sum >>> 1) + (shortName[index] ?? 0)) & 0xff;
  }
  return sum;
}
