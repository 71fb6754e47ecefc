import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileHandle } from '../../../lib/hosts/fuse/handles.js';
import { NodeTable, type Node } from '../../../lib/hosts/fuse/nodes.js';
import { OPEN } from './node_scene.js';

/** A file system as naive as can be, with a table of what the kernel was told of it beside it. */
interface Item {
  readonly inode: number;
  readonly creationTime: bigint;
  readonly isDirectory: boolean;
  readonly children: Map<string, Item>;
  links: number;
}

const NAMES = ['a', 'b', 'c', 'd'];

type Step =
  | { do: 'make'; directory: boolean; path: string[] }
  | { do: 'lookup' | 'open' | 'close' | 'unlink'; path: string[] }
  | { do: 'link' | 'rename' | 'exchange'; path: string[]; to: string[] }
  | { do: 'forget'; which: number; all: boolean };

const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('make' as const), directory: fc.boolean(), path }),
  fc.record({ do: fc.constantFrom('lookup', 'open', 'close', 'unlink'), path }),
  fc.record({ do: fc.constantFrom('link', 'rename', 'exchange'), path, to: path }),
  fc.record({ do: fc.constant('forget' as const), which: fc.nat(50), all: fc.boolean() }),
);

class World {
  readonly table = new NodeTable();
  /** Numbers of files that are gone, to be used again. */
  readonly #freeInodes: number[] = [];
  #inode = 0;
  #time = 0n;
  readonly root = this.#item(true);
  /** What the kernel knows, by what it is. Files by their only node; lookups as counted here. */
  readonly told = new Map<Item, { node: Node; lookups: number; opens: FileHandle[] }>();

  constructor() {
    this.told.set(this.root, { node: this.table.root, lookups: 1, opens: [] });
  }

  #item(isDirectory: boolean): Item {
    const inode = this.#freeInodes.pop() ?? (this.#inode += 1);
    this.#time += 1n;
    return { inode, creationTime: this.#time, isDirectory, children: new Map(), links: 1 };
  }

