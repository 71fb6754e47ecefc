import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  FileSystemFlags,
  ShareAccess,
} from '../../constants.js';
import { DokanError } from '../../errors.js';
import { isSuccess, NtStatus } from '../../status.js';
import {
  CreateInformation,
  type CreateReply,
  type DriverBackend,
  type Reply,
  type SizeReply,
  type VolumeReply,
} from './backend.js';
import {
  checkParameters,
  isTemporaryDirectory,
  needsWritableVolume,
  type CreateParameters,
} from './create_parameters.js';
import { FileTable, type FileControl } from './file_control.js';
import { FileObject } from './file_object.js';
import { normalName, parentName } from './names.js';
import { Orders, succeed } from './orders.js';

/** What the driver knows of the volume. */
export interface DriverSettings {
  readonly caseSensitive: boolean;
  readonly altStreams: boolean;
  readonly writeProtect: boolean;
  /** Locks are the file system's business: the driver keeps none. */
  readonly userModeLock: boolean;
  /** Bytes; what uncached transfers must be multiples of. */
  readonly sectorSize: number;
  /** Milliseconds until an order is given up; Infinity for never. */
  readonly requestTimeout: number;
  /**
   * `dokan`: as the driver has it, renames of open files and directories reach `moveFile` and the
   * opens below a directory keep their old names. `ntfs`: a directory with open files below it and a
   * target that is open are refused with ACCESS_DENIED, as NTFS does.
   */
  readonly renameRules: 'dokan' | 'ntfs';
}

/** Opens with these rights are refused where a mapping may still write and they share no writing. */
const DATA_ACCESS =
  FileAccess.EXECUTE |
  FileAccess.READ_DATA |
  FileAccess.WRITE_DATA |
  FileAccess.APPEND_DATA |
  FileAccess.DELETE |
  FileAccess.MAXIMUM_ALLOWED;

/**
 * A model of the Dokan driver (dokan2.sys 2.3) together with the part of the I/O manager above it.
 * Everything it cannot answer itself it asks a backend, by the orders the driver gives.
 */
export class Driver {
  readonly backend: DriverBackend;
  readonly settings: DriverSettings;
  readonly files: FileTable;
  readonly #orders: Orders;
  /** Opens with a handle. */
  readonly #handles = new Set<FileObject>();
  #isGone = false;

  constructor(backend: DriverBackend, settings: DriverSettings) {
    this.backend = backend;
    this.settings = settings;
    this.files = new FileTable(settings.caseSensitive);
    this.#orders = new Orders(backend, settings.requestTimeout);
  }

  /** Opens with a handle, in the order they came. */
  get handles(): ReadonlySet<FileObject> {
    return this.#handles;
  }

  /** The volume is gone. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Orders without a reply. */
  get pendingCount(): number {
    return this.#orders.pendingCount;
  }

