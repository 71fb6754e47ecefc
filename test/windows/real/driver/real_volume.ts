import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmount } from 'node-dokan';
import { atExit } from '../../../support/cleanup.js';
import { eventually, within } from '../../../support/eventually.js';
import { examplePath, type ExampleName } from '../../../support/example.js';

const library = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'dokan2.dll');

/**
 * Why the tests with Dokan's driver cannot run here, or undefined.
 * @throws Error where NODE_DOKAN_TEST_DRIVER is `required`
 */
export function missingDriver(): string | undefined {
  if (existsSync(library)) return undefined;
  const reason = `${library} is missing: choco install dokany2`;
  if (process.env['NODE_DOKAN_TEST_DRIVER'] === 'required') throw new Error(reason);
  return reason;
}

/**
 * A drive letter nothing is at, from the end of the alphabet. Each of vitest's workers has letters of
 * its own: between the look and the mount nobody else may take it.
 */
export function freeDrive(): string {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
  const letters = 'ZYXWVUTSRQPO'.split('').filter((_, index) => index % 4 === worker % 4);
  const free = letters.find((letter) => !existsSync(`${letter}:\\`));
  if (free === undefined) throw new Error('no drive letter is free');
  return `${free}:`;
}

/** A directory of the test's own. */
export interface Scratch {
  readonly path: string;
  /** Takes it away; what was mounted in it must be gone by then. */
  remove(): void;
}

export function scratchDirectory(): Scratch {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'node-dokan-real-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** An example at a real drive letter or folder, in a process of its own. */
export class RealVolume {
  readonly mountPoint: string;
  readonly child: ChildProcess;
  readonly #exit: Promise<number | null>;
  readonly #released: () => void;
  #output = '';
  #ended = false;

  private constructor(name: ExampleName, mountPoint: string, args: readonly string[]) {
    this.mountPoint = mountPoint;
    this.child = spawn(process.execPath, [examplePath(name), '--mount', mountPoint, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.#exit = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code) => {
        this.#ended = true;
        resolve(code);
      });
    });
    this.#exit.catch(() => undefined);
    this.#released = atExit(() => this.kill());
  }

  static async start(
    name: ExampleName,
    mountPoint: string,
    args: readonly string[] = [],
  ): Promise<RealVolume> {
    const volume = new RealVolume(name, mountPoint, args);
    try {
      await eventually(
        `${mountPoint} to be mounted`,
        () => {
          if (volume.#ended) throw new Error(`it ended:\n${volume.#output}`);
          return volume.#output.split(/\r?\n/).some((line) => line.startsWith('mounted '));
        },
        60_000,
      );
      return volume;
    } catch (error) {
      volume.kill();
      throw new Error(`${name} at ${mountPoint}: ${String(error)}\n${volume.#output}`, {
        cause: error,
      });
    }
  }

  /** The root of the volume, as programs name it. */
  get root(): string {
    return `${this.mountPoint}\\`;
  }

  /** Takes the volume away, as another program may; the example ends with 0 then. */
  async stop(): Promise<void> {
    try {
      await unmount(this.mountPoint);
      const code = await within('the end of the example', 60_000, this.#exit);
      if (code !== 0) throw new Error(`it ended with ${String(code)}:\n${this.#output}`);
    } finally {
      this.kill();
    }
  }

  /** Waits for its end, whoever brings it about. */
  ended(): Promise<number | null> {
    return within('the end of the example', 60_000, this.#exit);
  }

  kill(): void {
    if (!this.#ended) this.child.kill('SIGKILL');
    this.#released();
  }
}
