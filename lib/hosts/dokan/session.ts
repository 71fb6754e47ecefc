import { debuglog } from 'node:util';
import { DokanError } from '../../errors.js';
import { NO_CALLER } from '../../open_file.js';
import type { Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { release, type RequestTarget } from '../../target.js';
import { Blocks } from './blocks.js';
import { Contexts, type OpenEntry } from './contexts.js';
import { Memory } from './memory.js';
import { warnOfOwnUse } from '../own_use.js';
import type { NativeVolume } from './native.js';
import { OPERATIONS } from './operations.js';
import { Request } from './request.js';
import { Operation, SLOT_BYTES } from './slot.js';

/** Dokan's own, until the file system has told another one. */
const DEFAULT_SERIAL_NUMBER = 0x1983_1116;

/** Requests answered before the event loop gets its turn. */
const BATCH = 256;

const log = debuglog('node-dokan');

/** What a session must know of its volume. */
export interface SessionOptions {
  readonly altStreams: boolean;
  readonly caseSensitive: boolean;
  readonly writeProtect: boolean;
  /** Nanoseconds since the Unix epoch: when the volume was mounted. */
  readonly time: bigint;
}

/**
 * Whether a callback may work on memory of whoever asks: once it has answered at once, and as long as
 * it always does. A promise may outlive its request, and a real read into memory that is somebody
 * else's by then is no error but a disaster.
 *
 * So the first promise ever given may hold such memory, and none after it: a callback that never comes
 * back keeps one slot and one of Dokan's threads for reads and one for writes, and no more.
 */
export class Exposure {
  #allowed = false;
  #promised = false;

  get allowed(): boolean {
    return this.#allowed;
  }

  answeredAtOnce(): void {
    this.#allowed = !this.#promised;
  }

  gavePromise(): void {
    this.#promised = true;
    this.#allowed = false;
  }
}

/** Makes the native side of a volume. */
export type MakeNative = (
  onRequests: () => void,
  onClosed: () => void,
  onSlowTransfers: () => void,
) => NativeVolume;

/** One mounted volume's conversation with Dokan. */
export class Session {
  readonly target: RequestTarget;
  readonly options: SessionOptions;
  readonly native: NativeVolume;
  readonly contexts = new Contexts();
  readonly blocks: Blocks;
  /** Fulfilled when Dokan says that the volume is gone, whoever did it. */
  readonly closed: Promise<void>;
  /** As the file system has told it last. */
  serialNumber = DEFAULT_SERIAL_NUMBER;
  /** Called when a callback has given a promise, and while transfers below JavaScript take long. */
  whenWaiting: (() => void) | undefined = undefined;
  /** As the library has told it; empty until then. */
  mountPoint = '';
  readonly reads = new Exposure();
  readonly writes = new Exposure();
  #warnsOfOwnUse = true;
  readonly #memory: Memory;
  readonly #requests: (Request | undefined)[] = [];
  readonly #serveOn = (): void => this.serve();
  /** Requests whose callback has given a promise. */
  readonly #waiting = new Set<Request>();

  constructor(target: RequestTarget, options: SessionOptions, make: MakeNative) {
    this.target = target;
    this.options = options;
    let tellClosed!: () => void;
    this.closed = new Promise((resolve) => (tellClosed = resolve));
    this.native = make(
      () => this.serve(),
      tellClosed,
      () => this.whenWaiting?.(),
    );
    this.#memory = new Memory(this.native.memory);
    this.blocks = new Blocks((number) => this.native.block(number));
  }

  /** Requests whose answer is outstanding. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** What keeps Dokan's threads: those requests, and transfers that they see to themselves. */
  get workCount(): number {
    return this.#waiting.size + this.native.transfers();
  }

  /** Answers what Dokan's threads have asked, until there is nothing more. */
  serve(): void {
    const batch = this.#memory.u32;
    for (let answered = 0; answered < BATCH;) {
      const count = this.native.take();
      if (count === 0) return;
      for (let index = 0; index < count; index += 1) this.#handle(batch[index] ?? 0);
      answered += count;
    }
    // Nobody calls us again before `take` has said that there is nothing.
    setImmediate(this.#serveOn);
  }

  /** The open that a request is about. @throws DokanError INVALID_HANDLE when there is none */
  entryOf({ context, operation }: Request): OpenEntry {
    const entry = this.contexts.find(context);
    if (entry !== undefined) return entry;
    log('request %d for the open %d, which there is not', operation, context);
    throw new DokanError(NtStatus.INVALID_HANDLE);
  }

  /**
   * Nobody wants the outstanding answers any more: callbacks learn so by their signals, and drivers
   * that transfer what nobody reads by its cancellation.
   */
  interruptAll(): void {
    this.native.cancelTransfers();
    for (const request of [...this.#waiting]) request.running?.interrupt();
  }

  /**
   * Answers what is outstanding, callbacks or no callbacks. Only those that work on memory of whoever
   * asks keep their slots until they come back; so do transfers that cannot be cancelled.
   * @param status - what the requests fail with
   */
  abandonAll(status: number): void {
    this.native.cancelTransfers();
    for (const request of [...this.#waiting]) {
      if (request.isExposed) continue;
      this.#waiting.delete(request);
      request.dropBlock();
      request.answerStatus(status);
      request.abandon(new Memory(new ArrayBuffer(SLOT_BYTES)));
      this.#requests[request.slot] = undefined;
      this.#give(request.slot, undefined, 0);
    }
  }

  #handle(slot: number): void {
    const request = (this.#requests[slot] ??= new Request(this, this.#memory, slot));
    request.begin();
    let outcome: Outcome<void>;
    try {
      if (request.processId === process.pid && this.#warnsOfOwnUse) this.#noticeOwnUse(request);
      const handler = OPERATIONS[request.operation];
      if (handler === undefined) throw new DokanError(NtStatus.NOT_IMPLEMENTED);
      outcome = handler(request);
    } catch (error) {
      this.#fail(request, error);
      return;
    }
    if (outcome instanceof Promise) this.#wait(request, outcome);
    else this.#complete(request);
  }

  // Apart: a function that holds a closure pays for its captured variables on every call.
  #wait(request: Request, outcome: Promise<void>): void {
    this.#waiting.add(request);
    this.whenWaiting?.();
    outcome.then(
      () => this.#settle(request, undefined),
      (error: unknown) => this.#settle(request, { error }),
    );
  }

  /** This library and Dokan's ask for the root and for the volume themselves. */
  #noticeOwnUse(request: Request): void {
    if (request.operation !== Operation.CREATE_FILE || request.name() === '/') return;
    this.#warnsOfOwnUse = false;
    warnOfOwnUse(this.mountPoint);
  }

  #settle(request: Request, failure: { error: unknown } | undefined): void {
    if (request.isAbandoned) return this.#takeBack(request);
    this.#waiting.delete(request);
    if (failure === undefined) this.#complete(request);
    else this.#fail(request, failure.error);
  }

  #fail(request: Request, error: unknown): void {
    let status: number = NtStatus.INTERNAL_ERROR;
    if (error instanceof DokanError) status = error.status;
    // Whatever a file system throws comes as a DokanError: this is a mistake of ours.
    else warn(error);
    request.data = undefined;
    request.answerStatus(status);
    this.#complete(request);
  }

  /** The one way a slot goes back. */
  #complete(request: Request): void {
    request.end();
    if (!this.#give(request.slot, request.data, request.dataLength)) this.#takeBack(request);
    request.data = undefined;
  }

  /** @returns false when nobody waits for the answer any more */
  #give(slot: number, data: Uint8Array | undefined, length: number): boolean {
    try {
      return data === undefined
        ? this.native.complete(slot)
        : this.native.completeWith(slot, data, length);
    } catch (error) {
      // The data cannot be taken (its memory is gone). A thread waits all the same.
      warn(error);
      this.#requests[slot]?.answerStatus(NtStatus.INTERNAL_ERROR);
      return this.native.complete(slot);
    }
  }

  /** Nobody was told of the open that a createFile has made: nobody will close it. */
  #takeBack(request: Request): void {
    const entry = request.opened === 0 ? undefined : this.contexts.remove(request.opened);
    request.opened = 0;
    if (entry !== undefined) void release(this.target, entry.open, entry.path, NO_CALLER);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
}
