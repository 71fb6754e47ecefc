// A file system that does as it is told, callback by callback, and tells of every call.
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { CreateDisposition, DokanError, FileAttributes, NtStatus } from 'node-dokan';

const notImplemented = () => {
  throw new DokanError(NtStatus.NOT_IMPLEMENTED);
};

const CHOICES = {
  [CreateDisposition.OPEN_IF]: 'opened',
  [CreateDisposition.OVERWRITE_IF]: 'overwritten',
  [CreateDisposition.SUPERSEDE]: 'superseded',
};

/** What a callback does that was told nothing: everything exists, `/dir...` and the root are directories. */
const ORDINARY = {
  createFile: (path, { createDisposition }, file) => {
    if (path === '/' || /^\/dir[^/:]*$/.test(path)) file.isDirectory = true;
    return CHOICES[createDisposition];
  },
  cleanup: () => undefined,
  closeFile: () => undefined,
  readFile: (path, buffer) => buffer.fill('r').length,
  writeFile: (path, data) => data.length,
  flushFileBuffers: () => undefined,
  getFileInformation: (path, file) => ({
    attributes: file.isDirectory ? FileAttributes.DIRECTORY : FileAttributes.NORMAL,
    size: 0,
  }),
  findFiles: () => [],
  findFilesWithPattern: notImplemented,
  setFileAttributes: () => undefined,
  setFileTime: () => undefined,
  deleteFile: () => undefined,
  deleteDirectory: () => undefined,
  moveFile: () => undefined,
  setEndOfFile: () => undefined,
  setAllocationSize: () => undefined,
  lockFile: () => undefined,
  unlockFile: () => undefined,
  getDiskFreeSpace: () => ({ freeBytesAvailable: 1, totalBytes: 3, totalFreeBytes: 2 }),
  getVolumeInformation: () => ({}),
  mounted: () => undefined,
  unmounted: () => undefined,
  getFileSecurity: notImplemented,
  setFileSecurity: () => undefined,
  findStreams: () => [],
  checkMedia: () => 'present',
};

export class Script {
  #say;
  #answers = new Map();
  #held = new Map();
  #released = new Set();
  #opens = new WeakMap();
  #openCount = 0;
  #calls = 0;

  constructor(say) {
    this.#say = say;
  }

  /** @param absent - callbacks that there are not */
  operations(absent = []) {
    const operations = {};
    for (const name of Object.keys(ORDINARY)) {
      if (absent.includes(name)) continue;
      operations[name] = (...args) => this.#call(name, args);
    }
    return operations;
  }

  /** What the next call of a callback is to do, or with `always` every one. */
  answer(callback, action) {
    const known = this.#answers.get(callback) ?? { queue: [], always: undefined };
    this.#answers.set(callback, known);
    if (action?.always === true) known.always = action;
    else if (action === null) known.always = undefined;
    else known.queue.push(action);
  }

  /** Forgets what nobody has asked for. */
  forget() {
    this.#answers.clear();
  }

