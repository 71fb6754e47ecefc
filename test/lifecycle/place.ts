import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { parseMountInfo, type MountInfo } from '../../lib/mounts/mountinfo.js';
import { atExit } from '../support/cleanup.js';
import { eventually, within } from '../support/eventually.js';
import { Posix, type PosixOptions } from '../support/posix.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { run, runProgram, type RunResult } from '../support/tools.js';
import { asUser, HostProcess, OrderError, type HostOptions } from './host_process.js';

/** A user without privileges. */
export const NOBODY = 65534;

/** Why tests that need root are left out, or undefined. */
export const withoutRoot =
  process.getuid?.() === 0 ? undefined : 'needs root: private mount namespaces, other users';

/** Ends a process, or takes something away. All processes are killed before any is waited for. */
interface Undo {
  readonly child?: ChildProcess;
  readonly finish: () => unknown;
}

const undo: Undo[] = [];

// Each thing also registers what happens when this never runs.
afterEach(async () => {
  const steps = undo.splice(0).reverse();
  // A client may wait for a host, which may be stopped: only killing both ends either.
  for (const { child } of steps) if (child?.exitCode === null) child.kill('SIGKILL');
  const failures: unknown[] = [];
  for (const { finish } of steps) {
    try {
      await finish();
    } catch (error) {
      // The other things have to go all the same.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
});

export function temporary(): TemporaryDirectory {
  const directory = temporaryDirectory();
  undo.push({ finish: () => directory.remove() });
  return directory;
}

/** An empty directory to mount at. */
export function mountPoint(name = 'mnt'): string {
  return temporary().directory(name);
}

export async function startHost(options: HostOptions = {}): Promise<HostProcess> {
  const host = new HostProcess(options);
  undo.push({ child: host.child, finish: () => host.kill() });
  await host.event('ready');
  return host;
}

/** A client; a call that takes longer than 15 seconds is a hang. */
export function client(options: PosixOptions = {}): Posix {
  const posix = new Posix({ deadline: 15_000, ...options });
  undo.push({ child: posix.child, finish: () => within('the client', 10_000, posix.kill()) });
  return posix;
}

export function allMounts(pid: number | 'self' = 'self'): MountInfo[] {
  return parseMountInfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
}

/** What is mounted on a directory, from bottom to top. */
export function mountsAt(path: string, pid: number | 'self' = 'self'): MountInfo[] {
  return allMounts(pid).filter((mount) => mount.mountPoint === path);
}

export async function isGone(path: string, pid: number | 'self' = 'self'): Promise<void> {
  await eventually(`${path} to be unmounted`, () => mountsAt(path, pid).length === 0);
}

/** The error an order fails with. */
export async function failure(order: Promise<unknown>): Promise<OrderError> {
  try {
    await order;
  } catch (error) {
    if (error instanceof OrderError) return error;
    throw error;
  }
  return expect.unreachable('it should have failed');
}

/** The errno a system call fails with, `'ok'` when it succeeds. */
export async function errnoOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}

/**
 * A mount namespace of its own, in which the machine's mounts can be covered: what is mounted in it
 * is seen nowhere else and goes with its last process.
 */
export class Namespace {
  readonly #holder: ChildProcess;
  readonly via: readonly string[];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.via = ['nsenter', `--mount=/proc/${this.pid}/ns/mnt`, '--'];
  }

  /** @param options - `keep`: with copies of the volumes that are mounted now */
  static async create(options: { keep?: boolean } = {}): Promise<Namespace> {
    // Such copies keep the volumes of other tests from ending: they go first.
    const detach =
      "awk '/ - fuse[. ]/ { print $5 }' /proc/self/mountinfo | " +
      'while read -r point; do umount -l "$(printf %b "$point")"; done';
    const holder = spawn(
      'unshare',
      [
        ...['--mount', '--propagation', 'private', 'sh', '-c'],
        options.keep === true ? 'exec cat' : `${detach}; exec cat`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const released = atExit(() => holder.kill('SIGKILL'));
    const ended = new Promise((resolve) => holder.once('close', resolve));
    undo.push({
      child: holder,
      finish: async () => {
        await ended;
        released();
      },
    });
    // It answers once it runs in its own namespace.
    const answered = new Promise((resolve) => holder.stdout.once('data', resolve));
    holder.stdin.write('there\n');
    await answered;
    return new Namespace(holder);
  }

  get pid(): number {
    return this.#holder.pid ?? -1;
  }

  /** Runs a command in it that must succeed. */
  run(...command: string[]): Promise<string> {
    const [program = '', ...args] = [...this.via, ...command];
    return run(program, args, { deadline: 15_000 });
  }

  /** The same, as another user and with whatever result. */
  try(uid: number, ...command: string[]): Promise<RunResult> {
    const [program = '', ...args] = [...this.via, ...asUser(uid), ...command];
    return runProgram(program, args, { deadline: 15_000 });
  }

  /** Starts a command in it as another user, which ends with the test at the latest. */
  start(uid: number, ...command: string[]): ChildProcess {
    const [program = '', ...args] = [...this.via, ...asUser(uid), ...command];
    const child = spawn(program, args, { stdio: 'ignore' });
    const released = atExit(() => child.kill('SIGKILL'));
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => {
        released();
        resolve();
      });
    });
    undo.push({ child, finish: () => ended });
    return child;
  }

  /** Puts an empty tmpfs over a directory. */
  cover(directory: string): Promise<string> {
    return this.run('mount', '-t', 'tmpfs', 'none', directory);
  }

  /** Everybody may use /dev/fuse in it, as on most systems. */
  async shareDevice(directory: string): Promise<void> {
    await this.cover(directory);
    await this.run('mknod', `${directory}/fuse`, 'c', '10', '229');
    await this.run('chmod', '666', `${directory}/fuse`);
    await this.run('mount', '--bind', `${directory}/fuse`, '/dev/fuse');
  }

  mountsAt(path: string): MountInfo[] {
    return mountsAt(path, this.pid);
  }

  isGone(path: string): Promise<void> {
    return isGone(path, this.pid);
  }

  /** A process that serves volumes in it. */
  host(options: HostOptions = {}): Promise<HostProcess> {
    return startHost({ via: this.via, ...options });
  }
}

/** A directory of NOBODY's own to mount at. */
export function ownDirectory(parent: TemporaryDirectory, name: string): string {
  const path = parent.directory(name);
  chownSync(path, NOBODY, NOBODY);
  chmodSync(path, 0o755);
  return path;
}
