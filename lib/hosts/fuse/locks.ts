import type { Outcome } from '../../outcome.js';
import {
  checkedSpan,
  conflicts,
  covered,
  overlap,
  WHOLE_FILE,
  without,
  withRequest,
  type HeldLock,
  type LockKind,
  type LockRequest,
  type Span,
} from './spans.js';

export { END_OF_FILE, endToWire, spanFromWire } from './spans.js';
export type { HeldLock, LockKind, LockRequest } from './spans.js';

/** What the file system must be asked to do. */
export interface LockChange<H> {
  readonly action: 'lock' | 'unlock';
  readonly offset: number;
  readonly length: number;
  /** The open to do it with. A range is unlocked through the open that locked it, as NT requires. */
  readonly handle: H;
}

/** Carries out one change at the file system, or throws. */
export type ApplyChange<H> = (change: LockChange<H>) => Outcome<unknown>;

/**
 * How a request ended.
 *
 * - `conflict`: another owner holds what is asked for (EAGAIN);
 * - `deadlock`: waiting would never end (EDEADLK);
 * - `interrupted`: it was given up while it waited (EINTR);
 * - `refused`: the file system threw `error`. A lock is then not held. An unlock is done all the
 *   same, but the file system may have lost what the owner keeps of that range.
 */
export type LockResult<H> =
  | { readonly granted: true }
  | { readonly granted: false; readonly reason: 'conflict'; readonly conflict: HeldLock<H> }
  | { readonly granted: false; readonly reason: 'deadlock' | 'interrupted' }
  | { readonly granted: false; readonly reason: 'refused'; readonly error: unknown };

/** A request that waits for its lock. */
export interface LockWait<H> {
  /** Never rejects. */
  readonly result: Promise<LockResult<H>>;
  /** Gives up. Too late, and without effect, once the file system is being asked. */
  interrupt(): void;
}

/** A range the file system has locked for us. */
interface LockedRange<H> extends Span {
  readonly handle: H;
}

interface NodeLocks<H> {
  held: readonly HeldLock<H>[];
  /** Disjoint. Together the bytes of `held`, less what the file system would not lock again. */
  ranges: LockedRange<H>[];
  /** In the order they came. */
  readonly queue: Waiter<H>[];
  /** The end of the last turn. */
  turns: Promise<void>;
  /** Turns not over yet. */
  pending: number;
}

const GRANTED = { granted: true } as const;
const INTERRUPTED = { granted: false, reason: 'interrupted' } as const;
const DEADLOCK = { granted: false, reason: 'deadlock' } as const;
/**
 * The locks of one volume, where we keep them and not the kernel (option `userModeLock`).
 *
 * Programs get what fcntl(2) and flock(2) promise: shared and exclusive locks, of which a part may
 * be released, upgraded or locked again. The file system gets what NT knows: exclusive ranges,
 * each unlocked exactly as it was locked. It sees the bytes that anyone holds, each of them once.
 *
 * What changes a node's locks takes its turn, one at a time, because asking the file system takes
 * time: nobody is granted a lock the file system may yet refuse to the one before. Whoever waits is
 * looked after at the end of each turn, before anyone new, in the order they came. A new request
 * waits for locks that are held, never for those that wait (as on Linux): otherwise programs that
 * cannot deadlock would.
 *
 * @typeParam H - an open file
 */
export class LockTable<H> {
  readonly #nodes = new Map<number, NodeLocks<H>>();
  /** Owners of fcntl locks who wait, and for what: the edges of the wait-for graph. */
  readonly #waiting = new Map<bigint, Set<Waiter<H>>>();

  /** Nodes of which anything is known. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Owners who wait for an fcntl lock. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The locks held on a node. */
  held(node: number): readonly HeldLock<H>[] {
    return this.#nodes.get(node)?.held ?? [];
  }

  /** GETLK: the first lock that stands in the way, `undefined` if none does. @throws RangeError */
  test(node: number, request: LockRequest<H>): HeldLock<H> | undefined {
    return conflicts(this.held(node), checked(request))[0];
  }

