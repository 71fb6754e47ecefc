import { endianness } from 'node:os';
import { FileAttributes, FileMode, type FileInformation, type FindEntry } from 'node-dokan';

/** Where the natives put what: each a 64-bit number. */
const Field = {
  DEVICE: 0,
  INODE: 1,
  MODE: 2,
  LINK_COUNT: 3,
  USER: 4,
  GROUP: 5,
  DEVICE_NUMBER: 6,
  SIZE: 7,
  BLOCKS: 9,
  ACCESS_TIME: 10,
  WRITE_TIME: 11,
  CHANGE_TIME: 12,
  BIRTH_TIME: 13,
} as const;

/** The times, whose high halves follow them all. */
const TIMES = 4;
const FIELDS = 18;
/** Both halves of what extends a negative number. */
const ALL_ONES = 0xffff_ffff;
const TWO_TO_32 = 2 ** 32;
const LOW_HALF = endianness() === 'LE' ? 0 : 1;

/** What a stat call of the natives fills: one, used again and again. */
export class StatBuffer {
  readonly out = new BigInt64Array(FIELDS);
  readonly #halves = new Uint32Array(this.out.buffer);
  /** Device of the mirror's root: inode numbers are those of this device. */
  #rootDevice = 0;

  get mode(): number {
    return this.#number(Field.MODE);
  }

  get size(): number {
    return this.#number(Field.SIZE);
  }

  /** The buffer describes the root. */
  setRoot(): void {
    this.#rootDevice = this.#number(Field.DEVICE);
  }

  get isOnRootDevice(): boolean {
    return this.#number(Field.DEVICE) === this.#rootDevice;
  }

  information(): FileInformation {
    const { mode } = this;
    const birth = this.#time(Field.BIRTH_TIME);
    const written = this.#time(Field.WRITE_TIME);
    return {
      attributes: attributesOf(mode),
      // Unknown on some file systems; the oldest time there is then is the best guess.
      creationTime: birth === -1n ? written : birth,
      lastAccessTime: this.#time(Field.ACCESS_TIME),
      lastWriteTime: written,
      changeTime: this.#time(Field.CHANGE_TIME),
      size: this.size,
      inode: this.#inode(),
      linkCount: this.#number(Field.LINK_COUNT),
      mode,
      uid: this.#number(Field.USER),
      gid: this.#number(Field.GROUP),
      blocks: this.#number(Field.BLOCKS),
      rdev: this.#number(Field.DEVICE_NUMBER) >>> 0,
    };
  }

  /** As `information`, of an entry of a directory: made at once, since adding a name later takes longer. */
  entry(name: string): FindEntry {
    const { mode } = this;
    const birth = this.#time(Field.BIRTH_TIME);
    const written = this.#time(Field.WRITE_TIME);
    return {
      name,
      attributes: attributesOf(mode),
      creationTime: birth === -1n ? written : birth,
      lastAccessTime: this.#time(Field.ACCESS_TIME),
      lastWriteTime: written,
      changeTime: this.#time(Field.CHANGE_TIME),
      size: this.size,
      inode: this.#inode(),
      linkCount: this.#number(Field.LINK_COUNT),
      mode,
      uid: this.#number(Field.USER),
      gid: this.#number(Field.GROUP),
      blocks: this.#number(Field.BLOCKS),
      rdev: this.#number(Field.DEVICE_NUMBER) >>> 0,
    };
  }

  /** A 64-bit field without the detour over a bigint, which would be garbage at once. */
  #number(field: number): number {
    const low = this.#halves[2 * field + LOW_HALF] ?? 0;
    const high = this.#halves[2 * field + 1 - LOW_HALF] ?? 0;
    return low + high * TWO_TO_32;
  }

  /** Nanoseconds: 64 bits hold them from 1677 to 2262, and only then is nothing more to do. */
  #time(field: number): bigint {
    const low = this.out[field] ?? 0n;
    const sign = (this.#halves[2 * field + 1 - LOW_HALF] ?? 0) >>> 31;
    const extension = sign === 1 ? ALL_ONES : 0;
    const above = 2 * (field + TIMES);
    if (this.#halves[above] === extension && this.#halves[above + 1] === extension) return low;
    return ((this.out[field + TIMES] ?? 0n) << 64n) + BigInt.asUintN(64, low);
  }

  /**
   * Inode numbers tell files of one device apart; a mirror may show several (what is mounted
   * below its root), and two files with one number would be taken for one.
   */
  #inode(): number | bigint {
    const device = this.#number(Field.DEVICE);
    if (device === this.#rootDevice) {
      const inode = this.#number(Field.INODE);
      return Number.isSafeInteger(inode) ? inode : BigInt.asUintN(64, this.out[Field.INODE] ?? 0n);
    }
    return BigInt.asUintN(64, (this.out[Field.INODE] ?? 0n) ^ (BigInt(device) << 32n));
  }
}

/** NT attributes of a file with this POSIX mode. */
export function attributesOf(mode: number): number {
  const type = mode & FileMode.TYPE_MASK;
  // On directories READONLY means something else to Windows, nothing about writing.
  if (type === FileMode.DIRECTORY) return FileAttributes.DIRECTORY;
  if (type === FileMode.SYMBOLIC_LINK) return FileAttributes.REPARSE_POINT;
  return (mode & 0o222) === 0 ? FileAttributes.READONLY : FileAttributes.NORMAL;
}
