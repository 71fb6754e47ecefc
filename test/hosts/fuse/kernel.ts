/**
 * The kernel's side of the protocol, written from linux/fuse.h and not from our code: builds the
 * messages the kernel sends, field by field, and takes replies apart.
 */

export type Whole = number | bigint;

export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16LE(value, 2 * index));
  return bytes;
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index));
  return bytes;
}

/** Also for signed values: two's complement. */
export function u64(...values: Whole[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => {
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 8 * index);
  });
  return bytes;
}

export function cString(text: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(text as string), Buffer.of(0)]);
}

export const zeros = (size: number): Buffer => Buffer.alloc(size);

/** enum fuse_opcode. */
export const FUSE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  GETLK: 31,
  SETLK: 32,
  SETLKW: 33,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  BMAP: 37,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  NOTIFY_REPLY: 41,
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  LSEEK: 46,
  COPY_FILE_RANGE: 47,
  SETUPMAPPING: 48,
  REMOVEMAPPING: 49,
  SYNCFS: 50,
  TMPFILE: 51,
  STATX: 52,
  COPY_FILE_RANGE_64: 53,
} as const;

export type OpcodeName = keyof typeof FUSE;

/** FATTR_*. */
export const FATTR = {
  MODE: 1,
  UID: 2,
  GID: 4,
  SIZE: 8,
  ATIME: 16,
  MTIME: 32,
  FH: 64,
  ATIME_NOW: 128,
  MTIME_NOW: 256,
  LOCKOWNER: 512,
  CTIME: 1024,
  KILL_SUIDGID: 2048,
} as const;

export interface InHeader {
  length: number;
  opcode: number;
  unique: Whole;
  nodeId: Whole;
  uid: number;
  gid: number;
  pid: number;
}

/** struct fuse_in_header. */
export function inHeader({ length, opcode, unique, nodeId, uid, gid, pid }: InHeader): Buffer {
  return Buffer.concat([u32(length, opcode), u64(unique, nodeId), u32(uid, gid, pid, 0)]);
}

/** The structs that messages begin with. */
export const body = {
  forget: (count: Whole) => u64(count),
  batchForget: (...nodes: [id: Whole, count: Whole][]) =>
    Buffer.concat([u32(nodes.length, 0), u64(...nodes.flat())]),
  getattr: (flags = 0, fh: Whole = 0) => Buffer.concat([u32(flags, 0), u64(fh)]),
  setattr: (valid: number, given: Partial<SetAttrIn> = {}) => setattr(valid, given),
  mknod: (mode: number, rdev = 0, umask = 0) => u32(mode, rdev, umask, 0),
  mkdir: (mode: number, umask = 0) => u32(mode, umask),
  rename: (newDirectory: Whole) => u64(newDirectory),
  rename2: (newDirectory: Whole, flags: number) =>
    Buffer.concat([u64(newDirectory), u32(flags, 0)]),
  link: (nodeId: Whole) => u64(nodeId),
  open: (flags: number, openFlags = 0) => u32(flags, openFlags),
  create: (flags: number, mode: number, umask = 0, openFlags = 0) =>
    u32(flags, mode, umask, openFlags),
  /** READ, READDIR and READDIRPLUS. */
  read: (fh: Whole, offset: Whole, size: number, flags = 0) =>
    Buffer.concat([u64(fh, offset), u32(size, 0), u64(0), u32(flags, 0)]),
  write: (fh: Whole, offset: Whole, data: Buffer, writeFlags = 0, flags = 0) =>
    Buffer.concat([u64(fh, offset), u32(data.length, writeFlags), u64(0), u32(flags, 0), data]),
  release: (fh: Whole, releaseFlags = 0, owner: Whole = 0, flags = 0) =>
    Buffer.concat([u64(fh), u32(flags, releaseFlags), u64(owner)]),
  fsync: (fh: Whole, flags = 0) => Buffer.concat([u64(fh), u32(flags, 0)]),
  setxattr: (name: string, value: Buffer, flags = 0) =>
    Buffer.concat([u32(value.length, flags), cString(name), value]),
  getxattr: (name: string, size: number) => Buffer.concat([u32(size, 0), cString(name)]),
  listxattr: (size: number) => u32(size, 0),
  flush: (fh: Whole, owner: Whole) => Buffer.concat([u64(fh), u32(0, 0), u64(owner)]),
  lock: (fh: Whole, owner: Whole, lock: Lock, flags = 0) =>
    Buffer.concat([u64(fh, owner, lock.start, lock.end), u32(lock.type, lock.pid ?? 0, flags, 0)]),
  access: (mask: number) => u32(mask, 0),
  interrupt: (unique: Whole) => u64(unique),
  fallocate: (fh: Whole, offset: Whole, length: Whole, mode: number) =>
    Buffer.concat([u64(fh, offset, length), u32(mode, 0)]),
  lseek: (fh: Whole, offset: Whole, whence: number) =>
    Buffer.concat([u64(fh, offset), u32(whence, 0)]),
  statx: (flags = 0, fh: Whole = 0, sxFlags = 0, mask = 0xfff) =>
    Buffer.concat([u32(flags, 0), u64(fh), u32(sxFlags, mask)]),
  /** struct fuse_init_in, with the fields of 7.36 when flags2 is given. */
  init: (major: number, minor: number, readahead = 0x20000, flags = 0, flags2?: number) =>
    Buffer.concat([
      u32(major, minor, readahead, flags),
      flags2 === undefined ? zeros(0) : Buffer.concat([u32(flags2), zeros(44)]),
    ]),
};

