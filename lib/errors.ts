import { inspect } from 'node:util';
import { isSuccess, NtStatus, statusFromErrno, statusName } from './status.js';

// V8 does nothing for a stack while its limit is no number; with 0 it still takes twice the time
// (0.6 us to make the error, not 0.3).
const stackTraces = Error as { stackTraceLimit: unknown };

let canSilence = true;

/** @returns the limit to put back, or undefined when there is nothing to put back */
function silenceStackTraces(): number | undefined {
  const limit = stackTraces.stackTraceLimit;
  if (!canSilence || typeof limit !== 'number') return undefined;
  try {
    stackTraces.stackTraceLimit = undefined;
    return limit;
  } catch {
    // Error is frozen (SES, --frozen-intrinsics): errors then carry their stack, and its cost.
    canSilence = false;
    return undefined;
  }
}

/**
 * The ordinary way for a callback to fail: the request is answered with `status`.
 *
 * As every lookup of a name that does not exist ends in one of these, they are made without a
 * stack trace, which would take most of the time: `stack` is undefined. A debugging session gets
 * it back with `DokanError.captureStackTraces = true`.
 */
export class DokanError extends Error {
  /** Set to true to have each new error say where it was made. */
  static captureStackTraces = false;

  /** NTSTATUS, unsigned. */
  readonly status: number;

  /** Name of the status as in `NtStatus`, or `'NTSTATUS 0x........'` where it has none. */
  readonly code: string;

  /**
   * @param status - NTSTATUS of a failure (or of a warning), unsigned or as the signed 32 bits of C
   * @param message - default: the name of the status
   * @param options - the error's `cause`
   * @throws TypeError when `status` is no whole number
   * @throws RangeError when it is no number of 32 bits or when it means success
   */
  constructor(status: number, message?: string, options?: ErrorOptions) {
    const failure = checkFailure(status);
    const code = statusName(failure);
    const limit = DokanError.captureStackTraces ? undefined : silenceStackTraces();
    try {
      super(message ?? code, options);
    } finally {
      if (limit !== undefined) stackTraces.stackTraceLimit = limit;
    }
    this.status = failure;
    this.code = code;
  }
}

function checkFailure(status: number): number {
  if (!Number.isInteger(status)) {
    throw new TypeError(`Expected an NTSTATUS (a whole number) but was given ${show(status)}`);
  }
  if (status > 0xffff_ffff || status < -0x8000_0000) {
    throw new RangeError(`Expected an NTSTATUS of 32 bits but was given ${show(status)}`);
  }
  if (isSuccess(status)) {
    throw new RangeError(
      `Expected the NTSTATUS of a failure but was given ${statusName(status)}, which means success`,
    );
  }
  return status >>> 0;
}

/** A process that holds on to a volume. */
export interface HoldingProcess {
  /** Its number. */
  readonly id: number;
  /** Its command line, or its name where that cannot be read. */
  readonly command: string;
}

/** What went wrong with a mount point; see `MountError`. */
export interface MountFailure {
  /** An errno (`'EBUSY'`) or a code of this package (`'ERR_DOKAN_NOT_INSTALLED'`). */
  readonly code: string;
  readonly mountPoint: string;
  /** What is wrong, as the beginning of a sentence: `'The mount point is in use'`. */
  readonly problem: string;
  /** What to do about it, as a sentence: `'Choose another drive letter.'` */
  readonly cure: string;
  /** Who holds on to the volume, where that is known. */
  readonly processes?: readonly HoldingProcess[];
  readonly cause?: unknown;
}

/** Mounting, unmounting or listing mounts failed. */
export class MountError extends Error {
  /** An errno (`'EBUSY'`) or a code of this package (`'ERR_DOKAN_NOT_INSTALLED'`). */
  readonly code: string;

  /** The mount point as it was given. */
  readonly mountPoint: string;

  /** What to do about it. */
  readonly cure: string;

  /** Code EBUSY: who holds on to the volume, as far as this user may see; empty where nobody is known. */
  readonly processes: readonly HoldingProcess[];

