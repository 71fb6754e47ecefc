import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import * as access from './access.js';
import { answerEntry } from './files.js';
import { fuseError } from './fuse_error.js';
import { readName } from './lookup.js';
import type { Node } from './nodes.js';
import { Errno, RenameFlags } from './protocol.js';
import { despiteReadOnly, type Removal } from './read_only.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Handlers that change which names there are. */

interface Place {
  readonly session: Session;
  readonly parent: Node;
  readonly name: string;
}

interface Removing extends Place, Removal {
  readonly newPath: undefined;
  readonly node: Node | undefined;
}

export function unlink(session: Session, request: Request): Outcome<void> {
  const removing = readPlace(session, request);
  const { target } = session;
  const work = target.supports('removeEntry') ? removeFile : deleteFile;
  return andThen(despiteReadOnly(work, removing), forgetName, removing);
}

function removeFile({ target, path, caller }: Removing): Outcome<void> {
  return target.removeEntry(path, false, caller);
}

function deleteFile({ target, path, caller }: Removing): Outcome<void> {
  return withOpen(target, path, access.DELETE_FILE, caller, markDeleted, undefined, undefined);
}

export function removeDirectory(session: Session, request: Request): Outcome<void> {
  const removing = readPlace(session, request);
  const { target } = session;
  const work = target.supports('removeEntry') ? removeKnownDirectory : deleteDirectory;
  return andThen(despiteReadOnly(work, removing), forgetName, removing);
}

function deleteDirectory({ target, path, caller, node }: Removing): Outcome<void> {
  const work = node === undefined ? markDeleted : markDirectoryDeleted;
  return withOpen(target, path, access.DELETE_DIRECTORY, caller, work, node, undefined);
}

function readPlace(session: Session, request: Request): Removing {
  const { nodes, target } = session;
  const parent = nodes.get(request.nodeId);
  const name = readName(session, request);
  request.changes = parent;
  request.changedName = name;
  const node = nodes.child(parent, name);
  const path = nodes.pathOf(parent, name, node);
  return {
    session,
    parent,
    name,
    node,
    target,
    path,
    newPath: undefined,
    replaces: false,
    caller: request,
  };
}

/** In one call, and what it was is found out before: whoever is in the directory may still ask. */
function removeKnownDirectory(removing: Removing): Outcome<void> {
  const { target, path, caller, node } = removing;
  if (node === undefined) return target.removeEntry(path, true, caller);
  return andThen(target.queryOpen(path, caller), rememberAndRemove, removing);
}

function rememberAndRemove(info: FileInformation, removing: Removing): Outcome<void> {
  const { target, path, caller, node } = removing;
  const removed = target.removeEntry(path, true, caller);
  return node === undefined ? removed : andThen(removed, remember, { node, info });
}

function remember(_done: void, { node, info }: { node: Node; info: FileInformation }): void {
  node.remains = { ...info, linkCount: 0 };
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
  return node === undefined ? marked : andThen(marked, remember, { node, info });
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

interface Moving extends Place, Removal {
  /** What has the name; and, where they are exchanged, the other one. */
  readonly node: Node | undefined;
  readonly other: Node | undefined;
  readonly newPath: string;
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
  request.changes = parent;
  request.changedName = name;
  request.changesToo = newParent;
  request.changedNameToo = newName;
  session.renamesBegun += 1;
  const replaces = (flags & RenameFlags.NOREPLACE) === 0;
  const exchanges = flags === RenameFlags.EXCHANGE;
  const moving: Moving = {
    session,
    parent,
    name,
    node: nodes.child(parent, name),
    other: exchanges ? nodes.child(newParent, newName) : undefined,
    newParent,
    newName,
    target,
    path,
    newPath,
    replaces,
    caller: request,
  };
  if (exchanges) {
    if (!target.supports('exchangeFiles')) throw fuseError(Errno.EINVAL);
    return andThen(target.exchangeFiles(path, newPath, request), exchanged, moving);
  }
  if ((flags & ~RenameFlags.NOREPLACE) !== 0) throw fuseError(Errno.EINVAL);
  return andThen(despiteReadOnly(moveEntry, moving), renamed, moving);
}

function moveEntry({ target, path, newPath, replaces, caller }: Moving): Outcome<void> {
  return withOpen(target, path, access.RENAME, caller, moveTo, newPath, replaces);
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

function renamed(_done: void, moving: Moving): void {
  const { session, parent, name, newParent, newName, node } = moving;
  session.nodes.rename(parent, name, newParent, newName, node);
}

function exchanged(_done: void, moving: Moving): void {
  const { session, parent, name, newParent, newName, node, other } = moving;
  session.nodes.exchange(parent, name, newParent, newName, node, other);
}

export function createSymbolicLink(session: Session, request: Request): Outcome<void> {
  const { nodes, target } = session;
  const parent = nodes.get(request.nodeId);
  const name = readName(session, request);
  const linkTarget = request.in.text();
  if (!target.supports('createSymbolicLink')) throw fuseError(Errno.EPERM);
  const path = nodes.childPath(parent, name);
  request.changes = parent;
  request.changedName = name;
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
  request.changes = parent;
  request.changedName = name;
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
  session.nodes.know(node);
  request.entered.push(node);
  session.writeEntryOf(request, node, info);
}
