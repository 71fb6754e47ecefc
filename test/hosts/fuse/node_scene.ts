import { FileHandle } from '../../../lib/hosts/fuse/handles.js';
import type { Node, NodeTable } from '../../../lib/hosts/fuse/nodes.js';
import type { FileInformation } from '../../../lib/operations.js';
import type { Open } from '../../../lib/target.js';

export const FILE = 0o100644;
export const DIRECTORY = 0o040755;
export const OPEN: Open = { createResult: 'opened', isDirectory: false, backingFd: undefined };

/** As the session does it: enters, and remembers what the kernel was told. */
export function enter(
  table: NodeTable,
  parent: Node,
  name: string,
  info: FileInformation = {},
  mode = FILE,
): Node {
  const node = table.enter(parent, name, info, mode);
  node.mode = mode;
  return node;
}

export const directory = (table: NodeTable, parent: Node, name: string): Node =>
  enter(table, parent, name, {}, DIRECTORY);

export function open(table: NodeTable, node: Node): FileHandle {
  const handle = new FileHandle(OPEN, node, node, 0);
  table.addOpen(node, handle);
  return handle;
}
