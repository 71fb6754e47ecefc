import { FileAttributes, FileMode } from '../../constants.js';
import type { FileInformation, FileTimes } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import { CHANGE_ATTRIBUTES, CHANGE_SIZE, withoutPrivileges } from './access.js';
import { attributesOf, isDirectoryMode } from './attributes.js';
import type { Reader } from './cursor.js';
import { fuseError } from './fuse_error.js';
import { handleOf, openOfRemoved } from './lookup.js';
import type { Node } from './nodes.js';
import { Errno, SetAttr } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** One SETATTR: what is to be changed, and through which open. */
interface Change {
  readonly session: Session;
  readonly request: Request;
  readonly node: Node;
  open: Open;
  readonly valid: number;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly times: FileTimes;
}

export function setAttributes(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const node = session.nodes.get(request.nodeId);
  const valid = message.u32();
  message.skip(4);
  const number = message.u64();
  const size = (valid & SetAttr.SIZE) !== 0 ? message.size() : (message.skip(8), 0);
  message.skip(8);
  // A bigint is made only of what is given.
  const accessSeconds = (valid & SetAttr.ATIME) !== 0 ? message.signedBig() : skipTime(message);
  const writeSeconds = (valid & SetAttr.MTIME) !== 0 ? message.signedBig() : skipTime(message);
  message.skip(8);
  const accessNanoseconds = message.u32();
  const writeNanoseconds = message.u32();
  message.skip(4);
  const mode = message.u32();
  message.skip(4);
  const uid = message.u32();
  const gid = message.u32();
  const times: FileTimes = {
    creationTime: undefined,
    lastAccessTime: timeOf(
      valid,
      SetAttr.ATIME,
      SetAttr.ATIME_NOW,
      accessSeconds,
      accessNanoseconds,
    ),
    lastWriteTime: timeOf(valid, SetAttr.MTIME, SetAttr.MTIME_NOW, writeSeconds, writeNanoseconds),
  };

  const resizing = (valid & SetAttr.SIZE) !== 0;
  const handle =
    handleOf(session, node, (valid & SetAttr.FH) !== 0, number) ??
    node.opens?.find((open) => !resizing || open.writable);
  const open = handle?.open ?? (node.isUnlinked ? openOfRemoved(session, node) : undefined);
  const path = session.nodes.path(node);
  const { target } = session;
  let info: Outcome<FileInformation>;
  if (open !== undefined) {
    info = apply({ session, request, node, open, valid, size, mode, uid, gid, times }, 0);
  } else {
    if (node.isUnlinked) throw fuseError(Errno.ESTALE);
    const how = resizing ? CHANGE_SIZE : CHANGE_ATTRIBUTES;
    const details = { session, request, node, valid, size, mode, uid, gid, times };
    info = withOpen(target, path, how, request, applyThrough, details, undefined);
  }
  return andThen(info, answer, { session, request, node });
}

function answer(
  info: FileInformation,
  { session, request, node }: { session: Session; request: Request; node: Node },
): void {
  session.writeAttributesReply(request, node, info);
}

function skipTime(message: Reader): bigint {
  message.skip(8);
  return 0n;
}

function timeOf(
  valid: number,
  given: number,
  now: number,
  seconds: bigint,
  nanoseconds: number,
): bigint | undefined {
  if ((valid & given) === 0) return undefined;
  if ((valid & now) === 0) return seconds * 1_000_000_000n + BigInt(nanoseconds);
  // The wall clock: performance.now() stands still while the machine sleeps and knows no corrections.
  return BigInt(Date.now()) * 1_000_000n;
}

function applyThrough(
  _target: RequestTarget,
  open: Open,
  _path: string,
  _caller: Caller,
  details: Omit<Change, 'open'>,
): Outcome<FileInformation> {
  return apply({ ...details, open }, 0);
}

// The owner before the mode: a change of owner takes set-user-ID away, which the mode may want back.
const STEPS = [applySize, applyOwner, applyMode, applyTimes];

function apply(change: Change, first: number): Outcome<FileInformation> {
  for (let index = first; index < STEPS.length; index += 1) {
    const done = STEPS[index]?.(change);
    if (done instanceof Promise) return done.then(() => apply(change, index + 1));
  }
  const { session, node, open, request } = change;
  request.isCommitted = true;
  return session.target.getFileInformation(open, session.nodes.path(node), request);
}

