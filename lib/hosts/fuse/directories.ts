import type { FindEntry } from '../../operations.js';
import type { Listing } from '../../listing.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import type { Open } from '../../target.js';
import { OPEN_DIRECTORY } from './access.js';
import { direntType, saysEnough } from './attributes.js';
import { refuseLost } from './files.js';
import { fuseError } from './fuse_error.js';
import { DirectoryHandle } from './handles.js';
import type { Node } from './nodes.js';
import { DIRENT_SIZE, ENTRY_OUT_SIZE, Errno } from './protocol.js';
import { closeDirectoryHandle } from './release.js';
import type { Request } from './request.js';
import { MAX_TRANSFER, type Session } from './session.js';

/** Handlers that list directories. */

const DT_DIRECTORY = 4;
/** For entries whose file system gives no inode (FUSE_UNKNOWN_INO): 0 would hide the entry. */
const UNKNOWN_INODE = 0xffffffff;
const DOT_ENTRIES = ['.', '..'];

export function openDirectory(session: Session, request: Request): Outcome<void> {
  const node = session.nodes.get(request.nodeId);
  if (node.isUnlinked) {
    // Removed, but somebody's current directory: there is nothing in it any more.
    opened(undefined, { session, request, node });
    return;
  }
  const path = session.nodes.path(node);
  const open = session.target.createFile(path, OPEN_DIRECTORY, request);
  return andThen(open, opened, { session, request, node });
}

function opened(
  open: Open | undefined,
  { session, request, node }: { session: Session; request: Request; node: Node },
): void {
  if (open !== undefined) refuseLost(session, node, open);
  const number = session.directories.add(new DirectoryHandle(open, node));
  request.opened = number;
  request.openedDirectory = true;
  request.out.u64(number);
  request.out.u64(0);
}

export function releaseDirectory(session: Session, request: Request): Outcome<void> {
  const number = request.in.u64();
  if (session.directories.find(number) === undefined) throw fuseError(Errno.EBADF);
  return closeDirectoryHandle(session, number, request);
}

/** One READDIR or READDIRPLUS being answered. */
interface Reading {
  readonly session: Session;
  readonly request: Request;
  readonly handle: DirectoryHandle;
  /** The next entry: 0 and 1 are `.` and `..`. */
  offset: number;
  /** Where the reply's entries begin, and where they must end. */
  readonly start: number;
  readonly limit: number;
  readonly plus: boolean;
}

export function readDirectory(session: Session, request: Request): Outcome<void> {
  return read(session, request, false);
}

export function readDirectoryPlus(session: Session, request: Request): Outcome<void> {
  return read(session, request, true);
}

function read(session: Session, request: Request, plus: boolean): Outcome<void> {
  const { in: message } = request;
  const handle = session.directories.get(message.u64());
  const offset = message.u64();
  const size = Math.min(message.u32(), MAX_TRANSFER);
  const start = request.out.position;
  const limit = start + size;
  // rewinddir(3) must show what is there now; the first reading finds nothing to forget.
  if (offset === 0) handle.rewind();
  const reading: Reading = { session, request, handle, offset, start, limit, plus };
  if (handle.listing !== undefined || handle.complete) return fill(reading);
  if (handle.open === undefined || handle.node.isUnlinked) {
    handle.complete = true;
    return fill(reading);
  }
  const path = session.nodes.path(handle.node);
  const listing = session.target.findFiles(handle.open, path, undefined, request);
  return andThen(listing, begin, reading);
}

function begin(listing: Listing<FindEntry>, reading: Reading): Outcome<void> {
  reading.handle.listing = listing;
  return fill(reading);
}

/** Writes entries until the reply is full or the listing at its end. */
function fill(reading: Reading): Outcome<void> {
  while (reading.offset < DOT_ENTRIES.length) {
    if (!writeDots(reading, DOT_ENTRIES[reading.offset] ?? '.')) return;
    reading.offset += 1;
  }
  const next = advance(reading);
  if (next !== undefined) return fillLater(reading, next);
}

/** Writes what is there. @returns the promise of the next entry when that takes time */
function advance(reading: Reading): Promise<FindEntry | undefined> | undefined {
  const { request, handle } = reading;
  for (;;) {
    const known = handle.entries[reading.offset - DOT_ENTRIES.length];
    if (known !== undefined) {
      if (!writeFound(reading, known)) return undefined;
      reading.offset += 1;
      continue;
    }
    if (handle.complete || handle.listing === undefined) return undefined;
    let next: Outcome<FindEntry | undefined>;
    try {
      next = handle.listing.next(request);
    } catch (error) {
      stopAt(reading, error);
      return undefined;
    }
    if (next instanceof Promise) return next;
    keep(handle, next);
  }
}

async function fillLater(reading: Reading, first: Promise<FindEntry | undefined>): Promise<void> {
  let next: Promise<FindEntry | undefined> | undefined = first;
  while (next !== undefined) {
    let entry: FindEntry | undefined;
    try {
      entry = await next;
    } catch (error) {
      return stopAt(reading, error);
    }
    keep(reading.handle, entry);
    next = advance(reading);
  }
}

function keep(handle: DirectoryHandle, entry: FindEntry | undefined): void {
  if (entry === undefined) handle.complete = true;
  else handle.entries.push(entry);
}

/** What was found before is handed out first; who goes on from there gets the error. */
function stopAt({ request, start }: Reading, error: unknown): void {
  if (request.out.position === start) throw error;
}

function writeDots(reading: Reading, name: string): boolean {
  const { request, handle, plus, limit } = reading;
  const { out } = request;
  const bytes = Buffer.from(name);
  if (out.position + recordSize(bytes.length, plus) > limit) return false;
  // Node 0: the kernel knows both already.
  if (plus) out.zeros(ENTRY_OUT_SIZE);
  const node = name === '.' ? handle.node : (handle.node.place?.parent ?? handle.node);
  writeDirent(reading, node.inode ?? node.id, DT_DIRECTORY, bytes);
  return true;
}

/** @returns false when the reply is full */
function writeFound(reading: Reading, entry: FindEntry): boolean {
  const { session, request, handle, plus, limit } = reading;
  const bytes = session.codec.encode(entry.name);
  // A name the kernel cannot take would cost the whole listing: such a file cannot be named here.
  if (bytes === undefined) return true;
  const { out } = request;
  if (out.position + recordSize(bytes.length, plus) > limit) return false;
  const { defaults } = session.options;
  // 0 would hide the entry from getdents' callers.
  let inode = entry.inode || UNKNOWN_INODE;
  if (plus) {
    if (saysEnough(entry, defaults)) {
      const node = session.writeEntry(request, handle.node, entry.name, entry);
      inode = entry.inode || node.id;
    } else {
      out.zeros(ENTRY_OUT_SIZE);
    }
  }
  writeDirent(reading, inode, direntType(entry, defaults), bytes);
  return true;
}

function writeDirent(
  { request, offset }: Reading,
  inode: number | bigint,
  type: number,
  name: Buffer,
): void {
  const { out } = request;
  if (typeof inode === 'bigint') out.big(inode);
  else out.u64(inode);
  // Where to go on: after this entry.
  out.u64(offset + 1);
  out.u32(name.length);
  out.u32(type);
  out.copy(name);
  out.zeros(padding(name.length));
}

function padding(length: number): number {
  return (8 - ((DIRENT_SIZE + length) & 7)) & 7;
}

function recordSize(nameLength: number, plus: boolean): number {
  return (plus ? ENTRY_OUT_SIZE : 0) + DIRENT_SIZE + nameLength + padding(nameLength);
}
