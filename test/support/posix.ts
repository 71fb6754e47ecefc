import { PosixProcess } from './posix_process.js';
import type {
  Path,
  OpenFlags,
  Time,
  FileKind,
  Stat,
  StatVfs,
  Lock,
  LockKind,
} from './posix_types.js';

export * from './posix_types.js';
export { PosixError, type PosixOptions } from './posix_process.js';

/**
 * A process that makes system calls for a test: Node has no maps, locks, extended attributes or
 * sparse files, and one process cannot play two. Calls are answered in order.
 */
export class Posix extends PosixProcess {
  // Opens.
  open(path: Path, flags: OpenFlags, mode = 0o666, dirfd: number | null = null): Promise<number> {
    return this.ask('open', path, flags, mode, dirfd);
  }
  openat2(
    dirfd: number | null,
    path: Path,
    flags: OpenFlags,
    mode = 0,
    resolve = 0,
  ): Promise<number> {
    return this.ask('openat2', dirfd, path, flags, mode, resolve);
  }
  closeFd(fd: number): Promise<void> {
    return this.ask('close', fd);
  }
  dup(fd: number): Promise<number> {
    return this.ask('dup', fd);
  }
  read(fd: number, length: number): Promise<Buffer> {
    return this.ask('read', fd, length);
  }
  pread(fd: number, length: number, offset: number): Promise<Buffer> {
    return this.ask('pread', fd, length, offset);
  }
  write(fd: number, data: Buffer | string): Promise<number> {
    return this.ask('write', fd, bytes(data));
  }
  pwrite(fd: number, data: Buffer | string, offset: number | bigint): Promise<number> {
    return this.ask('pwrite', fd, bytes(data), offset);
  }
  /** With a buffer aligned as O_DIRECT demands. */
  preadDirect(fd: number, length: number, offset: number): Promise<Buffer> {
    return this.ask('pread_direct', fd, length, offset);
  }
  pwriteDirect(fd: number, data: Buffer, offset: number): Promise<number> {
    return this.ask('pwrite_direct', fd, data, offset);
  }
  lseek(
    fd: number,
    offset: number | bigint,
    whence: 'SET' | 'CUR' | 'END' | 'DATA' | 'HOLE',
  ): Promise<number> {
    return this.ask('lseek', fd, offset, whence);
  }
  ftruncate(fd: number, length: number | bigint): Promise<void> {
    return this.ask('ftruncate', fd, length);
  }
  truncate(path: Path, length: number | bigint): Promise<void> {
    return this.ask('truncate', path, length);
  }
  fsync(fd: number): Promise<void> {
    return this.ask('fsync', fd);
  }
  fdatasync(fd: number): Promise<void> {
    return this.ask('fdatasync', fd);
  }
  syncfs(fd: number): Promise<void> {
    return this.ask('syncfs', fd);
  }
  fallocate(fd: number, mode: number, offset: number, length: number): Promise<void> {
    return this.ask('fallocate', fd, mode, offset, length);
  }
  copyFileRange(
    source: number,
    target: number,
    length: number,
    sourceOffset: number,
    targetOffset: number,
  ): Promise<number> {
    return this.ask('copy_file_range', source, target, length, sourceOffset, targetOffset);
  }
  sendfile(target: number, source: number, offset: number, length: number): Promise<number> {
    return this.ask('sendfile', target, source, offset, length);
  }

  // Whole files.
  writeFile(path: Path, data: Buffer | string, mode = 0o666): Promise<void> {
    return this.ask('write_file', path, bytes(data), mode);
  }
  readFile(path: Path): Promise<Buffer> {
    return this.ask('read_file', path);
  }
  async readText(path: Path): Promise<string> {
    return (await this.readFile(path)).toString('utf8');
  }
  /** SHA-256 of the content, in hexadecimal. */
  digest(path: Path): Promise<string> {
    return this.ask('digest', path);
  }

