import { expect, it } from 'vitest';
import { loadLinuxAddon } from '../../../../lib/hosts/addon.js';
import { FileHandle } from '../../../../lib/hosts/fuse/handles.js';
import { StatelessFiles } from '../../../../lib/hosts/fuse/threads/handles.js';
import { SharedNodeTable } from '../../../../lib/hosts/fuse/threads/shared_node_table.js';
import { enter } from '../node_scene.js';

const O_RDWR = 2;
const OPEN = { createResult: 'opened', isDirectory: false, backingFd: undefined } as const;

it('an open file of a stateless file system is stale once it has no name', () => {
  const store = new (loadLinuxAddon().SharedNodes)();
  const shared = new SharedNodeTable(store, 1, false);
  const nodes = shared.asNodeTable();
  const files = new StatelessFiles(shared, { adopt: () => OPEN, disown: () => undefined });
  const node = enter(nodes, nodes.root, 'file');
  const number = files.add(new FileHandle(OPEN, node, node, O_RDWR));
  expect(files.get(number)).toMatchObject({ readable: true, writable: true });
  // Another file has its path now.
  enter(nodes, nodes.root, 'other');
  nodes.rename(nodes.root, 'other', nodes.root, 'file');
  expect(() => files.get(number)).toThrow('errno 116');
  expect(files.remove(number)).toBeDefined();
});
