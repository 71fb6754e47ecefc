import { NO_CALLER } from '../../open_file.js';
import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import {
  IoFlags,
  release,
  withOpen,
  type Caller,
  type Open,
  type RequestTarget,
} from '../../target.js';
import { FileMode } from '../../constants.js';
import * as access from './access.js';
import { modeOf } from './attributes.js';
import { beginBacking, isOfOtherFile } from './backing.js';
import { fuseError } from './fuse_error.js';
import { FileHandle, NO_HANDLE } from './handles.js';
import { readName } from './lookup.js';
import { releaseLocks } from './locking.js';
import { isOther, type Node } from './nodes.js';
import { Errno, FSYNC_FDATASYNC, OPEN_KILL_SUIDGID, OpenFlags } from './protocol.js';
import { closeFileHandle } from './release.js';
import type { Request } from './request.js';
import type { Session } from './session.js';
import { killPrivileges } from './setattr.js';
import { fileOf } from './zero_message.js';

/** Handlers that open, make and close files. */

interface Opening {
  readonly session: Session;
  readonly request: Request;
  readonly node: Node;
  /** Whose path it is opened by. */
  readonly named: Node;
  readonly path: string;
  readonly flags: number;
  readonly openFlags: number;
  /** How many renames were over when it was begun. */
  readonly renames: number;
  /** Of the node table, when it was begun. */
  readonly asOf: number;
}

export function openFile(session: Session, request: Request): Outcome<void> {
  // The kernel opens it, and whatever comes after, without asking.
  if (session.opensFilesFreely) throw fuseError(Errno.ENOSYS);
  const node = session.nodes.get(request.nodeId);
  const flags = request.in.u32();
  const openFlags = request.in.u32();
  if (node.isUnlinked && node.opens !== undefined) return openAgain(session, request, node, flags);
  const named = node.isUnlinked ? successorFor(session, node, flags) : node;
  const path = session.nodes.path(named);
  const asOf = session.nodes.changes;
  const renames = session.renamesEnded;
  const open = session.target.createFile(path, access.openExisting(flags), request);
  return andThen(open, opened, {
    session,
    request,
    node,
    named,
    path,
    flags,
    openFlags,
    renames,
    asOf,
  });
}

function opened(open: Open, opening: Opening): Outcome<void> {
  const { session, node, named } = opening;
  refuseLost(session, named, open);
  if (isOfOtherFile(session, node, open) || mayBeOther(opening)) return identify(open, opening);
  return answerOpened(open, opening, named !== node);
}

/** What had its path may have been replaced while it was opened, without anything telling so yet. */
function mayBeOther({ session, renames }: Opening): boolean {
  return session.options.severalThreads || session.renamesBegun > renames;
}

/** Two files behind one node: either its path has got another file, or that is how the file system works. */
function identify(open: Open, opening: Opening): Outcome<void> {
  const { session, request, node, named, path } = opening;
  let info: Outcome<FileInformation>;
  try {
    info = session.target.getFileInformation(open, path, request);
  } catch {
    // Then nothing says that it is another one.
    return answerOpened(open, opening, named !== node);
  }
  return info instanceof Promise
    ? identifyLater(open, opening, info)
    : identified(open, opening, info);
}

async function identifyLater(
  open: Open,
  opening: Opening,
  asking: Promise<FileInformation>,
): Promise<void> {
  let info: FileInformation | undefined;
  try {
    info = await asking;
  } catch {
    // As above.
  }
  return info === undefined
    ? answerOpened(open, opening, opening.named !== opening.node)
    : identified(open, opening, info);
}

function identified(open: Open, opening: Opening, info: FileInformation): Outcome<void> {
  const { session, node, named, path, flags, asOf } = opening;
  const other = isOther(node, info, modeOf(info, session.options.defaults));
  if (named !== node || !other) return answerOpened(open, opening, named !== node);
  // Who reads by name gets what has the name now, as if they had come a moment later.
  if (!access.isWritable(flags) && node.passed === undefined) {
    return answerOpened(open, opening, true);
  }
  void release(session.target, open, path, NO_CALLER);
  const { parent, name } = node;
  if (parent !== undefined) session.nameIsGone(parent, name, node, asOf);
  // The kernel looks the path up anew.
  throw fuseError(Errno.ESTALE);
}

