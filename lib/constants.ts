/**
 * The numbers of the NT I/O interface that reach a file system, under the names Microsoft gives
 * them (winnt.h, ntifs.h) without their prefixes.
 */

/** Bits of `CreateFileRequest.desiredAccess` (ACCESS_MASK). */
export const FileAccess = {
  READ_DATA: 0x1,
  LIST_DIRECTORY: 0x1,
  WRITE_DATA: 0x2,
  ADD_FILE: 0x2,
  APPEND_DATA: 0x4,
  ADD_SUBDIRECTORY: 0x4,
  READ_EA: 0x8,
  WRITE_EA: 0x10,
  EXECUTE: 0x20,
  TRAVERSE: 0x20,
  DELETE_CHILD: 0x40,
  READ_ATTRIBUTES: 0x80,
  WRITE_ATTRIBUTES: 0x100,
  DELETE: 0x10000,
  READ_CONTROL: 0x20000,
  WRITE_DAC: 0x40000,
  WRITE_OWNER: 0x80000,
  SYNCHRONIZE: 0x100000,
  ACCESS_SYSTEM_SECURITY: 0x1000000,
  MAXIMUM_ALLOWED: 0x2000000,
  GENERIC_ALL: 0x10000000,
  GENERIC_EXECUTE: 0x20000000,
  GENERIC_WRITE: 0x40000000,
  GENERIC_READ: 0x80000000,
  /** FILE_GENERIC_READ: what an application that opens for reading gets. */
  FILE_GENERIC_READ: 0x120089,
  /** FILE_GENERIC_WRITE: what an application that opens for writing gets. */
  FILE_GENERIC_WRITE: 0x120116,
  FILE_GENERIC_EXECUTE: 0x1200a0,
} as const;

/** Bits of `CreateFileRequest.shareAccess`. */
export const ShareAccess = { NONE: 0, READ: 1, WRITE: 2, DELETE: 4, ALL: 7 } as const;

/** What to do when the file is there, or is not: `CreateFileRequest.createDisposition`. */
export const CreateDisposition = {
  /** Replace the file when it is there, create it when not. */
  SUPERSEDE: 0,
  /** Open; fail when it is not there. */
  OPEN: 1,
  /** Create; fail when it is there. */
  CREATE: 2,
  /** Open, or create. */
  OPEN_IF: 3,
  /** Open and truncate; fail when it is not there. */
  OVERWRITE: 4,
  /** Open and truncate, or create. */
  OVERWRITE_IF: 5,
} as const;

export type CreateDisposition = (typeof CreateDisposition)[keyof typeof CreateDisposition];

/** Bits of `CreateFileRequest.createOptions`. */
export const CreateOptions = {
  DIRECTORY_FILE: 0x1,
  WRITE_THROUGH: 0x2,
  SEQUENTIAL_ONLY: 0x4,
  NO_INTERMEDIATE_BUFFERING: 0x8,
  SYNCHRONOUS_IO_ALERT: 0x10,
  SYNCHRONOUS_IO_NONALERT: 0x20,
  NON_DIRECTORY_FILE: 0x40,
  CREATE_TREE_CONNECTION: 0x80,
  COMPLETE_IF_OPLOCKED: 0x100,
  NO_EA_KNOWLEDGE: 0x200,
  OPEN_REMOTE_INSTANCE: 0x400,
  RANDOM_ACCESS: 0x800,
  DELETE_ON_CLOSE: 0x1000,
  OPEN_BY_FILE_ID: 0x2000,
  OPEN_FOR_BACKUP_INTENT: 0x4000,
  NO_COMPRESSION: 0x8000,
  RESERVE_OPFILTER: 0x100000,
  /** Open a symbolic link itself, not what it points to. */
  OPEN_REPARSE_POINT: 0x200000,
  OPEN_NO_RECALL: 0x400000,
} as const;

/** Bits of `FileInformation.attributes` and `CreateFileRequest.fileAttributes`. */
export const FileAttributes = {
  READONLY: 0x1,
  HIDDEN: 0x2,
  SYSTEM: 0x4,
  DIRECTORY: 0x10,
  ARCHIVE: 0x20,
  DEVICE: 0x40,
  NORMAL: 0x80,
  TEMPORARY: 0x100,
  SPARSE_FILE: 0x200,
  REPARSE_POINT: 0x400,
  COMPRESSED: 0x800,
  OFFLINE: 0x1000,
  NOT_CONTENT_INDEXED: 0x2000,
  ENCRYPTED: 0x4000,
} as const;

/** Bits of `VolumeInformation.fileSystemFlags`. */
export const FileSystemFlags = {
  CASE_SENSITIVE_SEARCH: 0x1,
  CASE_PRESERVED_NAMES: 0x2,
  UNICODE_ON_DISK: 0x4,
  PERSISTENT_ACLS: 0x8,
  FILE_COMPRESSION: 0x10,
  VOLUME_QUOTAS: 0x20,
  SUPPORTS_SPARSE_FILES: 0x40,
  SUPPORTS_REPARSE_POINTS: 0x80,
  SUPPORTS_REMOTE_STORAGE: 0x100,
  SUPPORTS_OBJECT_IDS: 0x10000,
  SUPPORTS_ENCRYPTION: 0x20000,
  NAMED_STREAMS: 0x40000,
  READ_ONLY_VOLUME: 0x80000,
  SUPPORTS_HARD_LINKS: 0x400000,
  SUPPORTS_EXTENDED_ATTRIBUTES: 0x800000,
} as const;

/** Bits of `securityInformation` in getFileSecurity and setFileSecurity. */
export const SecurityInformation = {
  OWNER: 0x1,
  GROUP: 0x2,
  DACL: 0x4,
  SACL: 0x8,
  LABEL: 0x10,
  PROTECTED_DACL: 0x80000000,
  PROTECTED_SACL: 0x40000000,
  UNPROTECTED_DACL: 0x20000000,
  UNPROTECTED_SACL: 0x10000000,
} as const;

/** The file type bits of a POSIX mode (inode(7)). */
export const FileMode = {
  TYPE_MASK: 0o170000,
  SOCKET: 0o140000,
  SYMBOLIC_LINK: 0o120000,
  REGULAR: 0o100000,
  BLOCK_DEVICE: 0o060000,
  DIRECTORY: 0o040000,
  CHARACTER_DEVICE: 0o020000,
  FIFO: 0o010000,
  SET_USER_ID: 0o4000,
  SET_GROUP_ID: 0o2000,
} as const;