  /**
   * NtCreateFile.
   * @param name - Windows name within the volume
   * @throws DokanError: the backend's, or what the driver finds itself: SHARING_VIOLATION,
   *   DELETE_PENDING, MEDIA_WRITE_PROTECTED, INVALID_PARAMETER, OBJECT_NAME_COLLISION ...
   */
  async create(name: string, given: CreateParameters): Promise<FileObject> {
    const parameters = checkParameters(given);
    if (this.#isGone) throw new DokanError(NtStatus.NO_SUCH_DEVICE);
    const full = normalName(name);
    const { altStreams, writeProtect } = this.settings;
    if (!altStreams && full.includes(':')) throw new DokanError(NtStatus.INVALID_PARAMETER);
    if (writeProtect && needsWritableVolume(parameters)) {
      throw new DokanError(NtStatus.MEDIA_WRITE_PROTECTED);
    }
    const opensTarget = parameters.openTargetDirectory;
    const file = this.files.acquire(opensTarget ? parentName(full) : full);
    let unshare = (): void => undefined;
    try {
      checkOpenable(file, parameters);
      // Booked before anybody is asked: two creates at a time must not both get an exclusive open.
      unshare = file.sharing.add(parameters.desiredAccess, parameters.shareAccess);
      const reply = await this.#askToCreate(opensTarget ? full : file.name, parameters);
      if (!isSuccess(reply.status)) throw new DokanError(this.#createFailure(reply, parameters));
      const isDirectory = (parameters.createOptions & CreateOptions.DIRECTORY_FILE) !== 0;
      if (isDirectory || reply.isDirectory === true) file.isDirectory = true;
      const opened = new FileObject(this, file, parameters, reply as CreateReply, unshare);
      this.#handles.add(opened);
      return opened;
    } catch (error) {
      unshare();
      this.files.release(file);
      throw error;
    }
  }

  #askToCreate(name: string, parameters: CreateParameters): Promise<Reply<CreateReply>> {
    const { createDisposition, processId } = parameters;
    const opensOnly = this.settings.writeProtect && createDisposition === CreateDisposition.OPEN_IF;
    const order = {
      ...parameters,
      name,
      createDisposition: opensOnly ? CreateDisposition.OPEN : createDisposition,
    };
    return this.send(
      (id) => this.backend.create({ ...order, id }),
      (reply) => {
        // It has come into being after all, and nobody has a handle of it.
        if (!isSuccess(reply.status)) return;
        const { context, isDirectory = false } = reply;
        const file = { processId, context, name, isDirectory };
        void this.#orders
          .send((id) => this.backend.cleanup({ ...file, id, deleteOnClose: false }))
          .then(() => this.#orders.send((id) => this.backend.close({ ...file, id })));
      },
    );
  }

  #createFailure({ status, information }: Reply<CreateReply>, given: CreateParameters): number {
    const mayNotCreate =
      this.settings.writeProtect && given.createDisposition === CreateDisposition.OPEN_IF;
    return mayNotCreate && information === CreateInformation.DOES_NOT_EXIST
      ? NtStatus.MEDIA_WRITE_PROTECTED
      : status;
  }

  /** Gives an order; see `Orders.send`. */
  send<F>(
    send: (id: number) => Promise<Reply<F>>,
    late?: (reply: Reply<F>) => void,
  ): Promise<Reply<F>> {
    return this.#orders.send(send, late);
  }

  /**
   * What every request but a cleanup and a close passes.
   * @param modifies - it would change the volume
   * @throws DokanError NO_SUCH_DEVICE when the volume is gone, MEDIA_WRITE_PROTECTED
   */
  admit(modifies: boolean): void {
    if (this.#isGone) throw new DokanError(NtStatus.NO_SUCH_DEVICE);
    if (modifies && this.settings.writeProtect) {
      throw new DokanError(NtStatus.MEDIA_WRITE_PROTECTED);
    }
  }

  /** FileFsVolumeInformation and FileFsAttributeInformation. @throws DokanError */
  async queryVolume(processId: number): Promise<VolumeReply> {
    this.admit(false);
    const volume = succeed(await this.send((id) => this.backend.queryVolume({ id, processId })));
    return this.settings.writeProtect
      ? { ...volume, flags: (volume.flags | FileSystemFlags.READ_ONLY_VOLUME) >>> 0 }
      : volume;
  }

  /** FileFsFullSizeInformation. @throws DokanError */
  async querySize(processId: number): Promise<SizeReply> {
    this.admit(false);
    return succeed(await this.send((id) => this.backend.querySize({ id, processId })));
  }

  /** A handle is being closed. */
  forget(opened: FileObject): void {
    this.#handles.delete(opened);
  }

  /** A process has ended: the kernel closes its handles. */
  async endProcess(processId: number): Promise<void> {
    const left = [...this.#handles].filter((opened) => opened.processId === processId);
    await Promise.all(left.map((opened) => opened.close()));
  }

  /**
   * The volume is gone: what is outstanding fails with CANCELLED, what comes with NO_SUCH_DEVICE.
   * No more orders are given, not even cleanups and closes: the library releases the opens itself.
   */
  dismount(): void {
    this.#isGone = true;
    this.#orders.cancelAll();
  }
}

/** @throws DokanError when the opens there are leave no room for another one */
function checkOpenable(file: FileControl, given: CreateParameters): void {
  const { desiredAccess, shareAccess } = given;
  if (given.createDisposition === CreateDisposition.CREATE && file.uncleanCount > 0) {
    throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
  }
  if (isTemporaryDirectory(given)) throw new DokanError(NtStatus.INVALID_PARAMETER);
  if (file.deletePending) throw new DokanError(NtStatus.DELETE_PENDING);
  const sharesWriting = (shareAccess & ShareAccess.WRITE) !== 0;
  const mayChange = file.section?.isWritable === true;
  if (
    (mayChange && !sharesWriting && (desiredAccess & DATA_ACCESS) !== 0) ||
    !file.sharing.allows(desiredAccess, shareAccess)
  ) {
    throw new DokanError(NtStatus.SHARING_VIOLATION);
  }
}