  constructor(failure: MountFailure) {
    const { code, mountPoint, problem, cure } = failure;
    super(
      `${problem}: ${mountPoint}. ${cure}`,
      failure.cause === undefined ? undefined : { cause: failure.cause },
    );
    this.code = code;
    this.mountPoint = mountPoint;
    this.cure = cure;
    this.processes = failure.processes ?? [];
  }
}

/** An option has a wrong name, type or value, or contradicts another one. */
export class OptionError extends TypeError {
  readonly code: string;

  /** Name of the option. */
  readonly option: string;

  /**
   * @param option - its name, as the caller writes it
   * @param message - for a wrong value let `expected` word it
   */
  constructor(option: string, message: string) {
    super(message);
    this.code = 'ERR_INVALID_OPTION';
    this.option = option;
  }
}

/**
 * The error for an option's wrong value; all of them are worded here.
 *
 * @param option - its name
 * @param what - what would have been right: `'a positive whole number of milliseconds'`
 * @param given - what was given instead, any value at all
 * @returns the error, for the caller to throw
 */
export function expected(option: string, what: string, given: unknown): OptionError {
  return new OptionError(
    option,
    `Expected ${what} for option '${option}' but was given ${show(given)}`,
  );
}

/** A callback returned something that is no answer to its request. */
export class AnswerError extends TypeError {
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.code = 'ERR_INVALID_ANSWER';
  }
}

/**
 * The error for a callback's wrong answer, worded as `expected` does.
 *
 * @param what - what would have been right: `'a number of bytes from 0 to 4096'`
 * @param given - what was answered instead, any value at all
 * @returns the error, for the caller to throw
 */
export function expectedAnswer(what: string, given: unknown): AnswerError {
  return new AnswerError(`Expected ${what} but was given ${show(given)}`);
}

/**
 * A callback failed in a way that is no answer but a programming error. Its request is answered
 * with INTERNAL_ERROR; this goes to the volume's 'error' event. What was thrown is the `cause`.
 */
export class CallbackError extends Error {
  readonly code: string;

  /** Name of the callback: `'readFile'`. */
  readonly callback: string;

  /** Path the request was about. */
  readonly path: string;

  constructor(callback: string, path: string, cause: unknown) {
    super(`The file system's ${callback} failed for '${path}': ${reason(cause)}`, { cause });
    this.code = 'ERR_CALLBACK_FAILED';
    this.callback = callback;
    this.path = path;
  }
}

/**
 * A thread that served a volume with others has died: by an uncaught exception, by process.exit() in
 * it, or for want of memory. What it was answering failed with EIO, its open files are lost, and
 * another one takes its place.
 */
export class ThreadError extends Error {
  readonly code: string;

  /** Which one: from 0 to the option `threads` - 1. */
  readonly threadIndex: number;

  constructor(threadIndex: number, problem: string, cause: unknown) {
    const options = cause === undefined ? undefined : { cause };
    super(`Thread ${threadIndex} of the volume has died. ${problem}`, options);
    this.code = 'ERR_THREAD_DIED';
    this.threadIndex = threadIndex;
  }
}

