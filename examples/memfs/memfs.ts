import {
  DokanError,
  FileSystemFlags,
  NtStatus,
  type AllocatedRange,
  type CreateFileRequest,
  type CreateResult,
  type DiskFreeSpace,
  type DokanOperations,
  type FileContext,
  type FileInformation,
  type FileTimes,
  type FindEntry,
  type StreamEntry,
  type VolumeInformation,
} from 'node-dokan';
import { upperCaseKey } from '../common/upper_case.js';
import { DirectoryNode } from './directory.js';
import { RangeLocks } from './locks.js';
import { exactKey, type KeyOf } from './names.js';
import { FileNode, PERMISSIONS, SymbolicLinkNode, type Node } from './node.js';
import type { MemoryOpen } from './open.js';
import { Opening, OWN_GID, OWN_UID } from './opening.js';
import {
  DEFAULT_SECURITY,
  formatSecurityDescriptor,
  mergeSecurityDescriptor,
  parseSecurityDescriptor,
} from './security.js';
import { Space } from './space.js';
import type { Stream } from './stream.js';
import { splitStream, streamColon } from './stream_path.js';
import { Tree } from './tree.js';

const GIBIBYTE = 2 ** 30;
/** Bytes of a read that are not rather copied. */
const LEAST_VIEW = 16 * 1024;
const ROOT_MODE = 0o755;
const IS_WINDOWS = process.platform === 'win32';

export interface MemoryFileSystemOptions {
  /** Bytes that files, names and descriptors may take together. Default 1 GiB. */
  capacity?: number | undefined;
  /** Default: as the platform has it, false on Windows. Case is preserved either way. */
  caseSensitive?: boolean | undefined;
  /** A colon in the last name of a path introduces a stream. Default true. */
  altStreams?: boolean | undefined;
  volumeLabel?: string | undefined;
  /**
   * A paging write may make a file longer. Default: not on Windows, whose memory manager writes
   * whole pages and leaves it to the file system to cut the last one. Linux cuts the page itself,
   * and with its write-back cache such writes are how a file system learns that a file has grown.
   */
  pagingWritesExtend?: boolean | undefined;
}

type File = FileContext<MemoryOpen>;

/** A file system in memory. All callbacks are synchronous: a request costs one call. */
export class MemoryFileSystem implements DokanOperations<MemoryOpen> {
  readonly #space: Space;
  readonly #tree: Tree;
  readonly #opening: Opening;
  readonly #keyOf: KeyOf;
  readonly #caseSensitive: boolean;
  readonly #altStreams: boolean;
  readonly #volumeLabel: string;
  readonly #pagingWritesExtend: boolean;
  readonly #serialNumber = Math.floor(Math.random() * 2 ** 32);

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#caseSensitive = options.caseSensitive ?? !IS_WINDOWS;
    this.#altStreams = options.altStreams ?? true;
    this.#volumeLabel = options.volumeLabel ?? 'memfs';
    this.#pagingWritesExtend = options.pagingWritesExtend ?? !IS_WINDOWS;
    this.#keyOf = this.#caseSensitive ? exactKey : upperCaseKey;
    this.#space = new Space(options.capacity ?? GIBIBYTE);
    const owner = { uid: OWN_UID, gid: OWN_GID, mode: ROOT_MODE };
    const root = new DirectoryNode(this.#space, owner, this.#keyOf);
    root.links = 1;
    this.#tree = new Tree(root);
    this.#opening = new Opening(this.#tree, this.#space, this.#keyOf, this.#altStreams);
  }

  createFile(path: string, request: CreateFileRequest, file: File): CreateResult {
    return this.#opening.open(path, request, file);
  }

  cleanup(path: string, file: File): void {
    const { node, stream, isNamedStream } = file.context;
    stream?.locks?.release(file.context);
    if (!file.deletePending) return;
    if (stream !== undefined && isNamedStream) node.removeStream(stream);
    // Somebody may have put a file into it since deleteDirectory was asked.
    else if (!(node instanceof DirectoryNode) || node.isEmpty)
      this.#tree.unlink(this.#filePath(path), node);
  }