  #removeLink(item: Item): void {
    item.links -= 1;
    if (item.links === 0) this.#freeInodes.push(item.inode);
  }

  /** The kernel walks: each name on the way is looked up. */
  #walk(names: string[]): Item | undefined {
    let at = this.root;
    for (const name of names) {
      const child = at.children.get(name);
      if (child === undefined) return undefined;
      this.#tell(at, name, child);
      at = child;
    }
    return at;
  }

  #tell(parent: Item, name: string, child: Item): void {
    const mode = child.isDirectory ? 0o040755 : 0o100644;
    const { inode, links, creationTime } = child;
    const info = { inode, linkCount: links, creationTime };
    const known = this.told.get(child);
    const node = this.table.enter(this.told.get(parent)!.node, name, info, mode);
    node.mode = mode;
    if (known === undefined) {
      this.told.set(child, { node, lookups: 1, opens: [] });
    } else {
      expect(node).toBe(known.node);
      known.lookups += 1;
    }
  }

  /** @returns the directory and the last name, when the kernel gets that far */
  #parent(names: string[]): { parent: Item; name: string; node: Node } | undefined {
    const parent = this.#walk(names.slice(0, -1));
    const name = names.at(-1)!;
    return parent?.isDirectory === true
      ? { parent, name, node: this.told.get(parent)!.node }
      : undefined;
  }

  run(what: Step): void {
    if (what.do === 'forget') return this.#forget(what.which, what.all);
    const found = this.#parent(what.path);
    if (found === undefined) return;
    const { parent, name, node } = found;
    const item = parent.children.get(name);
    if (what.do === 'make') {
      if (item !== undefined) return;
      const made = this.#item(what.directory);
      parent.children.set(name, made);
      this.#tell(parent, name, made);
      return;
    }
    if (item === undefined) return;
    this.#tell(parent, name, item);
    const known = this.told.get(item)!;
    switch (what.do) {
      case 'lookup':
        return;
      case 'open': {
        const handle = new FileHandle(OPEN, known.node, known.node, 0);
        known.opens.push(handle);
        return this.table.addOpen(known.node, handle);
      }
      case 'close': {
        const handle = known.opens.pop();
        if (handle !== undefined) this.table.removeOpen(known.node, handle);
        return;
      }
      case 'unlink':
        if (item.children.size > 0) return;
        parent.children.delete(name);
        this.#removeLink(item);
        return this.table.unlink(node, name);
      default:
        return this.#move(what.do, item, found, what.to);
    }
  }

  #move(
    how: 'link' | 'rename' | 'exchange',
    item: Item,
    from: { parent: Item; name: string; node: Node },
    names: string[],
  ): void {
    const to = this.#parent(names);
    if (to === undefined || contains(item, to.parent)) return;
    const other = to.parent.children.get(to.name);
    if (how === 'link') {
      if (item.isDirectory || other !== undefined) return;
      to.parent.children.set(to.name, item);
      item.links += 1;
      this.table.link(this.told.get(item)!.node, to.node, to.name);
      return;
    }
    if (other !== undefined) this.#tell(to.parent, to.name, other);
    // The VFS itself finds that both names are one file.
    if (other === item) return;
    if (how === 'rename') {
      if (other !== undefined && other.children.size > 0) return;
      if (other !== undefined) this.#removeLink(other);
      from.parent.children.delete(from.name);
      to.parent.children.set(to.name, item);
      this.table.rename(from.node, from.name, to.node, to.name);
      return;
    }
    if (other === undefined || contains(other, from.parent)) return;
    from.parent.children.set(from.name, other);
    to.parent.children.set(to.name, item);
    this.table.exchange(from.node, from.name, to.node, to.name);
  }

  /** The kernel forgets what it holds nothing below of, as its cache of names makes it do. */
  #forget(which: number, all: boolean): void {
    const candidates = [...this.told].filter(
      ([item]) => item !== this.root && ![...item.children.values()].some((c) => this.told.has(c)),
    );
    const chosen = candidates[which % Math.max(1, candidates.length)];
    if (chosen === undefined) return;
    const [item, known] = chosen;
    const count = all ? known.lookups : Math.min(1, known.lookups);
    known.lookups -= count;
    this.table.forget(known.node, count);
    if (known.lookups === 0 && known.opens.length === 0) this.told.delete(item);
  }

  check(): void {
    const paths = new Map<Item, string[]>();
    const visit = (item: Item, at: string): void => {
      paths.set(item, [...(paths.get(item) ?? []), at === '' ? '/' : at]);
      for (const [name, child] of item.children) visit(child, `${at}/${name}`);
    };
    visit(this.root, '');
    for (const [item, { node, lookups, opens }] of this.told) {
      if (lookups === 0 && opens.length === 0) continue;
      expect(this.table.get(node.id)).toBe(node);
      if (item !== this.root) expect(node.lookups).toBe(lookups);
      const names = paths.get(item);
      if (names === undefined) expect(node.isUnlinked).toBe(true);
      // A further name that was never looked up is not known, so the node may seem unlinked.
      else if (!node.isUnlinked) expect(names).toContain(this.table.path(node));
      else expect(item.links).toBeGreaterThan(0);
    }
  }

  forgetEverything(): void {
    for (const [item, { node, lookups, opens }] of this.told) {
      if (item === this.root) continue;
      for (const handle of opens) this.table.removeOpen(node, handle);
      this.table.forget(node, lookups);
    }
    expect(this.table.size).toBe(1);
    expect(this.table.root.childCount).toBe(0);
  }
}

function contains(item: Item, other: Item): boolean {
  return item === other || [...item.children.values()].some((child) => contains(child, other));
}

describe('NodeTable', () => {
  it('agrees with a naive tree, and is empty when the kernel has forgotten everything', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const world = new World();
        for (const what of steps) {
          world.run(what);
          world.check();
        }
        world.forgetEverything();
      }),
      { numRuns: 400 },
    );
  });
});
