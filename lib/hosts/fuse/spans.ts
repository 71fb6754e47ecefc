/**
 * As the `end` of a lock: to the end of the file, however long it grows. It is also the last byte
 * any file here can have, so that offset plus length never exceeds 2^53-1.
 */
export const END_OF_FILE = Number.MAX_SAFE_INTEGER - 1;

/** How the kernel writes it (OFFSET_MAX). */
const WIRE_END_OF_FILE = 0x7fff_ffff_ffff_ffffn;

/** A range of bytes. */
export interface Span {
  /** First byte. */
  readonly start: number;
  /** Last byte, included. */
  readonly end: number;
}

/** `posix`: byte ranges of fcntl(2). `flock`: whole files of flock(2). Neither sees the other. */
export type LockKind = 'posix' | 'flock';

/** What is asked for: GETLK, SETLK or SETLKW. `flock` requests mean the whole file, always. */
export interface LockRequest<H> {
  readonly kind: LockKind;
  /** The kernel's lock owner: a process for fcntl, an open file description for flock and OFD. */
  readonly owner: bigint;
  readonly type: 'read' | 'write' | 'unlock';
  /** First byte. */
  readonly start: number;
  /** Last byte, included; or `END_OF_FILE`. */
  readonly end: number;
  /** Who asks, for GETLK to tell. */
  readonly pid: number;
  /** The open it is asked through. */
  readonly handle: H;
}

/** A lock that is held. Those of one owner and kind never overlap. */
export interface HeldLock<H> extends LockRequest<H> {
  readonly type: 'read' | 'write';
}

export const WHOLE_FILE: Span = { start: 0, end: END_OF_FILE };

/**
 * The range of a lock in a message.
 *
 * No byte beyond 2^53-1 can exist here, so an end out there is as good as the end of the file.
 *
 * @param end - last byte, included
 * @throws RangeError when the first byte cannot exist (EOVERFLOW) or comes after the last (EINVAL)
 */
export function spanFromWire(start: bigint, end: bigint): { start: number; end: number } {
  const first = Number(start);
  const last = end > BigInt(END_OF_FILE) ? END_OF_FILE : Number(end);
  return checkedSpan(first, last);
}

/** The last byte of a lock as the kernel wants it in a reply to GETLK. */
export function endToWire(end: number): bigint {
  return end === END_OF_FILE ? WIRE_END_OF_FILE : BigInt(end);
}

/** @throws RangeError for a range that is none */
export function checkedSpan(start: number, end: number): Span {
  const isSpan =
    Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end;
  if (!isSpan || end > END_OF_FILE) throw new RangeError(`no range of bytes: ${start} to ${end}`);
  return { start, end };
}

export function overlap(one: Span, other: Span): boolean {
  return one.start <= other.end && other.start <= one.end;
}

/** The bytes locked by anyone within a span: disjoint, in order, joined where they touch. */
export function covered(held: readonly Span[], within: Span): Span[] {
  const parts = held
    .filter((lock) => overlap(lock, within))
    .map(({ start, end }) => ({
      start: Math.max(start, within.start),
      end: Math.min(end, within.end),
    }))
    .sort((one, other) => one.start - other.start);
  const joined: { start: number; end: number }[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && part.start <= last.end + 1) last.end = Math.max(last.end, part.end);
    else joined.push(part);
  }
  return joined;
}

/** The bytes of `spans` that are in none of `holes`, which are disjoint and in order. */
export function without(spans: readonly Span[], holes: readonly Span[]): Span[] {
  const rest: Span[] = [];
  for (const span of spans) {
    let start = span.start;
    for (const hole of holes) {
      if (!overlap(hole, span)) continue;
      if (hole.start > start) rest.push({ start, end: hole.start - 1 });
      start = hole.end + 1;
    }
    if (start <= span.end) rest.push({ start, end: span.end });
  }
  return rest;
}

/** What stands in the way of a request, by offset. */
export function conflicts<H>(held: readonly HeldLock<H>[], request: LockRequest<H>): HeldLock<H>[] {
  if (request.type === 'unlock') return [];
  return held
    .filter(
      (other) =>
        other.kind === request.kind &&
        other.owner !== request.owner &&
        overlap(other, request) &&
        (other.type === 'write' || request.type === 'write'),
    )
    .sort((one, other) => one.start - other.start);
}

/** The locks after a request: it replaces what its owner holds there, and joins what it touches. */
export function withRequest<H>(
  held: readonly HeldLock<H>[],
  request: LockRequest<H>,
): readonly HeldLock<H>[] {
  const { type } = request;
  let { start, end } = request;
  const after: HeldLock<H>[] = [];
  for (const lock of held) {
    if (lock.kind !== request.kind || lock.owner !== request.owner) {
      after.push(lock);
    } else if (
      lock.type === type &&
      lock.start <= request.end + 1 &&
      lock.end + 1 >= request.start
    ) {
      start = Math.min(start, lock.start);
      end = Math.max(end, lock.end);
    } else {
      for (const span of without([lock], [request])) after.push({ ...lock, ...span });
    }
  }
  if (type !== 'unlock') after.push({ ...request, type, start, end });
  return after;
}
