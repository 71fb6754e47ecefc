import type { Outcome } from '../../outcome.js';
import * as directories from './directories.js';
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
}

/** Every request of the protocol, by its number. */
export const OPCODES: (Row | undefined)[] = [];

function row(
  name: keyof typeof Opcode,
  handle: (session: Session, request: Request) => Outcome<void>,
  answered = true,
): void {
  OPCODES[Opcode[name]] = { name, handle, answered };
}

const UNANSWERED = false;

row('LOOKUP', lookup.lookup);
row('FORGET', lookup.forget, UNANSWERED);
row('GETATTR', lookup.getAttributes);
row('SETATTR', setAttributes);
row('READLINK', lookup.readLink);
row('SYMLINK', tree.createSymbolicLink);
row('MKNOD', files.makeNode);
row('MKDIR', files.makeDirectory);
row('UNLINK', tree.unlink);
row('RMDIR', tree.removeDirectory);
row('RENAME', tree.rename);
row('LINK', tree.createHardLink);
row('OPEN', files.openFile);
row('READ', io.readFile);
row('WRITE', io.writeFile);
row('STATFS', volume.fileSystemStatus);
row('RELEASE', files.releaseFile);
row('FSYNC', files.synchronize);
row('SETXATTR', xattr.set);
row('GETXATTR', xattr.get);
row('LISTXATTR', xattr.list);
row('REMOVEXATTR', xattr.remove);
row('FLUSH', locking.flush);
row('INIT', init);
row('OPENDIR', directories.openDirectory);
row('READDIR', directories.readDirectory);
row('RELEASEDIR', directories.releaseDirectory);
row('FSYNCDIR', files.synchronizeDirectory);
row('GETLK', locking.getLock);
row('SETLK', locking.setLock);
row('SETLKW', locking.setLockWaiting);
row('ACCESS', volume.checkAccess);
row('CREATE', files.createFile);
row('INTERRUPT', volume.interrupt, UNANSWERED);
row('BMAP', volume.notSupported);
row('DESTROY', volume.destroy);
row('IOCTL', volume.noSuchControl);
row('POLL', volume.notSupported);
row('NOTIFY_REPLY', volume.destroy, UNANSWERED);
row('BATCH_FORGET', lookup.batchForget, UNANSWERED);
row('FALLOCATE', io.allocate);
row('READDIRPLUS', directories.readDirectoryPlus);
row('RENAME2', tree.renameWithFlags);
row('LSEEK', io.seek);
// ENOSYS makes the kernel copy through its page cache: as fast as anything done here could be.
row('COPY_FILE_RANGE', volume.notSupported);
row('SETUPMAPPING', volume.notSupported);
row('REMOVEMAPPING', volume.notSupported);
row('SYNCFS', volume.notSupported);
row('TMPFILE', volume.notSupported);
row('STATX', statx);
row('COPY_FILE_RANGE_64', volume.notSupported);
