import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  FileAttributes,
  FileMode,
  ShareAccess,
} from '../../constants.js';
import type { CreateFileRequest } from '../../operations.js';
import { IoFlags } from '../../target.js';
import { OpenFlags } from './protocol.js';

/** What open(2) asks for, in the words of NtCreateFile. */

function request(
  desiredAccess: number,
  createDisposition: CreateDisposition,
  createOptions: number,
  mode?: number,
): CreateFileRequest {
  return {
    desiredAccess,
    fileAttributes: mode === undefined ? 0 : FileAttributes.NORMAL,
    shareAccess: ShareAccess.ALL,
    createDisposition,
    createOptions,
    mode,
  };
}

const { OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;
const { DIRECTORY_FILE, NON_DIRECTORY_FILE, OPEN_REPARSE_POINT } = CreateOptions;

export const OPEN_DIRECTORY = request(FileAccess.FILE_GENERIC_READ, OPEN, DIRECTORY_FILE);

export const DELETE_FILE = request(
  FileAccess.DELETE | FileAccess.READ_ATTRIBUTES,
  OPEN,
  NON_DIRECTORY_FILE | OPEN_REPARSE_POINT,
);

export const DELETE_DIRECTORY = request(
  FileAccess.DELETE | FileAccess.READ_ATTRIBUTES | FileAccess.LIST_DIRECTORY,
  OPEN,
  DIRECTORY_FILE | OPEN_REPARSE_POINT,
);

export const RENAME = request(
  FileAccess.DELETE | FileAccess.READ_ATTRIBUTES,
  OPEN,
  OPEN_REPARSE_POINT,
);

export const READ_ATTRIBUTES = request(FileAccess.READ_ATTRIBUTES, OPEN, OPEN_REPARSE_POINT);

export const CHANGE_ATTRIBUTES = request(
  FileAccess.READ_ATTRIBUTES | FileAccess.WRITE_ATTRIBUTES,
  OPEN,
  OPEN_REPARSE_POINT,
);

export const CHANGE_SIZE = request(
  FileAccess.FILE_GENERIC_WRITE | FileAccess.READ_ATTRIBUTES,
  OPEN,
  NON_DIRECTORY_FILE,
);

export const READ_SECURITY = request(
  FileAccess.READ_CONTROL | FileAccess.READ_ATTRIBUTES,
  OPEN,
  OPEN_REPARSE_POINT,
);

export const CHANGE_SECURITY = request(
  FileAccess.WRITE_DAC | FileAccess.WRITE_OWNER | FileAccess.READ_ATTRIBUTES,
  OPEN,
  OPEN_REPARSE_POINT,
);

export const READ_STREAM = request(FileAccess.FILE_GENERIC_READ, OPEN, NON_DIRECTORY_FILE);
export const DELETE_STREAM = DELETE_FILE;

/** A stream to be written. @param disposition - OPEN, CREATE or OPEN_IF */
export function writeStream(disposition: CreateDisposition): CreateFileRequest {
  return request(
    FileAccess.FILE_GENERIC_WRITE | FileAccess.READ_ATTRIBUTES | FileAccess.DELETE,
    disposition,
    NON_DIRECTORY_FILE,
  );
}

export function makeDirectory(mode: number): CreateFileRequest {
  return request(
    FileAccess.FILE_GENERIC_READ | FileAccess.READ_ATTRIBUTES,
    CREATE,
    DIRECTORY_FILE,
    mode & 0o7777,
  );
}

/** mknod(2) of a plain file. */
export function makeFile(mode: number): CreateFileRequest {
  return request(
    FileAccess.FILE_GENERIC_WRITE | FileAccess.READ_ATTRIBUTES,
    CREATE,
    NON_DIRECTORY_FILE,
    mode & 0o7777,
  );
}

function accessOf(flags: number): number {
  const how = flags & OpenFlags.ACCESS_MODE;
  let access =
    how === OpenFlags.READ_WRITE
      ? FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE
      : how === OpenFlags.WRITE_ONLY
        ? FileAccess.FILE_GENERIC_WRITE | FileAccess.READ_ATTRIBUTES
        : FileAccess.FILE_GENERIC_READ;
  if ((flags & OpenFlags.EXEC) !== 0) access |= FileAccess.EXECUTE;
  return access;
}

function optionsOf(flags: number): number {
  let options: number = NON_DIRECTORY_FILE;
  if ((flags & OpenFlags.SYNCHRONOUS) === OpenFlags.SYNCHRONOUS) {
    options |= CreateOptions.WRITE_THROUGH;
  }
  if ((flags & OpenFlags.DIRECT) !== 0) options |= CreateOptions.NO_INTERMEDIATE_BUFFERING;
  return options;
}

/** open(2) of a file that is there. */
export function openExisting(flags: number): CreateFileRequest {
  const truncate = (flags & OpenFlags.TRUNCATE) !== 0;
  return request(accessOf(flags), truncate ? OVERWRITE : OPEN, optionsOf(flags));
}

/** open(2) with O_CREAT. */
export function openOrCreate(flags: number, mode: number): CreateFileRequest {
  const disposition =
    (flags & OpenFlags.EXCLUSIVE) !== 0
      ? CREATE
      : (flags & OpenFlags.TRUNCATE) !== 0
        ? OVERWRITE_IF
        : OPEN_IF;
  return request(accessOf(flags), disposition, optionsOf(flags), mode & 0o7777);
}

export function isReadable(flags: number): boolean {
  return (flags & OpenFlags.ACCESS_MODE) !== OpenFlags.WRITE_ONLY;
}

export function isWritable(flags: number): boolean {
  return (flags & OpenFlags.ACCESS_MODE) !== 0;
}

/** The `io` parameter of every read and write of an open. */
export function ioOf(flags: number): number {
  return (
    IoFlags.SYNCHRONOUS_IO | ((flags & OpenFlags.DIRECT) !== 0 ? IoFlags.NO_CACHE : IoFlags.NONE)
  );
}

/** The mode after a write or truncation by somebody without privilege (as in write(2)). */
export function withoutPrivileges(mode: number): number {
  let rest = mode & 0o7777 & ~FileMode.SET_USER_ID;
  // Without group execution set-group-ID marks mandatory locking, and stays.
  if ((mode & 0o010) !== 0) rest &= ~FileMode.SET_GROUP_ID;
  return rest;
}
