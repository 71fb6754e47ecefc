import { FileMode } from '../../constants.js';
import type { FileInformation, Timestamp } from '../../operations.js';
import { isDirectoryMode } from './attributes.js';
import { fuseError } from './fuse_error.js';
import type { FileHandle } from './handles.js';
import { Errno, ROOT_ID } from './protocol.js';

/** One place a node is found at. */
interface Name {
  parent: Node;
  name: string;
}

/** A file the kernel knows by number. */
export class Node {
  readonly id: number;
  readonly generation: number;
  /** How often the kernel was told of it, less what it has forgotten. */
  lookups = 0;
  /** The name its path is made of; `undefined` for the root and for what is unlinked. */
  place: Name | undefined;
  /** Further names of the same file (hard links). */
  otherPlaces: Name[] | undefined = undefined;
  children: Map<string, Node> | undefined = undefined;
  inode: number | bigint | undefined = undefined;
  /** When it was made, which tells it from another file that is given its inode number. */
  birth: number | bigint | undefined = undefined;
  /** Names it has, by what the file system said last, that were never looked up. */
  unseenNames = 0;
  /** Opens of it: attributes of an unlinked file come through one of these. */
  opens: FileHandle[] | undefined = undefined;
  /** The mode last told to the kernel. */
  mode = 0;
  /** Of a removed directory: what it was, for whoever is still in it. */
  remains: FileInformation | undefined = undefined;
  /** It was on a medium that is no longer there: only the kernel's counts of it still matter. */
  isLost = false;
  /** Where it was when another file took its place. */
  replacedAt: Name | undefined = undefined;
  path: string;
  /** The table's epoch `path` was made in. */
  epoch: number;

  constructor(
    id: number,
    generation: number,
    place: Name | undefined,
    path: string,
    epoch: number,
  ) {
    this.id = id;
    this.generation = generation;
    this.place = place;
    this.path = path;
    this.epoch = epoch;
  }

  get isUnlinked(): boolean {
    return this.place === undefined && this.id !== ROOT_ID;
  }
}

/** Every file the kernel may still name, and where it is. */
export class NodeTable {
  readonly root = new Node(ROOT_ID, 0, undefined, '/', 0);
  readonly #nodes: (Node | undefined)[] = [undefined, this.root];
  readonly #free: number[] = [];
  /** Files (not directories) by the identity the file system gives them, to join hard links. */
  readonly #byInode = new Map<number | bigint, Node>();
  #generation = 0;
  /** Counts renames of directories: each outdates every path made before. */
  #epoch = 0;
  #size = 1;

  /** Nodes in the table, the root among them. */
  get size(): number {
    return this.#size;
  }

  /** @throws FuseError ESTALE for a number that was never given, is forgotten, or of another medium */
  get(id: number): Node {
    const node = this.#nodes[id];
    if (node === undefined || node.isLost) throw fuseError(Errno.ESTALE);
    return node;
  }

  find(id: number): Node | undefined {
    return this.#nodes[id];
  }

  /** Every node but the root. */
  *[Symbol.iterator](): Generator<Node> {
    for (const node of this.#nodes) {
      if (node !== undefined && node !== this.root) yield node;
    }
  }

  /** There is another medium: none of its files is one of those so far, whatever its name and number. */
  loseAll(): void {
    // What is open is closed by its last path.
    for (const node of this) this.path(node);
    for (const node of this) {
      node.isLost = true;
      node.place = undefined;
      node.otherPlaces = undefined;
      node.children = undefined;
    }
    this.#byInode.clear();
    this.root.children = undefined;
    this.root.inode = undefined;
    for (const node of this) this.#sweep(node);
  }

  child(parent: Node, name: string): Node | undefined {
    return parent.children?.get(name);
  }

