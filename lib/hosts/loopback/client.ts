import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  FileAttributes,
  ShareAccess,
} from '../../constants.js';
import type { DokanError } from '../../errors.js';
import type { DiskFreeSpace, VolumeInformation } from '../../operations.js';
import { NtStatus } from '../../status.js';
import { LoopbackFile, type LoopbackEntry, type LoopbackStat } from './client_file.js';
import type { Driver } from './driver.js';
import { nameFromPath } from './names.js';

const { FILE_GENERIC_READ, FILE_GENERIC_WRITE, DELETE, READ_ATTRIBUTES } = FileAccess;
const { DIRECTORY_FILE, NON_DIRECTORY_FILE, SYNCHRONOUS_IO_NONALERT } = CreateOptions;

/** Who asks, where nobody is named. */
const OWN_PROCESS = process.pid;

/** How a file is opened: the parameters of NtCreateFile, with the defaults of an ordinary open. */
export interface OpenOptions {
  /** Bits of `FileAccess`, generic ones too. Default: read, write and delete. */
  access?: number;
  /** Bits of `ShareAccess`. Default ALL. */
  share?: number;
  /** Default OPEN. */
  disposition?: CreateDisposition;
  /** Bits of `CreateOptions`. Default SYNCHRONOUS_IO_NONALERT, as an ordinary handle has. */
  options?: number;
  /** For a new file: bits of `FileAttributes`. Default 0. */
  attributes?: number;
  /** For a new file: self-relative security descriptor. */
  securityDescriptor?: Buffer;
  /** Default: this process. */
  processId?: number;
}

/** What a volume says of itself, nothing left out. */
export type LoopbackVolumeInformation = {
  readonly [Field in keyof VolumeInformation]-?: NonNullable<VolumeInformation[Field]>;
};

/** Opens files of a volume, as applications do. */
export class DriverClient {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Paths of the handles that are open, in the order they were opened. */
  get openFiles(): string[] {
    return [...this.#driver.handles].map(({ control }) => control.name.replaceAll('\\', '/'));
  }

  /**
   * Opens or creates a file or directory (NtCreateFile).
   * @param path - absolute, `/`-separated; `/file:stream` with the option `altStreams`
   * @throws DokanError what `createFile` says, or the driver: SHARING_VIOLATION, DELETE_PENDING,
   *   INVALID_PARAMETER, MEDIA_WRITE_PROTECTED, NO_SUCH_DEVICE ...
   */
  async create(path: string, options: OpenOptions = {}): Promise<LoopbackFile> {
    const file = await this.#driver.create(nameFromPath(path), {
      desiredAccess: options.access ?? FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE,
      fileAttributes: options.attributes ?? 0,
      shareAccess: options.share ?? ShareAccess.ALL,
      createDisposition: options.disposition ?? CreateDisposition.OPEN,
      createOptions: options.options ?? SYNCHRONOUS_IO_NONALERT,
      securityDescriptor: options.securityDescriptor,
      processId: options.processId ?? OWN_PROCESS,
      openTargetDirectory: false,
    });
    return new LoopbackFile(file);
  }

  /** The whole of a file. */
  async readFile(path: string): Promise<Buffer> {
    await using file = await this.create(path, {
      access: FILE_GENERIC_READ,
      options: NON_DIRECTORY_FILE | SYNCHRONOUS_IO_NONALERT,
    });
    const parts: Buffer[] = [];
    for (let offset = 0; ;) {
      try {
        const part = await file.read(65_536, offset);
        offset += part.length;
        parts.push(part);
      } catch (error) {
        if ((error as DokanError).status !== NtStatus.END_OF_FILE) throw error;
        return Buffer.concat(parts);
      }
    }
  }

  /** Makes a file of these contents, or gives them to the file that is there. */
  async writeFile(path: string, data: Buffer | string): Promise<void> {
    await using file = await this.create(path, {
      access: FILE_GENERIC_WRITE,
      disposition: CreateDisposition.OVERWRITE_IF,
      attributes: FileAttributes.NORMAL,
      options: NON_DIRECTORY_FILE | SYNCHRONOUS_IO_NONALERT,
    });
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let done = 0; done < bytes.length;) {
      const written = await file.write(bytes.subarray(done), done);
      if (written === 0) throw new Error(`The file system wrote 0 bytes of '${path}'`);
      done += written;
    }
  }

  /**
   * The names in a directory, without `.` and `..`, as the file system gives them.
   * @param pattern - DOS wildcards; default all
   */
  async readdir(path: string, pattern?: string): Promise<string[]> {
    return (await this.list(path, pattern)).map(({ name }) => name);
  }

  /** As `readdir`, with what is known of each. */
  async list(path: string, pattern?: string): Promise<LoopbackEntry[]> {
    await using directory = await this.create(path, {
      access: FILE_GENERIC_READ,
      options: DIRECTORY_FILE | SYNCHRONOUS_IO_NONALERT,
    });
    try {
      const entries = await directory.list(pattern);
      return entries.filter(({ name }) => name !== '.' && name !== '..');
    } catch (error) {
      if ((error as DokanError).status === NtStatus.NO_SUCH_FILE) return [];
      throw error;
    }
  }

  /** @throws DokanError OBJECT_NAME_COLLISION when there is something of that name */
  async mkdir(path: string): Promise<void> {
    const directory = await this.create(path, {
      access: FILE_GENERIC_READ,
      disposition: CreateDisposition.CREATE,
      attributes: FileAttributes.NORMAL,
      options: DIRECTORY_FILE | SYNCHRONOUS_IO_NONALERT,
    });
    await directory.close();
  }

  /** Deletes a file, or a directory that is empty: opens it, marks it, closes it. */
  async unlink(path: string): Promise<void> {
    await using file = await this.create(path, { access: DELETE | READ_ATTRIBUTES });
    await file.delete();
  }

  /** @param options - `replace`: what has the new name already goes. Default false */
  async rename(path: string, newPath: string, options: { replace?: boolean } = {}): Promise<void> {
    await using file = await this.create(path, { access: DELETE | READ_ATTRIBUTES });
    await file.rename(newPath, options);
  }

  async stat(path: string): Promise<LoopbackStat> {
    await using file = await this.create(path, { access: READ_ATTRIBUTES });
    return await file.stat();
  }

  /** What the volume says of itself. */
  async volumeInformation(): Promise<LoopbackVolumeInformation> {
    const volume = await this.#driver.queryVolume(OWN_PROCESS);
    return {
      volumeName: volume.label,
      serialNumber: volume.serial,
      maximumComponentLength: volume.maxComponent,
      fileSystemFlags: volume.flags,
      fileSystemName: volume.fileSystemName,
    };
  }

  /** Room on the volume in bytes, in whole allocation units. */
  async diskSpace(): Promise<DiskFreeSpace> {
    const { available, total, free } = await this.#driver.querySize(OWN_PROCESS);
    return { freeBytesAvailable: available, totalBytes: total, totalFreeBytes: free };
  }

  /** A process ends: the kernel closes its handles. */
  async endProcess(processId: number): Promise<void> {
    await this.#driver.endProcess(processId);
  }
}
