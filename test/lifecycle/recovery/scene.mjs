// A directory that is mirrored, the process that does so, and a client that writes there.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unmount } from 'node-dokan';

const DEADLINE = 30_000;

const programPath = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Waits until something is so. */
export async function until(what, observe, deadline = DEADLINE) {
  const end = performance.now() + deadline;
  while (!observe()) {
    if (performance.now() > end) throw new Error(`waited ${deadline} ms for ${what}`);
    await delay(1);
  }
}

/** A child process, with the lines it says. */
export class Program {
  lines = [];
  ended = false;

  constructor(name, args, env = {}) {
    this.child = spawn(process.execPath, [programPath(name), ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    this.child.stdin.on('error', () => undefined);
    createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line));
    this.exit = new Promise((resolve) => {
      this.child.once('close', () => {
        this.ended = true;
        resolve();
      });
    });
  }

  async line(text) {
    await until(`the line '${text}'`, () => this.lines.includes(text) || this.ended);
    if (!this.lines.includes(text)) throw new Error(`ended without saying '${text}'`);
  }

  order(text) {
    this.child.stdin.write(`${text}\n`);
  }

  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    if (!this.ended) this.child.kill('SIGKILL');
    await this.exit;
  }
}

export const isMounted = (point) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === point);

export class Scene {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'node-dokan-recovery-'));
  root = join(this.directory, 'root');
  point = join(this.directory, 'mnt');
  #programs = [];

  constructor() {
    mkdirSync(this.root);
    mkdirSync(this.point);
  }

  /** Serves the directory; fulfilled when it is mounted. */
  async serve(options = {}, ...more) {
    const args = [this.root, this.point, JSON.stringify(options), ...more];
    const program = this.start('mirror.mjs', args);
    await program.line('mounted');
    return program;
  }

  /** A client that writes; fulfilled when it has written so many files. */
  async write(count, name = 'work') {
    mkdirSync(join(this.root, name));
    const writer = this.start('writer.mjs', [join(this.point, name)]);
    await until('files to be written', () => writer.lines.length >= count);
    writer.directory = join(this.root, name);
    return writer;
  }

  /** Files that the writer had brought to the disk, and that are not there as they were. */
  lost(writer) {
    return writer.lines.filter((line) => {
      const [name, digest] = line.split(' ');
      if (name === 'ended') return false;
      try {
        const content = readFileSync(join(writer.directory, name));
        return createHash('sha256').update(content).digest('hex') !== digest;
      } catch {
        return true;
      }
    });
  }

  /** The guards of the mount point that are there. */
  guards() {
    return readdirSync('/proc').filter((id) => {
      if (!/^\d+$/.test(id)) return false;
      try {
        const [, , , name, place] = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
        return name === 'node-dokan-guard' && place === this.point;
      } catch {
        return false;
      }
    });
  }

  async end() {
    for (const program of this.#programs) await program.kill();
    // The guards of those that were killed are at it as well.
    if (isMounted(this.point)) {
      await unmount(this.point, { force: true, timeout: 0 }).catch(() => undefined);
    }
    await until('it to be unmounted', () => !isMounted(this.point));
    rmSync(this.directory, { recursive: true });
  }

  start(name, args, env) {
    const program = new Program(name, args, env);
    this.#programs.push(program);
    return program;
  }
}
