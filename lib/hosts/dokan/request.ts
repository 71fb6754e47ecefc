import { DokanError } from '../../errors.js';
import type { RequestorToken } from '../../operations.js';
import { NtStatus } from '../../status.js';
import type { Caller, Interruptible } from '../../target.js';
import type { OpenEntry } from './contexts.js';
import { DataWriter } from './data_writer.js';
import type { Memory } from './memory.js';
import { openToken, type OpenToken } from './requestor_token.js';
import type { Session } from './session.js';
import {
  AnswerField,
  AnswerFlag,
  BATCH_BYTES,
  NAMES,
  Operation,
  RequestField,
  RequestFlag,
  SLOT_BYTES,
} from './slot.js';

const NOTHING = Buffer.alloc(0);

/**
 * The request in one slot, with all that reads the question and writes the answer there. There is one
 * object per slot, used again and again; between `begin` and the slot's completion it is its owner.
 */
export class Request implements Caller {
  readonly session: Session;
  readonly slot: number;
  operation = 0;
  flags = 0;
  /** What the open's createFile left; 0 for none. */
  context = 0;
  processId = 0;
  readonly userId = -1;
  readonly groupId = -1;
  running: Interruptible | undefined = undefined;
  /** Number of the open that this createFile has made; 0 for none. */
  opened = 0;
  /** The answer's listing, streams or descriptor, for `completeWith`. */
  data: Uint8Array | undefined = undefined;
  dataLength = 0;
  /** A callback works on the request's own memory, which lives until the slot is completed. */
  isExposed = false;
  /** The slot is completed without waiting for the callback: this object is nobody's any more. */
  isAbandoned = false;
  #memory: Memory;
  /** Of the slot, in bytes; multiples of 8. */
  #base: number;
  /** The path last asked for. */
  #path = '';
  #writer: DataWriter | undefined = undefined;
  #token: OpenToken | undefined = undefined;
  /** Tells this question from those that the slot held before. */
  #serial = 0;

  constructor(session: Session, memory: Memory, slot: number) {
    this.session = session;
    this.slot = slot;
    this.#memory = memory;
    this.#base = BATCH_BYTES + slot * SLOT_BYTES;
  }

