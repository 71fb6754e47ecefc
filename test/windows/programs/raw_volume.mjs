// A volume on the bare addon, without the TypeScript host: writes down every request field by field,
// and answers as it was told to. Runs inside Windows' node.exe.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const BATCH_BYTES = 256;
const SLOT_BYTES = 2048;
const NAMES = 256;
const SINGLE_BLOCKS = 2 ** 30;

export const operations = [
  'CREATE_FILE',
  'CLEANUP',
  'CLOSE_FILE',
  'READ_FILE',
  'WRITE_FILE',
  'FLUSH_FILE_BUFFERS',
  'GET_FILE_INFORMATION',
  'FIND_FILES',
  'FIND_FILES_WITH_PATTERN',
  'SET_FILE_ATTRIBUTES',
  'SET_FILE_TIME',
  'DELETE_FILE',
  'DELETE_DIRECTORY',
  'MOVE_FILE',
  'SET_END_OF_FILE',
  'SET_ALLOCATION_SIZE',
  'LOCK_FILE',
  'UNLOCK_FILE',
  'GET_DISK_FREE_SPACE',
  'GET_VOLUME_INFORMATION',
  'MOUNTED',
  'UNMOUNTED',
  'GET_FILE_SECURITY',
  'SET_FILE_SECURITY',
  'FIND_STREAMS',
];

const flag = {
  nameIsLatin1: 1 << 8,
  nameIsLong: 1 << 9,
  secondIsLatin1: 1 << 10,
  secondIsLong: 1 << 11,
  hasDescriptor: 1 << 12,
  mayExpose: 1 << 13,
};

const mountDefaults = {
  mountPoint: 'M:',
  uncName: undefined,
  version: 200,
  singleThread: false,
  options: 0,
  timeout: 0,
  allocationUnitSize: 0,
  sectorSize: 0,
  volumeSecurityDescriptor: undefined,
  operationTimeout: 60_000,
  pollTime: 40,
  readAhead: 0,
};

