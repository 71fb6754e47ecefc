import { fill } from '../../bytes_read.js';
import { FileAttributes } from '../../constants.js';
import { DokanError } from '../../errors.js';
import type { Listing } from '../../listing.js';
import type { FileInformation } from '../../operations.js';
import { andThen } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { IoFlags, type Caller, type Open, type RequestTarget } from '../../target.js';
import {
  CreateInformation,
  type BasicOrder,
  type CleanupOrder,
  type CreateOrder,
  type CreateReply,
  type DispositionOrder,
  type DriverBackend,
  type EntryReply,
  type FileOrder,
  type InformationReply,
  type ListOrder,
  type Order,
  type QuerySecurityOrder,
  type RangeOrder,
  type ReadOrder,
  type RenameOrder,
  type Reply,
  type SecurityReply,
  type SetSecurityOrder,
  type SizeOrder,
  type SizeReply,
  type StreamReply,
  type TransferOrder,
  type VolumeReply,
  type WriteOrder,
} from './backend.js';
import { defaultSecurityDescriptor } from './default_security.js';
import { timeToSet, toNanoseconds } from './file_time.js';
import { createAsLibrary } from './library_create.js';
import { dotReply, entryReply, informationReply, streamReply } from './library_replies.js';
import { normalName, pathFromName } from './names.js';

/** What the library knows of the volume. */
export interface LibrarySettings {
  /** Bytes. */
  readonly allocationUnitSize: number;
  /** Bytes. */
  readonly sectorSize: number;
}

/** The mutable side of an open: the driver alone knows which cleanup deletes. */
type LibraryOpen = Open & { deletePending: boolean };

/** Nobody in particular: Windows has no such numbers. */
const NO_ID = -1;
/** UTF-16 units. */
const LONGEST_NAME = 255;
const { NOT_IMPLEMENTED, SUCCESS } = NtStatus;

/**
 * The user-mode library and the binding over it, without either: what dokan2.dll does between an
 * order of the driver and a callback, and between the callback's answer and its reply, on a target
 * in this process. Checked against recordings of the real library.
 */
export class LibraryBackend implements DriverBackend {
  readonly #target: RequestTarget;
  readonly #settings: LibrarySettings;
  readonly #callers = new Map<number, Caller>();
  readonly #mountTime = toNanoseconds(Date.now());

  constructor(target: RequestTarget, settings: LibrarySettings) {
    this.#target = target;
    this.#settings = settings;
  }

  expire(id: number): void {
    this.#callers.get(id)?.running?.interrupt();
  }

  async create(order: CreateOrder): Promise<Reply<CreateReply>> {
    const reply = await this.#answer(order, (caller) =>
      createAsLibrary(this.#target, order, caller),
    );
    if (reply.status === SUCCESS) return reply;
    const { EXISTS, DOES_NOT_EXIST } = CreateInformation;
    const exists = reply.status === NtStatus.OBJECT_NAME_COLLISION;
    return { ...reply, information: exists ? EXISTS : DOES_NOT_EXIST };
  }

