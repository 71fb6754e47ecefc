import { DokanError, NtStatus } from 'node-dokan';
import { DirectoryNode } from './directory.js';
import { checkName } from './names.js';
import type { Node } from './node.js';

/** Where a path leads. */
interface Place {
  readonly path: string;
  /** What holds, or would hold, the last name. */
  readonly directory: DirectoryNode;
  readonly name: string;
}

/** The nodes by their paths: finding, naming, renaming. */
export class Tree {
  readonly root: DirectoryNode;
  /**
   * The directory that was asked for last, and its path without the final slash. Requests come in
   * runs for one directory, and comparing its path costs a tenth of walking it.
   */
  #latest: DirectoryNode;
  #latestPath = '';
  /** What was asked for last: mostly the same is asked for once more, to be made or removed. */
  #place: Place;

  constructor(root: DirectoryNode) {
    this.root = root;
    this.#latest = root;
    this.#place = { path: '/', directory: root, name: '' };
  }

  /**
   * @returns undefined when the last name of the path is not there
   * @throws DokanError OBJECT_PATH_NOT_FOUND, NOT_A_DIRECTORY for the names before it; NAME_TOO_LONG
   */
  find(path: string): Node | undefined {
    if (path.length === 1) return this.root;
    const { directory, name } = this.#locate(path);
    const node = directory.get(name);
    // Only where it is missing: a name that was found is a good one.
    if (node === undefined) checkName(name);
    return node;
  }

  /** @throws DokanError as `find`; OBJECT_NAME_NOT_FOUND when the last name is not there */
  get(path: string): Node {
    const node = this.find(path);
    if (node === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return node;
  }

  /** The directory that holds, or would hold, the last name of a path. */
  parentOf(path: string): DirectoryNode {
    return this.#locate(path).directory;
  }

  /** Gives a node a name. @throws DokanError OBJECT_NAME_COLLISION when it is taken; DISK_FULL */
  link(path: string, node: Node): void {
    const { directory, name } = this.#locate(path);
    if (this.find(path) !== undefined) throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
    directory.add(name, node);
  }

  /** Takes a node's name away. A name that stands for another node by now stays. */
  unlink(path: string, node: Node): void {
    if (!this.#names(path, node)) return;
    const { directory, name } = this.#locate(path);
    directory.remove(name);
    if (node instanceof DirectoryNode) this.#forget();
  }

  /** rename(2). @throws DokanError when a rule of it is broken, having changed nothing */
  move(path: string, newPath: string, replaceIfExisting: boolean): void {
    const node = this.get(path);
    const { directory: target, name: newName } = this.#locate(newPath);
    this.#refuseSubtree(node, target);
    const { directory: parent, name } = this.#locate(path);
    checkName(newName);
    const old = this.find(newPath);
    const isSameEntry = parent === target && parent.isSameName(name, newName);
    if (old !== undefined && !isSameEntry) {
      if (!replaceIfExisting) throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
      if (old === node) return;
      refuseReplacement(old, node);
    } else if (name === newName && isSameEntry) {
      return;
    }
    // Held while it has no name at all.
    node.opens += 1;
    parent.remove(name);
    if (old === undefined || isSameEntry) target.add(newName, node);
    else target.replace(newName, node);
    node.opens -= 1;
    this.#forget();
  }

  /** Swaps what two names stand for. */
  exchange(path: string, otherPath: string): void {
    const node = this.get(path);
    const other = this.get(otherPath);
    if (node === other) return;
    const { directory: parent, name } = this.#locate(path);
    const { directory: otherParent, name: otherName } = this.#locate(otherPath);
    this.#refuseSubtree(node, otherParent);
    this.#refuseSubtree(other, parent);
    other.opens += 1;
    otherParent.replace(otherName, node);
    parent.replace(name, other);
    other.opens -= 1;
    this.#forget();
  }

  #names(path: string, node: Node): boolean {
    try {
      return this.find(path) === node;
    } catch {
      // The directory of the name has gone with it.
      return false;
    }
  }

  #refuseSubtree(node: Node, target: DirectoryNode): void {
    if (node === this.root) throw new DokanError(NtStatus.ACCESS_DENIED);
    let above: DirectoryNode | undefined = target;
    for (; above !== undefined; above = above.parent) {
      if (above === node) throw new DokanError(NtStatus.INVALID_PARAMETER);
    }
  }

  #locate(path: string): Place {
    if (path === this.#place.path) return this.#place;
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    this.#place = { path, directory: this.#directory(path, slash), name };
    return this.#place;
  }

  /** The directory whose path ends at the slash. */
  #directory(path: string, slash: number): DirectoryNode {
    if (slash === 0) return this.root;
    if (slash === this.#latestPath.length && path.startsWith(this.#latestPath)) {
      return this.#latest;
    }
    const directory = this.#walk(path, slash);
    this.#latest = directory;
    this.#latestPath = path.slice(0, slash);
    return directory;
  }

  #walk(path: string, end: number): DirectoryNode {
    let directory = this.root;
    for (let start = 1; start <= end;) {
      const slash = path.indexOf('/', start);
      const node = directory.get(path.slice(start, slash));
      if (node === undefined) throw new DokanError(NtStatus.OBJECT_PATH_NOT_FOUND);
      if (!(node instanceof DirectoryNode)) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
      directory = node;
      start = slash + 1;
    }
    return directory;
  }

  /** A directory has got another path, or none: what is known of paths may be wrong. */
  #forget(): void {
    this.#latest = this.root;
    this.#latestPath = '';
    this.#place = { path: '/', directory: this.root, name: '' };
  }
}

function refuseReplacement(old: Node, node: Node): void {
  if (old instanceof DirectoryNode) {
    if (!(node instanceof DirectoryNode)) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
    if (!old.isEmpty) throw new DokanError(NtStatus.DIRECTORY_NOT_EMPTY);
  } else if (node instanceof DirectoryNode) {
    throw new DokanError(NtStatus.NOT_A_DIRECTORY);
  }
  if (old.isReadOnly) throw new DokanError(NtStatus.ACCESS_DENIED);
}
