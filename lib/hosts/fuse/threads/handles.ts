import { IoFlags, type Open, type RequestTarget } from '../../../target.js';
import { fuseError } from '../fuse_error.js';
import { HandleTable, FileHandle, type DirectoryHandle } from '../handles.js';
import type { Node } from '../nodes.js';
import { Errno, OpenFlags } from '../protocol.js';
import type { SharedNode, SharedNodeTable } from './shared_node_table.js';

/** The low bits of a handle say whose it is: the native side hands requests on by them. */
const THREADS = 4096;

/** Handles of one of several threads: the numbers of no two threads are the same. */
export class OwnedHandles<T extends object> extends HandleTable<T> {
  readonly #thread: number;

  constructor(thread: number) {
    super();
    this.#thread = thread;
  }

  override add(handle: T): number {
    return super.add(handle) * THREADS + this.#thread;
  }

  override get(number: number): T {
    return super.get(this.#indexOf(number));
  }

  override find(number: number): T | undefined {
    return super.find(this.#indexOf(number));
  }

  override remove(number: number): T | undefined {
    return super.remove(this.#indexOf(number));
  }

  /** 0, which is never in use, for those of others. */
  #indexOf(number: number): number {
    return number % THREADS === this.#thread ? Math.floor(number / THREADS) : 0;
  }
}

/** An open of a directory is good for neither reading nor writing a file. */
const LISTING = 0;

/** Directories belong to the thread that has opened them: it has the listing. */
export class OwnedDirectories extends OwnedHandles<DirectoryHandle> {
  readonly #nodes: SharedNodeTable;

  constructor(thread: number, nodes: SharedNodeTable) {
    super(thread);
    this.#nodes = nodes;
  }

  override add(handle: DirectoryHandle): number {
    this.#nodes.hold(handle.node as unknown as SharedNode, LISTING);
    return super.add(handle);
  }

  override remove(number: number): DirectoryHandle | undefined {
    const handle = super.remove(number);
    if (handle !== undefined) this.#nodes.letGo(handle.node as unknown as SharedNode, LISTING);
    return handle;
  }
}

/** What makes opens of which nothing is kept. */
export interface StatelessOpens extends Pick<RequestTarget, 'adopt'> {
  /** An open that is given up without its cleanup and closeFile: those are another one's. */
  disown(open: Open): void;
}

const READABLE = 1;
const WRITABLE = 2;
const DIRECT = 4;
const WAYS = 8;

/**
 * Open files of a stateless file system: the number itself says which node it is, and how it is
 * open, so that every thread can serve every handle. The kernel keeps the node while it is open.
 */
export class StatelessFiles extends HandleTable<FileHandle> {
  readonly #nodes: SharedNodeTable;
  readonly #opens: StatelessOpens;

  constructor(nodes: SharedNodeTable, opens: StatelessOpens) {
    super();
    this.#nodes = nodes;
    this.#opens = opens;
  }

  override add(handle: FileHandle): number {
    this.#opens.disown(handle.open);
    const ways =
      (handle.readable ? READABLE : 0) |
      (handle.writable ? WRITABLE : 0) |
      ((handle.io & IoFlags.NO_CACHE) !== 0 ? DIRECT : 0);
    return handle.node.id * WAYS + ways;
  }

  override get(number: number): FileHandle {
    const handle = this.find(number);
    if (handle === undefined) throw fuseError(Errno.EBADF);
    // There is nothing to ask for it by: its last path may be another file's by now.
    if (handle.node.isUnlinked) throw fuseError(Errno.ESTALE);
    return handle;
  }

  override find(number: number): FileHandle | undefined {
    const node = this.#nodes.find(Math.floor(number / WAYS)) as unknown as Node | undefined;
    if (node === undefined) return undefined;
    const open = this.#opens.adopt(this.#nodes.path(node as unknown as SharedNode));
    return new FileHandle(open, node, node, flagsOf(number % WAYS));
  }

  override remove(number: number): FileHandle | undefined {
    return this.find(number);
  }
}

function flagsOf(ways: number): number {
  const access =
    (ways & WRITABLE) === 0
      ? 0
      : (ways & READABLE) === 0
        ? OpenFlags.WRITE_ONLY
        : OpenFlags.READ_WRITE;
  return (ways & DIRECT) === 0 ? access : access | OpenFlags.DIRECT;
}
