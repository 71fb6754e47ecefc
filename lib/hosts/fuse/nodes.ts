import type { FileInformation } from '../../operations.js';
import { isDirectoryMode } from './attributes.js';
import { fuseError } from './fuse_error.js';
import type { FileHandle } from './handles.js';
import { InodeIndex } from './inode_index.js';
import { birthOf, isFile, isOther, Node } from './node.js';
import { NodePaths } from './node_paths.js';
import { PlaceIndex } from './place_index.js';
import { Errno, ROOT_ID } from './protocol.js';
import { Slots } from './slots.js';

export { isOther, Node } from './node.js';

/** Every file the kernel may still name, and where it is. */
export class NodeTable {
  readonly root = new Node(ROOT_ID, 0, undefined, '/');
  /**
   * How many times a name was given or taken, when `child` or `path` was called last: what the file
   * system is asked for by that name or path is true as of this.
   */
  changes = 0;
  readonly #nodes = new Slots<Node>();
  readonly #byPlace = new PlaceIndex(this.#nodes);
  readonly #byInode = new InodeIndex(this.#nodes);
  readonly #paths = new NodePaths();
  #generation = 0;
  /** The highest number there ever was. */
  #highest = 0;

  constructor() {
    this.#highest = this.#nodes.add(this.root);
  }

  /** Nodes in the table, the root among them. */
  get size(): number {
    return this.#nodes.size;
  }

  /** @throws FuseError ESTALE for a number that was never given, is forgotten, or of another medium */
  get(id: number): Node {
    const node = this.#nodes.get(id);
    if (node === undefined || node.isLost) throw fuseError(Errno.ESTALE);
    return node;
  }

  find(id: number): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Every node but the root. */
  *[Symbol.iterator](): Generator<Node> {
    for (const node of this.#nodes) {
      if (node !== this.root) yield node;
    }
  }

  /** There is another medium: none of its files is one of those so far, whatever its name and number. */
  loseAll(): void {
    // What is open is closed by its last path.
    const paths = Array.from(this, (node) => this.path(node));
    let at = 0;
    for (const node of this) {
      node.isLost = true;
      node.parent = undefined;
      node.name = paths[at++] ?? '';
      node.otherPlaces = undefined;
      node.childCount = 0;
    }
    this.#byInode.clear();
    this.#byPlace.clear();
    this.#paths.clear();
    this.root.childCount = 0;
    this.root.inode = undefined;
    for (const node of this) this.#sweep(node);
  }

  child(parent: Node, name: string): Node | undefined {
    return this.#byPlace.get(parent, name);
  }

  /** The names the kernel was told of in a directory; looks at every node. */
  *namesIn(parent: Node): Generator<string> {
    for (const node of this) {
      if (node.parent === parent) yield node.name;
      for (const other of node.otherPlaces ?? []) if (other.parent === parent) yield other.name;
    }
  }

  /** The present path; the last one when the file is unlinked. */
  path(node: Node): string {
    return this.#paths.of(node);
  }

  /** What is found now under the name of a file that was replaced. */
  successorOf(node: Node): Node | undefined {
    const place = node.replacedAt;
    return place === undefined ? undefined : this.child(place.parent, place.name);
  }

  childPath(parent: Node, name: string): string {
    return this.#paths.ofChild(parent, name);
  }

  /** The path of a name: its node's, which is mostly made already, if it goes by that name. */
  pathOf(parent: Node, name: string, child: Node | undefined): string {
    return child?.isAt(parent, name) === true ? this.path(child) : this.childPath(parent, name);
  }

  /**
   * The kernel is told of a name: finds or makes its node and counts the lookup.
   * @param mode - what the kernel will be told; directories, having one name, are never joined
   */
  enter(parent: Node, name: string, info: FileInformation, mode: number): Node {
    const { inode } = info;
    const directory = isDirectoryMode(mode);
    let node = this.child(parent, name);
    if (node !== undefined && isOther(node, info, mode)) {
      // Somebody put another file there behind the kernel's back: it must not get the old file's
      // pages and opens.
      this.#drop(parent, name);
      node = undefined;
    }
    if (node === undefined && inode !== undefined && !directory) {
      node = this.#joined(inode, info, mode);
      if (node !== undefined) this.link(node, parent, name);
    }
    node ??= this.#add(parent, name);
    if (node.otherPlaces !== undefined) this.#prefer(node, parent, name);
    if (inode !== undefined && node.inode === undefined) {
      node.inode = inode;
      if (!directory) this.#byInode.keep(node, inode);
    }
    this.describe(node, info);
    node.lookups += 1;
    return node;
  }

