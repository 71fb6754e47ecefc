import { expect } from 'vitest';
import { Dispatcher, type DispatcherOptions } from '../../../lib/dispatcher.js';
import { DokanError, type CallbackError } from '../../../lib/errors.js';
import { errnoTable } from '../../../lib/errno_table.js';
import { Session, type SessionOptions } from '../../../lib/hosts/fuse/session.js';
import { NOT_SENT, STAMP_LENGTH, type Transport } from '../../../lib/hosts/fuse/transport.js';
import type { DokanOperations, FileInformation } from '../../../lib/operations.js';
import type { NtStatusName } from '../../../lib/status.js';
import { isMissing, NtStatus } from '../../../lib/status.js';
import type { RequestTarget } from '../../../lib/target.js';
import { body, FUSE, inHeader, Reply, type OpcodeName, type Whole } from './kernel.js';

export const MOUNTED_AT = 1_700_000_000_123_456_789n;

export const OPTIONS: SessionOptions = {
  entryTimeout: 1_500,
  attributeTimeout: 2_250,
  negativeTimeout: 0,
  listingTimeout: 0,
  keepCache: false,
  directIo: false,
  noOpen: false,
  noOpendir: false,
  writebackCache: false,
  altStreams: false,
  extendedAttributes: true,
  userModeLock: false,
  severalThreads: false,
  pollTime: 0,
  passthrough: true,
  allowOther: false,
  defaults: { uid: 501, gid: 502, time: MOUNTED_AT, blockSize: 4096, symbolicLinks: true },
};

/** What a kernel of today offers (all bits), as a signed 32-bit number. */
export const ALL_FLAGS = -1;

/** /dev/fuse as an array of bytes. */
export class FakeTransport implements Transport {
  readonly incoming: Buffer[] = [];
  readonly sent: Buffer[] = [];
  readonly notified: Buffer[] = [];
  readonly spins: number[] = [];
  /** Second pieces of replies, themselves. */
  readonly payloads: Uint8Array[] = [];
  /** What `send` returns. */
  sendResult = 0;
  notifyResult = true;
  /** What `receive` returns when nothing is there. */
  whenEmpty: number = -errnoTable.EAGAIN;
  received = new Set<Uint8Array>();
  onReadable: () => void = () => undefined;

  start(onReadable: () => void): void {
    this.onReadable = onReadable;
  }

  receive(buffer: Uint8Array, spinMicroseconds: number): number {
    this.spins.push(spinMicroseconds);
    if (buffer.byteLength === 0) return -errnoTable.EFAULT;
    const message = this.incoming.shift();
    if (message === undefined) return this.whenEmpty;
    buffer.set(message);
    this.received.add(buffer);
    return message.length;
  }

  send(buffer: Uint8Array, length: number): number {
    if (length > buffer.byteLength) throw new Error('a reply longer than its buffer');
    this.sent.push(Buffer.from(buffer.subarray(0, length)));
    return this.sendResult;
  }

  exchange(
    reply: Uint8Array,
    length: number,
    buffer: Uint8Array,
    spinMicroseconds: number,
  ): number {
    const sent = this.send(reply, length);
    return sent === 0 ? this.receive(buffer, spinMicroseconds) : NOT_SENT + sent;
  }

  sendParts(head: Uint8Array, headLength: number, body: Uint8Array, bodyLength: number): number {
    if (headLength > head.byteLength) throw new Error('a reply longer than its buffer');
    this.payloads.push(body);
    // As the device does: of memory that is not there nothing is sent.
    if (bodyLength > body.byteLength) return -errnoTable.EINVAL;
    const parts = [head.subarray(0, headLength), body.subarray(0, bodyLength)];
    this.sent.push(Buffer.concat(parts));
    return this.sendResult;
  }

