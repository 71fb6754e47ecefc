import { closeSync, constants } from 'node:fs';
import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAccess,
  FileAttributes,
  FileMode,
  NtStatus,
  type CreateFileRequest,
  type CreateResult,
  type FileInformation,
  type Requestor,
} from 'node-dokan';
import { openModes, wantsData } from './access.js';
import type { BackingStore } from './backing_store.js';
import { failedWith, isCollision, isMissing } from './failure.js';

const { O_RDONLY, O_TRUNC } = constants;
/** Windows has no such flag. */
const { O_DSYNC = 0 } = constants as Partial<typeof constants>;

/** What has been opened, and what was done for it. */
export interface OpenedFile {
  readonly result: CreateResult;
  readonly isDirectory: boolean;
  /** May be read or written through its descriptor alone. */
  readonly isRegular: boolean;
  readonly fd: number | undefined;
}

/** NtCreateFile of one path in a backing store. */
export interface Opening {
  readonly store: BackingStore;
  readonly path: string;
  readonly request: CreateFileRequest;
  /** Whose a new file becomes, where that is not us. */
  readonly owner: Requestor | undefined;
}

/** How often a file may appear and vanish between two looks before we give up. */
const ATTEMPTS = 8;

/** Opens or makes what is asked for, by the six create dispositions. */
export function openFile(opening: Opening): OpenedFile {
  checkDisposition(opening.request);
  switch (opening.request.createDisposition) {
    case CreateDisposition.OPEN:
      return openExisting(opening, 'opened');
    case CreateDisposition.CREATE:
      return create(opening);
    case CreateDisposition.OVERWRITE:
      return openExisting(opening, 'overwritten');
    case CreateDisposition.OPEN_IF:
      return openOrCreate(opening, 'opened');
    case CreateDisposition.OVERWRITE_IF:
      return openOrCreate(opening, 'overwritten');
    case CreateDisposition.SUPERSEDE:
      return openOrCreate(opening, 'superseded');
  }
}

/** A directory cannot be overwritten: NT refuses to be asked. */
function checkDisposition({ createDisposition, createOptions }: CreateFileRequest): void {
  if ((createOptions & CreateOptions.DIRECTORY_FILE) === 0) return;
  const { OPEN, CREATE, OPEN_IF } = CreateDisposition;
  const keeps = [OPEN, CREATE, OPEN_IF].some((one) => one === createDisposition);
  if (!keeps) {
    throw new DokanError(NtStatus.INVALID_PARAMETER);
  }
}

/**
 * Tries to make the file first, then to open it: either call alone tells for certain what was
 * done, which O_CREAT without O_EXCL does not.
 */
function openOrCreate(opening: Opening, otherwise: CreateResult): OpenedFile {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return create(opening);
    } catch (error) {
      if (!isCollision(error)) throw error;
    }
    try {
      return openExisting(opening, otherwise);
    } catch (error) {
      if (!isMissing(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

function create({ store, path, request, owner }: Opening): OpenedFile {
  const { desiredAccess, createOptions, mode, fileAttributes } = request;
  if ((createOptions & CreateOptions.DIRECTORY_FILE) !== 0) {
    store.makeDirectory(path, mode ?? 0o777, owner);
    return { result: 'created', isDirectory: true, isRegular: false, fd: undefined };
  }
  const readOnly = (fileAttributes & FileAttributes.READONLY) !== 0;
  const permissions = mode ?? (readOnly ? 0o444 : 0o666);
  // What a new file may be used for is the open's business, not that of its mode.
  const [flags = O_RDONLY] = openModes(desiredAccess);
  const fd = store.create(path, flags | syncFlag(createOptions), permissions, owner);
  return { result: 'created', isDirectory: false, isRegular: true, fd };
}

function openExisting(opening: Opening, result: CreateResult): OpenedFile {
  const truncate = result !== 'opened';
  return truncate || wantsData(opening.request.desiredAccess)
    ? openData(opening, result, truncate)
    : openAttributes(opening, result);
}

/** Without a descriptor: there is only to look at the file, or to do something with its name. */
function openAttributes({ store, path, request }: Opening, result: CreateResult): OpenedFile {
  return found(request, store.inspect(path), undefined, result);
}

function openData(opening: Opening, result: CreateResult, truncate: boolean): OpenedFile {
  const { store, request } = opening;
  let fd: number;
  try {
    fd = openWith(opening, truncate);
  } catch (error) {
    // Writing to a directory means to NT: making files in it. Links can be opened as such.
    const isNoFile = failedWith(error, 'EISDIR', 'ELOOP') && !truncate;
    if (!isNoFile) throw error;
    const thing = openAttributes(opening, result);
    if (thing.isDirectory || (request.createOptions & CreateOptions.OPEN_REPARSE_POINT) !== 0) {
      return thing;
    }
    throw error;
  }
  try {
    const file = found(request, store.inspectOpen(fd), fd, result);
    if (!file.isDirectory && !file.isRegular) throw new DokanError(NtStatus.ACCESS_DENIED);
    return file;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens with as much access as there is to be had. */
function openWith({ store, path, request }: Opening, truncate: boolean): number {
  const { desiredAccess, createOptions } = request;
  const modes = openModes(truncate ? desiredAccess | FileAccess.WRITE_DATA : desiredAccess);
  const more = (truncate ? O_TRUNC : 0) | syncFlag(createOptions);
  for (const mode of modes.slice(0, -1)) {
    try {
      return store.open(path, mode | more);
    } catch (error) {
      if (!failedWith(error, 'EACCES', 'EPERM', 'EROFS', 'ETXTBSY')) throw error;
    }
  }
  return store.open(path, (modes.at(-1) ?? O_RDONLY) | more);
}

function syncFlag(createOptions: number): number {
  return (createOptions & CreateOptions.WRITE_THROUGH) === 0 ? 0 : O_DSYNC;
}

/** @throws DokanError for a directory where a file was asked for, and the reverse */
function found(
  { createOptions }: CreateFileRequest,
  { attributes = 0, mode }: FileInformation,
  fd: number | undefined,
  result: CreateResult,
): OpenedFile {
  const isDirectory = (attributes & FileAttributes.DIRECTORY) !== 0;
  if (isDirectory && (createOptions & CreateOptions.NON_DIRECTORY_FILE) !== 0) {
    throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
  }
  if (!isDirectory && (createOptions & CreateOptions.DIRECTORY_FILE) !== 0) {
    throw new DokanError(NtStatus.NOT_A_DIRECTORY);
  }
  const isRegular = mode === undefined || (mode & FileMode.TYPE_MASK) === FileMode.REGULAR;
  return { result, isDirectory, isRegular: !isDirectory && isRegular, fd };
}
