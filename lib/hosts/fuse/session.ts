import { setTimeout as delay } from 'node:timers/promises';
import type { RequestTarget } from '../../target.js';
import type { FileInformation, VolumeInformation } from '../../operations.js';
import { modeOf, writeAttributes, type AttributeDefaults } from './attributes.js';
import { errnoOf, fuseError } from './fuse_error.js';
import { HandleTable, type DirectoryHandle, type FileHandle } from './handles.js';
import { LockTable } from './locks.js';
import { NameCodec } from './names.js';
import { NodeTable, type Node } from './nodes.js';
import { OPCODES } from './opcodes.js';
import type { OwnUse } from './own_use.js';
import { Errno, IN_HEADER_SIZE, Opcode, OUT_HEADER_SIZE } from './protocol.js';
import { releaseHandle } from './release.js';
import { Request } from './request.js';
import type { Transport } from './transport.js';

/** Longest write and read in one request, in bytes: the kernel's limit without privileges. */
export const MAX_TRANSFER = 1024 * 1024;

const PAGE = 4096;

/** Requests kept for use again. More are made when many answers are outstanding. */
const SPARE_REQUESTS = 8;

/** Requests answered before the event loop gets its turn. */
const BATCH = 64;

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
  readonly keepCache: boolean;
  readonly directIo: boolean;
  readonly writebackCache: boolean;
  readonly altStreams: boolean;
  readonly userModeLock: boolean;
  /** How long to look for the next request before going to sleep, in microseconds. */
  readonly pollTime: number;
  readonly defaults: AttributeDefaults;
}

/** How the connection ended. */
export type SessionEnd = 'unmounted' | 'aborted' | 'lost';

/** One mounted volume's conversation with the kernel. */
export class Session {
  readonly target: RequestTarget;
  readonly options: SessionOptions;
  readonly codec: NameCodec;
  readonly nodes = new NodeTable();
  readonly files = new HandleTable<FileHandle>();
  readonly directories = new HandleTable<DirectoryHandle>();
  readonly locks = new LockTable<FileHandle>();
  /** Fulfilled once the kernel has said INIT and was answered. */
  readonly ready: Promise<void>;
  /** Fulfilled when the kernel has let go. */
  readonly ended: Promise<SessionEnd>;
  volume: Required<VolumeInformation> | undefined = undefined;
  /** Set once the volume is mounted. */
  ownUse: OwnUse | undefined = undefined;
  /** INIT flags both sides agreed on. */
  flags = 0;
  /** Bytes of one read or write, agreed at INIT. */
  maxTransfer = MAX_TRANSFER;
  readonly #transport: Transport;
  readonly #spare: Request[] = [];
  /** Requests whose answer is outstanding, by the kernel's number. */
  readonly #waiting = new Map<number, Request>();
  #markReady!: () => void;
  #markEnded!: (end: SessionEnd) => void;
  #isOver = false;

  constructor(target: RequestTarget, transport: Transport, options: SessionOptions) {
    this.target = target;
    this.#transport = transport;
    this.options = options;
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
    for (const { opcode } of this.#waiting.values()) {
      if (opcode !== Opcode.RELEASE && opcode !== Opcode.RELEASEDIR) return true;
    }
    return false;
  }

  start(): void {
    this.#transport.start(() => void this.serve());
  }

  /**
   * Answers what the kernel has asked, until it has nothing more to ask.
   * @returns false when there may be more
   */
  serve(): boolean {
    let spin = 0;
    for (let turn = 0; turn < BATCH && !this.#isOver; turn += 1) {
      const request = this.#take();
      const length = this.#transport.receive(request.input, spin);
      if (length < 0) {
        this.#give(request);
        if (length !== -Errno.EAGAIN) this.#failed(-length);
        return true;
      }
      this.#handle(request, length);
      // While answers are outstanding the event loop must run, or they never come.
      spin = this.#waiting.size === 0 ? this.options.pollTime : 0;
    }
    return false;
  }

