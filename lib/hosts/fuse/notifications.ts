import type { Notifications } from '../host.js';
import type { Node } from './nodes.js';
import { NotifyCode, OUT_HEADER_SIZE } from './protocol.js';
import type { Session } from './session.js';

/** Invalidates what the kernel keeps of files that changed without it. */
export class FuseNotifications implements Notifications {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  created(path: string): boolean {
    // The kernel may remember that there is no such name.
    return this.#invalidateEntry(path);
  }

  deleted(path: string): boolean {
    return this.#invalidateEntry(path);
  }

  updated(path: string): boolean {
    const node = this.#find(path);
    return node === undefined || this.#invalidateNode(node);
  }

  renamed(path: string, newPath: string): boolean {
    const from = this.#invalidateEntry(path);
    return this.#invalidateEntry(newPath) && from;
  }

  /**
   * All that the kernel keeps of the volume: names, attributes and pages.
   * @returns false when it could not be told of everything
   */
  everything(): boolean {
    const { nodes } = this.#session;
    // Below them no name is found any more.
    for (const name of nodes.root.children?.keys() ?? []) {
      if (!this.#invalidateEntry(`/${name}`)) return false;
    }
    if (!this.#invalidateNode(nodes.root)) return false;
    // What is open, or the current directory of a process, is not looked up by name.
    for (const node of nodes) if (!this.#invalidateNode(node)) return false;
    return true;
  }

  #invalidateEntry(path: string): boolean {
    const slash = path.lastIndexOf('/');
    const parent = this.#find(path.slice(0, slash));
    // What the kernel was never told of it does not remember.
    if (parent === undefined) return true;
    const name = this.#session.codec.encode(path.slice(slash + 1));
    // A name it could not be told of (or a stream of a file, or the root) neither.
    if (name === undefined || name.length === 0) return true;
    const message = notification(NotifyCode.INVAL_ENTRY, 16 + name.length + 1);
    message.writeBigUInt64LE(BigInt(parent.id), OUT_HEADER_SIZE);
    message.writeUInt32LE(name.length, OUT_HEADER_SIZE + 8);
    message.set(name, OUT_HEADER_SIZE + 16);
    return this.#session.notify(message) && this.#invalidateNode(parent);
  }

  #invalidateNode(node: Node): boolean {
    // Offset 0 and length 0: everything, attributes too.
    const message = notification(NotifyCode.INVAL_INODE, 24);
    message.writeBigUInt64LE(BigInt(node.id), OUT_HEADER_SIZE);
    return this.#session.notify(message);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#session.nodes.root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      if (node === undefined) return undefined;
      node = this.#session.nodes.child(node, name);
    }
    return node;
  }
}

/** A notification is a reply to request 0 with the code in place of the error. */
function notification(code: number, bodySize: number): Buffer {
  const message = Buffer.alloc(OUT_HEADER_SIZE + bodySize);
  message.writeUInt32LE(message.length, 0);
  message.writeInt32LE(code, 4);
  return message;
}
