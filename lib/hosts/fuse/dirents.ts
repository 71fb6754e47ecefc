import type { Writer } from './cursor.js';
import { DIRENT_SIZE } from './protocol.js';

/** struct fuse_dirent, of which listings are made: 24 bytes, the name, and zeros up to a multiple of 8. */

/** The first entries of every listing, which are none of the file system. */
export const DOT_ENTRIES = ['.', '..'];

const HIGH = 0x1_0000_0000;

/** Where the fields lie. */
const OFFSET = 8;
const NAME_LENGTH = 16;
const TYPE = 20;

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
  const { view, position } = out;
  if (typeof inode === 'bigint') view.setBigUint64(position, inode, true);
  else writeNumber(view, position, inode);
  writeNumber(view, position + OFFSET, offset);
  view.setUint32(position + NAME_LENGTH, nameLength, true);
  view.setUint32(position + TYPE, type, true);
  out.position = position + direntSize(nameLength);
}

/** Whether the dirent that lies at `at` tells of the same file. */
export function isDirent(
  view: DataView,
  at: number,
  inode: number | bigint,
  type: number,
): boolean {
  return (
    view.getUint32(at + TYPE, true) === type &&
    view.getUint32(at, true) + view.getUint32(at + 4, true) * HIGH === inode
  );
}

/** 64 bits of a whole number from 0 to 2^53-1. */
function writeNumber(view: DataView, at: number, value: number): void {
  const low = value >>> 0;
  view.setUint32(at, low, true);
  view.setUint32(at + 4, low === value ? 0 : Math.floor(value / HIGH), true);
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
