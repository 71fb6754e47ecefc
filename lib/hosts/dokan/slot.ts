/**
 * A request as native/windows and this host hand it to each other: a slot of memory that both see.
 * A Dokan thread takes a slot, fills in the request and waits; the JavaScript thread reads it, writes
 * the answer into the same slot and completes it. native/windows/slot.h declares the same layout.
 *
 * Offsets are in bytes from the start of the slot; every field is aligned to its size.
 */

/** Before the slots: the numbers of the slots that `take` has handed out, 32 bits each. */
export const BATCH_BYTES = 256;

/** Slots of a volume. Dokan has at most 16 threads for requests, and a few of its own. */
export const SLOT_COUNT = 64;

export const SLOT_BYTES = 2048;

/**
 * Places in the pool of blocks that are used again and again. The number of such a block is that of
 * its place plus a multiple of this: when a block is dropped, the next one in its place has another.
 */
export const POOLED_BLOCKS = 4096;

/**
 * From here on, a number belongs to one request only and is never seen again (the pool is full): do
 * not keep it.
 */
export const SINGLE_BLOCKS = 2 ** 30;

/** What is asked: the callback, by its position in DOKAN_OPERATIONS. */
export const Operation = {
  CREATE_FILE: 0,
  CLEANUP: 1,
  CLOSE_FILE: 2,
  READ_FILE: 3,
  WRITE_FILE: 4,
  FLUSH_FILE_BUFFERS: 5,
  GET_FILE_INFORMATION: 6,
  FIND_FILES: 7,
  FIND_FILES_WITH_PATTERN: 8,
  SET_FILE_ATTRIBUTES: 9,
  SET_FILE_TIME: 10,
  DELETE_FILE: 11,
  DELETE_DIRECTORY: 12,
  MOVE_FILE: 13,
  SET_END_OF_FILE: 14,
  SET_ALLOCATION_SIZE: 15,
  LOCK_FILE: 16,
  UNLOCK_FILE: 17,
  GET_DISK_FREE_SPACE: 18,
  GET_VOLUME_INFORMATION: 19,
  MOUNTED: 20,
  UNMOUNTED: 21,
  GET_FILE_SECURITY: 22,
  SET_FILE_SECURITY: 23,
  FIND_STREAMS: 24,
} as const;

/** Fields of a request, written by native code. */
export const RequestField = {
  /** u32: an `Operation`. */
  OPERATION: 0,
  /** u32: `RequestFlag` bits. */
  FLAGS: 4,
  /** f64: the context that the open's createFile left; 0 for none. */
  CONTEXT: 8,
  /** u32. */
  PROCESS_ID: 16,
  /** u32: bytes of the file's name, at `NAMES`. */
  NAME_BYTES: 20,
  /** u32: bytes of the second name (new name, pattern, mount point), at `NAMES` + NAME_BYTES rounded up to 2. */
  SECOND_NAME_BYTES: 24,
  /** i32: number of the data block that holds what is written, or takes what is read; -1: none. */
  BLOCK: 28,
  /**
   * u32 each. createFile: desired access, file attributes, share access, disposition, options.
   * readFile, writeFile: length. setFileAttributes: attributes. setFileTime: bits 0 to 2 say which
   * times are given, bits 3 to 5 which of them are in units of 100 ns, because 64 bits of nanoseconds
   * do not reach there (before 1677, after 2262). moveFile: 1 to replace. getFileSecurity: what is
   * wanted, bytes of the buffer.
   * setFileSecurity: what is given, bytes of the descriptor (in the block).
   * createFile with HAS_DESCRIPTOR: ARGUMENT_5 is the length of the descriptor (in the block).
   */
  ARGUMENT_0: 32,
  ARGUMENT_1: 36,
  ARGUMENT_2: 40,
  ARGUMENT_3: 44,
  ARGUMENT_4: 48,
  ARGUMENT_5: 52,
  /** f64: offset of a read, write or lock; new size of setEndOfFile and setAllocationSize. */
  OFFSET: 56,
  /** f64: length of a lock. */
  LENGTH: 64,
  /** i64 each: creation, last access, last write, in nanoseconds since the Unix epoch. */
  TIMES: 72,
  /**
   * u32: the Dokan thread that waits. Dokan's second createFile of one open, on the parent after a
   * denied DELETE, comes on the thread of the first, as its next request, with its context.
   */
  THREAD: 96,
} as const;

