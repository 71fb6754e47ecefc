import { closeSync, constants, fchmodSync, fchownSync, openSync, statfsSync } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import {
  FileMode,
  FileSystemFlags,
  type AllocatedRange,
  type DiskFreeSpace,
  type FileInformation,
  type FileTimes,
  type FindEntry,
  type Requestor,
} from 'node-dokan';
import * as posix from 'node-dokan/posix';
import type { BackingStore } from './backing_store.js';
import { bytesToString } from './byte_names.js';
import { freeSpace } from './disk_space.js';
import { check, failedWith, failure } from './failure.js';
import { LinuxExtendedAttributes } from './linux_extended_attributes.js';
import { childPath, parentPath } from './paths.js';
import { StatBuffer } from './stat_buffer.js';
import { unmasked } from './unmasked.js';

const { errno } = systemConstants;
const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_DIRECTORY } = constants;
/** A pipe that took a file's place must not keep us waiting, nor a terminal become ours. */
const NEVER_WAIT = constants.O_NONBLOCK | constants.O_NOCTTY;

const NO_ENTRY = -errno.ENOENT;
const AT_REMOVEDIR = 0x200;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const SET_ACCESS_TIME = 1;
const SET_WRITE_TIME = 2;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** File systems (f_type of statfs) that ask nobody else what they hold: ext, XFS, Btrfs, F2FS, tmpfs. */
const LOCAL_TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994]);

/**
 * A directory of Linux. All goes through a descriptor of the root, and the kernel resolves every
 * path below it without following symbolic links: nobody can lead us out, not even by putting a
 * link in a directory's place while we are on our way through it.
 */
export class LinuxStore implements BackingStore {
  readonly fileSystemName = 'mirrorfs';
  readonly fileSystemFlags =
    FileSystemFlags.CASE_PRESERVED_NAMES |
    FileSystemFlags.UNICODE_ON_DISK |
    FileSystemFlags.SUPPORTS_SPARSE_FILES |
    FileSystemFlags.SUPPORTS_REPARSE_POINTS |
    FileSystemFlags.SUPPORTS_HARD_LINKS |
    FileSystemFlags.SUPPORTS_EXTENDED_ATTRIBUTES;
  readonly extendedAttributes: LinuxExtendedAttributes;
  readonly #root: number;
  readonly #stat = new StatBuffer();
  /** What the kernel knows of the root's file system is the truth. */
  readonly #isLocal: boolean;

