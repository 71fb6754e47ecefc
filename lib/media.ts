import { DokanError } from './errors.js';
import { NO_CALLER } from './open_file.js';
import type { MediaState } from './operations.js';
import type { Outcome } from './outcome.js';
import { isOurs } from './own_processes.js';
import { NtStatus } from './status.js';
import type { Caller, Interruptible } from './target.js';

/**
 * How long requests wait for a check, in milliseconds. A drive that spins up must not stop a volume;
 * and a check that uses its own volume may wait for a request that waits for it, in ways that only
 * the kernel knows: it lets nobody look up a name that is being looked up.
 */
const PATIENCE = 1_000;

// Asked for often, and always the same: made once, thrown many times.
const NO_MEDIA = new DokanError(NtStatus.NO_MEDIA_IN_DEVICE);
const WRONG_VOLUME = new DokanError(NtStatus.WRONG_VOLUME);

/** What a failing callback says when the medium may be gone. */
const DOUBTFUL = new Set<number>([
  NtStatus.NO_MEDIA_IN_DEVICE,
  NtStatus.NO_MEDIA,
  NtStatus.NO_SUCH_DEVICE,
  NtStatus.DEVICE_NOT_READY,
  NtStatus.DEVICE_NOT_CONNECTED,
  NtStatus.DEVICE_REMOVED,
]);

/** What a failing check says when there is none: also whatever it looks at is not there, or broken. */
const ABSENT = new Set<number>([
  ...DOUBTFUL,
  NtStatus.DEVICE_DOES_NOT_EXIST,
  NtStatus.OBJECT_NAME_NOT_FOUND,
  NtStatus.OBJECT_PATH_NOT_FOUND,
  NtStatus.NO_SUCH_FILE,
  NtStatus.IO_DEVICE_ERROR,
]);

/** One medium, as its opens remember it. */
export class Medium {
  /** Why nothing can be done with it now. */
  failure: DokanError | undefined = undefined;
  readonly #media: Media;

  constructor(media: Media) {
    this.#media = media;
  }

  /** What a request on an open of it fails with. It never waits; but it may set off a check. */
  refusal(caller: Caller): DokanError | undefined {
    // Whoever only goes on with what is open must find out, too, that the medium is back.
    if (this.failure === NO_MEDIA) this.#media.look(caller);
    return this.failure;
  }

  /** Hands on what a callback answers, unless the medium has gone meanwhile. */
  guard<R>(outcome: Outcome<R>): Outcome<R> {
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.then((answer) => {
      if (this.failure !== undefined) throw this.failure;
      return answer;
    });
  }
}

/** Checks that are running, of all volumes of this process. */
let checksRunning = 0;

/** Knows what medium a volume has, and asks the file system when that is to be known anew. */
export class Media {
  /** Called when the medium goes, comes back or is another one. */
  whenChanged: ((state: MediaState) => void) | undefined = undefined;
  readonly #ask: (caller: Caller) => Outcome<MediaState>;
  readonly #interval: number;
  #medium = new Medium(this);
  /** When the next check may be made, in milliseconds of performance.now(). */
  #due = Infinity;
  #isChecking = false;
  /** Requests still wait for the check. */
  #isAwaited = false;
  #patience: NodeJS.Timeout | undefined = undefined;
  readonly #waiting = new Set<() => void>();
  /** A failure may bring the next check forward. Nothing does that to the first. */
  #mayDoubt = false;
  /** The check that is made now was brought forward. */
  #isDoubting = false;

  /**
   * @param ask - calls the file system
   * @param interval - milliseconds from one check to the next
   */
  constructor(ask: (caller: Caller) => Outcome<MediaState>, interval: number) {
    this.#ask = ask;
    this.#interval = interval;
  }

  /** The volume is usable. Before, its kernel may let nobody in, and so not the check either. */
  start(): void {
    this.#due = 0;
  }