  exchangeParts(
    head: Uint8Array,
    headLength: number,
    body: Uint8Array,
    bodyLength: number,
    buffer: Uint8Array,
    spinMicroseconds: number,
  ): number {
    const sent = this.sendParts(head, headLength, body, bodyLength);
    return sent === 0 ? this.receive(buffer, spinMicroseconds) : NOT_SENT + sent;
  }

  notify(message: Uint8Array): boolean {
    this.notified.push(Buffer.from(message));
    return this.notifyResult;
  }

  /** What `checkBacking` says of a descriptor that is not 0. */
  readonly wrongDescriptors = new Map<number, number>();
  /** Descriptors by the file they are of, where that is not their own number. */
  readonly fileOf = new Map<number, number>();
  /** What tells data from earlier ones, by descriptor; without it nothing does. */
  readonly versions = new Map<number, number>();
  /** A negative errno when nothing is passed through. */
  passthroughError = 0;
  serveError = 0;
  requestsBelow = 0;
  /** Files that the kernel was told to hold, by number. */
  readonly passed = new Map<number, number>();
  /** Descriptors that handles are served from. */
  readonly served = new Map<number, { fd: number; mayExtend: boolean }>();
  /** How often the kernel was asked to hold a file. */
  passings = 0;

  checkBacking(fd: number): number {
    return this.wrongDescriptors.get(fd) ?? 0;
  }

  openBacking(fd: number): number {
    this.passings += 1;
    if (this.passthroughError !== 0) return this.passthroughError;
    this.passed.set(this.passings, this.fileOf.get(fd) ?? fd);
    return this.passings;
  }

  isBacking(id: number, fd: number): boolean {
    return this.passed.get(id) === (this.fileOf.get(fd) ?? fd);
  }

  isUnchangedBacking(fd: number, stamp: Uint8Array): boolean {
    const numbers = new Float64Array(stamp.buffer, stamp.byteOffset, STAMP_LENGTH);
    const present = this.versions.get(fd) ?? NaN;
    if (numbers.every((number) => number === present)) return true;
    numbers.fill(present);
    return false;
  }

  closeBacking(id: number): void {
    this.passed.delete(id);
  }

  serveBacking(handle: number, fd: number, mayExtend: boolean): number {
    if (this.serveError === 0) this.served.set(handle, { fd, mayExtend });
    return this.serveError;
  }

  endBacking(handle: number): void {
    this.served.delete(handle);
  }

  backingRequests(): number {
    return this.requestsBelow;
  }

  close(): void {
    // Nothing is held.
  }
}

export interface Asker {
  uid: number;
  gid: number;
  pid: number;
}

/** A kernel that mounted one session and asks it things. */
export class Kernel {
  readonly session: Session;
  readonly transport = new FakeTransport();
  asker: Asker = { uid: 1000, gid: 100, pid: 4242 };
  #unique = 0;

  constructor(target: RequestTarget, options: Partial<SessionOptions> = {}) {
    this.session = new Session(target, this.transport, { ...OPTIONS, ...options });
    this.session.start();
  }