  // Attributes.
  stat(path: Path): Promise<Stat> {
    return this.ask('stat', path);
  }
  lstat(path: Path): Promise<Stat> {
    return this.ask('lstat', path);
  }
  fstat(fd: number): Promise<Stat> {
    return this.ask('fstat', fd);
  }
  birthTime(path: Path): Promise<bigint | null> {
    return this.ask('birth_time', path);
  }
  chmod(path: Path, mode: number): Promise<void> {
    return this.ask('chmod', path, mode);
  }
  fchmod(fd: number, mode: number): Promise<void> {
    return this.ask('fchmod', fd, mode);
  }
  chown(path: Path, uid: number, gid: number): Promise<void> {
    return this.ask('chown', path, uid, gid);
  }
  lchown(path: Path, uid: number, gid: number): Promise<void> {
    return this.ask('lchown', path, uid, gid);
  }
  fchown(fd: number, uid: number, gid: number): Promise<void> {
    return this.ask('fchown', fd, uid, gid);
  }
  utimens(path: Path, atime: Time, mtime: Time, follow = true): Promise<void> {
    return this.ask('utimens', path, atime, mtime, follow);
  }
  futimens(fd: number, atime: Time, mtime: Time): Promise<void> {
    return this.ask('futimens', fd, atime, mtime);
  }
  /** @param mode - R_OK 4, W_OK 2, X_OK 1, F_OK 0 */
  access(path: Path, mode: number): Promise<void> {
    return this.ask('access', path, mode);
  }
  statvfs(path: Path): Promise<StatVfs> {
    return this.ask('statvfs', path);
  }

  // Names.
  mkdir(path: Path, mode = 0o777): Promise<void> {
    return this.ask('mkdir', path, mode);
  }
  rmdir(path: Path): Promise<void> {
    return this.ask('rmdir', path);
  }
  unlink(path: Path): Promise<void> {
    return this.ask('unlink', path);
  }
  rename(old: Path, renamed: Path): Promise<void> {
    return this.ask('rename', old, renamed);
  }
  renameat2(old: Path, renamed: Path, flags: number): Promise<void> {
    return this.ask('renameat2', old, renamed, flags);
  }
  link(old: Path, linked: Path, follow = false): Promise<void> {
    return this.ask('link', old, linked, follow);
  }
  linkDescriptor(fd: number, linked: Path): Promise<void> {
    return this.ask('link_descriptor', fd, linked);
  }
  symlink(target: Path, path: Path): Promise<void> {
    return this.ask('symlink', target, path);
  }
  readlink(path: Path): Promise<Buffer> {
    return this.ask('readlink', path);
  }
  mknod(path: Path, mode: number, device = 0): Promise<void> {
    return this.ask('mknod', path, mode, device);
  }
  bindSocket(path: Path): Promise<void> {
    return this.ask('bind_socket', path);
  }
  /** Names in byte order. */
  listdir(path: Path): Promise<Buffer[]> {
    return this.ask('listdir', path);
  }
  async names(path: Path): Promise<string[]> {
    return (await this.listdir(path)).map((name) => name.toString('utf8'));
  }
  scandir(path: Path): Promise<{ name: Buffer; kind: FileKind | 'other'; ino: bigint }[]> {
    return this.ask('scandir', path);
  }
  chdir(path: Path): Promise<void> {
    return this.ask('chdir', path);
  }
  fchdir(fd: number): Promise<void> {
    return this.ask('fchdir', fd);
  }
  getcwd(): Promise<Buffer> {
    return this.ask('getcwd');
  }
  umask(mask: number): Promise<number> {
    return this.ask('umask', mask);
  }
  removeTree(path: Path): Promise<void> {
    return this.ask('remove_tree', path);
  }

  // Directory streams.
  opendir(path: Path): Promise<number> {
    return this.ask('opendir', path);
  }
  readdir(stream: number, count = 1): Promise<{ name: Buffer; position: bigint }[]> {
    return this.ask('readdir', stream, count);
  }
  telldir(stream: number): Promise<bigint> {
    return this.ask('telldir', stream);
  }
  seekdir(stream: number, position: bigint): Promise<void> {
    return this.ask('seekdir', stream, position);
  }
  rewinddir(stream: number): Promise<void> {
    return this.ask('rewinddir', stream);
  }
  closedir(stream: number): Promise<void> {
    return this.ask('closedir', stream);
  }