  /**
   * SETLK: locks or unlocks at once or not at all.
   *
   * A flock that is converted in vain is lost, as on Linux: flock(2) releases before it locks.
   *
   * @param apply - asks the file system, change by change
   * @returns never rejects
   * @throws RangeError for a range that is none
   */
  set(node: number, request: LockRequest<H>, apply: ApplyChange<H>): Promise<LockResult<H>> {
    const wanted = checked(request);
    return this.#turn(node, async (locks) => {
      if (wanted.type === 'unlock') return unlock(locks, wanted, apply);
      const [conflict] = await this.#conflictsOf(locks, wanted, apply);
      if (conflict !== undefined) return { granted: false, reason: 'conflict', conflict };
      return lock(locks, wanted, apply);
    });
  }

  /**
   * SETLKW: locks as soon as nobody else holds any of it.
   *
   * Only who holds locks here is waited for. When it is the file system that refuses (someone on
   * another machine), the result is `refused`: it has no way to say when to try again.
   *
   * @param apply - asks the file system, change by change
   * @throws RangeError for a range that is none
   */
  wait(node: number, request: LockRequest<H>, apply: ApplyChange<H>): LockWait<H> {
    const wanted = checked(request);
    const waiter = new Waiter(wanted, apply);
    const turn = this.#turn(node, async (locks) => {
      if (waiter.wasInterrupted()) return INTERRUPTED;
      if (wanted.type === 'unlock') {
        waiter.isAsking = true;
        return unlock(locks, wanted, apply);
      }
      const obstacles = await this.#conflictsOf(locks, wanted, apply);
      // Converting a flock may have taken the file system some time.
      if (waiter.wasInterrupted()) return INTERRUPTED;
      if (obstacles.length === 0) {
        waiter.isAsking = true;
        return lock(locks, wanted, apply);
      }
      if (this.#wouldDeadlock(wanted, obstacles)) return DEADLOCK;
      this.#enqueue(node, locks, waiter);
      return undefined;
    });
    void turn.then((result) => {
      if (result !== undefined) waiter.settle(result);
    });
    return waiter;
  }

  /**
   * An owner's locks on a node are gone: FLUSH for fcntl (closing any descriptor of the file
   * releases them), RELEASE with RELEASE_FLOCK_UNLOCK for flock. What the file system says to that
   * changes nothing.
   *
   * @returns at once when there are none
   */
  releaseOwner(node: number, owner: bigint, kind: LockKind, apply: ApplyChange<H>): Outcome<void> {
    const isTheirs = (held: HeldLock<H>): boolean => held.owner === owner && held.kind === kind;
    return this.#release(node, isTheirs, () => false, undefined, apply);
  }

  /**
   * An open is released: nothing may be locked through it any longer. Locks still held through it
   * go (those of an open file description, for whose end the kernel sends no unlock); ranges that
   * others hold too are locked through one of theirs instead.
   *
   * @returns at once when there is nothing to do; wait for it before the open's cleanup
   */
  releaseHandle(node: number, handle: H, apply: ApplyChange<H>): Outcome<void> {
    const isThrough = (user: { readonly handle: H }): boolean => user.handle === handle;
    return this.#release(node, isThrough, isThrough, isThrough, apply);
  }

  /** A node is gone with all its locks; whoever waits is interrupted. */
  releaseNode(node: number, apply: ApplyChange<H>): Outcome<void> {
    const all = (): boolean => true;
    return this.#release(node, all, all, all, apply);
  }

  #release(
    node: number,
    isGone: (held: HeldLock<H>) => boolean,
    givesUp: (request: LockRequest<H>) => boolean,
    isClosing: ((range: LockedRange<H>) => boolean) | undefined,
    apply: ApplyChange<H>,
  ): Outcome<void> {
    const known = this.#nodes.get(node);
    if (known === undefined) return undefined;
    const dismiss = (): void => {
      for (const waiter of [...known.queue]) {
        if (givesUp(waiter.request)) waiter.interrupt();
      }
    };
    dismiss();
    // Every close of every file comes by here: those who hold nothing are not to wait.
    const concerns =
      known.pending > 0 || known.held.some(isGone) || known.ranges.some(isClosing ?? (() => false));
    if (!concerns) return undefined;
    return this.#turn(node, async (locks) => {
      // Some may have come to wait in the turns before this one.
      dismiss();
      const kept = locks.held.filter((held) => !isGone(held));
      await shrink(locks, kept, WHOLE_FILE, isClosing, apply);
    });
  }

  /** Who stands in the way. An owner who converts a flock lets go of it first. */
  async #conflictsOf(
    locks: NodeLocks<H>,
    request: LockRequest<H>,
    apply: ApplyChange<H>,
  ): Promise<HeldLock<H>[]> {
    const obstacles = conflicts(locks.held, request);
    if (obstacles.length > 0 && request.kind === 'flock') {
      await unlock(locks, { ...request, type: 'unlock' }, apply);
    }
    return obstacles;
  }

  #enqueue(node: number, locks: NodeLocks<H>, waiter: Waiter<H>): void {
    const { kind, owner } = waiter.request;
    const siblings = kind === 'posix' ? (this.#waiting.get(owner) ?? new Set()) : undefined;
    if (siblings !== undefined) this.#waiting.set(owner, siblings.add(waiter));
    waiter.obstacles = () => conflicts(locks.held, waiter.request);
    waiter.leave = () => {
      waiter.leave = undefined;
      locks.queue.splice(locks.queue.indexOf(waiter), 1);
      if (siblings?.delete(waiter) === true && siblings.size === 0) this.#waiting.delete(owner);
      this.#forget(node, locks);
    };
    locks.queue.push(waiter);
  }

  /**
   * Looks for a way from those who stand in the way back to the one who asks. An owner is one
   * process, as POSIX has it: that another of its threads might yet unlock does not count.
   *
   * A ring can only close when its last member starts to wait, so nobody has to look again later.
   */
  #wouldDeadlock(request: LockRequest<H>, obstacles: readonly HeldLock<H>[]): boolean {
    if (request.kind !== 'posix') return false;
    const seen = new Set<bigint>();
    const toVisit = obstacles.map(({ owner }) => owner);
    for (let owner = toVisit.pop(); owner !== undefined; owner = toVisit.pop()) {
      if (owner === request.owner) return true;
      if (seen.has(owner)) continue;
      seen.add(owner);
      for (const waiter of this.#waiting.get(owner) ?? []) {
        for (const obstacle of waiter.obstacles()) toVisit.push(obstacle.owner);
      }
    }
    return false;
  }

  #turn<T>(node: number, step: (locks: NodeLocks<H>) => Promise<T>): Promise<T> {
    let locks = this.#nodes.get(node);
    if (locks === undefined) {
      locks = { held: [], ranges: [], queue: [], turns: Promise.resolve(), pending: 0 };
      this.#nodes.set(node, locks);
    }
    const mine = locks;
    mine.pending += 1;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      mine.pending -= 1;
      this.#forget(node, mine);
    };
    const result = mine.turns.then(async () => {
      try {
        return await step(mine);
      } finally {
        // Before the result is known, so that who hears of it finds nothing going on.
        if (mine.queue.length === 0) end();
      }
    });
    const wake = async (): Promise<void> => {
      if (isOver) return;
      await this.#wake(mine);
      end();
    };
    mine.turns = result.then(wake, wake);
    return result;
  }

  /** Grants what can be granted, until nothing more can. */
  async #wake(locks: NodeLocks<H>): Promise<void> {
    for (;;) {
      const next = locks.queue.find(({ request }) => conflicts(locks.held, request).length === 0);
      if (next === undefined) return;
      next.isAsking = true;
      next.leave?.();
      next.settle(await lock(locks, next.request, next.apply));
    }
  }

  #forget(node: number, locks: NodeLocks<H>): void {
    const { pending, queue, held, ranges } = locks;
    if (pending + queue.length + held.length + ranges.length === 0) this.#nodes.delete(node);
  }
}

