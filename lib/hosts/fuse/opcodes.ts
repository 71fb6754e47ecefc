import type { Outcome } from '../../outcome.js';
import * as directories from './directories.js';
import { readDirectory, readDirectoryPlus } from './read_directory.js';
import * as files from './files.js';
import { init } from './init.js';
import * as io from './io.js';
import * as locking from './locking.js';
import * as lookup from './lookup.js';
import { Opcode } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';
import { setAttributes } from './setattr.js';
import { statx } from './statx.js';
import * as tree from './tree.js';
import * as volume from './volume.js';
import * as xattr from './xattr.js';

/** What answers one kind of request. */
export interface Row {
  readonly name: keyof typeof Opcode;
  /**
   * Reads the message, calls the target and writes the reply's body. It reads the whole message
   * before it first waits.
   */
  readonly handle: (session: Session, request: Request) => Outcome<void>;
  /** False for requests the kernel wants no reply to. */
  readonly answered: boolean;
  /** Bytes of the struct its message begins with; names and data follow. */
  readonly size: number;
}

/** Every request of the protocol, by its number. */
export const OPCODES: (Row | undefined)[] = [];

function row(
  name: keyof typeof Opcode,
  size: number,
  handle: (session: Session, request: Request) => Outcome<void>,
  answered = true,
): void {
  OPCODES[Opcode[name]] = { name, handle, answered, size };
}

const UNANSWERED = false;

row('LOOKUP', 0, lookup.lookup);
row('FORGET', 8, lookup.forget, UNANSWERED);
row('GETATTR', 16, lookup.getAttributes);
row('SETATTR', 88, setAttributes);
row('READLINK', 0, lookup.readLink);
row('SYMLINK', 0, tree.createSymbolicLink);
row('MKNOD', 16, files.makeNode);
row('MKDIR', 8, files.makeDirectory);
row('UNLINK', 0, tree.unlink);
row('RMDIR', 0, tree.removeDirectory);
row('RENAME', 8, tree.rename);
row('LINK', 8, tree.createHardLink);
row('OPEN', 8, files.openFile);
row('READ', 40, io.readFile);
row('WRITE', 40, io.writeFile);
row('STATFS', 0, volume.fileSystemStatus);
row('RELEASE', 24, files.releaseFile);
row('FSYNC', 16, files.synchronize);
row('SETXATTR', 8, xattr.set);
row('GETXATTR', 8, xattr.get);
row('LISTXATTR', 8, xattr.list);
row('REMOVEXATTR', 0, xattr.remove);
row('FLUSH', 24, locking.flush);
row('INIT', 8, init);
row('OPENDIR', 8, directories.openDirectory);
row('READDIR', 40, readDirectory);
row('RELEASEDIR', 24, directories.releaseDirectory);
row('FSYNCDIR', 16, files.synchronizeDirectory);
row('GETLK', 48, locking.getLock);
row('SETLK', 48, locking.setLock);
row('SETLKW', 48, locking.setLockWaiting);
row('ACCESS', 8, volume.checkAccess);
row('CREATE', 16, files.createFile);
row('INTERRUPT', 8, volume.interrupt, UNANSWERED);
row('BMAP', 0, volume.notSupported);
row('DESTROY', 0, volume.destroy);
row('IOCTL', 0, volume.noSuchControl);
row('POLL', 0, volume.notSupported);
row('NOTIFY_REPLY', 0, volume.destroy, UNANSWERED);
row('BATCH_FORGET', 8, lookup.batchForget, UNANSWERED);
row('FALLOCATE', 32, io.allocate);
row('READDIRPLUS', 40, readDirectoryPlus);
row('RENAME2', 16, tree.renameWithFlags);
row('LSEEK', 24, io.seek);
// ENOSYS makes the kernel copy through its page cache: as fast as anything done here could be.
row('COPY_FILE_RANGE', 0, volume.notSupported);
row('SETUPMAPPING', 0, volume.notSupported);
row('REMOVEMAPPING', 0, volume.notSupported);
row('SYNCFS', 0, volume.notSupported);
row('TMPFILE', 0, volume.notSupported);
row('STATX', 24, statx);
row('COPY_FILE_RANGE_64', 0, volume.notSupported);
