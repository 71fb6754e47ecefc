// A file system for experiments: a few files, and some that misbehave. A path `/CALLBACK!DEED` does
// DEED when CALLBACK is called on it and is an ordinary file (or directory, for findFiles) otherwise.
import { setImmediate } from 'node:timers';
import { MessageChannel } from 'node:worker_threads';
import { CreateDisposition, CreateOptions, DokanError, NtStatus } from 'node-dokan';

const DIRECTORY = 0o040755;
const FILE = 0o100666;

/** Never settles; what listens to the signal says that it fired. */
function never(lab, name, path, file) {
  file.signal.addEventListener('abort', () => {
    lab.say({ event: 'signal', callback: name, path, status: file.signal.reason?.code });
  });
  lab.say({ event: 'waiting', callback: name, path });
  return new Promise(() => {});
}

function late(lab, name, path, file, answer) {
  lab.say({ event: 'waiting', callback: name, path });
  return new Promise((resolve, reject) => {
    lab.held.push(() => {
      if (answer instanceof Error) reject(answer);
      else resolve(answer);
    });
  });
}

/** A thenable that throws while it is asked for its `then`. */
const hostile = {
  get then() {
    throw new TypeError('asked for then');
  },
};

/** What a callback may do wrong. `args` are the callback's own, the open last. */
const DEEDS = {
  'throw-null': () => {
    throw null;
  },
  'throw-undefined': () => {
    throw undefined;
  },
  'throw-string': () => {
    throw 'a string';
  },
  'throw-symbol': () => {
    throw Symbol('a symbol');
  },
  'throw-proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    throw proxy;
  },
  'throw-type-error': () => {
    throw new TypeError('a mistake');
  },
  'throw-strange-code': () => {
    throw Object.assign(new Error('strange'), { code: 'ESTRANGE' });
  },
  'reject-null': () => Promise.reject(null),
  'reject-undefined': () => Promise.reject(undefined),
  'reject-type-error': () => Promise.reject(new TypeError('a mistake')),
  'return-string': () => 'a string',
  'return-null': () => null,
  'return-function': () => () => 0,
  'return-symbol': () => Symbol('answer'),
  'return-hostile': () => hostile,
  'resolve-string': () => Promise.resolve('a string'),
  'resolve-twice': () => ({
    then(resolve) {
      resolve('one');
      resolve('two');
      throw new Error('and thrown');
    },
  }),
  never: (lab, name, path, args) => never(lab, name, path, args.at(-1)),
  late: (lab, name, path, args) =>
    late(lab, name, path, args.at(-1), lab.ordinary(name, path, args)),
  'late-error': (lab, name, path, args) =>
    late(lab, name, path, args.at(-1), new DokanError(NtStatus.ACCESS_DENIED)),
  'late-mistake': (lab, name, path, args) =>
    late(lab, name, path, args.at(-1), new TypeError('a late mistake')),

  // readFile and writeFile
  'too-many': (lab, name, path, [buffer]) => buffer.length + 1,
  negative: () => -1,
  fraction: () => 0.5,
  'not-a-number': () => NaN,
  transfer: (lab, name, path, [buffer]) => {
    const { length } = buffer;
    globalThis.structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    return length;
  },
  'transfer-later': async (lab, name, path, [buffer]) => {
    const { length } = buffer;
    await null;
    globalThis.structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    return length;
  },
  'post-message': (lab, name, path, [buffer]) => {
    const { length } = buffer;
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(buffer.buffer, [buffer.buffer]);
    port1.close();
    port2.close();
    return length;
  },
  'transfer-and-throw': (lab, name, path, [buffer]) => {
    globalThis.structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    throw new DokanError(NtStatus.ACCESS_DENIED);
  },
  'write-after-answer': (lab, name, path, [buffer]) => {
    buffer.fill('x');
    setImmediate(() => {
      buffer.fill('y');
      lab.say({ event: 'written', path });
    });
    return Math.min(buffer.length, lab.size);
  },

  // queryOpen and getFileInformation
  'negative-size': () => ({ mode: FILE, size: -1 }),
  'huge-size': () => ({ mode: FILE, size: 2 ** 60 }),
  'bad-time': () => ({ mode: FILE, lastWriteTime: new Date(NaN) }),
  'bad-inode': () => ({ mode: FILE, inode: -5n }),
  'getter-throws': () => ({
    mode: FILE,
    get size() {
      throw new RangeError('from a getter');
    },
  }),

  // findFiles
  'slash-in-name': () => [{ name: 'a/b' }],
  'nul-in-name': () => [{ name: 'a\0b' }],
  'empty-name': () => [{ name: '' }],
  'not-iterable': () => ({}),
  'iterator-throws': function* () {
    yield { name: 'one' };
    throw null;
  },
  'iterator-answers-nonsense': () => ({
    [Symbol.iterator]: () => ({ next: () => 5 }),
  }),
  infinite: function* (lab, name, path) {
    try {
      for (let number = 0; ; number += 1) yield { name: `file-${number}` };
    } finally {
      lab.say({ event: 'listing closed', path });
    }
  },
  'never-next': (lab, name, path, args) => ({
    [Symbol.asyncIterator]: () => ({ next: () => never(lab, name, path, args.at(-1)) }),
  }),
};

