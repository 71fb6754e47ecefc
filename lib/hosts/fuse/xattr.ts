import type { StreamEntry } from '../../operations.js';
import type { DokanError } from '../../errors.js';
import type { Listing } from '../../listing.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { isMissing, NtStatus } from '../../status.js';
import { withOpen, type Caller, type Open, type RequestTarget } from '../../target.js';
import * as access from './access.js';
import { fuseError } from './fuse_error.js';
import type { Node } from './nodes.js';
import { findNtfsAttribute } from './ntfs_xattr.js';
import { Errno } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';
import { readStream, writeStream } from './streams.js';

/**
 * Extended attributes: `user.NAME` is the alternate stream `:NAME`, `system.ntfs_*` are what
 * NTFS-3G calls so. Other namespaces are not supported.
 */

const USER_NAMESPACE = 'user.';

interface Asking {
  readonly request: Request;
  /** Bytes the caller has room for; 0 asks for the size only. */
  readonly size: number;
}

export function get(session: Session, request: Request): Outcome<void> {
  if (!session.options.extendedAttributes) return refuseForGood(request);
  const node = session.nodes.get(request.nodeId);
  const size = request.in.u32();
  request.in.skip(4);
  const name = request.in.cString().toString('latin1');
  const asking: Asking = { request, size };
  const ntfs = findNtfsAttribute(name);
  if (ntfs !== undefined) {
    const { target } = session;
    const path = livingPath(session, node);
    const value = withOpen(target, path, ntfs.readAccess, request, ntfs.read, undefined, undefined);
    return andThen(value, answerValue, asking);
  }
  if (!isStreamName(session, name)) {
    // The kernel asks for security.capability whenever a file is given away or written first.
    request.errno = Errno.EOPNOTSUPP;
    return;
  }
  const stream = streamPath(session, node, name);
  return orNoData(() => {
    const value = withOpen(
      session.target,
      stream,
      access.READ_STREAM,
      request,
      readStream,
      undefined,
      undefined,
    );
    return andThen(value, answerValue, asking);
  });
}

function answerValue(value: Buffer, { request, size }: Asking): void {
  if (size === 0) {
    request.out.u32(value.length);
    request.out.u32(0);
  } else {
    if (value.length > size) throw fuseError(Errno.ERANGE);
    request.out.copy(value);
  }
}

export function set(session: Session, request: Request): Outcome<void> {
  if (!session.options.extendedAttributes) return refuseForGood(request);
  const node = session.nodes.get(request.nodeId);
  const size = request.in.u32();
  const flags = request.in.u32();
  const name = request.in.cString().toString('latin1');
  const value = request.in.bytes(size);
  const ntfs = findNtfsAttribute(name);
  if (ntfs !== undefined) {
    const { target } = session;
    const path = livingPath(session, node);
    return withOpen(target, path, ntfs.writeAccess, request, ntfs.write, value, undefined);
  }
  const stream = streamPath(session, node, name);
  request.isLent = true;
  return orNoData(() => writeStream(session.target, stream, value, flags, request));
}

export function remove(session: Session, request: Request): Outcome<void> {
  if (!session.options.extendedAttributes) return refuseForGood(request);
  const node = session.nodes.get(request.nodeId);
  const name = request.in.cString().toString('latin1');
  if (findNtfsAttribute(name) !== undefined) throw fuseError(Errno.EOPNOTSUPP);
  const stream = streamPath(session, node, name);
  const how = access.DELETE_STREAM;
  return orNoData(() =>
    withOpen(session.target, stream, how, request, markDeleted, undefined, undefined),
  );
}

function markDeleted(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<void> {
  return target.setDisposition(open, path, true, caller);
}

export function list(session: Session, request: Request): Outcome<void> {
  if (!session.options.extendedAttributes) return refuseForGood(request);
  const node = session.nodes.get(request.nodeId);
  const size = request.in.u32();
  const hasStreams = session.options.altStreams && session.target.supports('findStreams');
  if (!hasStreams || node.isUnlinked) {
    answerValue(Buffer.alloc(0), { request, size });
    return;
  }
  const names = withOpen(
    session.target,
    session.nodes.path(node),
    access.READ_ATTRIBUTES,
    request,
    streamNames,
    session,
    undefined,
  );
  return andThen(names, answerValue, { request, size });
}

function streamNames(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  session: Session,
): Outcome<Buffer> {
  const collecting = { session, caller, parts: [] };
  return andThen(target.findStreams(open, path, caller), collect, collecting);
}

interface Collecting {
  readonly session: Session;
  readonly caller: Caller;
  readonly parts: Buffer[];
}

function collect(listing: Listing<StreamEntry>, collecting: Collecting): Outcome<Buffer> {
  for (;;) {
    const next = listing.next(collecting.caller);
    if (next instanceof Promise) {
      return next.then((entry) => {
        if (entry === undefined) return Buffer.concat(collecting.parts);
        addName(entry, collecting);
        return collect(listing, collecting);
      });
    }
    if (next === undefined) return Buffer.concat(collecting.parts);
    addName(next, collecting);
  }
}

function addName({ name }: StreamEntry, { session, parts }: Collecting): void {
  const bare = name.replace(/:\$DATA$/, '').replace(/^:/, '');
  // The file's own data, written in one of several ways.
  if (bare === '') return;
  const bytes = session.codec.encode(bare);
  if (bytes !== undefined) parts.push(Buffer.from(USER_NAMESPACE), bytes, Buffer.of(0));
}

/** @throws FuseError ESTALE for a file without a name: another one may have its path by now */
function livingPath(session: Session, node: Node): string {
  if (node.isUnlinked) throw fuseError(Errno.ESTALE);
  return session.nodes.path(node);
}

/** The kernel never asks this kind of request again, of any file, and answers EOPNOTSUPP itself. */
function refuseForGood(request: Request): void {
  request.errno = Errno.ENOSYS;
}

function isStreamName(session: Session, latin1Name: string): boolean {
  return session.options.altStreams && latin1Name.startsWith(USER_NAMESPACE);
}

/** `/file:stream` for `user.stream`. @throws FuseError for every other name */
function streamPath(session: Session, node: Node, latin1Name: string): string {
  if (!isStreamName(session, latin1Name)) throw fuseError(Errno.EOPNOTSUPP);
  const bytes = Buffer.from(latin1Name.slice(USER_NAMESPACE.length), 'latin1');
  const stream = session.codec.decode(bytes);
  if (stream === '' || stream.includes('/')) throw fuseError(Errno.EINVAL);
  // A stream is opened by path, and this file has none any more.
  if (node.isUnlinked) throw fuseError(Errno.EOPNOTSUPP);
  return `${session.nodes.path(node)}:${stream}`;
}

/** A stream that is not there is an attribute that is not there. */
function orNoData<T>(work: () => Outcome<T>): Outcome<T> {
  try {
    const outcome = work();
    return outcome instanceof Promise ? outcome.catch(noData) : outcome;
  } catch (error) {
    return noData(error);
  }
}

function noData(error: unknown): never {
  const { status } = error as DokanError;
  if (isMissing(status)) throw fuseError(Errno.ENODATA);
  // A file system without streams says so.
  if (status === NtStatus.OBJECT_NAME_INVALID) {
    throw fuseError(Errno.EOPNOTSUPP);
  }
  throw error;
}
