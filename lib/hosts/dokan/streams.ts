import type { Listing } from '../../listing.js';
import type { StreamEntry } from '../../operations.js';
import { andThen, type Outcome } from '../../outcome.js';
import { LONGEST_NAME } from './names.js';
import type { Request } from './request.js';

/** The whole name of a file's own data. */
const DEFAULT_STREAM = '::$DATA';

/** Listings of alternate streams. */
export function findStreams(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const listing = request.session.target.findStreams(entry.open, path, request);
  return andThen(listing, collect, request);
}

function collect(listing: Listing<StreamEntry>, request: Request): Outcome<void> {
  const streams: StreamEntry[] = [];
  for (;;) {
    const next = listing.next(request);
    if (next instanceof Promise) return collectLater(listing, request, streams, next);
    if (next === undefined) break;
    streams.push(next);
  }
  answer(request, streams);
}

async function collectLater(
  listing: Listing<StreamEntry>,
  request: Request,
  streams: StreamEntry[],
  first: Promise<StreamEntry | undefined>,
): Promise<void> {
  let next: Outcome<StreamEntry | undefined> = first;
  for (;;) {
    const stream = next instanceof Promise ? await next : next;
    if (stream === undefined) break;
    streams.push(stream);
    next = listing.next(request);
  }
  answer(request, streams);
}

function answer(request: Request, streams: readonly StreamEntry[]): void {
  const writer = request.writer();
  // As on NTFS the file's own data comes first; programs take the first one for it.
  for (const { name, size } of streams) {
    if (wholeName(name) === DEFAULT_STREAM) writer.stream(DEFAULT_STREAM, size);
  }
  for (const { name, size } of streams) {
    const whole = wholeName(name);
    if (whole !== DEFAULT_STREAM && isNameable(whole)) writer.stream(whole, size);
  }
  request.answerWritten(writer);
}

function wholeName(name: string): string {
  return name.startsWith(':') ? name : `:${name}:$DATA`;
}

function isNameable(whole: string): boolean {
  const [, name = ''] = whole.split(':');
  return name.length <= LONGEST_NAME && !whole.includes('\\');
}