class Waiter<H> implements LockWait<H> {
  readonly request: LockRequest<H>;
  readonly apply: ApplyChange<H>;
  readonly result: Promise<LockResult<H>>;
  #interrupted = false;
  /** The file system may have been asked for the lock: only its answer counts now. */
  isAsking = false;
  settle!: (result: LockResult<H>) => void;
  /** Takes it out of the queue; absent while it is in none. */
  leave: (() => void) | undefined = undefined;
  obstacles: () => readonly HeldLock<H>[] = () => [];

  constructor(request: LockRequest<H>, apply: ApplyChange<H>) {
    this.request = request;
    this.apply = apply;
    this.result = new Promise((resolve) => (this.settle = resolve));
  }

  wasInterrupted(): boolean {
    return this.#interrupted;
  }

  interrupt(): void {
    if (this.isAsking) return;
    this.#interrupted = true;
    this.leave?.();
    this.settle(INTERRUPTED);
  }
}

/** Takes a lock nobody stands in the way of: all of it, or nothing when the file system refuses. */
async function lock<H>(
  locks: NodeLocks<H>,
  request: LockRequest<H>,
  apply: ApplyChange<H>,
): Promise<LockResult<H>> {
  const held = withRequest(locks.held, request);
  const added: LockedRange<H>[] = [];
  for (const span of without(covered(held, request), covered(locks.held, request))) {
    const range = { ...span, handle: request.handle };
    const failure = await attempt('lock', range, apply);
    if (failure !== undefined) {
      for (const taken of added.reverse()) await attempt('unlock', taken, apply);
      return { granted: false, reason: 'refused', error: failure.error };
    }
    added.push(range);
  }
  locks.ranges.push(...added);
  locks.held = held;
  return GRANTED;
}

