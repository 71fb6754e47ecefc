import { FileAccess } from 'node-dokan';
import type { Node } from './node.js';
import type { Stream } from './stream.js';

const WRITES =
  FileAccess.WRITE_DATA |
  FileAccess.APPEND_DATA |
  FileAccess.GENERIC_WRITE |
  FileAccess.GENERIC_ALL;

/** True when the access that is asked for changes the contents. */
export function asksToWrite(desiredAccess: number): boolean {
  return (desiredAccess & WRITES) !== 0;
}

/** What is kept per open. It holds on to the node: renamed or unlinked, the file stays the same. */
export class MemoryOpen {
  readonly node: Node;
  /** What reads and writes go to; a directory and a symbolic link have nothing of the kind. */
  readonly stream: Stream | undefined;
  readonly mayWrite: boolean;

  constructor(node: Node, stream: Stream | undefined, desiredAccess: number) {
    this.node = node;
    this.stream = stream;
    this.mayWrite =
      asksToWrite(desiredAccess) || (desiredAccess & FileAccess.MAXIMUM_ALLOWED) !== 0;
    node.opens += 1;
    if (stream !== undefined) stream.opens += 1;
  }

  /** What is open is a named stream, not the node itself. */
  get isNamedStream(): boolean {
    return this.stream !== undefined && this.stream.name !== '';
  }

  close(): void {
    const { node, stream } = this;
    if (stream !== undefined) {
      stream.opens -= 1;
      if (stream.opens === 0) stream.data.trim();
      stream.destroyIfUnused();
    }
    node.opens -= 1;
    node.destroyIfUnused();
  }
}
