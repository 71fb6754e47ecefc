/** What files are in the model, and what can be said of one without knowing the others. */

/** A call fails; `code` is the errno name. */
export class ModelError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = 'ModelError';
    this.code = code;
  }
}

/** A symbolic link leads out of the modelled directory: nothing is known of what is there. */
export class LeavesModel extends Error {}

/**
 * A time is known to the nanosecond once it was set; `recent` is the time of some call of this
 * sequence; `unknown` is where file systems may differ (relatime, a truncation to the same size).
 */
export type KnownTime = bigint | 'recent' | 'unknown';

export interface Common {
  mode: number;
  atime: KnownTime;
  mtime: KnownTime;
  readonly xattrs: Map<string, Buffer>;
}

export interface FileNode extends Common {
  readonly kind: 'file';
  nlink: number;
  data: Buffer;
}

export interface SymlinkNode extends Common {
  readonly kind: 'symlink';
  nlink: number;
  readonly target: string;
}

export interface DirectoryNode extends Common {
  readonly kind: 'directory';
  readonly entries: Map<string, Node>;
  /** Itself for the root; undefined once it was removed. */
  parent: DirectoryNode | undefined;
}

export type Node = FileNode | SymlinkNode | DirectoryNode;

/** An open file description: what descriptors made by dup share. */
export interface OpenFile {
  readonly node: FileNode | DirectoryNode;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly append: boolean;
  position: number;
}

export interface OpenHow {
  readonly access: 'RDONLY' | 'WRONLY' | 'RDWR';
  readonly create?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  readonly append?: boolean;
  readonly noFollow?: boolean;
  readonly directory?: boolean;
}

/** What stat must say. Sizes of directories are the file system's own affair. */
export interface ExpectedStat {
  readonly node: Node;
  readonly kind: Node['kind'];
  readonly mode: number;
  readonly nlink: number;
  readonly size: number | undefined;
  readonly atime: KnownTime;
  readonly mtime: KnownTime;
}

export type Names = readonly string[];
export type NewTime = bigint | 'now' | 'omit';

export const fail = (code: string): never => {
  throw new ModelError(code);
};

export const isDirectory = (node: Node | undefined): node is DirectoryNode =>
  node?.kind === 'directory';

export const newTimes = (): Pick<Common, 'atime' | 'mtime' | 'xattrs'> => ({
  atime: 'recent',
  mtime: 'recent',
  xattrs: new Map(),
});

/** Reading sets the access time, or not: relatime decides. */
export function touchAccess(node: Node): void {
  if (typeof node.atime === 'bigint') node.atime = 'unknown';
}

/** What a change of the data that POSIX leaves open does to the modification time. */
export function mayTouchModified(node: Node): void {
  if (typeof node.mtime === 'bigint') node.mtime = 'unknown';
}

/** Whoever is layered on another file system has to read a directory to know that it is empty. */
export function refuseFull(node: DirectoryNode): void {
  if (node.entries.size === 0) return;
  touchAccess(node);
  fail('ENOTEMPTY');
}

export function isWithin(node: DirectoryNode, directory: DirectoryNode): boolean {
  for (let above: DirectoryNode | undefined = directory; above !== undefined;) {
    if (above === node) return true;
    above = above.parent === above ? undefined : above.parent;
  }
  return false;
}

export function resize(node: FileNode, length: number): void {
  if (length <= node.data.length) {
    node.data = Buffer.from(node.data.subarray(0, length));
  } else {
    node.data = Buffer.concat([node.data, Buffer.alloc(length - node.data.length)]);
  }
}

export function setTimes(node: Node, atime: NewTime, mtime: NewTime): void {
  if (atime !== 'omit') node.atime = atime === 'now' ? 'recent' : atime;
  if (mtime !== 'omit') node.mtime = mtime === 'now' ? 'recent' : mtime;
}

/** In the order of the bytes of the names, which is not that of UTF-16. */
export function listing(node: DirectoryNode): { name: string; node: Node }[] {
  return [...node.entries]
    .map(([name, child]) => ({ name, node: child }))
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
}

export function linksOf(node: Node): number {
  if (node.kind !== 'directory') return node.nlink;
  if (node.parent === undefined) return 0;
  return 2 + [...node.entries.values()].filter(isDirectory).length;
}

export function sizeOf(node: Node): number | undefined {
  if (node.kind === 'file') return node.data.length;
  return node.kind === 'symlink' ? Buffer.byteLength(node.target) : undefined;
}

export function describe(node: Node): ExpectedStat {
  const { kind, mode, atime, mtime } = node;
  return { node, kind, mode, nlink: linksOf(node), size: sizeOf(node), atime, mtime };
}

/** Whether a node has a name left: without one only open files lead to it. */
export function isNamed(node: Node): boolean {
  return linksOf(node) > 0;
}
