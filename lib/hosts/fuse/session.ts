import { setTimeout as delay } from 'node:timers/promises';
import { Members } from '../../members.js';
import type { RequestTarget } from '../../target.js';
import type { FileInformation, VolumeInformation } from '../../operations.js';
import { modeOf, writeAttributes, type AttributeDefaults } from './attributes.js';
import { errnoOf, fuseError } from './fuse_error.js';
import { Change, HandleTable, type DirectoryHandle, type FileHandle } from './handles.js';
import { KnownPages } from './known_pages.js';
import { tellOfLateChanges } from './late_changes.js';
import { ListingCache } from './listing_cache.js';
import { LockTable } from './locks.js';
import { NameCodec } from './names.js';
import { NodeTable, type Node } from './nodes.js';
import { invalidNode } from './notification.js';
import { OPCODES } from './opcodes.js';
import type { OwnUse } from './own_use.js';
import { Polling } from './polling.js';
import { Errno, IN_HEADER_SIZE, InitFlags, Opcode, OUT_HEADER_SIZE } from './protocol.js';
import { releaseHandle } from './release.js';
import { Request } from './request.js';
import { exchangeReply, sendReply } from './sending.js';
import { NOT_SENT, type BackingDevice, type Transport } from './transport.js';
import { FreeListings } from './zero_message.js';

/** Longest write and read in one request, in bytes: the kernel's limit without privileges. */
export const MAX_TRANSFER = 1024 * 1024;

const PAGE = 4096;

/**
 * Requests kept for use again, more than programs usually wait for at a time: making one costs more
 * than most answers, and the memory of one is only what was ever used of it.
 */
const SPARE_REQUESTS = 256;

/** The same, of those that carried large data and so really have all their memory. */
const LARGE_SPARE_REQUESTS = 8;

/** Requests answered before the event loop gets its turn. */
const BATCH = 64;

/** Instead of the length of a reply: there is none yet. */
const OUTSTANDING = -1;

/** How often to look whether writes are done, in milliseconds. */
const WRITTEN_CHECK = 5;

/** What the kernel means when there is no next request. */
const END_OF: Partial<Record<number, SessionEnd>> = {
  [Errno.ENODEV]: 'unmounted',
  [Errno.ECONNABORTED]: 'aborted',
};

/** What a session must know of its volume. Times are in milliseconds. */
export interface SessionOptions {
  readonly entryTimeout: number;
  readonly attributeTimeout: number;
  readonly negativeTimeout: number;
  /** How long the kernel may serve a listing, from its beginning; 0: it keeps none. */
  readonly listingTimeout: number;
  readonly keepCache: boolean | 'unchanged';
  readonly directIo: boolean;
  readonly noOpen: boolean;
  readonly noOpendir: boolean;
  readonly writebackCache: boolean;
  readonly altStreams: boolean;
  readonly extendedAttributes: boolean;
  readonly userModeLock: boolean;
  /** Others serve the same nodes. */
  readonly severalThreads: boolean;
  /** How long to look for the next request before going to sleep, in microseconds. */
  readonly pollTime: number;
  /** The kernel may read and write real files itself. */
  readonly passthrough: boolean;
  readonly allowOther: boolean;
  readonly defaults: AttributeDefaults;
}

/** What a session keeps of files and opens: of its own, or parts of what several threads have. */
export interface SessionTables {
  readonly nodes: NodeTable;
  readonly files: HandleTable<FileHandle>;
  readonly directories: HandleTable<DirectoryHandle>;
}

function ownTables(): SessionTables {
  return { nodes: new NodeTable(), files: new HandleTable(), directories: new HandleTable() };
}

/** How the connection ended. */
export type SessionEnd = 'unmounted' | 'aborted' | 'lost';

