import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLinuxAddon } from '../../../../lib/hosts/addon.js';
import { NodeTable, type Node } from '../../../../lib/hosts/fuse/nodes.js';
import { SharedNodeTable } from '../../../../lib/hosts/fuse/threads/shared_node_table.js';
import { DIRECTORY, directory, enter, FILE, open } from '../node_scene.js';
import type { FileHandle } from '../../../../lib/hosts/fuse/handles.js';

function newStore() {
  return new (loadLinuxAddon().SharedNodes)();
}

/** Tables of two threads, over one store. */
function twoTables(): [NodeTable, NodeTable] {
  const store = newStore();
  const [one, two] = [new SharedNodeTable(store, 1, true), new SharedNodeTable(store, 2, true)];
  return [one.asNodeTable(), two.asNodeTable()];
}

describe('two threads', () => {
  it('see the same nodes, by number and by name', () => {
    const [one, two] = twoTables();
    const below = enter(one, directory(one, one.root, 'dir'), 'file', { inode: 7n });
    const seen = two.get(below.id);
    expect(two.path(seen)).toBe('/dir/file');
    expect(two.child(two.child(two.root, 'dir')!, 'file')).toBe(seen);
    expect(seen).toMatchObject({ id: below.id, inode: 7n, mode: FILE, lookups: 1 });
    expect(seen).toMatchObject({ parent: two.child(two.root, 'dir'), name: 'file' });
    two.rename(two.root, 'dir', two.root, 'moved');
    expect(one.path(below)).toBe('/moved/file');
    two.forget(seen, 1);
    expect(one.find(below.id)).toBeUndefined();
  });

  it('know paths that are deeper than any stack', () => {
    const [one] = twoTables();
    let deepest = one.root;
    const depth = 100_000;
    for (let level = 0; level < depth; level += 1) deepest = directory(one, deepest, 'd');
    const path = one.path(deepest);
    expect(path.length).toBe(2 * depth);
    expect(path.startsWith('/d/d/d')).toBe(true);
  });

  it('know of a file that is unlinked for as long as one of them has it open', () => {
    const [one, two] = twoTables();
    const node = enter(one, one.root, 'file');
    const handle = open(one, node);
    two.unlink(two.root, 'file');
    two.forget(two.get(node.id), 1);
    expect(node.isUnlinked).toBe(true);
    expect(two.get(node.id).opens).toBeUndefined();
    expect(two.path(two.get(node.id))).toBe('/file');
    one.removeOpen(node, handle);
    expect(two.find(node.id)).toBeUndefined();
  });

  it('see what a removed directory was', () => {
    const [one, two] = twoTables();
    const node = directory(one, one.root, 'dir');
    expect(two.get(node.id).remains).toBeUndefined();
    node.remains = { inode: 2n ** 63n, creationTime: 5n, mode: 0o40700, linkCount: 0 };
    expect(two.get(node.id).remains).toEqual(node.remains);
  });

  it('take a number that is used again for another node', () => {
    const [one, two] = twoTables();
    const node = enter(one, one.root, 'a');
    const seen = two.get(node.id);
    one.forget(node, 1);
    const next = enter(one, one.root, 'b');
    expect(next.id).toBe(node.id);
    expect(next.generation).not.toBe(node.generation);
    expect(two.get(node.id)).not.toBe(seen);
    // What is left of the old one does nothing to the new one.
    two.forget(seen, 1);
    expect(two.path(two.get(next.id))).toBe('/b');
  });
});

