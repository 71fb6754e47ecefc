import { describe, expect, it } from 'vitest';
import { NodeTable, type Node } from '../../../lib/hosts/fuse/nodes.js';
import type { FileInformation } from '../../../lib/operations.js';
import { DIRECTORY, directory, enter, FILE, open } from './node_scene.js';

describe('hard links', () => {
  const info = { inode: 77, linkCount: 2 };

  it('are one node, found by inode', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', info);
    expect(enter(table, table.root, 'two', info)).toBe(node);
    expect(enter(table, table.root, 'three', { ...info, inode: 77n })).not.toBe(node);
    expect(node.lookups).toBe(2);
    expect(table.path(node)).toBe('/two');
    table.unlink(table.root, 'two');
    expect(node.isUnlinked).toBe(false);
    expect(table.path(node)).toBe('/one');
    table.unlink(table.root, 'one');
    expect(node.isUnlinked).toBe(true);
    expect(table.path(node)).toBe('/one');
  });

  it('go by the name that was looked up last: another may be another file’s by now', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', info);
    enter(table, table.root, 'two', info);
    enter(table, table.root, 'one', info);
    expect(table.path(node)).toBe('/one');
    enter(table, table.root, 'two', info);
    expect(table.path(node)).toBe('/two');
    // Replaced from outside: only that name is another file's.
    expect(enter(table, table.root, 'one', { inode: 4711 })).not.toBe(node);
    expect(table.path(node)).toBe('/two');
  });

  it('are found also when the first name was looked up before there was a second', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', { inode: 77, linkCount: 1 });
    expect(enter(table, table.root, 'two', info)).toBe(node);
  });

  it('are not made of files with one name, of directories, or without inodes', () => {
    const table = new NodeTable();
    const one = enter(table, table.root, 'one', { inode: 5 });
    expect(enter(table, table.root, 'two', { inode: 5 })).not.toBe(one);
    const d = enter(table, table.root, 'd', { inode: 6, linkCount: 2 }, DIRECTORY);
    expect(enter(table, table.root, 'e', { inode: 6, linkCount: 2 }, DIRECTORY)).not.toBe(d);
    const three = enter(table, table.root, 'three', { linkCount: 2 });
    expect(enter(table, table.root, 'four', { linkCount: 2 })).not.toBe(three);
  });

  it.each(['rename', 'exchange'] as const)('are still found after %s', (how) => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', info);
    enter(table, table.root, 'other');
    table[how](table.root, 'one', table.root, 'other');
    expect(enter(table, table.root, 'two', info)).toBe(node);
    table.unlink(table.root, 'two');
    expect(table.path(node)).toBe('/other');
  });

  it('do not come back to life: the inode of a deleted file may be another one’s', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', info);
    open(table, node);
    table.unlink(table.root, 'one');
    expect(enter(table, table.root, 'two', info)).not.toBe(node);
  });

  describe('of which only one was looked up', () => {
    const made = { inode: 77, creationTime: 5n };

    function half(told: FileInformation): { table: NodeTable; node: Node } {
      const table = new NodeTable();
      const node = enter(table, table.root, 'one', { ...made, linkCount: 2, ...told });
      open(table, node);
      table.unlink(table.root, 'one');
      expect(node.isUnlinked).toBe(true);
      return { table, node };
    }

    it.each([5n, 5, new Date(5)])(
      'are still one node by the other (made at %s)',
      (creationTime) => {
        const { table, node } = half({ creationTime });
        const told = { ...made, creationTime, linkCount: 1 };
        expect(enter(table, table.root, 'two', told)).toBe(node);
        expect(table.path(node)).toBe('/two');
        expect(node.isUnlinked).toBe(false);
      },
    );

    it('are so too when the other was made outside', () => {
      const { table, node } = half({ linkCount: 1 });
      expect(node.unseenNames).toBe(0);
      table.describe(node, { ...made, linkCount: 1 });
      expect(enter(table, table.root, 'two', { ...made, linkCount: 1 })).toBe(node);
    });

    it.each<[string, FileInformation, number]>([
      ['was made at another time', { inode: 77, creationTime: 6n, linkCount: 2 }, FILE],
      ['does not say when it was made', { inode: 77, linkCount: 2 }, FILE],
      ['is a symbolic link', { inode: 77, creationTime: 5n, linkCount: 2 }, 0o120777],
      ['is a directory', { inode: 77, creationTime: 5n, linkCount: 2 }, DIRECTORY],
    ])('are not mixed up with a file of the same number that %s', (_what, told, mode) => {
      const { table, node } = half({});
      expect(enter(table, table.root, 'two', told, mode)).not.toBe(node);
    });

    it('are forgotten with the node', () => {
      const { table, node } = half({});
      table.removeOpen(node, node.opens![0]!);
      table.forget(node, 1);
      expect(table.size).toBe(1);
      const other = enter(table, table.root, 'two', { ...made, linkCount: 1 });
      expect(other.id).toBe(node.id);
      expect(other.generation).not.toBe(node.generation);
    });
  });

  it('are taken out with all their names', () => {
    const table = new NodeTable();
    const a = directory(table, table.root, 'a');
    const b = directory(table, table.root, 'b');
    const node = enter(table, a, 'one', info);
    expect(enter(table, b, 'two', info)).toBe(node);
    table.link(node, b, 'three');
    table.forget(a, 1);
    table.forget(b, 1);
    expect(table.size).toBe(4);
    table.forget(node, 2);
    expect(table.size).toBe(1);
    expect(table.root.childCount).toBe(0);
  });

  it('may be renamed one by one', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', info);
    table.link(node, table.root, 'two');
    table.rename(table.root, 'two', table.root, 'three');
    expect(table.path(node)).toBe('/one');
    table.unlink(table.root, 'one');
    expect(table.path(node)).toBe('/three');
  });

  it('replace what had the name', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one');
    const before = enter(table, table.root, 'two');
    table.link(node, table.root, 'two');
    expect(before.isUnlinked).toBe(true);
    table.link(node, table.root, 'two');
    expect(node.otherPlaces).toHaveLength(1);
  });

  it('give a name back to a node that had none', () => {
    const table = new NodeTable();
    const node = enter(table, table.root, 'one', info);
    table.unlink(table.root, 'one');
    table.link(node, table.root, 'two');
    expect(table.path(node)).toBe('/two');
    expect(node.isUnlinked).toBe(false);
    expect(enter(table, table.root, 'three', info)).toBe(node);
  });
});
