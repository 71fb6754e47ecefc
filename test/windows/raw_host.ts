/**
 * The addon itself, in Windows' node.exe under Wine, with the simulator for Dokan: a test tells the
 * simulator what the driver asks, and programs/raw_host.mjs what JavaScript answers.
 */
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { SimulatorClient, simulatorPort } from '../simulator/client.js';
import { eventually, within } from '../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { windowsAddon } from '../support/windows_addon.js';
import {
  projectRoot,
  startWindows,
  windowsNode,
  windowsPath,
  type NodeMajor,
  type WindowsProcess,
} from '../support/wine.js';
import { stuckThread, type StuckThread } from './stuck_thread.js';
import { testLibrary } from './windows_volume.js';

const program = join(projectRoot, 'test', 'windows', 'programs', 'raw_host.mjs');

/** A request as JavaScript saw it. */
export interface SeenRequest {
  readonly operation: string;
  readonly flags: number;
  readonly context: number;
  readonly processId: number;
  readonly name: string;
  readonly secondName: string;
  readonly block: number;
  readonly arguments: readonly number[];
  readonly offset: number;
  readonly length: number;
  readonly times: readonly string[];
  readonly thread: number;
  readonly clean: boolean;
  readonly data?: string;
  readonly sha1?: string;
  readonly exposed?: boolean;
  readonly detached?: boolean;
}

export interface HostState {
  readonly log: readonly SeenRequest[];
  readonly batches: readonly number[];
  readonly closedCalls: number;
  readonly completions: readonly boolean[];
  readonly held: number;
  readonly tokens: readonly Record<string, unknown>[];
}

export type RawAnswer = Readonly<Record<string, unknown>>;

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

export interface RawHostOptions {
  readonly node?: NodeMajor;
  /** Another program than node.exe of that version. */
  readonly nodeProgram?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export class RawHost {
  readonly process: WindowsProcess;
  readonly #socket: Socket;
  readonly #directory: TemporaryDirectory;
  readonly #simulatorPortFile: string;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #simulator: SimulatorClient | undefined;

  private constructor(
    process: WindowsProcess,
    socket: Socket,
    directory: TemporaryDirectory,
    simulatorPortFile: string,
  ) {
    this.process = process;
    this.#socket = socket;
    this.#directory = directory;
    this.#simulatorPortFile = simulatorPortFile;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      void process.exit.then(({ code, stderr }) => {
        const error = new Error(`raw_host.mjs ended with ${String(code)}: ${stderr}`);
        for (const { reject } of waiting) reject(error);
      });
    });
    createInterface(socket).on('line', (line) => {
      const { id, result, error } = JSON.parse(line) as {
        id: number;
        result?: unknown;
        error?: { message: string };
      };
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(Object.assign(new Error(error.message), error));
    });
  }

  static async start(options: RawHostOptions = {}): Promise<RawHost> {
    const library = await testLibrary();
    const directory = temporaryDirectory();
    const portFile = join(directory.path, 'host');
    const simulatorPortFile = join(directory.path, 'simulator');
    const process = await startWindows(
      options.nodeProgram ?? (await windowsNode(options.node ?? 22)),
      [windowsPath(program), windowsPath(await windowsAddon()), windowsPath(portFile)],
      {
        env: {
          DOKAN_LIBRARY: windowsPath(library),
          DOKAN_SIMULATOR_PORT_FILE: windowsPath(simulatorPortFile),
          ...options.env,
        },
      },
    );
    try {
      const port = await Promise.race([
        simulatorPort(portFile, 60_000),
        process.exit.then(({ code, stderr }) => {
          throw new Error(`raw_host.mjs ended with ${String(code)}: ${stderr}`);
        }),
      ]);
      const socket = connect({ host: '127.0.0.1', port });
      await new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
      return new RawHost(process, socket, directory, simulatorPortFile);
    } catch (error) {
      process.kill();
      directory.remove();
      throw error;
    }
  }

  call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, call: name, args })}\n`);
    });
  }

  /** A new volume, mounted; the number it goes by. */
  async mount(options: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const volume = (await this.call('create')) as number;
    await this.call('mount', volume, options);
    return volume;
  }

  async close(volume: number): Promise<void> {
    await this.call('close', volume);
  }

  async answer(volume: number, operation: string, answer: RawAnswer): Promise<void> {
    await this.call('answer', volume, operation, answer);
  }

  /** What the volume has seen since the last time. */
  async state(volume: number): Promise<HostState> {
    return (await this.call('state', volume)) as HostState;
  }

  /** The requests since the last time. */
  async log(volume: number): Promise<readonly SeenRequest[]> {
    return (await this.state(volume)).log;
  }

  /** Returns once the host's JavaScript thread does nothing else. */
  stuck(milliseconds: number): Promise<StuckThread> {
    return stuckThread(join(this.#directory.path, 'host.stuck'), this.call('stuck', milliseconds));
  }

  /** As `stuck`, but the thread waits in a system call. */
  blocked(milliseconds: number): Promise<StuckThread> {
    return stuckThread(
      join(this.#directory.path, 'host.stuck'),
      this.call('blocked', milliseconds),
    );
  }

  /** Waits until the host, told to end, still lives though nothing but its volumes keeps it; or not. */
  async alive(): Promise<void> {
    const marker = join(this.#directory.path, 'host.alive');
    await eventually('the host to live on', () => !this.process.running || existsSync(marker));
  }

  /** The simulator in the host's process: there from the first mount on. */
  async simulator(): Promise<SimulatorClient> {
    this.#simulator ??= await SimulatorClient.connect(await simulatorPort(this.#simulatorPortFile));
    return this.#simulator;
  }

  /** Between two volumes, when the library is shut down, the simulator's socket goes. */
  forgetSimulator(): void {
    this.#simulator?.close();
    this.#simulator = undefined;
  }

  /** Ends the program and returns how it ended. */
  async end(): Promise<{ code: number | null; stdout: string; stderr: string }> {
    this.#simulator?.close();
    this.#socket.destroy();
    if (this.process.running) {
      this.process.kill();
    }
    const result = await within('the end of the host', 30_000, this.process.exit);
    this.#directory.remove();
    return result;
  }
}
