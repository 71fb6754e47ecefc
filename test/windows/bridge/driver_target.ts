import { CreateOptions } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import type { DriverBackend, FileOrder, Reply } from '../../../lib/hosts/loopback/backend.js';
import { LEAVE_TIME, toFileTime } from '../../../lib/hosts/loopback/file_time.js';
import type { Listing } from '../../../lib/listing.js';
import type {
  CreateFileRequest,
  DiskFreeSpace,
  DokanOperations,
  FileInformation,
  FileTimes,
  FindEntry,
  StreamEntry,
  VolumeInformation,
} from '../../../lib/operations.js';
import { isMissing, isSuccess, NtStatus } from '../../../lib/status.js';
import {
  IoFlags,
  release,
  type Caller,
  type Open,
  type RequestTarget,
} from '../../../lib/target.js';
import {
  DriverOpen,
  listingOf,
  parentOf,
  POSIX_ONLY,
  QUERY,
  RENAME_TARGET,
  RESULTS,
  transferFlags,
} from './driver_requests.js';
import { fileInformation, findEntry } from './information.js';
import { windowsName } from './names.js';

/** Most security descriptors need far less; a longer one is asked for again. */
const DESCRIPTOR_ROOM = 4096;

/** The fields of a reply. @throws DokanError with the status of one that is no success */
async function succeed<F>(asking: Promise<Reply<F>>): Promise<F> {
  const reply = await asking;
  if (!isSuccess(reply.status)) throw new DokanError(reply.status);
  return reply as F;
}

/**
 * Plays the Dokan driver for the FUSE host: what Linux programs ask becomes the orders that
 * programs on Windows would have caused.
 */
export class DriverTarget implements RequestTarget {
  readonly #backend: DriverBackend;
  #nextId = 1;

  constructor(backend: DriverBackend) {
    this.#backend = backend;
  }

  supports(callback: keyof DokanOperations): boolean {
    return !POSIX_ONLY.has(callback);
  }

  report(_callback: keyof DokanOperations, _path: string, mistake: Error): void {
    throw mistake;
  }

  adopt(path: string): never {
    throw new Error(`the driver opens every file, and so ${path}`);
  }

  createFile(path: string, request: CreateFileRequest, caller: Caller): Promise<DriverOpen> {
    return this.#create(path, request, caller, false);
  }