export interface Lock {
  start: Whole;
  end: Whole;
  type: number;
  pid?: number;
}

interface SetAttrIn {
  fh: Whole;
  size: Whole;
  lockOwner: Whole;
  atime: Whole;
  mtime: Whole;
  ctime: Whole;
  atimensec: number;
  mtimensec: number;
  ctimensec: number;
  mode: number;
  uid: number;
  gid: number;
}

function setattr(valid: number, given: Partial<SetAttrIn>): Buffer {
  const { fh = 0, size = 0, lockOwner = 0, atime = 0, mtime = 0, ctime = 0 } = given;
  const { atimensec = 0, mtimensec = 0, ctimensec = 0, mode = 0, uid = 0, gid = 0 } = given;
  return Buffer.concat([
    u32(valid, 0),
    u64(fh, size, lockOwner, atime, mtime, ctime),
    u32(atimensec, mtimensec, ctimensec, mode, 0, uid, gid, 0),
  ]);
}

/** struct fuse_attr; times in nanoseconds. */
export interface Attr {
  ino: Whole;
  size?: Whole;
  blocks?: Whole;
  atime?: bigint;
  mtime?: bigint;
  ctime?: bigint;
  mode: number;
  nlink?: number;
  uid?: number;
  gid?: number;
  rdev?: number;
  blksize?: number;
}

const BILLION = 1_000_000_000n;

/** Seconds, rounded down, and the nanoseconds left. */
export function timeParts(time: bigint): [bigint, number] {
  const rest = ((time % BILLION) + BILLION) % BILLION;
  return [(time - rest) / BILLION, Number(rest)];
}

export function attr(given: Attr): Buffer {
  const { ino, size = 0, blocks = (BigInt(size) + 511n) / 512n, mode, nlink = 1 } = given;
  const { atime = 0n, mtime = 0n, ctime = 0n } = given;
  const { uid = 0, gid = 0, rdev = 0, blksize = 4096 } = given;
  const times = [atime, mtime, ctime].map(timeParts);
  return Buffer.concat([
    u64(ino, size, blocks, ...times.map(([seconds]) => seconds)),
    u32(...times.map(([, nanoseconds]) => nanoseconds)),
    u32(mode, nlink, uid, gid, rdev, blksize, 0),
  ]);
}

/** Times of validity, in milliseconds. */
export interface Validity {
  entry: number;
  attr: number;
}

/** struct fuse_entry_out. */
export function entryOut(
  nodeId: Whole,
  generation: Whole,
  { entry, attr: attrValid }: Validity,
  attributes: Attr,
): Buffer {
  return Buffer.concat([
    u64(nodeId, generation, Math.floor(entry / 1000), Math.floor(attrValid / 1000)),
    u32((entry % 1000) * 1e6, (attrValid % 1000) * 1e6),
    attr(attributes),
  ]);
}

/** struct fuse_attr_out. */
export function attrOut(valid: number, attributes: Attr): Buffer {
  const seconds = u64(Math.floor(valid / 1000));
  return Buffer.concat([seconds, u32((valid % 1000) * 1e6, 0), attr(attributes)]);
}

/** One reply, taken apart. */
export class Reply {
  readonly bytes: Buffer;
  readonly length: number;
  /** Positive errno, 0 for success. */
  readonly errno: number;
  readonly unique: bigint;
  readonly body: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.length = bytes.readUInt32LE(0);
    this.errno = -bytes.readInt32LE(4) + 0;
    this.unique = bytes.readBigUInt64LE(8);
    this.body = bytes.subarray(16);
  }

  u32(offset: number): number {
    return this.body.readUInt32LE(offset);
  }

  u64(offset: number): number {
    return Number(this.body.readBigUInt64LE(offset));
  }
}

/** struct fuse_dirent, and what stands before it in READDIRPLUS. */
export interface Dirent {
  ino: bigint;
  off: number;
  type: number;
  name: string;
  /** READDIRPLUS: nodeid of the fuse_entry_out. */
  nodeId: number;
  entry: Buffer;
}

/** Walks a listing as fuse_parse_dirfile does. @throws for what the kernel would answer EIO */
export function dirents(bytes: Buffer, plus = false): Dirent[] {
  const found: Dirent[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + (plus ? 128 : 0);
    const nameLength = bytes.readUInt32LE(start + 16);
    if (nameLength === 0 || nameLength > 1024) throw new Error(`name of ${nameLength} bytes`);
    const name = bytes.subarray(start + 24, start + 24 + nameLength);
    if (name.includes('/') || name.includes(0)) throw new Error('invalid name');
    const end = start + Math.ceil((24 + nameLength) / 8) * 8;
    if (end > bytes.length) throw new Error('an entry that is cut off');
    found.push({
      ino: bytes.readBigUInt64LE(start),
      off: Number(bytes.readBigUInt64LE(start + 8)),
      type: bytes.readUInt32LE(start + 20),
      name: name.toString('latin1'),
      nodeId: plus ? Number(bytes.readBigUInt64LE(at)) : 0,
      entry: bytes.subarray(at, start),
    });
    at = end;
  }
  return found;
}
