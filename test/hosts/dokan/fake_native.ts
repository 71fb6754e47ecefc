import type {
  NativeMountOptions,
  NativeToken,
  NativeVolume,
} from '../../../lib/hosts/dokan/native.js';
import {
  BATCH_BYTES,
  NAMES,
  Operation,
  SINGLE_BLOCKS,
  RequestField,
  RequestFlag,
  SLOT_BYTES,
  SLOT_COUNT,
} from '../../../lib/hosts/dokan/slot.js';
import { Answer } from './fake_answer.js';

/** A request as Dokan's thread has it. */
export interface Question {
  operation: keyof typeof Operation;
  /** Windows' name: `\dir\file`. */
  name?: string;
  /** A new name (Windows' as well) or a pattern. */
  secondName?: string;
  flags?: number;
  context?: number;
  processId?: number;
  thread?: number;
  arguments?: number[];
  offset?: number;
  length?: number;
  times?: bigint[];
  /** What is written, or the security descriptor. */
  source?: Uint8Array;
  /** Bytes wanted of a read. */
  target?: number;
  /** The buffer is large enough to be exposed. */
  mayExpose?: boolean;
  /** The name is to be asked for. */
  long?: boolean;
}

interface Place {
  state: 'free' | 'queued' | 'taken';
  question: Question;
  resolve: (answer: Answer) => void;
  exposed: ArrayBuffer | undefined;
  block: number;
  /** Nobody waits any more. */
  givenUp: boolean;
}

const POISON = 0xa5;
const BLOCK_SIZE = 1024;

/**
 * The native side of a volume, without one: lays requests into memory as native code does, and is
 * strict about the rules of native.ts and slot.ts. What breaks one of them is in `violations`.
 */
export class FakeNative implements NativeVolume {
  readonly memory = new ArrayBuffer(BATCH_BYTES + SLOT_COUNT * SLOT_BYTES);
  readonly violations: string[] = [];
  readonly notified: unknown[][] = [];
  readonly tokens: { closed: boolean }[] = [];
  /** Answers of `mount` and `close`, for tests to replace. */
  mounting: (options: NativeMountOptions) => Promise<string> = ({ mountPoint }) =>
    Promise.resolve(mountPoint);
  mountOptions: NativeMountOptions | undefined = undefined;
  /** False where the runtime forbids foreign memory. */
  exposes = true;
  /** What `setBacking` was called with, and what it answers. */
  readonly backings: number[] = [];
  backingError = 0;
  cancellations = 0;
  /** Whether a cancellation ends them. */
  transfersEnd = true;
  /** What the next `requestorToken` throws. */
  tokenFailure: Error | undefined = undefined;
  closeFailure: Error | undefined = undefined;
  closeCalls = 0;
  readonly dropped = new Set<number>();
  readonly #bytes = Buffer.from(this.memory);
  readonly #places: Place[] = [];
  readonly #queue: number[] = [];
  readonly #blocks: (ArrayBuffer | undefined)[] = [];
  readonly #freeBlocks: number[] = [];
  readonly #asked = new Set<number>();
  readonly #onRequests: () => void;
  readonly #onClosed: () => void;
  readonly #onSlowTransfers: () => void;
  #transfers = 0;
  #isTold = false;
  #holds = false;
  #whenIdle: (() => void)[] = [];

