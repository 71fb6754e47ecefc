import { DokanError } from '../../errors.js';
import type { Listing } from '../../listing.js';
import type { FileInformation, FindEntry } from '../../operations.js';
import { andThen, type Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { saysEnough } from './attributes.js';
import type { DataWriter } from './data_writer.js';
import { isNameable } from './names.js';
import type { Request } from './request.js';

/** Listings of directories. `.` and `..` are the library's business. */

export function findFiles(request: Request): Outcome<void> {
  return list(request, undefined);
}

/**
 * Dokan never asks again for a pattern once it was told that there is no such callback, and matches
 * names itself from then on, which it does wrong: this is always answered.
 */
export function findFilesWithPattern(request: Request): Outcome<void> {
  const pattern = request.secondName();
  return list(request, pattern === '' ? undefined : pattern);
}

function list(request: Request, pattern: string | undefined): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const listing = request.session.target.findFiles(entry.open, path, pattern, request);
  return andThen(listing, pull, request);
}

/** Writes all entries, without a promise as long as none is needed. */
function pull(listing: Listing<FindEntry>, request: Request): Outcome<void> {
  const writer = request.writer();
  for (;;) {
    const next = listing.next(request);
    if (next instanceof Promise) return pullLater(listing, request, writer, next);
    if (next === undefined) break;
    const added = add(request, writer, next);
    if (added instanceof Promise) return pullLater(listing, request, writer, undefined, added);
  }
  request.answerWritten(writer);
}

async function pullLater(
  listing: Listing<FindEntry>,
  request: Request,
  writer: DataWriter,
  first: Promise<FindEntry | undefined> | undefined,
  adding?: Promise<void>,
): Promise<void> {
  await adding;
  let next = first ?? listing.next(request);
  for (;;) {
    const entry = next instanceof Promise ? await next : next;
    if (entry === undefined) break;
    const added = add(request, writer, entry);
    if (added instanceof Promise) await added;
    next = listing.next(request);
  }
  request.answerWritten(writer);
}

function add(request: Request, writer: DataWriter, entry: FindEntry): Outcome<void> {
  const { name } = entry;
  // A file that cannot be named here would only lead programs astray.
  if (!isNameable(name)) return;
  const { session } = request;
  if (saysEnough(entry)) return writer.entry(name, entry, session.options.time);
  const { lastPath } = request;
  const path = lastPath === '/' ? `/${name}` : `${lastPath}/${name}`;
  let info: Outcome<FileInformation>;
  try {
    info = session.target.queryOpen(path, request);
  } catch (error) {
    return addUnknown(request, writer, entry, error);
  }
  if (info instanceof Promise) {
    return info.then(
      (found) => addKnown(request, writer, entry, found),
      (error: unknown) => addUnknown(request, writer, entry, error),
    );
  }
  addKnown(request, writer, entry, info);
}

/** What the entry says itself goes first. */
function addKnown(
  request: Request,
  writer: DataWriter,
  entry: FindEntry,
  info: FileInformation,
): void {
  const whole: FileInformation = {
    size: entry.size ?? info.size,
    // A mode that the entry gives must not be overruled by attributes of elsewhere.
    attributes: entry.attributes ?? (entry.mode === undefined ? info.attributes : undefined),
    mode: entry.mode ?? info.mode,
    creationTime: entry.creationTime ?? info.creationTime,
    lastAccessTime: entry.lastAccessTime ?? info.lastAccessTime,
    lastWriteTime: entry.lastWriteTime ?? info.lastWriteTime,
  };
  writer.entry(entry.name, whole, request.session.options.time);
}

/** What cannot be asked is shown as far as it is known, unless it has gone meanwhile. */
function addUnknown(request: Request, writer: DataWriter, entry: FindEntry, error: unknown): void {
  if (!(error instanceof DokanError)) throw error;
  if (error.status === NtStatus.OBJECT_NAME_NOT_FOUND) return;
  writer.entry(entry.name, entry, request.session.options.time);
}
