import {
  accessSync,
  chmodSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  type BigIntStats,
} from 'node:fs';
import { join, sep } from 'node:path';
import {
  DokanError,
  FileSystemFlags,
  NtStatus,
  type AllocatedRange,
  type DiskFreeSpace,
  type FileInformation,
  type FileTimes,
  type FindEntry,
} from 'node-dokan';
import type { BackingStore } from './backing_store.js';
import { freeSpace } from './disk_space.js';
import { isMissing } from './failure.js';
import { baseName, childPath, parentPath } from './paths.js';
import { attributesOf } from './stat_buffer.js';

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants;
const BIGINT = { bigint: true } as const;
const NANOSECONDS_PER_SECOND = 1e9;
const WINDOWS = process.platform === 'win32';

/**
 * A directory of any system, by what node:fs can do: Windows for one. Links that lead out of it
 * are not followed; unlike the store for Linux it must look first and act then, so somebody who
 * can write to the directory could still trick it.
 */
export class PortableStore implements BackingStore {
  readonly fileSystemName = WINDOWS ? 'NTFS' : 'mirrorfs';
  readonly fileSystemFlags =
    FileSystemFlags.CASE_PRESERVED_NAMES |
    FileSystemFlags.UNICODE_ON_DISK |
    (WINDOWS ? FileSystemFlags.NAMED_STREAMS : 0);
  readonly #root: string;

