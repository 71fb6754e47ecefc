import { expect } from 'vitest';
import { CreateDisposition } from '../../lib/constants.js';
import { Dispatcher, type DispatcherOptions } from '../../lib/dispatcher.js';
import { DokanError, type CallbackError } from '../../lib/errors.js';
import type { OpenFile } from '../../lib/open_file.js';
import type { CreateFileRequest, DokanOperations, FileContext } from '../../lib/operations.js';
import { statusName } from '../../lib/status.js';
import type { Caller } from '../../lib/target.js';

/** A request's owner, as hosts have one per request. */
export function caller(processId = 7): Caller {
  return { processId, userId: 1000, groupId: 100, running: undefined };
}

export const OPEN: CreateFileRequest = {
  desiredAccess: 1,
  fileAttributes: 0,
  shareAccess: 7,
  createDisposition: CreateDisposition.OPEN,
  createOptions: 0,
};

export function request(
  createDisposition: CreateFileRequest['createDisposition'],
  createOptions = 0,
): CreateFileRequest {
  return { ...OPEN, createDisposition, createOptions };
}

/** Callbacks as tests give them: they may answer anything, also what the types forbid. */
export type AnyOperations = {
  [Name in keyof DokanOperations]?: (...given: never[]) => unknown;
};

export interface Harness {
  readonly dispatcher: Dispatcher;
  /** Programming errors reported so far. */
  readonly errors: CallbackError[];
}

export function harness(
  operations: AnyOperations,
  options: Partial<DispatcherOptions> = {},
): Harness {
  const errors: CallbackError[] = [];
  const dispatcher = new Dispatcher(operations as DokanOperations, {
    operationTimeout: 60_000,
    mediaCheckInterval: 500,
    caseSensitive: true,
    userModeLock: true,
    altStreams: true,
    volumeLabel: undefined,
    fileSystemName: undefined,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { dispatcher, errors };
}

/** Opens a file through callbacks that answer at once. */
export function openNow(
  dispatcher: Dispatcher,
  path = '/f',
  how: CreateFileRequest = OPEN,
): OpenFile {
  return now(dispatcher.createFile(path, how, caller()));
}

/** An answer that was given without a promise. */
export function now<T>(outcome: T | Promise<T>): T {
  expect(outcome).not.toBeInstanceOf(Promise);
  return outcome as T;
}

/** An answer that was promised. */
export function promised<T>(outcome: T | Promise<T>): Promise<T> {
  expect(outcome).toBeInstanceOf(Promise);
  return outcome as Promise<T>;
}

/** The name of the status a request fails with, at once or later. @throws when it does not fail */
export function failure(work: () => unknown): string {
  let answer: unknown;
  try {
    answer = work();
  } catch (error) {
    return statusOf(error);
  }
  throw new Error(`expected a failure at once, but was answered ${String(answer)}`);
}

export async function failureLater(work: unknown): Promise<string> {
  try {
    await promised(work);
  } catch (error) {
    return statusOf(error);
  }
  throw new Error('expected a failure');
}

function statusOf(error: unknown): string {
  // Hosts get DokanErrors and nothing else.
  expect(error).toBeInstanceOf(DokanError);
  return statusName((error as DokanError).status);
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T = unknown>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets everything that only waits for promises go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** Notes the callbacks that keep an open's books, in their order. */
export class Journal {
  readonly lines: string[] = [];

  readonly operations = {
    createFile: (path: string): void => void this.lines.push(`createFile ${path}`),
    cleanup: (path: string, file: FileContext): void =>
      void this.lines.push(`cleanup ${path}${file.deletePending ? ' delete' : ''}`),
    closeFile: (path: string): void => void this.lines.push(`closeFile ${path}`),
    unmounted: (): void => void this.lines.push('unmounted'),
  };
}
