import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from './errors.js';
import { isRecord } from './files.js';
import type { KeeperStatus } from './keeper_status.js';
import { serviceDirectory } from './places.js';

/** One line of JSON asks, one line of JSON answers; a connection may ask again after the answer. */

export type Request =
  | { readonly command: 'status' | 'reload' }
  | { readonly command: 'start' | 'stop' | 'restart'; readonly point: string }
  | { readonly command: 'shutdown'; readonly keepMounts: boolean };

/** What `status` answers. */
export interface ServiceStatus {
  readonly processId: number;
  readonly startedAt: string;
  readonly config: string;
  readonly mounts: readonly KeeperStatus[];
}

/** What `reload` answers: mount points. */
export interface ReloadResult {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly restarted: readonly string[];
}

export type Answer =
  | { readonly ok: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Characters of a request. */
export const LONGEST_LINE = 64 * 1024;
/** Bytes; unix(7). */
const LONGEST_SOCKET_PATH = 107;

/**
 * Where the service listens. On Linux a socket in a directory that only this user may enter. On
 * Windows a pipe with the access list that Node gives every pipe: this user, administrators and the
 * system may use it; others may at most open it for reading, and never ask anything.
 * @throws ServiceError ERR_SERVICE_DIRECTORY when the path is too long for a socket
 */
export function controlPath(): string {
  if (process.platform !== 'win32') return checkedSocket(join(serviceDirectory(), 'control.sock'));
  // The directory tells services apart that are told to be apart; users' names may hold anything.
  const place = createHash('sha256').update(serviceDirectory().toLowerCase()).digest('hex');
  const user = userInfo().username.replaceAll(/[^\w-]/g, '_');
  return `\\\\.\\pipe\\node-dokan-service-${user}-${place.slice(0, 8)}`;
}

/** A longer path would be cut off (sockaddr_un). */
function checkedSocket(path: string): string {
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return path;
  const message = `The path ${path} is too long for a socket: ${LONGEST_SOCKET_PATH} bytes at most. Name a shorter directory in NODE_DOKAN_RUNTIME_DIR.`;
  throw new ServiceError('ERR_SERVICE_DIRECTORY', message);
}

/** @throws ServiceError ERR_SERVICE_REQUEST for anything that is no request */
export function parseRequest(line: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw wrong('The request is no JSON');
  }
  if (!isRecord(value)) throw wrong('The request is no object');
  const { command, point, keepMounts = false } = value;
  switch (command) {
    case 'status':
    case 'reload':
      return { command };
    case 'start':
    case 'stop':
    case 'restart':
      if (typeof point !== 'string') throw wrong(`The request '${command}' lacks its 'point'`);
      return { command, point };
    case 'shutdown':
      if (typeof keepMounts !== 'boolean') throw wrong("'keepMounts' is true or false");
      return { command, keepMounts };
    default:
      throw wrong('The request has an unknown command');
  }
}

export function wrong(problem: string): ServiceError {
  return new ServiceError('ERR_SERVICE_REQUEST', `${problem}.`);
}
