import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit } from './cleanup.js';
import { eventually, within } from './eventually.js';
import { detach, mountedOn } from './mounts.js';

const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export type ExampleName = 'mirrorfs' | 'memfs';

export interface ExampleOptions {
  /** Arguments beside `--mount POINT`. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds until the line `mounted POINT` must have come. */
  readonly deadline?: number;
  /** Arguments for node itself. */
  readonly nodeArgs?: readonly string[];
}

/** How a child process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The program of an example, compiled. */
export function examplePath(name: ExampleName): string {
  return join(projectRoot, 'dist', 'examples', name, 'main.js');
}

/** An example program that runs as a child: the file system is never in the process that tests it. */
export class ExampleProcess {
  readonly mountPoint: string;
  readonly child: ChildProcess;
  /** Settles when the process ends, however it does. */
  readonly exit: Promise<Exit>;
  /** Whole lines of standard output, as they come. */
  readonly lines: string[] = [];
  stderr = '';
  #ended: Exit | undefined;
  #released: () => void;

  constructor(name: ExampleName, mountPoint: string, options: ExampleOptions = {}) {
    const program = examplePath(name);
    if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run build\` first`);
    this.mountPoint = mountPoint;
    const args = [...(options.nodeArgs ?? []), program, '--mount', mountPoint];
    this.child = spawn(process.execPath, [...args, ...(options.args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
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
    if (pid === undefined) throw new Error('the example was never started');
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
      const exit = await within('stopping the example', milliseconds, this.exit);
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
}

/** Starts an example and waits until it says `mounted POINT` and the kernel agrees. */
export async function startExample(
  name: ExampleName,
  mountPoint: string,
  options: ExampleOptions = {},
): Promise<ExampleProcess> {
  const example = new ExampleProcess(name, mountPoint, options);
  try {
    await example.line(`mounted ${mountPoint}`, options.deadline);
    if (mountedOn(mountPoint) === undefined) {
      throw new Error(`the kernel does not list ${mountPoint}\n${example.report()}`);
    }
    return example;
  } catch (error) {
    example.cleanUp();
    throw error;
  }
}