export const RequestFlag = {
  IS_DIRECTORY: 1 << 0,
  DELETE_PENDING: 1 << 1,
  PAGING_IO: 1 << 2,
  SYNCHRONOUS_IO: 1 << 3,
  NO_CACHE: 1 << 4,
  WRITE_TO_END_OF_FILE: 1 << 5,
  /** The name has one byte a character (Latin-1), otherwise UTF-16. */
  NAME_IS_LATIN1: 1 << 8,
  /** The name does not fit into the slot: `NativeVolume.name(slot, 0)`. */
  NAME_IS_LONG: 1 << 9,
  SECOND_NAME_IS_LATIN1: 1 << 10,
  SECOND_NAME_IS_LONG: 1 << 11,
  /** createFile: the block holds a security descriptor. */
  HAS_DESCRIPTOR: 1 << 12,
  /**
   * The request's buffer is large enough for `NativeVolume.expose` to pay. There is no block yet:
   * `expose` gives the buffer itself, or else `blockFor` a block.
   */
  MAY_EXPOSE: 1 << 13,
  /** An offset or size above 2^53-1 or below 0, which no file here has: refuse the request. */
  OUT_OF_RANGE: 1 << 14,
  /** The same of a lock's length, which then comes as 0. */
  LENGTH_OUT_OF_RANGE: 1 << 15,
} as const;

/** Fields of an answer, written by this host. Native code writes zeros here before it hands a slot out. */
export const AnswerField = {
  /** u32: NTSTATUS. createFile: SUCCESS, or OBJECT_NAME_COLLISION for an existing file as Dokan wants it. */
  STATUS: 128,
  /** u32: `AnswerFlag` bits. */
  FLAGS: 132,
  /** f64, createFile: what later requests of this open have as context. Also with a failure. */
  CONTEXT: 136,
  /**
   * u32 each. readFile, writeFile: bytes done. getFileInformation: attributes, links, serial number
   * of the volume. getVolumeInformation: serial number, longest component, flags, bytes of the label,
   * bytes of the file system's name (both UTF-16 at `NAMES`, one after the other).
   * getFileSecurity: bytes needed.
   */
  RESULT_0: 144,
  RESULT_1: 148,
  RESULT_2: 152,
  RESULT_3: 156,
  RESULT_4: 160,
  /** u32: `TimeKind`s of the three times, 2 bits each, creation lowest. */
  TIME_KINDS: 164,
  /** f64 each. getFileInformation: size. getDiskFreeSpace: available, total, free. */
  SIZE_0: 168,
  SIZE_1: 176,
  SIZE_2: 184,
  /** u64, getFileInformation: file index. */
  INDEX: 192,
  /** i64 or f64 each, see `TimeKind`: creation, last access, last write. */
  TIMES: 200,
} as const;

export const AnswerFlag = {
  /** createFile: the open is a directory. */
  IS_DIRECTORY: 1 << 0,
  /** The data block may still be in use by a callback that was given up on: never use it again. */
  DROP_BLOCK: 1 << 1,
} as const;

/** How a time is written; native code makes a FILETIME of it, rounding down to 100 ns. */
export const TimeKind = {
  /** None: FILETIME 0. */
  NONE: 0,
  /** i64: nanoseconds since the Unix epoch. */
  NANOSECONDS: 1,
  /** f64: milliseconds since the Unix epoch. */
  MILLISECONDS: 2,
  /** i64: units of 100 ns since the Unix epoch, for times that do not fit into nanoseconds. */
  TICKS: 3,
} as const;

/**
 * Names: absolute, with `/` between components, as native code translates them, without NUL at the
 * end. At most `SLOT_BYTES` - `NAMES` bytes together.
 */
export const NAMES = 256;

/**
 * A directory entry in the data given to `completeWith`, one after the other, each starting at a
 * multiple of 8: attributes u32 (0), time kinds u32 (4), three times of 8 bytes (8), size f64 (32),
 * units of the name u32 (40), the name in UTF-16 (44).
 */
export const EntryField = {
  ATTRIBUTES: 0,
  TIME_KINDS: 4,
  TIMES: 8,
  SIZE: 32,
  NAME_UNITS: 40,
  NAME: 44,
} as const;

/** A stream in the data given to `completeWith`, aligned in the same way: the whole `:name:$DATA`. */
export const StreamField = { SIZE: 0, NAME_UNITS: 8, NAME: 12 } as const;
