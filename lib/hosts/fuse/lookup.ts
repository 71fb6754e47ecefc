import type { FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { modeOf } from './attributes.js';
import type { Open } from '../../target.js';
import { fuseError } from './fuse_error.js';
import type { FileHandle } from './handles.js';
import { encodeText } from './names.js';
import { isOther, type Node } from './nodes.js';
import { Errno, GETATTR_FH, ENTRY_OUT_SIZE, ROOT_ID } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Handlers for what finds files and describes them. */

/** The next name in the message. */
export function readName(session: Session, request: Request): string {
  return session.codec.fromKernel(request.in.text());
}

/** How often a file system is asked for a name while others change names there. */
const MOST_QUESTIONS = 4;

export function lookup(session: Session, request: Request): Outcome<void> {
  const parent = session.nodes.get(request.nodeId);
  return ask(session, request, parent, readName(session, request), MOST_QUESTIONS);
}

/** One name the file system is asked for. */
interface Question {
  readonly session: Session;
  readonly request: Request;
  readonly parent: Node;
  readonly name: string;
  /** What had the name when the file system was asked: it is that which is gone. */
  readonly before: Node | undefined;
  /** Of the node table, at the same time. */
  readonly asOf: number;
  /** How often it may be asked, this time included. */
  readonly questions: number;
}

function ask(
  session: Session,
  request: Request,
  parent: Node,
  name: string,
  questions: number,
): Outcome<void> {
  const { nodes } = session;
  const before = nodes.child(parent, name);
  const asOf = nodes.changes;
  const info = session.target.lookUp(nodes.pathOf(parent, name, before), request);
  if (info !== undefined && !(info instanceof Promise)) {
    if (session.writeFound(request, parent, name, info, asOf, false) !== undefined) return;
  }
  if (info === undefined) return missing(session, request, parent, name, before, asOf);
  const question = { session, request, parent, name, before, asOf, questions };
  return info instanceof Promise ? answerLater(question, info) : askAgain(question, info);
}

async function answerLater(
  question: Question,
  asking: Promise<FileInformation | undefined>,
): Promise<void> {
  const { session, request, parent, name, before, asOf } = question;
  const info = await asking;
  if (info === undefined) return missing(session, request, parent, name, before, asOf);
  if (session.writeFound(request, parent, name, info, asOf, false) !== undefined) return;
  return askAgain(question, info);
}

/** The name was changed meanwhile, so that nobody knows whose it was. */
function askAgain(question: Question, info: FileInformation): Outcome<void> {
  const { session, request, parent, name, questions } = question;
  if (questions > 1) return ask(session, request, parent, name, questions - 1);
  session.writeEntry(request, parent, name, info);
}

function missing(
  session: Session,
  request: Request,
  parent: Node,
  name: string,
  before: Node | undefined,
  asOf: number,
): void {
  // Meanwhile a file may have been made there.
  const isMade =
    before === undefined
      ? session.nodes.child(parent, name) !== undefined
      : !session.nameIsGone(parent, name, before, asOf);
  const { negativeTimeout } = session.options;
  if (negativeTimeout === 0 || isMade || mayAppear(session, parent)) {
    request.errno = Errno.ENOENT;
    return;
  }
  // Node 0: the kernel remembers that there is no such name.
  const { out } = request;
  out.u64(0);
  out.u64(0);
  out.u64(Math.floor(negativeTimeout / 1000));
  out.u64(0);
  out.u32((negativeTimeout % 1000) * 1_000_000);
  out.zeros(ENTRY_OUT_SIZE - 36);
}

/**
 * Another medium may have such a file. The kernel is made to forget names that are missing with the
 * directory they are missing in, and the root is never forgotten.
 */
function mayAppear({ target, nodes }: Session, parent: Node): boolean {
  return parent === nodes.root && target.supports('checkMedia');
}

export function forget(session: Session, request: Request): void {
  const count = request.in.u64();
  const node = session.nodes.find(request.nodeId);
  if (node !== undefined) session.nodes.forget(node, count);
}

export function batchForget(session: Session, request: Request): void {
  const { in: message } = request;
  const count = message.u32();
  message.skip(4);
  for (let index = 0; index < count; index += 1) {
    const id = message.u64();
    const lookups = message.u64();
    const node = session.nodes.find(id);
    if (node !== undefined) session.nodes.forget(node, lookups);
  }
}

/** Attributes of a node: through an open of it where there is one, because a path may be gone. */
export function inform(
  session: Session,
  request: Request,
  node: Node,
  handle: FileHandle | undefined,
): Outcome<FileInformation> {
  const open = handle ?? node.opens?.find(isOfNode);
  if (open !== undefined) {
    const path = session.nodes.path(open.named);
    return session.target.getFileInformation(open.open, path, request);
  }
  if (node.isUnlinked) return informOfRemoved(session, request, node);
  const path = session.nodes.path(node);
  const asOf = session.nodes.changes;
  const info = session.target.queryOpen(path, request);
  return info instanceof Promise
    ? info.then((answer) => sameFile(session, node, asOf, answer))
    : sameFile(session, node, asOf, info);
}

function isOfNode({ isOfOther }: FileHandle): boolean {
  return !isOfOther;
}

/** Whoever still has a removed directory open can use it; others in it see what it was. */
function informOfRemoved(session: Session, request: Request, node: Node): Outcome<FileInformation> {
  const open = openOfRemoved(session, node);
  if (open === undefined) return remainsOf(node);
  try {
    const info = session.target.getFileInformation(open, session.nodes.path(node), request);
    return info instanceof Promise ? info.catch(() => remainsOf(node)) : info;
  } catch {
    // The file system goes by path, and the path is gone.
    return remainsOf(node);
  }
}

function remainsOf({ remains }: Node): FileInformation {
  if (remains === undefined) throw fuseError(Errno.ESTALE);
  return remains;
}

/** An open of a directory that is removed. */
export function openOfRemoved(session: Session, node: Node): Open | undefined {
  return session.directories.search((handle) => handle.node === node)?.open;
}

/** Another file has taken the path behind the kernel's back: it looks up anew when told ESTALE. */
function sameFile(
  session: Session,
  node: Node,
  asOf: number,
  info: FileInformation,
): FileInformation {
  // The question was about a medium that was found to be gone when it was asked.
  if (node.isLost) throw fuseError(Errno.ESTALE);
  if (node.id === ROOT_ID) {
    node.inode = info.inode;
    return info;
  }
  // Each asked for once: with several threads another one may rename it at any time.
  const { parent, name } = node;
  if (parent === undefined || !isOther(node, info, modeOf(info, session.options.defaults))) {
    return info;
  }
  session.nameIsGone(parent, name, node, asOf);
  throw fuseError(Errno.ESTALE);
}

/** The open handle a request names, if it is one of that node. */
export function handleOf(
  session: Session,
  node: Node,
  given: boolean,
  number: number,
): FileHandle | undefined {
  const handle = given ? session.files.find(number) : undefined;
  return handle?.node === node ? handle : undefined;
}

interface Informing {
  readonly session: Session;
  readonly request: Request;
  readonly node: Node;
}

export function getAttributes(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const node = session.nodes.get(request.nodeId);
  const flags = message.u32();
  message.skip(4);
  const handle = handleOf(session, node, (flags & GETATTR_FH) !== 0, message.u64());
  const info = inform(session, request, node, handle);
  if (info instanceof Promise) return andThen(info, answerAttributes, { session, request, node });
  session.writeAttributesReply(request, node, info);
}

function answerAttributes(info: FileInformation, { session, request, node }: Informing): void {
  session.writeAttributesReply(request, node, info);
}

export function readLink(session: Session, request: Request): Outcome<void> {
  const node = session.nodes.get(request.nodeId);
  if (node.isUnlinked) throw fuseError(Errno.ESTALE);
  const target = session.target.readLink(session.nodes.path(node), request);
  return andThen(target, answerLink, request);
}

/** PATH_MAX less the NUL: more the kernel does not take. */
const LONGEST_TARGET = 4095;

function answerLink(target: string, request: Request): void {
  const bytes = encodeText(target);
  if (bytes === undefined) throw fuseError(Errno.EILSEQ);
  if (bytes.length > LONGEST_TARGET) throw fuseError(Errno.ENAMETOOLONG);
  request.out.copy(bytes);
}
