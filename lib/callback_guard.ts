import type { CallbackRunner } from './callback_runner.js';
import type { Callback } from './callbacks.js';
import type { DokanError } from './errors.js';
import type { ListingGuard } from './listing.js';
import type { OpenFile } from './open_file.js';
import type { Caller } from './target.js';

/**
 * Stands around the steps of an iterator that a callback has answered with. A class, not closures:
 * it is passed twice for each entry of a listing.
 */
export class CallbackGuard implements ListingGuard {
  readonly #runner: CallbackRunner;
  readonly #row: Callback<never, never, unknown>;
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #first: Caller;
  /** One signal for all steps: a generator asks for it once. */
  #controller: AbortController | undefined = undefined;

  /** @param caller - who asked first */
  constructor(
    runner: CallbackRunner,
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    { processId, userId, groupId }: Caller,
  ) {
    this.#runner = runner;
    this.#row = row;
    this.#file = file;
    this.#path = path;
    // The listing outlives the request that began it, and hosts use those again.
    this.#first = { processId, userId, groupId, running: undefined };
  }

  begin(caller: Caller = this.#first): void {
    const file = this.#file;
    if (file.medium !== undefined) this.#runner.demandMedium(file, caller);
    file.resume(caller, this.#controller);
  }

  end(): void {
    this.#controller = this.#file.end();
  }

  failure(error: unknown): DokanError {
    return this.#runner.failure(this.#row, this.#path, error);
  }

  wait(step: Promise<unknown>, caller: Caller = this.#first): Promise<unknown> {
    this.#controller ??= new AbortController();
    this.#file.resume(caller, this.#controller);
    return this.#runner.waitForStep(this.#row, this.#file, this.#path, caller, step);
  }
}
