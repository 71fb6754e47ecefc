import { isName } from '../../answers.js';
import type { Taker } from '../../listing.js';
import type { FindEntry } from '../../operations.js';
import { direntType } from './attributes.js';
import type { Writer } from './cursor.js';
import { direntSize, DOT_ENTRIES, placeNames, writeDirent } from './dirents.js';
import { NAME_MAX } from './names.js';
import type { DirectoryHandle } from './handles.js';
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
 * all the rest of its entry.
 */
export class PlainDirents implements Taker<FindEntry> {
  readonly #session: Session;
  readonly #out: Writer;
  readonly #start: number;
  readonly #limit: number;
  readonly #handle: DirectoryHandle;
  #offset: number;
  #names = '';
  #hasTooLong = false;

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
    this.#offset = offset;
    this.#limit = limit;
    this.#handle = handle;
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

  #write(entry: FindEntry): boolean {
    const { name } = entry;
    const { length } = name;
    if (length > NAME_MAX) {
      this.#hasTooLong = true;
      return false;
    }
    const out = this.#out;
    if (out.position + direntSize(length) > this.#limit) return false;
    const offset = this.#offset + 1;
    const type = direntType(entry, this.#session.options.defaults);
    const next = this.#handle.positions + offset;
    writeDirent(out, entry.inode || UNKNOWN_INODE, next, type, length);
    this.#names += name;
    this.#offset = offset;
    return true;
  }

  /**
   * Writes the names.
   * @returns false when there is one that cannot be written so, or is wrong: the reply is as it was
   */
  finish(): boolean {
    const names = this.#names;
    if (names.length + SLACK > bytes.length) {
      bytes = Buffer.allocUnsafeSlow(names.length + SLACK);
      view = new DataView(bytes.buffer);
    }
    if (!this.#hasTooLong && isName(names) && this.#session.codec.writePlain(names, bytes)) {
      placeNames(this.#out, this.#start, view);
      return true;
    }
    this.#out.position = this.#start;
    return false;
  }
}