/** One mounted volume's conversation with the kernel. */
export class Session {
  readonly target: RequestTarget;
  readonly options: SessionOptions;
  readonly codec: NameCodec;
  readonly nodes: NodeTable;
  readonly files: HandleTable<FileHandle>;
  readonly directories: HandleTable<DirectoryHandle>;
  readonly locks = new LockTable<FileHandle>();
  readonly freeListings = new FreeListings();
  readonly knownPages = new KnownPages();
  /** What the kernel keeps of listings; `undefined` when it keeps none. Set at INIT. */
  listings: ListingCache | undefined = undefined;
  /** Fulfilled once the kernel has said INIT and was answered. */
  readonly ready: Promise<void>;
  /** Fulfilled when the kernel has let go. */
  readonly ended: Promise<SessionEnd>;
  volume: Required<VolumeInformation> | undefined = undefined;
  /** Set once the volume is mounted. */
  ownUse: OwnUse | undefined = undefined;
  /** Renames the kernel has asked for, and those that were answered. */
  renamesBegun = 0;
  renamesEnded = 0;
  /** INIT flags both sides agreed on. */
  flags = 0;
  /** Bytes of one read or write, agreed at INIT. */
  maxTransfer = MAX_TRANSFER;
  /** The kernel reads and writes real files itself, as far as is known. */
  passesThrough = false;
  /** Opens without the page cache see what is in it, and it what they write. */
  coherentDirectIo = false;
  readonly #transport: Transport;
  readonly #polling: Polling;
  readonly #spare: Request[] = [];
  /** Requests whose answer is outstanding. */
  readonly #waiting = new Members<Request>();
  #markReady!: () => void;
  #markEnded!: (end: SessionEnd) => void;
  #isOver = false;

