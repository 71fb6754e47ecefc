import { FileMode } from '../../constants.js';
import { expectedAnswer } from '../../errors.js';
import type { Open } from '../../target.js';
import type { FileHandle, PassedFile } from './handles.js';
import { distrustPages, endDropping, keepsPages } from './kept_pages.js';
import type { Node } from './nodes.js';
import { Errno, OpenFlags, OpenReply } from './protocol.js';
import type { Session } from './session.js';

/**
 * How the data of an open get to and from the kernel. There are three ways:
 * - The kernel reads and writes the file behind `file.backingFd` itself. It does so for all opens of
 *   a node or for none, and with one file.
 * - The device does, below JavaScript.
 * - `readFile` and `writeFile` do.
 */

/** The kernel passes nothing through for this process; other errors are about one file. */
const NEVER: readonly number[] = [Errno.EPERM, Errno.ENOTTY, Errno.ENOSYS];

const SET_IDS = FileMode.SET_USER_ID | FileMode.SET_GROUP_ID;

/**
 * Chooses the way for a new handle, and tells the device.
 * @param number - the handle's
 * @param flags - of open(2)
 * @returns bits of `OpenReply`; with PASSTHROUGH the kernel is to be told `handle.passed.id`, too
 */
export function beginBacking(
  session: Session,
  handle: FileHandle,
  number: number,
  flags: number,
): number {
  const { node, open } = handle;
  const { directIo, writebackCache } = session.options;
  const fd = open.backingFd === undefined ? undefined : usable(session, handle, flags);
  if (fd !== undefined) {
    if (mayPass(session, handle)) {
      const passed = passedFor(session, node, fd);
      if (passed !== undefined) {
        hold(handle, passed);
        return OpenReply.PASSTHROUGH;
      }
    }
    handle.isServedBelow = session.backing.serveBacking(number, fd, writebackCache) === 0;
  }
  if (node.passed !== undefined) {
    // The kernel allows no other opens of such a node. This one's reads and writes come to us.
    hold(handle, node.passed);
    return OpenReply.PASSTHROUGH | OpenReply.DIRECT_IO | OpenReply.PARALLEL_DIRECT_WRITES;
  }
  if (directIo || handle.isOfOther || goesPastCache(session, flags)) {
    // What a map of it brings into the page cache is not read from where the stamp was taken.
    if (handle.isOfOther || (node.seen !== undefined && !handle.isServedBelow)) {
      distrustPages(handle);
    }
    return OpenReply.DIRECT_IO | OpenReply.PARALLEL_DIRECT_WRITES;
  }
  return keepsPages(session, handle, handle.isServedBelow ? fd : undefined)
    ? OpenReply.KEEP_CACHE
    : 0;
}

/**
 * O_DIRECT by itself has the kernel ask for the size before each read. It does not where it is told
 * that the open uses no page cache, and since it lets such opens be mapped (Linux 6.6) it keeps them
 * in step with the page cache of other opens as well. Not with what that has yet to write back.
 */
function goesPastCache({ coherentDirectIo, options }: Session, flags: number): boolean {
  return (flags & OpenFlags.DIRECT) !== 0 && coherentDirectIo && !options.writebackCache;
}

/** A handle is let go. */
export function endBacking({ backing }: Session, handle: FileHandle, number: number): void {
  if (handle.isServedBelow) backing.endBacking(number);
  endDropping(handle);
  const { node, passed } = handle;
  if (passed === undefined) return;
  passed.holders -= 1;
  if (passed.holders > 0) return;
  node.passed = undefined;
  backing.closeBacking(passed.id);
}

function hold(handle: FileHandle, passed: PassedFile): void {
  handle.passed = passed;
  passed.holders += 1;
}

/** The descriptor that was set, if it can be used; the volume is told when it cannot. */
function usable(session: Session, { open, named }: FileHandle, flags: number): number | undefined {
  const given: unknown = open.backingFd;
  let reason = '';
  if (isDescriptor(given)) {
    const error = session.backing.checkBacking(given, flags);
    if (error === 0) return given;
    reason = `: ${WRONG[-error] ?? `errno ${-error}`}`;
  }
  const what = 'a descriptor of a regular file, open for what the open may do, as file.backingFd';
  const mistake = expectedAnswer(what, given);
  mistake.message += reason;
  session.target.report('createFile', session.nodes.path(named), mistake);
  return undefined;
}

function isDescriptor(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST;
}

const MOST = 0x7fff_ffff;

const WRONG: Partial<Record<number, string>> = {
  [Errno.EBADF]: 'no open descriptor',
  [Errno.EISDIR]: 'a directory',
  [Errno.EINVAL]: 'no regular file',
  [Errno.EACCES]: 'not open for reading or writing as the open is, or with O_APPEND or O_DIRECT',
};

function mayPass(session: Session, { node, isOfOther, writable }: FileHandle): boolean {
  return (
    session.passesThrough &&
    !isOfOther &&
    // Writes that the kernel makes itself do not tell us to take set-user-ID away.
    !(writable && (node.mode & SET_IDS) !== 0)
  );
}

/** The file to pass through for a node, if there can be one and it is that of the descriptor. */
function passedFor(session: Session, node: Node, fd: number): PassedFile | undefined {
  const { backing } = session;
  const { passed } = node;
  if (passed !== undefined) return backing.isBacking(passed.id, fd) ? passed : undefined;
  // The new open is among them: others go through the page cache, or may do so by a map.
  if (node.opens !== undefined && node.opens.length > 1) return undefined;
  const id = backing.openBacking(fd, session.options.allowOther);
  if (id > 0) return (node.passed = { id, holders: 0 });
  if (NEVER.includes(-id)) session.passesThrough = false;
  return undefined;
}

/**
 * Whether an open is of another file than the one that is passed through for its node: that path may
 * have got another file behind the kernel's back.
 */
export function isOfOtherFile(
  { backing }: Session,
  { passed }: Node,
  { backingFd }: Open,
): boolean {
  return (
    passed !== undefined && isDescriptor(backingFd) && !backing.isBacking(passed.id, backingFd)
  );
}