  closeFile(_path: string, file: File): void {
    file.context.close();
  }

  readFile(_path: string, buffer: Buffer, offset: number, file: File): number | Uint8Array {
    const { data } = contentOf(file);
    const { length } = buffer;
    const bytes = length < LEAST_VIEW ? undefined : data.view(offset, length);
    const read = bytes ?? data.read(buffer, offset);
    // A named stream has no times of its own, and reading it is no use of the file.
    if (!file.context.isNamedStream) file.context.node.accessed();
    return read;
  }

  writeFile(_path: string, data: Buffer, offset: number, file: File): number {
    const stream = contentOf(file);
    const { pagingIo } = file;
    // A page of a mapped file may be written through any open of it, so that one may not tell.
    if (!pagingIo) checkMayWrite(file);
    const { size } = stream.data;
    const start = file.writeToEndOfFile ? size : offset;
    let written = data;
    if (pagingIo && !this.#pagingWritesExtend && start + data.length > size) {
      written = data.subarray(0, Math.max(0, size - start));
    }
    if (written.length === 0) return 0;
    if (start + written.length > Number.MAX_SAFE_INTEGER) {
      throw new DokanError(NtStatus.FILE_TOO_LARGE);
    }
    stream.data.write(written, start);
    contentsChanged(file);
    return written.length;
  }

  flushFileBuffers(): void {
    // There is no storage more stable than this.
  }

