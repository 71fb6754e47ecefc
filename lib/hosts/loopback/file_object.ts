import { CreateOptions } from '../../constants.js';
import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { grantedAccess } from './access_rights.js';
import type { CreateReply, EntryReply, FileOrder, Reply } from './backend.js';
import type { CreateParameters } from './create_parameters.js';
import type { Driver } from './driver.js';
import type { FileControl } from './file_control.js';
import { succeed } from './orders.js';

const SYNCHRONOUS = CreateOptions.SYNCHRONOUS_IO_ALERT | CreateOptions.SYNCHRONOUS_IO_NONALERT;

/** A listing that is being read. */
export interface Scan {
  /** That of the first query: later ones have no say. */
  readonly pattern: string | undefined;
  entries: readonly EntryReply[] | undefined;
  /** Entries handed out. */
  position: number;
}

/**
 * One open: a handle and what the kernel keeps for it. The handle's closing is the cleanup; the
 * close follows when nothing else refers to the open any more: no request in flight, no mapping.
 */
export class FileObject {
  readonly driver: Driver;
  readonly control: FileControl;
  readonly processId: number;
  /** One of `CreateInformation`. */
  readonly information: number;
  /** What the handle may do: bits of `FileAccess`. */
  readonly granted: number;
  readonly isSynchronous: boolean;
  /** Transfers bypass caches, and must be whole sectors. */
  readonly isUncached: boolean;
  scan: Scan | undefined = undefined;
  /** Fulfilled when the close is done. */
  readonly closed: Promise<void>;
  readonly #context: unknown;
  readonly #unshare: () => void;
  readonly #deletesOnClose: boolean;
  #isClosed!: (closing: Promise<void> | undefined) => void;
  #cleaning: Promise<void> | undefined = undefined;
  /** The handle, requests in flight, mappings. */
  #references = 1;

  constructor(
    driver: Driver,
    control: FileControl,
    parameters: CreateParameters,
    reply: CreateReply,
    unshare: () => void,
  ) {
    const { createOptions } = parameters;
    this.driver = driver;
    this.control = control;
    this.processId = parameters.processId;
    this.information = reply.information;
    this.granted = grantedAccess(parameters.desiredAccess);
    this.isSynchronous = (createOptions & SYNCHRONOUS) !== 0;
    this.isUncached = (createOptions & CreateOptions.NO_INTERMEDIATE_BUFFERING) !== 0;
    this.#context = reply.context;
    this.#unshare = unshare;
    this.#deletesOnClose = (createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    control.uncleanCount += 1;
  }

  /** The handle is closed, or being closed. */
  get isCleanedUp(): boolean {
    return this.#cleaning !== undefined;
  }

  /**
   * The beginning of every request made with the handle.
   * @throws DokanError INVALID_HANDLE when it is closed
   */
  checkHandle(): void {
    if (this.isCleanedUp) throw new DokanError(NtStatus.INVALID_HANDLE);
  }

  /**
   * Gives an order about this open, which stays until it is answered.
   * @param modifies - it would change the volume
   * @throws DokanError what the driver or the backend says
   */
  async order<F>(modifies: boolean, send: (order: FileOrder) => Promise<Reply<F>>): Promise<F> {
    // Again: a request of several orders may have been overtaken by the closing of its handle.
    this.checkHandle();
    this.driver.admit(modifies);
    return succeed(await this.#send(send, this.processId));
  }

  /** As `order`, for the kernel itself: the memory manager. */
  async orderForKernel<F>(send: (order: FileOrder) => Promise<Reply<F>>): Promise<F> {
    this.driver.admit(false);
    return succeed(await this.#send(send, 0));
  }

  async #send<F>(
    send: (order: FileOrder) => Promise<Reply<F>>,
    processId: number,
  ): Promise<Reply<F>> {
    const { name, isDirectory } = this.control;
    const context = this.#context;
    this.hold();
    try {
      return await this.driver.send((id) => send({ id, processId, context, name, isDirectory }));
    } finally {
      this.letGo();
    }
  }

  /** Something else refers to the open. */
  hold(): void {
    this.#references += 1;
  }

  /** It does so no more. The last one out makes the driver close the open. */
  letGo(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    this.driver.files.release(this.control);
    this.#isClosed(this.driver.isGone ? undefined : this.#close());
  }

  async #close(): Promise<void> {
    const { name, isDirectory } = this.control;
    const { backend } = this.driver;
    const order = { processId: this.processId, context: this.#context, name, isDirectory };
    await this.driver.send((id) => backend.close({ ...order, id }));
  }

  /** The handle is closed; that cannot fail. More than once is once. */
  cleanup(): Promise<void> {
    return (this.#cleaning ??= this.#cleanUp());
  }

  async #cleanUp(): Promise<void> {
    const { control, driver } = this;
    driver.forget(this);
    // Delete-on-close is an open's until its cleanup, and the file's from then on.
    if (this.#deletesOnClose) control.deletePending = true;
    control.uncleanCount -= 1;
    const deleteOnClose = control.deletePending && control.uncleanCount === 0;
    // What was written to a mapping so far has to be there when the file system cleans up.
    if (control.section !== undefined) await control.section.flushAndPurge();
    if (!driver.isGone) {
      await this.#send(
        (order) => driver.backend.cleanup({ ...order, deleteOnClose }),
        this.processId,
      );
    }
    this.#unshare();
    control.locks.release(this);
    this.letGo();
  }

  /**
   * Closes the handle and, unless a mapping or a request in flight keeps the open, waits for its
   * close; `closed` tells of a later one.
   */
  async close(): Promise<void> {
    await this.cleanup();
    if (this.#references === 0) await this.closed;
  }
}