  /** @throws an errno error when there is no such directory */
  constructor(root: string) {
    this.#root = realpathSync.native(root);
    readdirSync(this.#root);
  }

  inspect(path: string): FileInformation {
    return describe(this.#lookAt(this.#locate(path)));
  }

  find(path: string): FileInformation | undefined {
    try {
      return this.inspect(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * Links are shown as links where they can be read as such. Dokan has no way to answer that
   * question, so Windows sees what they point to, if that is ours to show.
   */
  #lookAt(place: string): BigIntStats {
    const stats = lstatSync(place, BIGINT);
    if (!WINDOWS || !stats.isSymbolicLink()) return stats;
    try {
      return statSync(this.#follow(place), BIGINT);
    } catch {
      return stats;
    }
  }

  inspectOpen(fd: number): FileInformation {
    return describe(fstatSync(fd, BIGINT));
  }

  findEntry(
    directory: string,
    _fd: number | undefined,
    name: string,
    shown: string,
  ): FindEntry | undefined {
    const information = this.find(childPath(directory, name));
    return information && { ...information, name: shown };
  }

  list(path: string): readonly string[] {
    return readdirSync(this.#follow(this.#locate(path)));
  }

  open(path: string, flags: number): number {
    return openSync(this.#follow(this.#locate(path)), flags);
  }

  create(path: string, flags: number, mode: number): number {
    return openSync(this.#locate(path), flags | O_CREAT | O_EXCL, mode);
  }

  openForAppend(path: string): number {
    return this.open(path, O_WRONLY | O_APPEND);
  }

  makeDirectory(path: string, mode: number): void {
    mkdirSync(this.#locate(path), mode);
  }

  checkRemovable(path: string): void {
    const place = this.#locate(path);
    accessSync(this.#locate(parentPath(path)), constants.W_OK);
    // Windows refuses to delete what is marked read-only.
    if (WINDOWS && (lstatSync(place).mode & 0o222) === 0) {
      throw new DokanError(NtStatus.CANNOT_DELETE);
    }
  }

  remove(path: string, isDirectory: boolean): void {
    const place = this.#locate(path);
    if (isDirectory) rmdirSync(place);
    else unlinkSync(place);
  }

  rename(path: string, newPath: string, replace: boolean): void {
    const place = this.#locate(path);
    const newPlace = this.#locate(newPath);
    if (!replace && this.#isOther(place, newPlace)) {
      throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
    }
    renameSync(place, newPlace);
  }

  /** True when `newPlace` is taken; a name of the file itself, in another case, is free. */
  #isOther(place: string, newPlace: string): boolean {
    try {
      const { dev, ino } = lstatSync(newPlace, BIGINT);
      const own = lstatSync(place, BIGINT);
      return dev !== own.dev || ino !== own.ino;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  exchange(): void {
    throw new DokanError(NtStatus.NOT_SUPPORTED);
  }

  readLink(path: string): string {
    return readlinkSync(this.#locate(path));
  }

  makeSymbolicLink(path: string, target: string): void {
    symlinkSync(target, this.#locate(path));
  }

  makeHardLink(path: string, newPath: string): void {
    linkSync(this.#locate(path), this.#locate(newPath));
  }

  setMode(path: string, fd: number | undefined, mode: number): void {
    if (fd === undefined) chmodSync(this.#follow(this.#locate(path)), mode);
    else fchmodSync(fd, mode);
  }

  setOwner(
    path: string,
    fd: number | undefined,
    uid: number | undefined,
    gid: number | undefined,
  ): void {
    if (fd === undefined) lchownSync(this.#locate(path), uid ?? -1, gid ?? -1);
    else fchownSync(fd, uid ?? -1, gid ?? -1);
  }

  /** node:fs takes seconds: exact to a microsecond or so. The time of creation it cannot set. */
  setTimes(path: string, fd: number | undefined, times: FileTimes): void {
    const place = this.#locate(path);
    // On Windows a descriptor opened for reading has no right to set times.
    const handle = WINDOWS ? undefined : fd;
    const stats = handle === undefined ? this.#lookAt(place) : fstatSync(handle, BIGINT);
    const accessTime = seconds(times.lastAccessTime ?? stats.atimeNs);
    const writeTime = seconds(times.lastWriteTime ?? stats.mtimeNs);
    if (handle !== undefined) futimesSync(handle, accessTime, writeTime);
    else if (WINDOWS) utimesSync(this.#follow(place), accessTime, writeTime);
    else lutimesSync(place, accessTime, writeTime);
  }

  reserve(): void {
    // Nothing in node:fs does that; it is a help, not a promise.
  }

  allocatedRange(fd: number, offset: number): AllocatedRange | undefined {
    const { size } = fstatSync(fd);
    return offset < size ? { offset, length: size - offset } : undefined;
  }

  punchHole(): boolean {
    return false;
  }

  diskFreeSpace(): DiskFreeSpace {
    return freeSpace(statfsSync(this.#root));
  }

  dispose(): void {
    // Nothing is held.
  }

  /** Where a path is on the disk, the directory it is in being one below the root. */
  #locate(path: string): string {
    if (path === '') return this.#root;
    const parent = parentPath(path);
    const directory = parent === '' ? this.#root : this.#parent(join(this.#root, parent));
    // A directory named by its parent would be outside before anybody looked.
    const name = baseName(path);
    if (name === '..' || name === '.') throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
    return directory.endsWith(sep) ? directory + name : directory + sep + name;
  }

  #parent(place: string): string {
    try {
      return this.#inside(realpathSync.native(place));
    } catch (error) {
      if (isMissing(error)) throw new DokanError(NtStatus.OBJECT_PATH_NOT_FOUND);
      throw error;
    }
  }

  /** What a link points to, when that is below the root. */
  #follow(place: string): string {
    // Not for everything: the path of a stream has no real path.
    return lstatSync(place).isSymbolicLink() ? this.#inside(realpathSync.native(place)) : place;
  }

  #inside(place: string): string {
    const root = this.#root.endsWith(sep) ? this.#root : this.#root + sep;
    if (place === this.#root || place.startsWith(root)) return place;
    throw new DokanError(NtStatus.ACCESS_DENIED);
  }
}

function describe(stats: BigIntStats): FileInformation {
  const mode = Number(stats.mode);
  const information: FileInformation = {
    attributes: attributesOf(mode),
    creationTime: stats.birthtimeNs,
    lastAccessTime: stats.atimeNs,
    lastWriteTime: stats.mtimeNs,
    changeTime: stats.ctimeNs,
    size: Number(stats.size),
    inode: stats.ino,
    linkCount: Number(stats.nlink),
  };
  if (WINDOWS) return information;
  // On Windows node:fs makes these up.
  const { uid, gid, blocks, rdev } = stats;
  return Object.assign(information, {
    mode,
    uid: Number(uid),
    gid: Number(gid),
    blocks: Number(blocks),
    rdev: Number(rdev),
  });
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / NANOSECONDS_PER_SECOND;
}
