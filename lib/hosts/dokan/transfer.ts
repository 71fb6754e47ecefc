import { fill } from '../../bytes_read.js';
import { DokanError } from '../../errors.js';
import type { Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { IoFlags } from '../../target.js';
import type { Request } from './request.js';
import { RequestFlag } from './slot.js';

/** Reads and writes. */

export function readFile(request: Request): Outcome<void> {
  const { session } = request;
  const entry = request.entry();
  if (request.has(RequestFlag.OUT_OF_RANGE)) throw new DokanError(NtStatus.END_OF_FILE);
  const path = request.path(entry);
  const size = request.argument(0);
  const buffer = request.transfer(size, session.reads.allowed);
  const io = ioFlags(request.flags);
  let outcome: Outcome<number | Uint8Array>;
  try {
    outcome = session.target.readFile(entry.open, path, buffer, request.offset, io, request);
  } catch (error) {
    throw failed(request, buffer, size, error);
  }
  if (!(outcome instanceof Promise)) {
    session.reads.answeredAtOnce();
    return transferred(request, buffer, size, outcome);
  }
  session.reads.gavePromise();
  return transferLater(request, buffer, size, outcome);
}

export function writeFile(request: Request): Outcome<void> {
  const { session } = request;
  const entry = request.entry();
  const atEnd = request.has(RequestFlag.WRITE_TO_END_OF_FILE);
  if (!atEnd && request.has(RequestFlag.OUT_OF_RANGE)) {
    throw new DokanError(NtStatus.INVALID_PARAMETER);
  }
  const path = request.path(entry);
  const size = request.argument(0);
  const data = request.transfer(size, session.writes.allowed);
  // Whatever the offset says then, -1 as a rule.
  const offset = atEnd ? 0 : request.offset;
  const io = ioFlags(request.flags);
  let outcome: Outcome<number>;
  try {
    outcome = session.target.writeFile(entry.open, path, data, offset, io, request);
  } catch (error) {
    throw failed(request, data, size, error);
  }
  if (!(outcome instanceof Promise)) {
    session.writes.answeredAtOnce();
    return transferred(request, data, size, outcome);
  }
  session.writes.gavePromise();
  return transferLater(request, data, size, outcome);
}

async function transferLater(
  request: Request,
  memory: Buffer,
  size: number,
  outcome: Promise<number | Uint8Array>,
): Promise<void> {
  const call = request.running;
  try {
    transferred(request, memory, size, await outcome);
  } catch (error) {
    // The request was given up, and the callback may still be at work in this memory.
    const returning = call?.whenReturned?.();
    if (returning !== undefined) {
      if (request.isExposed) await returning;
      else request.dropBlock();
    }
    throw failed(request, memory, size, error);
  }
}

function transferred(
  request: Request,
  memory: Buffer,
  size: number,
  done: number | Uint8Array,
): void {
  if (memory.length !== size) {
    throw failed(request, memory, size, new DokanError(NtStatus.INTERNAL_ERROR));
  }
  request.answerResult(0, fill(memory, done));
}

/** Somebody may have transferred the memory away, and the data with it: then it is of no use any more. */
function failed(request: Request, memory: Buffer, size: number, error: unknown): unknown {
  if (memory.length !== size) request.dropBlock();
  return error;
}

function ioFlags(flags: number): number {
  return (
    ((flags & RequestFlag.PAGING_IO) !== 0 ? IoFlags.PAGING_IO : 0) |
    ((flags & RequestFlag.SYNCHRONOUS_IO) !== 0 ? IoFlags.SYNCHRONOUS_IO : 0) |
    ((flags & RequestFlag.NO_CACHE) !== 0 ? IoFlags.NO_CACHE : 0) |
    ((flags & RequestFlag.WRITE_TO_END_OF_FILE) !== 0 ? IoFlags.WRITE_TO_END_OF_FILE : 0)
  );
}
