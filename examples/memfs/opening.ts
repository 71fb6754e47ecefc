import {
  CreateOptions,
  DokanError,
  FileAttributes,
  FileMode,
  NtStatus,
  type CreateFileRequest,
  type CreateResult,
  type FileContext,
} from 'node-dokan';
import { resultOf } from '../common/disposition.js';
import { DirectoryNode } from './directory.js';
import type { KeyOf } from './names.js';
import { FileNode, SymbolicLinkNode, type Node, type Ownership } from './node.js';
import { asksToWrite, MemoryOpen } from './open.js';
import { newSecurityDescriptor } from './security.js';
import type { Space } from './space.js';
import { splitStream, streamColon } from './stream_path.js';
import type { Tree } from './tree.js';

const DEFAULT_FILE_MODE = 0o644;
const DEFAULT_DIRECTORY_MODE = 0o755;
const LINK_MODE = 0o777;

/** The process's, for nodes made where requestors have no ids; 0 on Windows. */
export const OWN_UID = process.getuid?.() ?? 0;
export const OWN_GID = process.getgid?.() ?? 0;

/** What opens and makes nodes: the part of the file system behind `createFile`. */
export class Opening {
  readonly #tree: Tree;
  readonly #space: Space;
  readonly #keyOf: KeyOf;
  readonly #altStreams: boolean;

  constructor(tree: Tree, space: Space, keyOf: KeyOf, altStreams: boolean) {
    this.#tree = tree;
    this.#space = space;
    this.#keyOf = keyOf;
    this.#altStreams = altStreams;
  }

  open(path: string, request: CreateFileRequest, file: FileContext<MemoryOpen>): CreateResult {
    const colon = this.#altStreams ? streamColon(path) : -1;
    if (colon === -1) return this.#openNode(path, request, file);
    const { file: filePath, stream } = splitStream(path, colon);
    if (request.createOptions & CreateOptions.DIRECTORY_FILE) {
      throw new DokanError(NtStatus.NOT_A_DIRECTORY);
    }
    return stream === ''
      ? this.#openNode(filePath, request, file)
      : this.#openStream(filePath, stream, request, file);
  }

  createSymbolicLink(path: string, target: string, file: FileContext<MemoryOpen>): void {
    const ownership = this.#ownership(path, LINK_MODE, file);
    this.#name(path, new SymbolicLinkNode(this.#space, ownership, target));
  }