describe.each([
  ['of one thread', () => new NodeTable()],
  ['of several', () => twoTables()[0]],
])('what is found out while others change names (%s)', (_, make) => {
  const X = { inode: 1n };
  const Y = { inode: 2n };
  /** How many changes there were, as whoever asks the file system for a name in the root sees it. */
  const now = (table: NodeTable): number => {
    table.child(table.root, 'any');
    return table.changes;
  };

  it('takes no name from what has got it since', () => {
    const table = make();
    const { root } = table;
    const x = enter(table, root, 'x', X);
    const y = enter(table, root, 'y', Y);
    const asked = now(table);
    table.rename(root, 'x', root, 'other');
    table.rename(root, 'y', root, 'x');
    expect(table.unlinkFound(root, 'x', x, asked)).toBe(false);
    expect(table.unlinkFound(root, 'x', y, asked)).toBe(false);
    expect(table.enterFound(root, 'x', X, FILE, asked, false)).toBeUndefined();
    expect(table.enterFound(root, 'x', X, FILE, asked, true)).toBeUndefined();
    expect([table.path(x), table.path(y)]).toEqual(['/other', '/x']);
    expect([x.lookups, y.lookups]).toEqual([1, 1]);
    // What fits, somebody has entered meanwhile.
    expect(table.enterFound(root, 'x', Y, FILE, asked, false)).toBe(y);
    // Asked now, the same is true.
    expect(table.enterFound(root, 'x', X, FILE, now(table), false)).not.toBe(y);
    expect(y.isUnlinked).toBe(true);
  });

  it('takes no name from what has come back to it', () => {
    const table = make();
    const { root } = table;
    const x = enter(table, root, 'x', X);
    const asked = now(table);
    table.rename(root, 'x', root, 'other');
    table.rename(root, 'other', root, 'x');
    expect(table.unlinkFound(root, 'x', x, asked)).toBe(false);
    expect(table.enterFound(root, 'x', Y, FILE, asked, false)).toBeUndefined();
    expect(table.unlinkFound(root, 'x', x, now(table))).toBe(true);
    expect(x.isUnlinked).toBe(true);
  });

  it('gives no name back that is gone', () => {
    const table = make();
    const { root } = table;
    const x = enter(table, root, 'x', X);
    const asked = now(table);
    table.unlink(root, 'x');
    expect(table.enterFound(root, 'x', X, FILE, asked, false)).toBeUndefined();
    expect(x.isUnlinked).toBe(true);
    // A listing is asked for once and told for long: that a name is in it is believed.
    expect(table.enterFound(root, 'x', X, FILE, asked, true)).toBeDefined();
  });

  it('is of another file when a directory above was renamed', () => {
    const table = make();
    const { root } = table;
    const top = directory(table, root, 'top');
    const below = directory(table, top, 'below');
    const x = enter(table, below, 'x', X);
    const asked = now(table);
    table.rename(root, 'top', root, 'moved');
    expect(table.unlinkFound(below, 'x', x, asked)).toBe(false);
    expect(table.enterFound(below, 'x', Y, FILE, asked, false)).toBeUndefined();
    expect(table.enterFound(below, 'new', Y, FILE, asked, false)).toBeUndefined();
    expect(table.path(x)).toBe('/moved/below/x');
  });

  it('is what it is when names were changed elsewhere', () => {
    const table = make();
    const { root } = table;
    const dir = directory(table, root, 'dir');
    const x = enter(table, dir, 'x', X);
    enter(table, root, 'y', Y);
    const asked = now(table);
    table.rename(root, 'y', root, 'z');
    expect(table.enterFound(dir, 'new', {}, FILE, asked, false)).toBeDefined();
    expect(table.unlinkFound(dir, 'x', x, asked)).toBe(true);
  });

  it('leaves a renamed file its new name, whatever was found of the old one', () => {
    const table = make();
    const { root } = table;
    const x = enter(table, root, 'x', X);
    const y = enter(table, root, 'y', Y);
    // The file system has renamed them, and nobody else has heard of that yet.
    expect(table.unlinkFound(root, 'x', x, now(table))).toBe(true);
    table.rename(root, 'x', root, 'z', x);
    expect(table.path(x)).toBe('/z');
    const found = enter(table, root, 'z', Y);
    table.exchange(root, 'z', root, 'y', x, y);
    expect([table.path(x), table.path(y)]).toEqual(['/y', '/z']);
    expect(found.isUnlinked).toBe(true);
  });
});

describe('views of a node', () => {
  it('are the same for as long as somebody has one', () => {
    const [table] = twoTables();
    const node = enter(table, table.root, 'kept');
    for (let index = 0; index < 5_000; index += 1) enter(table, table.root, `other-${index}`);
    expect(table.get(node.id)).toBe(node);
  });
});