export function stuck(milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

export class RawVolume {
  log = [];
  /** How many requests each batch had. */
  batches = [];
  closedCalls = 0;
  slowTransfers = 0;
  /** What `complete` said, per request. */
  completions = [];
  held = [];
  tokens = [];
  #native;
  #view;
  #bytes;
  #answers = new Map();
  #defaults = new Map();
  #blocks = new Map();
  #nextContext = 1;

  constructor(addon) {
    this.#native = new addon.DokanVolume(
      () => this.#drain(),
      () => this.closedCalls++,
      () => this.slowTransfers++,
    );
    this.#view = new DataView(this.#native.memory);
    this.#bytes = new Uint8Array(this.#native.memory);
  }

  get native() {
    return this.#native;
  }

  mount(options) {
    const { operationTimeout } = options;
    return this.#native.mount({
      ...mountDefaults,
      libraryPath: process.env.DOKAN_LIBRARY,
      ...options,
      ...(operationTimeout === 'never' ? { operationTimeout: Infinity } : {}),
      ...(options.volumeSecurityDescriptor
        ? { volumeSecurityDescriptor: Buffer.from(options.volumeSecurityDescriptor, 'base64') }
        : {}),
    });
  }

  /** The next answer to an operation; with `always`, every one that has none of its own. */
  answer(operation, answer) {
    if (answer.always) this.#defaults.set(operation, answer);
    else if (this.#answers.has(operation)) this.#answers.get(operation).push(answer);
    else this.#answers.set(operation, [answer]);
  }

  /** Answers everything that is held. */
  release(overrides = {}) {
    const held = this.held.splice(0);
    for (const { slot, request, answer } of held)
      this.#finish(slot, request, { ...answer, ...overrides });
    return held.length;
  }

  #drain() {
    for (let count; (count = this.#native.take()) > 0;) {
      this.batches.push(count);
      // Taken at once: a further take, from within an answer, would overwrite the batch.
      const slots = [...new Uint32Array(this.#native.memory, 0, count)];
      for (const slot of slots) this.#handle(slot);
    }
  }

  #handle(slot) {
    const request = this.#decode(slot);
    this.log.push(request);
    const answer =
      this.#answers.get(request.operation)?.shift() ?? this.#defaults.get(request.operation) ?? {};
    if (answer.stuck) stuck(answer.stuck);
    if (answer.token) this.tokens.push(this.#readToken(slot));
    if (answer.exit) process.exit(answer.exit);
    if (answer.raise) throw new Error('raised by an answer');
    if (answer.held) this.held.push({ slot, request, answer });
    else if (answer.delay) void sleep(answer.delay).then(() => this.#finish(slot, request, answer));
    else this.#finish(slot, request, answer);
  }

  #readToken(slot) {
    try {
      const token = this.#native.requestorToken(slot);
      const { sid, sessionId, integrityLevel, closed } = token;
      token.close();
      return { sid, sessionId, integrityLevel, closed, closedAfter: token.closed };
    } catch (error) {
      return { error: error.message, code: error.code, win32Error: error.win32Error };
    }
  }

  #text(at, bytes, isLatin1) {
    return Buffer.from(this.#native.memory, at, bytes).toString(isLatin1 ? 'latin1' : 'utf16le');
  }

  #block(number) {
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = this.#native.block(number);
      if (number < SINGLE_BLOCKS) this.#blocks.set(number, block);
    }
    return new Uint8Array(block);
  }

  #decode(slot) {
    const view = this.#view;
    const at = BATCH_BYTES + slot * SLOT_BYTES;
    const u32 = (offset) => view.getUint32(at + offset, true);
    const flags = u32(4);
    const nameBytes = u32(20);
    const secondAt = at + NAMES + ((nameBytes + 1) & ~1);
    return {
      operation: operations[u32(0)],
      flags,
      context: view.getFloat64(at + 8, true),
      processId: u32(16),
      name:
        flags & flag.nameIsLong
          ? this.#native.name(slot, 0)
          : this.#text(at + NAMES, nameBytes, flags & flag.nameIsLatin1),
      secondName:
        flags & flag.secondIsLong
          ? this.#native.name(slot, 1)
          : this.#text(secondAt, u32(24), flags & flag.secondIsLatin1),
      block: view.getInt32(at + 28, true),
      arguments: [32, 36, 40, 44, 48, 52].map(u32),
      offset: view.getFloat64(at + 56, true),
      length: view.getFloat64(at + 64, true),
      times: [72, 80, 88].map((offset) => String(view.getBigInt64(at + offset, true))),
      thread: u32(96),
      // The whole answer must have been zero.
      clean: this.#bytes.subarray(at + 128, at + 256).every((byte) => byte === 0),
    };
  }

  /** The request's memory: exposed, or a block. */
  #data(slot, request, answer) {
    if (request.flags & flag.mayExpose) {
      if (!answer.block) {
        const exposed = this.#native.expose(slot);
        if (exposed !== undefined) {
          request.exposed = true;
          request.exposedBuffer = exposed;
          return new Uint8Array(exposed);
        }
      }
      request.block = this.#native.blockFor(slot);
    }
    return request.block < 0 ? new Uint8Array(0) : this.#block(request.block);
  }

  #finish(slot, request, answer) {
    const view = this.#view;
    const at = BATCH_BYTES + slot * SLOT_BYTES;
    const [length] = request.arguments;
    const results = [...(answer.results ?? [])];
    const succeeds = ((answer.status ?? 0) | 0) >= 0;
    if (request.operation === 'READ_FILE' && succeeds) {
      const count = answer.count ?? length;
      const data = this.#data(slot, request, answer);
      for (let i = 0; i < count && !answer.blank; i++) data[i] = (request.offset + i) * 7;
      if (answer.stuckWithData) stuck(answer.stuckWithData);
      results[0] = count;
    } else if (request.operation === 'WRITE_FILE' && succeeds) {
      const data = this.#data(slot, request, answer).subarray(0, length);
      request.sha1 = createHash('sha1').update(data).digest('hex');
      results[0] = answer.count ?? length;
    } else if (request.operation === 'SET_FILE_SECURITY') {
      request.data = Buffer.from(this.#data(slot, request, answer))
        .subarray(0, request.arguments[1])
        .toString('base64');
    } else if (request.flags & flag.hasDescriptor) {
      request.data = Buffer.from(this.#data(slot, request, answer))
        .subarray(0, request.arguments[5])
        .toString('base64');
    }
    view.setUint32(at + 128, (answer.status ?? 0) >>> 0, true);
    view.setUint32(at + 132, answer.flags ?? 0, true);
    const context =
      request.operation === 'CREATE_FILE' ? (answer.context ?? this.#nextContext++) : 0;
    view.setFloat64(at + 136, context, true);
    results.forEach((value, index) => view.setUint32(at + 144 + 4 * index, value >>> 0, true));
    view.setUint32(at + 164, answer.timeKinds ?? 0, true);
    (answer.sizes ?? []).forEach((value, index) =>
      view.setFloat64(at + 168 + 8 * index, value, true),
    );
    view.setBigUint64(at + 192, BigInt(answer.index ?? 0), true);
    this.#writeTimes(view, at + 200, answer);
    if (answer.text !== undefined) {
      Buffer.from(answer.text, 'utf16le').copy(this.#bytes, at + NAMES);
    }
    if (answer.flags & 2) this.#blocks.delete(request.block);
    const completed =
      answer.data === undefined
        ? this.#native.complete(slot)
        : this.#completeWith(slot, Buffer.from(answer.data, 'base64'));
    this.completions.push(completed);
    if (request.exposedBuffer !== undefined) {
      request.detached = request.exposedBuffer.byteLength === 0;
      delete request.exposedBuffer;
    }
  }

  #completeWith(slot, data) {
    // Longer than what counts, as the host's reused memory is.
    const memory = new Uint8Array(data.length + 16).fill(0xee);
    memory.set(data);
    return this.#native.completeWith(slot, memory, data.length);
  }

  /** Times as decimal strings, by kind: nanoseconds, milliseconds (which may have a fraction), ticks. */
  #writeTimes(view, at, { times = [], timeKinds = 0 }) {
    times.forEach((time, index) => {
      const kind = (timeKinds >> (2 * index)) & 3;
      if (kind === 2) view.setFloat64(at + 8 * index, Number(time), true);
      else view.setBigInt64(at + 8 * index, BigInt(time), true);
    });
  }
}
