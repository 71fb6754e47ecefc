import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** Who is compared: each serves the same kind of volume in a process of its own. */

const here = import.meta.dirname;
const build = join(here, 'build');

const isInstalled = (name) => {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
};

/** Compiles a program of native/. @returns its path; undefined when what it needs is not installed */
export function compile(name, packages = []) {
  mkdirSync(build, { recursive: true });
  const program = join(build, name);
  try {
    const flags =
      packages.length === 0
        ? []
        : execFileSync('pkg-config', ['--cflags', '--libs', ...packages], { encoding: 'utf8' })
            .trim()
            .split(/\s+/);
    const source = join(here, 'native', `${name}.c`);
    const common = ['-std=gnu17', '-O2', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-pthread'];
    execFileSync('gcc', [...common, '-o', program, source, ...flags], { stdio: 'pipe' });
    return program;
  } catch (error) {
    console.error(`without ${name}: ${String(error.stderr ?? error.message).trim()}`);
    return undefined;
  }
}

/** @returns every peer there is on this machine, ours first; a peer's `command` takes the mount point */
export function memoryPeers() {
  const libfuse = compile('memory_fs', ['fuse3']);
  const ours = join(here, 'peers', 'node_dokan_memory.mjs');
  const fuseNative = join(here, 'peers', 'fuse_native_memory.cjs');
  return [
    { name: 'node-dokan', command: [process.execPath, ours] },
    isInstalled('fuse-native') && { name: 'fuse-native', command: [process.execPath, fuseNative] },
    libfuse && { name: 'libfuse', command: [libfuse, '-f'] },
    libfuse && { name: 'libfuse -s', command: [libfuse, '-f', '-s'] },
  ].filter(Boolean);
}

/** Binds a command to one core. */
export const pinned = (peer) => ({
  ...peer,
  name: `${peer.name}, one core`,
  command: ['taskset', '-c', '0', ...peer.command],
  isPinned: true,
});

/** A mounted peer. */
export class Mounted {
  static async start(peer) {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'));
    const [program, ...args] = peer.command;
    const started = performance.now();
    const child = spawn(program, [...args, directory], { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const mounted = new Mounted(peer, directory, child, ended);
    while (!isMounted(directory)) {
      if (child.exitCode !== null || performance.now() - started > 15_000) {
        await mounted.stop();
        throw new Error(`${peer.name} did not mount`);
      }
      await delay(2);
    }
    mounted.startTime = performance.now() - started;
    return mounted;
  }

  constructor(peer, directory, child, ended) {
    this.peer = peer;
    this.directory = directory;
    this.child = child;
    this.ended = ended;
  }

  /** What the process takes of memory, in bytes. */
  get residentSize() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }

  async stop() {
    this.child.kill('SIGTERM');
    const late = delay(5_000, 'late', { ref: false });
    if ((await Promise.race([this.ended, late])) === 'late') {
      this.child.kill('SIGKILL');
      await this.ended;
    }
    if (isMounted(this.directory)) execFileSync('umount', ['-l', this.directory]);
    if (existsSync(this.directory)) rmSync(this.directory, { recursive: true });
  }
}

function isMounted(directory) {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${directory} `);
}
