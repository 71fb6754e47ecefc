import type { Device } from './device.js';

/** Bytes. A whole FAT12 fits in, so that no entry of one and a half bytes is in two pages. */
const PAGE_SIZE = 64 * 1024;
/** Pages that are kept: 16 MiB, the whole table of a volume of 16 GiB with clusters of 4 KiB. */
const MOST_PAGES = 256;

interface Page {
  readonly number: number;
  readonly bytes: Buffer;
  /** What has changed since the last commit: bytes `from` up to `to`; none when they are equal. */
  from: number;
  to: number;
}

/** The bytes of the table, read in pages as they are needed. */
export class TablePages {
  readonly #device: Device;
  readonly #copies: readonly number[];
  readonly #size: number;
  /** In the order of their last use, but for the latest. */
  readonly #pages = new Map<number, Page>();
  readonly #changed: Page[] = [];
  #latest: Page | undefined;

  /**
   * @param copies - where each copy of the table begins; the first is read, all are written
   * @param size - bytes
   */
  constructor(device: Device, copies: readonly number[], size: number) {
    this.#device = device;
    this.#copies = copies;
    this.#size = size;
  }

  uint16(at: number): number {
    return this.#page(at).bytes.readUInt16LE(at % PAGE_SIZE);
  }

  uint32(at: number): number {
    return this.#page(at).bytes.readUInt32LE(at % PAGE_SIZE);
  }

  setUint16(at: number, value: number): void {
    this.#change(at, 2).bytes.writeUInt16LE(value, at % PAGE_SIZE);
  }

  setUint32(at: number, value: number): void {
    this.#change(at, 4).bytes.writeUInt32LE(value, at % PAGE_SIZE);
  }

  /** Writes what has changed, in the order in which the pages were changed. */
  commit(): void {
    for (const page of this.#changed) {
      const bytes = page.bytes.subarray(page.from, page.to);
      for (const copy of this.#copies) {
        this.#device.write(bytes, copy + page.number * PAGE_SIZE + page.from);
      }
      page.from = page.to = 0;
    }
    this.#changed.length = 0;
    this.#forgetSome();
  }

  #change(at: number, length: number): Page {
    const page = this.#page(at);
    const start = at % PAGE_SIZE;
    if (page.from === page.to) {
      this.#changed.push(page);
      page.from = start;
      page.to = start + length;
    } else {
      page.from = Math.min(page.from, start);
      page.to = Math.max(page.to, start + length);
    }
    return page;
  }

  #page(at: number): Page {
    const number = Math.floor(at / PAGE_SIZE);
    if (this.#latest?.number === number) return this.#latest;
    const page = this.#pages.get(number) ?? this.#read(number);
    this.#pages.delete(number);
    this.#pages.set(number, page);
    this.#latest = page;
    return page;
  }

  #read(number: number): Page {
    this.#forgetSome();
    const start = number * PAGE_SIZE;
    // The last entry of a FAT12 may be read with half a byte that belongs to nothing.
    const bytes = Buffer.alloc(PAGE_SIZE);
    const length = Math.min(PAGE_SIZE, this.#size - start);
    this.#device.read(bytes.subarray(0, length), (this.#copies[0] ?? 0) + start);
    return { number, bytes, from: 0, to: 0 };
  }

  /** Pages with changes stay, however many they are. */
  #forgetSome(): void {
    if (this.#pages.size < MOST_PAGES) return;
    for (const page of this.#pages.values()) {
      if (this.#pages.size < MOST_PAGES) return;
      if (page.from === page.to && page !== this.#latest) this.#pages.delete(page.number);
    }
  }
}