  constructor(onRequests: () => void, onClosed: () => void, onSlowTransfers: () => void) {
    this.#onRequests = onRequests;
    this.#onClosed = onClosed;
    this.#onSlowTransfers = onSlowTransfers;
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) this.#poison(slot);
  }

  /** Requests come only when `release` is called. */
  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
    this.#tell();
  }

  /** Requests that are not answered. */
  get outstanding(): number {
    return this.#places.filter((place) => place.state !== 'free').length;
  }

  /** Nobody waits for the answer of this slot any more. */
  giveUp(slot: number): void {
    this.#places[slot]!.givenUp = true;
  }

  /** Asks, as one of Dokan's threads. Answered at once where the callback does. */
  ask(question: Question): Promise<Answer> {
    let slot = this.#places.findIndex((place) => place.state === 'free');
    if (slot < 0) slot = this.#places.length;
    if (slot >= SLOT_COUNT) throw new Error('no slot is free');
    this.#checkPoison(slot);
    return new Promise((resolve) => {
      this.#places[slot] = {
        state: 'queued',
        question,
        resolve,
        exposed: undefined,
        block: -1,
        givenUp: false,
      };
      this.#lay(slot, question);
      this.#queue.push(slot);
      if (!this.#holds) this.#tell();
    });
  }

  /** Somebody else unmounts. */
  eject(): void {
    this.#onClosed();
  }

  #tell(): void {
    if (this.#isTold || this.#queue.length === 0) return;
    this.#isTold = true;
    this.#onRequests();
  }

  #lay(slot: number, question: Question): void {
    const place = this.#places[slot]!;
    const view = new DataView(this.memory, BATCH_BYTES + slot * SLOT_BYTES, SLOT_BYTES);
    for (let at = 0; at < NAMES; at += 1) view.setUint8(at, 0);
    let flags = question.flags ?? 0;
    view.setUint32(RequestField.OPERATION, Operation[question.operation], true);
    view.setFloat64(RequestField.CONTEXT, question.context ?? 0, true);
    view.setUint32(RequestField.PROCESS_ID, question.processId ?? 4711, true);
    view.setUint32(RequestField.THREAD, question.thread ?? 1, true);
    for (const [index, value] of (question.arguments ?? []).entries()) {
      view.setUint32(RequestField.ARGUMENT_0 + 4 * index, value, true);
    }
    view.setFloat64(RequestField.OFFSET, question.offset ?? 0, true);
    view.setFloat64(RequestField.LENGTH, question.length ?? 0, true);
    for (const [index, time] of (question.times ?? []).entries()) {
      view.setBigInt64(RequestField.TIMES + 8 * index, time, true);
    }
    const first = this.#layName(view, NAMES, slashed(question.name ?? ''), question.long === true);
    if (first.isLong) flags |= RequestFlag.NAME_IS_LONG;
    else if (first.isLatin1) flags |= RequestFlag.NAME_IS_LATIN1;
    view.setUint32(RequestField.NAME_BYTES, first.bytes, true);
    const { operation, secondName = '' } = question;
    const text = operation === 'MOVE_FILE' ? slashed(secondName) : secondName;
    const at = NAMES + ((first.bytes + 1) & ~1);
    const second = this.#layName(view, at, text, question.long === true);
    if (second.isLong) flags |= RequestFlag.SECOND_NAME_IS_LONG;
    else if (second.isLatin1) flags |= RequestFlag.SECOND_NAME_IS_LATIN1;
    view.setUint32(RequestField.SECOND_NAME_BYTES, second.bytes, true);
    const size = question.source?.length ?? question.target ?? 0;
    if (question.mayExpose === true) flags |= RequestFlag.MAY_EXPOSE;
    else if (size > 0) this.#giveBlock(place, question, size);
    view.setInt32(RequestField.BLOCK, place.block, true);
    view.setUint32(RequestField.FLAGS, flags, true);
  }

  #layName(
    view: DataView,
    at: number,
    text: string,
    asksForLong: boolean,
  ): { bytes: number; isLatin1: boolean; isLong: boolean } {
    const isLatin1 = Buffer.from(text, 'latin1').toString('latin1') === text;
    const bytes = isLatin1 ? text.length : 2 * text.length;
    if (text !== '' && (asksForLong || at + bytes > SLOT_BYTES)) {
      return { bytes: 0, isLatin1: false, isLong: true };
    }
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (isLatin1) view.setUint8(at + index, unit);
      else view.setUint16(at + 2 * index, unit, true);
    }
    return { bytes, isLatin1, isLong: false };
  }

  #giveBlock(place: Place, question: Question, size: number): void {
    let number = this.#freeBlocks.findIndex((block) => this.#blocks[block]!.byteLength >= size);
    if (number >= 0) {
      number = this.#freeBlocks.splice(number, 1)[0]!;
    } else {
      number = this.#blocks.length;
      this.#blocks.push(new ArrayBuffer(Math.max(size, BLOCK_SIZE)));
    }
    place.block = number;
    if (question.source !== undefined) {
      new Uint8Array(this.#blocks[number]!).set(question.source);
    }
  }

  take(): number {
    const batch = new Uint32Array(this.memory, 0, BATCH_BYTES / 4);
    const slots = this.#queue.splice(0, BATCH_BYTES / 4);
    for (const [index, slot] of slots.entries()) {
      batch[index] = slot;
      this.#places[slot]!.state = 'taken';
    }
    if (slots.length === 0) this.#isTold = false;
    return slots.length;
  }

  name(slot: number, which: 0 | 1): string {
    const { question } = this.#taken(slot, 'name');
    if (which === 0) return slashed(question.name ?? '');
    const text = question.secondName ?? '';
    return question.operation === 'MOVE_FILE' ? slashed(text) : text;
  }

  block(number: number): ArrayBuffer {
    const memory = this.#blocks[number];
    if (memory === undefined || this.dropped.has(number))
      throw new RangeError(`no block ${number}`);
    if (!this.#places.some(({ state, block }) => state === 'taken' && block === number)) {
      this.violations.push(`block ${number} asked for while no request has it`);
    }
    if (number < SINGLE_BLOCKS && this.#asked.has(number)) {
      this.violations.push(`block ${number} asked for twice`);
    }
    this.#asked.add(number);
    return memory;
  }

  blockFor(slot: number): number {
    const place = this.#taken(slot, 'blockFor');
    if (place.block >= 0 || place.exposed !== undefined) {
      this.violations.push('blockFor of a request that has memory');
    }
    if (place.givenUp) return -1;
    const { question } = place;
    this.#giveBlock(place, question, question.source?.length ?? question.target ?? 0);
    return place.block;
  }

  setBacking(slot: number, number: number): number {
    const { question } = this.#taken(slot, 'setBacking');
    if (question.operation !== 'CREATE_FILE') this.violations.push('setBacking of no createFile');
    this.backings.push(number);
    return this.backingError;
  }

  transfers(): number {
    return this.#transfers;
  }

  /** Dokan's threads have so many transfers of their own that take long. */
  transfer(count: number): void {
    this.#transfers = count;
    if (count > 0) this.#onSlowTransfers();
    this.#checkIdle();
  }

  cancelTransfers(): void {
    this.cancellations += 1;
    if (this.transfersEnd) this.transfer(0);
  }

  expose(slot: number): ArrayBuffer | undefined {
    const place = this.#taken(slot, 'expose');
    const { question } = place;
    if (question.mayExpose !== true) this.violations.push('expose of a request that may not be');
    if (place.exposed !== undefined) this.violations.push('exposed twice');
    if (!this.exposes || place.givenUp) return undefined;
    const memory = new ArrayBuffer(question.source?.length ?? question.target ?? 0);
    if (question.source !== undefined) new Uint8Array(memory).set(question.source);
    return (place.exposed = memory);
  }

  complete(slot: number): boolean {
    return this.#complete(slot, undefined);
  }

  completeWith(slot: number, data: Uint8Array, length: number): boolean {
    if (length > data.length) this.violations.push('more data than there is');
    return this.#complete(slot, Buffer.from(data.subarray(0, length)));
  }

  #complete(slot: number, data: Buffer | undefined): boolean {
    const place = this.#taken(slot, 'complete');
    if (place.state !== 'taken') return false;
    place.state = 'free';
    const start = BATCH_BYTES + slot * SLOT_BYTES;
    const bytes = Buffer.from(this.#bytes.subarray(start, start + SLOT_BYTES));
    const target = place.question.target ?? 0;
    const memory = place.exposed ?? this.#blocks[place.block] ?? new ArrayBuffer(0);
    // Nothing is left in memory that somebody has transferred away.
    const read = Buffer.from(memory.byteLength === 0 ? [] : new Uint8Array(memory, 0, target));
    const answer = new Answer(bytes, data, read);
    if (place.exposed !== undefined) detach(place.exposed);
    if (answer.dropsBlock) this.dropped.add(place.block);
    else if (place.block >= 0) this.#freeBlocks.push(place.block);
    this.#poison(slot);
    if (!place.givenUp) place.resolve(answer);
    this.#checkIdle();
    return !place.givenUp;
  }

  #checkIdle(): void {
    if (!this.#isBusy) for (const next of this.#whenIdle.splice(0)) next();
  }

  get #isBusy(): boolean {
    return this.outstanding > 0 || this.#transfers > 0;
  }

  #taken(slot: number, what: string): Place {
    const place = this.#places[slot];
    if (place?.state !== 'taken')
      this.violations.push(`${what} of slot ${slot}, which is not taken`);
    return place!;
  }

  #poison(slot: number): void {
    const start = BATCH_BYTES + slot * SLOT_BYTES;
    this.#bytes.fill(POISON, start, start + SLOT_BYTES);
  }

  #checkPoison(slot: number): void {
    const start = BATCH_BYTES + slot * SLOT_BYTES;
    const bytes = this.#bytes.subarray(start, start + SLOT_BYTES);
    if (bytes.some((byte) => byte !== POISON)) {
      this.violations.push(`slot ${slot} was written to after it was completed`);
    }
  }

  /** Everything is answered, once, and nothing was touched afterwards. */
  verify(): string[] {
    for (const [slot, place] of this.#places.entries()) {
      if (place.state === 'free') this.#checkPoison(slot);
      else this.violations.push(`slot ${slot} (${place.question.operation}) was never completed`);
    }
    return this.violations;
  }

  requestorToken(slot: number): NativeToken {
    const place = this.#taken(slot, 'requestorToken');
    if (place.question.operation !== 'CREATE_FILE') {
      this.violations.push('requestorToken outside createFile');
    }
    if (this.tokenFailure !== undefined) throw this.tokenFailure;
    const token = {
      sid: 'S-1-5-21-1-2-3-1001',
      sessionId: 1,
      integrityLevel: 0x2000,
      closed: false,
      close(): void {
        token.closed = true;
      },
    };
    this.tokens.push(token);
    return token;
  }

  notify(...given: unknown[]): boolean {
    this.notified.push(given);
    return true;
  }

  async mount(options: NativeMountOptions): Promise<string> {
    this.mountOptions = options;
    const mountPoint = await this.mounting(options);
    await this.ask({ operation: 'MOUNTED', secondName: mountPoint });
    return mountPoint;
  }

  /** Waits for all answers, as DokanCloseHandle does. */
  async close(): Promise<void> {
    this.closeCalls += 1;
    if (this.closeFailure !== undefined) throw this.closeFailure;
    void this.ask({ operation: 'UNMOUNTED' });
    if (this.#isBusy) await new Promise<void>((done) => this.#whenIdle.push(done));
    this.#onClosed();
  }
}

function slashed(name: string): string {
  return name.replaceAll('\\', '/');
}

function detach(memory: ArrayBuffer): void {
  structuredClone(memory, { transfer: [memory] });
}
