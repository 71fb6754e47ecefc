import type { Live } from './live.js';
import { describe, listing, touchAccess, type DirectoryNode, type Node } from './nodes.js';
import { contentMistake, listingMistake } from './step.js';

/**
 * Compares a whole tree with the model's: names, attributes, content, link targets, extended
 * attributes.
 * @throws Error that names the first difference
 */
export async function verifyTree(live: Live): Promise<void> {
  await verifyDirectory(live, live.state.model.root, []);
}

async function verifyDirectory(
  live: Live,
  directory: DirectoryNode,
  path: readonly string[],
): Promise<void> {
  const children = listing(directory);
  report(live, path, listingMistake(children, await live.posix.scandir(live.path(path)), live));
  touchAccess(directory);
  for (const { name, node } of children) {
    const childPath = [...path, name];
    await verifyNode(live, node, childPath);
    if (node.kind === 'directory') await verifyDirectory(live, node, childPath);
  }
}

async function verifyNode(live: Live, node: Node, path: readonly string[]): Promise<void> {
  const { posix } = live;
  const place = live.path(path);
  report(live, path, live.statMistake(describe(node), await posix.lstat(place)));
  // What is read here is looked at once more where it has another name or is seen on the disk below.
  if (node.kind !== 'directory') touchAccess(node);
  if (node.kind === 'file') {
    report(live, path, contentMistake(node.data, await posix.readFile(place)));
  }
  if (node.kind === 'symlink') {
    const target = await posix.readlink(place);
    report(live, path, contentMistake(Buffer.from(node.target), target));
    return;
  }
  const wanted = [...node.xattrs.keys()].sort();
  const found = await posix.listxattr(place);
  if (wanted.join() !== found.join()) {
    report(live, path, `attributes [${wanted.join()}] expected, got [${found.join()}]`);
  }
  for (const [name, value] of node.xattrs) {
    report(live, path, contentMistake(value, await posix.getxattr(place, name)));
  }
}

function report(live: Live, path: readonly string[], mistake: string | undefined): void {
  if (mistake !== undefined) throw new Error(`in the end, ${live.path(path)}: ${mistake}`);
}
