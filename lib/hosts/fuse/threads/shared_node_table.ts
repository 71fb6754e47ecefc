import { deserialize, serialize } from 'node:v8';
import type { FileInformation, Timestamp } from '../../../operations.js';
import type { SharedNodes } from '../../addon.js';
import { fuseError } from '../fuse_error.js';
import type { FileHandle } from '../handles.js';
import type { NodeTable } from '../nodes.js';
import { Errno, ROOT_ID } from '../protocol.js';

/** What an open is good for. */
const READS = 1;
const WRITES = 2;

type NodeKey = Pick<SharedNode, 'id' | 'generation'>;

/** There is no node of that number. */
const NO_NODE: NodeKey = { id: 0, generation: 0 };

/** Nodes a thread keeps at hand, with their paths, though nobody uses them just now. */
const AT_HAND = 1024;

/**
 * What one thread has of a node that all threads share. There is at most one for a node at a time:
 * who compares two compares the nodes.
 */
export class SharedNode {
  readonly id: number;
  readonly generation: number;
  /** Opens of it in this thread. */
  opens: FileHandle[] | undefined = undefined;
  /** The kernel passes nothing through for a volume of several threads. */
  readonly passed = undefined;
  /** Nor are its media changed. */
  readonly isLost = false;
  /** The last known path, made in that epoch of the store. */
  path = '/';
  epoch = 0;
  readonly #table: SharedNodeTable;

  constructor(table: SharedNodeTable, id: number, generation: number) {
    this.#table = table;
    this.id = id;
    this.generation = generation;
  }

  get #nodes(): SharedNodes {
    return this.#table.nodes;
  }

  get isUnlinked(): boolean {
    return this.id !== ROOT_ID && this.#nodes.place(this.id, this.generation) === undefined;
  }

  /** Where it is found; `undefined` for the root and for what is unlinked. */
  get parent(): SharedNode | undefined {
    if (this.#nodes.place(this.id, this.generation) === undefined) return undefined;
    const [generation = 0, id = 0] = this.#nodes.results;
    return this.#table.nodeOf(id, generation);
  }

  /** Its name there; without a parent its last path. */
  get name(): string {
    return this.#nodes.place(this.id, this.generation) ?? this.#table.path(this);
  }

  get lookups(): number {
    return this.#nodes.lookups(this.id, this.generation);
  }

  get inode(): number | bigint | undefined {
    return this.#nodes.inode(this.id, this.generation);
  }

  set inode(inode: number | bigint | undefined) {
    this.#nodes.setInode(this.id, this.generation, inode);
  }

  get mode(): number {
    return this.#nodes.mode(this.id, this.generation);
  }

  set mode(mode: number) {
    this.#nodes.setMode(this.id, this.generation, mode);
  }

  get remains(): FileInformation | undefined {
    const bytes = this.#nodes.remains(this.id, this.generation);
    return bytes === undefined ? undefined : (deserialize(bytes) as FileInformation);
  }

  set remains(info: FileInformation | undefined) {
    this.#nodes.setRemains(this.id, this.generation, serialize(info));
  }
}

