import { FileAttributes } from '../../../lib/constants.js';
import { fromFileTime } from '../../../lib/hosts/loopback/file_time.js';
import type { EntryReply, InformationReply } from '../../../lib/hosts/loopback/backend.js';
import type { FileInformation, FindEntry } from '../../../lib/operations.js';

/** What Windows says of a file, in the words of the FUSE host. */

/** FILETIME 0: the file system has no such time. */
function timeOf(fileTime: bigint): bigint | undefined {
  return fileTime === 0n ? undefined : fromFileTime(fileTime);
}

function common(found: EntryReply | InformationReply): FileInformation {
  return {
    attributes: found.attributes,
    creationTime: timeOf(found.creationTime),
    lastAccessTime: timeOf(found.lastAccessTime),
    lastWriteTime: timeOf(found.lastWriteTime),
    // Windows shows a size for a directory too; what it means there is the file system's affair.
    size: (found.attributes & FileAttributes.DIRECTORY) === 0 ? found.size : 0,
  };
}

/**
 * The index stays here: listings have none, so that one file would have two inode numbers, and
 * programs that compare them (find, rm, git) would see it change.
 */
export function fileInformation(found: InformationReply): FileInformation {
  return {
    ...common(found),
    linkCount: found.links,
    blocks: Math.ceil(found.allocationSize / 512),
  };
}

export function findEntry(found: EntryReply): FindEntry {
  return { ...common(found), name: found.name };
}
