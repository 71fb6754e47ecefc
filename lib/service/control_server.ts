import { chmodSync, renameSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { settledWithin } from '../settled_within.js';
import { describeError } from './errors.js';
import { remove } from './files.js';
import {
  controlPath,
  LONGEST_LINE,
  parseRequest,
  wrong,
  type Answer,
  type Request,
} from './protocol.js';

/** Connections at one time: of this user's programs only, and still one of them may be broken. */
const MOST_CONNECTIONS = 64;
/** Milliseconds a connection may say nothing while nothing is being done for it. */
const PATIENCE = 30_000;
/** Milliseconds the last answers may take to go out. */
const LAST_ANSWERS = 1_000;

const isSocket = process.platform !== 'win32';

/** Shorter than the name it gets: not too long either. */
function ownSocket(): string {
  return join(dirname(controlPath()), `c.${process.pid}`);
}

export type Handler = (request: Request) => Promise<unknown>;

/** Listens for requests, and answers each when it is done. */
export class ControlServer {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  private constructor(handle: Handler) {
    this.#server = createServer((socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
      serve(socket, handle);
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /**
   * Nobody finds it until `show`. Its socket has a name of its own first, as the one that is listened
   * at is removed when the server closes, whosesoever it is by then.
   * @throws ServiceError when the path is too long; Error when there can be no socket
   */
  static async listen(handle: Handler): Promise<ControlServer> {
    const control = new ControlServer(handle);
    const path = isSocket ? ownSocket() : controlPath();
    if (isSocket) remove(path);
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject);
      control.#server.listen(path, resolve);
    });
    // What happens to a single connection later (out of descriptors) does not end the service.
    control.#server.on('error', () => undefined);
    return control;
  }

  /** Whoever calls this holds the lock: a socket that lies there is a dead service's. */
  show(): void {
    if (!isSocket) return;
    // Its directory keeps others out; this is for who looks at the socket.
    chmodSync(ownSocket(), 0o600);
    renameSync(ownSocket(), controlPath());
  }

  /** Nobody finds it any more. Whoever calls this still holds the lock. */
  hide(): void {
    if (isSocket) remove(controlPath());
  }

  /** Connections that still get an answer get it, if they take it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#connections) socket.end();
    await settledWithin(closed, LAST_ANSWERS);
  }
}

function serve(socket: Socket, handle: Handler): void {
  let unread = '';
  let isBusy = false;
  socket.setEncoding('utf8');
  socket.setTimeout(PATIENCE, () => {
    if (!isBusy) socket.destroy();
  });
  // The other end is gone: nothing to do about it.
  socket.on('error', () => undefined);
  socket.on('data', (text: string) => {
    unread += text;
    if (!isBusy) void next();
  });

  async function next(): Promise<void> {
    isBusy = true;
    try {
      for (;;) {
        const end = unread.indexOf('\n');
        if (end === -1 ? unread.length > LONGEST_LINE : end > LONGEST_LINE) {
          answer(failure(wrong(`The request is longer than ${LONGEST_LINE} characters`)));
          // Without waiting for the rest of it.
          socket.destroySoon();
          return;
        }
        if (end === -1) return;
        const line = unread.slice(0, end);
        unread = unread.slice(end + 1);
        if (line.trim() !== '') {
          // What is sent meanwhile stays where it is.
          socket.pause();
          answer(await resultOf(line, handle));
          socket.resume();
        }
      }
    } finally {
      isBusy = false;
    }
  }

  function answer(value: Answer): void {
    if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
  }
}

async function resultOf(line: string, handle: Handler): Promise<Answer> {
  try {
    return { ok: (await handle(parseRequest(line))) ?? null };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): Answer {
  return { error: describeError(error) };
}
