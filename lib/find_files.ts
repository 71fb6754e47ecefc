import * as answers from './answers.js';
import * as callbacks from './callbacks.js';
import type { Callback } from './callbacks.js';
import { CallbackGuard } from './callback_guard.js';
import { NOT_IMPLEMENTED, type CallbackRunner } from './callback_runner.js';
import type { DispatcherOptions } from './dispatcher_options.js';
import type { DokanError } from './errors.js';
import { Listing } from './listing.js';
import type { OpenFile } from './open_file.js';
import type { FindEntry, StreamEntry } from './operations.js';
import type { Outcome } from './outcome.js';
import { NtStatus } from './status.js';
import type { Caller } from './target.js';
import { compilePattern } from './wildcards.js';

/** The callbacks that answer with a listing: which one is asked, and what of its answer is kept. */
export class FindFiles {
  readonly #runner: CallbackRunner;
  readonly #options: DispatcherOptions;
  /** findFilesWithPattern has said that it is not implemented: it is not asked again. */
  #patternMissing = false;

  constructor(runner: CallbackRunner, options: DispatcherOptions) {
    this.#runner = runner;
    this.#options = options;
  }

  /**
   * The entries of a directory, without `.` and `..`.
   * @param pattern - as Dokan's search patterns; absent for all entries
   * @throws DokanError
   */
  findFiles(
    file: OpenFile,
    path: string,
    pattern: string | undefined,
    caller: Caller,
  ): Outcome<Listing<FindEntry>> {
    const all = pattern === undefined || pattern === '*';
    const filter = all ? isOrdinaryEntry : matching(pattern, !this.#options.caseSensitive);
    if (!all && !this.#patternMissing && this.#runner.supports('findFilesWithPattern')) {
      const row = callbacks.findFilesWithPattern;
      return this.#list(row, file, path, caller, pattern, isOrdinaryEntry, () => {
        this.#patternMissing = true;
        return this.#list(callbacks.findFiles, file, path, caller, undefined, filter);
      });
    }
    return this.#list(callbacks.findFiles, file, path, caller, undefined, filter);
  }

  /** The streams of an open. @throws DokanError */
  findStreams(file: OpenFile, path: string, caller: Caller): Outcome<Listing<StreamEntry>> {
    if (!this.#options.altStreams) throw NOT_IMPLEMENTED;
    const row = callbacks.findStreams;
    const guard = new CallbackGuard(this.#runner, row, file, path, caller);
    const entries = this.#runner.run(row, file, path, caller, undefined, undefined);
    const listing = (list: Iterable<unknown> | AsyncIterable<unknown>): Listing<StreamEntry> =>
      (file.listing = new Listing(list, answers.checkStreamEntry, always, guard));
    return entries instanceof Promise ? entries.then(listing) : listing(entries);
  }

  #list<A>(
    row: Callback<A, undefined, Iterable<unknown> | AsyncIterable<unknown>>,
    file: OpenFile,
    path: string,
    caller: Caller,
    a: A,
    keep: (entry: FindEntry) => boolean,
    whenMissing?: () => Outcome<Listing<FindEntry>>,
  ): Outcome<Listing<FindEntry>> {
    const guard = new CallbackGuard(this.#runner, row, file, path, caller);
    const listing = (entries: Iterable<unknown> | AsyncIterable<unknown>): Listing<FindEntry> =>
      (file.listing = new Listing(entries, answers.checkFindEntry, keep, guard));
    const otherwise = (error: unknown): Outcome<Listing<FindEntry>> => {
      if (whenMissing && (error as DokanError).status === NtStatus.NOT_IMPLEMENTED) {
        return whenMissing();
      }
      throw error;
    };
    let entries: Outcome<Iterable<unknown> | AsyncIterable<unknown>>;
    try {
      entries = this.#runner.run(row, file, path, caller, a, undefined);
    } catch (error) {
      return otherwise(error);
    }
    return entries instanceof Promise ? entries.then(listing, otherwise) : listing(entries);
  }
}

const always = (): boolean => true;

/** `.` and `..` are the host's business. */
function isOrdinaryEntry({ name }: FindEntry): boolean {
  return name.length > 2 || (name !== '.' && name !== '..');
}

function matching(pattern: string, ignoreCase: boolean): (entry: FindEntry) => boolean {
  const matches = compilePattern(pattern, ignoreCase);
  return (entry) => isOrdinaryEntry(entry) && matches(entry.name);
}
