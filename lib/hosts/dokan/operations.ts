import type { Outcome } from '../../outcome.js';
import { createFile } from './create.js';
import { findFiles, findFilesWithPattern } from './directories.js';
import * as information from './information.js';
import { lockFile, unlockFile } from './locking.js';
import { cleanup, closeFile } from './releasing.js';
import type { Request } from './request.js';
import { getFileSecurity, setFileSecurity } from './security.js';
import { Operation } from './slot.js';
import { findStreams } from './streams.js';
import { readFile, writeFile } from './transfer.js';
import * as volume from './volume.js';

/**
 * Answers one kind of request: reads the question from the slot, calls the target, and writes the
 * answer into the slot. What it throws is the status.
 */
export type Handler = (request: Request) => Outcome<void>;

const HANDLER_OF: Record<keyof typeof Operation, Handler> = {
  CREATE_FILE: createFile,
  CLEANUP: cleanup,
  CLOSE_FILE: closeFile,
  READ_FILE: readFile,
  WRITE_FILE: writeFile,
  FLUSH_FILE_BUFFERS: information.flushFileBuffers,
  GET_FILE_INFORMATION: information.getFileInformation,
  FIND_FILES: findFiles,
  FIND_FILES_WITH_PATTERN: findFilesWithPattern,
  SET_FILE_ATTRIBUTES: information.setFileAttributes,
  SET_FILE_TIME: information.setFileTime,
  DELETE_FILE: information.setDisposition,
  DELETE_DIRECTORY: information.setDisposition,
  MOVE_FILE: information.moveFile,
  SET_END_OF_FILE: information.setEndOfFile,
  SET_ALLOCATION_SIZE: information.setAllocationSize,
  LOCK_FILE: lockFile,
  UNLOCK_FILE: unlockFile,
  GET_DISK_FREE_SPACE: volume.getDiskFreeSpace,
  GET_VOLUME_INFORMATION: volume.getVolumeInformation,
  MOUNTED: volume.mounted,
  UNMOUNTED: volume.unmounted,
  GET_FILE_SECURITY: getFileSecurity,
  SET_FILE_SECURITY: setFileSecurity,
  FIND_STREAMS: findStreams,
};

/** Every callback of Dokan, by its number. */
export const OPERATIONS: (Handler | undefined)[] = [];

for (const [name, handler] of Object.entries(HANDLER_OF)) {
  OPERATIONS[Operation[name as keyof typeof Operation]] = handler;
}
