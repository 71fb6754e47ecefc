import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import type { FileObject } from './file_object.js';

/** Bytes of a page. */
export const PAGE = 4096;
/** Pages the memory manager writes at once. */
const CLUSTER = 16;

interface Page {
  readonly data: Buffer;
  isDirty: boolean;
}

/**
 * The mapped pages of a file, shared by all its mappings. As in NT they belong to the open that was
 * mapped first: its context is the one in all paging requests, and it is closed only when the last
 * mapping is gone.
 *
 * Paging requests are whole pages. So the last one of a file goes beyond its end: a file system must
 * cut it, paging writes never extend a file.
 */
export class DataSection {
  readonly #owner: FileObject;
  readonly #pages = new Map<number, Page>();
  readonly #views = new Set<{ readonly isWritable: boolean }>();
  size: number;

  /** @param size - bytes of the file */
  constructor(owner: FileObject, size: number) {
    this.#owner = owner;
    this.size = size;
    owner.hold();
  }

  /** Somebody may write through a mapping, whether or not a handle is open. */
  get isWritable(): boolean {
    for (const view of this.#views) if (view.isWritable) return true;
    return false;
  }

  /** A mapping is made. */
  add(view: { readonly isWritable: boolean }): void {
    this.#views.add(view);
  }

  /** A mapping is gone. With the last one the pages are written, and the open is let go. */
  async remove(view: { readonly isWritable: boolean }): Promise<void> {
    if (!this.#views.has(view)) return;
    if (this.#views.size > 1) {
      this.#views.delete(view);
      return;
    }
    try {
      await this.flush();
    } finally {
      if (this.#views.delete(view) && this.#views.size === 0) {
        this.#owner.control.section = undefined;
        this.#owner.letGo();
      }
    }
  }

  /** @throws DokanError IN_PAGE_ERROR with what the file system said as its cause */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#check(offset, length);
    const result = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const at = offset + done;
      const { data } = await this.#page(Math.floor(at / PAGE));
      done += data.copy(result, done, at % PAGE);
    }
    return result;
  }

  /** @throws DokanError IN_PAGE_ERROR with what the file system said as its cause */
  async write(offset: number, source: Buffer): Promise<void> {
    this.#check(offset, source.length);
    for (let done = 0; done < source.length;) {
      const at = offset + done;
      const page = await this.#page(Math.floor(at / PAGE));
      page.isDirty = true;
      done += source.copy(page.data, at % PAGE, done);
    }
  }

  /** Writes what was changed. @throws DokanError what the file system says */
  async flush(): Promise<void> {
    const dirty = [...this.#pages].filter(([, page]) => page.isDirty).sort(([a], [b]) => a - b);
    for (let first = 0; first < dirty.length;) {
      let end = first + 1;
      while (end - first < CLUSTER && dirty[end]?.[0] === dirty[first]![0] + end - first) end += 1;
      await this.#writePages(dirty.slice(first, end));
      first = end;
    }
  }

  /** Writes what was changed and forgets all pages; what cannot be written stays. */
  async flushAndPurge(): Promise<void> {
    try {
      await this.flush();
    } catch {
      // The driver's flush has nobody to tell either. The pages stay dirty, and are tried again.
    }
    for (const [index, page] of this.#pages) if (!page.isDirty) this.#pages.delete(index);
  }

  async #writePages(pages: readonly (readonly [number, Page])[]): Promise<void> {
    const offset = pages[0]![0] * PAGE;
    const data = Buffer.concat(pages.map(([, page]) => page.data));
    for (const [, page] of pages) page.isDirty = false;
    try {
      await this.#owner.orderForKernel((order) =>
        this.#owner.driver.backend.write({
          ...order,
          ...PAGING,
          offset,
          data,
          writeToEndOfFile: false,
        }),
      );
    } catch (error) {
      for (const [, page] of pages) page.isDirty = true;
      throw error;
    }
  }

  async #page(index: number): Promise<Page> {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    const data = Buffer.alloc(PAGE);
    try {
      const reply = await this.#owner.orderForKernel((order) =>
        this.#owner.driver.backend.read({
          ...order,
          ...PAGING,
          offset: index * PAGE,
          length: PAGE,
        }),
      );
      reply.data.copy(data);
    } catch (error) {
      // A page behind the end of the file is one of zeros.
      if ((error as DokanError).status !== NtStatus.END_OF_FILE) {
        throw new DokanError(NtStatus.IN_PAGE_ERROR, undefined, { cause: error });
      }
    }
    // Another reader may have been faster, and written to it since.
    const page = this.#pages.get(index) ?? { data, isDirty: false };
    this.#pages.set(index, page);
    return page;
  }

  #check(offset: number, length: number): void {
    if (offset < 0 || offset + length > this.size) throw new DokanError(NtStatus.ACCESS_VIOLATION);
  }
}

const PAGING = { pagingIo: true, synchronousIo: true, noCache: true } as const;
