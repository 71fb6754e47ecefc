import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { MountOptions } from 'node-dokan';
import { SimulatorClient, simulatorPort, type Counters } from '../../simulator/client.js';
import { eventually, within } from '../../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import {
  startWindows,
  windowsNode,
  windowsPath,
  type NodeMajor,
  type WindowsProcess,
} from '../../support/wine.js';
import { stuckThread, type StuckThread } from '../stuck_thread.js';
import { addonEnvironment, testLibrary } from '../windows_volume.js';
import { checkUse } from '../extensions.js';

const DEADLINE = 30_000;

/** What the Windows process tells by itself. */
export interface HostEvent {
  readonly event: string;
  readonly volume?: string;
  readonly [field: string]: unknown;
}

/** What an order failed with. */
export interface HostFailure {
  readonly name?: string;
  readonly code?: string;
  readonly option?: string;
  readonly status?: number;
  readonly message?: string;
  readonly cure?: string;
  readonly mountPoint?: string;
}

export interface HostOptions {
  readonly node?: NodeMajor;
  /** Arguments for node itself. */
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where the volume is that keeps the simulator listening while others come and go. Default `K:`. */
  readonly keeper?: string;
}

type Answer = { readonly id: number; readonly ok?: unknown; readonly error?: HostFailure };

/** Windows' Node with the program that serves volumes, and the simulator it loads. */
export class WindowsHost {
  readonly process: WindowsProcess;
  /** What it has told so far. */
  readonly events: HostEvent[] = [];
  readonly #socket: Socket;
  readonly #server: Server;
  readonly #directory: TemporaryDirectory;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #clients: SimulatorClient[] = [];
  #nextId = 1;

  private constructor(
    process: WindowsProcess,
    server: Server,
    socket: Socket,
    directory: TemporaryDirectory,
  ) {
    this.process = process;
    this.#server = server;
    this.#socket = socket;
    this.#directory = directory;
    createInterface({ input: socket }).on('line', (line) => this.#hear(line));
    socket.on('error', () => undefined);
  }

  static async start(options: HostOptions = {}): Promise<WindowsHost> {
    const { node = 22, nodeArgs = [], env = {}, keeper = 'K:' } = options;
    const library = windowsPath(await testLibrary());
    const directory = temporaryDirectory();
    const server = createServer();
    let child: WindowsProcess | undefined;
    try {
      const { port, connection } = await listen(server);
      const program = fileURLToPath(new URL('./programs/host.mjs', import.meta.url));
      child = await startWindows(
        await windowsNode(node),
        ['--expose-gc', ...nodeArgs, windowsPath(program), String(port), library],
        {
          env: {
            DOKAN_SIMULATOR_PORT_FILE: windowsPath(join(directory.path, 'port')),
            ...(await addonEnvironment(directory.path)),
            ...env,
          },
        },
      );
      const started = child;
      const early = started.exit.then(({ stderr }) => {
        throw new Error(`it ended: ${stderr}`);
      });
      const socket = await within(
        'the Windows process',
        DEADLINE,
        Promise.race([connection, early]),
      );
      early.catch(() => undefined);
      const host = new WindowsHost(started, server, socket, directory);
      await host.event('ready');
      await host.order('mount', 'keeper', keeper, {});
      return host;
    } catch (error) {
      child?.kill();
      server.close();
      directory.remove();
      throw error;
    }
  }

  /** Of its own: the simulator's port, what it marks, and the notes about its mounts. */
  get directory(): string {
    return this.#directory.path;
  }

  #hear(line: string): void {
    const message = decode(JSON.parse(line)) as Answer & HostEvent;
    if (typeof message.event === 'string') this.events.push(message);
    else this.#waiting.get(message.id)?.(message);
  }

