import { spawn, type ChildProcess } from 'node:child_process';
import { atExit } from './cleanup.js';
import { eventually, within } from './eventually.js';
import { detach, mountedOn } from './mounts.js';

/** How a child process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that mounts a volume, as a child: the file system is never in the process that tests it. */
export class VolumeProcess {
  readonly mountPoint: string;
  readonly child: ChildProcess;
  /** Settles when the process ends, however it does. */
  readonly exit: Promise<Exit>;
  /** Whole lines of standard output, as they come. */
  readonly lines: string[] = [];
  stderr = '';
  #ended: Exit | undefined;
  #released: () => void;

  /** @param args - for node: its own options, the program, and the program's */
  constructor(mountPoint: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.mountPoint = mountPoint;
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#released = atExit(() => {
      this.kill();
      detach(mountPoint);
    });
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exit = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      // 'close', not 'exit': all output has been read by then.
      this.child.once('close', (code, signal) => {
        this.#ended = { code, signal };
        resolve(this.#ended);
      });
    });
    // Whoever waits for it gets the failure; nobody waiting is no failure.
    this.exit.catch(() => undefined);
  }

  get pid(): number {
    const pid = this.child.pid;
    if (pid === undefined) throw new Error('the program was never started');
    return pid;
  }

  /** How it ended, or undefined while it runs. */
  get ended(): Exit | undefined {
    return this.#ended;
  }

  /** Waits for a line of standard output; fails with standard error when the process ends first. */
  async line(pattern: RegExp | string, milliseconds = 15_000): Promise<string> {
    const matches = (line: string): boolean =>
      typeof pattern === 'string' ? line === pattern : pattern.test(line);
    try {
      return await eventually(
        `the line ${String(pattern)}`,
        () => {
          const found = this.lines.find(matches);
          if (found === undefined && this.#ended !== undefined) {
            throw new Error(`it ended with ${JSON.stringify(this.#ended)}`);
          }
          return found;
        },
        milliseconds,
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${this.report()}`, { cause: error });
    }
  }

  /** Its output so far, for error messages. */
  report(): string {
    return `stdout:\n${this.lines.join('\n')}\nstderr:\n${this.stderr}`;
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Ends it with SIGKILL, when it is still there. Safe to call at any time. */
  kill(): void {
    if (this.#ended === undefined && this.child.pid !== undefined) this.child.kill('SIGKILL');
  }

  /**
   * Ends it with SIGTERM and checks what a user relies on: the process exits with 0 and its mount is
   * gone. Cleans up by force before it throws.
   */
  async stop(milliseconds = 20_000): Promise<void> {
    try {
      if (this.#ended === undefined) this.child.kill('SIGTERM');
      const exit = await within('stopping the program', milliseconds, this.exit);
      const left = mountedOn(this.mountPoint);
      if (left !== undefined) throw new Error(`${this.mountPoint} is still mounted`);
      if (exit.code !== 0) throw new Error(`it ended with ${JSON.stringify(exit)}`);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.report()}`, { cause: error });
    } finally {
      this.cleanUp();
    }
  }

  /** Kills the process and detaches the mount, whatever state they are in. */
  cleanUp(): void {
    this.kill();
    detach(this.mountPoint);
    this.#released();
  }

  /** Waits until it says `mounted POINT` and the kernel agrees. Cleans up by force before it throws. */
  async mounted(milliseconds?: number): Promise<this> {
    try {
      await this.line(`mounted ${this.mountPoint}`, milliseconds);
      if (mountedOn(this.mountPoint) === undefined) {
        throw new Error(`the kernel does not list ${this.mountPoint}\n${this.report()}`);
      }
      return this;
    } catch (error) {
      this.cleanUp();
      throw error;
    }
  }
}