  message(opcode: number, nodeId: Whole, parts: readonly Buffer[]): Buffer {
    this.#unique += 2;
    const content = Buffer.concat(parts);
    const length = 40 + content.length;
    const header = { length, opcode, unique: this.#unique, nodeId, ...this.asker };
    return Buffer.concat([inHeader(header), content]);
  }

  /** Hands a message over. @returns its number */
  post(name: OpcodeName, nodeId: Whole, ...parts: Buffer[]): number {
    this.transport.incoming.push(this.message(FUSE[name], nodeId, parts));
    this.transport.onReadable();
    return this.#unique;
  }

  /** The reply to a message. @throws when there is none, or more than one */
  reply(unique: number): Reply {
    const replies = this.repliesTo(unique);
    expect(replies).toHaveLength(1);
    return replies[0]!;
  }

  repliesTo(unique: number): Reply[] {
    return this.transport.sent
      .map((bytes) => new Reply(bytes))
      .filter((reply) => reply.unique === BigInt(unique));
  }

  /** Asks and gets the answer at once, whatever it is. */
  try(name: OpcodeName, nodeId: Whole, ...parts: Buffer[]): Reply {
    const reply = this.reply(this.post(name, nodeId, ...parts));
    expect(reply.length).toBe(reply.bytes.length);
    if (reply.errno !== 0) expect(reply.length).toBe(16);
    return reply;
  }

  /** Asks and gets the body of a successful answer at once. */
  ask(name: OpcodeName, nodeId: Whole, ...parts: Buffer[]): Reply {
    const reply = this.try(name, nodeId, ...parts);
    expect(errnoOf(reply)).toBe('OK');
    return reply;
  }

  /** Asks and gets the name of the errno it fails with at once. */
  fail(name: OpcodeName, nodeId: Whole, ...parts: Buffer[]): string {
    return errnoOf(this.try(name, nodeId, ...parts));
  }

  /** Asks and waits for the answer. */
  async later(name: OpcodeName, nodeId: Whole, ...parts: Buffer[]): Promise<Reply> {
    const unique = this.post(name, nodeId, ...parts);
    expect(this.repliesTo(unique)).toHaveLength(0);
    await settled();
    return this.reply(unique);
  }

  init(minor = 45, flags = ALL_FLAGS, flags2 = 0): Reply {
    return this.ask('INIT', 0, body.init(7, minor, 0x20000, flags, flags2));
  }
}

const errnoNames = new Map<number, string>();
for (const [name, value] of Object.entries(errnoTable)) {
  if (!errnoNames.has(value)) errnoNames.set(value, name);
}

/** The name of a reply's errno, `OK` for success. */
export function errnoOf(reply: Reply): string {
  if (reply.errno === 0) return 'OK';
  return errnoNames.get(reply.errno) ?? `errno ${reply.errno}`;
}

/** Lets everything that only waits for promises go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}

export function status(name: NtStatusName): DokanError {
  return new DokanError(NtStatus[name]);
}

/** An answer that is an error. */
export class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

export const failure = (name: NtStatusName): Failure => new Failure(status(name));

export interface FakeOpen {
  readonly label: string;
  readonly createResult: 'opened' | 'created' | 'overwritten' | 'superseded';
  readonly isDirectory: boolean;
  readonly backingFd: number | undefined;
}

type Answers = Partial<Record<keyof RequestTarget, unknown>>;

/** A target that writes down how it was called and answers as it is told. */
export class ScriptedTarget {
  readonly answers: Answers = {
    queryOpen: { size: 0 },
    getFileInformation: { size: 0 },
    getDiskFreeSpace: { freeBytesAvailable: 0, totalBytes: 0, totalFreeBytes: 0 },
    getVolumeInformation: { maximumComponentLength: 200 },
  };
  /** Callbacks the file system lacks. */
  readonly missing = new Set<keyof DokanOperations>(['checkMedia', 'removeEntry']);
  createResult: FakeOpen['createResult'] = 'opened';
  /** Of the opens to come. */
  backingFd: number | undefined = undefined;
  /** Mistakes: callback, path and error of each. */
  readonly reported: unknown[][] = [];
  /** Promises instead of values. */
  isAsync = false;
  #calls: unknown[][] = [];
  #opens = 0;

  readonly target = new Proxy({} as RequestTarget, {
    get: (_nothing, name) =>
      name === 'supports'
        ? (callback: keyof DokanOperations) => !this.missing.has(callback)
        : name === 'lookUp'
          ? (...given: unknown[]) => this.#lookUp(given)
          : name === 'report'
            ? (...mistake: unknown[]) => void this.reported.push(mistake)
            : name === 'adopt'
              ? adopted
              : (...given: unknown[]) => this.#call(name as keyof RequestTarget, given),
  });

