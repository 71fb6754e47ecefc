import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { NodeTable, type Node } from '../../../lib/hosts/fuse/nodes.js';
import { directory, enter } from './node_scene.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use, in V8's heap and outside. */
function used(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const FILES = 100_000;

/** As they come from the kernel's messages: strings of their own. */
const nameOf = (number: number): string => Buffer.from(`file-${number}.txt`).toString();

describe('memory', () => {
  it.each<[string, number, (number: number) => number | bigint]>([
    ['in one directory', FILES, (number) => number + 2],
    ['ten in each directory', 10, (number) => number + 2],
    ['with inodes beyond 53 bits', 1_000, (number) => 2n ** 60n + BigInt(number)],
  ])('of files %s is at most 300 bytes each, and none once they are forgotten', (_, per, inode) => {
    const table = new NodeTable();
    const enterAll = (): void => {
      let parent: Node = table.root;
      for (let number = 0; number < FILES; number += 1) {
        if (number % per === 0) {
          if (parent !== table.root) table.forget(parent, 1);
          parent = directory(table, table.root, `directory-${number / per}`);
        }
        const info = { inode: inode(number), linkCount: 1, creationTime: 5n };
        const node = enter(table, parent, nameOf(number), info);
        table.path(node);
      }
      table.forget(parent, 1);
    };
    const forgetAll = (): void => {
      for (const node of table) if (node.lookups > 0) table.forget(node, 1);
      expect(table.size).toBe(1);
    };
    enterAll();
    forgetAll();
    const before = used();
    enterAll();
    expect((used() - before) / FILES).toBeLessThan(300);
    forgetAll();
    expect((used() - before) / FILES).toBeLessThan(2);
  });
});