  /** Lets the calls go on that wait under this name, and those that will. */
  release(name) {
    this.#released.add(name);
    for (const release of this.#held.get(name) ?? []) release();
    this.#held.delete(name);
  }

  #call(callback, args) {
    const file = args.at(-1);
    const call = ++this.#calls;
    const known = this.#answers.get(callback);
    const action = known?.queue.shift() ?? known?.always ?? {};
    if (action.silent !== true) {
      this.#say({
        event: 'call',
        call,
        callback,
        args: shown(callback, args),
        file: this.#seen(file),
      });
    }
    this.#prepare(callback, call, action, args, file);
    if (action.hold === undefined && action.async !== true) return finish(callback, action, args);
    return new Promise((resolve, reject) => {
      const settle = () => {
        try {
          resolve(finish(callback, action, args));
        } catch (error) {
          reject(error);
        }
      };
      if (action.hold === undefined || this.#released.has(action.hold)) {
        setImmediate(settle);
        return;
      }
      const held = this.#held.get(action.hold) ?? [];
      this.#held.set(action.hold, [...held, settle]);
    });
  }

  #seen(file) {
    const { isDirectory, deletePending, processId, pagingIo, synchronousIo, noCache } = file;
    const { writeToEndOfFile, context } = file;
    let open = this.#opens.get(file);
    if (open === undefined) this.#opens.set(file, (open = ++this.#openCount));
    return {
      ...{ open, isDirectory, deletePending, processId, pagingIo, synchronousIo, noCache },
      ...{ writeToEndOfFile, context },
    };
  }

  #prepare(callback, call, action, args, file) {
    if (action.isDirectory !== undefined) file.isDirectory = action.isDirectory;
    if (action.context !== undefined) file.context = action.context;
    if (action.backing !== undefined) handThrough(file, action.backing);
    if (action.resetTimeout !== undefined) file.resetTimeout(action.resetTimeout);
    if (action.token !== undefined) this.#tellToken(action.token, call, file);
    if (action.watch === true) {
      const tell = () => {
        this.#say({ event: 'signal', call, callback, code: file.signal.reason?.code });
      };
      // Read at once: the open has other requests later.
      const { signal } = file;
      signal.addEventListener('abort', () => {
        this.#say({ event: 'signal', call, callback, code: signal.reason?.code });
      });
      if (signal.aborted) tell();
    }
  }

  #tellToken(how, call, file) {
    const requestor = file.requestor();
    const { processId, userId, groupId, token } = requestor;
    const tell = (event) => {
      const { sid, sessionId, integrityLevel } = token ?? {};
      this.#say({
        ...{ event, call, processId, userId, groupId, sid, sessionId, integrityLevel },
        hasToken: token !== undefined,
        isSame: file.requestor().token === token,
      });
    };
    tell('requestor');
    if (how === 'close') {
      token.close();
      token.close();
      tell('requestor closed');
    }
    if (how === 'later') {
      setImmediate(() =>
        setImmediate(() => {
          this.#say({ event: 'requestor later', call, hasToken: requestor.token !== undefined });
        }),
      );
    }
  }
}

/** The arguments without the open; of a buffer to be filled there is nothing to see but its length. */
function shown(callback, args) {
  const given = args.slice(0, -1);
  return callback === 'readFile' ? [given[0], given[1].length, given[2]] : given;
}

function finish(callback, action, args) {
  if (action.throws !== undefined) throw failure(action.throws);
  if (action.fill !== undefined) return action.fill.copy(args[1]);
  if (action.pattern !== undefined) return readPattern(action.pattern, args[1], args[2]);
  if (action.bytes !== undefined) return action.bytes;
  if (action.entries !== undefined) return listing(action);
  if ('returns' in action) return action.returns;
  return ORDINARY[callback](...args);
}

/** Sets `backingFd`: to a number, or to a real file's descriptor, which may be closed at once. */
function handThrough(file, { number, path, flags = 'r+', closed = false }) {
  file.backingFd = number ?? openSync(path, flags);
  if (!closed) return;
  const fd = file.backingFd;
  setImmediate(() => closeSync(fd));
}

/** `own`: in memory of the file system's own, which is spoiled as soon as it may be. */
function readPattern(pattern, buffer, offset) {
  if (pattern.own !== true) return fillPattern(pattern, buffer, offset);
  const own = Buffer.alloc(buffer.length);
  const length = fillPattern(pattern, own, offset);
  globalThis.queueMicrotask(() => own.fill(255));
  return own.subarray(0, length);
}

/** Each byte says where it lies in a file of this size. @returns bytes read */
function fillPattern({ size, seed = 0 }, buffer, offset) {
  const length = Math.max(0, Math.min(buffer.length, size - offset));
  for (let index = 0; index < length; index += 1) buffer[index] = (offset + index + seed) % 251;
  return length;
}

function failure({ status, code, message, type, value }) {
  if (status !== undefined) return new DokanError(NtStatus[status] ?? status);
  if (code !== undefined) return Object.assign(new Error(message ?? code), { code });
  return type === undefined ? value : new globalThis[type](message ?? 'a mistake');
}

function listing({ entries, asynchronous, breaks }) {
  if (asynchronous === true) {
    return (async function* () {
      for (const entry of entries) {
        await null;
        yield entry;
      }
      if (breaks !== undefined) throw failure(breaks);
    })();
  }
  return (function* () {
    yield* entries;
    if (breaks !== undefined) throw failure(breaks);
  })();
}
