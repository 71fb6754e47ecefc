import { hashOfNumber, IdIndex } from './id_index.js';
import type { Node } from './node.js';
import type { Slots } from './slots.js';

/** Files (not directories) by the identity the file system gives them, to join hard links. */
export class InodeIndex {
  readonly #nodes: Slots<Node>;
  readonly #ids = new IdIndex();

  /** @param nodes - by their numbers */
  constructor(nodes: Slots<Node>) {
    this.#nodes = nodes;
  }

  get(inode: number | bigint): Node | undefined {
    const index = this.#ids;
    for (let at = index.first(hashOfNumber(inode)); at >= 0; at = index.next(at)) {
      const node = this.#nodes.get(index.id(at));
      if (node?.inode === inode) return node;
    }
    return undefined;
  }

  /** The last one that is found to have a number has it. */
  keep(node: Node, inode: number | bigint): void {
    const before = this.get(inode);
    if (before === node) return;
    const hash = hashOfNumber(inode);
    if (before !== undefined) this.#ids.remove(hash, before.id);
    this.#ids.add(hash, node.id);
  }

  lose({ id, inode }: Node): void {
    if (inode !== undefined) this.#ids.remove(hashOfNumber(inode), id);
  }

  clear(): void {
    this.#ids.clear();
  }
}
