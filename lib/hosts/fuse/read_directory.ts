import { checkFileInformation, checkListedEntry, checkListedName } from '../../answers.js';
import type { FindEntry } from '../../operations.js';
import type { Listing } from '../../listing.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { direntType, saysEnough } from './attributes.js';
import { direntSize, DOT_ENTRIES, padName, writeDirent } from './dirents.js';
import { NO_HANDLE, type DirectoryHandle } from './handles.js';
import { PlainDirents, UNKNOWN_INODE } from './plain_dirents.js';
import { DIRENT_SIZE, ENTRY_OUT_SIZE } from './protocol.js';
import type { Request } from './request.js';
import { MAX_TRANSFER, type Session } from './session.js';

/** Handlers that list directories. */

const DT_DIRECTORY = 4;

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
  /** Writes the entries; `undefined` where that is done one by one. */
  plain: PlainDirents | undefined;
}

export function readDirectory(session: Session, request: Request): Outcome<void> {
  return read(session, request, false);
}

export function readDirectoryPlus(session: Session, request: Request): Outcome<void> {
  return read(session, request, true);
}

function read(session: Session, request: Request, plus: boolean): Outcome<void> {
  const { in: message } = request;
  const number = message.u64();
  const position = message.u64();
  if (number === NO_HANDLE && session.opensDirectoriesFreely) {
    return readFreely(session, request, position, plus);
  }
  return readFrom(session, request, session.directories.get(number), position, plus);
}

/** Reads in a directory that nobody has opened: nobody will say that it is closed, either. */
function readFreely(
  session: Session,
  request: Request,
  position: number,
  plus: boolean,
): Outcome<void> {
  const { freeListings } = session;
  const handle = freeListings.take(session, session.nodes.get(request.nodeId), position);
  const start = request.out.position;
  let reading: Outcome<void>;
  try {
    reading = readFrom(session, request, handle, position, plus);
  } catch (error) {
    freeListings.give(handle, true);
    throw error;
  }
  if (reading instanceof Promise) return finishFreely(session, request, handle, start, reading);
  // A reply without entries is the end.
  freeListings.give(handle, request.out.position === start);
}

async function finishFreely(
  { freeListings }: Session,
  request: Request,
  handle: DirectoryHandle,
  start: number,
  reading: Promise<void>,
): Promise<void> {
  let isOver = true;
  try {
    await reading;
    isOver = request.out.position === start;
  } finally {
    freeListings.give(handle, isOver);
  }
}

function readFrom(
  session: Session,
  request: Request,
  handle: DirectoryHandle,
  position: number,
  plus: boolean,
): Outcome<void> {
  const { in: message } = request;
  const offset = handle.locate(position);
  const size = Math.min(message.u32(), MAX_TRANSFER);
  const start = request.out.position;
  const limit = start + size;
  const reading: Reading = {
    session,
    request,
    handle,
    offset,
    start,
    limit,
    plus,
    plain: undefined,
  };
  if (handle.listing !== undefined || handle.complete) return answer(reading);
  session.listings?.begin(handle);
  if (handle.open === undefined || handle.node.isUnlinked) {
    handle.complete = true;
    return answer(reading);
  }
  const path = session.nodes.path(handle.node);
  handle.asOf = session.nodes.changes;
  const listing = session.target.findFiles(handle.open, path, undefined, request);
  return andThen(listing, begin, reading);
}

function begin(listing: Listing<FindEntry>, reading: Reading): Outcome<void> {
  reading.handle.listing = listing;
  return answer(reading);
}

function answer(reading: Reading): Outcome<void> {
  return andThen(fill(reading), filled, reading);
}

/** A reply without entries is the end. */
function filled(_done: void, { session, request, handle, start }: Reading): void {
  if (request.out.position === start) session.listings?.told(handle);
}