  getFileInformation(path: string, file: File): FileInformation {
    const open = opened(file);
    if (open !== undefined) return open.node.describe(open.isNamedStream ? open.stream : undefined);
    const information = this.queryOpen(path);
    if (information === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return information;
  }

  queryOpen(path: string): FileInformation | undefined {
    const colon = this.#altStreams ? streamColon(path) : -1;
    if (colon === -1) return this.#tree.find(path)?.describe();
    const { file, stream } = splitStream(path, colon);
    const node = this.#tree.get(file);
    return node.describe(stream === '' ? undefined : this.#stream(node, stream));
  }

  findFiles(path: string, file: File): Iterable<FindEntry> {
    const node = this.#node(path, file);
    if (!(node instanceof DirectoryNode)) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
    node.accessed();
    return node.list();
  }

  findStreams(path: string, file: File): StreamEntry[] {
    const node = this.#node(path, file);
    const entries: StreamEntry[] = [];
    if (node instanceof FileNode) entries.push({ name: '::$DATA', size: node.size });
    for (const { name, data } of node.streams?.values() ?? []) {
      entries.push({ name: `:${name}:$DATA`, size: data.size });
    }
    return entries;
  }

  setFileAttributes(path: string, attributes: number, file: File): void {
    if (attributes === 0) return;
    const node = this.#node(path, file);
    node.setAttributes(attributes);
    node.changed();
  }

  setFileTime(path: string, times: FileTimes, file: File): void {
    this.#node(path, file).setTimes(times);
  }

  setMode(path: string, mode: number, file: File): void {
    const node = this.#node(path, file);
    node.permissions = mode & PERMISSIONS;
    node.changed();
  }

  setOwner(path: string, uid: number | undefined, gid: number | undefined, file: File): void {
    const node = this.#node(path, file);
    node.uid = uid ?? node.uid;
    node.gid = gid ?? node.gid;
    node.changed();
  }

  deleteFile(path: string, file: File): void {
    if (!file.deletePending) return;
    checkFileRemoval(this.#node(path, file), opened(file)?.isNamedStream === true);
  }

  deleteDirectory(path: string, file: File): void {
    if (!file.deletePending) return;
    this.#checkDirectoryRemoval(this.#node(path, file));
  }

  /** Linux removes by path: one call here for the four of an open that is deleted. */
  removeEntry(path: string, isDirectory: boolean): void {
    const colon = this.#altStreams ? streamColon(path) : -1;
    if (colon !== -1) return this.#removeStreamAt(path, colon);
    const node = this.#tree.get(path);
    if (isDirectory) this.#checkDirectoryRemoval(node);
    else checkFileRemoval(node, false);
    this.#tree.unlink(path, node);
  }

  moveFile(path: string, newPath: string, replaceIfExisting: boolean, file: File): void {
    if (opened(file)?.isNamedStream === true) {
      this.#renameStream(newPath, replaceIfExisting, file.context);
    } else {
      this.#refuseStream(newPath);
      this.#tree.move(this.#filePath(path), newPath, replaceIfExisting);
    }
  }

  exchangeFiles(path: string, otherPath: string): void {
    this.#tree.exchange(path, otherPath);
  }

  createHardLink(path: string, newPath: string): void {
    this.#refuseStream(newPath);
    const node = this.#tree.get(path);
    if (node instanceof DirectoryNode) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
    this.#tree.link(newPath, node);
  }

  createSymbolicLink(path: string, target: string, file: File): void {
    this.#refuseStream(path);
    this.#opening.createSymbolicLink(path, target, file);
  }

  readLink(path: string): string {
    const node = this.#tree.get(path);
    if (!(node instanceof SymbolicLinkNode)) throw new DokanError(NtStatus.NOT_A_REPARSE_POINT);
    return node.target;
  }

  setEndOfFile(_path: string, length: number, file: File): void {
    const { data } = contentOf(file);
    checkMayWrite(file);
    data.truncate(length);
    contentsChanged(file);
  }

  setAllocationSize(_path: string, length: number, file: File): void {
    const { data } = contentOf(file);
    checkMayWrite(file);
    const { size } = data;
    data.reserve(length);
    if (data.size === size) file.context.node.changed();
    else contentsChanged(file);
  }

  setZeroData(_path: string, offset: number, length: number, file: File): void {
    const { data } = contentOf(file);
    checkMayWrite(file);
    data.zero(offset, length);
    contentsChanged(file);
  }

  queryAllocatedRange(_path: string, offset: number, file: File): AllocatedRange | undefined {
    return contentOf(file).data.nextRange(offset);
  }

  lockFile(_path: string, offset: number, length: number, file: File): void {
    const stream = contentOf(file);
    stream.locks ??= new RangeLocks();
    stream.locks.lock(file.context, offset, length);
  }

  unlockFile(_path: string, offset: number, length: number, file: File): void {
    const { locks } = contentOf(file);
    if (locks === undefined) throw new DokanError(NtStatus.RANGE_NOT_LOCKED);
    locks.unlock(file.context, offset, length);
  }

  getFileSecurity(path: string, securityInformation: number, file: File): Buffer {
    const { security = DEFAULT_SECURITY } = this.#node(path, file);
    return formatSecurityDescriptor(security, securityInformation);
  }

  setFileSecurity(path: string, securityInformation: number, descriptor: Buffer, file: File): void {
    const node = this.#node(path, file);
    const given = parseSecurityDescriptor(descriptor);
    const old = node.security ?? DEFAULT_SECURITY;
    node.setSecurity(mergeSecurityDescriptor(old, given, securityInformation));
    node.changed();
  }

  getDiskFreeSpace(): DiskFreeSpace {
    const { capacity, free } = this.#space;
    return { totalBytes: capacity, totalFreeBytes: free, freeBytesAvailable: free };
  }

  getVolumeInformation(): VolumeInformation {
    return {
      volumeName: this.#volumeLabel,
      serialNumber: this.#serialNumber,
      maximumComponentLength: 255,
      fileSystemFlags: this.#flags(),
      fileSystemName: 'NTFS',
    };
  }

  #flags(): number {
    let flags: number =
      FileSystemFlags.CASE_PRESERVED_NAMES |
      FileSystemFlags.UNICODE_ON_DISK |
      FileSystemFlags.PERSISTENT_ACLS;
    if (this.#caseSensitive) flags |= FileSystemFlags.CASE_SENSITIVE_SEARCH;
    if (this.#altStreams) flags |= FileSystemFlags.NAMED_STREAMS;
    // Dokan has no requests for these, so that Windows must not be told of them.
    if (!IS_WINDOWS) {
      flags |=
        FileSystemFlags.SUPPORTS_HARD_LINKS |
        FileSystemFlags.SUPPORTS_REPARSE_POINTS |
        FileSystemFlags.SUPPORTS_SPARSE_FILES;
    }
    return flags;
  }

  #removeStreamAt(path: string, colon: number): void {
    const { file, stream } = splitStream(path, colon);
    if (stream === '') return this.removeEntry(file, false);
    const node = this.#tree.get(file);
    checkFileRemoval(node, true);
    node.removeStream(this.#stream(node, stream));
  }

  #checkDirectoryRemoval(node: Node): void {
    if (!(node instanceof DirectoryNode)) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
    if (node === this.#tree.root) throw new DokanError(NtStatus.CANNOT_DELETE);
    if (!node.isEmpty) throw new DokanError(NtStatus.DIRECTORY_NOT_EMPTY);
    if (node.isReadOnly) throw new DokanError(NtStatus.CANNOT_DELETE);
  }

  /** The node of an open, or of a path that comes without one. */
  #node(path: string, file: File): Node {
    return opened(file)?.node ?? this.#tree.get(path);
  }

  /** `/file` for `/file::$DATA`, which is the same. */
  #filePath(path: string): string {
    const colon = this.#altStreams ? streamColon(path) : -1;
    return colon === -1 ? path : splitStream(path, colon).file;
  }

  /** A name with a colon in it could not be found again. */
  #refuseStream(path: string): void {
    if (this.#altStreams && streamColon(path) !== -1) {
      throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
    }
  }

  #stream(node: Node, name: string): Stream {
    const stream = node.streams?.get(this.#keyOf(name));
    if (stream === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return stream;
  }

  /** Within its file only: the bytes of a stream cannot go to another one. */
  #renameStream(newPath: string, replaceIfExisting: boolean, open: MemoryOpen): void {
    const { node, stream } = open;
    const colon = streamColon(newPath);
    if (colon === -1 || stream === undefined) throw new DokanError(NtStatus.INVALID_PARAMETER);
    const target = splitStream(newPath, colon);
    if (target.stream === '' || this.#tree.find(target.file) !== node) {
      throw new DokanError(NtStatus.INVALID_PARAMETER);
    }
    const key = this.#keyOf(target.stream);
    const old = node.streams?.get(key);
    if (old !== undefined && old !== stream) {
      if (!replaceIfExisting) throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
      node.removeStream(old);
    }
    node.renameStream(stream, target.stream, key);
  }
}

/** The open, where the request has one: requests by path come with an empty context. */
function opened(file: File): MemoryOpen | undefined {
  const open: MemoryOpen | undefined = file.context;
  return open;
}

/** What reads and writes of an open go to. */
function contentOf(file: File): Stream {
  const { stream } = file.context;
  if (stream === undefined) throw new DokanError(NtStatus.INVALID_DEVICE_REQUEST);
  return stream;
}

function checkFileRemoval(node: Node, isNamedStream: boolean): void {
  if (node instanceof DirectoryNode && !isNamedStream) {
    throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
  }
  if (node.isReadOnly) throw new DokanError(NtStatus.CANNOT_DELETE);
}

function checkMayWrite(file: File): void {
  if (!file.context.mayWrite) throw new DokanError(NtStatus.ACCESS_DENIED);
}

/** A named stream is an extended attribute on Linux: it has no part in the time of last write. */
function contentsChanged(file: File): void {
  const { node, isNamedStream } = file.context;
  if (isNamedStream) node.changed();
  else node.written();
}