  /** As `queryOpen`, but undefined for what is not there. */
  #lookUp(given: unknown[]): unknown {
    const orUndefined = (error: unknown): undefined => {
      if (!(error instanceof DokanError && isMissing(error.status))) throw error;
    };
    try {
      const answer = this.#call('queryOpen', given);
      return answer instanceof Promise ? answer.catch(orUndefined) : answer;
    } catch (error) {
      return orUndefined(error);
    }
  }

  #call(name: keyof RequestTarget, given: unknown[]): unknown {
    this.#calls.push([name, ...given.slice(0, -1).map(shown)]);
    let answer: unknown;
    if (name in this.answers) {
      const scripted = this.answers[name];
      answer =
        typeof scripted === 'function'
          ? (scripted as (...all: unknown[]) => unknown)(...given)
          : scripted;
    } else if (name === 'createFile') {
      this.#opens += 1;
      const { createResult, backingFd } = this;
      const label = `open ${this.#opens}`;
      answer = { label, createResult, isDirectory: false, backingFd } satisfies FakeOpen;
    }
    if (!(answer instanceof Failure)) return this.isAsync ? Promise.resolve(answer) : answer;
    const fail = (): never => {
      throw answer.error;
    };
    return this.isAsync ? Promise.resolve().then(fail) : fail();
  }

  /** The calls since this was last asked for: name and arguments, without the caller. */
  takeCalls(): unknown[][] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  /** Only which calls there were. */
  takeNames(): unknown[] {
    return this.takeCalls().map(([name]) => name);
  }
}

/** An open that a host makes itself. */
function adopted(path: string, isDirectory = false): FakeOpen {
  return { label: `adopted ${path}`, createResult: 'opened', isDirectory, backingFd: undefined };
}

function shown(argument: unknown): unknown {
  if (Buffer.isBuffer(argument)) return Buffer.from(argument);
  if (typeof argument === 'object' && argument !== null && 'label' in argument) {
    return argument.label;
  }
  return argument;
}

export interface Scripted {
  readonly kernel: Kernel;
  readonly script: ScriptedTarget;
}

/** A mounted session over a scripted target. */
export function scripted(options: Partial<SessionOptions> = {}): Scripted {
  const script = new ScriptedTarget();
  const kernel = new Kernel(script.target, options);
  kernel.init();
  script.takeCalls();
  return { kernel, script };
}

/** Makes the kernel know a file. @returns its node */
export function known(
  { kernel, script }: Scripted,
  name: string,
  info: FileInformation = { size: 0 },
  parent: Whole = 1,
): number {
  const before = script.answers.queryOpen;
  script.answers.queryOpen = info;
  const node = kernel.ask('LOOKUP', parent, Buffer.from(`${name}\0`)).u64(0);
  script.answers.queryOpen = before;
  script.takeCalls();
  return node;
}

/** Opens a file for reading and writing, or as given. @returns its handle */
export function opened({ kernel, script }: Scripted, node: number, flags = 2): number {
  const handle = kernel.ask('OPEN', node, body.open(flags)).u64(0);
  script.takeCalls();
  return handle;
}

export interface Dispatched {
  readonly kernel: Kernel;
  readonly dispatcher: Dispatcher;
  readonly errors: CallbackError[];
}

/** A mounted session over the real dispatcher. */
export function dispatched(
  operations: DokanOperations,
  options: Partial<SessionOptions> = {},
  dispatcherOptions: Partial<DispatcherOptions> = {},
  minor = 45,
): Dispatched {
  const errors: CallbackError[] = [];
  const dispatcher = new Dispatcher(operations, {
    operationTimeout: 60_000,
    mediaCheckInterval: 500,
    caseSensitive: true,
    userModeLock: options.userModeLock ?? false,
    altStreams: options.altStreams ?? false,
    volumeLabel: undefined,
    fileSystemName: undefined,
    onError: (error) => errors.push(error),
    ...dispatcherOptions,
  });
  const kernel = new Kernel(dispatcher, options);
  kernel.init(minor);
  return { kernel, dispatcher, errors };
}
