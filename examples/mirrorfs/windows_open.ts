import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAccess,
  NtStatus,
  ShareAccess,
  type CreateFileRequest,
  type FileInformation,
} from 'node-dokan';
import type { Win32Directory, Win32File } from 'node-dokan/win32';
import { failedWith } from './failure.js';

const ANYTHING_BUT_A_DIRECTORY =
  CreateOptions.NON_DIRECTORY_FILE | CreateOptions.OPEN_REPARSE_POINT;

/** Not APPEND_DATA: NT then writes at the end of the file, whatever the offset. */
const WRITES_ANYWHERE =
  FileAccess.WRITE_DATA |
  FileAccess.GENERIC_WRITE |
  FileAccess.GENERIC_ALL |
  FileAccess.MAXIMUM_ALLOWED;

/** Opens an existing file for its data, along with everybody who lets others in. */
function existing(dataAccess: number): CreateFileRequest {
  return {
    desiredAccess: dataAccess | FileAccess.READ_ATTRIBUTES,
    fileAttributes: 0,
    shareAccess: ShareAccess.ALL,
    createDisposition: CreateDisposition.OPEN,
    createOptions: ANYTHING_BUT_A_DIRECTORY,
  };
}

const READ = existing(FileAccess.READ_DATA);
const WRITE = existing(FileAccess.WRITE_DATA);

export interface WindowsOpenOptions {
  /** What the application asked for. */
  desiredAccess: number;
  /** Opened with DELETE_ON_CLOSE. */
  deletesOnClose: boolean;
}

/** What the mirror keeps of one open on Windows. */
export class WindowsOpen {
  /** The file is deleted in `cleanup` because it was opened like that, not because of a later wish. */
  readonly deletesOnClose: boolean;
  readonly #directory: Win32Directory;
  readonly #writesAnywhere: boolean;
  #file: Win32File | undefined;
  /** For reads that `file` is not there for any more, or was not opened for. */
  #reader: Win32File | undefined = undefined;
  /** The same for writes. */
  #writer: Win32File | undefined = undefined;
  #isDeleted = false;

  constructor(
    directory: Win32Directory,
    file: Win32File,
    { desiredAccess, deletesOnClose }: WindowsOpenOptions,
  ) {
    this.#directory = directory;
    this.#file = file;
    this.#writesAnywhere = (desiredAccess & WRITES_ANYWHERE) !== 0;
    this.deletesOnClose = deletesOnClose;
  }

  /**
   * Opened with the access and share access that the application asked for. Gone after `cleanup`:
   * from then on the application's share access counts no more, and must not keep others out.
   */
  get file(): Win32File | undefined {
    return this.#file;
  }

  /**
   * Hands the file over to `cleanup`, to close or delete.
   * @param isDeleted - by path, whatever is asked for later would find another file, or none
   */
  release(isDeleted: boolean): Win32File | undefined {
    const file = this.#file;
    this.#file = undefined;
    this.#isDeleted = isDeleted;
    return file;
  }

  read(path: string, buffer: Buffer, offset: number): number {
    return (
      this.#tryFile((file) => file.read(buffer, offset)) ??
      this.#openReader(path).read(buffer, offset)
    );
  }

  write(path: string, data: Buffer, offset: number, append: boolean): number {
    return (
      this.#tryFile((file) => file.write(data, offset, append)) ??
      this.#openWriter(path).write(data, offset, append)
    );
  }

  /** Writes what the system's memory manager brings: at its place, also in a file for appending. */
  writePages(path: string, data: Buffer, offset: number): number {
    const work = (file: Win32File): number => writePages(file, data, offset);
    const written = this.#writesAnywhere ? this.#tryFile(work) : undefined;
    return written ?? work(this.#openWriter(path));
  }

  query(path: string): FileInformation {
    const file = this.#file ?? this.#writer ?? this.#reader;
    if (file !== undefined) return file.query();
    this.#checkPath();
    return this.#directory.query(path);
  }

  close(): void {
    for (const file of [this.#file, this.#reader, this.#writer]) file?.close();
    this.#file = this.#reader = this.#writer = undefined;
  }

  /**
   * With `file` itself as long as it is there: another open of it would have to agree with the share
   * access that the application asked for. Undefined when it is not there, or was not opened for
   * this: what the memory manager and the page cache ask for may come after `cleanup`, and may be
   * more than the application has opened the file for.
   */
  #tryFile(work: (file: Win32File) => number): number | undefined {
    if (this.#file === undefined) return undefined;
    try {
      return work(this.#file);
    } catch (error) {
      if (!failedWith(error, 'ACCESS_DENIED')) throw error;
      return undefined;
    }
  }

  #openReader(path: string): Win32File {
    return (this.#reader ??= this.#open(path, READ));
  }

  /**
   * After `cleanup` this fails with SHARING_VIOLATION while somebody has the file open who lets no
   * writer in: NT itself writes pages whoever has opened the file, but gives no such right to others.
   * A file that was kept open for it would keep that somebody out instead, for as long as the memory
   * manager remembers the file.
   */
  #openWriter(path: string): Win32File {
    return (this.#writer ??= this.#open(path, WRITE));
  }

  #open(path: string, request: CreateFileRequest): Win32File {
    // By itself while it is open: its name may be another's by now.
    const opened = this.#file ?? this.#writer ?? this.#reader;
    if (opened !== undefined) return opened.reopen(request);
    this.#checkPath();
    return this.#directory.open(path, request);
  }

  #checkPath(): void {
    if (this.#isDeleted) throw new DokanError(NtStatus.FILE_DELETED);
  }
}

/** Pages are whole, files need not be: what is beyond the end of the file is not written. */
function writePages(file: Win32File, data: Buffer, offset: number): number {
  const { size = 0 } = file.query();
  return offset < size ? file.write(data.subarray(0, size - offset), offset) : 0;
}