const NAMES = ['a', 'b', '\udc80', 'ü:'];
const at = fc.nat(30);
const name = fc.constantFrom(...NAMES);
const step = fc.oneof(
  fc.record({
    do: fc.constant('enter' as const),
    at,
    name,
    inode: fc.option(fc.oneof(fc.nat(5), fc.bigInt({ min: 0n, max: 5n })), { nil: undefined }),
    birth: fc.option(fc.oneof(fc.nat(2), fc.bigInt({ min: -2n, max: 2n })), { nil: undefined }),
    links: fc.integer({ min: 1, max: 3 }),
    isDirectory: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('forget', 'open', 'close', 'know'), at }),
  fc.record({ do: fc.constant('unlink' as const), at, name }),
  fc.record({ do: fc.constant('link' as const), at, to: at, name }),
  fc.record({ do: fc.constantFrom('rename', 'exchange'), at, name, to: at, newName: name }),
);

/** One table, with the nodes a kernel would have of it, in the order they came. */
class Side {
  readonly nodes: Node[];
  readonly opens: { node: Node; handle: FileHandle }[] = [];
  readonly #table: NodeTable;

  constructor(table: NodeTable) {
    this.#table = table;
    this.nodes = [table.root];
  }

  /** A node that the kernel still knows, so that it may ask for it. */
  #node(index: number, wanted: (node: Node) => boolean = () => true): Node {
    const known = this.nodes.filter((node) => this.#table.find(node.id) === node && wanted(node));
    return known[index % known.length]!;
  }

  readonly #isDirectory = (node: Node): boolean =>
    node === this.#table.root || node.mode === DIRECTORY;

  /** No kernel moves a directory below itself. */
  #isBelow(parent: Node, top: Node | undefined): boolean {
    for (let at: Node | undefined = parent; at !== undefined; at = at.parent) {
      if (at === top) return true;
    }
    return false;
  }

  run(what: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void {
    const table = this.#table;
    const inDirectory = ['enter', 'unlink', 'rename', 'exchange'].includes(what.do);
    const node = this.#node(what.at, inDirectory ? this.#isDirectory : undefined);
    switch (what.do) {
      case 'enter': {
        const { inode, birth, links, isDirectory } = what;
        const info = { inode, creationTime: birth, linkCount: links };
        const mode = isDirectory ? DIRECTORY : FILE;
        const made = enter(table, node, what.name, info, mode);
        if (!this.nodes.includes(made)) this.nodes.push(made);
        return;
      }
      case 'forget':
        if (node !== table.root) table.forget(node, 1);
        return;
      case 'know':
        return table.know(node);
      case 'open':
        this.opens.push({ node, handle: open(table, node) });
        return;
      case 'close': {
        const last = this.opens.pop();
        if (last !== undefined) table.removeOpen(last.node, last.handle);
        return;
      }
      case 'unlink':
        return table.unlink(node, what.name);
      case 'link':
        if (this.#isDirectory(node)) return;
        return table.link(node, this.#node(what.to, this.#isDirectory), what.name);
      default: {
        const to = this.#node(what.to, this.#isDirectory);
        const [moved, other] = [table.child(node, what.name), table.child(to, what.newName)];
        if (this.#isBelow(to, moved) || this.#isBelow(node, other)) return;
        return table[what.do](node, what.name, to, what.newName);
      }
    }
  }

  /** All that can be seen, without the generations. */
  seen(): unknown {
    const table = this.#table;
    return {
      size: table.size,
      nodes: this.nodes.map((node) => {
        if (table.find(node.id) !== node) return 'gone';
        const { id, isUnlinked, lookups, mode, inode, opens } = node;
        const known = {
          ...{ id, isUnlinked, lookups, mode, inode, opens: opens?.length },
          path: table.path(node),
          successor: table.successorOf(node)?.id,
          children: Object.fromEntries(NAMES.map((each) => [each, table.child(node, each)?.id])),
          place: node.parent && [node.parent.id, node.name],
        };
        return node === table.root ? { ...known, lookups: 0 } : known;
      }),
    };
  }
}

describe('whatever happens', () => {
  it('the shared table does what the other one does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ours = new Side(new SharedNodeTable(newStore(), 1, true).asNodeTable());
        const theirs = new Side(new NodeTable());
        for (const what of steps) {
          theirs.run(what);
          ours.run(what);
          expect(ours.seen()).toEqual(theirs.seen());
        }
      }),
      { numRuns: 500 },
    );
  });
});
