import {
  LeavesModel,
  type FileNode,
  type DirectoryNode,
  type Node,
  type OpenFile,
  type OpenHow,
  type ExpectedStat,
  type Names,
  type NewTime,
  fail,
  isDirectory,
  newTimes,
  touchAccess,
  mayTouchModified,
  refuseFull,
  isWithin,
  resize,
  setTimes,
  listing,
  describe,
} from './nodes.js';

/** Where a path leads: the directory that holds the last name, and what has the name. */
interface Place {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: Node | undefined;
}

const UMASK = 0o022;
const SET_GID = 0o2000;
/** mkdir(2) takes the permission bits and the sticky bit only. */
const MKDIR_MODE = 0o1777;
/** MAXSYMLINKS of the kernel. */
const LINKS_AT_MOST = 40;

/**
 * What a POSIX file system on Linux does, in memory: each method is a system call as root makes it,
 * answers what the call answers and throws what it fails with. Kept as plain as possible, because
 * it is right only as long as everyone can see that it is.
 */
export class Model {
  readonly root: DirectoryNode;

  constructor() {
    this.root = {
      kind: 'directory',
      mode: 0o755,
      ...newTimes(),
      entries: new Map(),
      parent: undefined,
    };
    this.root.parent = this.root;
  }

  /** Everything there is, by its path without links. */
  entries(): { path: Names; node: Node }[] {
    const all: { path: Names; node: Node }[] = [];
    const visit = (directory: DirectoryNode, path: Names): void => {
      for (const [name, node] of directory.entries) {
        const inside = [...path, name];
        all.push({ path: inside, node });
        if (node.kind === 'directory') visit(node, inside);
      }
    };
    visit(this.root, []);
    return all;
  }

  // Opens.

  open(path: Names, how: OpenHow, mode: number): OpenFile {
    const exclusive = how.create === true && how.exclusive === true;
    const place = this.#walk(path, !exclusive && how.noFollow !== true);
    const node = place.node ?? (how.create === true ? undefined : fail('ENOENT'));
    const readable = how.access !== 'WRONLY';
    const writable = how.access !== 'RDONLY';
    const append = how.append === true;
    if (node === undefined) {
      const created: FileNode = {
        kind: 'file',
        mode: mode & ~UMASK,
        ...newTimes(),
        nlink: 1,
        data: Buffer.alloc(0),
      };
      this.#add(place, created);
      return { node: created, readable, writable, append, position: 0 };
    }
    if (exclusive) fail('EEXIST');
    if (how.create === true && node.kind === 'directory') fail('EISDIR');
    if (how.directory === true && node.kind !== 'directory') fail('ENOTDIR');
    if (node.kind === 'symlink') return fail('ELOOP');
    if (node.kind === 'directory') {
      if (writable || how.truncate === true) fail('EISDIR');
    } else if (how.truncate === true) {
      resize(node, 0);
      node.mtime = 'recent';
    }
    return { node, readable, writable, append, position: 0 };
  }

  read(open: OpenFile, length: number): Buffer {
    const data = this.pread(open, length, open.position);
    open.position += data.length;
    return data;
  }

  pread(open: OpenFile, length: number, offset: number): Buffer {
    if (!open.readable) fail('EBADF');
    if (open.node.kind === 'directory') return fail('EISDIR');
    touchAccess(open.node);
    return Buffer.from(open.node.data.subarray(offset, offset + length));
  }

  write(open: OpenFile, data: Buffer): number {
    const node = this.#writableFile(open, 'EBADF');
    const offset = open.append ? node.data.length : open.position;
    this.#put(node, data, offset);
    open.position = offset + data.length;
    return data.length;
  }

  /** Linux appends through O_APPEND whatever the offset says; the position stays. */
  pwrite(open: OpenFile, data: Buffer, offset: number): number {
    const node = this.#writableFile(open, 'EBADF');
    this.#put(node, data, open.append ? node.data.length : offset);
    return data.length;
  }

  seek(open: OpenFile, offset: number, whence: 'SET' | 'END'): number {
    const base = whence === 'SET' || open.node.kind !== 'file' ? 0 : open.node.data.length;
    open.position = base + offset;
    return open.position;
  }

  ftruncate(open: OpenFile, length: number): void {
    this.#resize(this.#writableFile(open, 'EINVAL'), length);
  }

  truncate(path: Names, length: number): void {
    const node = this.#get(path, true);
    if (node.kind === 'directory') return fail('EISDIR');
    if (node.kind === 'symlink') return fail('EINVAL');
    this.#resize(node, length);
  }

