import { DokanError } from '../../errors.js';
import type { FileInformation } from '../../operations.js';
import { andThen, type Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { IoFlags } from '../../target.js';
import { attributesOf } from './attributes.js';
import { madeIndex, makeIndex } from './file_index.js';
import { checkPath } from './names.js';
import type { Request } from './request.js';
import { AnswerField, RequestField, RequestFlag } from './slot.js';
import { readTimes, writeTimes } from './times.js';

/** What is known of a file, and what can be changed of it. */

export function getFileInformation(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const information = request.session.target.getFileInformation(entry.open, path, request);
  return andThen(information, describe, request);
}

function describe(info: FileInformation, request: Request): void {
  const { session, lastPath } = request;
  const isDirectory = session.contexts.find(request.context)?.open.isDirectory === true;
  request.answerResult(0, attributesOf(info, isDirectory));
  request.answerResult(1, info.linkCount ?? 1);
  request.answerResult(2, session.serialNumber);
  request.answerSize(0, info.size ?? 0);
  const kinds = writeTimes(
    request.memory,
    request.place(AnswerField.TIMES),
    info,
    session.options.time,
  );
  request.answerTimeKinds(kinds);
  if (info.inode !== undefined) {
    request.answerIndex(info.inode);
  } else {
    makeIndex(lastPath, session.options.caseSensitive);
    request.answerIndexHalves(madeIndex[0] ?? 0, madeIndex[1] ?? 0);
  }
}

export function setFileAttributes(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const attributes = request.argument(0);
  return request.session.target.setFileAttributes(entry.open, path, attributes, request);
}

export function setFileTime(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const place = request.place(RequestField.TIMES);
  const times = readTimes(request.memory, place, request.argument(0));
  return request.session.target.setFileTime(entry.open, path, times, request);
}

export function flushFileBuffers(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  return request.session.target.flushFileBuffers(entry.open, path, IoFlags.NONE, request);
}

/** DeleteFile and DeleteDirectory: the dispatcher knows which of them the open is. */
export function setDisposition(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const pending = request.has(RequestFlag.DELETE_PENDING);
  return request.session.target.setDisposition(entry.open, path, pending, request);
}

export function moveFile(request: Request): Outcome<void> {
  const { session } = request;
  const entry = request.entry();
  const path = request.path(entry);
  const newPath = checkPath(request.secondName(), session.options.altStreams);
  // Dokan hands on the whole byte of flags; the lowest is the one that says to replace.
  const replace = (request.argument(0) & 1) !== 0;
  return session.target.moveFile(entry.open, path, newPath, replace, request);
}

export function setEndOfFile(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  return request.session.target.setEndOfFile(entry.open, path, sizeOf(request), request);
}

export function setAllocationSize(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  return request.session.target.setAllocationSize(entry.open, path, sizeOf(request), request);
}

function sizeOf(request: Request): number {
  if (request.has(RequestFlag.OUT_OF_RANGE)) throw new DokanError(NtStatus.INVALID_PARAMETER);
  return request.offset;
}