function answerOpened(open: Open, opening: Opening, isOfOther: boolean): Outcome<void> {
  const { session, request, node, named, flags, openFlags } = opening;
  answerOpen(session, request, new FileHandle(open, node, named, flags, isOfOther), flags);
  if ((openFlags & OPEN_KILL_SUIDGID) !== 0) return killPrivileges(session, request, node, open);
}

/**
 * The node the kernel had found was on a medium that is no longer there: the open is of whatever has
 * its path on another one. Told ESTALE, the kernel looks the path up anew.
 */
export function refuseLost(session: Session, node: Node, open: Open): void {
  if (!node.isLost) return;
  void release(session.target, open, session.nodes.path(node), NO_CALLER);
  throw fuseError(Errno.ESTALE);
}

/**
 * A file without a name is opened once more (through /proc/self/fd): the new handle holds an open
 * that is there.
 */
function openAgain(session: Session, request: Request, node: Node, flags: number): Outcome<void> {
  const donor = node.opens?.find(
    (handle) =>
      (handle.readable || !access.isReadable(flags)) &&
      (handle.writable || !access.isWritable(flags)),
  );
  if (donor === undefined) throw fuseError(Errno.ESTALE);
  const handle = new FileHandle(donor.open, node, donor.named, flags, donor.isOfOther);
  handle.shared = donor.share();
  answerOpen(session, request, handle, flags);
  if ((flags & OpenFlags.TRUNCATE) === 0) return;
  const path = session.nodes.path(node);
  return session.target.setEndOfFile(donor.open, path, 0, request);
}

/**
 * The file the kernel had found was replaced by a rename before it could open it. Who reads by name
 * gets what has the name now, as if they had come a moment later; others look it up anew.
 */
function successorFor(session: Session, node: Node, flags: number): Node {
  const successor = access.isWritable(flags) ? undefined : session.nodes.successorOf(node);
  if (successor === undefined) throw fuseError(Errno.ESTALE);
  return successor;
}

/** Gives the open a number and writes struct fuse_open_out. */
function answerOpen(session: Session, request: Request, handle: FileHandle, flags: number): void {
  const number = session.files.add(handle);
  session.nodes.addOpen(handle.node, handle);
  request.opened = number;
  request.out.u64(number);
  request.out.u32(beginBacking(session, handle, number, flags));
  request.out.u32(handle.passed?.id ?? 0);
}

interface Creating {
  readonly session: Session;
  readonly request: Request;
  readonly parent: Node;
  readonly name: string;
  readonly path: string;
  readonly flags: number;
  readonly openFlags: number;
}

export function createFile(session: Session, request: Request): Outcome<void> {
  // The kernel makes the file and then opens it.
  if (session.opensFilesFreely) throw fuseError(Errno.ENOSYS);
  const { in: message } = request;
  const parent = session.nodes.get(request.nodeId);
  const flags = message.u32();
  const mode = message.u32();
  message.skip(4);
  const openFlags = message.u32();
  const name = readName(session, request);
  const path = session.nodes.childPath(parent, name);
  request.changes = parent;
  request.changedName = name;
  const open = session.target.createFile(path, access.openOrCreate(flags, mode), request);
  return andThen(open, created, { session, request, parent, name, path, flags, openFlags });
}

function created(open: Open, creating: Creating): Outcome<void> {
  const { session, request, path } = creating;
  request.isCommitted = open.createResult !== 'opened';
  let info: Outcome<FileInformation>;
  try {
    info = session.target.getFileInformation(open, path, request);
  } catch (error) {
    void release(session.target, open, path, NO_CALLER);
    throw error;
  }
  if (info instanceof Promise) return createdLater(open, creating, info);
  return answerCreate(open, creating, info);
}

async function createdLater(
  open: Open,
  creating: Creating,
  asking: Promise<FileInformation>,
): Promise<void> {
  let info: FileInformation;
  try {
    info = await asking;
  } catch (error) {
    void release(creating.session.target, open, creating.path, NO_CALLER);
    throw error;
  }
  return answerCreate(open, creating, info);
}

