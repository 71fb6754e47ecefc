import { FileAttributes, FileMode, type FileInformation, type FileTimes } from 'node-dokan';
import { now } from './clock.js';
import { SECTOR } from './data.js';
import { byteLength } from './names.js';
import type { SecurityDescriptor } from './security.js';
import type { Space } from './space.js';
import { Stream } from './stream.js';

/** What a node takes beside its data: about what its object does. */
export const NODE_COST = 512;

export const PERMISSIONS = 0o7777;

/** The attributes that are kept as they are given; the others follow from what the node is. */
const STORED_ATTRIBUTES =
  FileAttributes.READONLY |
  FileAttributes.HIDDEN |
  FileAttributes.SYSTEM |
  FileAttributes.ARCHIVE |
  FileAttributes.TEMPORARY |
  FileAttributes.OFFLINE |
  FileAttributes.NOT_CONTENT_INDEXED;

/** Whose a new node is, and with what permissions. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

let lastInode = 0;

/** A file, directory or symbolic link, whatever names it has. */
export abstract class Node {
  readonly inode = ++lastInode;
  readonly space: Space;
  readonly #cost: number;
  uid: number;
  gid: number;
  permissions: number;
  attributes = 0;
  /** Names it has. It goes when it has neither names nor opens. */
  links = 0;
  opens = 0;
  creationTime = now();
  accessTime = this.creationTime;
  writeTime = this.creationTime;
  changeTime = this.creationTime;
  /** Undefined: the default of the volume. */
  security: SecurityDescriptor | undefined = undefined;
  /** Named streams by the key of their name, once there has been one. */
  streams: Map<string, Stream> | undefined = undefined;
  /** A read has set the access time since the last write. */
  #accessKnown = false;

  /**
   * @param extra - bytes it takes beside what every node takes
   * @throws DokanError DISK_FULL
   */
  constructor(space: Space, ownership: Ownership, extra = 0) {
    this.#cost = NODE_COST + extra;
    space.take(this.#cost);
    this.space = space;
    this.uid = ownership.uid;
    this.gid = ownership.gid;
    this.permissions = ownership.mode & PERMISSIONS;
  }

  /** The file type bits of `mode`. */
  abstract readonly type: number;
  /** The attributes that every node of this kind has. */
  abstract readonly kindAttributes: number;
  abstract readonly size: number;
  abstract readonly allocated: number;

  get linkCount(): number {
    return this.links;
  }

  get isReadOnly(): boolean {
    return (this.attributes & FileAttributes.READONLY) !== 0;
  }

  /** @param stream - the stream that was asked for, when it is not the file's own data */
  describe(stream?: Stream): FileInformation {
    const attributes =
      this.attributes | (stream === undefined ? this.kindAttributes : 0) || FileAttributes.NORMAL;
    return {
      attributes,
      creationTime: this.creationTime,
      lastAccessTime: this.accessTime,
      lastWriteTime: this.writeTime,
      changeTime: this.changeTime,
      size: stream === undefined ? this.size : stream.data.size,
      inode: this.inode,
      linkCount: this.linkCount,
      mode: this.type | this.permissions,
      uid: this.uid,
      gid: this.gid,
      blocks: (stream === undefined ? this.allocated : stream.data.allocated) / SECTOR,
    };
  }

  /** Its contents were read. Only the first read after a write counts, as with `relatime`. */
  accessed(): void {
    if (this.#accessKnown) return;
    this.#accessKnown = true;
    this.accessTime = now();
  }

  /** Its contents were changed. */
  written(time = now()): void {
    this.writeTime = this.changeTime = time;
    this.#accessKnown = false;
  }

  /** Something else of it was changed. */
  changed(time = now()): void {
    this.changeTime = time;
  }

  setTimes(times: FileTimes): void {
    this.creationTime = times.creationTime ?? this.creationTime;
    this.accessTime = times.lastAccessTime ?? this.accessTime;
    this.writeTime = times.lastWriteTime ?? this.writeTime;
    this.#accessKnown = this.accessTime > this.writeTime;
    this.changed();
  }

  setAttributes(attributes: number): void {
    this.attributes = attributes & STORED_ATTRIBUTES;
  }

  /** @throws DokanError DISK_FULL */
  setSecurity(security: SecurityDescriptor | undefined): void {
    this.space.take((security?.byteLength ?? 0) - (this.security?.byteLength ?? 0));
    this.security = security;
  }

  /** @throws DokanError DISK_FULL */
  addStream(name: string, key: string): Stream {
    const stream = new Stream(name, key, this.space);
    this.streams ??= new Map();
    this.streams.set(key, stream);
    this.changed();
    return stream;
  }

  renameStream(stream: Stream, name: string, key: string): void {
    if (this.streams?.get(stream.key) !== stream) return;
    this.streams.delete(stream.key);
    this.streams.set(key, stream);
    stream.name = name;
    stream.key = key;
    this.changed();
  }

  removeStream(stream: Stream): void {
    if (this.streams?.get(stream.key) !== stream) return;
    this.streams.delete(stream.key);
    stream.deleted = true;
    stream.destroyIfUnused();
    this.changed();
  }

  /** To be called whenever a name or an open of it has gone. */
  destroyIfUnused(): void {
    if (this.links === 0 && this.opens === 0) this.destroy();
  }

  /** Gives back all it takes. */
  destroy(): void {
    this.space.give(this.#cost + (this.security?.byteLength ?? 0));
    if (this.streams === undefined) return;
    for (const stream of this.streams.values()) stream.destroy();
  }
}

export class FileNode extends Node {
  readonly type = FileMode.REGULAR;
  readonly kindAttributes = 0;
  /** The file's own data. */
  readonly main: Stream;

  constructor(space: Space, ownership: Ownership) {
    super(space, ownership);
    this.main = new Stream('', '', space);
  }

  get size(): number {
    return this.main.data.size;
  }

  get allocated(): number {
    return this.main.data.allocated;
  }

  override written(time = now()): void {
    super.written(time);
    this.attributes |= FileAttributes.ARCHIVE;
  }

  override destroy(): void {
    super.destroy();
    this.main.destroy();
  }
}

export class SymbolicLinkNode extends Node {
  readonly type = FileMode.SYMBOLIC_LINK;
  readonly kindAttributes = FileAttributes.REPARSE_POINT;
  readonly allocated = 0;
  readonly target: string;
  readonly size: number;

  constructor(space: Space, ownership: Ownership, target: string) {
    const size = byteLength(target);
    super(space, ownership, size);
    this.target = target;
    this.size = size;
  }
}
