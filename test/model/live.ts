import type { Feature } from '../conformance/target.js';
import type { Posix, Stat } from '../support/posix.js';
import { Model } from './model.js';
import { isNamed, type ExpectedStat, type KnownTime, type Node, type OpenFile } from './nodes.js';

/** Where a file system under test may differ from the disk. */
export interface Differences {
  /** Directories count their subdirectories; btrfs, for one, always says 1. */
  readonly directoryLinks: boolean;
  /** Extended attributes of a file that is open and has no name left. */
  readonly unlinkedAttributes: Feature;
}

/** The model and what is open in it, by slot. */
export class ModelState {
  readonly model = new Model();
  readonly opens = new Map<number, OpenFile>();
  readonly differences: Differences;

  constructor(differences: Differences) {
    this.differences = differences;
  }

  isLive(node: Node): boolean {
    return isNamed(node) || [...this.opens.values()].some((open) => open.node === node);
  }
}

/** Clocks that file systems take times from run behind the one user programs read. */
const CLOCK_SLACK = 1_000_000_000n;

/** The directory under test in one sequence: a process that works in it, and what it has open. */
export class Live {
  readonly posix: Posix;
  readonly root: string;
  readonly state: ModelState;
  readonly descriptors = new Map<number, number>();
  readonly #inodes = new Map<Node, bigint>();
  readonly #since: bigint;

  /** @param since - when the sequence began: no time of this run is before it */
  constructor(
    posix: Posix,
    root: string,
    state: ModelState,
    since = BigInt(Date.now()) * 1_000_000n - CLOCK_SLACK,
  ) {
    this.posix = posix;
    this.root = root;
    this.state = state;
    this.#since = since;
  }

  /** The same tree, seen in another place. */
  at(root: string): Live {
    return new Live(this.posix, root, this.state, this.#since);
  }

  path(names: readonly string[]): string {
    return [this.root, ...names].join('/');
  }

  descriptor(slot: number): number {
    const descriptor = this.descriptors.get(slot);
    if (descriptor === undefined) throw new Error(`slot ${String(slot)} is open in the model only`);
    return descriptor;
  }

  /** What is wrong with a stat, or undefined. */
  statMistake(expected: ExpectedStat, got: Stat): string | undefined {
    const wrong: string[] = [];
    const compare = (what: string, wanted: unknown, found: unknown): void => {
      if (wanted !== found) wrong.push(`${what}: ${String(wanted)} expected, got ${String(found)}`);
    };
    compare('kind', expected.kind, got.kind);
    compare('mode', expected.mode.toString(8), got.mode.toString(8));
    if (expected.kind !== 'directory' || this.state.differences.directoryLinks) {
      compare('nlink', expected.nlink, got.nlink);
    }
    if (expected.size !== undefined) compare('size', expected.size, got.size);
    for (const field of ['atime', 'mtime'] as const) {
      const mistake = this.#timeMistake(expected[field], got[field]);
      if (mistake !== undefined) wrong.push(`${field}: ${mistake}`);
    }
    const changed = this.#timeMistake('recent', got.ctime);
    if (changed !== undefined) wrong.push(`ctime: ${changed}`);
    const identity = this.inodeMistake(expected.node, got.ino);
    if (identity !== undefined) wrong.push(identity);
    return wrong.length === 0 ? undefined : wrong.join('; ');
  }

  /** One node has one inode number while it lives, and no other living node has it. */
  inodeMistake(node: Node, inode: bigint): string | undefined {
    const known = this.#inodes.get(node);
    if (known !== undefined) {
      if (known === inode) return undefined;
      return `inode: was ${String(known)}, is ${String(inode)}`;
    }
    for (const [other, taken] of this.#inodes) {
      if (!this.state.isLive(other)) this.#inodes.delete(other);
      else if (taken === inode) return `inode: ${String(inode)} is that of another file as well`;
    }
    this.#inodes.set(node, inode);
    return undefined;
  }

  #timeMistake(expected: KnownTime, got: bigint): string | undefined {
    if (expected === 'unknown') return undefined;
    if (expected !== 'recent') {
      return expected === got ? undefined : `${String(expected)} expected, got ${String(got)}`;
    }
    const now = BigInt(Date.now()) * 1_000_000n + CLOCK_SLACK;
    if (got >= this.#since && got <= now) return undefined;
    return `a time of this run expected (${String(this.#since)} or later), got ${String(got)}`;
  }
}
