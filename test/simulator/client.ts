/**
 * A client of the simulator's socket: what stands for the driver's side in a test. The protocol is
 * described in README.md beside this file.
 */
import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';

/** A field of an order. A `bigint` is sent as a decimal string. */
export type Field = string | number | bigint | boolean | undefined;
export type Fields = Readonly<Record<string, Field>>;

export interface Reply {
  readonly id: number;
  /** NTSTATUS as an unsigned number. */
  readonly status: number;
  /** The bytes behind the JSON; empty when there are none. */
  readonly payload: Buffer;
  /** What the simulator could not make of the order. */
  readonly error?: string;
}

/** Times are FILETIMEs as decimal strings; sizes are numbers up to 2^53-1, strings above. */
export interface Replies {
  create: { context: string; information: number; isDirectory: boolean };
  read: { offset?: number };
  write: { written: number; offset: number };
  queryInformation: {
    attributes: number;
    creationTime: string;
    lastAccessTime: string;
    lastWriteTime: string;
    size: number | string;
    allocationSize: number | string;
    links: number;
    index: string;
    deletePending: boolean;
    isDirectory: boolean;
  };
  queryStreams: { streams?: { name: string; size: number | string }[] };
  setDisposition: { deletePending: boolean };
  queryDirectory: { entries?: DirectoryEntry[] };
  queryVolume: {
    label: string;
    serial: number;
    maxComponent: number;
    flags: number;
    fileSystemName: string;
  };
  querySize: {
    available: number | string;
    total: number | string;
    free: number | string;
    allocationUnitSize: number;
    sectorSize: number;
  };
  querySecurity: { needed: number };
  mounts: { volumes: MountedVolume[] };
  timeouts: { resets: { order: number; milliseconds: number }[] };
  notifications: {
    notifications: { volume: number; action: number; filter: number; path: string }[];
  };
  driverLog: { printed: boolean };
  counters: Counters;
  /** Of the whole process. */
  process: { handles: number; threads: number };
}

export interface DirectoryEntry {
  name: string;
  attributes: number;
  creationTime: string;
  lastAccessTime: string;
  lastWriteTime: string;
  size: number | string;
}

export interface MountedVolume {
  volume: number;
  mountPoint: string;
  uncName: string;
  deviceName: string;
  sessionId: number;
  /** The bits of DOKAN_OPTIONS.Options, as the library left them. */
  options: number;
  /** Milliseconds, as the driver applies it. */
  timeout: number;
  allocationUnitSize: number;
  sectorSize: number;
  threads: number;
  /** What the library passed on. This and what is optional below is the simulator's own. */
  driverSees?: {
    deviceType: number;
    mountPoint: string;
    options: number;
    securityDescriptorLength: number;
    timeout: number;
    uncName: string;
  };
}

export interface Counters {
  /** Calls by the callback's name; those never called are absent. */
  callbacks: Record<string, number>;
  opens: number;
  threads: number;
  requests: number;
  tokensHandedOut?: number;
  tokensOpen?: number;
  tokenSession?: number;
  tokenUser?: string;
  misuses?: string[];
}

export type ReplyOf<Op extends string> = Reply & (Op extends keyof Replies ? Replies[Op] : unknown);

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

const noBytes = Buffer.alloc(0);
/** Up to here copying a payload is cheaper than a second buffer in the write. */
const copiedPayload = 64 * 1024;
/** Both lengths in front of a frame. */
const headerLength = 8;

/** A connection to one simulator. Any number of orders may be in flight. */
export class SimulatorClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #failure: Error | undefined;
  /** The beginning of a frame whose end has not arrived. */
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = headerLength;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on('error', (error) => {
      this.#fail(error);
    });
    socket.on('close', () => {
      this.#fail(new Error('the simulator closed the connection'));
    });
  }

  static connect(port: number): Promise<SimulatorClient> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket({ host: '127.0.0.1', port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new SimulatorClient(socket));
      });
    });
  }

  /** The id the next order gets: `expire` and `timeouts` name orders by it. */
  get nextId(): number {
    return this.#nextId;
  }

  /**
   * Sends one order.
   * @returns its reply, whatever its status
   * @throws Error when the connection ends before the reply comes
   */
  order<Op extends string>(
    op: Op,
    fields: Fields = {},
    payload: Uint8Array = noBytes,
  ): Promise<ReplyOf<Op>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(id, { resolve: resolve as (reply: Reply) => void, reject });
      this.#send(encodeOrder(id, op, fields), payload);
    });
  }

  /** The same for an order that has to succeed. */
  async must<Op extends string>(
    op: Op,
    fields?: Fields,
    payload?: Uint8Array,
  ): Promise<ReplyOf<Op>> {
    const reply = await this.order(op, fields, payload);
    if (reply.status !== 0) {
      const status = `0x${reply.status.toString(16).padStart(8, '0')}`;
      throw new Error(`order ${op}: ${status} ${reply.error ?? ''}`.trimEnd());
    }
    return reply;
  }

  /** Ends the connection; orders in flight are rejected. */
  close(): void {
    this.#socket.destroy();
    this.#fail(new Error('the connection to the simulator was closed'));
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  #send(json: string, payload: Uint8Array): void {
    // JSON.stringify escapes surrogates without a partner, so the text is always valid UTF-8.
    const jsonLength = Buffer.byteLength(json);
    const copied = payload.length <= copiedPayload;
    const frame = Buffer.allocUnsafe(headerLength + jsonLength + (copied ? payload.length : 0));
    frame.writeUInt32LE(4 + jsonLength + payload.length, 0);
    frame.writeUInt32LE(jsonLength, 4);
    frame.write(json, headerLength, 'utf8');
    if (copied) {
      frame.set(payload, headerLength + jsonLength);
      this.#socket.write(frame);
      return;
    }
    // Both together are one writev.
    this.#socket.cork();
    this.#socket.write(frame);
    this.#socket.write(payload);
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered < this.#wanted) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#buffered);
    let at = 0;
    this.#wanted = headerLength;
    while (bytes.length - at >= headerLength) {
      const length = bytes.readUInt32LE(at);
      this.#wanted = 4 + length;
      if (bytes.length - at < this.#wanted) break;
      this.#settle(bytes, at, length);
      at += this.#wanted;
      this.#wanted = headerLength;
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
  }

  #settle(bytes: Buffer, at: number, length: number): void {
    const json = at + headerLength;
    const payload = json + bytes.readUInt32LE(at + 4);
    const reply = JSON.parse(bytes.toString('utf8', json, payload)) as Reply & { payload: Buffer };
    const end = at + 4 + length;
    // A view, not a copy: it keeps the received chunk alive, which held little else.
    (reply as { payload: Buffer }).payload = end > payload ? bytes.subarray(payload, end) : noBytes;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    waiting?.resolve(reply);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function encodeOrder(id: number, op: string, fields: Fields): string {
  const order: Record<string, Field> = { id, op };
  for (const key in fields) {
    const value = fields[key];
    order[key] = typeof value === 'bigint' ? value.toString() : value;
  }
  return JSON.stringify(order);
}

/** The port a simulator wrote into its DOKAN_SIMULATOR_PORT_FILE, once it has. */
export function simulatorPort(file: string, milliseconds = 30_000): Promise<number> {
  return eventually(
    `the simulator's port in ${file}`,
    () => {
      try {
        return Number.parseInt(readFileSync(file, 'utf8'), 10) || undefined;
      } catch {
        // Not written yet.
        return undefined;
      }
    },
    milliseconds,
  );
}