  #openNode(path: string, request: CreateFileRequest, file: FileContext<MemoryOpen>): CreateResult {
    const found = this.#tree.find(path);
    const result = resultOf(request.createDisposition, found !== undefined);
    if (found !== undefined) {
      checkKind(found, request.createOptions);
      checkReadOnly(found, request);
      if (result !== 'opened') overwrite(found, request, result === 'superseded');
    }
    const node = found ?? this.#create(path, request, file);
    file.isDirectory = node instanceof DirectoryNode;
    const stream = node instanceof FileNode ? node.main : undefined;
    file.context = new MemoryOpen(node, stream, request.desiredAccess);
    return result;
  }

  /** Creating a stream creates its file as well, as NTFS does. */
  #openStream(
    path: string,
    name: string,
    request: CreateFileRequest,
    file: FileContext<MemoryOpen>,
  ): CreateResult {
    const key = this.#keyOf(name);
    const found = this.#tree.find(path);
    const foundStream = found?.streams?.get(key);
    const result = resultOf(request.createDisposition, foundStream !== undefined);
    if (found !== undefined) checkReadOnly(found, request);
    const node = found ?? this.#create(path, request, file);
    if (foundStream !== undefined && result !== 'opened') {
      foundStream.data.truncate(0);
      node.changed();
    }
    try {
      const stream = foundStream ?? node.addStream(name, key);
      file.isDirectory = false;
      file.context = new MemoryOpen(node, stream, request.desiredAccess);
    } catch (error) {
      if (found === undefined) this.#tree.unlink(path, node);
      throw error;
    }
    return result;
  }

  #create(path: string, request: CreateFileRequest, file: FileContext<MemoryOpen>): Node {
    const { createOptions, fileAttributes, mode, securityDescriptor } = request;
    const security =
      securityDescriptor === undefined ? undefined : newSecurityDescriptor(securityDescriptor);
    const node = this.#make(path, (createOptions & CreateOptions.DIRECTORY_FILE) !== 0, mode, file);
    try {
      node.setSecurity(security);
    } catch (error) {
      node.destroy();
      throw error;
    }
    node.setAttributes(fileAttributes);
    if (node instanceof FileNode) node.attributes |= FileAttributes.ARCHIVE;
    this.#name(path, node);
    return node;
  }

  #make(
    path: string,
    isDirectory: boolean,
    mode: number | undefined,
    file: FileContext<MemoryOpen>,
  ): Node {
    if (!isDirectory) {
      return new FileNode(this.#space, this.#ownership(path, mode ?? DEFAULT_FILE_MODE, file));
    }
    const ownership = this.#ownership(path, mode ?? DEFAULT_DIRECTORY_MODE, file);
    const { permissions } = this.#tree.parentOf(path);
    return new DirectoryNode(
      this.#space,
      // A directory hands the rule that what is in it has its group down to those below.
      { ...ownership, mode: ownership.mode | (permissions & FileMode.SET_GROUP_ID) },
      this.#keyOf,
    );
  }

  #ownership(path: string, mode: number, file: FileContext<MemoryOpen>): Ownership {
    const parent = this.#tree.parentOf(path);
    const { userId, groupId } = file.requestor();
    const givesGroup = (parent.permissions & FileMode.SET_GROUP_ID) !== 0;
    return {
      uid: userId < 0 ? OWN_UID : userId,
      gid: givesGroup ? parent.gid : groupId < 0 ? OWN_GID : groupId,
      mode,
    };
  }

  /** Puts a new node into the tree. */
  #name(path: string, node: Node): void {
    try {
      this.#tree.link(path, node);
    } catch (error) {
      node.destroy();
      throw error;
    }
  }
}

function checkKind(node: Node, createOptions: number): void {
  if (node instanceof DirectoryNode) {
    if (createOptions & CreateOptions.NON_DIRECTORY_FILE) {
      throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
    }
  } else if (createOptions & CreateOptions.DIRECTORY_FILE) {
    throw new DokanError(NtStatus.NOT_A_DIRECTORY);
  }
}

/** READONLY is NT's own rule, and the file system's to keep; what `mode` allows is the host's. */
function checkReadOnly(node: Node, request: CreateFileRequest): void {
  const isRefused = !(node instanceof DirectoryNode) && node.isReadOnly;
  if (isRefused && asksToWrite(request.desiredAccess)) {
    throw new DokanError(NtStatus.ACCESS_DENIED);
  }
}

const KEPT_FROM_OVERWRITING = FileAttributes.HIDDEN | FileAttributes.SYSTEM;

function overwrite(node: Node, request: CreateFileRequest, isSuperseded: boolean): void {
  if (!(node instanceof FileNode)) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
  if (node.isReadOnly) throw new DokanError(NtStatus.ACCESS_DENIED);
  const isWindows = process.platform === 'win32';
  // An application that overwrites a hidden file must say that it knows it is one.
  const unnamed = node.attributes & KEPT_FROM_OVERWRITING & ~request.fileAttributes;
  if (isWindows && unnamed !== 0) throw new DokanError(NtStatus.ACCESS_DENIED);
  node.main.data.truncate(0);
  // On Linux streams are extended attributes, which O_TRUNC leaves alone.
  if (isWindows || isSuperseded) {
    for (const stream of node.streams?.values() ?? []) node.removeStream(stream);
  }
  node.setAttributes(request.fileAttributes | (isSuperseded ? 0 : node.attributes));
  node.written();
}
