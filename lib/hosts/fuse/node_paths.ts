import type { Node } from './node.js';
import { ROOT_ID } from './protocol.js';
import { RecentPaths } from './recent_paths.js';

/** Paths of nodes, made when they are asked for and kept for a while. */
export class NodePaths {
  readonly #recent = new RecentPaths();
  /** The last path that was made: a name that is missing is mostly asked for to be created. */
  #last = '';
  #lastParent: Node | undefined = undefined;
  #lastName = '';
  /** Counts renames of directories: each outdates every path made before. */
  #epoch = 0;

  of(node: Node): string {
    if (node.parent === undefined) return node.name;
    let path = this.#recent.get(node);
    if (path === undefined) {
      path = this.ofChild(node.parent, node.name);
      this.#recent.set(node, path);
    }
    return path;
  }

  ofChild(parent: Node, name: string): string {
    if (parent !== this.#lastParent || name !== this.#lastName) {
      this.#last = this.#prefix(parent) + name;
      this.#lastParent = parent;
      this.#lastName = name;
    }
    return this.#last;
  }

  /** What the paths in a directory begin with. */
  #prefix(directory: Node): string {
    if (directory.id === ROOT_ID) return '/';
    let prefix = directory.prefixOf(this.#epoch);
    if (prefix === undefined) {
      prefix = `${this.of(directory)}/`;
      directory.setPrefix(prefix, this.#epoch);
    }
    return prefix;
  }

  /** A node has another place. */
  outdate(node: Node): void {
    this.#recent.delete(node);
    this.#lastParent = undefined;
    node.dropPrefix();
    if (node.childCount === 0) return;
    this.#epoch += 1;
    this.#recent.clear();
  }

  /** The node is no more. */
  delete(node: Node): void {
    this.#recent.delete(node);
    if (node === this.#lastParent) this.#lastParent = undefined;
  }

  clear(): void {
    this.#recent.clear();
    this.#lastParent = undefined;
  }
}