// The names stand on the prototypes: an own property per error would cost time and show in logs.
for (const [name, { prototype }] of Object.entries({
  DokanError,
  MountError,
  OptionError,
  AnswerError,
  CallbackError,
  ThreadError,
})) {
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/**
 * Codes of Node's own errors that a file system hands on when the system call it made, or the
 * limit it set, has an answer for the caller. Other ERR_ codes tell of mistakes in the program.
 */
const STATUS_OF_NODE_CODE = new Map<string, number>([
  ['ABORT_ERR', NtStatus.CANCELLED],
  // The permission model (--permission) said no.
  ['ERR_ACCESS_DENIED', NtStatus.ACCESS_DENIED],
  ['ERR_FS_CP_DIR_TO_NON_DIR', NtStatus.NOT_A_DIRECTORY],
  ['ERR_FS_CP_EEXIST', NtStatus.OBJECT_NAME_COLLISION],
  ['ERR_FS_CP_EINVAL', NtStatus.INVALID_PARAMETER],
  ['ERR_FS_CP_NON_DIR_TO_DIR', NtStatus.FILE_IS_A_DIRECTORY],
  ['ERR_FS_EISDIR', NtStatus.FILE_IS_A_DIRECTORY],
  ['ERR_FS_FILE_TOO_LARGE', NtStatus.FILE_TOO_LARGE],
  ['ERR_MEMORY_ALLOCATION_FAILED', NtStatus.NO_MEMORY],
  ['ERR_SOCKET_CONNECTION_TIMEOUT', NtStatus.IO_TIMEOUT],
  // dns.lookup's word for EAI_NONAME and EAI_NODATA.
  ['ENOTFOUND', NtStatus.BAD_NETWORK_PATH],
]);

/** DOMException.TIMEOUT_ERR: AbortSignal.timeout() aborts with it. */
const TIMEOUT_ERR = 23;

/**
 * The status a request is answered with when its callback threw `error`.
 *
 * - a DokanError, also one of another copy of this package: its status;
 * - an error whose `code` is an errno, as Node's are: the status for that errno;
 * - an AbortError: CANCELLED; a DOMException TimeoutError: IO_TIMEOUT;
 * - some of Node's own codes (`'ERR_FS_FILE_TOO_LARGE'`, ...).
 *
 * @param error - anything: it is only looked at, with the greatest care
 * @returns NTSTATUS of a failure; undefined for anything else, which is a programming error
 * @throws nothing, whatever the value's getters do
 */
export function statusFromError(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  try {
    if (error instanceof DokanError) return error.status;
    const { name, code, status } = error as { name?: unknown; code?: unknown; status?: unknown };
    if (name === 'DokanError') return failingStatus(status);
    if (typeof code === 'string') {
      const known = statusFromErrno(code) ?? STATUS_OF_NODE_CODE.get(code);
      if (known !== undefined) return known;
    }
    if (name === 'AbortError') return NtStatus.CANCELLED;
    if (name === 'TimeoutError' && code === TIMEOUT_ERR) return NtStatus.IO_TIMEOUT;
  } catch {
    // A getter or a proxy threw: whatever it is, it is no answer.
  }
  return undefined;
}

function failingStatus(status: unknown): number | undefined {
  return typeof status === 'number' &&
    Number.isInteger(status) &&
    status <= 0xffff_ffff &&
    status >= -0x8000_0000 &&
    !isSuccess(status)
    ? status >>> 0
    : undefined;
}

const LONGEST_TEXT = 60;

/** A value as error messages show it: never long, never on two lines, never throwing. */
function show(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  const type = typeof value;
  if (type === 'string') {
    const text = value as string;
    return text.length > LONGEST_TEXT
      ? `${JSON.stringify(cut(text))} (string of ${text.length} characters)`
      : `${JSON.stringify(text)} (string)`;
  }
  // Millions of digits take seconds to print.
  if (type === 'bigint' && BigInt.asIntN(128, value as bigint) !== value) return 'a huge bigint';
  const text = inspectSafely(value);
  return type === 'object' || type === 'function' ? text : `${text} (${type})`;
}

function inspectSafely(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 0,
      showProxy: true,
      customInspect: false,
      maxArrayLength: 3,
      maxStringLength: LONGEST_TEXT,
      breakLength: Infinity,
    });
    return cut(text.replace(/\s+/g, ' '));
  } catch {
    return `${typeof value === 'function' ? 'a function' : 'an object'} that cannot be shown`;
  }
}

/** At most LONGEST_TEXT UTF-16 units, not ending in half a character. */
function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT).replace(/[\ud800-\udbff]$/, '')}...`;
}

function reason(cause: unknown): string {
  try {
    if (cause instanceof Error) return String(cause);
  } catch {
    // Shown as any other value, then.
  }
  return show(cause);
}