  /**
   * Before whatever goes by path.
   * @returns the medium it will be about
   * @throws DokanError NO_MEDIA_IN_DEVICE; CANCELLED when it was interrupted while it waited
   */
  admit(caller: Caller): Outcome<Medium> {
    if (this.#isChecking) {
      // What comes from the check itself must not wait for it.
      if (this.#isAwaited && !isOurs(caller.processId)) return this.#wait(caller);
    } else {
      this.look(caller);
      if (this.#isAwaited) return this.#wait(caller);
    }
    return this.#present();
  }

  /** Makes a check that is due, without waiting for it. @param caller - on whose behalf */
  look(caller: Caller): void {
    if (this.#isChecking || performance.now() < this.#due) return;
    // What comes from the check of another volume may be about this one.
    if (checksRunning > 0 && isOurs(caller.processId)) return;
    this.#check();
  }

  /** A callback has failed. */
  doubt(status: number): void {
    if (!this.#mayDoubt || this.#isChecking || !DOUBTFUL.has(status)) return;
    // Only once: a file system that goes on failing, and says that the medium is there, would be
    // asked before every open.
    this.#mayDoubt = false;
    this.#isDoubting = true;
    this.#due = Math.min(this.#due, performance.now());
  }

  /** The file system has answered, maybe long after it was given up. */
  take(state: MediaState): void {
    const medium = this.#medium;
    if (state === 'changed') {
      medium.failure = WRONG_VOLUME;
      this.#medium = new Medium(this);
    } else {
      const failure = state === 'absent' ? NO_MEDIA : undefined;
      if (medium.failure === failure) return;
      medium.failure = failure;
    }
    this.whenChanged?.(state);
  }

  #present(): Medium {
    const { failure } = this.#medium;
    if (failure !== undefined) throw failure;
    return this.#medium;
  }

  #check(): void {
    this.#isChecking = true;
    this.#mayDoubt = !this.#isDoubting;
    this.#isDoubting = false;
    checksRunning += 1;
    const asking: Caller = { ...NO_CALLER };
    let answer: Outcome<MediaState | undefined>;
    try {
      answer = this.#ask(asking);
    } catch (error) {
      answer = stateAfter(error as DokanError);
    }
    if (answer instanceof Promise) {
      this.#isAwaited = true;
      this.#patience = setTimeout(() => this.#goOn(), PATIENCE);
      void this.#finish(answer.catch(stateAfter), asking.running);
      return;
    }
    checksRunning -= 1;
    this.#end(answer);
  }

  async #finish(
    answering: Promise<MediaState | undefined>,
    call: Interruptible | undefined,
  ): Promise<void> {
    const answer = await answering;
    checksRunning -= 1;
    // One that was given up may still be at work: there is never a second one beside it.
    const returning = call?.whenReturned?.();
    if (returning !== undefined) {
      this.#goOn();
      await returning;
    }
    this.#end(answer);
    this.#goOn();
  }

  #end(answer: MediaState | undefined): void {
    this.#isChecking = false;
    this.#due = performance.now() + this.#interval;
    if (answer !== undefined) this.take(answer);
  }

  /** Waits for the check that is running. */
  #wait(caller: Caller): Promise<Medium> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(goOn);
        if (caller.running === waiting) caller.running = undefined;
      };
      const goOn = (): void => {
        leave();
        const { failure } = this.#medium;
        if (failure === undefined) resolve(this.#medium);
        else reject(failure);
      };
      const waiting: Interruptible = {
        interrupt: () => {
          leave();
          reject(new DokanError(NtStatus.CANCELLED));
        },
      };
      this.#waiting.add(goOn);
      if (caller !== NO_CALLER) caller.running = waiting;
    });
  }

  /** Nobody waits for the check any longer. */
  #goOn(): void {
    clearTimeout(this.#patience);
    this.#isAwaited = false;
    for (const goOn of [...this.#waiting]) goOn();
  }
}

/** What a failed check says; `undefined` when it says nothing. */
function stateAfter({ status }: DokanError): MediaState | undefined {
  return ABSENT.has(status) ? 'absent' : undefined;
}
