import { FileAccess } from '../../constants.js';
import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { demand } from './access_rights.js';
import { DataSection } from './data_section.js';
import type { FileObject } from './file_object.js';
import { queryInformation, setSize } from './information.js';

/** How a file is mapped into memory. */
export interface MapOptions {
  /** The mapping may be written to. Default false. */
  writable?: boolean;
  /** Bytes. A writable mapping that is longer than the file makes the file longer. Default: the file's size. */
  size?: number;
}

/**
 * A file mapped into memory (CreateFileMapping, MapViewOfFile). It outlives its handle: the file's
 * `cleanup` comes when the handle is closed, `closeFile` only when the mapping is closed too, and
 * paging reads and writes may come between the two.
 */
export class LoopbackSection implements AsyncDisposable {
  readonly isWritable: boolean;
  readonly #pages: DataSection;
  #isClosed = false;

  private constructor(pages: DataSection, isWritable: boolean) {
    this.#pages = pages;
    this.isWritable = isWritable;
    pages.add(this);
  }

  /** Made by `LoopbackFile.map`. */
  static async create(file: FileObject, options: MapOptions): Promise<LoopbackSection> {
    const { writable = false, size: wanted = 0 } = options;
    file.checkHandle();
    demand(file.granted, FileAccess.READ_DATA);
    if (writable) demand(file.granted, FileAccess.WRITE_DATA);
    let { size } = await queryInformation(file);
    if (wanted > size) {
      if (!writable) throw new DokanError(NtStatus.SECTION_TOO_BIG);
      await setSize(file, 'setEndOfFile', wanted);
      size = wanted;
    }
    if (size === 0) throw new DokanError(NtStatus.MAPPED_FILE_SIZE_ZERO);
    const pages = (file.control.section ??= new DataSection(file, size));
    pages.size = Math.max(pages.size, size);
    return new LoopbackSection(pages, writable);
  }

  /**
   * Reads mapped memory; pages that are not there are fetched by paging reads.
   * @param length - bytes
   * @param offset - bytes
   * @throws DokanError ACCESS_VIOLATION beyond the mapping; IN_PAGE_ERROR when a page cannot be read
   */
  async read(length: number, offset = 0): Promise<Buffer> {
    this.#check();
    return this.#pages.read(offset, length);
  }

  /**
   * Writes to mapped memory. The file system hears of it with `flush`, with the next ordinary read or
   * write of the file, with the cleanup of a handle, or when the mapping is closed.
   * @param offset - bytes
   * @throws DokanError ACCESS_VIOLATION beyond the mapping, or when it is not writable; IN_PAGE_ERROR
   */
  async write(data: Buffer, offset = 0): Promise<void> {
    this.#check();
    if (!this.isWritable) throw new DokanError(NtStatus.ACCESS_VIOLATION);
    await this.#pages.write(offset, data);
  }

  /** FlushViewOfFile: paging writes of whole pages. @throws DokanError what `writeFile` says */
  async flush(): Promise<void> {
    this.#check();
    await this.#pages.flush();
  }

  /** Unmaps. The last mapping writes what was changed and lets the open go. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pages.remove(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #check(): void {
    if (this.#isClosed) throw new DokanError(NtStatus.ACCESS_VIOLATION);
  }
}