  /** The present path; the last one when the file is unlinked. */
  path(node: Node): string {
    if (node.epoch === this.#epoch || node.place === undefined) return node.path;
    node.path = this.childPath(node.place.parent, node.place.name);
    node.epoch = this.#epoch;
    return node.path;
  }

  /** What is found now under the name of a file that was replaced. */
  successorOf(node: Node): Node | undefined {
    const place = node.replacedAt;
    return place?.parent.children?.get(place.name);
  }

  childPath(parent: Node, name: string): string {
    return parent.id === ROOT_ID ? `/${name}` : `${this.path(parent)}/${name}`;
  }

  /**
   * The kernel is told of a name: finds or makes its node and counts the lookup.
   * @param mode - what the kernel will be told; directories, having one name, are never joined
   */
  enter(parent: Node, name: string, info: FileInformation, mode: number): Node {
    const { inode } = info;
    const directory = isDirectoryMode(mode);
    let node = parent.children?.get(name);
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
      if (!directory) this.#byInode.set(inode, node);
    }
    this.describe(node, info);
    node.lookups += 1;
    return node;
  }

  /** The kernel is told what the file system says of a node. */
  describe(node: Node, { creationTime, linkCount = 1 }: FileInformation): void {
    const { place, otherPlaces, inode, mode } = node;
    const seen = (place === undefined ? 0 : 1) + (otherPlaces?.length ?? 0);
    node.unseenNames = Math.max(0, linkCount - seen);
    node.birth = birthOf(creationTime);
    // It was given up for gone, and is not.
    if (place === undefined && node.unseenNames > 0 && inode !== undefined && isFile(mode)) {
      if (!this.#byInode.has(inode)) this.#byInode.set(inode, node);
    }
  }

  /** The node of a file that is found by one more of its names. */
  #joined(inode: number | bigint, info: FileInformation, mode: number): Node | undefined {
    const node = this.#byInode.get(inode);
    if (node === undefined || isOther(node, info, mode)) return undefined;
    if (node.place !== undefined) return (info.linkCount ?? 1) > 1 ? node : undefined;
    // All the names it was known by are gone. This may be one of the others, or another file with
    // the number of one that is gone altogether.
    return node.birth !== undefined && node.birth === birthOf(info.creationTime) ? node : undefined;
  }