  /** @throws an errno error when there is no such directory */
  constructor(root: string) {
    this.#root = openSync(root, O_RDONLY | O_DIRECTORY);
    this.extendedAttributes = new LinuxExtendedAttributes(this.#root);
    check(posix.statFd(this.#root, this.#stat.out));
    this.#stat.setRoot();
    this.#isLocal = LOCAL_TYPES.has(statfsSync(descriptorPath(this.#root)).type);
  }

  inspect(path: string): FileInformation {
    check(this.#look(this.#root, path));
    return this.#stat.information();
  }

  find(path: string): FileInformation | undefined {
    const result = this.#look(this.#root, path);
    if (result === NO_ENTRY) return undefined;
    check(result);
    return this.#stat.information();
  }

  /** Fills `#stat`. @returns 0 or the negative errno */
  #look(directory: number, path: string): number {
    const { out } = this.#stat;
    if (this.#isLocal && path !== '' && !path.includes('/')) {
      const result = posix.statEntry(directory, path, out);
      // Of another device: something is mounted there, or here. May it be looked at?
      if (result === NO_ENTRY || (result >= 0 && this.#stat.isOnRootDevice)) return result;
    }
    return posix.statBeneath(directory, path, out);
  }

  inspectOpen(fd: number): FileInformation {
    check(posix.statFd(fd, this.#stat.out));
    return this.#stat.information();
  }

  findEntry(
    directory: string,
    fd: number | undefined,
    name: string,
    shown: string,
  ): FindEntry | undefined {
    const result =
      fd === undefined ? this.#look(this.#root, childPath(directory, name)) : this.#look(fd, name);
    if (result === NO_ENTRY) return undefined;
    check(result);
    return this.#stat.entry(shown);
  }

  list(path: string, fd: number | undefined): readonly string[] {
    const entries =
      fd === undefined ? posix.readDirectory(this.#root, path) : posix.readDirectory(fd, '');
    if (typeof entries === 'number') throw failure(entries);
    return entries.names;
  }

  open(path: string, flags: number): number {
    return check(posix.openBeneath(this.#root, path, flags | NEVER_WAIT, 0));
  }

  create(path: string, flags: number, mode: number, owner: Requestor | undefined): number {
    const creating = flags | NEVER_WAIT | O_CREAT | O_EXCL;
    const fd = unmasked(() => check(posix.openBeneath(this.#root, path, creating, mode)));
    if (owner === undefined) return fd;
    try {
      fchownSync(fd, owner.userId, this.#groupFor(path, owner));
      // A new owner does not inherit these unasked.
      if ((mode & (FileMode.SET_USER_ID | FileMode.SET_GROUP_ID)) !== 0) fchmodSync(fd, mode);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return fd;
  }

  openForAppend(_path: string, fd: number): number {
    // By way of /proc, as the file may have no name any more.
    return openSync(descriptorPath(fd), O_WRONLY | O_APPEND);
  }

  makeDirectory(path: string, mode: number, owner: Requestor | undefined): void {
    unmasked(() => check(posix.mkdirBeneath(this.#root, path, mode)));
    if (owner !== undefined) this.#give(path, owner);
  }

  checkRemovable(path: string, isDirectory: boolean): void {
    check(posix.checkUnlinkBeneath(this.#root, path, isDirectory ? AT_REMOVEDIR : 0));
  }

  remove(path: string, isDirectory: boolean): void {
    check(posix.unlinkBeneath(this.#root, path, isDirectory ? AT_REMOVEDIR : 0));
  }

  rename(path: string, newPath: string, replace: boolean): void {
    const flags = replace ? 0 : RENAME_NOREPLACE;
    const result = posix.renameBeneath(this.#root, path, newPath, flags);
    if (result >= 0) return;
    const error = failure(result);
    // Some file systems do not know the flag: then looking first has to do.
    if (replace || !failedWith(error, 'EINVAL') || this.#exists(newPath)) throw error;
    check(posix.renameBeneath(this.#root, path, newPath, 0));
  }

  #exists(path: string): boolean {
    return posix.statBeneath(this.#root, path, this.#stat.out) >= 0;
  }

  exchange(path: string, otherPath: string): void {
    check(posix.renameBeneath(this.#root, path, otherPath, RENAME_EXCHANGE));
  }

  readLink(path: string): string {
    const target = posix.readlinkBeneath(this.#root, path);
    if (typeof target === 'number') throw failure(target);
    return bytesToString(target);
  }

  makeSymbolicLink(path: string, target: string, owner: Requestor | undefined): void {
    check(posix.symlinkBeneath(target, this.#root, path));
    if (owner !== undefined) this.#give(path, owner);
  }

  makeHardLink(path: string, newPath: string): void {
    check(posix.linkBeneath(this.#root, path, newPath));
  }

  /** Makes a new directory or link the asking user's. */
  #give(path: string, owner: Requestor): void {
    check(posix.chownBeneath(this.#root, path, owner.userId, this.#groupFor(path, owner)));
  }

  /** A directory with the set-group-ID bit has given its group to the new file: -1, leave it. */
  #groupFor(path: string, owner: Requestor): number {
    check(posix.statBeneath(this.#root, parentPath(path), this.#stat.out));
    return (this.#stat.mode & FileMode.SET_GROUP_ID) !== 0 ? -1 : owner.groupId;
  }

  setMode(path: string, fd: number | undefined, mode: number): void {
    if (fd === undefined) check(posix.chmodBeneath(this.#root, path, mode));
    else fchmodSync(fd, mode);
  }

  setOwner(
    path: string,
    fd: number | undefined,
    uid: number | undefined,
    gid: number | undefined,
  ): void {
    if (fd === undefined) check(posix.chownBeneath(this.#root, path, uid ?? -1, gid ?? -1));
    else fchownSync(fd, uid ?? -1, gid ?? -1);
  }

  /** The time of creation is the system's own on Linux: it cannot be set. */
  setTimes(path: string, fd: number | undefined, times: FileTimes): void {
    const { lastAccessTime, lastWriteTime } = times;
    const flags =
      (lastAccessTime === undefined ? 0 : SET_ACCESS_TIME) |
      (lastWriteTime === undefined ? 0 : SET_WRITE_TIME);
    if (flags === 0) return;
    const accessTime = lastAccessTime ?? 0n;
    const writeTime = lastWriteTime ?? 0n;
    check(
      fd === undefined
        ? posix.utimesBeneath(this.#root, path, accessTime, writeTime, flags)
        : posix.utimesFd(fd, accessTime, writeTime, flags),
    );
  }

  reserve(fd: number, length: number): void {
    const result = posix.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, length);
    if (result < 0 && !failedWith(failure(result), 'EOPNOTSUPP', 'ENOTSUP')) throw failure(result);
  }

  allocatedRange(fd: number, offset: number): AllocatedRange | undefined {
    const start = posix.seek(fd, offset, SEEK_DATA);
    if (start < 0 && failedWith(failure(start), 'ENXIO')) return undefined;
    check(start);
    const end = check(posix.seek(fd, start, SEEK_HOLE));
    return { offset: start, length: end - start };
  }

  punchHole(fd: number, offset: number, length: number): boolean {
    const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    const result = posix.fallocate(fd, mode, offset, length);
    if (result >= 0) return true;
    if (failedWith(failure(result), 'EOPNOTSUPP', 'ENOTSUP')) return false;
    throw failure(result);
  }

  diskFreeSpace(): DiskFreeSpace {
    // Not by the root's path: something may be mounted there by now, this very volume for one.
    return freeSpace(statfsSync(descriptorPath(this.#root)));
  }

  dispose(): void {
    closeSync(this.#root);
  }
}

function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}
