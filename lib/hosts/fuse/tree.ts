import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import * as access from './access.js';
import { answerEntry } from './files.js';
import { fuseError } from './fuse_error.js';
import { readName } from './lookup.js';
import { decodeBytes } from './names.js';
import type { Node } from './nodes.js';
import { Errno, RenameFlags } from './protocol.js';
import { despiteReadOnly } from './read_only.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Handlers that change which names there are. */

interface Place {
  readonly session: Session;
  readonly parent: Node;
  readonly name: string;
}

export function unlink(session: Session, request: Request): Outcome<void> {
  const { parent, name, path } = readPlace(session, request);
  const { target } = session;
  const how = access.DELETE_FILE;
  const remove = (): Outcome<void> =>
    withOpen(target, path, how, request, markDeleted, undefined, undefined);
  const removed = despiteReadOnly(target, [path], request, remove);
  return andThen(removed, forgetName, { session, parent, name });
}

export function removeDirectory(session: Session, request: Request): Outcome<void> {
  const { parent, name, path } = readPlace(session, request);
  const { target } = session;
  const how = access.DELETE_DIRECTORY;
  const node = session.nodes.child(parent, name);
  const work = node === undefined ? markDeleted : markDirectoryDeleted;
  const remove = (): Outcome<void> => withOpen(target, path, how, request, work, node, undefined);
  const removed = despiteReadOnly(target, [path], request, remove);
  return andThen(removed, forgetName, { session, parent, name });
}

function readPlace(
  session: Session,
  request: Request,
): { parent: Node; name: string; path: string } {
  const parent = session.nodes.get(request.nodeId);
  const name = readName(session, request);
  return { parent, name, path: session.nodes.childPath(parent, name) };
}

/** Whoever is in the directory may still ask what it was. */
function markDirectoryDeleted(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  node: Node | undefined,
): Outcome<void> {
  const info = target.getFileInformation(open, path, caller);
  return andThen(info, rememberAndMark, { target, open, path, caller, node });
}

function rememberAndMark(
  info: FileInformation,
  deleting: {
    target: RequestTarget;
    open: Open;
    path: string;
    caller: Caller;
    node: Node | undefined;
  },
): Outcome<void> {
  const { target, open, path, caller, node } = deleting;
  const marked = markDeleted(target, open, path, caller);
  const remember = (): void => {
    if (node !== undefined) node.remains = { ...info, linkCount: 0 };
  };
  return marked instanceof Promise ? marked.then(remember) : remember();
}

/** The deletion itself is the cleanup of this open. */
function markDeleted(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<void> {
  return target.setDisposition(open, path, true, caller);
}

function forgetName(_done: void, { session, parent, name }: Place): void {
  session.nodes.unlink(parent, name);
}

export function rename(session: Session, request: Request): Outcome<void> {
  return move(session, request, request.in.u64(), 0);
}

export function renameWithFlags(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const newParent = message.u64();
  const flags = message.u32();
  message.skip(4);
  return move(session, request, newParent, flags);
}

interface Moving extends Place {
  readonly newParent: Node;
  readonly newName: string;
}

function move(
  session: Session,
  request: Request,
  newParentId: number,
  flags: number,
): Outcome<void> {
  const { nodes, target } = session;
  const parent = nodes.get(request.nodeId);
  const newParent = nodes.get(newParentId);
  const name = readName(session, request);
  const newName = readName(session, request);
  const path = nodes.childPath(parent, name);
  const newPath = nodes.childPath(newParent, newName);
  const moving: Moving = { session, parent, name, newParent, newName };
  if (flags === RenameFlags.EXCHANGE) {
    if (!target.supports('exchangeFiles')) throw fuseError(Errno.EINVAL);
    return andThen(target.exchangeFiles(path, newPath, request), exchanged, moving);
  }
  if ((flags & ~RenameFlags.NOREPLACE) !== 0) throw fuseError(Errno.EINVAL);
  const replace = (flags & RenameFlags.NOREPLACE) === 0;
  const work = (): Outcome<void> =>
    withOpen(target, path, access.RENAME, request, moveTo, newPath, replace);
  const paths = replace ? [path, newPath] : [path];
  const moved = despiteReadOnly(target, paths, request, work, newPath);
  return andThen(moved, renamed, moving);
}

function moveTo(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  newPath: string,
  replace: boolean,
): Outcome<void> {
  return target.moveFile(open, path, newPath, replace, caller);
}

function renamed(_done: void, { session, parent, name, newParent, newName }: Moving): void {
  session.nodes.rename(parent, name, newParent, newName);
}

function exchanged(_done: void, { session, parent, name, newParent, newName }: Moving): void {
  session.nodes.exchange(parent, name, newParent, newName);
}

export function createSymbolicLink(session: Session, request: Request): Outcome<void> {
  const { nodes, target } = session;
  const parent = nodes.get(request.nodeId);
  const name = readName(session, request);
  const linkTarget = decodeBytes(request.in.cString());
  if (!target.supports('createSymbolicLink')) throw fuseError(Errno.EPERM);
  const path = nodes.childPath(parent, name);
  const made = target.createSymbolicLink(path, linkTarget, request);
  return andThen(made, enter, { session, request, parent, name, path });
}

interface Entering extends Place {
  readonly request: Request;
  readonly path: string;
}

function enter(_done: void, entering: Entering): Outcome<void> {
  const { session, request, path } = entering;
  request.isCommitted = true;
  return andThen(session.target.queryOpen(path, request), answerEntry, entering);
}

export function createHardLink(session: Session, request: Request): Outcome<void> {
  const { nodes, target } = session;
  const node = nodes.get(request.in.u64());
  const parent = nodes.get(request.nodeId);
  const name = readName(session, request);
  if (!target.supports('createHardLink')) throw fuseError(Errno.EPERM);
  // A file without a name cannot be given one: there is nothing to name it by.
  if (node.isUnlinked) throw fuseError(Errno.ENOENT);
  const path = nodes.childPath(parent, name);
  const made = target.createHardLink(nodes.path(node), path, request);
  return andThen(made, linked, { session, request, parent, name, path, node });
}

function linked(_done: void, linking: Entering & { node: Node }): Outcome<void> {
  const { session, request, path } = linking;
  request.isCommitted = true;
  return andThen(session.target.queryOpen(path, request), answerLink, linking);
}

function answerLink(info: FileInformation, linking: Entering & { node: Node }): void {
  const { session, request, parent, name, node } = linking;
  session.nodes.link(node, parent, name);
  node.lookups += 1;
  request.entered.push(node);
  session.writeEntryOf(request, node, info);
}
