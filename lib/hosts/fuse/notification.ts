import type { Node } from './node.js';
import { NotifyCode, OUT_HEADER_SIZE } from './protocol.js';

/** A notification is a reply to request 0 with the code in place of the error. */
export function notification(code: number, bodySize: number): Buffer {
  const message = Buffer.alloc(OUT_HEADER_SIZE + bodySize);
  message.writeUInt32LE(message.length, 0);
  message.writeInt32LE(code, 4);
  return message;
}

/** FUSE_NOTIFY_INVAL_ENTRY: a name in a directory, or that there is none. */
export function invalidEntry({ id }: Node, name: Uint8Array): Buffer {
  const message = notification(NotifyCode.INVAL_ENTRY, 16 + name.length + 1);
  message.writeBigUInt64LE(BigInt(id), OUT_HEADER_SIZE);
  message.writeUInt32LE(name.length, OUT_HEADER_SIZE + 8);
  message.set(name, OUT_HEADER_SIZE + 16);
  return message;
}

/** FUSE_NOTIFY_INVAL_INODE: all that is kept of a node, its attributes and its pages. */
export function invalidNode({ id }: Node): Buffer {
  // Offset 0 and length 0: everything.
  const message = notification(NotifyCode.INVAL_INODE, 24);
  message.writeBigUInt64LE(BigInt(id), OUT_HEADER_SIZE);
  return message;
}
