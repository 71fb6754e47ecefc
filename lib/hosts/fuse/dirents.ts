import type { Writer } from './cursor.js';
import { DIRENT_SIZE } from './protocol.js';

/** struct fuse_dirent, of which listings are made: 24 bytes, the name, and zeros up to a multiple of 8. */

/** The first entries of every listing, which are none of the file system. */
export const DOT_ENTRIES = ['.', '..'];

/** Where the length of the name lies. */
const NAME_LENGTH = 16;

/** Bytes of a dirent with a name of that many bytes. */
export function direntSize(nameLength: number): number {
  return (DIRENT_SIZE + nameLength + 7) & ~7;
}

/**
 * Writes all of a dirent but its name.
 * @param offset - where the listing goes on after this entry
 * @param nameLength - bytes
 */
export function writeDirent(
  out: Writer,
  inode: number | bigint,
  offset: number,
  type: number,
  nameLength: number,
): void {
  const end = out.position + direntSize(nameLength);
  if (typeof inode === 'bigint') out.big(inode);
  else out.u64(inode);
  out.u64(offset);
  out.u32(nameLength);
  out.u32(type);
  out.position = end;
}

/** Writes the zeros behind a name. @param at - where the name begins */
export function padName(bytes: Buffer, at: number, nameLength: number): void {
  const end = at - DIRENT_SIZE + direntSize(nameLength);
  for (let pad = at + nameLength; pad < end; pad += 1) bytes[pad] = 0;
}

/**
 * Puts names in their places in dirents that lie one behind the other and have everything else.
 * @param out - its position is behind the last of them
 * @param start - where the first of them begins
 * @param names - the bytes of the names without anything in between, and 4 bytes more
 */
export function placeNames({ view, position }: Writer, start: number, names: DataView): void {
  let from = 0;
  for (let at = start; at < position;) {
    const length = view.getUint32(at + NAME_LENGTH, true);
    let to = at + DIRENT_SIZE;
    at += direntSize(length);
    const next = from + length;
    // By words: a name has about 20 bytes, which is too few for a call that copies.
    for (; from + 4 <= next; from += 4, to += 4) {
      view.setUint32(to, names.getUint32(from, true), true);
    }
    if (to < at) {
      const last = names.getUint32(from, true) & ((1 << (8 * (next - from))) - 1);
      view.setUint32(to, last, true);
      if (to + 4 < at) view.setUint32(to + 4, 0, true);
    }
    from = next;
  }
}
