import { FileAttributes, type FindEntry } from 'node-dokan';
import { SECTOR } from './data.js';
import type { Node } from './node.js';

/**
 * A name in a directory, and what it names. It is itself what a listing shows: it tells of its file
 * when it is asked, and nothing has to be made.
 */
export class Entry implements FindEntry {
  /** As it was given; it is found by its key. */
  readonly name: string;
  readonly node: Node;
  /** Later names have higher numbers. */
  readonly sequence: number;

  constructor(name: string, node: Node, sequence: number) {
    this.name = name;
    this.node = node;
    this.sequence = sequence;
  }

  get attributes(): number {
    return this.node.attributes | this.node.kindAttributes || FileAttributes.NORMAL;
  }

  get creationTime(): bigint {
    return this.node.creationTime;
  }

  get lastAccessTime(): bigint {
    return this.node.accessTime;
  }

  get lastWriteTime(): bigint {
    return this.node.writeTime;
  }

  get changeTime(): bigint {
    return this.node.changeTime;
  }

  get size(): number {
    return this.node.size;
  }

  get inode(): number {
    return this.node.inode;
  }

  get linkCount(): number {
    return this.node.linkCount;
  }

  get mode(): number {
    return this.node.type | this.node.permissions;
  }

  get uid(): number {
    return this.node.uid;
  }

  get gid(): number {
    return this.node.gid;
  }

  get blocks(): number {
    return this.node.allocated / SECTOR;
  }
}