  /** Reserves room, which makes the file as long. */
  allocate(open: OpenFile, offset: number, length: number): void {
    const node = this.#writableFile(open, 'EBADF');
    if (offset + length > node.data.length) resize(node, offset + length);
    mayTouchModified(node);
  }

  punchHole(open: OpenFile, offset: number, length: number): void {
    const node = this.#writableFile(open, 'EBADF');
    const end = Math.min(offset + length, node.data.length);
    if (offset < end) node.data.fill(0, offset, end);
    mayTouchModified(node);
  }

  /** Through a shared map: never beyond the end of the file. */
  mapWrite(open: OpenFile, offset: number, data: Buffer): void {
    const node = this.#writableFile(open, 'EACCES');
    data.copy(node.data, offset);
    touchAccess(node);
    mayTouchModified(node);
  }

  // Names.

  mkdir(path: Names, mode: number): void {
    const place = this.#free(path);
    const inherited = place.directory.mode & SET_GID;
    this.#add(place, {
      kind: 'directory',
      mode: (mode & MKDIR_MODE & ~UMASK) | inherited,
      ...newTimes(),
      entries: new Map(),
      parent: place.directory,
    });
  }

  rmdir(path: Names): void {
    const place = this.#walk(path, false);
    const node = place.node ?? fail('ENOENT');
    if (node.kind !== 'directory') return fail('ENOTDIR');
    refuseFull(node);
    this.#drop(place, node);
  }

  unlink(path: Names): void {
    const place = this.#walk(path, false);
    const node = place.node ?? fail('ENOENT');
    if (node.kind === 'directory') fail('EISDIR');
    this.#drop(place, node);
  }

  link(path: Names, newPath: Names): void {
    const node = this.#get(path, false);
    const place = this.#free(newPath);
    if (node.kind === 'directory') return fail('EPERM');
    node.nlink += 1;
    this.#add(place, node);
  }

  symlink(target: string, path: Names): void {
    const place = this.#free(path);
    this.#add(place, { kind: 'symlink', mode: 0o777, ...newTimes(), nlink: 1, target });
  }

  readlink(path: Names): string {
    const node = this.#get(path, false);
    if (node.kind !== 'symlink') return fail('EINVAL');
    touchAccess(node);
    return node.target;
  }

  rename(path: Names, newPath: Names, how: 'replace' | 'noreplace' | 'exchange'): void {
    const [from, to] = this.#walkBoth(path, newPath);
    const node = from.node ?? fail('ENOENT');
    const other = to.node;
    if (how === 'noreplace' && other !== undefined) fail('EEXIST');
    if (how === 'exchange' && other === undefined) fail('ENOENT');
    if (node.kind === 'directory' && isWithin(node, to.directory)) fail('EINVAL');
    if (isDirectory(other) && isWithin(other, from.directory)) {
      fail(how === 'exchange' ? 'EINVAL' : 'ENOTEMPTY');
    }
    if (node === other) return;
    if (how === 'exchange' && other !== undefined) {
      this.#place(from, other);
      this.#place(to, node);
      return;
    }
    if (other !== undefined) {
      if (node.kind === 'directory' && other.kind !== 'directory') fail('ENOTDIR');
      if (node.kind !== 'directory' && other.kind === 'directory') fail('EISDIR');
      if (other.kind === 'directory') refuseFull(other);
      this.#drop(to, other);
    }
    from.directory.entries.delete(from.name);
    from.directory.mtime = 'recent';
    this.#place(to, node);
  }

  /** Names and kinds, in byte order. */
  list(path: Names): { name: string; node: Node }[] {
    const node = this.#get(path, true);
    if (node.kind !== 'directory') return fail('ENOTDIR');
    touchAccess(node);
    return listing(node);
  }

  // Attributes.

  stat(path: Names, follow: boolean): ExpectedStat {
    return describe(this.#get(path, follow));
  }

  fstat(open: OpenFile): ExpectedStat {
    return describe(open.node);
  }

  chmod(path: Names, mode: number): void {
    this.#get(path, true).mode = mode;
  }

  fchmod(open: OpenFile, mode: number): void {
    open.node.mode = mode;
  }

  utimens(path: Names, atime: NewTime, mtime: NewTime, follow: boolean): void {
    // The kernel does not even look for the file when there is nothing to set.
    if (atime === 'omit' && mtime === 'omit') return;
    setTimes(this.#get(path, follow), atime, mtime);
  }

  futimens(open: OpenFile, atime: NewTime, mtime: NewTime): void {
    setTimes(open.node, atime, mtime);
  }

  setxattr(
    path: Names,
    name: string,
    value: Buffer,
    flags: '' | 'CREATE' | 'REPLACE',
    follow: boolean,
  ): void {
    const node = this.#get(path, follow);
    // The user namespace is for files and directories only.
    if (node.kind === 'symlink') fail('EPERM');
    if (flags === 'CREATE' && node.xattrs.has(name)) fail('EEXIST');
    if (flags === 'REPLACE' && !node.xattrs.has(name)) fail('ENODATA');
    node.xattrs.set(name, value);
  }

  getxattr(path: Names, name: string, follow: boolean): Buffer {
    return this.#get(path, follow).xattrs.get(name) ?? fail('ENODATA');
  }

  listxattr(path: Names, follow: boolean): string[] {
    return [...this.#get(path, follow).xattrs.keys()].sort();
  }

  removexattr(path: Names, name: string, follow: boolean): void {
    const node = this.#get(path, follow);
    if (node.kind === 'symlink') fail('EPERM');
    if (!node.xattrs.delete(name)) fail('ENODATA');
  }

  fsetxattr(open: OpenFile, name: string, value: Buffer): void {
    open.node.xattrs.set(name, value);
  }

  fgetxattr(open: OpenFile, name: string): Buffer {
    return open.node.xattrs.get(name) ?? fail('ENODATA');
  }

  // The parts the calls share.

  #get(path: Names, follow: boolean): Node {
    return this.#walk(path, follow).node ?? fail('ENOENT');
  }

  /** Where something new is to be: a dangling link takes a name as well as anything else. */
  #free(path: Names): Place {
    const place = this.#walk(path, false);
    if (place.node !== undefined) fail('EEXIST');
    return place;
  }

  #walk(path: Names, follow: boolean): Place {
    let links = 0;
    const walk = (start: DirectoryNode, names: Names, followLast: boolean): Place => {
      let directory = start;
      for (const [index, name] of names.entries()) {
        const isLast = index === names.length - 1;
        let place: Place = { directory, name, node: this.#child(directory, name) };
        if (place.node?.kind === 'symlink' && (!isLast || followLast)) {
          if (links === LINKS_AT_MOST) fail('ELOOP');
          links += 1;
          touchAccess(place.node);
          if (place.node.target.startsWith('/')) throw new LeavesModel();
          place = walk(directory, place.node.target.split('/'), true);
        }
        if (isLast) return place;
        const node = place.node ?? fail('ENOENT');
        if (node.kind !== 'directory') return fail('ENOTDIR');
        directory = node;
      }
      return { directory, name: '.', node: directory };
    };
    return walk(this.root, path, follow);
  }

  /** rename(2) looks for both directories before it looks for the names in them. */
  #walkBoth(path: Names, newPath: Names): [Place, Place] {
    for (const names of [path, newPath]) {
      if (names.length === 1) continue;
      const directory = this.#get(names.slice(0, -1), true);
      if (directory.kind !== 'directory') fail('ENOTDIR');
    }
    return [this.#walk(path, false), this.#walk(newPath, false)];
  }

  #child(directory: DirectoryNode, name: string): Node | undefined {
    if (name === '.') return directory;
    if (name !== '..') return directory.entries.get(name);
    if (directory === this.root) throw new LeavesModel();
    return directory.parent;
  }

  #add({ directory, name }: Place, node: Node): void {
    directory.entries.set(name, node);
    directory.mtime = 'recent';
  }

  /** Gives a node that has or had another name this one. */
  #place(place: Place, node: Node): void {
    if (node.kind === 'directory' && node.parent !== place.directory) {
      // Its `..` has changed: whether that counts as a modification is not said anywhere.
      mayTouchModified(node);
      node.parent = place.directory;
    }
    this.#add(place, node);
  }

  #drop({ directory, name }: Place, node: Node): void {
    directory.entries.delete(name);
    directory.mtime = 'recent';
    if (node.kind === 'directory') node.parent = undefined;
    else node.nlink -= 1;
  }

  #writableFile(open: OpenFile, otherwise: string): FileNode {
    if (!open.writable || open.node.kind !== 'file') return fail(otherwise);
    return open.node;
  }

  #put(node: FileNode, data: Buffer, offset: number): void {
    if (node.data.length < offset + data.length) resize(node, offset + data.length);
    data.copy(node.data, offset);
    node.mtime = 'recent';
  }

  #resize(node: FileNode, length: number): void {
    if (node.data.length === length) {
      mayTouchModified(node);
      return;
    }
    resize(node, length);
    node.mtime = 'recent';
  }
}
