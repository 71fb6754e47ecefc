import type { Caller, Interruptible } from '../../target.js';
import { Reader, Writer } from './cursor.js';
import type { Node } from './nodes.js';
import { IN_HEADER_SIZE, OUT_HEADER_SIZE } from './protocol.js';

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
  /** Nodes told to the kernel in this reply: taken back when it never gets there. */
  readonly entered: Node[] = [];
  /** Handle told to the kernel in this reply; 0 for none. */
  opened = 0;
  openedDirectory = false;
  /** A callback was given a part of this memory, and may hold on to it when it is given up on. */
  isLent = false;
  /** Something has been changed that cannot be undone: an interruption comes too late. */
  isCommitted = false;
  #view: Buffer;

  constructor(inputSize: number, outputSize: number) {
    // Memory of its own, so that pages that are never used never exist.
    this.input = Buffer.allocUnsafeSlow(inputSize);
    this.in = new Reader(this.input);
    this.output = Buffer.allocUnsafeSlow(outputSize);
    this.out = new Writer(this.output);
    this.#view = this.output.subarray(0, 0);
  }

  /** False when somebody has transferred the memory away: it is of no use any more. */
  get isIntact(): boolean {
    return this.input.byteLength > 0 && this.output.byteLength > 0;
  }

  /**
   * A message has been received.
   * @returns false when it is no message
   */
  decode(length: number): boolean {
    this.in.reset(0, length);
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
    this.entered.length = 0;
    this.opened = 0;
    this.openedDirectory = false;
    this.isLent = false;
    this.isCommitted = false;
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
    if (this.#view.length !== size) {
      this.#view = this.output.subarray(OUT_HEADER_SIZE, OUT_HEADER_SIZE + size);
    }
    return this.#view;
  }

  /** Puts the header in front of what was written. @returns length of the reply */
  finish(): number {
    const length = this.out.position;
    this.#header(length, 0);
    return length;
  }

  /** @param errno - positive */
  fail(errno: number): number {
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
