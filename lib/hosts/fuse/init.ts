import type { Outcome } from '../../outcome.js';
import type { VolumeInformation } from '../../operations.js';
import { fuseError } from './fuse_error.js';
import {
  Errno,
  InitFlags,
  InitFlags2,
  KERNEL_MINOR_VERSION,
  KERNEL_VERSION,
  OLDEST_MINOR_VERSION,
} from './protocol.js';
import type { Request } from './request.js';
import { MAX_TRANSFER, type Session } from './session.js';

const PAGE = 4096;
/** Without MAX_PAGES a request carries no more. */
const OLD_MAX_TRANSFER = 32 * PAGE;
/** Linux 6.1: kernels before it may serve a page of a listing that is not filled yet. */
const LISTINGS_MINOR_VERSION = 37;
/** Requests the kernel may queue on its own account (read-ahead, write-back), and when it slows down. */
const MAX_BACKGROUND = 64;
const CONGESTION_THRESHOLD = 48;
/**
 * Files that the kernel reads and writes itself lie on a disk's file system, not on a stacked one
 * (overlayfs): the volume then counts as one layer, and can still be a layer of an overlayfs.
 */
const MAX_STACK_DEPTH = 1;

/** Listings come with the attributes of the files (READDIRPLUS), where the kernel sees a use for them. */
const LISTED_ATTRIBUTES = InitFlags.DO_READDIRPLUS | InitFlags.READDIRPLUS_AUTO;

/** What is asked of every kernel; those it does not know it leaves out of the agreement. */
const WANTED =
  InitFlags.ASYNC_READ |
  InitFlags.ATOMIC_O_TRUNC |
  InitFlags.BIG_WRITES |
  InitFlags.AUTO_INVAL_DATA |
  LISTED_ATTRIBUTES |
  InitFlags.ASYNC_DIO |
  InitFlags.PARALLEL_DIROPS |
  InitFlags.ABORT_ERROR |
  InitFlags.MAX_PAGES |
  InitFlags.CACHE_SYMLINKS |
  InitFlags.HANDLE_KILLPRIV_V2 |
  InitFlags.INIT_EXT;

/** INIT: what both sides can do. */
export function init(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const major = message.u32();
  const minor = message.u32();
  if (major > KERNEL_VERSION) {
    // The kernel tries again with the version it is told of.
    request.out.u32(KERNEL_VERSION);
    request.out.u32(KERNEL_MINOR_VERSION);
    request.out.zeros(56);
    return;
  }
  if (major < KERNEL_VERSION || minor < OLDEST_MINOR_VERSION) throw fuseError(Errno.EPROTO);
  const readahead = message.u32();
  const offered = message.u32();
  const offered2 = (offered & InitFlags.INIT_EXT) !== 0 ? message.u32() : 0;

  let wanted: number = WANTED;
  const { noOpen, noOpendir, writebackCache, userModeLock, passthrough } = session.options;
  // What a listing says of a file is of no use where each look at its name asks for it anew.
  if (session.options.entryTimeout === 0) wanted &= ~LISTED_ATTRIBUTES;
  if (noOpen && (offered & InitFlags.NO_OPEN_SUPPORT) !== 0) {
    // With an open that nobody is told of nothing else could be told of O_TRUNC.
    wanted = (wanted & ~InitFlags.ATOMIC_O_TRUNC) | InitFlags.NO_OPEN_SUPPORT;
  }
  // The kernel then keeps listings as well.
  if (noOpendir && minor >= LISTINGS_MINOR_VERSION) wanted |= InitFlags.NO_OPENDIR_SUPPORT;
  if (writebackCache) wanted |= InitFlags.WRITEBACK_CACHE;
  if (userModeLock) wanted |= InitFlags.POSIX_LOCKS | InitFlags.FLOCK_LOCKS;
  const flags = offered & wanted;
  let wanted2: number = InitFlags2.DIRECT_IO_ALLOW_MMAP;
  // The kernel does not do both.
  if (passthrough && !writebackCache) wanted2 |= InitFlags2.PASSTHROUGH;
  const flags2 = offered2 & wanted2;
  session.coherentDirectIo = (flags2 & InitFlags2.DIRECT_IO_ALLOW_MMAP) !== 0;
  session.passesThrough = (flags2 & InitFlags2.PASSTHROUGH) !== 0;
  session.flags = flags;
  if (minor >= LISTINGS_MINOR_VERSION) session.keepListings();
  session.maxTransfer = session.has(InitFlags.MAX_PAGES) ? MAX_TRANSFER : OLD_MAX_TRANSFER;

  const { out } = request;
  out.u32(KERNEL_VERSION);
  out.u32(Math.min(minor, KERNEL_MINOR_VERSION));
  out.u32(readahead);
  out.u32(flags >>> 0);
  out.u16(MAX_BACKGROUND);
  out.u16(CONGESTION_THRESHOLD);
  out.u32(session.maxTransfer);
  // Times are kept to the nanosecond.
  out.u32(1);
  out.u16(session.maxTransfer / PAGE);
  out.u16(0);
  out.u32(flags2 >>> 0);
  out.u32(session.passesThrough ? MAX_STACK_DEPTH : 0);
  out.zeros(24);
  // The volume is usable once the kernel has this answer, and that is sent right after.
  const volume = askForVolume(session, request);
  return volume instanceof Promise
    ? volume.then((information) => begin(session, information))
    : begin(session, volume);
}

function askForVolume(
  session: Session,
  request: Request,
): Outcome<Required<VolumeInformation> | undefined> {
  // A file system that cannot say what it is called is mounted all the same.
  try {
    const volume = session.target.getVolumeInformation(request);
    return volume instanceof Promise ? volume.catch(() => undefined) : volume;
  } catch {
    return undefined;
  }
}

function begin(session: Session, volume: Required<VolumeInformation> | undefined): void {
  session.volume = volume;
  session.initialized();
}
