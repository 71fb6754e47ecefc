import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  CallbackStatistics,
  DokanOperations,
  HoldingProcess,
  MountEntry,
  MountOptions,
  UnmountOptions,
} from 'node-dokan';
import { atExit } from '../support/cleanup.js';
import { eventually, within } from '../support/eventually.js';
import type { Exit } from '../support/example.js';

/** What `programs/host.mjs` tells without being asked. */
export interface HostEvent {
  readonly event: string;
  readonly volume?: string;
  readonly path?: string;
  readonly callback?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly code?: string;
  /** Of several that serve a volume, from 0. */
  readonly thread?: number;
  readonly status?: string;
  readonly deletePending?: boolean;
}

/** An order failed in the other process: the error as it looked there. */
export class OrderError extends Error {
  declare readonly code: string | undefined;
  declare readonly cure: string | undefined;
  declare readonly mountPoint: string | undefined;
  declare readonly processes: readonly HoldingProcess[] | undefined;
}

export interface Resources {
  readonly fds: number;
  readonly threads: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes of JavaScript objects in use. */
  readonly heap: number;
}

export interface HostOptions {
  /** Started by this command line, e.g. one that enters a mount namespace. */
  readonly via?: readonly string[];
  /** User and group to run as. */
  readonly uid?: number;
  /** Value of PATH for the host itself. */
  readonly path?: string;
  readonly nodeArgs?: readonly string[];
  /** Milliseconds an order may take. */
  readonly deadline?: number;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const program = fileURLToPath(new URL('./programs/host.mjs', import.meta.url));

/** A process that serves volumes: the file system is never in the process that tests it. */
export class HostProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly events: HostEvent[] = [];
  stderr = '';
  #ended: Exit | undefined;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();
  readonly #deadline: number;
  readonly #released: () => void;

  constructor(options: HostOptions = {}) {
    this.#deadline = options.deadline ?? 20_000;
    const command = [
      ...(options.via ?? []),
      ...(options.uid === undefined ? [] : asUser(options.uid)),
      // Set last: what comes before is looked up in the PATH of the tests.
      ...(options.path === undefined ? [] : ['env', `PATH=${options.path}`]),
      process.execPath,
      ...(options.nodeArgs ?? []),
      program,
    ];
    this.child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#released = atExit(() => this.child.kill('SIGKILL'));
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.stdin?.on('error', () => undefined);
    this.exit = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.#ended = { code, signal };
        this.#released();
        for (const pending of this.#pending.values()) {
          pending.reject(
            new Error(`the host ended with ${JSON.stringify(this.#ended)}\n${this.stderr}`),
          );
        }
        resolve(this.#ended);
      });
    });
    this.exit.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get ended(): Exit | undefined {
    return this.#ended;
  }

  /** @throws OrderError with the error's code and cure */
  order(order: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(new Error(`the host has ended: ${JSON.stringify(this.#ended)}\n${this.stderr}`));
        return;
      }
      this.#pending.set(id, { resolve, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, order, args })}\n`);
    });
    return within(`${order}(${JSON.stringify(args)})`, this.#deadline, answer);
  }

  async mount(name: string, point: string, options: MountOptions = {}): Promise<string> {
    const { mountPoint } = (await this.order('mount', name, point, options)) as {
      mountPoint: string;
    };
    return mountPoint;
  }

  async unmount(name: string, options: UnmountOptions = {}): Promise<void> {
    await this.order('unmount', name, options);
  }

  async list(): Promise<MountEntry[]> {
    return (await this.order('list')) as MountEntry[];
  }

  async statistics(
    name: string,
  ): Promise<Partial<Record<keyof DokanOperations, CallbackStatistics>>> {
    return (await this.order('statistics', name)) as Partial<
      Record<keyof DokanOperations, CallbackStatistics>
    >;
  }

  async calls(name: string, callback: keyof DokanOperations): Promise<number> {
    return (await this.statistics(name))[callback]?.calls ?? 0;
  }

  async resources(): Promise<Resources> {
    return (await this.order('resources')) as Resources;
  }

  /** Events of that kind, about that path when one is given. */
  seen(event: string, path?: string): HostEvent[] {
    return this.events.filter(
      (seen) => seen.event === event && (path === undefined || seen.path === path),
    );
  }

  /** Waits until that event has come. */
  event(event: string, path?: string): Promise<HostEvent> {
    return eventually(`the event ${event} of ${path ?? 'anything'}`, () => {
      const found = this.seen(event, path).at(-1);
      if (found === undefined && this.#ended !== undefined) {
        throw new Error(`the host ended with ${JSON.stringify(this.#ended)}\n${this.stderr}`);
      }
      return found;
    });
  }

  /** How the volume ended. */
  async closed(name: string): Promise<string> {
    const { reason } = await eventually(`${name} to be closed`, () =>
      this.seen('closed').find(({ volume }) => volume === name),
    );
    return reason ?? '';
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<Exit> {
    if (this.#ended === undefined) this.child.kill('SIGKILL');
    return within('the host to be killed', 10_000, this.exit);
  }

  /** Waits for it to end by itself. */
  ends(milliseconds = 10_000): Promise<Exit> {
    return within('the host to end', milliseconds, this.exit);
  }

  #take(line: string): void {
    const message = JSON.parse(line) as HostEvent & {
      id?: number;
      ok?: unknown;
      error?: { message: string };
    };
    if (message.id === undefined) {
      this.events.push(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error === undefined) pending?.resolve(message.ok);
    else pending?.reject(Object.assign(new OrderError(message.error.message), message.error));
  }
}

/** A command line that gives up root for that user. */
export function asUser(uid: number): string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
}
