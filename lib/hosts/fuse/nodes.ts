import { randomInt } from 'node:crypto';
import type { FileInformation } from '../../operations.js';
import { isDirectoryMode } from './attributes.js';
import { fuseError } from './fuse_error.js';
import type { FileHandle } from './handles.js';
import { hashOfNumber, hashOfPlace, IdIndex } from './id_index.js';
import { birthOf, isFile, isOther, Node } from './node.js';
import { Errno, ROOT_ID } from './protocol.js';
import { RecentPaths } from './recent_paths.js';
import { Slots } from './slots.js';

export { isOther, Node } from './node.js';

/** Every file the kernel may still name, and where it is. */
export class NodeTable {
  readonly root = new Node(ROOT_ID, 0, undefined, '/');
  readonly #nodes = new Slots<Node>();
  /** Every node by every place it is at. */
  readonly #byPlace = new IdIndex();
  /** Files (not directories) by the identity the file system gives them, to join hard links. */
  readonly #byInode = new IdIndex();
  readonly #paths = new RecentPaths();
  /** The last path that was made: a name that is missing is mostly asked for to be created. */
  #lastPath = '';
  #lastPathParent: Node | undefined = undefined;
  #lastPathName = '';
  readonly #seed = randomInt(0x1_0000_0000);
  #lastName = '';
  #lastParent = 0;
  #lastHash = 0;
  #generation = 0;
  /** The highest number there ever was. */
  #highest = 0;
  /** Counts renames of directories: each outdates every path made before. */
  #epoch = 0;

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
    this.#lastPathParent = undefined;
    this.root.childCount = 0;
    this.root.inode = undefined;
    for (const node of this) this.#sweep(node);
  }

  child(parent: Node, name: string): Node | undefined {
    const index = this.#byPlace;
    for (let at = index.first(this.#hash(parent, name)); at >= 0; at = index.next(at)) {
      const node = this.#nodes.get(index.id(at));
      if (node === undefined) continue;
      if (node.isAt(parent, name)) return node;
      if (node.otherPlaces?.some((other) => other.parent === parent && other.name === name)) {
        return node;
      }
    }
    return undefined;
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
    if (node.parent === undefined) return node.name;
    let path = this.#paths.get(node);
    if (path === undefined) {
      path = this.childPath(node.parent, node.name);
      this.#paths.set(node, path);
    }
    return path;
  }

  /** What is found now under the name of a file that was replaced. */
  successorOf(node: Node): Node | undefined {
    const place = node.replacedAt;
    return place === undefined ? undefined : this.child(place.parent, place.name);
  }

  childPath(parent: Node, name: string): string {
    if (parent !== this.#lastPathParent || name !== this.#lastPathName) {
      this.#lastPath = this.#prefix(parent) + name;
      this.#lastPathParent = parent;
      this.#lastPathName = name;
    }
    return this.#lastPath;
  }

  /** The path of a name: its node's, which is mostly made already, if it goes by that name. */
  pathOf(parent: Node, name: string, child: Node | undefined): string {
    return child?.isAt(parent, name) === true ? this.path(child) : this.childPath(parent, name);
  }

  /** What the paths in a directory begin with. */
  #prefix(directory: Node): string {
    if (directory.id === ROOT_ID) return '/';
    let prefix = directory.prefixOf(this.#epoch);
    if (prefix === undefined) {
      prefix = `${this.path(directory)}/`;
      directory.setPrefix(prefix, this.#epoch);
    }
    return prefix;
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
      if (!directory) this.#keepInode(node, inode);
    }
    this.describe(node, info);
    node.lookups += 1;
    return node;
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
      if (this.#withInode(inode) === undefined) this.#keepInode(node, inode);
    }
  }

  /** The node of a file that is found by one more of its names. */
  #joined(inode: number | bigint, info: FileInformation, mode: number): Node | undefined {
    const node = this.#withInode(inode);
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
    this.#outdate(node);
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

  /** The file has one more name. */
  link(node: Node, parent: Node, name: string): void {
    const before = this.child(parent, name);
    if (before === node) return;
    if (before !== undefined) this.#drop(parent, name);
    this.#keepPlace(node, parent, name);
    if (node.parent === undefined) {
      node.parent = parent;
      node.name = name;
      this.#outdate(node);
      // Without a name it could not be joined; a name of this volume's own making says it still can.
      if (node.inode !== undefined && isFile(node.mode)) this.#keepInode(node, node.inode);
    } else {
      (node.otherPlaces ??= []).push({ parent, name });
    }
  }

  /** What had `newName` is replaced. */
  rename(parent: Node, name: string, newParent: Node, newName: string): void {
    const node = this.child(parent, name);
    const replaced = this.child(newParent, newName);
    if (node !== undefined && replaced === node) return;
    this.#drop(newParent, newName);
    if (node === undefined) return this.#sweep(newParent);
    if (replaced?.isUnlinked === true) replaced.replacedAt = { parent: newParent, name: newName };
    this.#removeName(node, parent, name);
    this.link(node, newParent, newName);
    this.#sweep(parent);
  }

  exchange(parent: Node, name: string, otherParent: Node, otherName: string): void {
    const node = this.child(parent, name);
    const other = this.child(otherParent, otherName);
    if (node === other) return;
    if (node !== undefined) this.#removeName(node, parent, name);
    if (other !== undefined) this.#removeName(other, otherParent, otherName);
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

  /** Takes a name away, and its node when nobody knows that any more; the parent stays. */
  #drop(parent: Node, name: string): void {
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
    this.#keepPlace(node, parent, name);
    return node;
  }

  #removeName(node: Node, parent: Node, name: string): void {
    this.#losePlace(node, parent, name);
    const others = node.otherPlaces;
    if (node.isAt(parent, name)) {
      const next = others?.shift();
      // Unlinked it keeps its path.
      const path = next === undefined ? this.path(node) : next.name;
      this.#outdate(node);
      node.parent = next?.parent;
      node.name = path;
      // The number may be given to another file from now on.
      if (next === undefined && node.unseenNames === 0) this.#loseInode(node);
    } else if (others !== undefined) {
      const at = others.findIndex((place) => place.parent === parent && place.name === name);
      if (at >= 0) others.splice(at, 1);
    }
    if (others?.length === 0) node.otherPlaces = undefined;
  }

  /** A request asks for the same name several times, as the same string. */
  #hash(parent: Node, name: string): number {
    if (name !== this.#lastName || parent.id !== this.#lastParent) {
      this.#lastHash = hashOfPlace(this.#seed, parent.id, name);
      this.#lastName = name;
      this.#lastParent = parent.id;
    }
    return this.#lastHash;
  }

  #keepPlace(node: Node, parent: Node, name: string): void {
    this.#byPlace.add(this.#hash(parent, name), node.id);
    parent.childCount += 1;
  }

  #losePlace(node: Node, parent: Node, name: string): void {
    this.#byPlace.remove(this.#hash(parent, name), node.id);
    parent.childCount -= 1;
  }

  #withInode(inode: number | bigint): Node | undefined {
    const index = this.#byInode;
    for (let at = index.first(hashOfNumber(inode)); at >= 0; at = index.next(at)) {
      const node = this.#nodes.get(index.id(at));
      if (node?.inode === inode) return node;
    }
    return undefined;
  }

  /** The last one that is found to have a number has it. */
  #keepInode(node: Node, inode: number | bigint): void {
    const before = this.#withInode(inode);
    if (before === node) return;
    const hash = hashOfNumber(inode);
    if (before !== undefined) this.#byInode.remove(hash, before.id);
    this.#byInode.add(hash, node.id);
  }

  #loseInode({ id, inode }: Node): void {
    if (inode !== undefined) this.#byInode.remove(hashOfNumber(inode), id);
  }

  #outdate(node: Node): void {
    this.#paths.delete(node);
    this.#lastPathParent = undefined;
    node.dropPrefix();
    if (node.childCount === 0) return;
    this.#epoch += 1;
    this.#paths.clear();
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
      if (parent !== undefined) this.#losePlace(node, parent, node.name);
      for (const other of node.otherPlaces ?? []) {
        this.#losePlace(node, other.parent, other.name);
        if (other.parent !== parent) this.#sweep(other.parent);
      }
      this.#loseInode(node);
      this.#paths.delete(node);
      if (node === this.#lastPathParent) this.#lastPathParent = undefined;
      this.#nodes.remove(node.id);
      node = parent;
    }
  }
}
