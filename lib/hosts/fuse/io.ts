import type { AllocatedRange, FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { IoFlags } from '../../target.js';
import type { Reader } from './cursor.js';
import { fuseError } from './fuse_error.js';
import { NO_HANDLE, type FileHandle } from './handles.js';
import {
  Errno,
  FallocateMode,
  InitFlags,
  OpenFlags,
  SEEK_DATA,
  SEEK_HOLE,
  WriteFlags,
} from './protocol.js';
import type { Request } from './request.js';
import { MAX_TRANSFER, type Session } from './session.js';
import { killPrivileges } from './setattr.js';
import { fileOf } from './zero_message.js';

/** Handlers for what is in a file. */

export function readFile(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const number = message.u64();
  const offset = message.u64();
  const size = Math.min(message.u32(), MAX_TRANSFER);
  const handle =
    number === NO_HANDLE
      ? fileOf(session, request, number, readFlags(message))
      : session.files.get(number);
  // No file reaches that far: this is the end of every one.
  if (offset > Number.MAX_SAFE_INTEGER) return;
  const buffer = request.body(size);
  const path = session.nodes.path(handle.named);
  const read = session.target.readFile(handle.open, path, buffer, offset, handle.io, request);
  return andThen(read, answerRead, request);
}

/** Of open(2). */
function readFlags(message: Reader): number {
  message.skip(12);
  return message.u32();
}

function answerRead(read: number | Uint8Array, request: Request): void {
  // The callback has put the bytes where the reply's body is, or says where they are.
  if (typeof read === 'number') request.out.position += read;
  else request.append(read);
}

export function writeFile(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const number = message.u64();
  const offset = message.size();
  const size = message.u32();
  const writeFlags = message.u32();
  message.skip(8);
  const openFlags = message.u32();
  message.skip(4);
  const handle = fileOf(session, request, number, openFlags);
  const data = message.bytes(size);
  if (offset + size > Number.MAX_SAFE_INTEGER) throw fuseError(Errno.EFBIG);
  request.isLent = true;
  let io = handle.io;
  if ((writeFlags & WriteFlags.CACHE) !== 0) {
    // With the write-back cache the kernel's size is the true one, and such a write may extend.
    if (!session.has(InitFlags.WRITEBACK_CACHE)) io |= IoFlags.PAGING_IO;
  } else if ((openFlags & OpenFlags.APPEND) !== 0) {
    // The kernel's idea of the end may be old: appending where the end really is loses nobody's data.
    io |= IoFlags.WRITE_TO_END_OF_FILE;
  }
  const path = session.nodes.path(handle.named);
  const written = session.target.writeFile(handle.open, path, data, offset, io, request);
  if ((writeFlags & WriteFlags.CACHE) !== 0 && session.has(InitFlags.WRITEBACK_CACHE)) {
    return andThen(written, answerWholeWrite, { request, size });
  }
  if ((writeFlags & WriteFlags.KILL_SUIDGID) !== 0) {
    return andThen(written, writtenUnprivileged, { session, request, handle });
  }
  return andThen(written, answerWrite, request);
}

function answerWrite(count: number, request: Request): void {
  request.out.u32(count);
  request.out.u32(0);
}

/**
 * Of what comes from its page cache the kernel takes all for written unless it is told an error. Not
 * so without the write-back cache, where the end of a page may lie beyond the end of its file.
 */
function answerWholeWrite(
  count: number,
  { request, size }: { request: Request; size: number },
): void {
  if (count < size) throw fuseError(Errno.EIO);
  answerWrite(count, request);
}

interface Writing {
  readonly session: Session;
  readonly request: Request;
  readonly handle: FileHandle;
}

function writtenUnprivileged(count: number, writing: Writing): Outcome<void> {
  const { session, request, handle } = writing;
  answerWrite(count, request);
  request.isCommitted = true;
  return killPrivileges(session, request, handle.node, handle.open);
}

interface Allocating extends Writing {
  readonly end: number;
  readonly keepSize: boolean;
}

export function allocate(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const handle = fileOf(session, request, message.u64(), OpenFlags.READ_WRITE);
  const offset = message.size();
  const length = message.size();
  const mode = message.u32();
  const end = offset + length;
  if (end > Number.MAX_SAFE_INTEGER) throw fuseError(Errno.EFBIG);
  const { target } = session;
  const path = session.nodes.path(handle.named);
  const keepSize = (mode & FallocateMode.KEEP_SIZE) !== 0;
  const zeroing = mode & (FallocateMode.PUNCH_HOLE | FallocateMode.ZERO_RANGE);
  if ((mode & ~(FallocateMode.KEEP_SIZE | zeroing)) !== 0) throw fuseError(Errno.EOPNOTSUPP);
  if (zeroing === 0) {
    const info = target.getFileInformation(handle.open, path, request);
    return andThen(info, reserve, { session, request, handle, end, keepSize });
  }
  if (!target.supports('setZeroData')) throw fuseError(Errno.EOPNOTSUPP);
  const zeroed = target.setZeroData(handle.open, path, offset, length, request);
  if (keepSize) return zeroed;
  const growing = { session, request, handle, end, keepSize };
  return andThen(zeroed, growAfterZeroing, growing);
}

function growAfterZeroing(_done: void, growing: Allocating): Outcome<void> {
  const { session, request, handle } = growing;
  const path = session.nodes.path(handle.named);
  const info = session.target.getFileInformation(handle.open, path, request);
  return andThen(info, grow, growing);
}

/** Room within the file is there already, as far as Dokan can tell; beyond its end it is reserved. */
function reserve(info: FileInformation, allocating: Allocating): Outcome<void> {
  const { session, request, handle, end, keepSize } = allocating;
  if (end <= (info.size ?? 0)) return;
  const path = session.nodes.path(handle.named);
  const { target } = session;
  if (!target.supports('setAllocationSize')) {
    if (keepSize) throw fuseError(Errno.EOPNOTSUPP);
    return grow(info, allocating);
  }
  const reserved = target.setAllocationSize(handle.open, path, end, request);
  if (keepSize) return reserved;
  return reserved instanceof Promise
    ? reserved.then(() => grow(info, allocating))
    : grow(info, allocating);
}

function grow(info: FileInformation, { session, request, handle, end }: Allocating): Outcome<void> {
  if (end <= (info.size ?? 0)) return;
  const path = session.nodes.path(handle.named);
  return session.target.setEndOfFile(handle.open, path, end, request);
}

interface Seeking extends Writing {
  readonly offset: number;
  readonly whence: number;
}

export function seek(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const number = message.u64();
  // Beyond 2^53 it is not exact, but beyond the end all the same.
  const offset = message.u64();
  const whence = message.u32();
  if (whence !== SEEK_DATA && whence !== SEEK_HOLE) throw fuseError(Errno.EINVAL);
  const handle = fileOf(session, request, number, OpenFlags.READ_WRITE);
  const path = session.nodes.path(handle.named);
  const info = session.target.getFileInformation(handle.open, path, request);
  return andThen(info, seekWithin, { session, request, handle, offset, whence });
}

function seekWithin(info: FileInformation, seeking: Seeking): Outcome<void> {
  const { session, request, handle, offset, whence } = seeking;
  const size = info.size ?? 0;
  if (offset >= size) throw fuseError(Errno.ENXIO);
  const { target } = session;
  if (!target.supports('queryAllocatedRange')) {
    // All is data, and the one hole is at the end.
    request.out.u64(whence === SEEK_DATA ? offset : size);
    return;
  }
  const path = session.nodes.path(handle.named);
  const range = target.queryAllocatedRange(handle.open, path, offset, request);
  return andThen(range, answerSeek, { request, offset, whence, size });
}

function answerSeek(
  range: AllocatedRange | undefined,
  {
    request,
    offset,
    whence,
    size,
  }: { request: Request; offset: number; whence: number; size: number },
): void {
  const start = Math.min(range?.offset ?? size, size);
  if (whence === SEEK_DATA) {
    if (start >= size) throw fuseError(Errno.ENXIO);
    request.out.u64(Math.max(offset, start));
    return;
  }
  const inData = range !== undefined && start <= offset;
  request.out.u64(inData ? Math.max(offset, Math.min(range.offset + range.length, size)) : offset);
}