  /** A new question lies in the slot. */
  begin(): void {
    this.#serial += 1;
    const { u32, f64 } = this.#memory;
    const words = this.#base >>> 2;
    this.operation = u32[words + RequestField.OPERATION / 4] ?? 0;
    this.flags = u32[words + RequestField.FLAGS / 4] ?? 0;
    this.context = f64[(this.#base + RequestField.CONTEXT) >>> 3] ?? 0;
    this.processId = u32[words + RequestField.PROCESS_ID / 4] ?? 0;
    this.running = undefined;
    this.opened = 0;
    this.data = undefined;
    this.isExposed = false;
  }

  /** The slot is about to be completed. */
  end(): void {
    this.#serial += 1;
    this.#token?.close();
    this.#token = undefined;
  }

  /** Turns all that is still written away from the slot, which is somebody else's from now on. */
  abandon(elsewhere: Memory): void {
    this.end();
    this.isAbandoned = true;
    this.#memory = elsewhere;
    this.#base = 0;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  get thread(): number {
    return this.#u32(RequestField.THREAD);
  }

  /** @param index - from 0 */
  argument(index: number): number {
    return this.#u32(RequestField.ARGUMENT_0 + 4 * index);
  }

  get offset(): number {
    return this.#f64(RequestField.OFFSET);
  }

  get length(): number {
    return this.#f64(RequestField.LENGTH);
  }

  /** The open that is meant. @throws DokanError INVALID_HANDLE when there is none */
  entry(): OpenEntry {
    return this.session.entryOf(this);
  }

  /** The path of the open as the driver now has it, which it follows through renames. */
  path(entry: OpenEntry): string {
    if (!this.#isName(entry.path)) entry.path = this.name();
    return (this.#path = entry.path);
  }

  /** The path last asked for. */
  get lastPath(): string {
    return this.#path;
  }

  /** The file's name, as a path. */
  name(): string {
    if (this.has(RequestFlag.NAME_IS_LONG)) return this.session.native.name(this.slot, 0);
    const isLatin1 = this.has(RequestFlag.NAME_IS_LATIN1);
    return this.#text(NAMES, this.#u32(RequestField.NAME_BYTES), isLatin1);
  }

  /** The new name, the pattern or the mount point. */
  secondName(): string {
    if (this.has(RequestFlag.SECOND_NAME_IS_LONG)) return this.session.native.name(this.slot, 1);
    const isLatin1 = this.has(RequestFlag.SECOND_NAME_IS_LATIN1);
    const start = NAMES + ((this.#u32(RequestField.NAME_BYTES) + 1) & ~1);
    return this.#text(start, this.#u32(RequestField.SECOND_NAME_BYTES), isLatin1);
  }

  /** A copy of the security descriptor that came along. */
  descriptor(length: number): Buffer {
    const block = this.#i32(RequestField.BLOCK);
    return Buffer.from(this.session.blocks.part(block, length));
  }

  /**
   * The memory of a read or write.
   * @param mayExpose - the caller's own memory will do; it is gone when the slot is completed
   */
  transfer(length: number, mayExpose: boolean): Buffer {
    if (length === 0) return NOTHING;
    const { native, blocks } = this.session;
    if (mayExpose && this.has(RequestFlag.MAY_EXPOSE)) {
      const memory = native.expose(this.slot);
      if (memory !== undefined) {
        this.isExposed = true;
        return Buffer.from(memory, 0, length);
      }
    }
    let block = this.#i32(RequestField.BLOCK);
    if (block < 0) {
      block = native.blockFor(this.slot);
      if (block < 0) throw new DokanError(NtStatus.INSUFFICIENT_RESOURCES);
      this.#memory.i32[(this.#base + RequestField.BLOCK) >>> 2] = block;
    }
    try {
      return blocks.part(block, length);
    } catch (error) {
      this.dropBlock();
      throw error;
    }
  }

  /** Somebody may still use the memory of the read or write, or it is gone. */
  dropBlock(): void {
    const block = this.#i32(RequestField.BLOCK);
    if (block < 0) return;
    this.session.blocks.forget(block);
    this.answerFlag(AnswerFlag.DROP_BLOCK);
  }

  /** Memory for a listing. */
  writer(): DataWriter {
    const writer = (this.#writer ??= new DataWriter());
    writer.reset();
    return writer;
  }

  /** What was written is the answer. */
  answerWritten(writer: DataWriter): void {
    this.data = writer.data;
    this.dataLength = writer.length;
  }

  answerData(data: Uint8Array): void {
    this.data = data;
    this.dataLength = data.length;
  }

  answerStatus(status: number): void {
    this.#setU32(AnswerField.STATUS, status);
  }

  answerFlag(flag: number): void {
    const index = (this.#base + AnswerField.FLAGS) >>> 2;
    this.#memory.u32[index] = (this.#memory.u32[index] ?? 0) | flag;
  }

  answerContext(number: number): void {
    this.#memory.f64[(this.#base + AnswerField.CONTEXT) >>> 3] = number;
  }

  /** @param index - from 0 */
  answerResult(index: number, value: number): void {
    this.#setU32(AnswerField.RESULT_0 + 4 * index, value);
  }

  /** @param index - from 0 */
  answerSize(index: number, bytes: number): void {
    this.#memory.f64[((this.#base + AnswerField.SIZE_0) >>> 3) + index] = bytes;
  }

  answerIndex(index: number | bigint): void {
    const place = this.#base + AnswerField.INDEX;
    if (typeof index === 'bigint') {
      this.#memory.u64[place >>> 3] = index;
    } else {
      this.answerIndexHalves(index, Math.floor(index / 0x1_0000_0000));
    }
  }

  answerIndexHalves(low: number, high: number): void {
    const index = (this.#base + AnswerField.INDEX) >>> 2;
    this.#memory.u32[index] = low;
    this.#memory.u32[index + 1] = high;
  }

  /** Where the request has its times, and the answer. */
  get memory(): Memory {
    return this.#memory;
  }

  /** @param field - of a request or answer. @returns its place in units of 8 bytes */
  place(field: number): number {
    return (this.#base + field) >>> 3;
  }

  answerTimeKinds(kinds: number): void {
    this.#setU32(AnswerField.TIME_KINDS, kinds);
  }

  /** @returns the place of the answer's texts, in bytes */
  get texts(): number {
    return this.#base + NAMES;
  }

  tokenSource(): (() => RequestorToken | undefined) | undefined {
    if (this.operation !== Operation.CREATE_FILE) return undefined;
    const serial = this.#serial;
    return () => {
      if (this.#serial !== serial) return undefined;
      return (this.#token ??= openToken(this.session.native, this.slot));
    };
  }

  #u32(field: number): number {
    return this.#memory.u32[(this.#base + field) >>> 2] ?? 0;
  }

  #i32(field: number): number {
    return this.#memory.i32[(this.#base + field) >>> 2] ?? -1;
  }

  #f64(field: number): number {
    return this.#memory.f64[(this.#base + field) >>> 3] ?? 0;
  }

  #setU32(field: number, value: number): void {
    this.#memory.u32[(this.#base + field) >>> 2] = value;
  }

  #text(start: number, bytes: number, isLatin1: boolean): string {
    const from = this.#base + start;
    const text = this.#memory.bytes;
    return text.toString(isLatin1 ? 'latin1' : 'utf16le', from, from + bytes);
  }

  /** Compares the name with a path without making a string of it: nearly always they are the same. */
  #isName(path: string): boolean {
    if (this.has(RequestFlag.NAME_IS_LONG)) return false;
    const size = this.#u32(RequestField.NAME_BYTES);
    const isLatin1 = this.has(RequestFlag.NAME_IS_LATIN1);
    const start = this.#base + NAMES;
    const units = isLatin1 ? this.#memory.bytes : this.#memory.u16;
    const first = isLatin1 ? start : start >>> 1;
    if ((isLatin1 ? size : size >>> 1) !== path.length) return false;
    for (let index = 0; index < path.length; index += 1) {
      if (units[first + index] !== path.charCodeAt(index)) return false;
    }
    return true;
  }
}
