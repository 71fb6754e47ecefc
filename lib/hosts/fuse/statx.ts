import type { FileInformation, Timestamp } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { isDirectoryMode, modeOf, split, splitTime, writeSeconds } from './attributes.js';
import type { Writer } from './cursor.js';
import { handleOf, inform } from './lookup.js';
import type { Node } from './nodes.js';
import { GETATTR_FH } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** STATX_BASIC_STATS | STATX_BTIME (linux/stat.h). */
const BASIC_STATS = 0x7ff;
const BIRTH_TIME = 0x800;

/** STATX: GETATTR with the time of creation. */
export function statx(session: Session, request: Request): Outcome<void> {
  const { in: message } = request;
  const node = session.nodes.get(request.nodeId);
  const flags = message.u32();
  message.skip(4);
  const handle = handleOf(session, node, (flags & GETATTR_FH) !== 0, message.u64());
  return andThen(inform(session, request, node, handle), answer, { session, request, node });
}

interface Informing {
  readonly session: Session;
  readonly request: Request;
  readonly node: Node;
}

function answer(info: FileInformation, { session, request, node }: Informing): void {
  const { attributeTimeout, defaults } = session.options;
  const { out } = request;
  const mode = modeOf(info, defaults);
  const size = info.size ?? 0;
  const { inode = node.id } = info;
  node.mode = mode;
  out.u64(Math.floor(attributeTimeout / 1000));
  out.u32((attributeTimeout % 1000) * 1_000_000);
  out.zeros(20);
  out.u32(info.creationTime === undefined ? BASIC_STATS : BASIC_STATS | BIRTH_TIME);
  out.u32(defaults.blockSize);
  out.u64(0);
  out.u32(info.linkCount ?? (isDirectoryMode(mode) ? 2 : 1));
  out.u32(info.uid ?? defaults.uid);
  out.u32(info.gid ?? defaults.gid);
  out.u16(mode);
  out.u16(0);
  if (typeof inode === 'bigint') out.big(inode);
  else out.u64(inode);
  out.u64(size);
  out.u64(info.blocks ?? Math.ceil(size / 512));
  out.u64(0);
  const modified = info.lastWriteTime ?? defaults.time;
  writeTime(out, info.lastAccessTime ?? modified);
  writeTime(out, info.creationTime ?? modified);
  writeTime(out, info.changeTime ?? modified);
  writeTime(out, modified);
  const rdev = info.rdev ?? 0;
  // makedev(3) of 32 bits: 12 bits major, 20 bits minor.
  out.u32((rdev >>> 8) & 0xfff);
  out.u32((rdev & 0xff) | ((rdev >>> 12) & 0xfff00));
  out.zeros(8 + 14 * 8);
}

function writeTime(out: Writer, time: Timestamp): void {
  splitTime(time);
  writeSeconds(out, split.seconds);
  out.u32(split.nanoseconds);
  out.u32(0);
}
