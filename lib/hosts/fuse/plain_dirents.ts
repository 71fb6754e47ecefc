import { isName } from '../../answers.js';
import type { Taker } from '../../listing.js';
import type { FindEntry } from '../../operations.js';
import { direntType } from './attributes.js';
import type { Writer } from './cursor.js';
import { direntSize, DOT_ENTRIES, isDirent, placeNames, writeDirent } from './dirents.js';
import { NAME_MAX } from './names.js';
import type { DirectoryHandle } from './handles.js';
import type { KnownPages, Page } from './known_pages.js';
import type { Session } from './session.js';

/** For entries whose file system gives no inode (FUSE_UNKNOWN_INO): 0 would hide the entry. */
export const UNKNOWN_INODE = 0xffffffff;

/** More than names can lie beyond the last one when they are copied by words. */
const SLACK = 8;

/** The bytes of the names of one reply: made and used at once, so that one memory does for all. */
let bytes = Buffer.allocUnsafeSlow(32 * 1024);
let view = new DataView(bytes.buffer);

/**
 * Writes the entries of one READDIR. First all but their names, for which it leaves as many bytes
 * as they have characters; then the names, encoded together: by itself each would take longer than
 * all the rest of its entry. As long as the entries are those of a page that was written before, it
 * writes nothing but that, at the end.
 */
export class PlainDirents implements Taker<FindEntry> {
  readonly #session: Session;
  readonly #out: Writer;
  /** Where the reply's entries begin, and those that are not of the known page. */
  readonly #start: number;
  #written: number;
  readonly #limit: number;
  readonly #handle: DirectoryHandle;
  readonly #first: number;
  #offset: number;
  /** The names to be placed. */
  #names = '';
  #hasTooLong = false;
  /** What the entries were last time, as long as they are. */
  #page: Page | undefined;
  /** All names, when the page is to be known */
  #list: string[] | undefined = undefined;

  /**
   * @param handle - where what is taken is kept
   * @param offset - of the first entry
   * @param limit - where the reply must end
   */
  constructor(
    session: Session,
    handle: DirectoryHandle,
    out: Writer,
    offset: number,
    limit: number,
  ) {
    this.#session = session;
    this.#out = out;
    this.#start = out.position;
    this.#written = out.position;
    this.#first = offset;
    this.#offset = offset;
    this.#limit = limit;
    this.#handle = handle;
    this.#page = this.#known?.find(handle.node.id, offset);
    if (this.#page === undefined) this.#list = this.#newList();
  }

  /** A new entry. @returns false when the reply is full, and this one not in it */
  take(entry: FindEntry): boolean {
    const { entries, skipped } = this.#handle;
    if (skipped?.has(entry.name) === true) return true;
    const offset = entries.push(entry) - 1 + DOT_ENTRIES.length;
    // A reading may begin behind all that is known.
    return offset < this.#offset || this.#write(entry);
  }

  /** What is kept already. @returns false when the reply is full */
  writeKnown(): boolean {
    const { entries } = this.#handle;
    for (;;) {
      const entry = entries[this.#offset - DOT_ENTRIES.length];
      if (entry === undefined) return true;
      if (!this.#write(entry)) return false;
    }
  }

  /** Pages of listings with positions of their own, which are never the same again, are not known. */
  get #known(): KnownPages | undefined {
    return this.#handle.positions === 0 ? this.#session.knownPages : undefined;
  }

  #newList(): string[] | undefined {
    return this.#known?.isWanted(this.#handle.node.id, this.#first) === true ? [] : undefined;
  }

  #write(entry: FindEntry): boolean {
    const { name } = entry;
    const { length } = name;
    if (length > NAME_MAX) {
      this.#hasTooLong = true;
      return false;
    }
    const out = this.#out;
    const end = out.position + direntSize(length);
    if (end > this.#limit) return false;
    const inode = entry.inode || UNKNOWN_INODE;
    const type = direntType(entry, this.#session.options.defaults);
    const offset = this.#offset;
    this.#offset = offset + 1;
    const page = this.#page;
    if (page !== undefined) {
      if (
        page.names[offset - this.#first] === name &&
        isDirent(page.view, out.position - this.#start, inode, type)
      ) {
        out.position = end;
        return true;
      }
      this.#leave(page, offset - this.#first);
    }
    writeDirent(out, inode, this.#handle.positions + offset + 1, type, length);
    this.#names += name;
    this.#list?.push(name);
    return true;
  }

  /** After `count` entries comes another one than in the page. */
  #leave(page: Page, count: number): void {
    this.#page = undefined;
    this.#copy(page);
    this.#list = this.#newList();
    for (let index = 0; index < count; index += 1) this.#list?.push(page.names[index] ?? '');
  }

  #copy({ bytes }: Page): void {
    const { position } = this.#out;
    this.#out.bytes.set(bytes.subarray(0, position - this.#start), this.#start);
    this.#written = position;
  }

  /**
   * Writes the names.
   * @returns false when there is one that cannot be written so, or is wrong: the reply is as it was
   */
  finish(): boolean {
    const page = this.#page;
    if (page !== undefined && !this.#hasTooLong) {
      this.#copy(page);
      return true;
    }
    const names = this.#names;
    // Nothing has been written.
    if (names === '' && !this.#hasTooLong) return true;
    if (names.length + SLACK > bytes.length) {
      bytes = Buffer.allocUnsafeSlow(names.length + SLACK);
      view = new DataView(bytes.buffer);
    }
    if (!this.#hasTooLong && isName(names) && this.#session.codec.writePlain(names, bytes)) {
      placeNames(this.#out, this.#written, view);
      this.#keep();
      return true;
    }
    this.#out.position = this.#start;
    return false;
  }

  #keep(): void {
    if (this.#list === undefined) return;
    const { bytes: reply, position } = this.#out;
    const entries = reply.subarray(this.#start, position);
    this.#known?.keep(this.#handle.node.id, this.#first, this.#list, entries);
  }
}