  /**
   * As `enter`, with what was found out without holding off others.
   * @param asOf - `changes` when the file system was asked
   * @param isListed - it is of many that were asked for together, and is believed that it is there
   * @returns `undefined` when that may be outdated, and the name is another one's by now, or nobody's
   */
  enterFound(
    parent: Node,
    name: string,
    info: FileInformation,
    mode: number,
    asOf: number,
    isListed: boolean,
  ): Node | undefined {
    if (asOf !== this.changes && this.#isOutdated(parent, asOf)) {
      const node = this.child(parent, name);
      if (node === undefined ? !isListed : isOther(node, info, mode)) return undefined;
    }
    return this.enter(parent, name, info, mode);
  }

  /** What was asked of a name there, `asOf` changes ago, may be about another file. */
  #isOutdated(parent: Node, asOf: number): boolean {
    if (parent.namesChanged > asOf) return true;
    // Who was asked went by a path.
    for (let at: Node | undefined = parent; at !== undefined; at = at.parent) {
      if (at.moved > asOf) return true;
    }
    return false;
  }

  #noteChange(parent: Node): void {
    parent.namesChanged = ++this.changes;
  }

  /** The kernel is told what the file system says of a node. */
  describe(node: Node, { creationTime, linkCount = 1 }: FileInformation): void {
    const { parent, otherPlaces, inode, mode } = node;
    const seen = (parent === undefined ? 0 : 1) + (otherPlaces?.length ?? 0);
    const unseenNames = Math.max(0, linkCount - seen);
    node.unseenNames = unseenNames;
    const mayBeJoined = unseenNames > 0 || parent === undefined;
    node.birth = mayBeJoined ? birthOf(creationTime) : undefined;
    // It was given up for gone, and is not.
    if (parent === undefined && unseenNames > 0 && inode !== undefined && isFile(mode)) {
      if (this.#byInode.get(inode) === undefined) this.#byInode.keep(node, inode);
    }
  }

  /** The node of a file that is found by one more of its names. */
  #joined(inode: number | bigint, info: FileInformation, mode: number): Node | undefined {
    const node = this.#byInode.get(inode);
    if (node === undefined || isOther(node, info, mode)) return undefined;
    if (node.parent !== undefined) return (info.linkCount ?? 1) > 1 ? node : undefined;
    // All the names it was known by are gone. This may be one of the others, or another file with
    // the number of one that is gone altogether.
    return node.birth !== undefined && node.birth === birthOf(info.creationTime) ? node : undefined;
  }

  /**
   * Of several names the path is made of the one that was just looked up: the others may lead to
   * another file by now, if somebody changed them behind the kernel's back.
   */
  #prefer(node: Node, parent: Node, name: string): void {
    const others = node.otherPlaces;
    if (others === undefined || node.parent === undefined) return;
    const at = others.findIndex((other) => other.parent === parent && other.name === name);
    const chosen = others[at];
    if (chosen === undefined) return;
    others.splice(at, 1, { parent: node.parent, name: node.name });
    node.parent = chosen.parent;
    node.name = chosen.name;
    this.#paths.outdate(node);
  }

  /** The kernel is told of a node once more. */
  know(node: Node): void {
    node.lookups += 1;
  }

  /** The kernel has forgotten `count` lookups. */
  forget(node: Node, count: number): void {
    node.lookups = Math.max(0, node.lookups - count);
    if (node.lookups === 0) this.#sweep(node);
  }

  /** The name is gone; the node stays for as long as the kernel or an open knows it. */
  unlink(parent: Node, name: string): void {
    this.#drop(parent, name);
    this.#sweep(parent);
  }

  /**
   * A name was found to be that node's no more.
   * @param asOf - `changes` when the file system was asked
   * @returns false, and nothing is done, when that may no longer be so
   */
  unlinkFound(parent: Node, name: string, node: Node, asOf: number): boolean {
    if (this.child(parent, name) !== node || this.#isOutdated(parent, asOf)) return false;
    this.unlink(parent, name);
    return true;
  }

  /** The file has one more name. */
  link(node: Node, parent: Node, name: string): void {
    const before = this.child(parent, name);
    if (before === node) return;
    if (before !== undefined) this.#drop(parent, name);
    this.#noteChange(parent);
    if (isDirectoryMode(node.mode)) node.moved = this.changes;
    this.#byPlace.keep(node, parent, name);
    if (node.parent === undefined) {
      node.parent = parent;
      node.name = name;
      this.#paths.outdate(node);
      // Without a name it could not be joined; a name of this volume's own making says it still can.
      if (node.inode !== undefined && isFile(node.mode)) this.#byInode.keep(node, node.inode);
    } else {
      (node.otherPlaces ??= []).push({ parent, name });
    }
  }

  /**
   * What had `newName` is replaced.
   * @param moved - what had the old name when the file system was asked: somebody may have found it
   * to be gone from there since, and it has the new one all the same
   */
  rename(parent: Node, name: string, newParent: Node, newName: string, moved?: Node): void {
    this.#noteChange(parent);
    this.#noteChange(newParent);
    const node = this.#present(moved) ?? this.child(parent, name);
    const replaced = this.child(newParent, newName);
    if (node !== undefined && replaced === node) return;
    this.#drop(newParent, newName);
    if (node === undefined) return this.#sweep(newParent);
    if (replaced?.isUnlinked === true) replaced.replacedAt = { parent: newParent, name: newName };
    this.#takeName(node, parent, name);
    this.link(node, newParent, newName);
    this.#sweep(parent);
  }

  /** @param moved, otherMoved - as for `rename` */
  exchange(
    parent: Node,
    name: string,
    otherParent: Node,
    otherName: string,
    moved?: Node,
    otherMoved?: Node,
  ): void {
    this.#noteChange(parent);
    this.#noteChange(otherParent);
    const node = this.#present(moved) ?? this.child(parent, name);
    const other = this.#present(otherMoved) ?? this.child(otherParent, otherName);
    if (node === other) return;
    this.#takeName(node, parent, name);
    this.#takeName(other, otherParent, otherName);
    if (node !== undefined) this.link(node, otherParent, otherName);
    if (other !== undefined) this.link(other, parent, name);
    this.#sweep(parent);
    this.#sweep(otherParent);
  }

  addOpen(node: Node, handle: FileHandle): void {
    if (node.opens === undefined) {
      handle.position = 0;
      node.opens = [handle];
    } else {
      handle.position = node.opens.push(handle) - 1;
    }
  }

  removeOpen(node: Node, handle: FileHandle): void {
    const { opens } = node;
    if (opens?.[handle.position] !== handle) return;
    const last = opens.pop();
    if (last !== undefined && last !== handle) {
      opens[handle.position] = last;
      last.position = handle.position;
    }
    if (opens.length === 0) node.opens = undefined;
    this.#sweep(node);
  }

  /** A node, if it can still be given a name. */
  #present(node: Node | undefined): Node | undefined {
    return node !== undefined && this.#nodes.get(node.id) === node && !node.isLost
      ? node
      : undefined;
  }

  /** What goes from one name to another loses the first, and may have lost it already. */
  #takeName(node: Node | undefined, parent: Node, name: string): void {
    if (node !== undefined && this.child(parent, name) === node) {
      this.#removeName(node, parent, name);
    }
  }

  /** Takes a name away, and its node when nobody knows that any more; the parent stays. */
  #drop(parent: Node, name: string): void {
    this.#noteChange(parent);
    const node = this.child(parent, name);
    if (node === undefined) return;
    this.#removeName(node, parent, name);
    this.#sweep(node);
  }

  #add(parent: Node, name: string): Node {
    const id = this.#nodes.next;
    if (id <= this.#highest) this.#generation += 1;
    else this.#highest = id;
    const node = new Node(id, this.#generation, parent, name);
    this.#nodes.add(node);
    this.#byPlace.keep(node, parent, name);
    return node;
  }

  #removeName(node: Node, parent: Node, name: string): void {
    this.#byPlace.lose(node, parent, name);
    const others = node.otherPlaces;
    if (node.isAt(parent, name)) {
      const next = others?.shift();
      // Unlinked it keeps its path.
      const path = next === undefined ? this.path(node) : next.name;
      this.#paths.outdate(node);
      node.parent = next?.parent;
      node.name = path;
      // The number may be given to another file from now on.
      if (next === undefined && node.unseenNames === 0) this.#byInode.lose(node);
    } else if (others !== undefined) {
      const at = others.findIndex((place) => place.parent === parent && place.name === name);
      if (at >= 0) others.splice(at, 1);
    }
    if (others?.length === 0) node.otherPlaces = undefined;
  }

  /** Takes out a node that nobody knows any more, then its parents that were kept for its sake. */
  #sweep(start: Node): void {
    let node: Node | undefined = start;
    while (
      node !== undefined &&
      node.id !== ROOT_ID &&
      node.lookups === 0 &&
      node.opens === undefined &&
      node.childCount === 0 &&
      this.#nodes.get(node.id) === node
    ) {
      const { parent }: Node = node;
      if (parent !== undefined) this.#byPlace.lose(node, parent, node.name);
      for (const other of node.otherPlaces ?? []) {
        this.#byPlace.lose(node, other.parent, other.name);
        if (other.parent !== parent) this.#sweep(other.parent);
      }
      this.#byInode.lose(node);
      this.#paths.delete(node);
      this.#nodes.remove(node.id);
      node = parent;
    }
  }
}