  constructor(
    target: RequestTarget,
    transport: Transport,
    options: SessionOptions,
    tables: SessionTables = ownTables(),
  ) {
    this.target = target;
    this.#transport = transport;
    this.options = options;
    this.#polling = new Polling(options.pollTime);
    this.nodes = tables.nodes;
    this.files = tables.files;
    this.directories = tables.directories;
    this.codec = new NameCodec(options.altStreams);
    this.ready = new Promise((resolve) => (this.#markReady = resolve));
    this.ended = new Promise((resolve) => (this.#markEnded = resolve));
  }

  /** Requests whose answer is outstanding. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Somebody waits for an answer. Nobody does for those of a handle that is let go. */
  get isWaitedFor(): boolean {
    return this.#waiting.find(isWaitedFor) !== undefined || this.#transport.backingRequests() > 0;
  }

  /** What serves opens that real files back. */
  get backing(): BackingDevice {
    return this.#transport;
  }

  start(): void {
    this.#transport.start(() => void this.serve());
  }

  /**
   * Answers what the kernel has asked, until it has nothing more to ask.
   * @returns false when there may be more
   */
  serve(): boolean {
    let request = this.#take();
    /** Bytes of the reply in its memory that is not sent yet. */
    let reply = 0;
    let spin = 0;
    let isEmpty = false;
    for (let turn = 0; turn < BATCH && !this.#isOver; turn += 1) {
      const length = this.#next(request, reply, spin);
      reply = 0;
      if (length < 0) {
        this.#notReceived(-length, spin);
        isEmpty = true;
        break;
      }
      if (spin !== 0) this.#polling.found();
      // 0: it is answered already.
      if (length > 0) reply = this.#handle(request, length);
      if (reply === OUTSTANDING || !request.isIntact) {
        this.#reply(request, reply);
        reply = 0;
        request = this.#take();
      }
      // While answers are outstanding the event loop must run, or they never come.
      spin = this.#waiting.size === 0 ? this.#polling.next() : 0;
    }
    this.#reply(request, reply);
    this.#give(request);
    return isEmpty;
  }

  /**
   * Sends the reply in a request's memory, and takes the next request to the same memory: in one
   * call, since calls of the addon take as long as the rest of many an answer.
   */
  #next(request: Request, reply: number, spin: number): number {
    if (reply > 0) {
      const length = exchangeReply(this.#transport, request, reply, spin);
      if (length > NOT_SENT) return length;
      // The asking process is gone: what it would have to close or forget, nobody will.
      this.#takeBack(request);
    }
    return this.#transport.receive(request.input, spin);
  }

  /**
   * Waits until all is written that the kernel has asked to be. It does not wait itself: syncfs(2)
   * of a FUSE file system returns when the requests are made.
   */
  async written(): Promise<void> {
    while (!this.#isOver && !(this.serve() && !this.#isWriting)) await delay(WRITTEN_CHECK);
  }

  get #isWriting(): boolean {
    return this.#waiting.find(isWrite) !== undefined || this.#transport.backingRequests() > 0;
  }

  /** The kernel can keep listings, and does where that is wanted. */
  keepListings(): void {
    const { listingTimeout } = this.options;
    const invalidate = (node: Node): boolean => this.notify(invalidNode(node));
    if (listingTimeout > 0) this.listings = new ListingCache(listingTimeout, invalidate);
  }

  initialized(): void {
    this.#markReady();
  }

  /** The kernel no longer wants the answer to `unique`. */
  interrupt(unique: number): void {
    const request = this.#waiting.find((waiting) => waiting.unique === unique);
    // Who asked for a change and has it must not be told that there is none.
    if (request?.isCommitted === false) request.running?.interrupt();
  }

  /** True when INIT agreed on that flag. */
  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** The kernel opens files without asking. */
  get opensFilesFreely(): boolean {
    return this.options.noOpen && this.has(InitFlags.NO_OPEN_SUPPORT);
  }

  /** The kernel opens directories without asking. */
  get opensDirectoriesFreely(): boolean {
    return this.options.noOpendir && this.has(InitFlags.NO_OPENDIR_SUPPORT);
  }

  /** Tells the kernel of a file in the reply being built: entry, attributes, time-outs. */
  writeEntry(request: Request, parent: Node, name: string, info: FileInformation): Node {
    const mode = modeOf(info, this.options.defaults);
    const node = this.nodes.enter(parent, name, info, mode);
    request.entered.push(node);
    this.writeEntryOf(request, node, info);
    return node;
  }

  /**
   * As `writeEntry`, of what was found out without holding off others; see `NodeTable.enterFound`.
   * @returns `undefined`, and nothing is written, when that is outdated
   */
  writeFound(
    request: Request,
    parent: Node,
    name: string,
    info: FileInformation,
    asOf: number,
    isListed: boolean,
  ): Node | undefined {
    const mode = modeOf(info, this.options.defaults);
    const node = this.nodes.enterFound(parent, name, info, mode, asOf, isListed);
    if (node === undefined) return undefined;
    request.entered.push(node);
    this.writeEntryOf(request, node, info);
    return node;
  }

  /** As `writeEntry`, of a node whose lookup was counted already. */
  writeEntryOf(request: Request, node: Node, info: FileInformation): void {
    const { out } = request;
    const { entryTimeout, attributeTimeout } = this.options;
    out.u64(node.id);
    out.u64(node.generation);
    out.u64(Math.floor(entryTimeout / 1000));
    out.u64(Math.floor(attributeTimeout / 1000));
    out.u32((entryTimeout % 1000) * 1_000_000);
    out.u32((attributeTimeout % 1000) * 1_000_000);
    node.mode = writeAttributes(out, info, node.id, this.options.defaults);
  }

  /** The body of a GETATTR or SETATTR reply. */
  writeAttributesReply(request: Request, node: Node, info: FileInformation): void {
    const { out } = request;
    const { attributeTimeout } = this.options;
    out.u64(Math.floor(attributeTimeout / 1000));
    out.u32((attributeTimeout % 1000) * 1_000_000);
    out.u32(0);
    this.nodes.describe(node, info);
    node.mode = writeAttributes(out, info, node.id, this.options.defaults);
  }

  /**
   * A name was found to be gone that the kernel was told of: somebody removed it behind its back.
   * @param asOf - of the node table, when the file system was asked
   * @returns false when somebody has changed names since: then that may be what was seen
   */
  nameIsGone(parent: Node, name: string, node: Node, asOf: number): boolean {
    if (!this.nodes.unlinkFound(parent, name, node, asOf)) return false;
    this.listings?.changed(parent, Change.SEEN);
    return true;
  }

  notify(message: Uint8Array): boolean {
    return !this.#isOver && this.#transport.notify(message);
  }

  /** Stops answering: the connection is about to be closed by us. */
  end(how: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.listings?.end();
    this.freeListings.end();
    this.#markReady();
    this.#markEnded(how);
  }

  #take(): Request {
    // Room for a write of the largest size with its headers, as the kernel demands.
    return this.#spare.pop() ?? new Request(MAX_TRANSFER + PAGE, MAX_TRANSFER + PAGE);
  }

  #give(request: Request): void {
    const limit = request.wasLarge ? LARGE_SPARE_REQUESTS : SPARE_REQUESTS;
    if (this.#spare.length < limit && request.isIntact) this.#spare.push(request);
  }

  /** @returns bytes of its reply, which is to be sent; 0 for none; OUTSTANDING while it is waited for */
  #handle(request: Request, length: number): number {
    const isWhole = request.decode(length);
    // Too short to know whom to answer.
    if (length < IN_HEADER_SIZE) return 0;
    this.ownUse?.notice(request);
    const row = OPCODES[request.opcode];
    let outcome: unknown;
    try {
      if (!isWhole) throw fuseError(Errno.EIO);
      if (row === undefined) throw fuseError(Errno.ENOSYS);
      if (this.flags === 0 && request.opcode !== Opcode.INIT) throw fuseError(Errno.EIO);
      if (request.bodyLength < row.size) throw fuseError(Errno.EINVAL);
      outcome = row.handle(this, request);
    } catch (error) {
      return row?.answered === false ? 0 : this.#failure(request, error);
    }
    if (outcome instanceof Promise) {
      this.#await(request, outcome, row.answered);
      return OUTSTANDING;
    }
    return row.answered ? this.#success(request) : 0;
  }

  // Apart: a function that holds a closure pays for its captured variables on every call.
  #await(request: Request, outcome: Promise<unknown>, answered: boolean): void {
    this.#waiting.add(request);
    outcome.then(
      () => this.#settle(request, undefined, answered),
      (error: unknown) => this.#settle(request, { error }, answered),
    );
  }

  #settle(request: Request, failure: { error: unknown } | undefined, answered: boolean): void {
    this.#waiting.delete(request);
    if (request.late.length > 0) tellOfLateChanges(this, request);
    if (answered) {
      const reply =
        failure === undefined ? this.#success(request) : this.#failure(request, failure.error);
      this.#reply(request, reply);
    }
    // A callback that was given up on may still be at work in this memory: it is not used again.
    if (failure === undefined || !request.isLent) this.#give(request);
  }