function applySize({ session, node, open, request, valid, size }: Change): Outcome<void> {
  if ((valid & SetAttr.SIZE) === 0) return;
  return session.target.setEndOfFile(open, session.nodes.path(node), size, request);
}

function applyOwner(change: Change): Outcome<void> {
  const { session, node, open, request, valid } = change;
  if ((valid & (SetAttr.UID | SetAttr.GID)) === 0) return;
  const uid = (valid & SetAttr.UID) !== 0 ? change.uid : undefined;
  const gid = (valid & SetAttr.GID) !== 0 ? change.gid : undefined;
  const { target, options } = session;
  if (!target.supports('setOwner')) {
    const { defaults } = options;
    if ((uid ?? defaults.uid) === defaults.uid && (gid ?? defaults.gid) === defaults.gid) return;
    throw fuseError(Errno.EPERM);
  }
  return target.setOwner(open, session.nodes.path(node), uid, gid, request);
}

function applyMode(change: Change): Outcome<void> {
  const { session, node, open, request, valid } = change;
  const chosen = (valid & SetAttr.MODE) !== 0;
  if (!chosen && !losesPrivileges(node, valid)) return;
  const mode = chosen ? change.mode & 0o7777 : withoutPrivileges(node.mode);
  if (!chosen && mode === (node.mode & 0o7777)) return;
  const { target } = session;
  const path = session.nodes.path(node);
  if (target.supports('setMode')) return target.setMode(open, path, mode, request);
  return setReadOnly(session, request, node, open, mode);
}

/**
 * HANDLE_KILLPRIV_V2 leaves it to the file system: a truncation says who may keep set-user-ID, a
 * change of owner takes it from every file.
 */
function losesPrivileges(node: Node, valid: number): boolean {
  if ((valid & SetAttr.KILL_SUIDGID) !== 0) return true;
  return (valid & (SetAttr.UID | SetAttr.GID)) !== 0 && !isDirectoryMode(node.mode);
}

/** Without modes the write bits stand for the attribute READONLY, as on FAT; others cannot change. */
function setReadOnly(
  session: Session,
  request: Request,
  node: Node,
  open: Open,
  mode: number,
): Outcome<void> {
  const before = node.mode & 0o7777;
  if (mode === before) return;
  if ((mode & ~0o222) !== (before & ~0o222) || !session.target.supports('setFileAttributes')) {
    throw fuseError(Errno.EPERM);
  }
  const path = session.nodes.path(node);
  const info = session.target.getFileInformation(open, path, request);
  const state = { session, request, node, open, readOnly: (mode & 0o222) === 0 };
  return andThen(info, writeReadOnly, state);
}

function writeReadOnly(
  info: FileInformation,
  state: { session: Session; request: Request; node: Node; open: Open; readOnly: boolean },
): Outcome<void> {
  const { session, request, node, open, readOnly } = state;
  const kept = attributesOf(info) & ~(FileAttributes.READONLY | FileAttributes.NORMAL);
  const attributes = kept | (readOnly ? FileAttributes.READONLY : 0) || FileAttributes.NORMAL;
  return session.target.setFileAttributes(open, session.nodes.path(node), attributes, request);
}

function applyTimes({ session, node, open, request, times }: Change): Outcome<void> {
  if (times.lastAccessTime === undefined && times.lastWriteTime === undefined) return;
  return session.target.setFileTime(open, session.nodes.path(node), times, request);
}

/** Takes set-user-ID and set-group-ID away after a write that the kernel marked so. */
export function killPrivileges(
  session: Session,
  request: Request,
  node: Node,
  open: Open,
): Outcome<void> {
  if ((node.mode & (FileMode.SET_USER_ID | FileMode.SET_GROUP_ID)) === 0) return;
  const mode = withoutPrivileges(node.mode);
  if (mode === (node.mode & 0o7777) || !session.target.supports('setMode')) return;
  const set = session.target.setMode(open, session.nodes.path(node), mode, request);
  return andThen(set, rememberMode, { node, mode });
}

function rememberMode(_done: void, { node, mode }: { node: Node; mode: number }): void {
  node.mode = (node.mode & FileMode.TYPE_MASK) | mode;
}
