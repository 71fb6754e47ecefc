import type { Notifications } from '../host.js';
import { Change } from './handles.js';
import type { Node } from './nodes.js';
import { invalidEntry, invalidNode } from './notification.js';
import type { Session } from './session.js';

/** What is needed to tell the kernel of a path. */
export type Notified = Pick<Session, 'nodes' | 'codec' | 'notify' | 'listings'>;

/** Invalidates what the kernel keeps of files that changed without it. */
export class FuseNotifications implements Notifications {
  readonly #session: Notified;

  constructor(session: Notified) {
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
    this.#distrust(nodes.root);
    for (const node of nodes) this.#distrust(node);
    // Below them no name is found any more.
    for (const name of nodes.namesIn(nodes.root)) {
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
    this.#distrust(parent);
    const name = this.#session.codec.encode(path.slice(slash + 1));
    // A name it could not be told of (or a stream of a file, or the root) neither.
    if (name === undefined || name.length === 0) return true;
    const message = invalidEntry(parent, name);
    // Of a name the kernel does not know it drops nothing, and so the directory is told of as well.
    return this.#session.notify(message) && this.#invalidateNode(parent);
  }

  #invalidateNode(node: Node): boolean {
    this.#distrust(node);
    return this.#session.notify(invalidNode(node));
  }

  /** A listing that was made before, or is just being made, is served to nobody. */
  #distrust(node: Node): void {
    this.#session.listings?.changed(node, Change.UNSEEN);
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
