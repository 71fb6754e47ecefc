import { setTimeout as delay } from 'node:timers/promises';
import { statisticsOf, type Counters } from '../../../counters.js';
import { ThreadError, type CallbackError } from '../../../errors.js';
import type { ResolvedOptions } from '../../../options.js';
import type { VolumeBooks } from '../../../volume_books.js';
import { withinGrace } from '../../../within_grace.js';
import type { FuseDevice } from '../../addon.js';
import { warnOfThreadsUse } from '../../own_use.js';
import { NameCodec } from '../names.js';
import type { NodeTable } from '../nodes.js';
import type { SessionEnd } from '../session.js';
import type { Agreement } from './messages.js';
import { SharedNodeTable } from './shared_node_table.js';
import { ThreadFailure, WorkerHandle } from './worker_handle.js';

/** A thread that dies is replaced, but not more often than that in the time below. */
const MOST_DEATHS = 5;
/** Milliseconds. */
const DEATH_WINDOW = 10_000;

/** How often to look whether writes are done, in milliseconds. */
const WRITTEN_CHECK = 5;

/** No thread has number 0: the main one has no opens. */
const NO_THREAD = 0;

/** The threads that serve one volume: for the host what a session is with a single one. */
export class ThreadPool implements VolumeBooks {
  readonly codec: NameCodec;
  readonly ended: Promise<SessionEnd>;
  /** The main thread serves nothing, so that it may use the volume; the threads watch each other. */
  readonly ownUse = undefined;
  /** The kernel keeps none: each thread knows of its own opens only. */
  readonly listings = undefined;
  readonly #module: string;
  readonly #options: ResolvedOptions;
  readonly #tell: (error: CallbackError | ThreadError) => void;
  readonly #time = Date.now();
  readonly #threads: WorkerHandle[] = [];
  readonly #threadIds: SharedArrayBuffer;
  /** Of threads that are gone. */
  readonly #past: Counters[] = [];
  readonly #deaths: number[] = [];
  #device: FuseDevice | undefined = undefined;
  #shared = 0;
  #nodes: NodeTable | undefined = undefined;
  #agreement: Agreement | undefined = undefined;
  #mountPoint: string | undefined = undefined;
  #isOver = false;
  #hasWarned = false;
  #markEnded!: (end: SessionEnd) => void;

