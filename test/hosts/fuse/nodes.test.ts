import { describe, expect, it } from 'vitest';
import { NodeTable } from '../../../lib/hosts/fuse/nodes.js';
import type { FileInformation } from '../../../lib/operations.js';
import { DIRECTORY, directory, enter, FILE, open } from './node_scene.js';

const ESTALE = 'errno 116';
describe('lookup counts', () => {
  it('count up with every lookup and down with FORGET', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'a');
    expect(enter(table, table.root, 'a')).toBe(node);
    expect(node.lookups).toBe(2);
    table.forget(node, 1);
    expect(table.get(node.id)).toBe(node);
    table.forget(node, 1);
    expect(() => table.get(node.id)).toThrow(ESTALE);
    expect(table.find(node.id)).toBeUndefined();
    expect(table.size).toBe(1);
  });

  it('never go below nothing', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'a');
    open(table, node);
    table.forget(node, 1_000_000);
    expect(node.lookups).toBe(0);
    expect(enter(table, table.root, 'a').lookups).toBe(1);
  });

  it('do not matter to the root', () => {
    const table = new NodeTable();
    table.forget(table.root, 5);
    expect(table.get(1)).toBe(table.root);
  });

  it.each([0, 2, 2 ** 32 - 1, 2 ** 32 + 1, 2 ** 53, 2 ** 64])('there is no node %d', (id) => {
    expect(() => new NodeTable().get(id)).toThrow(ESTALE);
  });

  it('keep a node that is open', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'a');
    const handle = open(table, node);
    const other = open(table, node);
    table.forget(node, 1);
    expect(table.get(node.id)).toBe(node);
    table.removeOpen(node, handle);
    table.removeOpen(node, handle);
    expect(table.get(node.id)).toBe(node);
    table.removeOpen(node, other);
    expect(table.size).toBe(1);
  });
});

describe('numbers', () => {
  it('come again with a new generation', () => {
    const table = new NodeTable();
    const seen = new Set<string>();
    for (let turn = 0; turn < 1_000; turn += 1) {
      const one = enter(table, table.root, 'a');
      const two = enter(table, table.root, 'b');
      for (const { id, generation } of [one, two]) {
        expect(id).toBeLessThan(5);
        expect(seen.has(`${id}.${generation}`)).toBe(false);
        seen.add(`${id}.${generation}`);
      }
      table.forget(one, 1);
      table.forget(two, 1);
    }
  });

  it('do not run up with 100,000 lookups and forgets', () => {
    const table = new NodeTable();
    const parent = directory(table, table.root, 'd');
    let highest = 0;
    for (let turn = 0; turn < 100_000; turn += 1) {
      const node = enter(table, parent, `name ${turn}`, { inode: turn + 1, linkCount: 2 });
      highest = Math.max(highest, node.id);
      table.forget(node, 1);
    }
    expect(highest).toBeLessThan(4);
    expect(table.size).toBe(2);
    expect(parent.childCount).toBe(0);
  });
});

describe('parents', () => {
  it('stay for the sake of their children, and go with the last', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const b = directory(table, a, 'b');
    const one = enter(table, b, 'one');
    const two = enter(table, b, 'two');
    table.forget(a, 1);
    table.forget(b, 1);
    expect(table.path(one)).toBe('/a/b/one');
    table.forget(one, 1);
    expect(table.size).toBe(4);
    expect(table.path(two)).toBe('/a/b/two');
    table.forget(two, 1);
    expect(table.size).toBe(1);
    expect(table.root.childCount).toBe(0);
  });

  it('go with the last open file below them', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const file = enter(table, a, 'f');
    const handle = open(table, file);
    table.forget(a, 1);
    table.forget(file, 1);
    expect(table.path(file)).toBe('/a/f');
    table.removeOpen(file, handle);
    expect(table.size).toBe(1);
  });

  it('go when their last child is unlinked, renamed or exchanged away', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const one = enter(table, a, 'one');
    table.forget(a, 1);
    table.unlink(a, 'one');
    expect(table.find(a.id)).toBeUndefined();
    table.forget(one, 1);

    const b = directory(table, table.root, 'b');
    const two = enter(table, b, 'two');
    table.forget(b, 1);
    table.rename(b, 'two', table.root, 'two');
    expect(table.find(b.id)).toBeUndefined();
    table.forget(two, 1);

    const c = directory(table, table.root, 'c');
    const three = enter(table, c, 'three');
    table.forget(c, 1);
    // The kernel never heard of the other name.
    table.exchange(c, 'three', table.root, 'unknown');
    expect(table.path(three)).toBe('/unknown');
    expect(table.find(c.id)).toBeUndefined();
    table.forget(three, 1);
    expect(table.size).toBe(1);
  });
});