export class Lab {
  size = 4096;
  /** Promises kept back until somebody says so. */
  held = [];
  say;
  #files = new Map([
    ['/good', Buffer.from('good')],
    ['/other', Buffer.from('other')],
  ]);
  #made = new Map();

  constructor(say) {
    this.say = say;
  }

  /** The operations, each asking first whether it is to misbehave. */
  operations() {
    const operations = {};
    for (const name of Object.getOwnPropertyNames(Ordinary.prototype)) {
      if (name === 'constructor') continue;
      operations[name] = (...args) => {
        const [path] = args;
        const [, callback, deed] = /^\/(\w+)!([a-z-]+)/.exec(path) ?? [];
        if (['createFile', 'cleanup', 'closeFile', 'mounted', 'unmounted'].includes(name)) {
          const file = args.at(-1);
          this.say({
            event: name,
            path: typeof path === 'string' ? path : '',
            deletePending: file.deletePending,
          });
        }
        if (callback === name && DEEDS[deed] !== undefined) {
          return DEEDS[deed](this, name, path, args.slice(1));
        }
        return this.ordinary(name, path, args.slice(1));
      };
    }
    return operations;
  }

  ordinary(name, path, args) {
    return Ordinary.prototype[name].call(this, path, ...args);
  }

  /** Changes a file behind the kernel's back. */
  change(path, text) {
    if (text === null) this.#files.delete(path);
    else this.#files.set(path, Buffer.from(text));
  }

  content(path) {
    const known = this.#files.get(path) ?? this.#made.get(path);
    if (known !== undefined) return known;
    if (!/^\/\w+!|^\/many-\d*[02468]$/.test(path)) return undefined;
    const made = Buffer.alloc(this.size, 'd');
    if (path.includes('!')) this.#made.set(path, made);
    return made;
  }

  store(path, data) {
    (this.#made.has(path) ? this.#made : this.#files).set(path, data);
  }

  move(path, newPath) {
    this.#files.set(newPath, this.content(path));
    this.#files.delete(path);
  }

  names() {
    return [...this.#files.keys()].map((path) => path.slice(1));
  }
}

const missing = () => new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);

/** What a callback does when nothing is wrong; `this` is the lab. */
class Ordinary {
  createFile(path, request, file) {
    if (path === '/' || path.startsWith('/findFiles!')) {
      file.isDirectory = true;
      return 'opened';
    }
    if (this.content(path) === undefined) {
      if ((request.createOptions & CreateOptions.DIRECTORY_FILE) !== 0) {
        throw new DokanError(NtStatus.ACCESS_DENIED);
      }
      if (
        [CreateDisposition.OPEN, CreateDisposition.OVERWRITE].includes(request.createDisposition)
      ) {
        throw missing();
      }
      this.store(path, Buffer.alloc(0));
      return 'created';
    }
    if (request.createDisposition === CreateDisposition.CREATE) {
      throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
    }
    return 'opened';
  }
  queryOpen(path) {
    if (path === '/' || path.startsWith('/findFiles!')) return { mode: DIRECTORY };
    const data = this.content(path);
    if (data === undefined) throw missing();
    return { mode: FILE, size: data.length };
  }
  getFileInformation(path, file) {
    return file.isDirectory
      ? { mode: DIRECTORY }
      : { mode: FILE, size: this.content(path)?.length ?? 0 };
  }
  readFile(path, buffer, offset) {
    return this.content(path).copy(buffer, 0, offset);
  }
  writeFile(path, data, offset, file) {
    const before = this.content(path);
    const at = file.writeToEndOfFile ? before.length : offset;
    const after = Buffer.alloc(Math.max(before.length, at + data.length));
    before.copy(after);
    data.copy(after, at);
    this.store(path, after);
    return data.length;
  }
  findFiles() {
    return this.names().map((name) => ({ name }));
  }
  setEndOfFile(path, length) {
    const after = Buffer.alloc(length);
    this.content(path).copy(after);
    this.store(path, after);
  }
  setFileTime() {}
  setFileAttributes() {}
  setMode() {}
  deleteFile() {}
  deleteDirectory() {}
  moveFile(path, newPath) {
    this.move(path, newPath);
  }
  cleanup(path, file) {
    if (file.deletePending) this.change(path, null);
  }
  closeFile() {}
  mounted() {}
  unmounted() {}
}