  /** Completes the reply. @returns its length */
  #success(request: Request): number {
    if (request.changes !== undefined) this.#noteChange(request);
    if (!request.isWhole) return this.#failure(request, fuseError(Errno.EIO));
    const { errno } = request;
    return errno === 0 ? request.finish() : request.fail(errno);
  }

  /** Makes it the reply of a failure. @returns its length; 0 when it is sent from memory of its own */
  #failure(request: Request, error: unknown): number {
    if (request.changes !== undefined) {
      // The kernel takes it that what has failed has changed nothing.
      if (request.isCommitted) this.listings?.changedUnseen(request.changes);
      this.#noteChange(request);
    }
    this.#takeBack(request);
    const errno = errnoOf(error);
    if (request.canReply) return request.fail(errno);
    if (!this.#isOver) this.#transport.send(request.failure(errno), OUT_HEADER_SIZE);
    return 0;
  }

  /** @param length - as `#handle` returns it */
  #reply(request: Request, length: number): void {
    if (length <= 0) return;
    // The asking process is gone: what it would have to close or forget, nobody will.
    if (this.#isOver || sendReply(this.#transport, request, length) !== 0) this.#takeBack(request);
  }

  #noteChange(request: Request): void {
    const { changes, changesToo } = request;
    request.changes = undefined;
    request.changesToo = undefined;
    if (changes !== undefined) this.listings?.changed(changes, Change.SEEN);
    if (changesToo === undefined) return;
    // Only renames change two.
    this.renamesEnded += 1;
    this.listings?.changed(changesToo, Change.SEEN);
  }

  #takeBack(request: Request): void {
    // First the open, whose node may not outlive its lookups.
    if (request.opened !== 0) releaseHandle(this, request);
    for (const node of request.entered) this.nodes.forget(node, 1);
    request.entered.length = 0;
  }

  #notReceived(errno: number, spin: number): void {
    if (errno === Errno.EAGAIN) {
      if (spin !== 0) this.#polling.missed();
      return;
    }
    // EFAULT: somebody transferred our buffer away; there is another one for the next turn.
    if (errno !== Errno.EFAULT) this.end(END_OF[errno] ?? 'lost');
  }
}

function isWaitedFor({ opcode }: Request): boolean {
  return opcode !== Opcode.RELEASE && opcode !== Opcode.RELEASEDIR;
}

function isWrite({ opcode }: Request): boolean {
  return opcode === Opcode.WRITE;
}