/** The node table of a volume that several threads serve: one store, of which each has its view. */
export class SharedNodeTable {
  readonly nodes: SharedNodes;
  readonly root: SharedNode;
  changes = 0;
  readonly #thread: number;
  readonly #keepsOpens: boolean;
  readonly #known = new Map<number, WeakRef<SharedNode>>();
  readonly #gone = new FinalizationRegistry<number>((id) => {
    if (this.#known.get(id)?.deref() === undefined) this.#known.delete(id);
  });
  /** Nodes that stay, as a ring. */
  readonly #atHand: SharedNode[] = [];
  #next = 0;

  /**
   * @param thread - number of this thread
   * @param keepsOpens - open files belong to the thread that has opened them
   */
  constructor(nodes: SharedNodes, thread: number, keepsOpens: boolean) {
    this.nodes = nodes;
    this.#thread = thread;
    this.#keepsOpens = keepsOpens;
    this.root = new SharedNode(this, ROOT_ID, 0);
  }

  /** As sessions take it: each member that they use behaves as the one of NodeTable does. */
  asNodeTable(): NodeTable {
    return this as unknown as NodeTable;
  }

  get size(): number {
    return this.nodes.size();
  }

  /** @throws FuseError ESTALE for a number that was never given, or is forgotten */
  get(id: number): SharedNode {
    const node = this.find(id);
    if (node === undefined) throw fuseError(Errno.ESTALE);
    return node;
  }

  find(id: number): SharedNode | undefined {
    if (id === ROOT_ID) return this.root;
    const generation = this.nodes.find(id);
    return generation < 0 ? undefined : this.nodeOf(id, generation);
  }

  child(parent: SharedNode, name: string): SharedNode | undefined {
    const id = this.nodes.child(parent.id, parent.generation, name);
    this.changes = this.nodes.results[1] ?? 0;
    return this.#result(id);
  }

  /** The present path; the last one when the file is unlinked. */
  path(node: SharedNode): string {
    const path = this.nodes.path(node.id, node.generation, node.epoch);
    this.changes = this.nodes.results[1] ?? 0;
    if (path !== undefined) {
      node.path = path;
      node.epoch = this.nodes.results[0] ?? 0;
    }
    return node.path;
  }

  successorOf(node: SharedNode): SharedNode | undefined {
    // A handle of a stateless file system says which node it is of, and nothing more.
    if (!this.#keepsOpens) return undefined;
    return this.#result(this.nodes.successorOf(node.id, node.generation));
  }

  childPath(parent: SharedNode, name: string): string {
    return parent.id === ROOT_ID ? `/${name}` : `${this.path(parent)}/${name}`;
  }

  pathOf(parent: SharedNode, name: string): string {
    return this.childPath(parent, name);
  }

  /** The names the kernel was told of in a directory. */
  namesIn({ id, generation }: SharedNode): string[] {
    return this.nodes.children(id, generation);
  }

  enter(parent: SharedNode, name: string, info: FileInformation, mode: number): SharedNode {
    const { inode, creationTime, linkCount = 1 } = info;
    const birth = birthOf(creationTime);
    const { id, generation } = parent;
    return this.#entered(this.nodes.enter(id, generation, name, inode, birth, linkCount, mode));
  }

  enterFound(
    { id, generation }: SharedNode,
    name: string,
    { inode, creationTime, linkCount = 1 }: FileInformation,
    mode: number,
    asOf: number,
    isListed: boolean,
  ): SharedNode | undefined {
    const entered = this.nodes.enter(
      id,
      generation,
      name,
      inode,
      birthOf(creationTime),
      linkCount,
      mode,
      asOf,
      isListed,
    );
    return entered === undefined ? undefined : this.#entered(entered);
  }

  #entered(id: number | undefined): SharedNode {
    const node = this.#result(id ?? 0);
    // The directory has been forgotten: nobody can be asking for what is in it.
    if (node === undefined) throw fuseError(Errno.ESTALE);
    return node;
  }

  describe({ id, generation }: SharedNode, { creationTime, linkCount = 1 }: FileInformation): void {
    this.nodes.describe(id, generation, birthOf(creationTime), linkCount);
  }

  know({ id, generation }: SharedNode): void {
    this.nodes.know(id, generation);
  }

  forget({ id, generation }: SharedNode, count: number): void {
    this.nodes.forget(id, generation, count);
  }

  unlink(parent: SharedNode, name: string): void {
    this.nodes.unlink(parent.id, parent.generation, name);
  }

  unlinkFound(
    { id, generation }: SharedNode,
    name: string,
    node: SharedNode,
    asOf: number,
  ): boolean {
    return this.nodes.unlinkFound(id, generation, name, node.id, node.generation, asOf);
  }

  link(node: SharedNode, parent: SharedNode, name: string): void {
    this.nodes.link(node.id, node.generation, parent.id, parent.generation, name);
  }

  rename(
    parent: SharedNode,
    name: string,
    newParent: SharedNode,
    newName: string,
    node: NodeKey = NO_NODE,
  ): void {
    const { id, generation } = newParent;
    const { nodes } = this;
    const from = parent.generation;
    nodes.rename(parent.id, from, name, id, generation, newName, node.id, node.generation);
  }

  exchange(
    parent: SharedNode,
    name: string,
    otherParent: SharedNode,
    otherName: string,
    node: NodeKey = NO_NODE,
    other: NodeKey = NO_NODE,
  ): void {
    this.nodes.exchange(
      parent.id,
      parent.generation,
      name,
      otherParent.id,
      otherParent.generation,
      otherName,
      node.id,
      node.generation,
      other.id,
      other.generation,
    );
  }

  addOpen(node: SharedNode, handle: FileHandle): void {
    if (!this.#keepsOpens) return;
    (node.opens ??= []).push(handle);
    this.hold(node, waysOf(handle));
  }

  removeOpen(node: SharedNode, handle: FileHandle): void {
    const at = node.opens?.indexOf(handle) ?? -1;
    if (at < 0) return;
    node.opens?.splice(at, 1);
    if (node.opens?.length === 0) node.opens = undefined;
    this.letGo(node, waysOf(handle));
  }

  /** This thread has it open. @param ways - what for; see `SharedNodes.addOpen` */
  hold(node: SharedNode, ways: number): void {
    this.nodes.addOpen(node.id, node.generation, this.#thread, ways);
  }

  /** @param ways - as `hold` was told */
  letGo(node: SharedNode, ways: number): void {
    // Its last path is asked for after this.
    this.path(node);
    this.nodes.removeOpen(node.id, node.generation, this.#thread, ways);
  }

  /** This thread's view of a node. */
  nodeOf(id: number, generation: number): SharedNode {
    if (id === ROOT_ID) return this.root;
    const known = this.#known.get(id)?.deref();
    if (known?.generation === generation) return known;
    const node = new SharedNode(this, id, generation);
    this.#known.set(id, new WeakRef(node));
    this.#gone.register(node, id);
    this.#atHand[this.#next] = node;
    this.#next = (this.#next + 1) % AT_HAND;
    return node;
  }

  #result(id: number): SharedNode | undefined {
    return id === 0 ? undefined : this.nodeOf(id, this.nodes.results[0] ?? 0);
  }
}

/** What an open is good for, as the store counts opens. */
function waysOf({ readable, writable }: FileHandle): number {
  return (readable ? READS : 0) | (writable ? WRITES : 0);
}

/** A time as it can be compared. */
function birthOf(time: Timestamp | undefined): number | bigint | undefined {
  return typeof time === 'object' ? time.getTime() : time;
}
