import { describe, expect, it } from 'vitest';
import { Node } from '../../../lib/hosts/fuse/node.js';
import { RecentPaths } from '../../../lib/hosts/fuse/recent_paths.js';

describe('RecentPaths', () => {
  it('know a node by itself, not by its number, which may be used again', () => {
    const paths = new RecentPaths();
    const node = new Node(7, 0, undefined, '/a');
    paths.set(node, '/a');
    expect(paths.get(node)).toBe('/a');
    const next = new Node(7, 1, undefined, '/b');
    expect(paths.get(next)).toBeUndefined();
    paths.delete(next);
    expect(paths.get(node)).toBe('/a');
    paths.delete(node);
    expect(paths.get(node)).toBeUndefined();
  });

  it('are few, however many nodes there are', () => {
    const paths = new RecentPaths();
    const nodes = Array.from({ length: 10_000 }, (_, at) => new Node(at + 2, 0, undefined, '/a'));
    for (const node of nodes) paths.set(node, `/${node.id}`);
    const kept = nodes.filter((node) => paths.get(node) !== undefined);
    expect(kept).toEqual(nodes.slice(-1024));
    expect(paths.get(nodes[9_999]!)).toBe('/10001');
    paths.clear();
    expect(nodes.some((node) => paths.get(node) !== undefined)).toBe(false);
  });
});