  cleanup(order: CleanupOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      open.deletePending = order.deleteOnClose;
      await this.#target.cleanup(open, path, caller);
    });
  }

  close(order: FileOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      open.deletePending = false;
      await this.#target.closeFile(open, path, caller);
    });
  }

  read(order: ReadOrder): Promise<Reply<{ readonly data: Buffer }>> {
    return this.#onOpen(order, async (open, path, caller) => {
      const data = Buffer.alloc(order.length);
      const { offset } = order;
      const read = this.#target.readFile(open, path, data, offset, io(order), caller);
      // Before anything else runs: the bytes may be the file system's own.
      const found = await andThen(read, bytesRead, data);
      if (found.length === 0) throw new DokanError(NtStatus.END_OF_FILE);
      return { data: found };
    });
  }

  write(order: WriteOrder): Promise<Reply<{ readonly written: number }>> {
    return this.#onOpen(order, async (open, path, caller) => {
      const { data, writeToEndOfFile } = order;
      const offset = Math.max(0, order.offset);
      const flags = io(order) | (writeToEndOfFile ? IoFlags.WRITE_TO_END_OF_FILE : 0);
      // A copy: the caller keeps its buffer, and a file system must not see it change.
      const copy = Buffer.from(data);
      return {
        written: await this.#target.writeFile(open, path, copy, offset, flags, caller),
      };
    });
  }

  flush(order: FileOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      try {
        await this.#target.flushFileBuffers(open, path, IoFlags.NONE, caller);
      } catch (error) {
        if (!isMissing(error)) throw new DokanError(NtStatus.NOT_SUPPORTED);
      }
    });
  }

  queryInformation(order: FileOrder): Promise<Reply<InformationReply>> {
    return this.#onOpen(order, async (open, path, caller) => {
      let information: FileInformation;
      try {
        information = await this.#target.getFileInformation(open, path, caller);
      } catch {
        throw new DokanError(NtStatus.INVALID_PARAMETER);
      }
      return informationReply(information, this.#mountTime, this.#settings.allocationUnitSize);
    });
  }

  queryStreams(order: FileOrder): Promise<Reply<{ readonly streams: readonly StreamReply[] }>> {
    return this.#onOpen(order, async (open, path, caller) => {
      const listing = await this.#target.findStreams(open, path, caller);
      return { streams: await drain(listing, caller, streamReply) };
    });
  }

  setBasic(order: BasicOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      const target = this.#target;
      if (!target.supports('setFileAttributes') || !target.supports('setFileTime')) {
        throw new DokanError(NOT_IMPLEMENTED);
      }
      await target.setFileAttributes(open, path, order.attributes, caller);
      const times = {
        creationTime: timeToSet(order.creationTime),
        lastAccessTime: timeToSet(order.lastAccessTime),
        lastWriteTime: timeToSet(order.lastWriteTime),
      };
      await target.setFileTime(open, path, times, caller);
    });
  }

  setAllocation(order: SizeOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      await this.#target.setAllocationSize(open, path, order.size, caller);
    });
  }

  setEndOfFile(order: SizeOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      await this.#target.setEndOfFile(open, path, order.size, caller);
    });
  }

  setValidDataLength(order: SizeOrder): Promise<Reply> {
    return this.setEndOfFile(order);
  }

  setDisposition(order: DispositionOrder): Promise<Reply<{ readonly deletePending: boolean }>> {
    return this.#onOpen(order, async (open, path, caller) => {
      const target = this.#target;
      if (!target.supports('deleteFile') || !target.supports('deleteDirectory')) {
        throw new DokanError(NOT_IMPLEMENTED);
      }
      if (order.delete && (await this.#isReadOnly(open, path, caller))) {
        throw new DokanError(NtStatus.CANNOT_DELETE);
      }
      await target.setDisposition(open, path, order.delete, caller);
      return { deletePending: order.delete };
    });
  }

  /** A file of which nothing can be learned is not read-only. */
  async #isReadOnly(open: Open, path: string, caller: Caller): Promise<boolean> {
    try {
      const information = await this.#target.getFileInformation(open, path, caller);
      const { allocationUnitSize } = this.#settings;
      const { attributes } = informationReply(information, this.#mountTime, allocationUnitSize);
      return (attributes & FileAttributes.READONLY) !== 0;
    } catch {
      return false;
    }
  }

  rename(order: RenameOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      const replace = (order.flags & 1) !== 0;
      await this.#target.moveFile(open, path, pathFromName(order.newName), replace, caller);
    });
  }

  queryDirectory(order: ListOrder): Promise<Reply<{ readonly entries: readonly EntryReply[] }>> {
    return this.#onOpen(order, async (open, path, caller) => {
      const { pattern } = order;
      const listing = await this.#target.findFiles(open, path, pattern, caller);
      const found = await drain(listing, caller, (entry) => entryReply(entry, this.#mountTime));
      const showsDots = path !== '/' && (pattern === undefined || pattern === '*');
      const entries = showsDots ? [dotReply('.'), dotReply('..'), ...found] : found;
      if (entries.length === 0) throw new DokanError(NtStatus.NO_SUCH_FILE);
      return { entries };
    });
  }

  queryVolume(order: Order): Promise<Reply<VolumeReply>> {
    return this.#answer(order, async (caller) => {
      const volume = await this.#target.getVolumeInformation(caller);
      return {
        label: volume.volumeName ?? '',
        serial: volume.serialNumber ?? 0,
        maxComponent: volume.maximumComponentLength ?? LONGEST_NAME,
        flags: volume.fileSystemFlags ?? 0,
        fileSystemName: volume.fileSystemName ?? '',
      };
    });
  }

  querySize(order: Order): Promise<Reply<SizeReply>> {
    return this.#answer(order, async (caller) => {
      const space = await this.#target.getDiskFreeSpace(caller);
      const { allocationUnitSize, sectorSize } = this.#settings;
      const whole = (bytes: number): number => bytes - (bytes % allocationUnitSize);
      return {
        available: whole(space.freeBytesAvailable),
        total: whole(space.totalBytes),
        free: whole(space.totalFreeBytes),
        allocationUnitSize,
        sectorSize,
      };
    });
  }

  lock(order: RangeOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      try {
        await this.#target.lockFile(open, path, order.offset, order.length, caller);
      } catch (error) {
        if (isMissing(error)) throw error;
        throw new DokanError(NtStatus.LOCK_NOT_GRANTED);
      }
    });
  }

  unlock(order: RangeOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      try {
        await this.#target.unlockFile(open, path, order.offset, order.length, caller);
      } catch (error) {
        // Dokan lets no unlock fail.
        if (isMissing(error)) throw error;
      }
    });
  }

  async querySecurity(order: QuerySecurityOrder): Promise<Reply<SecurityReply>> {
    const { length, securityInformation } = order;
    const reply = await this.#onOpen(order, async (open, path, caller) => {
      const descriptor = await this.#securityOf(open, path, securityInformation, caller);
      return { descriptor, needed: descriptor.length };
    });
    const { needed = 0 } = reply;
    return needed > length ? { status: NtStatus.BUFFER_OVERFLOW, needed } : reply;
  }

  async #securityOf(open: Open, path: string, parts: number, caller: Caller): Promise<Buffer> {
    try {
      return await this.#target.getFileSecurity(open, path, parts, caller);
    } catch (error) {
      if (isMissing(error)) return defaultSecurityDescriptor();
      throw error;
    }
  }

  setSecurity(order: SetSecurityOrder): Promise<Reply> {
    return this.#onOpen(order, async (open, path, caller) => {
      const { securityInformation, descriptor } = order;
      try {
        await this.#target.setFileSecurity(open, path, securityInformation, descriptor, caller);
      } catch {
        throw new DokanError(NtStatus.INVALID_PARAMETER);
      }
    });
  }

  #onOpen<F extends object | void>(
    order: FileOrder,
    work: (open: LibraryOpen, path: string, caller: Caller) => Promise<F>,
  ): Promise<Reply<F>> {
    const path = pathFromName(normalName(order.name));
    return this.#answer(order, (caller) => work(order.context as LibraryOpen, path, caller));
  }

  /** Makes a reply of what a piece of work gives, or of how it fails. */
  async #answer<F extends object | void>(
    { id, processId }: Order,
    work: (caller: Caller) => Promise<F>,
  ): Promise<Reply<F>> {
    const caller: Caller = { processId, userId: NO_ID, groupId: NO_ID, running: undefined };
    this.#callers.set(id, caller);
    try {
      return { status: SUCCESS, ...(await work(caller)) };
    } catch (error) {
      if (!(error instanceof DokanError)) throw error;
      return { status: error.status } as Reply<F>;
    } finally {
      this.#callers.delete(id);
    }
  }
}

/** @param data - what was to be filled */
function bytesRead(read: number | Uint8Array, data: Buffer): Buffer {
  return data.subarray(0, fill(data, read));
}

function isMissing(error: unknown): boolean {
  return (error as DokanError).status === NOT_IMPLEMENTED;
}

function io(order: TransferOrder): number {
  return (
    (order.pagingIo ? IoFlags.PAGING_IO : 0) |
    (order.synchronousIo ? IoFlags.SYNCHRONOUS_IO : 0) |
    (order.noCache ? IoFlags.NO_CACHE : 0)
  );
}

/** All of a listing. @throws DokanError when it breaks off */
async function drain<E, R>(
  listing: Listing<E>,
  caller: Caller,
  reply: (entry: E) => R,
): Promise<R[]> {
  const replies: R[] = [];
  for (;;) {
    const entry = await listing.next(caller);
    if (entry === undefined) return replies;
    replies.push(reply(entry));
  }
}
