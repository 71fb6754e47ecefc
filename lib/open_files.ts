import * as callbacks from './callbacks.js';
import { CallbackRunner, type OpenBooks } from './callback_runner.js';
import { CreateOptions } from './constants.js';
import { Counters } from './counters.js';
import type { DispatcherOptions } from './dispatcher_options.js';
import { DokanError } from './errors.js';
import type { Medium } from './media.js';
import { Members } from './members.js';
import { NO_CALLER, OpenFile } from './open_file.js';
import type { CreateFileRequest, CreateResult, DokanOperations } from './operations.js';
import type { Outcome } from './outcome.js';
import { NtStatus } from './status.js';
import { release, type Caller, type RequestTarget } from './target.js';

/** The opens of one volume, from createFile to closeFile. */
export class OpenFiles implements OpenBooks {
  readonly runner: CallbackRunner;
  readonly #target: RequestTarget;
  /** Opens whose closeFile is not done. */
  readonly #opens: Members<OpenFile>;
  /** Opens whose createFile has not come back. */
  readonly #creating = new Set<OpenFile>();

  /** @param target - whose opens they are: what it is asked passes through it */
  constructor(operations: DokanOperations, options: DispatcherOptions, target: RequestTarget) {
    const counters = options.counters ?? new Counters();
    this.#target = target;
    this.#opens = new Members(counters.opens);
    this.runner = new CallbackRunner(operations, { ...options, counters }, this);
  }

  /** How many there are whose closeFile is not done. */
  get size(): number {
    return this.#opens.size;
  }

  /** An open ends here without its cleanup and closeFile: those are another thread's. */
  disown(file: OpenFile): void {
    this.#opens.delete(file);
  }

  cameBack(file: OpenFile): void {
    this.#creating.delete(file);
  }

  openedTooLate(file: OpenFile, path: string): void {
    this.#opens.add(file);
    void release(this.#target, file, path, NO_CALLER);
  }

  /** @throws DokanError */
  create(path: string, request: CreateFileRequest, caller: Caller): Outcome<OpenFile> {
    const medium = this.runner.media?.admit(caller);
    return medium instanceof Promise
      ? this.#createOn(medium, path, request, caller)
      : this.#createNow(path, request, caller, medium);
  }

  async #createOn(
    medium: Promise<Medium>,
    path: string,
    request: CreateFileRequest,
    caller: Caller,
  ): Promise<OpenFile> {
    return this.#createNow(path, request, caller, await medium);
  }

  #createNow(
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    medium: Medium | undefined,
  ): Outcome<OpenFile> {
    const file = new OpenFile(path);
    file.medium = medium;
    file.isDirectory = (request.createOptions & CreateOptions.DIRECTORY_FILE) !== 0;
    const result = this.runner.run(callbacks.createFile, file, path, caller, request, undefined);
    if (!(result instanceof Promise)) return this.#created(file, path, request, caller, result);
    this.#creating.add(file);
    return this.#createLater(file, path, request, caller, result);
  }

  async #createLater(
    file: OpenFile,
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    result: Promise<CreateResult>,
  ): Promise<OpenFile> {
    return this.#created(file, path, request, caller, await result);
  }

  #created(
    file: OpenFile,
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    result: CreateResult,
  ): Outcome<OpenFile> {
    file.createResult = result;
    this.#opens.add(file);
    const { createOptions } = request;
    const wrong =
      this.runner.goneStatus ??
      file.medium?.failure?.status ??
      (file.isDirectory
        ? (createOptions & CreateOptions.NON_DIRECTORY_FILE) !== 0 && NtStatus.FILE_IS_A_DIRECTORY
        : (createOptions & CreateOptions.DIRECTORY_FILE) !== 0 && NtStatus.NOT_A_DIRECTORY);
    if (wrong !== false) return this.#refuse(file, path, caller, new DokanError(wrong));
    const isDeleted = (createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0;
    return isDeleted ? this.#askToDelete(file, path, caller) : file;
  }

  // Apart, as other closures here: a function that holds one pays for its captured variables on
  // every call.
  /** Dokan never asks for these opens, so that a file could vanish without its veto: we ask. */
  #askToDelete(file: OpenFile, path: string, caller: Caller): Outcome<OpenFile> {
    try {
      const agreed = this.#target.setDisposition(file, path, true, caller);
      if (agreed instanceof Promise) {
        return agreed.then(
          () => file,
          (error: unknown) => this.#refuse(file, path, caller, error as DokanError),
        );
      }
      return file;
    } catch (error) {
      return this.#refuse(file, path, caller, error as DokanError);
    }
  }

  #refuse(file: OpenFile, path: string, caller: Caller, error: DokanError): Promise<never> {
    const released = release(this.#target, file, path, caller);
    if (!(released instanceof Promise)) throw error;
    return released.then(() => {
      throw error;
    });
  }

  cleanup(file: OpenFile, path: string, caller: Caller): Outcome<void> {
    if (file.cleanedUp) return;
    file.cleanedUp = true;
    // What is in the drive by now, if anything is, is not what was to be deleted from.
    if (file.medium?.failure !== undefined) file.deletePending = false;
    if (!this.runner.has(callbacks.cleanup)) return;
    return this.runner.unfailing(callbacks.cleanup, file, path, caller);
  }

  close(file: OpenFile, path: string, caller: Caller): Outcome<void> {
    if (file.closeAsked) return;
    file.closeAsked = true;
    if (!file.isBusy) return this.#close(file, path, caller);
    this.#closeWhenIdle(file, path);
  }

  /**
   * A callback that was given up on, or a cleanup, still works with the open: the close waits for it,
   * the kernel need not.
   */
  #closeWhenIdle(file: OpenFile, path: string): void {
    file.closing = new Promise((resolve) => {
      file.whenIdle = () => resolve(this.#close(file, path, NO_CALLER));
    });
  }

  #close(file: OpenFile, path: string, caller: Caller): Outcome<void> {
    if (file.closed) return;
    file.closed = true;
    file.listing?.close();
    const closing = this.runner.has(callbacks.closeFile)
      ? this.runner.unfailing(callbacks.closeFile, file, path, caller)
      : undefined;
    if (closing instanceof Promise) return this.#closeLater(file, closing);
    this.#opens.delete(file);
  }

  #closeLater(file: OpenFile, closing: Promise<void>): Promise<void> {
    file.closing = closing.then(() => this.#opens.delete(file));
    return file.closing;
  }

  /** Gives every open its cleanup and closeFile, those too that come into being meanwhile. */
  async releaseAll(): Promise<void> {
    do {
      const waiting: Promise<void>[] = [];
      for (const file of this.#opens.all()) waiting.push(this.#releaseLost(file));
      // An open that comes into being now is released as soon as it is there.
      for (const file of this.#creating) {
        waiting.push(new Promise((resolve) => (file.whenIdle = resolve)));
      }
      await Promise.all(waiting);
    } while (this.#opens.size + this.#creating.size > 0);
  }

  async #releaseLost(file: OpenFile): Promise<void> {
    await release(this.#target, file, file.path, NO_CALLER);
    await file.closing;
  }

  /** What has not been closed yet is, whatever may still be running in it. */
  closeAll(): Promise<void>[] {
    return this.#opens.all().map(async (file) => this.#close(file, file.path, NO_CALLER));
  }
}
