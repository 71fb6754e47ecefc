import { NO_CALLER } from '../../open_file.js';
import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { release, withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import { FileMode } from '../../constants.js';
import * as access from './access.js';
import { fuseError } from './fuse_error.js';
import { FileHandle } from './handles.js';
import { readName } from './lookup.js';
import { releaseLocks } from './locking.js';
import type { Node } from './nodes.js';
import { Errno, OPEN_KILL_SUIDGID, OpenFlags, OpenReply } from './protocol.js';
import { closeFileHandle } from './release.js';
import type { Request } from './request.js';
import type { Session } from './session.js';
import { killPrivileges } from './setattr.js';

/** Handlers that open, make and close files. */

interface Opening {
  readonly session: Session;
  readonly request: Request;
  readonly node: Node;
  readonly flags: number;
  readonly openFlags: number;
}

export function openFile(session: Session, request: Request): Outcome<void> {
  const node = session.nodes.get(request.nodeId);
  const flags = request.in.u32();
  const openFlags = request.in.u32();
  if (node.isUnlinked) throw fuseError(Errno.ESTALE);
  const path = session.nodes.path(node);
  const open = session.target.createFile(path, access.openExisting(flags), request);
  return andThen(open, opened, { session, request, node, flags, openFlags });
}

function opened(open: Open, { session, request, node, flags, openFlags }: Opening): Outcome<void> {
  answerOpen(session, request, node, open, flags);
  if ((openFlags & OPEN_KILL_SUIDGID) !== 0) return killPrivileges(session, request, node, open);
}

/** Gives the open a number and writes struct fuse_open_out. */
function answerOpen(
  session: Session,
  request: Request,
  node: Node,
  open: Open,
  flags: number,
): void {
  const handle = new FileHandle(
    open,
    node,
    access.isWritable(flags),
    (flags & OpenFlags.APPEND) !== 0,
    access.ioOf(flags),
  );
  const number = session.files.add(handle);
  session.nodes.addOpen(node, handle);
  request.opened = number;
  request.out.u64(number);
  const { directIo, keepCache } = session.options;
  request.out.u32(
    (directIo ? OpenReply.DIRECT_IO | OpenReply.PARALLEL_DIRECT_WRITES : 0) |
      (keepCache ? OpenReply.KEEP_CACHE : 0),
  );
  request.out.u32(0);
}

interface Creating {
  readonly session: Session;
  readonly request: Request;
  readonly parent: Node;
  readonly name: string;
  readonly path: string;
  readonly flags: number;
}

export function createFile(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const parent = session.nodes.get(request.nodeId);
  const flags = message.u32();
  const mode = message.u32();
  message.skip(8);
  const name = readName(session, request);
  const path = session.nodes.childPath(parent, name);
  const open = session.target.createFile(path, access.openOrCreate(flags, mode), request);
  return andThen(open, created, { session, request, parent, name, path, flags });
}

function created(open: Open, creating: Creating): Outcome<void> {
  const { session, request, path } = creating;
  let info: Outcome<FileInformation>;
  try {
    info = session.target.getFileInformation(open, path, request);
  } catch (error) {
    void release(session.target, open, path, NO_CALLER);
    throw error;
  }
  if (info instanceof Promise) return createdLater(open, creating, info);
  answerCreate(open, creating, info);
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
  answerCreate(open, creating, info);
}

function answerCreate(open: Open, creating: Creating, info: FileInformation): void {
  const { session, request, parent, name, flags } = creating;
  const node = session.writeEntry(request, parent, name, info);
  answerOpen(session, request, node, open, flags);
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
  const info = withOpen(session.target, path, how, request, describe, undefined, undefined);
  return andThen(info, answerEntry, { session, request, parent, name });
}

function describe(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<FileInformation> {
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
  const { in: message } = request;
  const number = message.u64();
  message.skip(4);
  const flags = message.u32();
  const owner = message.big();
  const handle = session.files.find(number);
  if (handle === undefined) throw fuseError(Errno.EBADF);
  const unlocked = releaseLocks(session, request, handle, owner, flags);
  if (unlocked instanceof Promise) {
    return unlocked.then(() => closeFileHandle(session, number, request));
  }
  return closeFileHandle(session, number, request);
}

export function synchronize(session: Session, request: Request): Outcome<void> {
  const handle = session.files.get(request.in.u64());
  const path = session.nodes.path(handle.node);
  return session.target.flushFileBuffers(handle.open, path, request);
}

export function synchronizeDirectory(session: Session, request: Request): Outcome<void> {
  const handle = session.directories.get(request.in.u64());
  const path = session.nodes.path(handle.node);
  return session.target.flushFileBuffers(handle.open, path, request);
}
