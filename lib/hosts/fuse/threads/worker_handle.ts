import { Worker } from 'node:worker_threads';
import { Counters } from '../../../counters.js';
import { CallbackError } from '../../../errors.js';
import { withinGrace } from '../../../within_grace.js';
import type { Agreement, Order, Report, ThreadStart } from './messages.js';

/** Why a thread is of no use, or has died. */
export class ThreadFailure extends Error {
  /** What its own report says; 'died' when it could not report. */
  readonly refusal: Extract<Report, { report: 'unusable' }>['refusal'] | 'died';

  constructor(refusal: ThreadFailure['refusal'], message: string, cause: unknown) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

/** What the pool is told of its threads. */
export interface ThreadEvents {
  /** The connection has ended, as that thread has seen it. */
  ended(end: Extract<Report, { report: 'ended' }>['end']): void;
  /** A callback has failed. */
  failed(error: CallbackError): void;
  /** A thread that serves the volume uses it. */
  ownUse(): void;
  /** It has something to tell the kernel. */
  notify(message: Uint8Array): void;
  /** It has died, or was of no use, and nobody had asked it to end. */
  died(thread: WorkerHandle, failure: ThreadFailure): void;
}

/** One serving thread, as the main thread has it. */
export class WorkerHandle {
  readonly threadIndex: number;
  readonly counters: Counters;
  /** Its module is loaded. Rejects with a ThreadFailure. */
  readonly loaded: Promise<void>;
  /** It serves, and has told what INIT agreed on, if it did. Rejects with a ThreadFailure. */
  readonly serving: Promise<Agreement | undefined>;
  /** Its `mounted` callback has come back. Fulfilled at its end at the latest. */
  readonly toldMounted: Promise<void>;
  /** The thread is gone. */
  readonly gone: Promise<void>;
  readonly #worker: Worker;
  readonly #events: ThreadEvents;
  #failure: ThreadFailure | undefined;
  #isAsked = false;
  #isTold = false;
  #isClosed = false;
  readonly #closed: Promise<void>;
  #markClosed!: () => void;
  #resolveLoaded!: () => void;
  #resolveServing!: (agreement: Agreement | undefined) => void;
  #rejectStart!: (failure: ThreadFailure) => void;
  #resolveMounted!: () => void;

  constructor(start: Omit<ThreadStart, 'counters'>, events: ThreadEvents) {
    this.threadIndex = start.threadIndex;
    this.#events = events;
    const memory = new SharedArrayBuffer(Counters.size);
    this.counters = new Counters(memory);
    const failing = new Promise<never>((_, reject) => (this.#rejectStart = reject));
    this.loaded = Promise.race([
      new Promise<void>((resolve) => (this.#resolveLoaded = resolve)),
      failing,
    ]);
    this.serving = Promise.race([
      new Promise<Agreement | undefined>((resolve) => (this.#resolveServing = resolve)),
      failing,
    ]);
    // Whoever does not wait for these is told by `died`.
    this.loaded.catch(() => undefined);
    this.serving.catch(() => undefined);
    this.#closed = new Promise((resolve) => (this.#markClosed = resolve));
    this.toldMounted = new Promise((resolve) => (this.#resolveMounted = resolve));
    this.#worker = new Worker(new URL('./serving_worker.js', import.meta.url), {
      workerData: { ...start, counters: memory } satisfies ThreadStart,
      name: `volume thread ${start.threadIndex}`,
    });
    this.#worker.on('message', (report: Report) => this.#hear(report));
    this.#worker.on('error', (error: unknown) => {
      this.#failure ??= new ThreadFailure('died', `It threw: ${String(error)}`, error);
    });
    this.gone = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        resolve();
        this.#end(new ThreadFailure('died', `It ended with exit code ${code}`, undefined));
      });
    });
  }

  /** Has its `mounted` callback called, once. */
  tellMounted(mountPoint: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.give({ order: 'mounted', mountPoint });
  }

  give(order: Order): void {
    this.#worker.postMessage(order);
  }

  /** Ends in order, or when that takes too long by force. Fulfilled when every open is closed. */
  async shutdown(status: number): Promise<void> {
    this.#isAsked = true;
    this.give({ order: 'shutdown', status });
    const closed = Promise.race([this.#closed, this.gone]);
    // The dispatcher takes up to twice the grace by itself.
    for (let time = 0; time < 3; time += 1) await withinGrace(closed);
    void this.#leave();
  }

  /** What the file system has left running ends with the thread. */
  async #leave(): Promise<void> {
    if (this.#isClosed) await withinGrace(this.gone);
    await this.terminate();
  }

  async terminate(): Promise<void> {
    this.#isAsked = true;
    await this.#worker.terminate();
  }

  #hear(report: Report): void {
    switch (report.report) {
      case 'loaded':
        return this.#resolveLoaded();
      case 'serving':
        return this.#resolveServing(report.agreement);
      case 'mounted':
        return this.#resolveMounted();
      case 'own use':
        return this.#events.ownUse();
      case 'notify':
        return this.#events.notify(report.message);
      case 'ended':
        return this.#events.ended(report.end);
      case 'error':
        return this.#events.failed(new CallbackError(report.callback, report.path, report.cause));
      case 'unusable': {
        const { refusal, cause } = report;
        const message = cause instanceof Error ? cause.message : refusal;
        this.#failure = new ThreadFailure(refusal, message, cause);
        void this.#worker.terminate();
        return;
      }
      case 'closed':
        this.#isClosed = true;
        this.#markClosed();
    }
  }

  #end(unexplained: ThreadFailure): void {
    const failure = this.#failure ?? unexplained;
    this.counters.opens[0] = 0;
    this.#rejectStart(failure);
    this.#resolveMounted();
    if (!this.#isAsked) this.#events.died(this, failure);
  }
}