/** Writes entries until the reply is full or the listing at its end. */
function fill(reading: Reading): Outcome<void> {
  const { session, request, handle, plus, limit } = reading;
  while (reading.offset < DOT_ENTRIES.length) {
    if (!writeDots(reading, DOT_ENTRIES[reading.offset] ?? '.')) return;
    reading.offset += 1;
  }
  if (plus && handle.hasUnread) {
    handle.hasUnread = false;
    checkEntries(handle, checkFileInformation);
  }
  if (!plus && handle.isPlain) {
    reading.plain = new PlainDirents(session, handle, request.out, reading.offset, limit);
  }
  const next = advance(reading);
  if (next !== undefined) return fillLater(reading, next);
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

/** Writes what is there. @returns the promise of the next entry when that takes time */
function advance(reading: Reading): Promise<FindEntry | undefined> | undefined {
  const { plain } = reading;
  if (plain !== undefined) {
    const next = pour(reading, plain);
    if (next !== undefined || finishPlain(reading)) return next;
  }
  return writeEach(reading);
}

function pour(reading: Reading, plain: PlainDirents): Promise<FindEntry | undefined> | undefined {
  const { request, handle } = reading;
  const { listing } = handle;
  try {
    if (!plain.writeKnown() || handle.complete || listing === undefined) return undefined;
    handle.hasUnread = true;
    const answer = listing.pour(plain, checkListedEntry, request);
    if (answer instanceof Promise) return answer;
    if (answer) handle.complete = true;
  } catch (error) {
    stopAt(reading, error);
  }
  return undefined;
}

function writeEach(reading: Reading): Promise<FindEntry | undefined> | undefined {
  const { request, handle } = reading;
  const { listing } = handle;
  while (writeKnown(reading)) {
    if (handle.complete || listing === undefined) return undefined;
    let next: Outcome<FindEntry | undefined>;
    try {
      next = listing.next(request);
    } catch (error) {
      stopAt(reading, error);
      return undefined;
    }
    if (next instanceof Promise) return next;
    keep(handle, next);
  }
  return undefined;
}

/** Writes what was read before. @returns false when the reply is full */
function writeKnown(reading: Reading): boolean {
  const { entries } = reading.handle;
  for (;;) {
    const entry = entries[reading.offset - DOT_ENTRIES.length];
    if (entry === undefined) return true;
    if (!writeFound(reading, entry)) return false;
    reading.offset += 1;
  }
}

function keep(handle: DirectoryHandle, entry: FindEntry | undefined): void {
  if (entry === undefined) handle.complete = true;
  else if (handle.skipped?.has(entry.name) !== true) handle.entries.push(entry);
}

/** What was found before is handed out first; who goes on from there gets the error. */
function stopAt(reading: Reading, error: unknown): void {
  if (!finishPlain(reading)) writeKnown(reading);
  const { request, start } = reading;
  if (request.out.position === start) throw error;
}

/** @returns false when all that was written so must be written once more, one by one */
function finishPlain(reading: Reading): boolean {
  const { plain, handle } = reading;
  reading.plain = undefined;
  if (plain === undefined || plain.finish()) return true;
  handle.isPlain = false;
  checkEntries(handle, checkListedName);
  return false;
}

/** Looks at what was left out when the entries were taken. */
function checkEntries(handle: DirectoryHandle, check: (entry: FindEntry) => unknown): void {
  const { entries } = handle;
  for (const [index, entry] of entries.entries()) {
    try {
      check(entry);
    } catch (mistake) {
      entries.length = index;
      handle.complete = false;
      handle.listing?.refuse(mistake);
      return;
    }
  }
}

function writeDots(reading: Reading, name: string): boolean {
  const { request, handle, plus, limit } = reading;
  const { out } = request;
  const { length } = name;
  if (out.position + recordSize(length, plus) > limit) return false;
  // Node 0: the kernel knows both already.
  if (plus) out.zeros(ENTRY_OUT_SIZE);
  const at = out.position + DIRENT_SIZE;
  reading.session.codec.write(name, out.bytes, at);
  padName(out.bytes, at, length);
  const node = name === '.' ? handle.node : (handle.node.parent ?? handle.node);
  const next = handle.positions + reading.offset + 1;
  writeDirent(out, node.inode ?? node.id, next, DT_DIRECTORY, length);
  return true;
}

/** @returns false when the reply is full */
function writeFound(reading: Reading, entry: FindEntry): boolean {
  const { session, request, handle, plus, limit } = reading;
  const { out } = request;
  const at = out.position + (plus ? ENTRY_OUT_SIZE + DIRENT_SIZE : DIRENT_SIZE);
  const length = session.codec.write(entry.name, out.bytes, at);
  // A name the kernel cannot take would cost the whole listing: such a file cannot be named here.
  if (length < 0) return true;
  if (out.position + recordSize(length, plus) > limit) return false;
  padName(out.bytes, at, length);
  const { defaults } = session.options;
  // 0 would hide the entry from getdents' callers.
  let inode = entry.inode || UNKNOWN_INODE;
  if (plus) {
    const node = saysEnough(entry, defaults)
      ? session.writeFound(request, handle.node, entry.name, entry, handle.asOf, true)
      : undefined;
    if (node === undefined) out.zeros(ENTRY_OUT_SIZE);
    else inode = entry.inode || node.id;
  }
  const next = handle.positions + reading.offset + 1;
  writeDirent(out, inode, next, direntType(entry, defaults), length);
  return true;
}

function recordSize(nameLength: number, plus: boolean): number {
  return (plus ? ENTRY_OUT_SIZE : 0) + direntSize(nameLength);
}
