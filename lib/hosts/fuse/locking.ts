import type { Outcome } from '../../outcome.js';
import type { Caller } from '../../target.js';
import { fuseError } from './fuse_error.js';
import type { FileHandle } from './handles.js';
import {
  endToWire,
  spanFromWire,
  type ApplyChange,
  type HeldLock,
  type LockRequest,
  type LockResult,
} from './locks.js';
import { Errno, LK_FLOCK, RELEASE_FLOCK_UNLOCK } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Handlers for locks. The kernel sends them only with the option `userModeLock`. */

const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;

const TYPES = ['read', 'write', 'unlock'] as const;

function decode(session: Session, request: Request): LockRequest<FileHandle> {
  const { in: message } = request;
  const handle = session.files.get(message.u64());
  const owner = message.big();
  const start = message.big();
  const end = message.big();
  const type = TYPES[message.u32()];
  const pid = message.u32();
  const flags = message.u32();
  if (type === undefined) throw fuseError(Errno.EINVAL);
  try {
    const kind = (flags & LK_FLOCK) !== 0 ? 'flock' : 'posix';
    return { kind, owner, type, ...spanFromWire(start, end), pid, handle };
  } catch {
    throw fuseError(Errno.EINVAL);
  }
}

/** How the lock table asks the file system, on behalf of one request. */
function applier(session: Session, caller: Caller): ApplyChange<FileHandle> {
  return ({ action, offset, length, handle }) => {
    const path = session.nodes.path(handle.named);
    const { target } = session;
    return action === 'lock'
      ? target.lockFile(handle.open, path, offset, length, caller)
      : target.unlockFile(handle.open, path, offset, length, caller);
  };
}

export function getLock(session: Session, request: Request): void {
  const wanted = decode(session, request);
  const conflict = session.locks.test(wanted.handle.node.id, wanted);
  const { out } = request;
  if (conflict === undefined) {
    out.big(BigInt(wanted.start));
    out.big(endToWire(wanted.end));
    out.u32(F_UNLCK);
    out.u32(0);
  } else {
    writeHeld(request, conflict);
  }
}

function writeHeld({ out }: Request, held: HeldLock<FileHandle>): void {
  out.big(BigInt(held.start));
  out.big(endToWire(held.end));
  out.u32(held.type === 'read' ? F_RDLCK : F_WRLCK);
  out.u32(held.pid);
}

export async function setLock(session: Session, request: Request): Promise<void> {
  const wanted = decode(session, request);
  const node = wanted.handle.node.id;
  check(await session.locks.set(node, wanted, applier(session, request)));
}

export async function setLockWaiting(session: Session, request: Request): Promise<void> {
  const wanted = decode(session, request);
  const node = wanted.handle.node.id;
  // The file system's callbacks and the wait itself are both to be interrupted, whatever is going on.
  const { processId, userId, groupId } = request;
  const caller: Caller = { processId, userId, groupId, running: undefined };
  const wait = session.locks.wait(node, wanted, applier(session, caller));
  request.running = {
    interrupt: () => {
      wait.interrupt();
      caller.running?.interrupt();
    },
  };
  check(await wait.result);
}

function check(result: LockResult<FileHandle>): void {
  if (result.granted) return;
  switch (result.reason) {
    case 'conflict':
      throw fuseError(Errno.EAGAIN);
    case 'deadlock':
      throw fuseError(Errno.EDEADLK);
    case 'interrupted':
      throw fuseError(Errno.EINTR);
    case 'refused':
      throw result.error;
  }
}

/** FLUSH: a descriptor is closed, and with it go all fcntl locks its process has on the file. */
export function flush(session: Session, request: Request): Outcome<void> {
  // Nothing else happens at close(2): ENOSYS saves the kernel from asking again.
  if (!session.options.userModeLock) throw fuseError(Errno.ENOSYS);
  const { in: message } = request;
  const handle = session.files.get(message.u64());
  message.skip(8);
  const owner = message.big();
  const apply = applier(session, request);
  return session.locks.releaseOwner(handle.node.id, owner, 'posix', apply);
}

/** RELEASE: flock locks of the open go, and whatever else was locked through it. */
export function releaseLocks(
  session: Session,
  request: Request,
  handle: FileHandle,
  owner: bigint,
  flags: number,
): Outcome<void> {
  const { locks } = session;
  const { id } = handle.node;
  const apply = applier(session, request);
  const released =
    (flags & RELEASE_FLOCK_UNLOCK) !== 0
      ? locks.releaseOwner(id, owner, 'flock', apply)
      : undefined;
  return released instanceof Promise
    ? released.then(() => locks.releaseHandle(id, handle, apply))
    : locks.releaseHandle(id, handle, apply);
}