  async #create(
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    openTargetDirectory: boolean,
  ): Promise<DriverOpen> {
    const { desiredAccess, fileAttributes, shareAccess, createDisposition, createOptions } =
      request;
    const reply = await succeed(
      this.#backend.create({
        ...this.#order(caller),
        name: windowsName(path),
        desiredAccess,
        fileAttributes,
        shareAccess,
        createDisposition,
        createOptions,
        openTargetDirectory,
        securityDescriptor: request.securityDescriptor,
      }),
    );
    const result = RESULTS[reply.information];
    if (result === undefined) throw new DokanError(NtStatus.INTERNAL_ERROR);
    const deletes = (createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0;
    return new DriverOpen(result, reply.isDirectory, reply.context, deletes);
  }

  async cleanup(open: Open, path: string, caller: Caller): Promise<void> {
    const { deletePending } = open as DriverOpen;
    const order = this.#file(open, path, caller);
    await this.#backend.cleanup({ ...order, deleteOnClose: deletePending });
  }

  /** Nobody waits for it: so it is with the driver, which tells the library some time later. */
  closeFile(open: Open, path: string, caller: Caller): void {
    void this.#backend.close(this.#file(open, path, caller));
  }

  async readFile(
    open: Open,
    path: string,
    buffer: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Promise<number> {
    const { status, data } = await this.#backend.read({
      ...this.#file(open, path, caller),
      ...transferFlags(io),
      offset,
      length: buffer.length,
    });
    if (status === NtStatus.END_OF_FILE) return 0;
    if (!isSuccess(status) || data === undefined) throw new DokanError(status);
    return data.copy(buffer);
  }

  async writeFile(
    open: Open,
    path: string,
    data: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Promise<number> {
    const writeToEndOfFile = (io & IoFlags.WRITE_TO_END_OF_FILE) !== 0;
    const { written } = await succeed(
      this.#backend.write({
        ...this.#file(open, path, caller),
        ...transferFlags(io),
        // As the driver says it: FILE_WRITE_TO_END_OF_FILE.
        offset: writeToEndOfFile ? -1 : offset,
        data,
        writeToEndOfFile,
      }),
    );
    return written;
  }

  async flushFileBuffers(open: Open, path: string, _io: number, caller: Caller): Promise<void> {
    await succeed(this.#backend.flush(this.#file(open, path, caller)));
  }

  async getFileInformation(open: Open, path: string, caller: Caller): Promise<FileInformation> {
    const order = this.#file(open, path, caller);
    return fileInformation(await succeed(this.#backend.queryInformation(order)));
  }

  async findFiles(
    open: Open,
    path: string,
    pattern: string | undefined,
    caller: Caller,
  ): Promise<Listing<FindEntry>> {
    const reply = await this.#backend.queryDirectory({
      ...this.#file(open, path, caller),
      pattern: pattern ?? '*',
      restartScan: true,
      caseSensitive: true,
    });
    // An empty root has not even dots.
    const isEmpty = reply.status === NtStatus.NO_SUCH_FILE;
    if (!isEmpty && !isSuccess(reply.status)) throw new DokanError(reply.status);
    const found = (reply.entries ?? []).map(findEntry);
    return listingOf(found.filter(({ name }) => name !== '.' && name !== '..'));
  }

  async findStreams(open: Open, path: string, caller: Caller): Promise<Listing<StreamEntry>> {
    const order = this.#file(open, path, caller);
    const { streams } = await succeed(this.#backend.queryStreams(order));
    return listingOf([...streams]);
  }

  async setFileAttributes(
    open: Open,
    path: string,
    attributes: number,
    caller: Caller,
  ): Promise<void> {
    await succeed(
      this.#backend.setBasic({
        ...this.#file(open, path, caller),
        attributes,
        creationTime: LEAVE_TIME,
        lastAccessTime: LEAVE_TIME,
        lastWriteTime: LEAVE_TIME,
      }),
    );
  }

  async setFileTime(open: Open, path: string, times: FileTimes, caller: Caller): Promise<void> {
    const orLeave = (time: bigint | undefined): bigint =>
      time === undefined ? LEAVE_TIME : toFileTime(time);
    await succeed(
      this.#backend.setBasic({
        ...this.#file(open, path, caller),
        attributes: 0,
        creationTime: orLeave(times.creationTime),
        lastAccessTime: orLeave(times.lastAccessTime),
        lastWriteTime: orLeave(times.lastWriteTime),
      }),
    );
  }

  async setDisposition(
    open: Open,
    path: string,
    deletePending: boolean,
    caller: Caller,
  ): Promise<void> {
    const order = { ...this.#file(open, path, caller), delete: deletePending };
    const reply = await succeed(this.#backend.setDisposition(order));
    (open as DriverOpen).deletePending = reply.deletePending;
  }

  /** The directory of the new name is opened first and closed last, as the I/O manager does. */
  async moveFile(
    open: Open,
    path: string,
    newPath: string,
    replaceIfExisting: boolean,
    caller: Caller,
  ): Promise<void> {
    const order = this.#file(open, path, caller);
    const newName = windowsName(newPath);
    const target = await this.#create(newPath, RENAME_TARGET, caller, true);
    try {
      const flags = replaceIfExisting ? 1 : 0;
      await succeed(this.#backend.rename({ ...order, newName, flags }));
    } finally {
      await release(this, target, parentOf(newPath), caller);
    }
  }

  async setEndOfFile(open: Open, path: string, length: number, caller: Caller): Promise<void> {
    const order = { ...this.#file(open, path, caller), size: length };
    await succeed(this.#backend.setEndOfFile(order));
  }

  async setAllocationSize(open: Open, path: string, length: number, caller: Caller): Promise<void> {
    const order = { ...this.#file(open, path, caller), size: length };
    await succeed(this.#backend.setAllocation(order));
  }

  async lockFile(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Promise<void> {
    await succeed(this.#backend.lock({ ...this.#file(open, path, caller), offset, length }));
  }

  async unlockFile(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Promise<void> {
    await succeed(this.#backend.unlock({ ...this.#file(open, path, caller), offset, length }));
  }

  async getDiskFreeSpace(caller: Caller): Promise<DiskFreeSpace> {
    const found = await succeed(this.#backend.querySize(this.#order(caller)));
    return {
      freeBytesAvailable: found.available,
      totalBytes: found.total,
      totalFreeBytes: found.free,
    };
  }

  async getVolumeInformation(caller: Caller): Promise<Required<VolumeInformation>> {
    const found = await succeed(this.#backend.queryVolume(this.#order(caller)));
    return {
      volumeName: found.label,
      serialNumber: found.serial,
      maximumComponentLength: found.maxComponent,
      fileSystemFlags: found.flags,
      fileSystemName: found.fileSystemName,
    };
  }

  async getFileSecurity(
    open: Open,
    path: string,
    securityInformation: number,
    caller: Caller,
  ): Promise<Buffer> {
    const ask = (length: number): ReturnType<DriverBackend['querySecurity']> =>
      this.#backend.querySecurity({
        ...this.#file(open, path, caller),
        securityInformation,
        length,
      });
    const first = await ask(DESCRIPTOR_ROOM);
    const isTooLong = first.status === NtStatus.BUFFER_OVERFLOW;
    const answer = isTooLong ? ask(first.needed ?? 0) : Promise.resolve(first);
    return (await succeed(answer)).descriptor;
  }

  async setFileSecurity(
    open: Open,
    path: string,
    securityInformation: number,
    descriptor: Buffer,
    caller: Caller,
  ): Promise<void> {
    const order = { ...this.#file(open, path, caller), securityInformation, descriptor };
    await succeed(this.#backend.setSecurity(order));
  }

  async queryOpen(path: string, caller: Caller): Promise<FileInformation> {
    const open = await this.createFile(path, QUERY, caller);
    try {
      return await this.getFileInformation(open, path, caller);
    } finally {
      await release(this, open, path, caller);
    }
  }

  async lookUp(path: string, caller: Caller): Promise<FileInformation | undefined> {
    try {
      return await this.queryOpen(path, caller);
    } catch (error) {
      if (error instanceof DokanError && isMissing(error.status)) return undefined;
      throw error;
    }
  }

  readLink = unsupported;
  createSymbolicLink = unsupported;
  createHardLink = unsupported;
  setMode = unsupported;
  setOwner = unsupported;
  removeEntry = unsupported;
  exchangeFiles = unsupported;
  queryAllocatedRange = unsupported;
  setZeroData = unsupported;

  #order({ processId }: Caller): { readonly id: number; readonly processId: number } {
    return { id: this.#nextId++, processId };
  }

  #file(open: Open, path: string, caller: Caller): FileOrder {
    const { context, isDirectory } = open as DriverOpen;
    return { ...this.#order(caller), context, name: windowsName(path), isDirectory };
  }
}

function unsupported(): Promise<never> {
  return Promise.reject(new DokanError(NtStatus.NOT_SUPPORTED));
}