function answerCreate(open: Open, creating: Creating, info: FileInformation): Outcome<void> {
  const { session, request, parent, name, flags, openFlags } = creating;
  const node = session.writeEntry(request, parent, name, info);
  answerOpen(session, request, new FileHandle(open, node, node, flags), flags);
  // A file that was there after all, and has been truncated.
  if ((openFlags & OPEN_KILL_SUIDGID) !== 0) return killPrivileges(session, request, node, open);
}

export function makeNode(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const parent = session.nodes.get(request.nodeId);
  const mode = message.u32();
  message.skip(12);
  const name = readName(session, request);
  const type = mode & FileMode.TYPE_MASK;
  // Dokan knows files and directories; pipes, sockets and devices it does not.
  if (type !== 0 && type !== FileMode.REGULAR) throw fuseError(Errno.EPERM);
  return make(session, request, parent, name, access.makeFile(mode));
}

export function makeDirectory(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const parent = session.nodes.get(request.nodeId);
  const mode = message.u32();
  message.skip(4);
  const name = readName(session, request);
  return make(session, request, parent, name, access.makeDirectory(mode));
}

function make(
  session: Session,
  request: Request,
  parent: Node,
  name: string,
  how: Parameters<RequestTarget['createFile']>[1],
): Outcome<void> {
  const path = session.nodes.childPath(parent, name);
  request.changes = parent;
  request.changedName = name;
  const info = withOpen(session.target, path, how, request, describe, request, undefined);
  return andThen(info, answerEntry, { session, request, parent, name });
}

function describe(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  request: Request,
): Outcome<FileInformation> {
  request.isCommitted = true;
  return target.getFileInformation(open, path, caller);
}

interface Entering {
  readonly session: Session;
  readonly request: Request;
  readonly parent: Node;
  readonly name: string;
}

export function answerEntry(info: FileInformation, entering: Entering): void {
  const { session, request, parent, name } = entering;
  session.writeEntry(request, parent, name, info);
}

export function releaseFile(session: Session, request: Request): Outcome<void> {
  const number = request.in.u64();
  const handle = session.files.find(number);
  if (handle === undefined) throw fuseError(Errno.EBADF);
  if (!session.options.userModeLock) return closeFileHandle(session, number, request);
  return unlockAndClose(session, request, number, handle);
}

// Apart: a function that holds a closure pays for its captured variables on every call.
function unlockAndClose(
  session: Session,
  request: Request,
  number: number,
  handle: FileHandle,
): Outcome<void> {
  const { in: message } = request;
  message.skip(4);
  const flags = message.u32();
  const owner = message.big();
  const unlocked = releaseLocks(session, request, handle, owner, flags);
  if (unlocked instanceof Promise) {
    return unlocked.then(() => closeFileHandle(session, number, request));
  }
  return closeFileHandle(session, number, request);
}

export function synchronize(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const handle = fileOf(session, request, message.u64(), OpenFlags.READ_WRITE);
  const path = session.nodes.path(handle.named);
  return session.target.flushFileBuffers(handle.open, path, flushOf(message.u32()), request);
}

export function synchronizeDirectory(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const number = message.u64();
  if (number === NO_HANDLE && session.opensDirectoriesFreely) {
    return synchronizeUnopened(session, request, flushOf(message.u32()));
  }
  const handle = session.directories.get(number);
  if (handle.open === undefined) return;
  const path = session.nodes.path(handle.node);
  return session.target.flushFileBuffers(handle.open, path, flushOf(message.u32()), request);
}

/** The `io` parameter of a flush. */
function flushOf(flags: number): number {
  return (flags & FSYNC_FDATASYNC) !== 0 ? IoFlags.DATA_ONLY : IoFlags.NONE;
}

function synchronizeUnopened(session: Session, request: Request, io: number): Outcome<void> {
  const node = session.nodes.get(request.nodeId);
  if (node.isUnlinked) return;
  const path = session.nodes.path(node);
  return session.target.flushFileBuffers(session.target.adopt(path, true), path, io, request);
}
