import { randomInt } from 'node:crypto';
import { hashOfPlace, IdIndex } from './id_index.js';
import type { Node } from './node.js';
import type { Slots } from './slots.js';

/** Every node by every place it is at. */
export class PlaceIndex {
  readonly #nodes: Slots<Node>;
  readonly #ids = new IdIndex();
  readonly #seed = randomInt(0x1_0000_0000);
  #lastName = '';
  #lastParent = 0;
  #lastHash = 0;

  /** @param nodes - by their numbers */
  constructor(nodes: Slots<Node>) {
    this.#nodes = nodes;
  }

  get(parent: Node, name: string): Node | undefined {
    const index = this.#ids;
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

  keep(node: Node, parent: Node, name: string): void {
    this.#ids.add(this.#hash(parent, name), node.id);
    parent.childCount += 1;
  }

  lose(node: Node, parent: Node, name: string): void {
    this.#ids.remove(this.#hash(parent, name), node.id);
    parent.childCount -= 1;
  }

  clear(): void {
    this.#ids.clear();
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
}