  // Extended attributes.
  setxattr(
    path: Path,
    name: Path,
    value: Buffer | string,
    flags: '' | 'CREATE' | 'REPLACE' = '',
    follow = true,
  ): Promise<void> {
    return this.ask('setxattr', path, name, bytes(value), flags, follow);
  }
  getxattr(path: Path, name: Path, follow = true): Promise<Buffer> {
    return this.ask('getxattr', path, name, follow);
  }
  getxattrSize(path: Path, name: Path, size: number): Promise<number> {
    return this.ask('getxattr_size', path, name, size);
  }
  /** Names in the `user.` namespace, sorted. */
  listxattr(path: Path, follow = true): Promise<string[]> {
    return this.ask('listxattr', path, follow);
  }
  listxattrSize(path: Path, size: number): Promise<number> {
    return this.ask('listxattr_size', path, size);
  }
  removexattr(path: Path, name: Path, follow = true): Promise<void> {
    return this.ask('removexattr', path, name, follow);
  }
  fsetxattr(fd: number, name: Path, value: Buffer | string): Promise<void> {
    return this.ask('fsetxattr', fd, name, bytes(value));
  }
  fgetxattr(fd: number, name: Path): Promise<Buffer> {
    return this.ask('fgetxattr', fd, name);
  }

  // Locks. A length of 0 reaches to the end of the file, wherever that is.
  lock(
    fd: number,
    kind: LockKind,
    start: number,
    length: number,
    how: { wait?: boolean; ofd?: boolean } = {},
  ): Promise<void> {
    return this.ask('lock', fd, kind, start, length, how.wait ?? false, how.ofd ?? false);
  }
  testLock(
    fd: number,
    kind: 'read' | 'write',
    start: number,
    length: number,
  ): Promise<Lock | null> {
    return this.ask('test_lock', fd, kind, start, length);
  }
  flock(fd: number, kind: 'shared' | 'exclusive' | 'unlock', wait = false): Promise<void> {
    return this.ask('flock', fd, kind, wait);
  }

  // Memory maps.
  map(
    fd: number,
    length: number,
    how: { shared?: boolean; writable?: boolean; offset?: number } = {},
  ): Promise<number> {
    return this.ask('map', fd, length, how.shared ?? true, how.writable ?? true, how.offset ?? 0);
  }
  mapRead(map: number, offset: number, length: number): Promise<Buffer> {
    return this.ask('map_read', map, offset, length);
  }
  mapWrite(map: number, offset: number, data: Buffer | string): Promise<void> {
    return this.ask('map_write', map, offset, bytes(data));
  }
  msync(map: number, asynchronous = false): Promise<void> {
    return this.ask('msync', map, asynchronous);
  }
  unmap(map: number): Promise<void> {
    return this.ask('unmap', map);
  }

  // The process.
  getuid(): Promise<number> {
    return this.ask('getuid');
  }
  /** Runs a program with execve(2) and gives its exit status. */
  execute(path: Path): Promise<number> {
    return this.ask('execute', path);
  }
  /** Closes everything, working directory /, umask 022. */
  reset(): Promise<void> {
    return this.ask('reset');
  }

  // Loops: what several helpers do at once.
  createMany(
    directory: Path,
    prefix: string,
    count: number,
    kind: 'file' | 'directory' = 'file',
  ): Promise<void> {
    return this.ask('create_many', directory, prefix, count, kind);
  }
  unlinkMany(directory: Path, names: readonly Path[]): Promise<void> {
    return this.ask('unlink_many', directory, names);
  }
  appendRecords(path: Path, tag: string, count: number, length: number): Promise<void> {
    return this.ask('append_records', path, tag, count, length);
  }
  churn(directory: Path, prefix: string, count: number, seed: number): Promise<string[]> {
    return this.ask('churn', directory, prefix, count, seed);
  }
  writeRegions(
    path: Path,
    region: { start: number; stride: number; length: number; count: number; fill: number },
  ): Promise<void> {
    const { start, stride, length, count, fill } = region;
    return this.ask('write_regions', path, start, stride, length, count, fill);
  }
  replaceMany(path: Path, prefix: string, count: number, length: number): Promise<void> {
    return this.ask('replace_many', path, prefix, count, length);
  }
  readWhole(path: Path, count: number, length: number): Promise<string[]> {
    return this.ask('read_whole', path, count, length);
  }
  exclusiveWins(directory: Path, count: number): Promise<number[]> {
    return this.ask('exclusive_wins', directory, count);
  }
  mkdirWins(directory: Path, count: number): Promise<number[]> {
    return this.ask('mkdir_wins', directory, count);
  }
  lockedIncrements(path: Path, count: number, how: 'fcntl' | 'ofd' | 'flock'): Promise<void> {
    return this.ask('locked_increments', path, count, how);
  }
  fill(path: Path, block: number): Promise<{ written: number; errno: string }> {
    return this.ask('fill', path, block);
  }
}

const bytes = (data: Buffer | string): Buffer =>
  typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