async function unlock<H>(
  locks: NodeLocks<H>,
  request: LockRequest<H>,
  apply: ApplyChange<H>,
): Promise<LockResult<H>> {
  const kept = withRequest(locks.held, request);
  const failure = await shrink(locks, kept, request, undefined, apply);
  return failure === undefined
    ? GRANTED
    : { granted: false, reason: 'refused', error: failure.error };
}

/**
 * Leaves only `kept` of the locks; they differ from those held in `within` only. NT cannot release
 * a part of a range: it is unlocked as a whole and what remains of it locked anew, through another
 * open when its own is closing. There is no way back, so a failure stops nothing.
 */
async function shrink<H>(
  locks: NodeLocks<H>,
  kept: readonly HeldLock<H>[],
  within: Span,
  isClosing: ((range: LockedRange<H>) => boolean) | undefined,
  apply: ApplyChange<H>,
): Promise<{ error: unknown } | undefined> {
  const gone = without(covered(locks.held, within), covered(kept, within));
  const failures: { error: unknown }[] = [];
  const ranges: LockedRange<H>[] = [];
  for (const range of locks.ranges) {
    const closing = isClosing?.(range) === true;
    if (!closing && !gone.some((span) => overlap(span, range))) {
      ranges.push(range);
      continue;
    }
    const failure = await attempt('unlock', range, apply);
    if (failure !== undefined) failures.push(failure);
    for (const span of without([range], gone)) {
      const user = closing ? kept.find((held) => overlap(held, span)) : range;
      if (user === undefined) continue;
      const part = { ...span, handle: user.handle };
      const refusal = await attempt('lock', part, apply);
      if (refusal === undefined) ranges.push(part);
      else failures.push(refusal);
    }
  }
  locks.ranges = ranges;
  locks.held = kept;
  return failures[0];
}

async function attempt<H>(
  action: LockChange<H>['action'],
  { start, end, handle }: LockedRange<H>,
  apply: ApplyChange<H>,
): Promise<{ error: unknown } | undefined> {
  try {
    await apply({ action, offset: start, length: end - start + 1, handle });
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** @throws RangeError */
function checked<H>(request: LockRequest<H>): LockRequest<H> {
  if (request.kind === 'flock') return { ...request, ...WHOLE_FILE };
  checkedSpan(request.start, request.end);
  return request;
}
