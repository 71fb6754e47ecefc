import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atExit } from './cleanup.js';
import type { Exit } from './example.js';

/** A system call failed; `code` is the errno name. */
export class PosixError extends Error {
  readonly code: string;

  constructor(code: string, call: string, args: readonly unknown[]) {
    super(`${call}(${args.map(show).join(', ')}): ${code}`);
    this.name = 'PosixError';
    this.code = code;
  }
}

export interface PosixOptions {
  /** Started by this command line, e.g. one that enters a mount namespace. */
  readonly via?: readonly string[];
  /** Gives up root for this user and group. */
  readonly uid?: number;
  /** Milliseconds a call may take before the helper is killed. */
  readonly deadline?: number;
}

interface Pending {
  readonly call: string;
  readonly args: readonly unknown[];
  readonly timer: NodeJS.Timeout;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const program = fileURLToPath(new URL('./posix_helper.py', import.meta.url));

/** A process that makes system calls when told to. Calls are answered in order. */
export class PosixProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly #deadline: number;
  readonly #pending: Pending[] = [];
  readonly #released: () => void;
  #stderr = '';
  #ended: Exit | undefined;

  constructor(options: PosixOptions = {}) {
    this.#deadline = options.deadline ?? 60_000;
    const args = options.uid === undefined ? [] : [String(options.uid)];
    const command = [...(options.via ?? []), 'python3', '-u', program, ...args];
    this.child = spawn(command[0] ?? '', command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#released = atExit(() => this.child.kill('SIGKILL'));
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      // A large answer comes in many pieces: only look for its end in the new one.
      if (!text.includes('\n')) {
        rest += text;
        return;
      }
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#settle(line);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    // The pipe breaks when the helper is killed by design; 'close' below tells the callers.
    this.child.stdin?.on('error', () => undefined);
    this.exit = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#ended ??= { code, signal };
        this.#released();
        for (const pending of this.#pending.splice(0)) {
          clearTimeout(pending.timer);
          const why = JSON.stringify(this.#ended);
          pending.reject(new Error(`helper ended in ${pending.call}: ${why}\n${this.#stderr}`));
        }
        resolve(this.#ended);
      };
      this.child.once('error', (error) => {
        this.#stderr += String(error);
        end(null, null);
      });
      this.child.once('close', end);
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get ended(): Exit | undefined {
    return this.#ended;
  }

  /** Ends it in the ordinary manner: descriptors are closed, nothing is lost. */
  async close(): Promise<Exit> {
    this.child.stdin?.end();
    return this.exit;
  }

  /** Ends it as a crash does. */
  async kill(): Promise<Exit> {
    if (this.#ended === undefined) this.child.kill('SIGKILL');
    return this.exit;
  }

  /** Whether the helper sleeps in a system call other than the one that waits for orders. */
  isBlocked(): boolean {
    const line = readFileSync(`/proc/${String(this.pid)}/syscall`, 'utf8').trimEnd();
    // While it waits it is in read(2) on descriptor 0; the call's number differs by architecture.
    return line !== 'running' && line.split(' ')[1] !== '0x0';
  }

  #settle(line: string): void {
    const pending = this.#pending.shift();
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    try {
      pending.resolve(unwrap(JSON.parse(line, revive), pending.call, pending.args));
    } catch (error) {
      pending.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Any call of the helper by name. The typed methods below are the way to write tests. */
  call(call: string, ...args: readonly unknown[]): Promise<unknown> {
    // Taken here, so that a rejection's stack shows the test's line.
    const origin = new Error();
    return new Promise<unknown>((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(new Error(`helper has ended: ${JSON.stringify(this.#ended)}\n${this.#stderr}`));
        return;
      }
      const timer = setTimeout(() => {
        this.child.kill('SIGKILL');
        const shown = `${call}(${args.map(show).join(', ')})`;
        reject(new Error(`${shown}: no answer in ${String(this.#deadline)} ms`));
      }, this.#deadline);
      this.#pending.push({ call, args, timer, resolve, reject });
      this.child.stdin?.write(`${JSON.stringify(wrap({ call, args }))}\n`);
    }).catch((error: unknown) => {
      if (error instanceof Error) {
        const frames = origin.stack?.split('\n').slice(2).join('\n') ?? '';
        error.stack = `${error.name}: ${error.message}\n${frames}`;
      }
      throw error;
    });
  }

  /**
   * Several calls in one go; each answers by itself, `undefined` standing for success without
   * a value.
   */
  async batch(requests: readonly (readonly [string, ...unknown[]])[]): Promise<unknown[]> {
    const wire = requests.map(([call, ...args]) => ({ call, args }));
    const answers = (await this.call('batch', wire)) as unknown[];
    return answers.map((answer, index) => {
      const request = requests[index] ?? ['?'];
      return unwrap(answer, request[0], request.slice(1));
    });
  }

  /** Any call, for methods that know its types. */
  protected ask<T>(call: string, ...args: readonly unknown[]): Promise<T> {
    return this.call(call, ...args) as Promise<T>;
  }
}

function show(value: unknown): string {
  if (Buffer.isBuffer(value)) {
    return value.length > 64 ? `<${String(value.length)} bytes>` : JSON.stringify(value.toString());
  }
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (value === undefined) return 'undefined';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

// Buffer's own toJSON would run before a JSON.stringify replacer sees it.
function wrap(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return { $b: value.toString('base64') };
  if (typeof value === 'bigint') return { $i: value.toString() };
  if (Array.isArray(value)) return value.map(wrap);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wrap(item)]));
  }
  return value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$b' in value && typeof value.$b === 'string') return Buffer.from(value.$b, 'base64');
  if ('$i' in value && typeof value.$i === 'string') return BigInt(value.$i);
  return value;
}

function unwrap(answer: unknown, call: string, args: readonly unknown[]): unknown {
  const { ok, errno, error } = answer as { ok?: unknown; errno?: string; error?: string };
  if (errno !== undefined) throw new PosixError(errno, call, args);
  if (error !== undefined) throw new Error(`${call}(${args.map(show).join(', ')}): ${error}`);
  return ok;
}
