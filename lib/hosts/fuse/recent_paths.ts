import type { Node } from './node.js';

/** A power of two: few enough to cost nothing, enough for what programs have open at a time. */
const SLOTS = 1024;

/** Paths that were asked for lately, so that a file which is read block by block has one string. */
export class RecentPaths {
  readonly #nodes = new Array<Node | undefined>(SLOTS).fill(undefined);
  readonly #paths = new Array<string>(SLOTS).fill('');

  get(node: Node): string | undefined {
    const slot = node.id & (SLOTS - 1);
    return this.#nodes[slot] === node ? this.#paths[slot] : undefined;
  }

  set(node: Node, path: string): void {
    const slot = node.id & (SLOTS - 1);
    this.#nodes[slot] = node;
    this.#paths[slot] = path;
  }

  delete(node: Node): void {
    const slot = node.id & (SLOTS - 1);
    if (this.#nodes[slot] !== node) return;
    this.#nodes[slot] = undefined;
    this.#paths[slot] = '';
  }

  clear(): void {
    this.#nodes.fill(undefined);
    this.#paths.fill('');
  }
}
