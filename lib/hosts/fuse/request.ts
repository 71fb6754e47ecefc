import type { Caller, Interruptible } from '../../target.js';
import { Reader, Writer } from './cursor.js';
import type { Node } from './nodes.js';
import { IN_HEADER_SIZE, OUT_HEADER_SIZE } from './protocol.js';

/**
 * So many bytes of a file system's own are rather copied into the reply: one in two pieces is no
 * quicker below that. Of 64 KiB it takes 6.9 µs instead of 8.1, of 1 MiB 110 instead of 190.
 */
const COPIED = 8 * 1024;

/** Messages and replies of more bytes than this are data. */
const LARGE = 64 * 1024;

/**
 * One request of the kernel with the memory for its message and its reply. Requests are used again
 * and again; one whose answer is outstanding keeps its memory until it is answered.
 */
export class Request implements Caller {
  readonly input: Buffer;
  readonly in: Reader;
  readonly output: Buffer;
  readonly out: Writer;
  opcode = 0;
  /** The kernel's number for it; exact, because it counts from 0 in steps of 2. */
  unique = 0;
  uniqueLow = 0;
  uniqueHigh = 0;
  nodeId = 0;
  userId = 0;
  groupId = 0;
  processId = 0;
  running: Interruptible | undefined = undefined;
  /** Among those whose answer is outstanding. */
  position = -1;
  /** Nodes told to the kernel in this reply: taken back when it never gets there. */
  readonly entered: Node[] = [];
  /** Handle told to the kernel in this reply; 0 for none. */
  opened = 0;
  openedDirectory = false;
  /** What the request fails with when its handler comes back: cheaper than an exception. 0: nothing. */
  errno = 0;
  /** A callback was given a part of this memory, and may hold on to it when it is given up on. */
  isLent = false;
  /** Something has been changed that cannot be undone: an interruption comes too late. */
  isCommitted = false;
  /** Directories whose names it may change, known when that is decided: one, or two of a rename. */
  changes: Node | undefined = undefined;
  changesToo: Node | undefined = undefined;
  /** The names there. */
  changedName = '';
  changedNameToo = '';
  /** Callbacks that were given up on, and may change something yet. */
  readonly late: Interruptible[] = [];
  /** The end of the reply's body, where it lies in memory of the file system's own. */
  payload: Uint8Array | undefined = undefined;
  /** It has carried large data at some time, whose pages its memory has since. */
  wasLarge = false;
  #view: Buffer;

  constructor(inputSize: number, outputSize: number) {
    // Memory of its own, so that pages that are never used never exist.
    this.input = Buffer.allocUnsafeSlow(inputSize);
    this.in = new Reader(this.input);
    this.output = Buffer.allocUnsafeSlow(outputSize);
    this.out = new Writer(this.output);
    this.#view = this.output.subarray(0, 0);
  }

  /**
   * False when somebody has transferred the memory away: it is of no use any more. Then it has no
   * bytes; asking for its length would be a call.
   */
  get isIntact(): boolean {
    return this.input[0] !== undefined && this.canReply;
  }

  /** The same of the reply's memory. */
  get canReply(): boolean {
    return this.output[0] !== undefined;
  }

  /**
   * A message has been received.
   * @returns false when it is no message
   */
  decode(length: number): boolean {
    this.in.reset(0, length);
    if (length > LARGE) this.wasLarge = true;
    if (length < IN_HEADER_SIZE) return false;
    const announced = this.in.u32();
    this.opcode = this.in.u32();
    this.uniqueLow = this.in.u32();
    this.uniqueHigh = this.in.u32();
    this.unique = this.uniqueLow + this.uniqueHigh * 0x1_0000_0000;
    this.nodeId = this.in.u64();
    this.userId = this.in.u32();
    this.groupId = this.in.u32();
    this.processId = this.in.u32();
    this.in.skip(4);
    this.running = undefined;
    // Setting the length of an array is a call of the engine's runtime, also when nothing changes.
    while (this.entered.length > 0) this.entered.pop();
    while (this.late.length > 0) this.late.pop();
    this.opened = 0;
    this.openedDirectory = false;
    this.errno = 0;
    this.isLent = false;
    this.isCommitted = false;
    this.payload = undefined;
    this.out.position = OUT_HEADER_SIZE;
    return announced === length;
  }

  /** Bytes of the message after its header. */
  get bodyLength(): number {
    return this.in.remaining;
  }

  /** Room for `size` bytes of the reply's body, for a callback to fill. */
  body(size: number): Buffer {
    this.isLent = true;
    if (size > LARGE) this.wasLarge = true;
    if (this.#view.length !== size) {
      this.#view = this.output.subarray(OUT_HEADER_SIZE, OUT_HEADER_SIZE + size);
    }
    return this.#view;
  }

  /**
   * Bytes of the file system's own are the end of the body. Few are copied; more are sent from where
   * they lie, and must still be there when `finish` is called.
   * @param bytes - at least one; no more than there is room for
   */
  append(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0 || length > COPIED) {
      this.payload = bytes;
      return;
    }
    this.output.set(bytes, this.out.position);
    this.out.position += length;
  }

  /** False when memory of the reply was taken away, ours or what was appended. */
  get isWhole(): boolean {
    return this.canReply && (this.payload === undefined || this.payload[0] !== undefined);
  }

  /**
   * Puts the header in front of what was written.
   * @returns length of the reply, less that of `payload`
   */
  finish(): number {
    const length = this.out.position;
    const { payload } = this;
    this.#header(payload === undefined ? length : length + payload.length, 0);
    return length;
  }

  /** @param errno - positive */
  fail(errno: number): number {
    this.payload = undefined;
    this.#header(OUT_HEADER_SIZE, -errno);
    return OUT_HEADER_SIZE;
  }

  /** The same in memory of its own, for when somebody has transferred ours away. */
  failure(errno: number): Buffer {
    const reply = Buffer.alloc(OUT_HEADER_SIZE);
    reply.writeUInt32LE(OUT_HEADER_SIZE, 0);
    reply.writeInt32LE(-errno, 4);
    reply.writeUInt32LE(this.uniqueLow, 8);
    reply.writeUInt32LE(this.uniqueHigh, 12);
    return reply;
  }

  #header(length: number, error: number): void {
    this.out.position = 0;
    this.out.u32(length);
    this.out.i32(error);
    this.out.u32(this.uniqueLow);
    this.out.u32(this.uniqueHigh);
  }
}
