import { SecurityInformation } from '../../constants.js';
import type { CreateFileRequest, FileInformation, Timestamp } from '../../operations.js';
import { andThen } from '../../outcome.js';
import type { OpenWork } from '../../target.js';
import * as access from './access.js';
import { attributesOf, split, splitTime } from './attributes.js';
import { fuseError } from './fuse_error.js';
import { Errno } from './protocol.js';

/** An extended attribute that stands for something NT knows of a file, in NTFS-3G's format. */
interface NtfsAttribute {
  readonly readAccess: CreateFileRequest;
  readonly writeAccess: CreateFileRequest;
  readonly read: OpenWork<undefined, undefined, Buffer>;
  readonly write: OpenWork<Buffer, undefined, void>;
}

const WHOLE_DESCRIPTOR =
  SecurityInformation.OWNER | SecurityInformation.GROUP | SecurityInformation.DACL;

/** 1601-01-01 to 1970-01-01, in units of 100 ns. */
const EPOCH_AS_FILETIME = 116_444_736_000_000_000n;

function checkLength(value: Buffer, length: number): void {
  if (value.length !== length) throw fuseError(Errno.EINVAL);
}

function toFiletime(time: Timestamp): bigint {
  splitTime(time);
  const { seconds, nanoseconds } = split;
  const ticks = BigInt(Math.floor(nanoseconds / 100));
  return BigInt(seconds) * 10_000_000n + ticks + EPOCH_AS_FILETIME;
}

const NTFS_ATTRIBUTES: Record<string, NtfsAttribute> = {
  /** Self-relative security descriptor. */
  'system.ntfs_acl': {
    readAccess: access.READ_SECURITY,
    writeAccess: access.CHANGE_SECURITY,
    read: (target, open, path, caller) =>
      target.getFileSecurity(open, path, WHOLE_DESCRIPTOR, caller),
    write: (target, open, path, caller, value) =>
      target.setFileSecurity(open, path, WHOLE_DESCRIPTOR, Buffer.from(value), caller),
  },
  /** File attributes, 32 bits little-endian. */
  'system.ntfs_attrib': {
    readAccess: access.READ_ATTRIBUTES,
    writeAccess: access.CHANGE_ATTRIBUTES,
    read: (target, open, path, caller) =>
      andThen(target.getFileInformation(open, path, caller), attributesValue, undefined),
    write: (target, open, path, caller, value) => {
      checkLength(value, 4);
      return target.setFileAttributes(open, path, value.readUInt32LE(), caller);
    },
  },
  /** Time of creation: FILETIME, 64 bits little-endian. */
  'system.ntfs_crtime': {
    readAccess: access.READ_ATTRIBUTES,
    writeAccess: access.CHANGE_ATTRIBUTES,
    read: (target, open, path, caller) =>
      andThen(target.getFileInformation(open, path, caller), creationValue, undefined),
    write: (target, open, path, caller, value) => {
      checkLength(value, 8);
      const creationTime = (value.readBigInt64LE() - EPOCH_AS_FILETIME) * 100n;
      const times = { creationTime, lastAccessTime: undefined, lastWriteTime: undefined };
      return target.setFileTime(open, path, times, caller);
    },
  },
};

export function findNtfsAttribute(name: string): NtfsAttribute | undefined {
  return Object.hasOwn(NTFS_ATTRIBUTES, name) ? NTFS_ATTRIBUTES[name] : undefined;
}

function attributesValue(info: FileInformation): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(attributesOf(info));
  return value;
}

function creationValue(info: FileInformation): Buffer {
  if (info.creationTime === undefined) throw fuseError(Errno.ENODATA);
  const value = Buffer.alloc(8);
  value.writeBigInt64LE(toFiletime(info.creationTime));
  return value;
}