  /**
   * Of several names the path is made of the one that was just looked up: the others may lead to
   * another file by now, if somebody changed them behind the kernel's back.
   */
  #prefer(node: Node, parent: Node, name: string): void {
    const { place, otherPlaces } = node;
    const at =
      otherPlaces?.findIndex((other) => other.parent === parent && other.name === name) ?? -1;
    const chosen = otherPlaces?.[at];
    if (place === undefined || chosen === undefined) return;
    otherPlaces?.splice(at, 1, place);
    node.place = chosen;
    this.#outdate(node);
  }

  /** The kernel has forgotten `count` lookups. */
  forget(node: Node, count: number): void {
    node.lookups = Math.max(0, node.lookups - count);
    this.#sweep(node);
  }

  /** The name is gone; the node stays for as long as the kernel or an open knows it. */
  unlink(parent: Node, name: string): void {
    this.#drop(parent, name);
    this.#sweep(parent);
  }

  /** The file has one more name. */
  link(node: Node, parent: Node, name: string): void {
    const before = parent.children?.get(name);
    if (before === node) return;
    if (before !== undefined) this.#drop(parent, name);
    (parent.children ??= new Map()).set(name, node);
    if (node.place === undefined) {
      node.place = { parent, name };
      this.#outdate(node);
      // Without a name it could not be joined; a name of this volume's own making says it still can.
      if (node.inode !== undefined && isFile(node.mode)) {
        this.#byInode.set(node.inode, node);
      }
    } else {
      (node.otherPlaces ??= []).push({ parent, name });
    }
  }

  /** What had `newName` is replaced. */
  rename(parent: Node, name: string, newParent: Node, newName: string): void {
    const node = parent.children?.get(name);
    if (node !== undefined && newParent.children?.get(newName) === node) return;
    const replaced = newParent.children?.get(newName);
    this.#drop(newParent, newName);
    if (node === undefined) return this.#sweep(newParent);
    if (replaced?.isUnlinked === true) replaced.replacedAt = { parent: newParent, name: newName };
    this.#removeName(node, parent, name);
    this.link(node, newParent, newName);
    this.#sweep(parent);
  }

  exchange(parent: Node, name: string, otherParent: Node, otherName: string): void {
    const node = parent.children?.get(name);
    const other = otherParent.children?.get(otherName);
    if (node === other) return;
    if (node !== undefined) this.#removeName(node, parent, name);
    if (other !== undefined) this.#removeName(other, otherParent, otherName);
    if (node !== undefined) this.link(node, otherParent, otherName);
    if (other !== undefined) this.link(other, parent, name);
    this.#sweep(parent);
    this.#sweep(otherParent);
  }

  addOpen(node: Node, handle: FileHandle): void {
    (node.opens ??= []).push(handle);
  }

  removeOpen(node: Node, handle: FileHandle): void {
    const at = node.opens?.indexOf(handle) ?? -1;
    if (at < 0) return;
    node.opens?.splice(at, 1);
    if (node.opens?.length === 0) node.opens = undefined;
    this.#sweep(node);
  }

  /** Takes a name away, and its node when nobody knows that any more; the parent stays. */
  #drop(parent: Node, name: string): void {
    const node = parent.children?.get(name);
    if (node === undefined) return;
    this.#removeName(node, parent, name);
    this.#sweep(node);
  }

  #add(parent: Node, name: string): Node {
    const free = this.#free.pop();
    if (free !== undefined) this.#generation += 1;
    const id = free ?? this.#nodes.length;
    const path = this.childPath(parent, name);
    const node = new Node(id, this.#generation, { parent, name }, path, this.#epoch);
    this.#nodes[id] = node;
    this.#size += 1;
    (parent.children ??= new Map()).set(name, node);
    return node;
  }

  #removeName(node: Node, parent: Node, name: string): void {
    const path = this.path(node);
    parent.children?.delete(name);
    if (parent.children?.size === 0) parent.children = undefined;
    const others = node.otherPlaces;
    if (node.place?.parent === parent && node.place.name === name) {
      node.place = others?.shift();
      if (node.place === undefined) {
        node.path = path;
        // The number may be given to another file from now on.
        if (node.unseenNames === 0) this.#loseInode(node);
      } else {
        this.#outdate(node);
      }
    } else if (others !== undefined) {
      const at = others.findIndex((place) => place.parent === parent && place.name === name);
      if (at >= 0) others.splice(at, 1);
    }
    if (others?.length === 0) node.otherPlaces = undefined;
  }

  #loseInode(node: Node): void {
    if (node.inode !== undefined && this.#byInode.get(node.inode) === node) {
      this.#byInode.delete(node.inode);
    }
  }

  #outdate(node: Node): void {
    node.epoch = -1;
    if (node.children !== undefined) this.#epoch += 1;
  }

  /** Takes out a node that nobody knows any more, then its parents that were kept for its sake. */
  #sweep(start: Node): void {
    let node: Node | undefined = start;
    while (
      node !== undefined &&
      node.id !== ROOT_ID &&
      node.lookups === 0 &&
      node.opens === undefined &&
      node.children === undefined &&
      this.#nodes[node.id] === node
    ) {
      const parent: Node | undefined = node.place?.parent;
      // Taking one name away makes the next one its place.
      for (let place = node.place; place !== undefined; place = node.place) {
        this.#removeName(node, place.parent, place.name);
        if (place.parent !== parent) this.#sweep(place.parent);
      }
      this.#loseInode(node);
      this.#nodes[node.id] = undefined;
      this.#free.push(node.id);
      this.#size -= 1;
      node = parent;
    }
  }
}

/** True when what a name is found to be now cannot be the file of its node. */
export function isOther(node: Node, { inode }: FileInformation, mode: number): boolean {
  if (inode !== undefined && node.inode !== undefined && inode !== node.inode) return true;
  // The kernel gives up a node whose type changes, and everything that is open of it.
  return node.mode !== 0 && (node.mode & FileMode.TYPE_MASK) !== (mode & FileMode.TYPE_MASK);
}

/** What the kernel was told is no directory: those have one name. */
function isFile(mode: number): boolean {
  return mode !== 0 && !isDirectoryMode(mode);
}

/** A time as it can be compared. */
function birthOf(time: Timestamp | undefined): number | bigint | undefined {
  return typeof time === 'object' ? time.getTime() : time;
}
