import { CreateDisposition, FileAttributes, FileMode } from '../../constants.js';
import type { CreateResult, FileInformation, FindEntry, StreamEntry } from '../../operations.js';
import {
  CreateInformation,
  type EntryReply,
  type InformationReply,
  type StreamReply,
} from './backend.js';
import { toFileTime } from './file_time.js';

const OWNER_WRITE = 0o200;

/** What a create is reported as. */
export function createInformation(disposition: number, result: CreateResult): number {
  const { OPENED, CREATED, OVERWRITTEN, SUPERSEDED } = CreateInformation;
  if (disposition === CreateDisposition.OPEN) return OPENED;
  if (disposition === CreateDisposition.OVERWRITE) return OVERWRITTEN;
  if (disposition === CreateDisposition.CREATE || result === 'created') return CREATED;
  if (disposition === CreateDisposition.OPEN_IF) return OPENED;
  return disposition === CreateDisposition.SUPERSEDE ? SUPERSEDED : OVERWRITTEN;
}

/** The attributes Windows shows: made from the mode where the file system gives none. */
function attributesOf({ attributes, mode }: FileInformation): number {
  if (attributes !== undefined) return attributes === 0 ? FileAttributes.NORMAL : attributes;
  if (mode === undefined) return FileAttributes.NORMAL;
  const type = mode & FileMode.TYPE_MASK;
  const readOnly = (mode & OWNER_WRITE) === 0 ? FileAttributes.READONLY : 0;
  const made = (type === FileMode.DIRECTORY ? FileAttributes.DIRECTORY : 0) | readOnly;
  return made === 0 ? FileAttributes.NORMAL : made;
}

/** What is the same of a file and of an entry. */
function common(information: FileInformation, mountTime: bigint): Omit<EntryReply, 'name'> {
  return {
    attributes: attributesOf(information),
    creationTime: toFileTime(information.creationTime ?? mountTime),
    lastAccessTime: toFileTime(information.lastAccessTime ?? mountTime),
    lastWriteTime: toFileTime(information.lastWriteTime ?? mountTime),
    size: information.size ?? 0,
  };
}

/**
 * @param mountTime - for times the file system does not give: nanoseconds since the Unix epoch
 * @param allocationUnitSize - bytes
 */
export function informationReply(
  information: FileInformation,
  mountTime: bigint,
  allocationUnitSize: number,
): InformationReply {
  const reply = common(information, mountTime);
  const isDirectory = (reply.attributes & FileAttributes.DIRECTORY) !== 0;
  return {
    ...reply,
    allocationSize: Math.ceil(reply.size / allocationUnitSize) * allocationUnitSize,
    links: information.linkCount ?? 1,
    index: BigInt(information.inode ?? 0),
    isDirectory,
  };
}

export function entryReply(entry: FindEntry, mountTime: bigint): EntryReply {
  return { name: entry.name, ...common(entry, mountTime) };
}

/** `.` or `..` as Dokan adds them: a directory of this moment. */
export function dotReply(name: string): EntryReply {
  const now = toFileTime(Date.now());
  return {
    name,
    attributes: FileAttributes.DIRECTORY,
    creationTime: now,
    lastAccessTime: now,
    lastWriteTime: now,
    size: 0,
  };
}

/** A stream under its whole name: `:notes:$DATA`. */
export function streamReply({ name, size }: StreamEntry): StreamReply {
  if (name.startsWith(':')) return { name, size };
  return { name: `:${name}:$DATA`, size };
}