  /**
   * Waits until all is written that the kernel has asked to be. It does not wait itself: syncfs(2)
   * of a FUSE file system returns when the requests are made.
   */
  async written(): Promise<void> {
    while (!this.#isOver && !(this.serve() && !this.#isWriting)) await delay(WRITTEN_CHECK);
  }

  get #isWriting(): boolean {
    for (const { opcode } of this.#waiting.values()) if (opcode === Opcode.WRITE) return true;
    return false;
  }

  initialized(): void {
    this.#markReady();
  }

  /** The kernel no longer wants the answer to `unique`. */
  interrupt(unique: number): void {
    const request = this.#waiting.get(unique);
    // Who asked for a change and has it must not be told that there is none.
    if (request?.isCommitted === false) request.running?.interrupt();
  }

  /** True when INIT agreed on that flag. */
  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** Tells the kernel of a file in the reply being built: entry, attributes, time-outs. */
  writeEntry(request: Request, parent: Node, name: string, info: FileInformation): Node {
    const mode = modeOf(info, this.options.defaults);
    const node = this.nodes.enter(parent, name, info, mode);
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

  notify(message: Uint8Array): boolean {
    return !this.#isOver && this.#transport.notify(message);
  }

  /** Stops answering: the connection is about to be closed by us. */
  end(how: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#markReady();
    this.#markEnded(how);
  }

  #take(): Request {
    // Room for a write of the largest size with its headers, as the kernel demands.
    return this.#spare.pop() ?? new Request(MAX_TRANSFER + PAGE, MAX_TRANSFER + PAGE);
  }

  #give(request: Request): void {
    if (this.#spare.length < SPARE_REQUESTS && request.isIntact) this.#spare.push(request);
  }

  #handle(request: Request, length: number): void {
    const isWhole = request.decode(length);
    // Too short to know whom to answer.
    if (length < IN_HEADER_SIZE) return this.#give(request);
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
      if (row?.answered !== false) this.#fail(request, error);
      this.#give(request);
      return;
    }
    if (outcome instanceof Promise) {
      this.#waiting.set(request.unique, request);
      outcome.then(
        () => this.#settle(request, undefined, row.answered),
        (error: unknown) => this.#settle(request, { error }, row.answered),
      );
      return;
    }
    if (row.answered) this.#succeed(request);
    this.#give(request);
  }

  #settle(request: Request, failure: { error: unknown } | undefined, answered: boolean): void {
    this.#waiting.delete(request.unique);
    if (failure === undefined) {
      if (answered) this.#succeed(request);
      this.#give(request);
    } else {
      if (answered) this.#fail(request, failure.error);
      // The callback may still be at work in this memory (it was given up on): it is not used again.
      if (!request.isLent) this.#give(request);
    }
  }

  #succeed(request: Request): void {
    if (request.output.byteLength === 0) return this.#fail(request, fuseError(Errno.EIO));
    const error = this.#send(request.output, request.finish());
    // The asking process is gone: what it would have to close or forget, nobody will.
    if (error !== 0) this.#takeBack(request);
  }

  #fail(request: Request, error: unknown): void {
    this.#takeBack(request);
    const errno = errnoOf(error);
    if (request.output.byteLength === 0) this.#send(request.failure(errno), OUT_HEADER_SIZE);
    else this.#send(request.output, request.fail(errno));
  }

  #send(reply: Buffer, length: number): number {
    return this.#isOver ? -Errno.ENODEV : this.#transport.send(reply, length);
  }

  #takeBack(request: Request): void {
    for (const node of request.entered) this.nodes.forget(node, 1);
    request.entered.length = 0;
    if (request.opened !== 0) releaseHandle(this, request);
  }

  #failed(errno: number): void {
    // EFAULT: somebody transferred our buffer away; there is another one for the next turn.
    if (errno !== Errno.EFAULT) this.end(END_OF[errno] ?? 'lost');
  }
}