  /**
   * Starts the threads, each of which loads the module.
   * @throws ThreadFailure when one of them is of no use; none is left then
   */
  static async start(
    module: string,
    options: ResolvedOptions,
    tell: (error: CallbackError | ThreadError) => void,
  ): Promise<ThreadPool> {
    const pool = new ThreadPool(module, options, tell);
    for (let index = 0; index < options.threads; index += 1) pool.#add(index);
    try {
      await Promise.all(pool.#threads.map((thread) => thread.loaded));
    } catch (error) {
      await pool.dispose();
      throw error;
    }
    return pool;
  }

  private constructor(
    module: string,
    options: ResolvedOptions,
    tell: (error: CallbackError | ThreadError) => void,
  ) {
    this.#module = module;
    this.#options = options;
    this.#tell = tell;
    this.#threadIds = new SharedArrayBuffer(options.threads * Int32Array.BYTES_PER_ELEMENT);
    this.codec = new NameCodec(options.altStreams);
    this.ended = new Promise((resolve) => (this.#markEnded = resolve));
  }

  /**
   * The volume is mounted: the threads serve it.
   * @returns false when the connection ended before it was usable
   * @throws ThreadFailure
   */
  async serve(device: FuseDevice): Promise<boolean> {
    this.#device = device;
    this.#shared = device.share(this.#options.stateless);
    const nodes = device.nodes();
    if (nodes === undefined) return false;
    this.#nodes = new SharedNodeTable(nodes, NO_THREAD, false).asNodeTable();
    const [first, ...others] = this.#threads;
    this.#order(first);
    this.#agreement = await first?.serving;
    if (this.#agreement === undefined) return false;
    for (const thread of others) this.#order(thread);
    await Promise.all(others.map((thread) => thread.serving));
    return true;
  }

  /** @throws TypeError before the volume is mounted */
  get nodes(): NodeTable {
    if (this.#nodes === undefined) throw new TypeError('The volume is not mounted yet');
    return this.#nodes;
  }

  get isWaitedFor(): boolean {
    return this.#device?.isWaitedFor() ?? false;
  }

  notify(message: Uint8Array): boolean {
    return !this.#isOver && this.#device?.notify(message) === true;
  }

  /** Waits until all is written that the kernel has asked to be. */
  async written(): Promise<void> {
    while (!this.#isOver && this.#device?.isWriting() === true) await delay(WRITTEN_CHECK);
  }

  end(how: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#markEnded(how);
  }

  async mounted(mountPoint: string): Promise<void> {
    this.#mountPoint = mountPoint;
    for (const thread of this.#threads) thread.tellMounted(mountPoint);
    await Promise.all(this.#threads.map(({ toldMounted }) => toldMounted));
  }

  statistics(): ReturnType<VolumeBooks['statistics']> {
    return statisticsOf([...this.#past, ...this.#threads.map(({ counters }) => counters)]);
  }

  get openCount(): number {
    return this.#threads.reduce((sum, { counters }) => sum + (counters.opens[0] ?? 0), 0);
  }

  onMediaChange(): void {
    // Threads have no file systems with removable media.
  }

  async shutdown(status: number): Promise<void> {
    this.end('lost');
    await Promise.all(this.#threads.map((thread) => thread.shutdown(status)));
  }

  /** There is no volume: ends the threads. */
  async dispose(): Promise<void> {
    this.end('lost');
    // Node never closes the files a thread is reading its modules from when it is terminated.
    await withinGrace(Promise.allSettled(this.#threads.map((thread) => thread.loaded)));
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #add(threadIndex: number): WorkerHandle {
    const start = {
      module: this.#module,
      threadIndex,
      options: this.#options,
      threadIds: this.#threadIds,
      time: this.#time,
    };
    const thread = new WorkerHandle(start, {
      ended: (end) => this.end(end),
      failed: (error) => this.#tell(error),
      ownUse: () => this.#warnOfUse(),
      notify: (message) => void this.notify(message),
      died: (dead, failure) => this.#replace(dead, failure),
    });
    this.#threads.push(thread);
    return thread;
  }

  #warnOfUse(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    warnOfThreadsUse(this.#device?.mountPoint ?? '');
  }

  #order(thread: WorkerHandle | undefined): void {
    thread?.give({ order: 'serve', device: this.#shared, agreement: this.#agreement });
  }

  /** Its requests have failed and its opens are gone; the volume goes on without them. */
  #replace(dead: WorkerHandle, failure: ThreadFailure): void {
    this.#threads.splice(this.#threads.indexOf(dead), 1);
    this.#past.push(dead.counters);
    if (this.#isOver) return;
    // Before the volume is usable the death is the failure of mounting it.
    if (this.#agreement === undefined) return;
    this.#tell(new ThreadError(dead.threadIndex, failure.message, failure.cause));
    const now = performance.now();
    this.#deaths.push(now);
    while (this.#deaths.length > 0 && now - (this.#deaths[0] ?? 0) > DEATH_WINDOW) {
      this.#deaths.shift();
    }
    if (this.#deaths.length > MOST_DEATHS) return this.end('lost');
    const thread = this.#add(dead.threadIndex);
    const { loaded } = thread;
    void loaded.then(
      () => {
        if (this.#isOver) return;
        this.#order(thread);
        const mountPoint = this.#mountPoint;
        if (mountPoint !== undefined) thread.tellMounted(mountPoint);
      },
      // Told as a further death.
      () => undefined,
    );
  }
}