  /** @returns its answer, or why there is none */
  async ask(order: string, ...args: unknown[]): Promise<{ ok?: unknown; error?: HostFailure }> {
    const id = this.#nextId++;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.write(`${JSON.stringify({ id, order, args: encode(args) })}\n`);
    const ended = this.process.exit.then(({ code, stderr }) => {
      throw new Error(`the Windows process ended with ${String(code)}: ${stderr}`);
    });
    try {
      return await within(`the order ${order}`, DEADLINE * 4, Promise.race([answered, ended]));
    } finally {
      ended.catch(() => undefined);
      this.#waiting.delete(id);
    }
  }

  /** Returns once the process's JavaScript thread does nothing else. */
  block(milliseconds: number): Promise<StuckThread> {
    const marker = join(this.#directory.path, 'blocked');
    return stuckThread(marker, this.order('block', milliseconds, windowsPath(marker)));
  }

  /** @throws Error when the order fails */
  async order(order: string, ...args: unknown[]): Promise<unknown> {
    const { ok, error } = await this.ask(order, ...args);
    if (error !== undefined) throw Object.assign(new Error(error.message), error);
    return ok;
  }

  /** Waits for an event. @param fields - what it must say */
  event(event: string, fields: Readonly<Record<string, unknown>> = {}): Promise<HostEvent> {
    return eventually(
      `the event ${event} ${JSON.stringify(fields)}\n${this.process.stderr}`,
      () => this.events.find((each) => each.event === event && matches(each, fields)),
      DEADLINE,
    );
  }

  /** A connection of its own to the simulator. */
  async simulator(): Promise<SimulatorClient> {
    const port = await simulatorPort(join(this.#directory.path, 'port'));
    const client = await SimulatorClient.connect(port);
    this.#clients.push(client);
    return client;
  }

  /** @returns the number the simulator gives the volume, and what it calls its place */
  async mount(
    name: string,
    point: string,
    options: MountOptions = {},
    absent: readonly string[] = [],
  ): Promise<string> {
    return (await this.order('mount', name, point, options, absent)) as string;
  }

  /**
   * Ends it in order.
   * @throws Error when something was left open, or the library was misused
   */
  async end(client: SimulatorClient): Promise<void> {
    try {
      const counters = await client.must('counters');
      await this.order('unmount', 'keeper');
      await this.order('exit', 0);
      const { code, stderr } = await within('the end', DEADLINE, this.process.exit);
      if (code !== 0) throw new Error(`it ended with ${String(code)}: ${stderr}`);
      checkCounters(counters);
    } finally {
      this.kill();
    }
  }

  /** Ends it, whatever state it is in. */
  kill(): void {
    for (const client of this.#clients) client.close();
    this.#socket.destroy();
    this.#server.close();
    if (this.process.running) this.process.kill();
    this.#directory.remove();
  }
}

/** @throws Error when the library was misused, or has opens, requests or tokens left */
export function checkCounters(counters: Counters): void {
  checkUse(counters);
  const { opens, requests } = counters;
  if (opens + requests > 0) throw new Error(`left: ${JSON.stringify({ opens, requests })}`);
}

function listen(server: Server): Promise<{ port: number; connection: Promise<Socket> }> {
  const connection = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({ port: (server.address() as { port: number }).port, connection });
    });
  });
}

function matches(event: HostEvent, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => event[name] === value);
}

/** What JSON has no word for, as programs/channel.mjs has it. */
function encode(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value === 'symbol') return { $symbol: value.description };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Buffer.isBuffer(value)) return { $buffer: value.toString('base64') };
  if (Array.isArray(value)) return value.map((item: unknown) => encode(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, item === undefined ? { $undefined: 1 } : encode(item)]),
  );
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => decode(item));
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  if (typeof record['$bigint'] === 'string') return BigInt(record['$bigint']);
  if (typeof record['$buffer'] === 'string') return Buffer.from(record['$buffer'], 'base64');
  return Object.fromEntries(Object.entries(record).map(([name, item]) => [name, decode(item)]));
}