describe('paths', () => {
  it('follow the rename of a directory far above', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const b = directory(table, a, 'b');
    const file = enter(table, b, 'f');
    const c = directory(table, table.root, 'c');
    expect(table.path(file)).toBe('/a/b/f');
    table.rename(table.root, 'a', c, 'moved');
    expect(table.path(file)).toBe('/c/moved/b/f');
    expect(table.childPath(b, 'new')).toBe('/c/moved/b/new');
    table.rename(c, 'moved', table.root, 'a');
    expect(table.path(b)).toBe('/a/b');
    expect(table.path(file)).toBe('/a/b/f');
    expect(table.child(b, 'f')).toBe(file);
    expect(table.child(b, 'g')).toBeUndefined();
  });

  it('stay as they were when the file is unlinked', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const file = enter(table, a, 'f');
    open(table, file);
    table.unlink(a, 'f');
    expect(file.isUnlinked).toBe(true);
    expect(table.path(file)).toBe('/a/f');
    table.rename(table.root, 'a', table.root, 'b');
    expect(table.path(file)).toBe('/a/f');
    expect(table.get(file.id)).toBe(file);
    expect(enter(table, a, 'f')).not.toBe(file);
  });

  it('say where a file was last, also when that was never asked for', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const file = enter(table, a, 'f');
    table.rename(table.root, 'a', table.root, 'b');
    table.unlink(a, 'f');
    expect(table.path(file)).toBe('/b/f');
  });

  it('change with a rename that replaces another file', () => {
    const table = new NodeTable();
    const from = enter(table, table.root, 'from');
    const to = enter(table, table.root, 'to');
    open(table, to);
    table.rename(table.root, 'from', table.root, 'to');
    expect(table.path(from)).toBe('/to');
    expect(to.isUnlinked).toBe(true);
    expect(table.path(to)).toBe('/to');
    expect(table.successorOf(to)).toBe(from);
    expect(table.child(table.root, 'to')).toBe(from);
    expect(table.child(table.root, 'from')).toBeUndefined();
  });

  it('lose a name that something unknown was renamed to', () => {
    const table = new NodeTable();
    const to = enter(table, table.root, 'to');
    table.rename(table.root, 'unknown', table.root, 'to');
    expect(to.isUnlinked).toBe(true);
  });

  it('stay with a rename to the same name', () => {
    const table = new NodeTable();
    const file = enter(table, table.root, 'f');
    table.rename(table.root, 'f', table.root, 'f');
    expect(table.path(file)).toBe('/f');
    expect(table.child(table.root, 'f')).toBe(file);
  });

  it('are swapped by an exchange, with everything below', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const inner = enter(table, a, 'inner');
    const b = directory(table, table.root, 'b');
    const file = enter(table, b, 'file');
    table.exchange(table.root, 'a', b, 'file');
    expect(table.path(a)).toBe('/b/file');
    expect(table.path(inner)).toBe('/b/file/inner');
    expect(table.path(file)).toBe('/a');
    table.exchange(table.root, 'a', table.root, 'a');
    expect(table.path(file)).toBe('/a');
  });
});

describe('the path of a name that has no node', () => {
  it('is asked for once and again, whatever happens to its directory', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    // It has no node below it, so that no path of one becomes wrong.
    const b = directory(table, a, 'b');
    expect(table.childPath(b, 'new')).toBe('/a/b/new');
    expect(table.childPath(b, 'new')).toBe('/a/b/new');
    expect(table.childPath(a, 'new')).toBe('/a/new');
    expect(table.childPath(b, 'new')).toBe('/a/b/new');
    table.rename(a, 'b', table.root, 'c');
    expect(table.childPath(b, 'new')).toBe('/c/new');
    table.exchange(table.root, 'c', table.root, 'a');
    expect(table.childPath(b, 'new')).toBe('/a/new');
    table.unlink(table.root, 'a');
    expect(table.childPath(b, 'new')).toBe('/a/new');
  });

  it('is another one when a directory above is renamed', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const b = directory(table, a, 'b');
    expect(table.childPath(b, 'new')).toBe('/a/b/new');
    table.rename(table.root, 'a', table.root, 'z');
    expect(table.childPath(b, 'new')).toBe('/z/b/new');
  });
});

describe('another file under a known name', () => {
  it.each<[string, FileInformation, number, FileInformation, number]>([
    ['with another inode', { inode: 1 }, FILE, { inode: 2 }, FILE],
    ['with another type', {}, FILE, {}, DIRECTORY],
    ['with another type and the same inode', { inode: 1 }, DIRECTORY, { inode: 1 }, FILE],
  ])('%s gets a node of its own', (_what, before, beforeMode, after, afterMode) => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'a', before, beforeMode);
    const other = enter(table, table.root, 'a', after, afterMode);
    expect(other).not.toBe(node);
    expect(node.isUnlinked).toBe(true);
    expect(table.child(table.root, 'a')).toBe(other);
    table.forget(node, 1);
    expect(table.path(other)).toBe('/a');
    expect(table.size).toBe(2);
  });

  it('is not seen in other permissions, or in an inode that was not told before', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'a', {}, FILE);
    expect(enter(table, table.root, 'a', { inode: 3 }, 0o100600)).toBe(node);
    expect(enter(table, table.root, 'a', {}, FILE)).toBe(node);
  });
});
