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
